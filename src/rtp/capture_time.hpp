#pragma once

#include "rtp/extension/timing.hpp"
#include "rtp/ntp.hpp"
#include "rtp/sequence.hpp"

#include <cstdint>
#include <optional>

/// \file
/// When frames were captured, told with some of them and known of all (draft-alvestrand-avtcore-abs-capture-time): what
/// is in between follows from the RTP timestamps.

namespace parley::rtp {

/// What a capture time and RTP timestamps say of the frames that follow.
class CaptureLine {
 public:
  void set(const extension::AbsCaptureTime& time, std::uint32_t timestamp, std::uint32_t clockRate) {
    time_ = time;
    timestamp_ = timestamp;
    clockRate_ = clockRate;
  }
  void reset() { time_.reset(); }
  bool known() const { return time_.has_value(); }
  /// None: nothing was said, it was too long ago (5 s, as libwebrtc has it), or in other units.
  std::optional<extension::AbsCaptureTime> at(std::uint32_t timestamp, std::uint32_t clockRate) const {
    if (!time_ || clockRate == 0 || clockRate != clockRate_) return std::nullopt;
    const std::int64_t units = distance(timestamp, timestamp_);
    if (units > std::int64_t{5} * clockRate || units < -std::int64_t{5} * clockRate) return std::nullopt;
    auto time = *time_;
    time.captured.value += static_cast<std::uint64_t>(units * (std::int64_t{1} << 32) / clockRate);
    return time;
  }

 private:
  std::optional<extension::AbsCaptureTime> time_;
  std::uint32_t timestamp_ = 0, clockRate_ = 0;
};

/// Which frames a sender tells the capture time of: the first, one in a second, and those that do not follow from the
/// one before to the millisecond.
class CaptureTeller {
 public:
  /// True if the frame shall carry it.
  bool tell(const extension::AbsCaptureTime& time, std::uint32_t timestamp, std::uint32_t clockRate, Time now) {
    if (const auto expected = line_.at(timestamp, clockRate); expected && now - told_ < std::chrono::seconds(1)) {
      const auto off = static_cast<std::int64_t>(time.captured.value - expected->captured.value);
      constexpr std::int64_t millisecond = (std::int64_t{1} << 32) / 1000;
      if (off <= millisecond && off >= -millisecond && expected->clockOffset == time.clockOffset) return false;
    }
    line_.set(time, timestamp, clockRate);
    told_ = now;
    return true;
  }

 private:
  CaptureLine line_;
  Time told_{};
};

}  // namespace parley::rtp
