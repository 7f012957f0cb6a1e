#include "base/random.hpp"
#include "rtp/circuit_breaker.hpp"
#include "rtp/rtcp_scheduler.hpp"
#include "support/catch.hpp"

#include <chrono>

using namespace parley;
using namespace parley::rtp;
using namespace std::chrono_literals;

namespace {
constexpr Time t0{1s};
}

TEST_CASE("the first report goes at once, the others half to one and a half intervals apart") {
  base::SeededRandom random(1);
  RtcpScheduler scheduler({}, random);
  CHECK(scheduler.deadline() == never);
  scheduler.start(t0);
  auto send = scheduler.poll();
  REQUIRE(send);
  CHECK(send->regular);
  Time last = t0;
  Duration total{};
  for (int i = 0; i < 200; ++i) {
    const Time at = scheduler.deadline();
    CHECK(at - last >= 500ms);
    CHECK(at - last < 1500ms);
    total += at - last;
    last = at;
    scheduler.advance(at);
    send = scheduler.poll();
    REQUIRE(send);
    CHECK(send->regular);
    CHECK_FALSE(scheduler.poll());
    CHECK(scheduler.deadline() > at);
  }
  CHECK(total / 200 > 950ms);
  CHECK(total / 200 < 1050ms);
}

TEST_CASE("feedback goes at once, and then no more than one packet in each T_rr") {
  base::SeededRandom random(2);
  RtcpScheduler scheduler({}, random);
  scheduler.start(t0);
  scheduler.poll();
  scheduler.wantFeedback(t0 + 100ms);
  auto send = scheduler.poll();
  REQUIRE(send);
  CHECK_FALSE(send->regular);
  scheduler.wantFeedback(t0 + 101ms);
  CHECK_FALSE(scheduler.poll());
  const Time next = scheduler.deadline();
  CHECK(next >= t0 + 100ms + scheduler.interval() / 2);
  CHECK(next <= t0 + 100ms + scheduler.interval() * 3 / 2);
  scheduler.advance(next);
  CHECK(scheduler.poll());
  // Nothing waits: the next wake-up is the regular report's.
  CHECK(scheduler.deadline() >= t0 + 500ms);
}

TEST_CASE("large packets are sent less often: RTCP keeps to its share of the bandwidth") {
  base::SeededRandom random(3);
  RtcpScheduler scheduler({64'000, 1s}, random);
  const Duration small = scheduler.interval();
  for (int i = 0; i < 200; ++i) scheduler.sent(1000);
  CHECK(scheduler.interval() > 5 * small);
  // 5 % of 64 kbit/s for two: 1028 bytes each 5.1 s.
  CHECK(scheduler.interval() > 5s);
  CHECK(scheduler.interval() < 5200ms);
}

namespace {

/// A stream of 50 packets of 1000 bytes a second, reported on each second.
struct Stream {
  CircuitBreaker breaker;
  Time now = t0;
  std::uint32_t highest = 0;
  void second(std::uint8_t lost, bool progress = true, int packets = 50) {
    for (int i = 0; i < packets; ++i) {
      now += Duration(1s) / packets;
      breaker.advance(now);
      if (breaker.allows(now)) breaker.sent(1000, now);
    }
    if (progress) highest += static_cast<std::uint32_t>(packets);
    breaker.report(lost, highest, 100ms, now);
  }
};

}  // namespace

TEST_CASE("a stream that is received, with a tenth lost, is not stopped") {
  Stream stream;
  for (int i = 0; i < 60; ++i) stream.second(25);
  CHECK_FALSE(stream.breaker.poll());
}

TEST_CASE("a peer that says nothing for fifteen seconds stops the stream, for as long") {
  CircuitBreaker breaker;
  breaker.sent(1000, t0);
  CHECK(breaker.deadline() == t0 + 15s);
  breaker.heard(t0 + 10s);
  CHECK(breaker.deadline() == t0 + 25s);
  breaker.advance(t0 + 25s);
  CHECK(breaker.poll() == CircuitBreaker::Cause::RtcpTimeout);
  CHECK_FALSE(breaker.allows(t0 + 39s));
  CHECK(breaker.allows(t0 + 40s));
  // The second time it lasts twice as long.
  breaker.sent(1000, t0 + 40s);
  breaker.advance(t0 + 55s);
  CHECK(breaker.poll() == CircuitBreaker::Cause::RtcpTimeout);
  CHECK_FALSE(breaker.allows(t0 + 84s));
  CHECK(breaker.allows(t0 + 85s));
}

TEST_CASE("five reports without progress stop the stream, but not if nothing was sent") {
  Stream stream;
  stream.second(0);
  for (int i = 0; i < 4; ++i) stream.second(0, false);
  CHECK_FALSE(stream.breaker.poll());
  SECTION("still sending") {
    stream.second(0, false);
    CHECK(stream.breaker.poll() == CircuitBreaker::Cause::MediaTimeout);
  }
  SECTION("not sending") {
    for (int i = 0; i < 10; ++i) {
      stream.now += 1s;
      stream.breaker.report(0, stream.highest, 100ms, stream.now);
    }
    CHECK_FALSE(stream.breaker.poll());
  }
}

TEST_CASE("ten times the rate of a TCP for ten seconds stops the stream") {
  // X = 1000 / (0.1 * sqrt(2 * 0.5 / 3)) = 17 kB/s: 500 packets a second are 500 kB/s.
  Stream stream;
  int seconds = 0;
  while (!stream.breaker.open() && seconds < 60) {
    stream.second(128, true, 500);
    ++seconds;
  }
  CHECK(stream.breaker.poll() == CircuitBreaker::Cause::Congestion);
  CHECK(seconds == 12);
}
