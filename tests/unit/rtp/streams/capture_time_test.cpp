#include "rtp/capture_time.hpp"

#include "support/catch.hpp"

#include <chrono>

using namespace parley;
using namespace parley::rtp;
using namespace std::chrono_literals;

namespace {

extension::AbsCaptureTime captured(std::chrono::nanoseconds sinceUnixEpoch) {
  return {ntpFromUnix(sinceUnixEpoch), std::nullopt};
}

}  // namespace

TEST_CASE("capture times between those that were told follow from the timestamps, also across their wrap") {
  CaptureLine line;
  CHECK_FALSE(line.at(5, 90'000));
  line.set(captured(1000s), 0xffff'fff0, 90'000);
  CHECK(unixFromNtp(line.at(0xffff'fff0, 90'000)->captured) == 1000s);
  const auto later = unixFromNtp(line.at(0xffff'fff0 + 90'000, 90'000)->captured);
  CHECK(std::chrono::abs(later - 1001s) < 10ns);
  const auto earlier = unixFromNtp(line.at(0xffff'fff0 - 45'000, 90'000)->captured);
  CHECK(std::chrono::abs(earlier - 999'500ms) < 10ns);
  CHECK_FALSE(line.at(5, 48'000));
  CHECK_FALSE(line.at(5, 0));
  CHECK_FALSE(line.at(0xffff'fff0 + 6 * 90'000, 90'000));
}

TEST_CASE("a sender tells the capture time once in a second, and when it does not follow from the one before") {
  CaptureTeller teller;
  const auto frame = [](int number) { return 1000s + number * 20ms; };
  const auto tell = [&](int number, std::chrono::nanoseconds off = 0ns) {
    return teller.tell(captured(frame(number) + off), static_cast<std::uint32_t>(number) * 960, 48'000,
                       Time(number * 20ms));
  };
  CHECK(tell(0));
  for (int i = 1; i < 50; ++i) CHECK_FALSE(tell(i, i % 2 == 0 ? 900us : -900us));
  CHECK(tell(50));
  CHECK_FALSE(tell(51));
  CHECK(tell(52, 2ms));
  CHECK(tell(53, -2ms));
}
