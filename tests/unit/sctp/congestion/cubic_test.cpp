#include "sctp/congestion/cubic.hpp"
#include "support/catch.hpp"

#include <cmath>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::congestion;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t packet = 1'000;

/// Acknowledges whole windows, one a round trip.
struct Driver {
  explicit Driver(Cubic::Kind kind = Cubic::Kind::ByTheBook) : cubic(kind, Parameters{packet, 100ms, 1}) {}
  Cubic cubic;
  Time now{1s};
  Duration rtt = 100ms;
  Duration minRtt = 100ms;
  std::uint64_t delivered = 0;

  Ack ack(std::size_t bytes) {
    Ack ack;
    ack.now = now;
    ack.acked = bytes;
    ack.inFlightBefore = cubic.window();
    ack.inFlight = ack.inFlightBefore - bytes;
    ack.rtt = ack.smoothedRtt = rtt;
    ack.minRtt = minRtt = std::min(minRtt, rtt);
    ack.rate.hasData = true;
    ack.rate.newestSentAt = now - rtt;
    ack.rate.priorDelivered = delivered;
    ack.delivered = delivered += bytes;
    return ack;
  }
  /// In steps of two packets.
  void round(bool limited = false, std::size_t inFlight = 0) {
    auto window = cubic.window();
    auto begin = now;
    auto prior = delivered;
    for (std::size_t done = 0; done < window; done += 2 * packet) {
      now = begin + std::chrono::duration_cast<Duration>(rtt * (static_cast<double>(done) / static_cast<double>(window)));
      auto a = ack(2 * packet);
      a.rate.priorDelivered = prior;
      a.rate.applicationLimited = limited;
      if (inFlight) a.inFlightBefore = inFlight;
      cubic.onAck(a);
    }
    now = begin + rtt;
  }
  void lose() {
    Loss loss;
    loss.now = now;
    loss.bytes = packet;
    loss.sent.sentAt = now - rtt;
    cubic.onLoss(loss);
  }
};

}  // namespace

