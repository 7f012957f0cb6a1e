#pragma once

#include <parley/time.hpp>

#include <array>
#include <chrono>
#include <optional>

namespace parley::sctp::native {

/// The round-trip time of the path and the time-out that follows from it (RFC 9260 s.6.3.1, RFC 6298). A pure decider.
///
/// RTO = SRTT + max(4 RTTVAR, `leastVariance`), within [`least`, `most`], doubled by each time-out.
class RtoEstimator {
 public:
  /// RFC 6298 s.2: before anything is known.
  static constexpr Duration initial = std::chrono::seconds(1);
  /// RFC 9260 s.16 suggests an RTO.Min of 1 s, which is what an interactive peer waits when the last packet of a
  /// message is lost. Here tail-loss probes do that work after two round trips, and the RTO only has to be later than
  /// an honest acknowledgement can be: a peer may delay its SACK by 200 ms (RFC 9260 s.6.2, and what other stacks do),
  /// and its timer and ours have a granularity of some 10 ms each.
  static constexpr Duration leastVariance = std::chrono::milliseconds(220);
  /// RFC 9260 s.16 suggests 60 s. ICE gives a path up after 30 s without consent (RFC 7675), so that a path that is
  /// silent and yet there comes back within seconds: it is asked every 5 s.
  static constexpr Duration most = std::chrono::seconds(5);

  /// A measurement that Karn's algorithm allows. `newRound`: the first one of a round trip; RFC 9260 s.6.3.1 C4 smooths
  /// with one of each, or the variance would forget within a round trip what the last one was like.
  void sample(Duration rtt, bool newRound, Time now);
  /// T3 expired: doubles (RFC 9260 s.6.3.3 E2) until the next sample.
  void backOff();

  Duration rto() const;
  /// Nothing before the first sample.
  std::optional<Duration> smoothed() const { return smoothed_; }
  Duration latest() const { return latest_; }
  /// The smallest of the last minutes, zero if there was none: a path may become longer.
  Duration minimum() const;
  /// RFC 8985 s.7.2: when an acknowledgement is overdue. `onePacket`: only one is in flight, for which the peer may
  /// delay its SACK.
  Duration probeTimeout(bool onePacket) const;

 private:
  std::optional<Duration> smoothed_;
  Duration variance_{};
  Duration latest_{};
  unsigned doublings_ = 0;
  /// The minima of this minute and of the last one.
  std::array<Duration, 2> minima_{};
  Time minuteStarted_{};
};

}  // namespace parley::sctp::native
