#include "flows.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::bottleneck;
using namespace std::chrono_literals;

namespace {

Result alone(Kind kind, const PathConfig& config, Duration measure = 12s) {
  Path path(config);
  std::vector<std::unique_ptr<ModelFlow>> flows;
  flows.push_back(makeFlow(path, kind));
  return runAll(path, flows, 5s, measure);
}

PathConfig pathOf(double megabits, Duration rtt, double queueBdp, Loss loss = {}) {
  PathConfig config{megabits * 1e6, rtt, 0, loss, 1};
  config.queueBytes = queueBdp * config.bdpBytes();
  return config;
}

}  // namespace

TEST_CASE("all controllers fill a path without loss") {
  for (auto kind : {Kind::Tolerant, Kind::Bbr, Kind::Cubic})
    for (auto rtt : {10ms, 50ms, 200ms})
      for (double queue : {0.5, 2.0}) {
        INFO("kind " << static_cast<int>(kind) << ", rtt " << rtt.count() << " ms, queue " << queue);
        auto config = pathOf(10, rtt, queue);
        auto share = alone(kind, config).share(0, config.bitsPerSecond);
        // CUBIC halves a queue that is small, and then the path is not full for a while.
        CHECK(share >= (kind == Kind::Bbr ? 0.95 : 0.85));
      }
}

TEST_CASE("BBR fills a path that loses packets by itself; CUBIC as little as its law says") {
  auto config = pathOf(50, 50ms, 1, {0.01, 1});
  CHECK(alone(Kind::Bbr, config).share(0, config.bitsPerSecond) >= 0.88);
  // RFC 9438 s.5.1: at a loss of 1 % CUBIC is Reno, 12 packets in flight: 2.2 Mbit/s at 50 ms.
  CHECK(alone(Kind::Cubic, config).megabits[0] == Approx(2.4).epsilon(0.25));

  config.loss = {0.05, 1};
  CHECK(alone(Kind::Bbr, config).share(0, config.bitsPerSecond) >= 0.75);
  config.loss = {0.01, 10};
  CHECK(alone(Kind::Bbr, config).share(0, config.bitsPerSecond) >= 0.8);
}

TEST_CASE("tolerant CUBIC fills a path that loses packets by itself") {
  auto config = pathOf(50, 50ms, 0.5, {0.01, 1});
  CHECK(alone(Kind::Tolerant, config).share(0, config.bitsPerSecond) >= 0.88);
  config.loss = {0.05, 1};
  CHECK(alone(Kind::Tolerant, config).share(0, config.bitsPerSecond) >= 0.8);
  config.loss = {0.01, 10};
  CHECK(alone(Kind::Tolerant, config).share(0, config.bitsPerSecond) >= 0.75);
}

TEST_CASE("BBR leaves the queue nearly empty most of the time") {
  auto result = alone(Kind::Bbr, pathOf(20, 50ms, 2));
  CHECK(result.queueP50 < 3);
  CHECK(result.queueP95 < 40);
}

TEST_CASE("CUBIC of ours is CUBIC by the book where the law is all") {
  auto config = pathOf(100, 50ms, 1, {0.0005, 1});
  auto ours = alone(Kind::Cubic, config, 60s).megabits[0];
  auto book = alone(Kind::BookCubic, config, 60s).megabits[0] * 1'140 / 1'448;
  CHECK(ours == Approx(book).epsilon(0.25));
}

TEST_CASE("two flows share within one to two, whoever they are") {
  for (auto [megabits, rtt] : {std::pair{20.0, 20ms}, {10.0, 100ms}})
    for (auto ours : {Kind::Tolerant, Kind::Bbr, Kind::Cubic})
      for (auto other : {ours, Kind::BookCubic, Kind::BookReno}) {
        // CUBIC takes more than Reno where the path is long: that is what it is for (RFC 9438 s.5.1).
        if (ours != Kind::Bbr && other == Kind::BookReno && rtt > 50ms) continue;
        INFO(megabits << " Mbit/s, " << rtt.count() << " ms, " << static_cast<int>(ours) << " and "
                      << static_cast<int>(other));
        Path path(pathOf(megabits, rtt, 1));
        std::vector<std::unique_ptr<ModelFlow>> flows;
        flows.push_back(makeFlow(path, ours, 1));
        flows.push_back(makeFlow(path, other, 2));
        auto result = runAll(path, flows, 8s, 40s);
        CHECK(result.megabits[0] < 2 * result.megabits[1]);
        CHECK(result.megabits[1] < 2 * result.megabits[0]);
      }
}

TEST_CASE("in a shallow queue those who tolerate losses leave a loss-based flow a share") {
  for (auto kind : {Kind::Tolerant, Kind::Bbr}) {
    INFO("kind " << static_cast<int>(kind));
    Path path(pathOf(20, 50ms, 0.15));
    std::vector<std::unique_ptr<ModelFlow>> flows;
    flows.push_back(makeFlow(path, kind));
    flows.push_back(makeFlow(path, Kind::BookCubic));
    auto result = runAll(path, flows, 8s, 40s);
    CHECK(result.megabits[1] > (kind == Kind::Tolerant ? 0.5 : 0.2) * result.megabits[0]);
  }
}

TEST_CASE("a flow that its application limits keeps the window small and the queue empty") {
  for (auto kind : {Kind::Tolerant, Kind::Bbr, Kind::Cubic}) {
    INFO("kind " << static_cast<int>(kind));
    Path path(pathOf(100, 50ms, 1));
    std::vector<std::unique_ptr<ModelFlow>> flows;
    ModelConfig config;
    config.applicationRate = 250'000;  // 2 Mbit/s: 12.5 kB in flight
    flows.push_back(makeFlow(path, kind, 1, config));
    auto result = runAll(path, flows, 5s, 20s);
    CHECK(result.megabits[0] == Approx(2).epsilon(0.02));
    CHECK(flows[0]->controller().window() < 150'000);
    CHECK(result.queueP95 < 1);
  }
}
