#pragma once

#include "base/random.hpp"

#include <parley/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::sim {

struct LinkConfig {
  Duration delay = std::chrono::milliseconds(10);  ///< One way.
  Duration jitter{};                               ///< Added to the delay, uniform in [0, jitter). Order is kept.
  double loss = 0;                                 ///< Share of datagrams.
  double duplication = 0;                          ///< Share that arrives twice.
  double reordering = 0;                           ///< Share that takes `reorderDelay` more, and may be overtaken.
  Duration reorderDelay = std::chrono::milliseconds(15);
  std::uint64_t bitsPerSecond = 0;   ///< 0: no limit.
  std::size_t queueBytes = 625'000;  ///< Behind the limit; a datagram that finds it full is lost.
};

/// One direction of a path.
class Link {
 public:
  explicit Link(const LinkConfig& config) : config_(config) {}

  /// When a datagram of this size that enters now arrives: never, once or twice.
  std::vector<Time> arrivals(std::size_t bytes, Time now, base::Random& random) {
    if (config_.loss > 0 && random.unit() < config_.loss) return {};
    Time leaves = now;
    if (config_.bitsPerSecond) {
      const Time free = std::max(now, free_);
      const auto queued = static_cast<std::uint64_t>((free - now).count()) * config_.bitsPerSecond / 8 / 1'000'000'000;
      if (queued > config_.queueBytes) return {};
      // 28 bytes: the headers of IPv4 and UDP.
      leaves = free + Duration{static_cast<std::int64_t>((bytes + 28) * 8 * 1'000'000'000 / config_.bitsPerSecond)};
      free_ = leaves;
    }
    Time arrives = leaves + config_.delay;
    if (config_.jitter > Duration{})
      arrives += Duration{static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(config_.jitter.count())))};
    if (config_.reordering > 0 && random.unit() < config_.reordering) {
      arrives += config_.reorderDelay;
    } else {
      arrives = std::max(arrives, last_);
      last_ = arrives;
    }
    std::vector<Time> times{arrives};
    if (config_.duplication > 0 && random.unit() < config_.duplication) times.push_back(arrives + config_.delay / 10);
    return times;
  }

 private:
  LinkConfig config_;
  Time free_{};
  Time last_{};
};

}  // namespace parley::sim
