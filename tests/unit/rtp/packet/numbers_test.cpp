#include "rtp/ntp.hpp"
#include "rtp/sequence.hpp"
#include "support/catch.hpp"

#include <chrono>

using namespace parley;
using namespace parley::rtp;
using namespace std::chrono_literals;

TEST_CASE("of two sequence numbers the newer one is less than half of all ahead") {
  CHECK(isNewer<std::uint16_t>(1, 0));
  CHECK(isNewer<std::uint16_t>(0, 0xffff));
  CHECK_FALSE(isNewer<std::uint16_t>(0xffff, 0));
  CHECK_FALSE(isNewer<std::uint16_t>(5, 5));
  CHECK(isNewer<std::uint16_t>(0x7fff, 0));
  CHECK_FALSE(isNewer<std::uint16_t>(0x8001, 0));
  CHECK(isNewer<std::uint32_t>(0, 0xffffffff));
}

TEST_CASE("numbers that wrap continue on a line in both directions") {
  SequenceUnwrapper unwrapper;
  CHECK(unwrapper.unwrap(0xfffe) == 0xfffe);
  CHECK(unwrapper.unwrap(1) == 0x10001);
  CHECK(unwrapper.unwrap(0xffff) == 0xffff);
  CHECK(unwrapper.peek(3) == 0x10003);
  CHECK(unwrapper.last() == 0xffff);
  std::int64_t expected = 0xffff;
  for (int i = 0; i < 200'000; ++i) {
    expected += 1000;
    REQUIRE(unwrapper.unwrap(static_cast<std::uint16_t>(expected)) == expected);
  }
  SequenceUnwrapper early;
  CHECK(early.unwrap(2) == 2);
  CHECK(early.unwrap(0xffff) == -1);
  TimestampUnwrapper timestamps;
  CHECK(timestamps.unwrap(0xffffff00) == 0xffffff00);
  CHECK(timestamps.unwrap(0x100) == 0x100000100);
}

TEST_CASE("wall-clock time becomes NTP time and back to the nanosecond") {
  CHECK(ntpFromUnix(0s).seconds() == 2208988800u);
  auto ntp = ntpFromUnix(1'500'000'000s + 500ms);
  CHECK(ntp.seconds() == 1'500'000'000u + 2208988800u);
  CHECK(ntp.fraction() == 0x80000000u);
  CHECK(ntp.middle() == ((ntp.seconds() & 0xffff) << 16 | 0x8000));
  for (auto time : {1ns, 999'999'999ns, 1'234'567'890'123'456'789ns}) CHECK(unixFromNtp(ntpFromUnix(time)) == time);
  CHECK(unixFromNtp(ntpFromUnix(-1500ms)) == -1500ms);
}

TEST_CASE("delays are told in units of 2^-16 s, and cut to what 32 bits hold") {
  CHECK(toCompactNtp(1s) == 0x10000);
  CHECK(toCompactNtp(500ms) == 0x8000);
  CHECK(toCompactNtp(-1s) == 0);
  CHECK(toCompactNtp(24h) == 0xffffffff);
  CHECK(fromCompactNtp(0x18000) == 1500ms);
  CHECK(WallClock{1000s}.ntp(Time(5s)) == ntpFromUnix(1005s));
}
