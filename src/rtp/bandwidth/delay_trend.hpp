#pragma once

#include "rtp/bandwidth/packet_result.hpp"

#include <parley/time.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <optional>

namespace parley::rtp::bandwidth {

/// Whether a queue builds up on the way: draft-ietf-rmcat-gcc-02 s.5.1 to s.5.4, with the slope of a least-squares line
/// through the last delays in place of the Kalman filter, as libwebrtc has it: the same signal with less to tune.
class DelayTrend {
 public:
  enum class Usage { Under, Normal, Over };

  /// A packet that came, in the order of sending.
  void add(const PacketResult& packet);
  Usage usage() const { return usage_; }

 private:
  /// s.5.6: packets that leave or arrive within this are one group.
  static constexpr Duration burst = std::chrono::milliseconds(5);
  /// A group is what was sent in 5 ms: 20 of them are what happened in a few 100 ms.
  static constexpr std::size_t window = 20;

  struct Group {
    Time firstSent{}, sent{};
    Duration firstArrived{}, arrived{};
  };
  struct Point {
    double at = 0, delay = 0;  ///< ms
  };

  bool belongs(const PacketResult& packet) const;
  void complete();
  double slope() const;
  void detect(double trend, double elapsed, double now);

  std::optional<Group> before_, current_;
  double accumulated_ = 0, smoothed_ = 0;  ///< ms: the delay since the first group, and what is left of its noise.
  std::array<Point, window> points_{};
  std::size_t count_ = 0;  ///< Of all groups.
  std::optional<Duration> first_;

  double threshold_ = 12.5;  ///< ms; s.5.4
  double previousTrend_ = 0;
  double overFor_ = 0;  ///< ms
  int overs_ = 0;
  std::optional<double> thresholdAt_;
  Usage usage_ = Usage::Normal;
};

}  // namespace parley::rtp::bandwidth
