#include "sctp/congestion/delivery_rate.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp::congestion;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t size = 1'000;
const Time start{1s};

}  // namespace

TEST_CASE("packets that come out of the path each millisecond give a rate of one a millisecond") {
  DeliveryRate rate;
  std::vector<SentState> sent;
  // Ten at once: the path spreads them.
  for (std::size_t i = 0; i < 10; ++i) sent.push_back(rate.onSent(size, (i + 1) * size, start));
  RateSample sample;
  for (int i = 0; i < 10; ++i) {
    rate.onDelivered(sent[i], size, start + 50ms + i * 1ms);
    sample = rate.sample(50ms);
  }
  // All of them took 59 ms from the first one's departure.
  CHECK(sample.bytesPerSecond == Approx(10 * size / 0.059));

  // From now on the path is full: a packet leaves for each that arrives.
  for (int i = 10; i < 200; ++i) {
    auto now = start + 50ms + i * 1ms;
    sent.push_back(rate.onSent(size, 50 * size, now - 50ms));
    if (i < 60) continue;
    rate.onDelivered(sent[i], size, now);
    sample = rate.sample(50ms);
    if (i > 120) CHECK(sample.bytesPerSecond <= Approx(size / 0.001));
  }
  CHECK(rate.delivered() == 150 * size);
}

TEST_CASE("acknowledgements that come all at once do not make a path look fast") {
  DeliveryRate rate;
  std::vector<SentState> sent;
  for (int i = 0; i < 20; ++i) sent.push_back(rate.onSent(size, (i + 1) * size, start + i * 1ms));
  for (auto& state : sent) rate.onDelivered(state, size, start + 100ms);
  auto sample = rate.sample(50ms);
  CHECK(sample.delivered == 20 * size);
  CHECK(sample.bytesPerSecond == Approx(20 * size / 0.1));
}

TEST_CASE("an interval shorter than the smallest delay gives no rate") {
  DeliveryRate rate;
  auto state = rate.onSent(size, size, start);
  rate.onDelivered(state, size, start + 10ms);
  CHECK(rate.sample(20ms).bytesPerSecond == 0);
}

TEST_CASE("an acknowledgement of nothing new has no sample") {
  DeliveryRate rate;
  CHECK_FALSE(rate.sample(1ms).hasData);
  auto state = rate.onSent(size, size, start);
  rate.onDelivered(state, size, start + 10ms);
  CHECK(rate.sample(1ms).hasData);
  CHECK_FALSE(rate.sample(1ms).hasData);
}

TEST_CASE("what was sent while the application had no more is marked until it has been delivered") {
  DeliveryRate rate;
  auto first = rate.onSent(size, size, start);
  CHECK_FALSE(first.applicationLimited);
  rate.onApplicationLimited(size);
  auto second = rate.onSent(size, 2 * size, start + 1ms);
  CHECK(second.applicationLimited);

  rate.onDelivered(first, size, start + 50ms);
  CHECK_FALSE(rate.sample(1ms).applicationLimited);
  CHECK(rate.applicationLimited());
  rate.onDelivered(second, size, start + 51ms);
  CHECK(rate.sample(1ms).applicationLimited);
  CHECK_FALSE(rate.applicationLimited());
  CHECK_FALSE(rate.onSent(size, size, start + 60ms).applicationLimited);
}

TEST_CASE("a sample counts what was lost since its packet left") {
  DeliveryRate rate;
  auto lost = rate.onSent(size, size, start);
  auto early = rate.onSent(size, 2 * size, start + 1ms);
  rate.onLost(size);
  auto late = rate.onSent(size, 2 * size, start + 2ms);
  rate.onDelivered(early, size, start + 50ms);
  CHECK(rate.sample(1ms).lost == size);
  rate.onDelivered(late, size, start + 51ms);
  CHECK(rate.sample(1ms).lost == 0);
  CHECK(lost.lost == 0);
}

TEST_CASE("an acknowledgement within the same reading of the clock is of a fast path, not of an unknown one") {
  DeliveryRate rate;
  auto state = rate.onSent(size, size, start);
  rate.onDelivered(state, size, start);
  CHECK(rate.sample(Duration{}).bytesPerSecond >= 1e9);
}
