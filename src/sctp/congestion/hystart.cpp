#include "sctp/congestion/hystart.hpp"

#include <algorithm>

namespace parley::sctp::congestion {

namespace {

using namespace std::chrono_literals;

// RFC 9406 s.4.3.
constexpr Duration minThreshold = 4ms;
constexpr Duration maxThreshold = 16ms;
constexpr int thresholdDivisor = 8;
constexpr std::size_t enoughSamples = 8;
constexpr int conservativeRounds = 5;

}  // namespace

void HyStart::onRound() {
  lastRoundMin_ = currentRoundMin_;
  currentRoundMin_ = unknown;
  samples_ = 0;
  if (conservative_ && ++conservativeRounds_ >= conservativeRounds) done_ = true;
}

void HyStart::onRtt(Duration rtt) {
  currentRoundMin_ = std::min(currentRoundMin_, rtt);
  ++samples_;
  if (samples_ < enoughSamples) return;
  if (conservative_) {
    // The growth of the delay was a jitter.
    if (currentRoundMin_ < baseline_) {
      conservative_ = false;
      conservativeRounds_ = 0;
    }
    return;
  }
  if (lastRoundMin_ == unknown) return;
  auto threshold = std::clamp(lastRoundMin_ / thresholdDivisor, minThreshold, maxThreshold);
  if (currentRoundMin_ < lastRoundMin_ + threshold) return;
  baseline_ = currentRoundMin_;
  conservative_ = true;
  conservativeRounds_ = 0;
}

}  // namespace parley::sctp::congestion
