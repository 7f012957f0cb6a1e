#include "rtp/bandwidth/delay_trend.hpp"

#include <algorithm>
#include <cmath>

namespace parley::rtp::bandwidth {

namespace {

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace

void DelayTrend::add(const PacketResult& packet) {
  const Duration arrived = *packet.arrived;
  if (!first_) first_ = arrived;
  if (!current_) {
    current_ = Group{packet.sent, packet.sent, arrived, arrived};
    return;
  }
  if (packet.sent < current_->firstSent) return;  // s.5.1: what is out of order is not looked at.
  if (!belongs(packet)) {
    complete();
    before_ = current_;
    current_ = Group{packet.sent, packet.sent, arrived, arrived};
    return;
  }
  current_->sent = std::max(current_->sent, packet.sent);
  current_->arrived = std::max(current_->arrived, arrived);
}

/// s.5.2: what was sent in one burst, and what an outage of the path let go in one burst.
bool DelayTrend::belongs(const PacketResult& packet) const {
  if (packet.sent - current_->firstSent <= burst) return true;
  const Duration between = *packet.arrived - current_->arrived;
  const Duration variation = between - (packet.sent - current_->sent);
  constexpr Duration longest = std::chrono::milliseconds(100);
  return variation < Duration::zero() && between <= burst && *packet.arrived - current_->firstArrived < longest;
}

/// The group is whole: how much later it came than the one before, measured by when they were sent.
void DelayTrend::complete() {
  if (!before_) return;
  const double arrivals = milliseconds(current_->arrived - before_->arrived);
  const double departures = milliseconds(current_->sent - before_->sent);
  // A clock that jumps, or a path that changed by so much: begin again.
  if (std::abs(arrivals - departures) > 3000) {
    accumulated_ = smoothed_ = 0;
    count_ = 0;
    usage_ = Usage::Normal;
    return;
  }
  accumulated_ += arrivals - departures;
  smoothed_ = 0.9 * smoothed_ + 0.1 * accumulated_;
  const double now = milliseconds(current_->arrived - *first_);
  points_[count_ % window] = {now, smoothed_};
  ++count_;
  if (count_ < window) return detect(0, departures, now);
  detect(slope(), departures, now);
}

double DelayTrend::slope() const {
  double at = 0, delay = 0;
  for (const Point& point : points_) {
    at += point.at / window;
    delay += point.delay / window;
  }
  double numerator = 0, denominator = 0;
  for (const Point& point : points_) {
    numerator += (point.at - at) * (point.delay - delay);
    denominator += (point.at - at) * (point.at - at);
  }
  return denominator > 0 ? numerator / denominator : 0;
}

/// s.5.4. `trend`: how many milliseconds of delay a millisecond adds.
void DelayTrend::detect(double trend, double elapsed, double now) {
  // libwebrtc's scale, which makes the thresholds of the draft fit: by the number of groups up to 60, times 4.
  const double scaled = trend * static_cast<double>(std::min<std::size_t>(count_, 60)) * 4;
  if (scaled > threshold_) {
    overFor_ = overs_ == 0 ? elapsed / 2 : overFor_ + elapsed;
    ++overs_;
    if (overFor_ > 10 && overs_ > 1 && trend >= previousTrend_) {
      usage_ = Usage::Over;
      overFor_ = 0;
      overs_ = 0;
    }
  } else {
    overFor_ = 0;
    overs_ = 0;
    usage_ = scaled < -threshold_ ? Usage::Under : Usage::Normal;
  }
  previousTrend_ = trend;

  // The threshold follows, so that a flow that fills the queue beside us does not starve us.
  const double step = std::min(now - thresholdAt_.value_or(now), 100.0);
  thresholdAt_ = now;
  const double distance = std::abs(scaled) - threshold_;
  if (distance > 15) return;
  const double gain = distance < 0 ? 0.039 : 0.0087;
  threshold_ = std::clamp(threshold_ + gain * distance * step, 6.0, 600.0);
}

}  // namespace parley::rtp::bandwidth
