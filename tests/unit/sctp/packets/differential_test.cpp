// The same operations, from seeds, on each pair of engines over the same kind of path: what must arrive arrives, in
// order, once; what is reset is reset; and at last both are closed.
#include "network.hpp"

#include <map>
#include <set>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

namespace {

constexpr std::uint16_t streams = 6;

struct Operation {
  enum Kind { Send, Reset, Pause, Resume } kind = Send;
  std::size_t side = 0;
  std::uint16_t stream = 0;
  std::size_t size = 0;
  Reliability reliability{};
  Duration after{};
};

struct Script {
  double loss = 0;
  Duration jitter{};
  std::vector<Operation> operations;

  explicit Script(std::uint64_t seed) {
    base::SeededRandom random(seed);
    loss = std::array{0.0, 0.02, 0.1}[seed % 3];
    jitter = std::array{0ms, 5ms, 30ms}[seed / 3 % 3];
    const auto largest = std::array<std::size_t, 3>{300, 3'000, 40'000}[seed / 9 % 3];
    for (unsigned i = 0; i < 60; ++i) {
      Operation op;
      op.side = random.below(2);
      op.stream = static_cast<std::uint16_t>(random.below(streams));
      op.after = Duration(std::chrono::milliseconds(random.below(3) == 0 ? random.below(60) : 0));
      switch (random.below(20)) {
        case 0:
          op.kind = Operation::Reset;
          break;
        case 1:
          op.kind = Operation::Pause;
          break;
        case 2:
        case 3:
          op.kind = Operation::Resume;
          break;
        default:
          op.size = 4 + random.below(largest);
          op.reliability.ordered = random.below(3) != 0;
          if (const auto how = random.below(6); how == 0)
            op.reliability.maxRetransmits = static_cast<std::uint16_t>(random.below(4));
          else if (how == 1)
            op.reliability.maxPacketLifeTime = static_cast<std::uint16_t>(10 + random.below(200));
      }
      operations.push_back(op);
    }
  }
};

const char* nameOf(Engine engine) { return engine == Engine::Native ? "native" : "usrsctp"; }

struct Run {
  Network net;
  base::SeededRandom random;
  bool lossy = true;
  struct Sent {
    std::size_t side;
    std::uint16_t stream;
    Reliability reliability;
    std::size_t size;
  };
  std::map<std::uint32_t, Sent> sent{};
  std::array<std::set<std::uint16_t>, 2> resetting{};
  std::array<std::map<std::uint16_t, unsigned>, 2> resets{};  ///< Asked for, by stream.
  std::array<std::size_t, 2> looked{};

  Run(const Script& script, std::uint64_t seed, Engine a, Engine b, const Config& config)
      : net(config, seed, a, b), random(seed) {
    net.path = [this, &script](std::size_t, std::size_t, const PacketBytes& packet) {
      std::vector<Network::Arrival> arrivals;
      if (lossy && random.unit() < script.loss) return arrivals;
      const auto jitter = [&] {
        return script.jitter == Duration{} ? Duration{} : Duration(random.below(static_cast<std::uint64_t>(script.jitter.count())));
      };
      arrivals.push_back({Network::delay + jitter(), packet});
      if (lossy && random.below(100) == 0) arrivals.push_back({Network::delay + jitter(), packet});
      return arrivals;
    };
  }

