#pragma once

#include "base/ring.hpp"
#include "rtp/payload/telephone_event.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace parley::rtp {

/// Plays a row of tones as telephone events, as the W3C's insertDTMF wants it: each with a gap behind it, "," being a pause
/// of two seconds.
///
///   play ──► tone (Began, events) ──► gap ──► tone … ──► Began "" at the end
class TonePlayer {
 public:
  /// A tone begins; an empty one: the last has ended.
  struct Began {
    std::string tone;
  };
  using Output = std::variant<EncodedFrame, Began>;

  explicit TonePlayer(std::uint32_t clockRate) : clockRate_(clockRate), events_(clockRate) {}
  std::uint32_t clockRate() const { return clockRate_; }

  /// Replaces what was not played yet; the tone that sounds goes on to its end.
  void play(std::string tones, Duration duration, Duration gap, Time now) {
    tones_ = std::move(tones);
    duration_ = duration;
    gap_ = gap;
    if (next_ == never && !events_.playing()) next_ = now;
  }

  std::optional<Output> poll() {
    if (outputs_.empty()) return std::nullopt;
    return outputs_.pop();
  }
  Time deadline() const { return std::min(next_, events_.deadline()); }
  /// `timestamp`: of the audio that the tones replace, at `now`.
  void advance(std::uint32_t timestamp, Time now) {
    events_.advance(now);
    while (auto output = events_.poll()) {
      if (auto* frame = std::get_if<EncodedFrame>(&*output))
        outputs_.push(Output(std::move(*frame)));
      else
        next_ = now + gap_;
    }
    while (next_ <= now && !events_.playing()) begin(timestamp, now);
  }

 private:
  static constexpr Duration pause = std::chrono::seconds(2);
  /// -dBm0, the middle of what telephones make.
  static constexpr std::uint8_t volume = 10;

  void begin(std::uint32_t timestamp, Time now) {
    next_ = never;
    if (tones_.empty()) {
      outputs_.push(Output(Began{}));
      return;
    }
    const char tone = tones_.front();
    tones_.erase(0, 1);
    outputs_.push(Output(Began{std::string(1, tone)}));
    if (const auto event = payload::dtmfEvent(tone)) {
      events_.play(*event, duration_, volume, timestamp, now);
      while (auto output = events_.poll())
        if (auto* frame = std::get_if<EncodedFrame>(&*output)) outputs_.push(Output(std::move(*frame)));
    } else {
      next_ = now + pause;
    }
  }

  std::uint32_t clockRate_;
  payload::TelephoneEventSender events_;
  std::string tones_;
  Duration duration_{}, gap_{};
  Time next_ = never;  ///< When the next tone, or the end of all, is due.
  base::Ring<std::optional<Output>> outputs_;
};

}  // namespace parley::rtp
