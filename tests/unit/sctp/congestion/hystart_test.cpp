#include "sctp/congestion/hystart.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp::congestion;
using namespace std::chrono_literals;

namespace {

void round(HyStart& hystart, Duration rtt, int samples = 10) {
  hystart.onRound();
  for (int i = 0; i < samples; ++i) hystart.onRtt(rtt + i * 100us);
}

}  // namespace

TEST_CASE("slow start goes on while the delay stays") {
  HyStart hystart;
  for (int i = 0; i < 20; ++i) round(hystart, 50ms);
  CHECK_FALSE(hystart.conservative());
  CHECK_FALSE(hystart.done());
}

TEST_CASE("a delay that grew by an eighth slows the growth down, and five rounds later it is over") {
  HyStart hystart;
  round(hystart, 80ms);
  round(hystart, 89ms);
  CHECK_FALSE(hystart.conservative());
  round(hystart, 101ms);
  CHECK(hystart.conservative());
  CHECK(hystart.growthDivisor() == 4);
  for (int i = 0; i < 4; ++i) round(hystart, 101ms);
  CHECK_FALSE(hystart.done());
  round(hystart, 101ms);
  CHECK(hystart.done());
}

TEST_CASE("a delay that falls again was a jitter") {
  HyStart hystart;
  round(hystart, 80ms);
  round(hystart, 95ms);
  CHECK(hystart.conservative());
  round(hystart, 81ms);
  CHECK_FALSE(hystart.conservative());
  CHECK(hystart.growthDivisor() == 1);
}

TEST_CASE("fewer than eight samples of a round prove nothing") {
  HyStart hystart;
  round(hystart, 80ms);
  round(hystart, 200ms, 7);
  CHECK_FALSE(hystart.conservative());
}

TEST_CASE("on short paths a growth of less than 4 ms is noise, on long ones one of 16 ms is not") {
  HyStart shortPath;
  round(shortPath, 5ms);
  round(shortPath, 8ms);
  CHECK_FALSE(shortPath.conservative());
  round(shortPath, 13ms);
  CHECK(shortPath.conservative());
  HyStart longPath;
  round(longPath, 400ms);
  round(longPath, 417ms);
  CHECK(longPath.conservative());
}
