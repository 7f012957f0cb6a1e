#include "flows.hpp"
#include "support/catch.hpp"

#include <set>

using namespace parley;
using namespace parley::bottleneck;
using namespace std::chrono_literals;
using congestion::Bbr;

namespace {

/// One BBR flow alone, seen each millisecond.
template <class OnTick>
void watch(const PathConfig& config, Duration duration, OnTick&& onTick, ModelConfig model = {}) {
  Path path(config);
  auto flow = makeFlow(path, Kind::Bbr, 1, model);
  Time start{1s};
  flow->start(start);
  run(path, {flow.get()}, start, start + duration, 1ms,
      [&](Time now) { onTick(now - start, static_cast<const Bbr&>(flow->controller()), *flow, path); });
}

PathConfig tenMegabits() { return {10e6, 40ms, 100'000, {}, 1}; }

}  // namespace

TEST_CASE("BBR finds the rate and the delay of a path in Startup, empties the queue in Drain, and goes round in ProbeBW") {
  std::vector<Bbr::State> states;
  Duration startupOver{};
  watch(tenMegabits(), 20s, [&](Duration at, const Bbr& bbr, ModelFlow&, Path&) {
    if (states.empty() || states.back() != bbr.state()) states.push_back(bbr.state());
    if (startupOver == Duration{} && bbr.state() != Bbr::State::Startup) startupOver = at;
    if (at > 2s) {
      // Of 10 Mbit/s, less the headers.
      CHECK(bbr.maxBandwidth() * 8e-6 == Approx(10.0 * 1'140 / 1'217).epsilon(0.05));
      CHECK(bbr.minRtt() >= 40ms);
      CHECK(bbr.minRtt() <= 43ms);
    }
  });
  CHECK(startupOver < 600ms);
  using S = Bbr::State;
  REQUIRE(states.size() > 6);
  CHECK(states[0] == S::Startup);
  CHECK(states[1] == S::Drain);
  const std::set<std::pair<S, S>> allowed{{S::Startup, S::Drain},
                                          {S::Drain, S::ProbeBwDown},
                                          // By DOWN, if that is over within the millisecond.
                                          {S::Drain, S::ProbeBwCruise},
                                          {S::ProbeBwDown, S::ProbeBwCruise},
                                          {S::ProbeBwDown, S::ProbeBwRefill},
                                          {S::ProbeBwCruise, S::ProbeBwRefill},
                                          {S::ProbeBwRefill, S::ProbeBwUp},
                                          {S::ProbeBwUp, S::ProbeBwDown},
                                          // Each phase of the cycle may be interrupted.
                                          {S::ProbeBwDown, S::ProbeRtt},
                                          {S::ProbeBwCruise, S::ProbeRtt},
                                          {S::ProbeBwRefill, S::ProbeRtt},
                                          {S::ProbeBwUp, S::ProbeRtt},
                                          {S::ProbeRtt, S::ProbeBwCruise}};
  for (std::size_t i = 1; i < states.size(); ++i) CHECK(allowed.count({states[i - 1], states[i]}));
  CHECK(std::count(states.begin(), states.end(), S::ProbeBwUp) >= 5);
  // Alone on its path it sees an empty queue often enough.
  CHECK(std::count(states.begin(), states.end(), S::ProbeRtt) <= 2);
}

TEST_CASE("BBR finds a rate that has grown") {
  PathConfig config = tenMegabits();
  Path path(config);
  auto flow = makeFlow(path, Kind::Bbr);
  Time start{1s};
  flow->start(start);
  std::uint64_t before = 0;
  run(path, {flow.get()}, start, start + 20s, 10ms, [&](Time now) {
    if (now == start + 8s) path.setRate(40e6);
    if (now == start + 14s) before = flow->received();
  });
  CHECK(static_cast<double>(flow->received() - before) * 8 / 6 > 0.9 * 40e6 * 1'140 / 1'217);
}

TEST_CASE("BBR comes down to a rate that has fallen, without time-outs") {
  PathConfig config{40e6, 40ms, 200'000, {}, 1};
  Path path(config);
  auto flow = makeFlow(path, Kind::Bbr);
  Time start{1s};
  flow->start(start);
  std::uint64_t before = 0;
  std::vector<double> delays;
  run(path, {flow.get()}, start, start + 30s, 10ms, [&](Time now) {
    if (now == start + 8s) path.setRate(10e6);
    if (now == start + 20s) before = flow->received();
    if (now > start + 20s) delays.push_back(std::chrono::duration<double, std::milli>(path.queueDelay(now)).count());
  });
  CHECK(static_cast<double>(flow->received() - before) * 8 / 10 > 0.9 * 10e6 * 1'140 / 1'217);
  std::sort(delays.begin(), delays.end());
  CHECK(delays[delays.size() / 2] < 20);
  CHECK(flow->timeouts() == 0);
}

TEST_CASE("BBR keeps its window over an idle time, and paces what comes after it") {
  Path path({10e6, 50ms, 50'000, {}, 1});
  ModelConfig model;
  auto flow = makeFlow(path, Kind::Bbr, 1, model);
  Time start{1s};
  flow->start(start);
  auto& bbr = static_cast<Bbr&>(flow->controller());
  run(path, {flow.get()}, start, start + 4s, 1ms, [](Time) {});
  auto window = bbr.window();
  congestion::SentState state;
  state.sentAt = start + 60s;
  state.inFlight = 1'140;
  state.applicationLimited = true;
  bbr.onSent(1'140, state);
  CHECK(bbr.window() == window);
  CHECK(static_cast<double>(bbr.pacingRate()) <= bbr.bandwidth());
  CHECK(static_cast<double>(bbr.pacingRate()) >= bbr.bandwidth() * 0.98);
}

TEST_CASE("BBR goes down to one packet at a time-out, and is as it was if that was for nothing") {
  Path path(tenMegabits());
  auto flow = makeFlow(path, Kind::Bbr);
  Time start{1s};
  flow->start(start);
  run(path, {flow.get()}, start, start + 3s, 1ms, [](Time) {});
  auto& bbr = flow->controller();
  auto window = bbr.window();
  CHECK(window > 20'000);
  bbr.onTimeout(start + 3s);
  CHECK(bbr.window() == 1'140);
  bbr.onSpuriousLoss(start + 3s);
  CHECK(bbr.window() == window);
}

TEST_CASE("losses among packets that come in time do not slow BBR down, losses among late ones do") {
  for (bool late : {false, true}) {
    Path path(tenMegabits());
    auto flow = makeFlow(path, Kind::Bbr);
    Time start{1s};
    flow->start(start);
    auto& bbr = static_cast<Bbr&>(flow->controller());
    Time now = start;
    run(path, {flow.get()}, start, start + 20s, 1ms, [&](Time at) { now = at; });
    // A round of acknowledgements of which each twentieth packet is lost.
    std::uint64_t delivered = 10'000'000, lost = 100'000;
    auto inFlight = bbr.window();
    double bandwidth = bbr.bandwidth();
    for (int round = 0; round < 10; ++round)
      for (int i = 0; i < 40; ++i) {
        now += 1ms;
        congestion::SentState sent;
        sent.sentAt = now - 40ms;
        sent.delivered = delivered - 40'000;
        sent.lost = lost - 2'000;
        sent.inFlight = static_cast<std::uint32_t>(inFlight);
        congestion::Ack ack;
        if (i % 20 == 0) {
          lost += 1'000;
          ack.lost = 1'000;
          bbr.onLoss({now, 1'000, sent, lost, inFlight, delivered});
        }
        delivered += 1'000;
        ack.now = now;
        ack.acked = 1'000;
        ack.inFlightBefore = ack.inFlight = inFlight;
        ack.rtt = late ? 60ms : 40ms;
        ack.minRtt = 40ms;
        ack.smoothedRtt = *ack.rtt;
        ack.rate.hasData = true;
        ack.rate.bytesPerSecond = 0.8 * bandwidth;
        ack.rate.priorDelivered = sent.delivered;
        ack.rate.delivered = 40'000;
        ack.rate.lost = 2'000;
        ack.rate.inFlightAtSend = sent.inFlight;
        ack.rate.newestSentAt = sent.sentAt;
        ack.delivered = delivered;
        bbr.onAck(ack);
      }
    if (late)
      CHECK(bbr.bandwidth() < 0.9 * bandwidth);
    else
      CHECK(bbr.bandwidth() == Approx(bandwidth));
  }
}
