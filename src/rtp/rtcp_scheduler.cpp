#include "rtp/rtcp_scheduler.hpp"

#include <algorithm>
#include <utility>

namespace parley::rtp {

RtcpScheduler::RtcpScheduler(Config config, base::Random& random) : config_(config), random_(random) {}

void RtcpScheduler::start(Time now) {
  if (running_) return;
  running_ = true;
  regularAt_ = feedbackAt_ = now;
  advance(now);
}

void RtcpScheduler::stop() {
  running_ = feedback_ = false;
  due_.reset();
}

void RtcpScheduler::wantFeedback(Time now) {
  feedback_ = true;
  // T_dither_max is zero between two endpoints (RFC 4585 s.3.5.2, step 2b).
  advance(now);
}

std::optional<RtcpScheduler::Output> RtcpScheduler::poll() { return std::exchange(due_, std::nullopt); }

Time RtcpScheduler::deadline() const {
  if (!running_ || due_) return never;
  return feedback_ ? std::min(regularAt_, feedbackAt_) : regularAt_;
}

void RtcpScheduler::advance(Time now) {
  now_ = std::max(now_, now);
  if (!running_ || due_) return;
  if (regularAt_ <= now_) {
    // RFC 4585 s.3.5.3: stored feedback goes with it.
    due_ = Send{true};
    regularAt_ = now_ + dithered(std::max(config_.reportInterval, interval()));
    feedback_ = false;
  } else if (feedback_ && feedbackAt_ <= now_) {
    due_ = Send{false};
    feedbackAt_ = now_ + dithered(interval());
    feedback_ = false;
  }
}

Duration RtcpScheduler::interval() const {
  // RFC 3550 s.6.3.1: the average size times the members, over the bandwidth of all.
  const double seconds = 2 * averageSize_ * 8 / (0.05 * config_.sessionBandwidth);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

/// RFC 3550 s.6.3.3: a sixteenth of the new one. What lower layers add counts (s.6.2).
void RtcpScheduler::average(std::size_t bytes) {
  averageSize_ += (static_cast<double>(bytes + 28) - averageSize_) / 16;
}

/// RFC 3550 s.6.3.1: times [0.5, 1.5). Without reconsideration, which is for groups whose size changes, e - 1.5 has
/// nothing to make up for.
Duration RtcpScheduler::dithered(Duration duration) {
  return std::chrono::duration_cast<Duration>(duration * (0.5 + random_.unit()));
}

}  // namespace parley::rtp
