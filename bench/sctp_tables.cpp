// The tables of docs/sctp.md: what the engines make of a path, and what they cost. Paths are simulated and in virtual
// time: the figures of tables 1 to 3 are the same on every machine. Table 4 is CPU time of this one.
//
// Each cell runs in a process of its own, since usrsctp has one state for a process.

#include "support/bottleneck/book.hpp"
#include "support/bottleneck/engine_flow.hpp"
#include "support/bottleneck/model_flow.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::bottleneck;
using namespace std::chrono_literals;

namespace {

struct Options {
  std::set<std::string> tables;
  bool quick = false;
  double rate = 0;
  int seconds = 0;
  Duration offset = 2s;
  std::vector<Engine> engines;
  bool wants(const char* table) const { return tables.empty() || tables.count(table); }
};

const std::vector<std::pair<std::string, Engine>> allEngines = {{"tolerant", Engine::NativeTolerant},
                                                               {"bbr", Engine::NativeBbr},
                                                               {"cubic", Engine::NativeCubic},
                                                               {"usrsctp", Engine::Usrsctp}};

/// What `work` returns, computed by a child process. Empty if it died.
std::vector<double> inChild(const std::function<std::vector<double>()>& work) {
  int ends[2];
  if (pipe(ends) != 0) std::abort();
  std::fflush(stdout);
  auto child = fork();
  if (child == 0) {
    close(ends[0]);
    auto results = work();
    auto size = static_cast<ssize_t>(results.size() * sizeof(double));
    _exit(write(ends[1], results.data(), static_cast<std::size_t>(size)) == size ? 0 : 1);
  }
  close(ends[1]);
  std::vector<double> results;
  double value;
  while (read(ends[0], &value, sizeof value) == sizeof value) results.push_back(value);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return results;
}

double percentile(std::vector<double>& values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

constexpr Duration startUp = 5s;
const Time begin{1s};

/// At least two bandwidth-delay products and the queue.
std::size_t windowFor(const PathConfig& path) {
  return std::max<std::size_t>(2'097'152, static_cast<std::size_t>(4 * path.bdpBytes()));
}

struct Alone {
  double share = 0;             ///< Of what headers leave for payload.
  double queueP50 = 0, queueP95 = 0;      ///< Milliseconds.
  double latencyP50 = 0, latencyP95 = 0;  ///< Of small messages beside it.
};

Alone runAlone(Engine engine, const PathConfig& config, Duration measure) {
  auto values = inChild([&] {
    Path path(config);
    Associations associations(engine);
    EngineConfig ends;
    ends.window = windowFor(config);
    ends.probeInterval = 100ms;
    EngineFlow flow(path, associations, ends);
    flow.start(begin);
    double before = -1;
    std::vector<double> delays;
    run(path, {&flow}, begin, begin + startUp + measure, 1ms, [&](Time now) {
      if (now < begin + startUp) return;
      if (before < 0) {
        before = static_cast<double>(flow.received());
        flow.latencies().clear();
      }
      delays.push_back(std::chrono::duration<double, std::milli>(path.queueDelay(now)).count());
    });
    double rate = (static_cast<double>(flow.received()) - before) / std::chrono::duration<double>(measure).count();
    auto& latencies = flow.latencies();
    return std::vector<double>{rate / flow.payloadRate(), percentile(delays, 0.5), percentile(delays, 0.95),
                               percentile(latencies, 0.5), percentile(latencies, 0.95)};
  });
  if (values.size() != 5) return {};
  return {values[0], values[1], values[2], values[3], values[4]};
}

PathConfig pathOf(double megabits, Duration rtt, double queueBdp, Loss loss = {}) {
  PathConfig config{megabits * 1e6, rtt, 0, loss, 1};
  // Two packets at least, or nothing gets through.
  config.queueBytes = std::max(queueBdp * config.bdpBytes(), 3'000.0);
  return config;
}

void goodput(const Options& options) {
  std::printf("## 1. Goodput, per cent of what headers leave for payload");
  for (std::size_t i = 0; i < options.engines.size(); ++i)
    std::printf("%s %s", i == 0 ? ":" : " /", nameOf(options.engines[i]));
  std::printf("\n\n");
  std::printf("| rate, queue | round trip | no loss | 0.1 %% | 1 %% | 5 %% | 1 %% in bursts of 10 |\n");
  std::printf("|---|---|---|---|---|---|---|\n");
  const Loss losses[] = {{0, 1}, {0.001, 1}, {0.01, 1}, {0.05, 1}, {0.01, 10}};
  for (double megabits : {20.0, 100.0, 1'000.0}) {
    if (options.rate != 0 && megabits != options.rate) continue;
    if (options.quick && megabits > 20) continue;
    for (double queue : {0.5, 2.0})
      for (auto rtt : {10ms, 50ms, 100ms, 200ms}) {
        if (options.quick && rtt != 50ms) continue;
        std::printf("| %.0f Mbit/s, %.1f BDP | %d ms |", megabits, queue, static_cast<int>(rtt.count()));
        for (auto& loss : losses) {
          const char* separator = " ";
          for (auto engine : options.engines) {
            auto path = pathOf(megabits, rtt, queue, loss);
            auto result = runAlone(engine, path, std::chrono::seconds(options.seconds));
            std::printf("%s%.1f", separator, 100 * result.share);
            std::fflush(stdout);
            separator = " / ";
          }
          std::printf(" |");
        }
        std::printf("\n");
      }
  }
  std::printf("\n");
}

void delay(const Options& options) {
  std::printf("## 2. Delay that a bulk transfer adds, ms: in the queue p50 / p95; a message of 64 bytes beside it, "
              "above half the round trip, p50 / p95\n\n");
  std::printf("| rate, round trip, queue |");
  for (auto engine : options.engines) std::printf(" %s: queue | message |", nameOf(engine));
  std::printf("\n|---|");
  for (std::size_t i = 0; i < options.engines.size(); ++i) std::printf("---|---|");
  std::printf("\n");
  for (double megabits : {20.0, 100.0})
    for (auto rtt : {10ms, 50ms, 200ms})
      for (double queue : {0.5, 2.0}) {
        if (options.quick && (megabits > 20 || rtt != 50ms)) continue;
        std::printf("| %.0f Mbit/s, %d ms, %.1f BDP |", megabits, static_cast<int>(rtt.count()), queue);
        for (auto engine : options.engines) {
          auto result = runAlone(engine, pathOf(megabits, rtt, queue), std::chrono::seconds(options.seconds));
          double half = std::chrono::duration<double, std::milli>(rtt).count() / 2;
          std::printf(" %.1f / %.1f | %.1f / %.1f |", result.queueP50, result.queueP95, result.latencyP50 - half,
                      result.latencyP95 - half);
          std::fflush(stdout);
        }
        std::printf("\n");
      }
  std::printf("\n");
}

enum class Other { Same, Cubic, Reno };

/// Shares of the path, per cent: of ours and of the other, which begins `offset` later. No engine: CUBIC by the book is
/// in its place, for comparison.
std::vector<double> runBeside(std::optional<Engine> engine, Other other, const PathConfig& config, Duration measure,
                              Duration offset) {
  return inChild([&] {
    Path path(config);
    Associations associations(engine.value_or(Engine::NativeCubic));
    EngineConfig ends;
    ends.window = windowFor(config);
    ModelConfig kernel;
    kernel.payload = 1'448;
    kernel.headers = 52;
    kernel.paced = false;
    auto make = [&](Other which) -> std::unique_ptr<Flow> {
      if (which == Other::Reno)
        return std::make_unique<ModelFlow>(path, std::make_unique<BookReno>(kernel.payload), kernel);
      if (which == Other::Cubic || !engine)
        return std::make_unique<ModelFlow>(path, std::make_unique<BookCubic>(kernel.payload), kernel);
      return std::make_unique<EngineFlow>(path, associations, ends);
    };
    const auto first = make(Other::Same);
    const auto second = make(other);
    first->start(begin);
    run(path, {first.get()}, begin, begin + offset, 1ms, [](Time) {});
    second->start(begin + offset);
    // The steady state: Reno takes 50 s to grow by half a window of 1000 packets, one in each round trip of 100 ms.
    auto settled = begin + 60s;
    double before[2] = {-1, -1};
    run(path, {first.get(), second.get()}, begin + offset, settled + measure, 1ms, [&](Time now) {
      if (now < settled || before[0] >= 0) return;
      before[0] = static_cast<double>(first->received());
      before[1] = static_cast<double>(second->received());
    });
    double seconds = std::chrono::duration<double>(measure).count() * config.bitsPerSecond / 8;
    return std::vector<double>{100 * (static_cast<double>(first->received()) - before[0]) / seconds,
                               100 * (static_cast<double>(second->received()) - before[1]) / seconds};
  });
}

void fairness(const Options& options) {
  std::printf("## 3. Fairness: shares of the path in per cent, a queue of one BDP, ours : the other\n\n");
  std::printf("| ours | rate, round trip | another of ours | CUBIC by the book | Reno by the book |\n");
  std::printf("|---|---|---|---|---|\n");
  std::vector<std::optional<Engine>> rows(options.engines.begin(), options.engines.end());
  rows.push_back(std::nullopt);
  for (auto engine : rows)
    for (double megabits : {20.0, 100.0})
      for (auto rtt : {20ms, 50ms, 100ms}) {
        if (options.quick && (megabits > 20 || rtt != 50ms)) continue;
        std::printf("| %s | %.0f Mbit/s, %d ms |", engine ? nameOf(*engine) : "CUBIC by the book", megabits,
                    static_cast<int>(rtt.count()));
        for (auto other : {Other::Same, Other::Cubic, Other::Reno}) {
          auto shares = runBeside(engine, other, pathOf(megabits, rtt, 1), 4 * std::chrono::seconds(options.seconds),
                                  options.offset);
          if (shares.size() == 2) std::printf(" %.1f : %.1f |", shares[0], shares[1]);
          std::fflush(stdout);
        }
        std::printf("\n");
      }
  std::printf("\n");
}

double cpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void pass(Engine engine, Time now) {
  if (engine == Engine::Usrsctp) parley::test::setVirtualTime(now);
}

/// Two ends without a path: what one says, the other hears at once.
struct Pair {
  Pair(Associations& associations, std::size_t window) {
    sctp::Config config;
    config.maxMessageSize = config.remoteMaxMessageSize = 262'144;
    config.sendBuffer = config.receiveBuffer = window;
    a = associations.make(config);
    b = associations.make(config);
  }
  void connect(Time now) {
    a->connect(now);
    b->connect(now);
    exchange(now);
  }
  void exchange(Time now) {
    while (move(*a, *b, now, true) | move(*b, *a, now, false)) {
    }
  }
  /// All that A has to say, and 100 microseconds later all that B answers: a round trip of that.
  void step(Engine engine, Time& now) {
    for (bool fromA : {true, false}) {
      now += 100us;
      pass(engine, now);
      a->advance(now);
      b->advance(now);
      move(fromA ? *a : *b, fromA ? *b : *a, now, fromA);
    }
  }
  bool move(sctp::Association& from, sctp::Association& to, Time now, bool fromA) {
    bool any = false;
    while (auto output = from.poll()) {
      any = true;
      if (auto* transmit = std::get_if<sctp::Association::Transmit>(&*output))
        to.handle(transmit->packet.bytes(), now);
      else if (auto* sent = std::get_if<sctp::Association::Sent>(&*output))
        unsent -= fromA ? sent->bytes : 0;
      else if (std::holds_alternative<sctp::Association::Connected>(*output))
        up += fromA ? 1 : 0;
    }
    while (auto message = from.receive(now)) {
      any = true;
      received += message->bytes.size();
    }
    return any;
  }
  std::unique_ptr<sctp::Association> a, b;
  std::size_t unsent = 0;
  std::size_t received = 0;
  int up = 0;
};

double secondsPerGigabyte(Engine engine, std::size_t messageSize, std::size_t total) {
  auto values = inChild([&] {
    Associations associations(engine);
    Pair pair(associations, 2'097'152);
    Time now = begin;
    pass(engine, now);
    pair.connect(now);
    const std::size_t warm = total / 10;
    double before = 0;
    std::size_t from = 0;
    while (pair.up && pair.received < warm + total) {
      if (before == 0 && pair.received >= warm) {
        before = cpuSeconds();
        from = pair.received;
      }
      while (pair.unsent < 262'144 &&
             pair.a->send(1, sctp::Ppid::Binary, std::vector<std::uint8_t>(messageSize), {}, now) ==
                 sctp::SendResult::Sent)
        pair.unsent += messageSize;
      pair.step(engine, now);
    }
    return std::vector<double>{(cpuSeconds() - before) / static_cast<double>(pair.received - from) * 1e9};
  });
  return values.empty() ? 0 : values[0];
}

/// CPU microseconds of a set-up, both ends, while `open` others are.
double setUp(Engine engine, int open, int count) {
  auto values = inChild([&] {
    Associations associations(engine);
    Time now = begin;
    pass(engine, now);
    std::vector<Pair> pairs;
    pairs.reserve(static_cast<std::size_t>(open + count));
    for (int i = 0; i < open; ++i) pairs.emplace_back(associations, 131'072).connect(now);
    double before = cpuSeconds();
    for (int i = 0; i < count; ++i) pairs.emplace_back(associations, 131'072).connect(now);
    double took = cpuSeconds() - before;
    int up = 0;
    for (auto& pair : pairs) up += pair.up;
    std::vector<double> result;
    if (up == open + count) result.push_back(took / count * 1e6);
    // Without their burial: usrsctp's takes minutes.
    for (auto& pair : pairs) {
      static_cast<void>(pair.a.release());
      static_cast<void>(pair.b.release());
    }
    return result;
  });
  return values.empty() ? 0 : values[0];
}

/// CPU milliseconds of a minute in which `count` associations, both ends, have nothing to do, and how often anything was
/// called for it. They have been idle for ten seconds before.
std::vector<double> idleMinute(Engine engine, int count) {
  auto values = inChild([&] {
    Associations associations(engine);
    Time now = begin;
    pass(engine, now);
    std::vector<Pair> pairs;
    pairs.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) pairs.emplace_back(associations, 131'072).connect(now);
    std::multimap<Time, std::size_t> wakes;
    // One end of usrsctp's speaks for all: they have one clock.
    const std::size_t alarms = engine == Engine::Usrsctp ? 1 : 2 * pairs.size();
    auto end = [&](std::size_t i) -> sctp::Association& { return i % 2 ? *pairs[i / 2].b : *pairs[i / 2].a; };
    for (std::size_t i = 0; i < alarms; ++i) wakes.emplace(end(i).deadline(), i);
    double before = 0;
    double called = 0;
    const Time from = begin + 10s;
    while (!wakes.empty() && wakes.begin()->first < from + 60s) {
      auto [due, i] = *wakes.begin();
      wakes.erase(wakes.begin());
      now = std::max(now, due);
      if (before == 0 && now >= from) {
        before = cpuSeconds();
        called = 0;
      }
      if (end(i).deadline() <= now) {
        pass(engine, now);
        end(i).advance(now);
        pairs[i / 2].exchange(now);
        ++called;
        // What it has said may have moved the other's alarm; that it is found too late does no harm here.
      }
      wakes.emplace(end(i).deadline(), i);
    }
    std::vector<double> result{before == 0 ? 0 : (cpuSeconds() - before) * 1e3, called};
    for (auto& pair : pairs) {
      static_cast<void>(pair.a.release());
      static_cast<void>(pair.b.release());
    }
    return result;
  });
  return values.size() == 2 ? values : std::vector<double>{0, 0};
}

void cpu(const Options& options) {
  std::printf("## 4. CPU of the engine alone, both ends\n\n");
  std::printf("| | native | usrsctp | usrsctp / native |\n|---|---|---|---|\n");
  auto row = [](const std::string& what, const std::function<double(Engine)>& measure) {
    std::printf("| %s |", what.c_str());
    double first = 0, last = 0;
    for (auto engine : {Engine::NativeTolerant, Engine::Usrsctp}) {
      last = measure(engine);
      if (engine == Engine::NativeTolerant) first = last;
      std::printf(" %.2f |", last);
      std::fflush(stdout);
    }
    std::printf(" %.1f |\n", first > 0 ? last / first : 0);
  };
  for (std::size_t size : {100u, 300u, 1'000u, 4'096u, 16'384u, 65'536u}) {
    if (options.quick && size != 100 && size != 16'384) continue;
    std::size_t total = (options.quick ? 10'000'000 : 100'000'000) / (size < 1'000 ? 4 : 1);
    row("messages of " + std::to_string(size) + " bytes, s/GB",
        [&](Engine engine) { return secondsPerGigabyte(engine, size, total); });
  }
  row("set-up, µs", [&](Engine engine) { return setUp(engine, 0, options.quick ? 200 : 1'000); });
  if (!options.quick) row("set-up with 10 000 open, µs", [&](Engine engine) { return setUp(engine, 10'000, 200); });
  const int idle = options.quick ? 500 : 10'000;
  row("a minute of " + std::to_string(idle) + " idle ones, ms", [&](Engine engine) { return idleMinute(engine, idle)[0]; });
  row("wake-ups in it", [&](Engine engine) { return idleMinute(engine, idle)[1]; });
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("The tables of docs/sctp.md: what the engines make of a path, and what they cost.");
  std::map<std::string, Engine> engines(allEngines.begin(), allEngines.end());
  auto offset = std::chrono::duration_cast<std::chrono::milliseconds>(options.offset).count();
  app.add_option("tables", options.tables, "all of them by default")
      ->check(CLI::IsMember({"goodput", "delay", "fairness", "cpu"}));
  app.add_flag("--quick", options.quick, "a few cells of each, in a minute");
  app.add_option("--rate", options.rate, "only this rate (Mbit/s) in the table of goodput");
  app.add_option("--engine", options.engines, "only this one, not in the table of CPU; may be repeated")
      ->transform(CLI::CheckedTransformer(engines));
  app.add_option("--seconds", options.seconds, "measured virtual seconds (30, or 10 if quick; four times of it for fairness)");
  app.add_option("--offset", offset, "milliseconds that the second flow of the fairness table begins later")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  options.offset = std::chrono::milliseconds(offset);
  if (options.engines.empty())
    for (auto& [name, engine] : allEngines) options.engines.push_back(engine);
  if (options.seconds == 0) options.seconds = options.quick ? 10 : 30;
  if (options.wants("goodput")) goodput(options);
  if (options.wants("delay")) delay(options);
  if (options.wants("fairness")) fairness(options);
  if (options.wants("cpu")) cpu(options);
}
