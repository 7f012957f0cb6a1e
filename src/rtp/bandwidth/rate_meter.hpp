#pragma once

#include "base/ring.hpp"

#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

namespace parley::rtp::bandwidth {

/// The rate of what arrived (R_hat of draft-ietf-rmcat-gcc-02 s.5.5), over half a second.
class RateMeter {
 public:
  void add(std::size_t bytes, Duration at) {
    // Out of order it is of the moment before: a window needs no better.
    if (!samples_.empty() && at < samples_.back().at) at = samples_.back().at;
    samples_.push({at, bytes});
    bytes_ += bytes;
    while (at - samples_.front().at > window) {
      bytes_ -= samples_.front().bytes;
      samples_.pop();
    }
  }
  /// Bits a second; nothing before a quarter of the window was seen.
  std::optional<double> rate() const {
    if (samples_.empty()) return std::nullopt;
    const Duration span = samples_.back().at - samples_.front().at;
    if (span < window / 4) return std::nullopt;
    // The first one came at the beginning: what it brought was sent before.
    const auto bytes = static_cast<double>(bytes_ - samples_.front().bytes);
    return bytes * 8 / std::chrono::duration<double>(span).count();
  }

 private:
  static constexpr Duration window = std::chrono::milliseconds(500);
  struct Sample {
    Duration at{};
    std::size_t bytes = 0;
  };
  base::Ring<Sample> samples_;
  std::size_t bytes_ = 0;
};

}  // namespace parley::rtp::bandwidth
