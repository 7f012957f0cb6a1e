#pragma once

#include "rtp/ntp.hpp"

#include <parley/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace parley::rtp {

/// The wall clock of a peer by ours, from its sender reports: one for all of its streams, so that what was captured at
/// one time stays at one time. What a report took to come is part of the difference.
class SenderClock {
 public:
  void report(NtpTime ntp, Time arrived) {
    const Duration difference = arrived.time_since_epoch() - unixFromNtp(ntp);
    // The report that took the shortest tells best; the clocks may drift apart, though, by parts in a million.
    if (!difference_ || difference < *difference_)
      difference_ = difference;
    else
      *difference_ += std::min<Duration>(difference - *difference_, std::chrono::microseconds(100));
  }

  /// When a packet of this timestamp was captured, if one of `reported` was at `ntp`.
  std::optional<Time> captured(std::uint32_t timestamp, std::uint32_t reported, NtpTime ntp, std::uint32_t clockRate,
                               Time now) const {
    if (!difference_ || clockRate == 0) return std::nullopt;
    const auto units = static_cast<std::int64_t>(static_cast<std::int32_t>(timestamp - reported));
    const Time at{unixFromNtp(ntp) + *difference_ + std::chrono::nanoseconds(units * 1'000'000'000 / clockRate)};
    // A report that says this is none to go by.
    if (at > now + std::chrono::seconds(1) || at < now - std::chrono::seconds(10)) return std::nullopt;
    return at;
  }

 private:
  std::optional<Duration> difference_;
};

}  // namespace parley::rtp
