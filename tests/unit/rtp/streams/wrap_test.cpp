// Counters that go round, each more than once: those of headers, of payloads, and of what is reported.

#include "rtp/continuation.hpp"
#include "rtp/reception.hpp"
#include "rtp/transport_arrivals.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

using namespace parley;
using namespace parley::rtp;
using namespace std::chrono_literals;

namespace {

constexpr Time start{1s};

/// The low bits, as a packet has them.
std::uint16_t masked(unsigned bits, std::uint32_t value) {
  return static_cast<std::uint16_t>(value & ((1u << bits) - 1));
}

std::vector<std::int64_t> waiting(const TransportArrivals& arrivals) {
  std::vector<std::int64_t> numbers;
  for (const auto& each : arrivals.waiting()) numbers.push_back(each.sequence);
  return numbers;
}

}  // namespace

// Picture IDs have 7 or 15 bits, TL0PICIDX has 8, frame numbers of the dependency descriptor have 16.
TEST_CASE("what payloads number is forwarded as it was through every wrap, and goes on from another source") {
  for (const unsigned bits : {7u, 8u, 15u, 16u}) {
    CAPTURE(bits);
    const std::uint32_t period = 1u << bits;
    ContinuedNumber number(bits);
    std::uint32_t value = period - 5, wrong = 0;
    for (std::uint32_t i = 0; i < 2 * period + 20; ++i, ++value) {
      wrong += number.map(masked(bits, value)) != masked(bits, value);
      // What comes late is what it was, on the other side of a wrap as well.
      if (i >= 2) wrong += number.map(masked(bits, value - 2)) != masked(bits, value - 2);
    }
    CHECK(wrong == 0);

    number.begin();
    for (std::uint32_t other = period - 2; other < period + 3; ++other, ++value)
      CHECK(number.map(masked(bits, other)) == masked(bits, value));
  }
}

TEST_CASE("what is left out of numbers leaves no gap, through every wrap") {
  for (const unsigned bits : {7u, 8u, 15u, 16u}) {
    CAPTURE(bits);
    const std::uint32_t period = 1u << bits;
    ContinuedNumber number(bits);
    std::uint32_t expected = period - 5, wrong = 0;
    for (std::uint32_t i = 0; i < 3 * period; ++i) {
      const auto value = masked(bits, period - 5 + i);
      if (i % 3 == 2)
        number.skip(value);
      else
        wrong += number.map(value) != masked(bits, expected++);
    }
    CHECK(wrong == 0);
  }
}

TEST_CASE("transport-wide numbers are reported in order over their wrap, each once, and with what is lost there") {
  TransportArrivals arrivals;
  for (const std::uint16_t number : {65534, 0, 65535, 0, 1}) arrivals.add(number, start);
  CHECK(waiting(arrivals) == std::vector<std::int64_t>{65534, 65535, 65536, 65537});
  // Reported up to 65535, and from there.
  arrivals.reported(2);
  CHECK(arrivals.lostBefore() == 0);
  arrivals.reported(1);
  arrivals.reported(1);

  // 65534 is reported, and the three behind it are lost.
  for (std::uint32_t number = 2; number <= 65534; ++number) {
    arrivals.add(static_cast<std::uint16_t>(number), start);
    arrivals.reported(1);
  }
  arrivals.add(2, start);
  CHECK(waiting(arrivals) == std::vector<std::int64_t>{2 * 65536 + 2});
  CHECK(arrivals.lostBefore() == 3);
}

TEST_CASE("the number of a feedback packet wraps at eight bits") {
  TransportArrivals arrivals;
  for (std::uint16_t i = 0; i < 600; ++i) {
    REQUIRE(arrivals.nextFeedbackNumber() == i % 256);
    arrivals.add(i, start);
    REQUIRE(arrivals.reported(1) == i % 256);
  }
}

TEST_CASE("the extended highest sequence number counts every wrap, and losses are counted across them") {
  Reception reception;
  std::uint32_t lost = 0;
  for (std::uint32_t i = 65'000; i <= 4 * 65'536; ++i) {
    // The last number before each wrap and the first behind it never come.
    if (i != 4 * 65'536 && (i % 65'536 == 65'535 || i % 65'536 == 0)) {
      ++lost;
      continue;
    }
    reception.handle(static_cast<std::uint16_t>(i), i * 960, 48000, start + i * 20ms);
  }
  const auto report = reception.report();
  CHECK(report.extendedHighest == 4 * 65'536);
  CHECK(lost == 7);
  CHECK(report.cumulativeLost == 7);
}

TEST_CASE("a wrap of timestamps is no jitter") {
  Reception reception;
  for (std::uint32_t i = 0; i < 20; ++i)
    reception.handle(static_cast<std::uint16_t>(i), 0xffffffff - 10 * 960 + i * 960, 48000, start + i * 20ms);
  CHECK(reception.report().jitter == 0);
}
