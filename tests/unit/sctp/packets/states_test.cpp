// All that can happen to the packets of the handshake and of the shutdown, in any order, within bounds: no state is one
// from which an honest path does not lead on.
#include "network.hpp"

#include <set>
#include <string_view>
#include <unordered_set>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

namespace {

/// What can happen next.
struct Step {
  enum Kind : std::uint8_t { Deliver, Lose, Repeat, Timer, ConnectB, ShutdownA, ShutdownB } kind = Deliver;
  std::uint8_t packet = 0;
};

/// Two ends, and the packets between them in no order.
class World {
 public:
  World() : a_(config(), randomA_, pool_), b_(config(), randomB_, pool_) {}

  static Config config() {
    Config config;
    config.streams = 4;
    config.heartbeatInterval = Duration::max();
    return config;
  }

  void start() {
    a_.connect(now_);
    drain();
  }
  void establish() {
    start();
    apply({Step::ConnectB, 0});
    settle(10s);
    events_.clear();
  }

  void apply(const Step& step) {
    switch (step.kind) {
      case Step::Deliver: {
        const auto packet = flying_[step.packet];
        flying_.erase(flying_.begin() + step.packet);
        deliver(packet);
        break;
      }
      case Step::Lose:
        flying_.erase(flying_.begin() + step.packet);
        ++faults_;
        break;
      case Step::Repeat: {
        const auto packet = flying_[step.packet];
        deliver(packet);
        ++faults_;
        break;
      }
      case Step::Timer:
        now_ = std::min(a_.deadline(), b_.deadline());
        a_.advance(now_);
        b_.advance(now_);
        ++timers_;
        break;
      case Step::ConnectB:
        b_.connect(now_);
        connected_ = true;
        break;
      case Step::ShutdownA:
        a_.shutdown(now_);
        shutA_ = true;
        break;
      case Step::ShutdownB:
        b_.shutdown(now_);
        shutB_ = true;
        break;
    }
    drain();
  }

  std::vector<Step> steps(unsigned faults, unsigned timers, bool shutdown) const {
    std::vector<Step> found;
    for (std::uint8_t i = 0; i < flying_.size(); ++i) {
      found.push_back({Step::Deliver, i});
      if (faults_ >= faults) continue;
      found.push_back({Step::Lose, i});
      found.push_back({Step::Repeat, i});
    }
    if (timers_ < timers && std::min(a_.deadline(), b_.deadline()) != never) found.push_back({Step::Timer, 0});
    if (!connected_) found.push_back({Step::ConnectB, 0});
    if (shutdown && !shutA_) found.push_back({Step::ShutdownA, 0});
    if (shutdown && !shutB_) found.push_back({Step::ShutdownB, 0});
    return found;
  }

  /// Two worlds with the same key have the same future, as far as it matters here. Which of the tags that were made up is
  /// meant counts, not their values, nor when a cookie was made.
  std::string key() const {
    std::multiset<std::string> packets;
    for (const auto& packet : flying_) packets.insert(describe(packet));
    std::string text = states() + '/' + std::to_string(faults_) + '/' + std::to_string(timers_) + '/' +
                       std::to_string(connected_) + std::to_string(shutA_) + std::to_string(shutB_);
    text += a_.deadline() == never ? '-' : a_.deadline() <= b_.deadline() ? 'a' : 'b';
    text += b_.deadline() == never ? '-' : b_.deadline() <= a_.deadline() ? 'b' : 'a';
    for (const auto& packet : packets) text += '/' + packet;
    return text;
  }

  /// From here on the path is honest: first in, first out, nothing lost.
  void settle(Duration duration) {
    const auto end = now_ + duration;
    for (unsigned i = 0; i < 10'000; ++i) {
      if (!flying_.empty()) {
        now_ += 1ms;
        apply({Step::Deliver, 0});
        continue;
      }
      const auto next = std::min(a_.deadline(), b_.deadline());
      if (next > end) {
        now_ = end;
        return;
      }
      now_ = std::max(now_, next);
      a_.advance(now_);
      b_.advance(now_);
      drain();
    }
    FAIL("it goes round in circles: " << a_.stateName() << ' ' << b_.stateName());
  }

  bool inStates(std::string_view a, std::string_view b) const { return a_.stateName() == a && b_.stateName() == b; }
  std::string states() const { return std::string(a_.stateName()) + " / " + b_.stateName(); }
  bool closed() const {
    return std::count_if(events_.begin(), events_.end(),
                         [](const auto& e) { return std::holds_alternative<Association::Closed>(e); }) == 2;
  }
  /// A message each way.
  bool talks() {
    const std::vector<std::uint8_t> hello{1, 2, 3};
    if (a_.send(0, Ppid::Binary, base::Bytes(hello), {}, now_) != SendResult::Sent) return false;
    if (b_.send(1, Ppid::Binary, base::Bytes(hello), {}, now_) != SendResult::Sent) return false;
    drain();
    settle(20s);
    return received_ == 2;
  }
  bool connected() const { return connected_; }
  bool shutA() const { return shutA_; }

