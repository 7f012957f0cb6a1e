// Offers that cross, offers again, and ICE restarts under traffic.

#include "sim/two_connections.hpp"

using namespace parley;
using namespace parley::sim;

namespace {

/// Sends numbered messages both ways, one each 10 ms, over the channel "data", until stopped.
struct Traffic {
  explicit Traffic(TwoConnections& connections) : pair(connections) { tick(); }
  void tick() {
    if (stopped) return;
    for (auto* end : {&pair.a, &pair.b}) {
      auto& channel = *end->channel("data").channel;
      if (channel.readyState() == DataChannelState::Open) channel.send(pattern(sent, 400));
    }
    ++sent;
    pair.world.after(10ms, [this] { tick(); });
  }
  /// True if everything arrived in order, at both ends, in the end.
  bool complete(Duration limit) {
    stopped = true;
    const bool all = pair.world.runUntil(
        [&] {
          return pair.a.channel("data").messages.size() == sent && pair.b.channel("data").messages.size() == sent;
        },
        limit);
    if (!all) return false;
    for (std::uint32_t i = 0; i < sent; ++i)
      if (indexOf(pair.a.channel("data").messages[i]) != i || indexOf(pair.b.channel("data").messages[i]) != i)
        return false;
    return true;
  }
  /// The longest silence at either end.
  Duration longestGap() {
    Duration longest{};
    for (auto* end : {&pair.a, &pair.b}) {
      const auto& arrivals = end->channel("data").arrivals;
      for (std::size_t i = 1; i < arrivals.size(); ++i) longest = std::max(longest, arrivals[i] - arrivals[i - 1]);
    }
    return longest;
  }

  TwoConnections& pair;
  std::uint32_t sent = 0;
  bool stopped = false;
};

std::string ufrag(const std::optional<SessionDescription>& description) {
  const auto at = description->sdp.find("a=ice-ufrag:");
  REQUIRE(at != std::string::npos);
  return description->sdp.substr(at, description->sdp.find('\r', at) - at);
}

/// After a restart both sides have new credentials, agree on them, and run over the new generation.
void checkRestarted(TwoConnections& pair, const std::string& ufragA, const std::string& ufragB) {
  CHECK(pair.a.pc().signalingState() == SignalingState::Stable);
  CHECK(pair.b.pc().signalingState() == SignalingState::Stable);
  CHECK(ufrag(pair.a.pc().currentLocalDescription()) != ufragA);
  CHECK(ufrag(pair.b.pc().currentLocalDescription()) != ufragB);
  CHECK(ufrag(pair.a.pc().currentLocalDescription()) == ufrag(pair.b.pc().currentRemoteDescription()));
  CHECK(ufrag(pair.b.pc().currentLocalDescription()) == ufrag(pair.a.pc().currentRemoteDescription()));
  for (auto* end : {&pair.a, &pair.b}) {
    CHECK(end->pc().connectionState() == PeerConnectionState::Connected);
    CHECK(end->count("connectionstate failed") == 0);
    CHECK(end->count("connectionstate disconnected") == 0);
    CHECK(end->channel("data").closed == 0);
    CHECK(end->count("dtls connected") == 1);
    CHECK(end->count("selectedpair") >= 2);
    CHECK_FALSE(end->sawErrors());
  }
  // The old generation is gone, and the new one has consent.
  pair.world.runFor(60s);
  // Where packets are lost, the check of consent of this moment may be among them.
  CHECK(pair.world.runUntil(
      [&] {
        return pair.a.pc().connectionState() == PeerConnectionState::Connected &&
               pair.b.pc().connectionState() == PeerConnectionState::Connected;
      },
      15s));
  CHECK(pair.echo("data"));
}

void restartUnderTraffic(bool fromA, bool fromB, const LinkConfig& link, std::uint64_t seed) {
  TwoConnections::Options options;
  options.link = link;
  options.seed = seed;
  TwoConnections pair(options);
  REQUIRE(pair.open("data", 20s));
  Traffic traffic(pair);
  pair.world.runFor(1s);
  const auto ufragA = ufrag(pair.a.pc().localDescription()), ufragB = ufrag(pair.b.pc().localDescription());
  if (fromA) pair.a.pc().restartIce();
  if (fromB) pair.b.pc().restartIce();
  pair.world.runFor(10s);
  const bool complete = traffic.complete(30s);
  PARLEY_SHOW(pair);
  CHECK(complete);
  if (link.loss == 0) CHECK(traffic.longestGap() < 50ms);
  checkRestarted(pair, ufragA, ufragB);
  pair.closeAndCheckThatNothingIsLeft();
}

}  // namespace

TEST_CASE("two offers at once become one connection with the channels of both") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    TwoConnections::Options options;
    options.seed = seed;
    if (seed > 5) options.link.loss = 0.1;
    options.signalling.trickle = seed % 2;
    TwoConnections pair(options);
    pair.a.createChannel("from a");
    pair.b.createChannel("from b");
    const bool opened = pair.world.runUntil([&] { return pair.bothOpen("from a") && pair.bothOpen("from b"); }, 20s);
    PARLEY_SHOW(pair);
    REQUIRE(opened);
    CHECK(pair.a.count("ignored offer") == 1);
    CHECK(pair.b.count("signalingstate stable") >= 1);
    REQUIRE(pair.echo("from a"));
    REQUIRE(pair.echo("from b"));
    CHECK_FALSE(pair.a.sawErrors());
    CHECK_FALSE(pair.b.sawErrors());
    CHECK(pair.a.channel("from a").channel->id() != pair.a.channel("from b").channel->id());
    pair.closeAndCheckThatNothingIsLeft();
  }
}

