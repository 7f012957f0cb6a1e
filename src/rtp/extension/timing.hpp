#pragma once

#include "rtp/extension/extension.hpp"
#include "rtp/ntp.hpp"

#include <parley/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

/// \file
/// When a frame was captured, and when it is to be shown.

namespace parley::rtp::extension {

/// draft-alvestrand-avtcore-abs-capture-time s.4.1.
struct AbsCaptureTime {
  static constexpr std::string_view uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

  NtpTime captured;
  /// How far the capturer's clock is ahead of the sender's, as the sender estimates it; units of 2^-32 s.
  std::optional<std::int64_t> clockOffset = std::nullopt;

  static std::optional<AbsCaptureTime> parse(base::Bytes value) {
    if (value.size() != 8 && value.size() != 16) return std::nullopt;
    AbsCaptureTime time{NtpTime{base::load64(value.data())}, std::nullopt};
    if (value.size() == 16) time.clockOffset = static_cast<std::int64_t>(base::load64(value.data() + 8));
    return time;
  }
  std::size_t size() const { return clockOffset ? 16 : 8; }
  void write(base::MutableBytes room) const {
    base::store64(room.data(), captured.value);
    if (clockOffset) base::store64(room.data() + 8, static_cast<std::uint64_t>(*clockOffset));
  }
};

/// How long a receiver should hold a frame between capture and display: limits from the sender, in steps of 10 ms.
struct PlayoutDelay {
  static constexpr std::string_view uri = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay";
  static constexpr Duration step = std::chrono::milliseconds(10);
  static constexpr Duration longest = 0xfff * step;

  Duration minimum{};
  Duration maximum{};

  /// A maximum below the minimum says nothing.
  static std::optional<PlayoutDelay> parse(base::Bytes value) {
    if (value.size() != 3) return std::nullopt;
    int low = value[0] << 4 | value[1] >> 4, high = (value[1] & 0x0f) << 8 | value[2];
    if (low > high) return std::nullopt;
    return PlayoutDelay{low * step, high * step};
  }
  std::size_t size() const { return 3; }
  void write(base::MutableBytes room) const {
    auto steps = [](Duration d) { return static_cast<unsigned>(std::clamp(d, Duration::zero(), longest) / step); };
    unsigned both = steps(minimum) << 12 | steps(maximum);
    room[0] = static_cast<std::uint8_t>(both >> 16);
    base::store16(room.data() + 1, static_cast<std::uint16_t>(both));
  }
};

static_assert(Extension<AbsCaptureTime> && Extension<PlayoutDelay>);

}  // namespace parley::rtp::extension