 private:
  void deliver(const PacketBytes& packet) {
    // Which end it is for: the ports tell.
    const bool toA = base::load16(packet.data() + 2) == 1;
    (toA ? static_cast<Association&>(a_) : b_).handle(wirePorts(packet), now_);
  }
  /// Whose tag it is: that of the first INIT of an end, none, or another.
  char owner(std::uint32_t tag) const {
    if (tag == 0) return '0';
    return tag == tags_[0] ? 'A' : tag == tags_[1] ? 'B' : '?';
  }
  std::string describe(const PacketBytes& packet) const {
    std::string text = std::to_string(base::load16(&packet[2])) + owner(base::load32(&packet[4]));
    wire::ChunkReader chunks(base::Bytes(packet).subspan(wire::commonHeaderSize));
    while (const auto chunk = chunks.next()) {
      text += '.' + std::to_string(static_cast<int>(chunk->type));
      const auto* value = chunk->value.data();
      if (chunk->type == wire::ChunkType::Init || chunk->type == wire::ChunkType::InitAck)
        text += owner(base::load32(value));
      // The cookie of the native engine: time, local tag, local TSN, peer's tag.
      if (chunk->type == wire::ChunkType::CookieEcho)
        text += {owner(base::load32(value + 8)), owner(base::load32(value + 16))};
    }
    return text;
  }
  static PacketBytes wirePorts(const PacketBytes& packet) {
    auto bytes = packet;
    base::store16(&bytes[0], 5000);
    base::store16(&bytes[2], 5000);
    return base::load32(&bytes[8]) == 0 ? bytes : sealed(std::move(bytes));
  }
  void drain() {
    drain(a_, 2);
    drain(b_, 1);
  }
  void drain(native::Association& end, std::uint16_t destination) {
    while (true) {
      if (end.receive(now_)) ++received_;
      auto output = end.poll();
      if (!output) return;
      if (auto* transmit = std::get_if<Association::Transmit>(&*output)) {
        const auto bytes = transmit->packet.bytes();
        flying_.emplace_back(bytes.begin(), bytes.end());
        base::store16(&flying_.back()[2], destination);
        if (flying_.back()[wire::commonHeaderSize] == static_cast<std::uint8_t>(wire::ChunkType::Init))
          tags_[destination == 2 ? 0 : 1] = base::load32(&flying_.back()[wire::commonHeaderSize + 4]);
      } else {
        events_.push_back(std::move(*output));
      }
    }
  }

  base::SeededRandom randomA_{1}, randomB_{2};
  base::PacketPool pool_;
  Time now_{1s};
  native::Association a_, b_;
  std::vector<PacketBytes> flying_;
  std::vector<Association::Output> events_;
  unsigned faults_ = 0, timers_ = 0;
  bool connected_ = false, shutA_ = false, shutB_ = false;
  unsigned received_ = 0;
  std::array<std::uint32_t, 2> tags_{};
};

/// Goes through all that can happen. `begin` makes the first state, `judge` has to be content with each.
struct Exploration {
  unsigned faults;
  unsigned timers;
  bool shutdown;
  std::function<void(World&)> begin;
  std::function<bool(World&)> judge;
  std::unordered_set<std::size_t> seen{};
  std::vector<Step> path{};

  std::unique_ptr<World> replay() const {
    auto world = std::make_unique<World>();
    begin(*world);
    for (const auto& step : path) world->apply(step);
    return world;
  }
  void explore() {
    auto world = replay();
    if (!seen.insert(std::hash<std::string>{}(world->key())).second) return;
    const auto steps = world->steps(faults, timers, shutdown);
    {
      std::string told;
      for (const auto& step : path) told += std::to_string(step.kind) + '.' + std::to_string(step.packet) + ' ';
      const auto before = world->states();
      const bool content = judge(*world);
      INFO("after " << told << "in " << before << ", then " << world->states());
      REQUIRE(content);
    }
    if (path.size() >= 24) return;
    for (const auto& step : steps) {
      path.push_back(step);
      explore();
      path.pop_back();
    }
  }
};

}  // namespace

TEST_CASE("whatever happens to a few packets of the handshake, both ends are up in the end and can talk") {
  const auto [faults, timers] = GENERATE(std::pair{0u, 2u}, std::pair{1u, 1u}, std::pair{2u, 0u});
  Exploration handshake{faults, timers, false, [](World& world) { world.start(); },
                        [](World& world) {
                          if (!world.connected()) return true;
                          world.settle(30s);
                          return world.inStates("ESTABLISHED", "ESTABLISHED") && world.talks();
                        }};
  handshake.explore();
  WARN(handshake.seen.size() << " states of the handshake with " << faults << " faults and " << timers << " timers");
  CHECK(handshake.seen.size() > 50);
}

TEST_CASE("whatever happens to a few packets of the shutdown, both ends are closed in the end") {
  const auto [faults, timers] = GENERATE(std::pair{0u, 3u}, std::pair{1u, 1u}, std::pair{2u, 0u});
  Exploration shutdown{faults, timers, true, [](World& world) { world.establish(); },
                       [](World& world) {
                         if (!world.shutA()) return true;
                         world.settle(60s);
                         return world.inStates("ENDED", "ENDED") && world.closed();
                       }};
  shutdown.explore();
  WARN(shutdown.seen.size() << " states of the shutdown with " << faults << " faults and " << timers << " timers");
  CHECK(shutdown.seen.size() > 50);
}
