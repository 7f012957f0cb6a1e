// Behind NATs of all kinds (RFC 4787), with server-reflexive candidates.

#include "sim/stun_server.hpp"
#include "sim/two_connections.hpp"

using namespace parley;
using namespace parley::sim;

namespace {

using Dependence = Nat::Dependence;
constexpr Dependence all[] = {Dependence::Endpoint, Dependence::Address, Dependence::AddressAndPort};

const char* name(Dependence dependence) {
  const char* names[] = {"endpoint-independent", "address-dependent", "address-and-port-dependent"};
  return names[static_cast<int>(dependence)];
}

Configuration withStun(const char* url = "stun:203.0.113.1:3478") {
  Configuration configuration;
  configuration.iceServers.push_back({{url}});
  return configuration;
}

/// Two ends, each behind a NAT of its own or in the open, and a STUN server.
struct Natted {
  explicit Natted(std::optional<Nat::Behaviour> natA, std::optional<Nat::Behaviour> natB,
                  Configuration configuration = withStun())
      : world(21),
        server(world, {IpAddress::v4(203, 0, 113, 1), 3478}),
        hostA(natA ? world.addHost("a", {IpAddress::v4(10, 0, 0, 1)}, &world.addNat(*natA, IpAddress::v4(192, 0, 2, 1)))
                   : world.addHost("a", {IpAddress::v4(192, 0, 2, 1)})),
        hostB(natB ? world.addHost("b", {IpAddress::v4(10, 9, 0, 1)},
                                   &world.addNat(*natB, IpAddress::v4(198, 51, 100, 1)))
                   : world.addHost("b", {IpAddress::v4(198, 51, 100, 1)})),
        a(world, hostA, false, {}, configuration),
        b(world, hostB, true, {}, configuration) {
    a.connectTo(b);
    b.connectTo(a);
  }
  bool connects(Duration limit = 15s) {
    a.createChannel("chat");
    return world.runUntil([&] { return a.isOpen("chat") && b.isOpen("chat"); }, limit);
  }

  World world;
  StunServer server;
  Host& hostA;
  Host& hostB;
  End a, b;
};

IceCandidatePair selected(End& end) {
  const auto pair = end.pc().sctp()->transport()->iceTransport()->getSelectedCandidatePair();
  REQUIRE(pair);
  return *pair;
}

}  // namespace

TEST_CASE("connections come up behind every pair of NATs that lets a direct path through") {
  int possible = 0;
  Duration slowest{};
  for (const auto mappingA : all)
    for (const auto filteringA : all)
      for (const auto mappingB : all)
        for (const auto filteringB : all) {
          const bool fixedA = mappingA == Dependence::Endpoint, fixedB = mappingB == Dependence::Endpoint;
          // One whose port changes with the destination reaches only a NAT that lets in whatever comes from its
          // address, and only if that one's own port is known.
          if (!fixedA && !(fixedB && filteringB != Dependence::AddressAndPort)) continue;
          if (!fixedB && !(fixedA && filteringA != Dependence::AddressAndPort)) continue;
          ++possible;
          Natted pair(Nat::Behaviour{mappingA, filteringA, 120s, false},
                      Nat::Behaviour{mappingB, filteringB, 120s, false});
          const bool connected = pair.connects();
          PARLEY_SHOW(pair);
          INFO("a: " << name(mappingA) << " mapping, " << name(filteringA) << " filtering; b: " << name(mappingB)
                     << " mapping, " << name(filteringB) << " filtering");
          REQUIRE(connected);
          slowest = std::max(slowest, pair.world.elapsed());
          CHECK(pair.a.count("icecandidate srflx") == 1);
          CHECK(pair.b.count("icecandidate srflx") == 1);
          CHECK(pair.hostA.boundSockets().size() == 1);
        }
  CHECK(possible == 9 + 2 * 2 * 6);
  std::printf("  %d pairs of NATs, the slowest took %.0f ms\n", possible, seconds(slowest) * 1000);
}

TEST_CASE("a peer behind any NAT reaches one in the open") {
  for (const auto mapping : all)
    for (const auto filtering : all)
      for (const bool natAtA : {true, false}) {
        const Nat::Behaviour behaviour{mapping, filtering, 120s, false};
        // No STUN server: the one in the open learns the address from the checks.
        Natted pair(natAtA ? std::optional(behaviour) : std::nullopt, natAtA ? std::nullopt : std::optional(behaviour),
                    Configuration());
        const bool connected = pair.connects();
        PARLEY_SHOW(pair);
        INFO(name(mapping) << " mapping, " << name(filtering) << " filtering, at " << (natAtA ? "a" : "b"));
        REQUIRE(connected);
        pair.world.runFor(5s);  // nomination may wait for a better pair
        CHECK(selected(natAtA ? pair.b : pair.a).remote.type() == IceCandidateType::Prflx);
      }
}

