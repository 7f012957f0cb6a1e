#pragma once

#include <parley/time.hpp>

#include <algorithm>
#include <array>
#include <cstddef>

namespace parley::sctp::congestion {

/// Whether a queue stands on the path, by the delay of what comes back. A decider: fed with each round trip.
class QueueSign {
 public:
  /// Late is what took 5 % and a millisecond (timers, runs of packets) more than the smallest delay. With 10 %, queues
  /// of 0.1 bandwidth-delay products would go unnoticed, and flows of others starve there.
  static bool late(Duration rtt, Duration smallest) {
    return rtt > std::chrono::duration<double, Duration::period>(smallest) * 1.05 + std::chrono::milliseconds(1);
  }

  /// `smallest`: of the association's life.
  void onRtt(Duration rtt, Duration smallest) {
    smallest_ = smallest;
    if (count_++ % span == 0) {
      mins_[1] = mins_[0];
      mins_[0] = rtt;
    }
    mins_[0] = std::min(mins_[0], rtt);
  }
  /// All of the last samples were late: a single one may be late by jitter. As long as nothing is known, there is one.
  bool seen() const { return count_ == 0 || late(std::min(mins_[0], mins_[1]), smallest_); }

 private:
  /// Four to eight samples are looked at: an acknowledgement tells of two packets or of a millisecond, so that the
  /// queue is as it was when the losses happened that they reveal.
  static constexpr std::size_t span = 4;

  std::size_t count_ = 0;
  Duration smallest_{};
  std::array<Duration, 2> mins_{Duration::max(), Duration::max()};
};

}  // namespace parley::sctp::congestion