TEST_CASE("CUBIC begins with ten packets and doubles them each round trip") {
  Driver driver;
  CHECK(driver.cubic.window() == 10 * packet);
  CHECK(driver.cubic.phase() == Phase::SlowStart);
  driver.round();
  CHECK(driver.cubic.window() == 20 * packet);
  driver.round();
  CHECK(driver.cubic.window() == 40 * packet);
  // Twice the window in a round trip, so that the pacer is not in the way.
  CHECK(driver.cubic.pacingRate() == 800'000);
}

TEST_CASE("CUBIC takes seven tenths of the window for a loss, once a round trip") {
  Driver driver;
  for (int i = 0; i < 4; ++i) driver.round();
  driver.now += 50ms;
  driver.lose();
  CHECK(driver.cubic.window() == 112 * packet);
  CHECK(driver.cubic.phase() == Phase::Recovery);
  driver.lose();
  CHECK(driver.cubic.window() == 112 * packet);
  driver.now += 101ms;
  driver.lose();
  CHECK(driver.cubic.window() == 78'400);
}

TEST_CASE("CUBIC's window follows the cubic function back to where the loss was") {
  Driver driver;
  for (int i = 0; i < 7; ++i) driver.round();
  auto most = static_cast<double>(driver.cubic.window()) / packet;  // 1280 packets
  driver.lose();
  driver.now += 101ms;
  driver.round();
  // RFC 9438 s.4.2: K = cbrt(W_max (1 - beta) / C), about 9.9 s.
  double k = std::cbrt(most * 0.3 / 0.4);
  auto begun = driver.now - 100ms;
  double last = 0;
  while (driver.now < begun + std::chrono::duration<double>(k)) {
    driver.round();
    double t = std::chrono::duration<double>(driver.now - begun).count();
    double window = static_cast<double>(driver.cubic.window()) / packet;
    CHECK(window >= last);
    CHECK(window == Approx(0.4 * std::pow(t - k, 3) + most).epsilon(0.02));
    last = window;
  }
  CHECK(last == Approx(most).epsilon(0.02));
  for (int i = 0; i < 50; ++i) driver.round();
  CHECK(static_cast<double>(driver.cubic.window()) / packet > most * 1.02);
}

TEST_CASE("CUBIC with a small window grows as Reno does") {
  Driver driver;
  driver.rtt = 10ms;
  driver.now += 11ms;
  driver.lose();
  CHECK(driver.cubic.window() == 7 * packet);
  driver.now += 11ms;
  for (int i = 0; i < 100; ++i) driver.round();
  // 0.53 packets each round up to 10 packets, one from there on (RFC 9438 s.4.3): about 6 and 94 rounds.
  CHECK(driver.cubic.window() > 90 * packet);
  CHECK(driver.cubic.window() < 110 * packet);
}

TEST_CASE("CUBIC begins anew after a time-out, up to seven tenths of where it was") {
  Driver driver;
  for (int i = 0; i < 4; ++i) driver.round();
  driver.cubic.onTimeout(driver.now);
  CHECK(driver.cubic.window() == packet);
  driver.now += 101ms;
  for (int i = 0; i < 5; ++i) driver.round();
  CHECK(driver.cubic.phase() == Phase::SlowStart);
  for (int i = 0; i < 2; ++i) driver.round();
  CHECK(driver.cubic.phase() == Phase::Avoidance);
  CHECK(driver.cubic.window() >= 112 * packet);
  CHECK(driver.cubic.window() < 120 * packet);
}

TEST_CASE("CUBIC takes a reduction back that was for nothing") {
  Driver driver;
  for (int i = 0; i < 4; ++i) driver.round();
  SECTION("after a loss") { driver.lose(); }
  SECTION("after a time-out") { driver.cubic.onTimeout(driver.now); }
  CHECK(driver.cubic.window() <= 112 * packet);
  driver.cubic.onSpuriousLoss(driver.now);
  CHECK(driver.cubic.window() == 160 * packet);
  CHECK(driver.cubic.phase() == Phase::SlowStart);
}

TEST_CASE("CUBIC does not grow a window that the application does not fill") {
  Driver driver;
  for (int i = 0; i < 4; ++i) driver.round();
  auto window = driver.cubic.window();
  for (int i = 0; i < 50; ++i) driver.round(true, 20 * packet);
  CHECK(driver.cubic.window() == window);

  // In avoidance, the time does not count either: there is no leap when the application fills it again.
  driver.lose();
  driver.now += 101ms;
  driver.round();
  window = driver.cubic.window();
  for (int i = 0; i < 200; ++i) driver.round(true, 20 * packet);
  CHECK(driver.cubic.window() == window);
  driver.round();
  CHECK(driver.cubic.window() < window + 10 * packet);
}

TEST_CASE("CUBIC leaves slow start when the delay grows, without a loss") {
  Driver driver;
  for (int i = 0; i < 5; ++i) driver.round();
  driver.rtt = 130ms;
  driver.round();
  auto window = driver.cubic.window();
  driver.round();
  // Conservative slow start: a quarter of the growth.
  CHECK(driver.cubic.window() == Approx(window * 1.25).epsilon(0.05));
  for (int i = 0; i < 5; ++i) driver.round();
  CHECK(driver.cubic.phase() == Phase::Avoidance);
}

TEST_CASE("tolerant CUBIC does not answer a loss on a path without a queue") {
  Driver driver(Cubic::Kind::Tolerant);
  for (int i = 0; i < 5; ++i) driver.round();
  auto window = driver.cubic.window();
  driver.lose();
  CHECK(driver.cubic.window() == window);
  CHECK(driver.cubic.phase() == Phase::SlowStart);
  driver.round();
  CHECK(driver.cubic.window() == 2 * window);
}

TEST_CASE("tolerant CUBIC takes seven tenths for a loss where all that comes back is late") {
  Driver driver(Cubic::Kind::Tolerant);
  for (int i = 0; i < 4; ++i) driver.round();
  // 5 % and a millisecond are not late yet.
  driver.rtt = 106ms;
  SECTION("late") {
    driver.rtt = 107ms;
    driver.round();
    auto window = driver.cubic.window();
    driver.lose();
    CHECK(driver.cubic.window() == window * 7 / 10);
  }
  SECTION("in time") {
    driver.round();
    auto window = driver.cubic.window();
    driver.lose();
    CHECK(driver.cubic.window() == window);
  }
}

TEST_CASE("tolerant CUBIC is not deceived by single packets that are late") {
  Driver driver(Cubic::Kind::Tolerant);
  for (int i = 0; i < 4; ++i) driver.round();
  auto ack = driver.ack(packet);
  ack.rtt = 150ms;
  driver.cubic.onAck(ack);
  auto window = driver.cubic.window();
  driver.lose();
  CHECK(driver.cubic.window() == window);
}

TEST_CASE("tolerant CUBIC answers losses without a queue if they are more than a tenth") {
  Driver driver(Cubic::Kind::Tolerant);
  for (int i = 0; i < 5; ++i) driver.round();
  auto window = driver.cubic.window();  // 320 packets; the share is that of 2560
  int losses = 0;
  while (driver.cubic.window() == window && losses < 1'000) {
    driver.lose();
    ++losses;
  }
  CHECK(losses > 256);
  CHECK(losses < 300);
  CHECK(driver.cubic.window() == window * 7 / 10);
  // And counts them anew.
  driver.now += 101ms;
  driver.lose();
  CHECK(driver.cubic.window() == window * 7 / 10);
}

TEST_CASE("tolerant CUBIC grows more slowly while there is a queue") {
  double grown[2];
  for (bool queued : {false, true}) {
    Driver driver(Cubic::Kind::Tolerant);
    for (int i = 0; i < 7; ++i) driver.round();
    driver.rtt = 130ms;
    driver.round();
    driver.lose();
    driver.now += 131ms;
    if (!queued) driver.rtt = 100ms;
    auto from = driver.cubic.window();
    auto end = driver.now + 2s;
    while (driver.now < end) driver.round();
    grown[queued] = static_cast<double>(driver.cubic.window() - from);
  }
  CHECK(grown[1] > 0);
  CHECK(grown[1] < 0.95 * grown[0]);
}
