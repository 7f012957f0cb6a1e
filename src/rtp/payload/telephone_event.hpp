#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "base/ring.hpp"
#include "rtp/payload/depacketizer.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/time.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <variant>

namespace parley::rtp::payload {

/// RFC 4733 s.2.3: one report of an event.
struct TelephoneEvent {
  std::uint8_t event = 0;
  bool end = false;
  std::uint8_t volume = 10;     ///< -dBm0, 0 … 63.
  std::uint16_t duration = 0;   ///< So far, in units of the RTP clock.

  /// The first report of a payload; others follow it only where a packet carries several.
  static base::Result<TelephoneEvent, PayloadError> parse(base::Bytes payload);
  std::array<std::uint8_t, 4> write() const;
};

/// The event of a DTMF tone: 0 to 9, *, #, A to D (s.3.2). Nothing for any other character.
std::optional<std::uint8_t> dtmfEvent(char tone);
std::optional<char> dtmfTone(std::uint8_t event);

/// Plays events: reports each while it lasts, and its end three times.
///
///            play                    duration over                 third report of the end
///   Silent ────────► Playing (every 50 ms) ─────► Ending (every 50 ms) ───────► Silent, Finished
///                        └───────────── stop ───────►
class TelephoneEventSender {
 public:
  /// The event is over and said so. `play` may be called again.
  struct Finished {};
  /// Frames of "audio/telephone-event", whose timestamp is that of the event's begin.
  using Output = std::variant<EncodedFrame, Finished>;

  explicit TelephoneEventSender(std::uint32_t clockRate) : clockRate_(clockRate) {}

  /// `timestamp` is the RTP timestamp at `now` of the audio that it replaces. Precondition: not playing.
  void play(std::uint8_t event, Duration length, std::uint8_t volume, std::uint32_t timestamp, Time now);
  /// Ends the event now.
  void stop(Time now);
  bool playing() const { return state_ != State::Silent; }

  std::optional<Output> poll();
  Time deadline() const { return next_; }
  void advance(Time now);

 private:
  enum class State : std::uint8_t { Silent, Playing, Ending };
  void report(bool end);
  void step(Time now);

  std::uint32_t clockRate_;
  State state_ = State::Silent;
  TelephoneEvent event_;
  std::uint32_t timestamp_ = 0;   ///< Of the segment.
  std::uint32_t segmentStart_ = 0;  ///< Units since the event's begin.
  Time begin_{};
  Time end_{};
  Time next_ = never;
  unsigned endReports_ = 0;
  bool first_ = false;
  base::Ring<std::optional<Output>> outputs_;
};

}  // namespace parley::rtp::payload
