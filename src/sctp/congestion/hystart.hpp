#pragma once

#include <parley/time.hpp>

#include <cstddef>

namespace parley::sctp::congestion {

/// Ends slow start before it overshoots: when the delay of a round grows (HyStart++, RFC 9406).
///
///     slow start ──delay grew──► conservative ──five rounds──► done
///         ▲───────delay fell again───┘
class HyStart {
 public:
  /// A round trip begins.
  void onRound();
  void onRtt(Duration rtt);

  bool conservative() const { return conservative_; }
  /// The window grows by the bytes acknowledged, divided by this. RFC 9406 s.4.3: CSS_GROWTH_DIVISOR is 4.
  double growthDivisor() const { return conservative_ ? 4 : 1; }
  bool done() const { return done_; }

 private:
  static constexpr Duration unknown = Duration::max();

  bool conservative_ = false;
  bool done_ = false;
  int conservativeRounds_ = 0;
  std::size_t samples_ = 0;
  Duration lastRoundMin_ = unknown;
  Duration currentRoundMin_ = unknown;
  Duration baseline_ = unknown;  ///< The delay that ended the fast growth.
};

}  // namespace parley::sctp::congestion
