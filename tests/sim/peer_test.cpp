// Two data planes over the simulated network, without the W3C's façade: plans are exchanged by hand.

#include "pc/engine_core.hpp"
#include "sim/world.hpp"
#include "support/catch.hpp"
#include "support/sctp_engine.hpp"

#include <map>
#include <string>
#include <vector>

using namespace parley;
using namespace std::chrono_literals;

namespace {

/// One end: its peer, and what it was told.
class End : public pc::PeerObserver, public std::enable_shared_from_this<End> {
 public:
  static std::shared_ptr<End> make(sim::World& world, sim::Host& host, bool offers) {
    auto end = std::shared_ptr<End>(new End(world, host, offers));
    pc::PeerConfig config;
    config.certificate = end->certificate_;
    config.sctpEngine = parley::test::sctpEngine();
    end->handle = host.engine().core().makePeer(config, end);
    return end;
  }

  void onPeerEvent(pc::PeerEvent event) override {
    if (auto* happened = std::get_if<pc::TransportEvent>(&event)) return onTransport(*happened);
    if (auto* message = std::get_if<pc::ChannelMessage>(&event)) {
      received[message->channel] += std::string(message->bytes.begin(), message->bytes.end());
      undelivered += message->bytes.size();
    } else if (auto* opened = std::get_if<pc::ChannelOpened>(&event)) {
      open.push_back(opened->channel);
    } else if (auto* closed = std::get_if<pc::ChannelClosed>(&event)) {
      closedChannels.push_back(closed->channel);
      reasons.push_back(closed->error);
    } else if (auto* drained = std::get_if<pc::ChannelDrained>(&event)) {
      drainedBytes += drained->bytes;
    }
  }
  void onTransport(pc::TransportEvent& happened) {
    if (auto* found = std::get_if<ice::CandidateFound>(&happened.event)) {
      if (remote)
        remote->post([id = happened.transport, candidate = found->candidate](pc::Peer& peer, Time now) {
          peer.addRemoteCandidate(id, candidate, now);
        });
    } else if (auto* state = std::get_if<pc::DtlsStateChanged>(&happened.event)) {
      dtls = state->state;
      dtlsConnected += dtls == dtls::State::Connected;
    } else if (auto* iceState = std::get_if<ice::StateChanged>(&happened.event)) {
      ice = iceState->state;
    }
  }
  bool wantsMessages() const override { return undelivered < limit; }

  /// Commands travel by the engine's mailbox, as the façade's do; signalling takes 20 ms.
  void post(std::function<void(pc::Peer&, Time)> command) {
    world_.after(20ms, [this, command = std::move(command)] {
      handle.post(command);
      host_.run();
    });
  }

  pc::TransportPlan offer() const {
    pc::TransportPlan plan;
    plan.ice.local = credentials;
    plan.ice.role = offers_ ? ice::Role::Controlling : ice::Role::Controlled;
    return plan;
  }
  pc::TransportPlan planWith(const End& other) const {
    auto plan = offer();
    plan.ice.remote = other.credentials;
    plan.dtls =
        pc::TransportPlan::Dtls{offers_ ? dtls::Role::Server : dtls::Role::Client, {other.certificate_->fingerprint()}};
    plan.sctp = pc::TransportPlan::Sctp{};
    return plan;
  }

  pc::PeerHandle handle;
  End* remote = nullptr;
  ice::Credentials credentials;
  std::vector<sctp::ChannelId> open, closedChannels;
  std::vector<std::string> reasons;  ///< Why those were closed.
  std::map<sctp::ChannelId, std::string> received;
  std::size_t undelivered = 0, limit = SIZE_MAX, drainedBytes = 0;
  dtls::State dtls = dtls::State::New;
  int dtlsConnected = 0;
  ice::State ice = ice::State::New;