TEST_CASE("offers that cross at any distance in time become one connection") {
  for (int distance = 1; distance <= 50; distance += 3) {
    TwoConnections pair;
    pair.a.createChannel("from a");
    pair.world.after(distance * 1ms, [&] { pair.b.createChannel("from b"); });
    const bool opened = pair.world.runUntil(
        [&] { return pair.bothOpen("from a") && pair.b.has("from b") && pair.bothOpen("from b"); }, 5s);
    PARLEY_SHOW(pair);
    INFO("distance " << distance << " ms");
    REQUIRE(opened);
    CHECK_FALSE(pair.a.sawErrors());
    CHECK_FALSE(pair.b.sawErrors());
  }
}

TEST_CASE("another offer and answer change nothing for data that flows") {
  TwoConnections pair;
  REQUIRE(pair.open("data"));
  Traffic traffic(pair);
  pair.world.runFor(1s);
  const auto ufragA = ufrag(pair.a.pc().localDescription());
  pair.a.negotiate();
  pair.world.runFor(1s);
  pair.b.negotiate();
  pair.world.runFor(1s);
  pair.a.negotiate();  // and both at once
  pair.b.negotiate();
  pair.world.runFor(3s);
  const bool complete = traffic.complete(5s);
  PARLEY_SHOW(pair);
  CHECK(complete);
  CHECK(traffic.longestGap() < 50ms);
  CHECK(pair.a.count("connectionstate connected") == 1);
  CHECK(pair.b.count("connectionstate connected") == 1);
  CHECK(ufrag(pair.a.pc().localDescription()) == ufragA);
  CHECK(pair.a.count("received answer") == 3);
  CHECK(pair.b.count("received answer") == 1);  // the last of its offers was rolled back
  CHECK_FALSE(pair.a.sawErrors());
  CHECK_FALSE(pair.b.sawErrors());
}

TEST_CASE("channels made on a connection that is up need no negotiation") {
  TwoConnections pair;
  REQUIRE(pair.open("first"));
  const auto offers = pair.b.count("received offer");
  REQUIRE(pair.open("second"));
  pair.b.createChannel("third");
  REQUIRE(pair.world.runUntil([&] { return pair.bothOpen("third"); }, 1s));
  PARLEY_SHOW(pair);
  REQUIRE(pair.echo("second"));
  REQUIRE(pair.echo("third"));
  CHECK(pair.b.count("received offer") == offers);
  CHECK(pair.a.count("negotiationneeded") == 1);
}

TEST_CASE("an ICE restart by the offerer loses nothing") { restartUnderTraffic(true, false, {}, 1); }
TEST_CASE("an ICE restart by the answerer loses nothing") { restartUnderTraffic(false, true, {}, 2); }
TEST_CASE("an ICE restart by both at once loses nothing") { restartUnderTraffic(true, true, {}, 3); }
TEST_CASE("ICE restarts over a link that loses a tenth lose nothing") {
  LinkConfig link;
  link.loss = 0.1;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) restartUnderTraffic(seed % 2, seed > 1, link, seed);
}

TEST_CASE("an ICE restart moves the connection when the addresses change") {
  TwoConnections pair;
  REQUIRE(pair.open("data"));
  Traffic traffic(pair);
  pair.world.runFor(1s);
  pair.hostA.setAddresses({IpAddress::v4(10, 0, 1, 77)});
  pair.a.pc().restartIce();
  pair.world.runFor(20s);
  const bool complete = traffic.complete(30s);
  PARLEY_SHOW(pair);
  CHECK(complete);
  CHECK(pair.a.pc().connectionState() == PeerConnectionState::Connected);
  const auto selected = pair.b.pc().sctp()->transport()->iceTransport()->getSelectedCandidatePair();
  REQUIRE(selected);
  CHECK(selected->remote.address() == "10.0.1.77");
}

TEST_CASE("a rolled back restart leaves the connection as it was") {
  TwoConnections pair;
  REQUIRE(pair.open("data"));
  Traffic traffic(pair);
  pair.world.runFor(500ms);
  const auto before = ufrag(pair.a.pc().localDescription());
  bool done = false;
  pair.a.pc().createOffer({true}).then([&](const SessionDescription& offer) {
    pair.a.pc().setLocalDescription(offer).then([&] {
      pair.world.after(300ms, [&] { pair.a.pc().setLocalDescription({SdpType::Rollback}).then([&] { done = true; }); });
    });
  });
  REQUIRE(pair.world.runUntil([&] { return done; }, 2s));
  pair.world.runFor(60s);  // several checks of consent
  const bool complete = traffic.complete(5s);
  PARLEY_SHOW(pair);
  CHECK(complete);
  CHECK(ufrag(pair.a.pc().localDescription()) == before);
  CHECK(pair.a.pc().connectionState() == PeerConnectionState::Connected);
  CHECK(pair.b.pc().connectionState() == PeerConnectionState::Connected);
  CHECK(pair.a.count("connectionstate disconnected") == 0);
}
