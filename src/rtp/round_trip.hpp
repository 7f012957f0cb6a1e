#pragma once

#include <parley/time.hpp>

#include <cstdint>
#include <optional>

namespace parley::rtp {

/// The round-trip time of one path, smoothed as TCP does it (RFC 6298 s.2: an eighth of each new sample).
class RoundTrip {
 public:
  void sample(Duration sample) {
    latest_ = sample;
    total_ += sample;
    ++measurements_;
    smoothed_ = smoothed_ ? *smoothed_ + (sample - *smoothed_) / 8 : sample;
  }
  std::optional<Duration> smoothed() const { return smoothed_; }
  std::optional<Duration> latest() const { return latest_; }
  Duration total() const { return total_; }
  std::uint64_t measurements() const { return measurements_; }

  /// RFC 3550 s.6.4.1, figure 2: `now`, LSR and DLSR in units of 1/65536 s, the middle of NTP timestamps. Nothing without
  /// an LSR, and nothing if clocks contradict each other.
  static std::optional<Duration> of(std::uint32_t now, std::uint32_t lastReport, std::uint32_t delay) {
    if (lastReport == 0) return std::nullopt;
    const auto units = static_cast<std::int32_t>(now - lastReport - delay);
    // A minute is no round trip but nonsense; below zero by a rounding error is as good as none.
    if (units > 60 * 65536 || units < -65) return std::nullopt;
    return Duration(units <= 0 ? 1 : std::int64_t{units} * 1'000'000'000 / 65536);
  }

 private:
  std::optional<Duration> smoothed_, latest_;
  Duration total_{};
  std::uint64_t measurements_ = 0;
};

}  // namespace parley::rtp