 private:
  End(sim::World& world, sim::Host& host, bool offers) : world_(world), host_(host), offers_(offers) {
    credentials = ice::makeCredentials(world.random());
    certificate_ = *dtls::Certificate::generate(dtls::KeyType::EcdsaP256, world.random(), 1'767'225'600s);
  }
  sim::World& world_;
  sim::Host& host_;
  bool offers_;
  std::shared_ptr<const dtls::Certificate> certificate_;
};

struct Pair {
  explicit Pair(std::uint64_t seed = 1) : world(seed) {
    a->remote = b.get();
    b->remote = a.get();
  }
  ~Pair() {
    a->handle.close();
    b->handle.close();
    world.runFor(1s);
  }
  void signal() {
    a->handle.post([plan = a->offer()](pc::Peer& peer, Time now) { peer.apply({plan}, now); });
    b->post([plan = b->planWith(*a)](pc::Peer& peer, Time now) { peer.apply({plan}, now); });
    world.after(20ms,
                [this] { a->post([plan = a->planWith(*b)](pc::Peer& peer, Time now) { peer.apply({plan}, now); }); });
  }

  sim::World world;
  sim::Host& hostA = world.addHost("a", {IpAddress::v4(10, 0, 0, 1)});
  sim::Host& hostB = world.addHost("b", {IpAddress::v4(10, 0, 0, 2)});
  std::shared_ptr<End> a = End::make(world, hostA, true), b = End::make(world, hostB, false);
};

constexpr sctp::ChannelId first{1}, second{2};

sctp::Parameters named(std::string label) {
  sctp::Parameters parameters;
  parameters.label = std::move(label);
  return parameters;
}

}  // namespace

TEST_CASE("two peers connect and a message passes") {
  Pair pair;
  pair.a->handle.post([](pc::Peer& peer, Time now) { peer.openChannel(first, named("chat"), now); });
  pair.signal();
  REQUIRE(pair.world.runUntil([&] { return !pair.a->open.empty() && !pair.b->open.empty(); }, 5s));
  INFO("connected after " << std::chrono::duration<double>(pair.world.elapsed()).count() << " s");
  CHECK(pair.world.elapsed() < 400ms);

  pair.a->handle.post([](pc::Peer& peer, Time now) { peer.send(first, true, {'h', 'i'}, now); });
  const auto remote = pair.b->open[0];
  REQUIRE(pair.world.runUntil([&] { return pair.b->received[remote] == "hi"; }, 1s));
  CHECK(pair.a->drainedBytes == 2);
}

TEST_CASE("a slow reader holds the sender up, and nothing is lost") {
  Pair pair;
  pair.b->limit = 100'000;
  pair.a->handle.post([](pc::Peer& peer, Time now) { peer.openChannel(first, named("bulk"), now); });
  pair.signal();
  REQUIRE(pair.world.runUntil([&] { return !pair.b->open.empty(); }, 5s));
  constexpr std::size_t size = 16'384, count = 640;  // 10 MiB
  pair.a->handle.post([](pc::Peer& peer, Time now) {
    for (std::size_t i = 0; i < count; ++i) peer.send(first, false, std::vector<std::uint8_t>(size, 'x'), now);
  });
  pair.world.runFor(10s);
  CHECK(pair.b->undelivered < 200'000);
  CHECK(pair.a->drainedBytes < 6'000'000);
  pair.b->limit = SIZE_MAX;
  pair.b->handle.post([](pc::Peer& peer, Time now) { peer.resume(now); });
  const auto remote = pair.b->open[0];
  REQUIRE(pair.world.runUntil([&] { return pair.b->received[remote].size() == size * count; }, 120s));
  CHECK(pair.a->drainedBytes == size * count);
}

TEST_CASE("closing a channel ends it on both sides after what was sent has arrived") {
  Pair pair;
  pair.a->handle.post([](pc::Peer& peer, Time now) { peer.openChannel(first, named("chat"), now); });
  pair.signal();
  REQUIRE(pair.world.runUntil([&] { return !pair.b->open.empty(); }, 5s));
  pair.a->handle.post([](pc::Peer& peer, Time now) {
    peer.send(first, true, std::vector<std::uint8_t>(60'000, 'y'), now);
    peer.closeChannel(first, now);
  });
  REQUIRE(pair.world.runUntil([&] { return pair.a->closedChannels.size() == 1 && pair.b->closedChannels.size() == 1; },
                              10s));
  CHECK(pair.b->received[pair.b->open[0]].size() == 60'000);
}

TEST_CASE("data that was removed by a negotiation can be added again by another") {
  Pair pair;
  pair.signal();
  REQUIRE(pair.world.runUntil([&] { return pair.a->dtls == dtls::State::Connected; }, 5s));
  const auto open = [&](sctp::ChannelId id, const char* text) {
    pair.a->handle.post([id, text](pc::Peer& peer, Time now) {
      peer.openChannel(id, {}, now);
      peer.send(id, true, std::vector<std::uint8_t>(text, text + 5), now);
    });
  };
  open(sctp::ChannelId{1}, "first");
  REQUIRE(pair.world.runUntil([&] { return !pair.b->received.empty(); }, 5s));
  const auto apply = [&](bool data) {
    for (auto* end : {pair.a.get(), pair.b.get()}) {
      auto plan = end->planWith(end == pair.a.get() ? *pair.b : *pair.a);
      if (!data) plan.sctp.reset();
      end->post([plan](pc::Peer& peer, Time now) { peer.apply({plan}, now); });
    }
    pair.world.runFor(1s);
  };
  apply(false);
  CHECK(pair.a->closedChannels.size() == 1);
  CHECK(pair.b->closedChannels.size() == 1);
  pair.b->received.clear();
  // Asked for before there is a section for it, as createDataChannel does.
  open(sctp::ChannelId{2}, "again");
  pair.world.runFor(1s);
  CHECK(pair.b->received.empty());
  apply(true);
  REQUIRE(pair.b->received.size() == 1);
  CHECK(pair.b->received.begin()->second == "again");
  CHECK(pair.a->closedChannels.size() == 1);
}

namespace {

/// A channel made by a, and one message on it.
void sendOn(Pair& pair, sctp::ChannelId id, const std::string& text) {
  pair.a->handle.post([id, text](pc::Peer& peer, Time now) {
    peer.openChannel(id, {}, now);
    peer.send(id, true, {text.begin(), text.end()}, now);
  });
}

/// Both ends learn of the same change at about the same time.
void applyToBoth(Pair& pair, const std::function<void(pc::TransportPlan&, bool ofA)>& change) {
  for (auto* end : {pair.a.get(), pair.b.get()}) {
    const bool ofA = end == pair.a.get();
    auto plan = end->planWith(ofA ? *pair.b : *pair.a);
    change(plan, ofA);
    end->post([plan](pc::Peer& peer, Time now) { peer.apply({plan}, now); });
  }
}

bool arrived(const Pair& pair, const std::string& text) {
  for (const auto& [id, received] : pair.b->received)
    if (received.ends_with(text)) return true;  // The id of a channel that is gone may come again.
  return false;
}

}  // namespace

TEST_CASE("another SCTP port of either side is another association over the same DTLS") {
  for (const bool ofA : {true, false}) {
    Pair pair;
    pair.signal();
    sendOn(pair, first, "before");
    REQUIRE(pair.world.runUntil([&] { return arrived(pair, "before"); }, 5s));
    applyToBoth(pair, [&](pc::TransportPlan& plan, bool own) {
      (own == ofA ? plan.sctp->localPort : plan.sctp->remotePort) = 5001;
    });
    pair.world.runFor(1s);
    for (auto* end : {pair.a.get(), pair.b.get()}) {
      REQUIRE(end->reasons.size() == 1);
      CHECK(end->reasons[0].find("another SCTP association") != std::string::npos);
    }
    sendOn(pair, second, "after");
    REQUIRE(pair.world.runUntil([&] { return arrived(pair, "after"); }, 5s));
    CHECK(pair.a->dtlsConnected == 1);
  }
}

TEST_CASE("another DTLS association takes the channels with it, and carries new ones") {
  Pair pair;
  pair.signal();
  sendOn(pair, first, "before");
  REQUIRE(pair.world.runUntil([&] { return arrived(pair, "before"); }, 5s));
  // RFC 8842 s.5.1: never without new credentials of ICE.
  for (auto* end : {pair.a.get(), pair.b.get()}) end->credentials = ice::makeCredentials(pair.world.random());
  applyToBoth(pair, [](pc::TransportPlan& plan, bool) { plan.dtls->association = 1; });
  REQUIRE(pair.world.runUntil([&] { return pair.a->dtlsConnected == 2 && pair.b->dtlsConnected == 2; }, 10s));
  CHECK(pair.a->closedChannels.size() == 1);
  CHECK(pair.b->closedChannels.size() == 1);
  sendOn(pair, second, "after");
  REQUIRE(pair.world.runUntil([&] { return arrived(pair, "after"); }, 5s));
  CHECK(pair.a->dtls == dtls::State::Connected);
}

namespace {

/// Data with a transport of its own, beside another one; and then bundled onto that.
struct Moving {
  explicit Moving(Pair& both) : pair(both) {
    for (auto* end : {pair.a.get(), pair.b.get()}) second[end] = ice::makeCredentials(pair.world.random());
  }
  pc::Plan plan(End& end, End& other, bool bundled) {
    pc::Plan both(2, end.planWith(other));
    both[1].id = 2;
    both[1].ice.local = second[&end];
    both[1].ice.remote = second[&other];
    both[0].sctp.reset();
    if (!bundled) return both;
    std::swap(both[0].sctp, both[1].sctp);
    both.pop_back();
    return both;
  }
  void apply(bool bundled, const std::function<void(pc::Plan&, bool ofA)>& change = {}) {
    for (auto* end : {pair.a.get(), pair.b.get()}) {
      auto wanted = plan(*end, *end->remote, bundled);
      if (change) change(wanted, end == pair.a.get());
      end->post([wanted](pc::Peer& peer, Time now) { peer.apply(wanted, now); });
    }
  }
  Pair& pair;
  std::map<End*, ice::Credentials> second;
};

}  // namespace

TEST_CASE("an association goes on over the transport that its section is bundled onto") {
  Pair pair;
  Moving moving(pair);
  moving.apply(false);
  sendOn(pair, first, "before");
  REQUIRE(pair.world.runUntil([&] { return arrived(pair, "before"); }, 5s));
  REQUIRE(pair.world.runUntil([&] { return pair.a->dtlsConnected == 2 && pair.b->dtlsConnected == 2; }, 5s));
  moving.apply(true);
  pair.world.runFor(100ms);
  pair.a->handle.post([](pc::Peer& peer, Time now) { peer.send(first, true, {'a', 'f', 't', 'e', 'r'}, now); });
  REQUIRE(pair.world.runUntil([&] { return arrived(pair, "after"); }, 5s));
  CHECK(pair.a->closedChannels.empty());
  CHECK(pair.b->closedChannels.empty());
}

TEST_CASE("an association that failed with its transport begins again on the one that its section is bundled onto") {
  Pair pair;
  Moving moving(pair);
  moving.apply(false, [](pc::Plan& plan, bool ofA) {
    if (ofA) plan[1].dtls->remoteFingerprints[0].value[0] ^= 1;
  });
  sendOn(pair, first, "before");
  REQUIRE(pair.world.runUntil([&] { return pair.a->reasons.size() == 1; }, 5s));
  pair.world.runFor(1s);
  moving.apply(true);
  pair.world.runFor(100ms);
  sendOn(pair, second, "after");
  REQUIRE(pair.world.runUntil([&] { return arrived(pair, "after"); }, 5s));
  CHECK_FALSE(arrived(pair, "before"));
}