  bool up() const {
    return net.sides[0].has<Association::Connected>() && net.sides[1].has<Association::Connected>();
  }
  /// Streams whose reset is done can be used again.
  void look() {
    for (std::size_t side = 0; side < 2; ++side) {
      auto& events = net.sides[side].events;
      for (; looked[side] < events.size(); ++looked[side]) {
        const auto* done = std::get_if<Association::OutgoingStreamsReset>(&events[looked[side]]);
        if (!done) continue;
        CHECK_FALSE(done->refused);
        for (auto stream : done->streams) resetting[side].erase(stream);
      }
    }
  }
  void perform(const Operation& op) {
    look();
    auto& side = net.sides[op.side];
    switch (op.kind) {
      case Operation::Pause:
        side.reads = false;
        break;
      case Operation::Resume:
        side.reads = true;
        break;
      case Operation::Reset:
        // One at a time, as the channels above do it.
        if (!resetting[op.side].empty()) break;
        resetting[op.side].insert(op.stream);
        ++resets[op.side][op.stream];
        side->resetStreams({op.stream}, net.now());
        break;
      case Operation::Send: {
        if (resetting[op.side].count(op.stream)) break;
        const auto number = static_cast<std::uint32_t>(sent.size());
        auto message = numbered(op.stream, number, op.size);
        const auto result = side->send(op.stream, message.ppid, std::move(message.bytes), op.reliability, net.now());
        REQUIRE(result == SendResult::Sent);
        sent[number] = {op.side, op.stream, op.reliability, std::max<std::size_t>(op.size, 4)};
        break;
      }
    }
    if (op.after > Duration{}) net.run(op.after);
  }
  bool allArrived() {
    look();
    if (!resetting[0].empty() || !resetting[1].empty()) return false;
    std::array<std::set<std::uint32_t>, 2> got;
    for (std::size_t side = 0; side < 2; ++side)
      for (const auto& message : net.sides[side].messages) got[side].insert(base::load32(message.bytes.data()));
    for (const auto& [number, how] : sent) {
      const bool reliable = !how.reliability.maxRetransmits && !how.reliability.maxPacketLifeTime;
      if (reliable && got[1 - how.side].count(number) == 0) return false;
    }
    return true;
  }
  void check() {
    for (std::size_t side = 0; side < 2; ++side) {
      std::set<std::uint32_t> seen;
      std::map<std::uint16_t, std::uint32_t> last;
      for (const auto& message : net.sides[side].messages) {
        const auto number = base::load32(message.bytes.data());
        INFO("message " << number << " at side " << side);
        REQUIRE(sent.count(number) == 1);
        const auto& how = sent.at(number);
        REQUIRE(how.side == 1 - side);
        REQUIRE(how.stream == message.stream);
        REQUIRE(seen.insert(number).second);
        REQUIRE(message.bytes == numbered(how.stream, number, how.size).bytes);
        if (!how.reliability.ordered) continue;
        if (last.count(how.stream)) REQUIRE(last[how.stream] < number);
        last[how.stream] = number;
      }
      std::map<std::uint16_t, unsigned> incoming;
      for (const auto& event : net.sides[side].events)
        if (const auto* reset = std::get_if<Association::IncomingStreamsReset>(&event))
          for (auto stream : reset->streams) ++incoming[stream];
      REQUIRE(incoming == resets[1 - side]);
      REQUIRE_FALSE(net.sides[side].has<Association::Failed>());
    }
  }
};

void compare(Engine a, Engine b, std::uint64_t seeds) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO(nameOf(a) << " and " << nameOf(b) << ", seed " << seed);
    const Script script(seed);
    Config config;
    config.streams = 16;
    config.remoteMaxMessageSize = 262'144;
    config.interleaving = seed % 2 == 0;
    config.zeroChecksum = seed % 4 < 2;
    Run run(script, seed, a, b, config);
    run.net.connect();
    REQUIRE(run.net.run(60s, [&] { return run.up(); }));
    for (const auto& operation : script.operations) run.perform(operation);
    for (auto& side : run.net.sides) side.reads = true;
    run.net.run(2s);
    run.lossy = false;
    REQUIRE(run.net.run(120s, [&] { return run.allArrived(); }));
    run.net.run(5s);
    run.net.sides[seed % 2]->shutdown(run.net.now());
    REQUIRE(run.net.run(120s, [&] {
      return run.net.sides[0].has<Association::Closed>() && run.net.sides[1].has<Association::Closed>();
    }));
    run.check();
  }
}

}  // namespace

TEST_CASE("random operations between two of the native engine") { compare(Engine::Native, Engine::Native, 162); }
TEST_CASE("random operations from the native engine to usrsctp") { compare(Engine::Native, Engine::Usrsctp, 81); }
TEST_CASE("random operations from usrsctp to the native engine") { compare(Engine::Usrsctp, Engine::Native, 81); }
TEST_CASE("random operations between two of usrsctp") { compare(Engine::Usrsctp, Engine::Usrsctp, 27); }
