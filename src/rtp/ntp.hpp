#pragma once

#include <parley/time.hpp>

#include <chrono>
#include <compare>
#include <cstdint>

namespace parley::rtp {

namespace detail {
/// Whole seconds and the rest, without the overflow that nanoseconds times 2^32 would have.
constexpr std::uint64_t toQ32(std::int64_t nanoseconds) {
  constexpr std::int64_t second = 1'000'000'000;
  std::int64_t seconds = nanoseconds / second, rest = nanoseconds % second;
  if (rest < 0) {
    rest += second;
    --seconds;
  }
  auto fraction = ((static_cast<std::uint64_t>(rest) << 32) + second / 2) / second;
  return (static_cast<std::uint64_t>(seconds) << 32) + fraction;
}
}  // namespace detail

/// The wall clock in RTCP (RFC 3550 s.4): seconds since 1900 in 32 bits, and as many bits of a fraction.
struct NtpTime {
  std::uint64_t value = 0;

  constexpr std::uint32_t seconds() const { return static_cast<std::uint32_t>(value >> 32); }
  constexpr std::uint32_t fraction() const { return static_cast<std::uint32_t>(value); }
  /// The middle 32 bits: LSR, LRR, and the timestamps of RFC 8888; in units of 2^-16 s.
  constexpr std::uint32_t middle() const { return static_cast<std::uint32_t>(value >> 16); }
  auto operator<=>(const NtpTime&) const = default;
};

/// Between 1900 and 1970 lie 70 years, 17 of them with a 29 February.
inline constexpr std::uint64_t ntpSecondsAtUnixEpoch = (70ull * 365 + 17) * 86400;

constexpr NtpTime ntpFromUnix(std::chrono::nanoseconds sinceUnixEpoch) {
  return {detail::toQ32(sinceUnixEpoch.count()) + (ntpSecondsAtUnixEpoch << 32)};
}
/// In the era until 2036 (RFC 5905 s.6: era 0).
constexpr std::chrono::nanoseconds unixFromNtp(NtpTime ntp) {
  auto seconds = static_cast<std::int64_t>(ntp.seconds()) - static_cast<std::int64_t>(ntpSecondsAtUnixEpoch);
  auto rest = static_cast<std::int64_t>((std::uint64_t{ntp.fraction()} * 1'000'000'000 + (1ull << 31)) >> 32);
  return std::chrono::nanoseconds(seconds * 1'000'000'000 + rest);
}

/// Units of 2^-16 s, as in DLSR. Durations that 32 bits cannot hold (18 hours) are cut to what they can.
constexpr std::uint32_t toCompactNtp(Duration duration) {
  if (duration <= Duration::zero()) return 0;
  std::uint64_t units = detail::toQ32(duration.count()) >> 16;
  return units > 0xffffffff ? 0xffffffffu : static_cast<std::uint32_t>(units);
}
constexpr Duration fromCompactNtp(std::uint32_t units) {
  return Duration(static_cast<std::int64_t>((std::uint64_t{units} * 1'000'000'000 + (1u << 15)) >> 16));
}

/// The wall clock as machines see it: their own time and an offset that the host injects.
struct WallClock {
  /// Of Time's epoch: nanoseconds since the Unix epoch.
  std::chrono::nanoseconds offset{};

  constexpr std::chrono::nanoseconds unixTime(Time at) const { return at.time_since_epoch() + offset; }
  constexpr NtpTime ntp(Time at) const { return ntpFromUnix(unixTime(at)); }
};

}  // namespace parley::rtp
