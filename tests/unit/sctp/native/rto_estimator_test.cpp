#include "sctp/native/rto_estimator.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp::native;
using namespace std::chrono_literals;

namespace {
constexpr Time start{100s};
}

TEST_CASE("before a round trip was measured the time-out is that of RFC 6298") {
  RtoEstimator rto;
  CHECK(rto.rto() == 1s);
  CHECK_FALSE(rto.smoothed());
  CHECK(rto.minimum() == Duration{});
  CHECK(rto.probeTimeout(false) == 1s);
}

TEST_CASE("the time-out of a steady path leaves room for a delayed acknowledgement") {
  RtoEstimator rto;
  for (int i = 0; i < 50; ++i) rto.sample(50ms, true, start);
  CHECK(rto.smoothed() == 50ms);
  CHECK(rto.rto() == 50ms + RtoEstimator::leastVariance);
  CHECK(rto.probeTimeout(false) == 100ms);
  CHECK(rto.probeTimeout(true) == 300ms);
}

TEST_CASE("the time-out follows the variance of a path that varies") {
  RtoEstimator rto;
  for (int i = 0; i < 50; ++i) rto.sample(i % 2 ? 100ms : 700ms, true, start);
  CHECK(rto.rto() > 400ms + 4 * 200ms);
}

TEST_CASE("only one measurement of a round trip is smoothed, but a jump is believed at once") {
  RtoEstimator rto;
  for (int i = 0; i < 50; ++i) rto.sample(50ms, true, start);
  rto.sample(51ms, false, start);
  CHECK(rto.latest() == 51ms);
  const auto before = *rto.smoothed();
  rto.sample(40ms, false, start);
  CHECK(rto.smoothed() == before);
  rto.sample(400ms, false, start);
  CHECK(*rto.smoothed() > before);
  CHECK(rto.rto() > 400ms);
}

TEST_CASE("each time-out doubles the next, up to the limit, and a measurement ends it") {
  RtoEstimator rto;
  for (int i = 0; i < 50; ++i) rto.sample(80ms, true, start);
  CHECK(rto.rto() == 300ms);
  rto.backOff();
  CHECK(rto.rto() == 600ms);
  rto.backOff();
  CHECK(rto.rto() == 1'200ms);
  for (int i = 0; i < 100; ++i) rto.backOff();
  CHECK(rto.rto() == RtoEstimator::most);
  rto.sample(80ms, true, start);
  CHECK(rto.rto() == 300ms);
}

TEST_CASE("a path slower than the limit does not time out before it can answer") {
  RtoEstimator rto;
  for (int i = 0; i < 100; ++i) rto.sample(6s, true, start);
  CHECK(rto.rto() >= 6s + RtoEstimator::leastVariance);
}

TEST_CASE("the smallest round trip is forgotten after two minutes") {
  RtoEstimator rto;
  rto.sample(10ms, true, start);
  rto.sample(50ms, true, start + 30s);
  CHECK(rto.minimum() == 10ms);
  rto.sample(50ms, true, start + 61s);
  CHECK(rto.minimum() == 10ms);
  rto.sample(50ms, true, start + 122s);
  CHECK(rto.minimum() == 50ms);
}
