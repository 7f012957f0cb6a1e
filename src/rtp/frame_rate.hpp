#pragma once

#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <deque>

namespace parley::rtp {

/// webrtc-stats: framesPerSecond, the frames of the last second.
class FrameRate {
 public:
  void count(Time now) {
    forget(now);
    times_.push_back(now);
  }
  double at(Time now) const {
    std::size_t recent = 0;
    for (auto time = times_.rbegin(); time != times_.rend() && now - *time < second; ++time) ++recent;
    return static_cast<double>(recent);
  }

 private:
  static constexpr Duration second = std::chrono::seconds(1);

  void forget(Time now) {
    while (!times_.empty() && now - times_.front() >= second) times_.pop_front();
  }
  std::deque<Time> times_;  ///< Of the last second.
};

}  // namespace parley::rtp
