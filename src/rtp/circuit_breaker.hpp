#pragma once

#include "base/ring.hpp"

#include <parley/time.hpp>

#include <cstdint>
#include <optional>

namespace parley::rtp {

/// Stops one outgoing stream that nobody receives or that ruins the path (RFC 8083): the last resort below congestion
/// control.
///
///             silence 15 s │ 5 reports without progress │ ten times the rate of a TCP
///   Closed ───────────────────────────────────────────────────────────────────────────► Open (nothing is sent)
///      ▲                                                                                  │ 15 s, then 30 s … 240 s
///      └──────────────────────────────────────────────────────────────────────────────────┘
///
/// s.4.5: it closes again by itself only after a pause at least as long as what opened it, twice as long each time.
class CircuitBreaker {
 public:
  enum class Cause : std::uint8_t { RtcpTimeout, MediaTimeout, Congestion };

  /// A packet of the stream goes out. False: it must not.
  bool allows(Time now);
  void sent(std::size_t bytes, Time now);
  /// An SR or RR came on this transport; it need not be about this stream (s.4.1).
  void heard(Time now);
  /// A report block about this stream.
  void report(std::uint8_t fractionLost, std::uint32_t extendedHighest, Duration roundTrip, Time now);
  /// No packets for a while by intention: what was going on ends.
  void idle();

  /// Why it opened, once.
  std::optional<Cause> poll();
  Time deadline() const { return silentUntil_; }
  void advance(Time now);
  bool open() const { return openUntil_ != Time::min(); }

 private:
  struct Interval {
    Duration duration{};
    double lost = 0;
  };
  void trip(Cause cause, Time now);
  bool congested(double bytesPerSecond, Duration roundTrip) const;

  std::optional<Cause> cause_;
  Time openUntil_ = Time::min();  ///< Open until then; Time::min() while closed.
  Duration pause_{};
  Time silentUntil_ = never;      ///< RTCP timeout.

  std::optional<Time> lastReport_;
  std::uint32_t highest_ = 0;
  int withoutProgress_ = 0;
  bool sentSinceReport_ = false;
  std::uint64_t bytes_ = 0, packets_ = 0;  ///< Since the last report.
  double packetSize_ = 1000;
  base::Ring<Interval> intervals_;
};

}  // namespace parley::rtp
