#pragma once

#include "sctp/association.hpp"
#include "sctp/congestion/delivery_rate.hpp"

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace parley::sctp::congestion {

/// What a SACK said, after the losses that it revealed were told by `Controller::onLoss`.
struct Ack {
  Time now{};
  std::size_t acked = 0;           ///< Newly acknowledged, cumulatively or by gap block. May be 0.
  std::size_t lost = 0;            ///< Newly marked lost: the sum of the `Loss::bytes` told just before.
  std::size_t inFlightBefore = 0;  ///< Before this SACK.
  std::size_t inFlight = 0;        ///< After it, without what was marked lost.
  std::optional<Duration> rtt;     ///< Of the newest packet acknowledged, unless it is ambiguous (Karn).
  Duration minRtt{};               ///< The smallest of the association's life; 0 if there was none.
  Duration smoothedRtt{};          ///< 0 if there was none.
  RateSample rate;                 ///< Of `DeliveryRate::sample`.
  std::uint64_t delivered = 0;     ///< `DeliveryRate::delivered()`, this SACK included.
};

/// A chunk (or all the chunks of a packet) was marked lost; what gave up waiting by RACK, not by T3.
struct Loss {
  Time now{};
  std::size_t bytes = 0;
  SentState sent;               ///< Of its last transmission.
  std::uint64_t lostTotal = 0;  ///< `DeliveryRate::lost()`, these included.
  std::size_t inFlight = 0;     ///< After it.
  std::uint64_t delivered = 0;  ///< `DeliveryRate::delivered()`.
};

enum class Phase {
  SlowStart,  ///< Looks for the path's rate: CUBIC's slow start and conservative slow start, BBR's Startup.
  Avoidance,  ///< CUBIC's congestion avoidance; BBR's ProbeBW and Drain.
  Recovery,   ///< A loss is being repaired.
  ProbeRtt,   ///< BBR only: the queue is drained to measure the path's delay.
};

/// Decides how much may be in flight and how fast it goes out. One per association (there is one path). Pure decider:
/// it has no timers, does nothing by itself and allocates nothing after construction.
///
/// Order of calls for a SACK: `onLoss` for each loss, then `onAck` once, also if `acked` is 0. Losses that a timer
/// finds (RACK's reordering timer) come by `onLoss` alone. `window` and `pacingRate` may change with each call.
///
/// Bytes are those of DATA chunks with header and padding, as for `DeliveryRate`.
class Controller {
 public:
  virtual ~Controller() = default;

  /// A packet with `bytes` of DATA has left. `inFlight` includes them. A call with `state.inFlight == bytes` begins a
  /// flight after idleness: the controller sees from it by itself that it restarts from idle.
  virtual void onSent(std::size_t bytes, const SentState& state) = 0;
  virtual void onAck(const Ack& ack) = 0;
  virtual void onLoss(const Loss& loss) = 0;
  /// T3 has expired: all that was in flight counts as lost. (A tail-loss probe is no time-out and tells nothing here.)
  virtual void onTimeout(Time now) = 0;
  /// What was taken for lost since the last reduction of the window, by time-out (F-RTO) or reordering, had arrived:
  /// the reduction is undone.
  virtual void onSpuriousLoss(Time now) = 0;
  /// The largest packet has changed: the bytes of DATA chunks that fit into it.
  virtual void setMaxPacket(std::size_t bytes) = 0;

  /// Bytes that may be in flight. Sending a packet is allowed while `inFlight < window()`, and the last may go over it
  /// by less than a packet (RFC 9260 s.6.1 rule B).
  virtual std::size_t window() const = 0;
  /// Bytes a second for the pacer.
  virtual std::uint64_t pacingRate() const = 0;
  /// The bytes that may leave in one go: what the pacer lets through at once, a run for GSO.
  virtual std::size_t sendQuantum() const = 0;

  virtual Phase phase() const = 0;
  virtual std::string_view name() const = 0;
};

struct Parameters {
  std::size_t maxPacket = 1'152 - 12;  ///< Bytes of DATA chunks in the largest packet: without the common header.
  std::optional<Duration> rtt;         ///< Of the handshake, if it gave an unambiguous one.
  std::uint64_t seed = 1;              ///< For what is to be spread at random: BBR's probing times.
};

/// What leaves at once: a millisecond's worth, at least two packets, at most what one GSO call takes
/// (draft-ietf-ccwg-bbr s.5.6.3).
std::size_t quantumFor(std::uint64_t pacingRate, std::size_t maxPacket);

std::unique_ptr<Controller> makeController(CongestionControl algorithm, const Parameters& parameters);

/// RFC 6928: ten packets to begin with, as everybody on the Internet. Paced, so that they are no burst.
inline constexpr double initialPackets = 10;

inline double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace parley::sctp::congestion
