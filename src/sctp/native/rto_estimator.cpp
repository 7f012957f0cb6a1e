#include "sctp/native/rto_estimator.hpp"

#include <algorithm>

namespace parley::sctp::native {

namespace {

constexpr Duration minute = std::chrono::minutes(1);
/// RFC 8985 s.7.2: what a peer may wait with a SACK (RFC 9260 s.6.2).
constexpr Duration peerAckDelay = std::chrono::milliseconds(200);
/// A path of microseconds would have its probes sent at once, and each time that the host is late.
constexpr Duration leastProbeTimeout = std::chrono::milliseconds(10);

}  // namespace

void RtoEstimator::sample(Duration rtt, bool newRound, Time now) {
  rtt = std::max(rtt, Duration(1));
  latest_ = rtt;
  doublings_ = 0;
  if (!smoothed_) {
    smoothed_ = rtt;
    variance_ = rtt / 2;
    minima_ = {rtt, rtt};
    minuteStarted_ = now;
    return;
  }
  if (now - minuteStarted_ >= minute) {
    minima_ = {rtt, minima_[0]};
    minuteStarted_ = now;
  }
  minima_[0] = std::min(minima_[0], rtt);
  // A sudden jump is believed at once, or the time-out would come before the next round.
  if (!newRound && rtt < *smoothed_ + 4 * variance_) return;
  const auto error = *smoothed_ > rtt ? *smoothed_ - rtt : rtt - *smoothed_;
  variance_ += (error - variance_) / 4;
  *smoothed_ += (rtt - *smoothed_) / 8;
}

void RtoEstimator::backOff() {
  if (rto() < most) ++doublings_;
}

Duration RtoEstimator::minimum() const { return std::min(minima_[0], minima_[1]); }

Duration RtoEstimator::rto() const {
  auto timeout = smoothed_ ? *smoothed_ + std::max(4 * variance_, leastVariance) : initial;
  for (unsigned i = 0; i < doublings_ && timeout < most; ++i) timeout *= 2;
  // A path that is slower than the cap has it beyond it.
  return std::min(timeout, smoothed_ ? std::max(most, *smoothed_ + leastVariance) : most);
}

Duration RtoEstimator::probeTimeout(bool onePacket) const {
  if (!smoothed_) return initial;
  return std::max(2 * *smoothed_, leastProbeTimeout) + (onePacket ? peerAckDelay : Duration{});
}

}  // namespace parley::sctp::native