TEST_CASE("two peers behind the same NAT connect directly") {
  World world(5);
  StunServer server(world, {IpAddress::v4(203, 0, 113, 1), 3478});
  Nat& nat = world.addNat(Nat::Behaviour(), IpAddress::v4(192, 0, 2, 1));
  Host& hostA = world.addHost("a", {IpAddress::v4(10, 0, 0, 1)}, &nat);
  Host& hostB = world.addHost("b", {IpAddress::v4(10, 0, 0, 2)}, &nat);
  End a(world, hostA, false, {}, withStun()), b(world, hostB, true, {}, withStun());
  a.connectTo(b);
  b.connectTo(a);
  a.createChannel("chat");
  REQUIRE(world.runUntil([&] { return a.isOpen("chat") && b.isOpen("chat"); }, 10s));
  world.runFor(2s);
  CHECK(selected(a).local.type() == IceCandidateType::Host);
  CHECK(selected(a).remote.address() == "10.0.0.2");
}

TEST_CASE("a connection behind a NAT outlives the NAT's patience") {
  // 20 s is less than RFC 4787 s.4.3 allows; consent (RFC 7675) asks each 4 to 6 s.
  Natted pair(Nat::Behaviour{Dependence::Endpoint, Dependence::AddressAndPort, 20s, false},
              Nat::Behaviour{Dependence::Endpoint, Dependence::AddressAndPort, 20s, false});
  REQUIRE(pair.connects());
  pair.world.runFor(600s);
  PARLEY_SHOW(pair);
  pair.a.channel("chat").channel->send("still there?");
  CHECK(pair.world.runUntil([&] { return pair.b.channel("chat").messages.size() == 1; }, 1s));
  CHECK(pair.a.count("iceconnectionstate disconnected") == 0);
}

TEST_CASE("a STUN server that says nothing costs the connection nothing and is reported") {
  Natted pair(std::nullopt, std::nullopt);
  pair.server.silent = true;
  const bool connected = pair.connects(1s);
  PARLEY_SHOW(pair);
  REQUIRE(connected);
  CHECK(pair.world.elapsed() < 500ms);
  REQUIRE(pair.world.runUntil([&] { return pair.a.pc().iceGatheringState() == IceGatheringState::Complete; }, 10s));
  int errors = 0;
  for (const auto& event : pair.a.events()) errors += event.text.starts_with("icecandidateerror");
  CHECK(errors == 1);
  CHECK(pair.server.requests >= 6);  // asked again by both
}

TEST_CASE("a STUN server is found by its name and a name that nobody knows is reported") {
  for (const bool known : {true, false}) {
    Natted pair(Nat::Behaviour(), std::nullopt, withStun("stun:stun.example.org"));
    if (known) pair.hostA.names["stun.example.org"] = {IpAddress::v4(203, 0, 113, 1)};
    const bool connected = pair.connects();
    REQUIRE(pair.world.runUntil([&] { return pair.a.pc().iceGatheringState() == IceGatheringState::Complete; }, 10s));
    PARLEY_SHOW(pair);
    CHECK(connected);
    CHECK(pair.a.count("icecandidate srflx") == (known ? 1 : 0));
    int errors = 0;
    for (const auto& event : pair.a.events()) errors += event.text.starts_with("icecandidateerror");
    CHECK(errors == (known ? 0 : 1));
  }
}

TEST_CASE("the policy relay gathers nothing as long as there is no relay") {
  Configuration configuration = withStun();
  configuration.iceTransportPolicy = IceTransportPolicy::Relay;
  Natted pair(std::nullopt, std::nullopt, configuration);
  CHECK_FALSE(pair.connects(5s));
  CHECK(pair.world.datagrams() == 0);
  CHECK(pair.a.pc().iceGatheringState() == IceGatheringState::Complete);
}

TEST_CASE("peers with several addresses of both families connect over the best") {
  World world(6);
  Host& hostA =
      world.addHost("a", {IpAddress::v4(10, 0, 0, 1), *IpAddress::parse("2001:db8::1"), IpAddress::v4(172, 16, 0, 1)});
  Host& hostB =
      world.addHost("b", {IpAddress::v4(10, 0, 0, 2), *IpAddress::parse("2001:db8::2"), IpAddress::v4(172, 16, 0, 2)});
  End a(world, hostA, false, {}, {}), b(world, hostB, true, {}, {});
  a.connectTo(b);
  b.connectTo(a);
  a.createChannel("chat");
  REQUIRE(world.runUntil([&] { return a.isOpen("chat") && b.isOpen("chat"); }, 10s));
  world.runFor(10s);
  CHECK(selected(a).local.address() == "2001:db8::1");
  CHECK(selected(a).remote.address() == "2001:db8::2");
  CHECK(selected(b).remote.address() == "2001:db8::1");
}
