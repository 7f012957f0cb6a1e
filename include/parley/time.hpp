#pragma once

#include <chrono>
#include <cstdint>

namespace parley {

/// The clock of every machine in the library. It has no `now()`: the core is told the time and cannot read it, so that
/// a test can run hours of protocol in milliseconds and get the same result each run. The epoch is the host's choice;
/// only differences count. Wall-clock time, where statistics need it, is an offset that the host injects.
struct Clock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = std::chrono::duration<rep, period>;
  using time_point = std::chrono::time_point<Clock>;
  static constexpr bool is_steady = true;
};

using Duration = Clock::duration;
using Time = Clock::time_point;

/// The deadline of a machine that waits for nothing.
inline constexpr Time never = Time::max();

}  // namespace parley
