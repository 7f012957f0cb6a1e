#include "sctp/congestion/pacer.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp::congestion;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t packet = 1'000;
const Time start{1s};

/// Sends at each moment that the pacer names, `late` after it, and returns when each packet left.
std::vector<Time> run(Pacer& pacer, Time now, Duration duration, Duration late = {}) {
  std::vector<Time> times;
  auto end = now + duration;
  while (now < end) {
    while (pacer.allows(now)) {
      pacer.onSent(packet, now);
      times.push_back(now);
    }
    now = pacer.next() + late;
  }
  return times;
}

std::size_t largestRun(const std::vector<Time>& times) {
  std::size_t largest = 0, current = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    current = i && times[i] == times[i - 1] ? current + 1 : 1;
    largest = std::max(largest, current);
  }
  return largest;
}

}  // namespace

TEST_CASE("packets leave at the rate, in runs of a quantum") {
  Pacer pacer;
  pacer.set(1'000'000, 5 * packet, start);
  auto times = run(pacer, start, 1s);
  // A second's worth, and the first quantum.
  CHECK(times.size() >= 1'000);
  CHECK(times.size() <= 1'010);
  CHECK(largestRun(times) == 5);
}

TEST_CASE("a host that wakes late does not lose rate, as long as it is late by less than a quantum") {
  Pacer pacer;
  pacer.set(1'000'000, 5 * packet, start);
  auto times = run(pacer, start, 1s, 3ms);
  CHECK(times.size() >= 990);
  CHECK(times.size() <= 1'010);
}

TEST_CASE("an idle time saves up no more than two quanta") {
  Pacer pacer;
  pacer.set(1'000'000, 5 * packet, start);
  run(pacer, start, 100ms);
  auto times = run(pacer, start + 10s, 1ms);
  CHECK(largestRun(times) == 10);
}

TEST_CASE("who waits at a low rate is let go when the rate rises") {
  Pacer pacer;
  pacer.set(1'000, packet, start);
  pacer.onSent(packet, start);
  CHECK(pacer.next() == start + 1s);
  pacer.set(1'000'000, packet, start);
  CHECK(pacer.next() == start + 1ms);
}
