#include "sctp/native/heartbeat.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp::native;
using namespace std::chrono_literals;

TEST_CASE("an idle path is asked after the interval and an RTO, and measured by the answer") {
  base::SeededRandom random(1);
  Heartbeat heartbeat(30s);
  CHECK(heartbeat.deadline() == never);
  Time now{1h};
  heartbeat.onTraffic(300ms, now);
  CHECK(heartbeat.deadline() == now + 30s + 300ms);
  now = heartbeat.deadline();
  auto info = heartbeat.send(300ms, random, now);
  CHECK(heartbeat.onAck(info, now + 80ms) == Duration(80ms));
  // Once.
  CHECK_FALSE(heartbeat.onAck(info, now + 90ms));
  CHECK(heartbeat.deadline() > now + 30s);
  CHECK(heartbeat.deadline() < now + 31s);
}

TEST_CASE("heartbeats that are not answered come later and later, up to a bound") {
  base::SeededRandom random(2);
  Heartbeat heartbeat(30s);
  Time now{1h};
  heartbeat.onTraffic(1s, now);
  Duration longest{};
  for (int i = 0; i < 20; ++i) {
    now = heartbeat.deadline();
    heartbeat.send(1s, random, now);
    const auto wait = heartbeat.deadline() - now;
    CHECK(wait >= 30s + 500ms * (1 << std::min(i, 5)));
    CHECK(wait <= 30s + 1500ms * (1 << std::min(i, 5)));
    longest = std::max(longest, wait);
  }
  CHECK(longest <= 30s + 48s);
}

TEST_CASE("an answer with another info says nothing") {
  base::SeededRandom random(3);
  Heartbeat heartbeat(30s);
  Time now{1h};
  heartbeat.onTraffic(1s, now);
  auto info = heartbeat.send(1s, random, now);
  info[3] ^= 1;
  CHECK_FALSE(heartbeat.onAck(info, now));
  CHECK_FALSE(heartbeat.onAck({}, now));
}

TEST_CASE("without an interval there are none") {
  Heartbeat heartbeat(Duration::max());
  heartbeat.onTraffic(1s, Time{1h});
  CHECK(heartbeat.deadline() == never);
}
