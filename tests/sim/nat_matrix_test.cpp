// The NAT laboratory in simulation: every mapping and filtering behaviour of RFC 4787 at both ends, with a STUN and a TURN
// server. Which kind of pair must be found follows from the behaviours alone.

#include "sim/topology.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::sim;

namespace {

using Dependence = Nat::Dependence;
constexpr std::array all = {Dependence::Endpoint, Dependence::Address, Dependence::AddressAndPort};

std::string shortName(Dependence dependence) {
  constexpr std::array names = {"EI", "AD", "APD"};  // as in RFC 4787: endpoint-independent, address-, and port-dependent
  return names[static_cast<std::size_t>(dependence)];
}
std::string shortName(const Nat::Behaviour& nat) { return shortName(nat.mapping) + "/" + shortName(nat.filtering); }

/// Whether there is a direct path, by the NATs alone: both send to every address of the other that they know of, and learn
/// the addresses that packets came from, until there is one from which the answer comes back the way that it went (RFC 8445
/// s.7.2.5.2.1). It starts with what a STUN server tells.
bool directIsPossible(const Nat::Behaviour& behaviourA, const Nat::Behaviour& behaviourB) {
  struct Side {
    Nat nat;
    SocketAddress local;
    std::vector<SocketAddress> known;  // of the other side
  };
  const Time now{};
  const SocketAddress server{IpAddress::v4(203, 0, 113, 1), 3478};
  Side a{Nat(behaviourA, IpAddress::v4(192, 0, 2, 1)), {IpAddress::v4(10, 1, 0, 1), 1}, {}};
  Side b{Nat(behaviourB, IpAddress::v4(192, 0, 2, 2)), {IpAddress::v4(10, 2, 0, 1), 1}, {}};
  b.known.push_back(a.nat.outbound(a.local, server, now));
  a.known.push_back(b.nat.outbound(b.local, server, now));
  for (int round = 0; round < 8; ++round)
    for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}})
      for (std::size_t i = 0; i < from->known.size(); ++i) {
        const SocketAddress target = from->known[i];
        const SocketAddress seen = from->nat.outbound(from->local, target, now);
        if (!to->nat.inbound(target.port, seen, now)) continue;
        if (std::find(to->known.begin(), to->known.end(), seen) == to->known.end()) to->known.push_back(seen);
        const SocketAddress answering = to->nat.outbound(to->local, seen, now);
        if (answering == target && from->nat.inbound(seen.port, answering, now)) return true;
      }
  return false;
}

}  // namespace

TEST_CASE("behind every pair of NATs the path is direct where that is possible, and else relayed") {
  std::printf("  a \\ b (mapping/filtering): time to the open channel, * relayed\n  %-8s", "");
  for (const auto mappingB : all)
    for (const auto filteringB : all) std::printf(" %8s", shortName(natOf(mappingB, filteringB)).c_str());
  std::printf("\n");
  for (const auto mappingA : all)
    for (const auto filteringA : all) {
      const auto natA = natOf(mappingA, filteringA);
      std::printf("  %-8s", shortName(natA).c_str());
      for (const auto mappingB : all)
        for (const auto filteringB : all) {
          const auto natB = natOf(mappingB, filteringB);
          INFO("a: " << shortName(natA) << ", b: " << shortName(natB));
          Topology net({natA}, {natB}, withServers(), withServers());
          REQUIRE(net.connects());
          const Duration took = net.world.elapsed();
          net.world.runFor(5s);  // Renomination leads to the best pair.
          const bool relayed = net.kind() == "relay udp";
          CHECK(relayed != directIsPossible(natA, natB));
          CHECK(took < 1200ms);
          std::printf(" %6.0f%s", seconds(took) * 1000, relayed ? "*" : " ");
        }
      std::printf("\n");
    }
}

TEST_CASE("two ends behind one NAT that cannot see each other's addresses need hairpinning, or a relay") {
  for (const bool hairpinning : {true, false}) {
    INFO(hairpinning);
    World world(5);
    StunServer stun(world, {IpAddress::v4(203, 0, 113, 1), 3478});
    TurnServer turn(world, {IpAddress::v4(203, 0, 113, 2), 3478});
    Nat& nat = world.addNat(natOf(Dependence::Endpoint, Dependence::AddressAndPort, hairpinning), IpAddress::v4(192, 0, 2, 1));
    Host& hostA = world.addHost("a", {IpAddress::v4(10, 0, 0, 1)}, &nat);
    Host& hostB = world.addHost("b", {IpAddress::v4(10, 0, 0, 2)}, &nat);
    // One network that does not forward between its hosts, as guest networks do not.
    world.drop = [](const Wire& wire) { return wire.to.ip.isPrivate() && wire.from.ip.isPrivate(); };
    auto configuration = withServers({"turn:203.0.113.2"});
    End a(world, hostA, false, {}, configuration), b(world, hostB, true, {}, configuration);
    a.connectTo(b);
    b.connectTo(a);
    a.createChannel("chat");
    REQUIRE(world.runUntil([&] { return a.isOpen("chat") && b.isOpen("chat"); }, 15s));
    world.runFor(10s);
    const auto pair = a.pc().sctp()->transport()->iceTransport()->getSelectedCandidatePair();
    REQUIRE(pair);
    const bool relayed = pair->local.type() == IceCandidateType::Relay || pair->remote.type() == IceCandidateType::Relay;
    CHECK(relayed != hairpinning);
  }
}

TEST_CASE("from the answer's arrival to the open channel: round trips in each topology") {
  struct Row {
    const char* name;
    Site a, b;
    Configuration configuration;
    double most;  ///< Round trips of the path between the ends (20 ms), see docs/setup.md.
  };
  const Site natted{natOf(Dependence::Endpoint, Dependence::AddressAndPort)};
  const auto relay = [](std::string url) {
    auto configuration = withServers({std::move(url)});
    configuration.iceTransportPolicy = IceTransportPolicy::Relay;
    return configuration;
  };
  auto tcp = withServers({});
  tcp.extensions.udp = false;
  tcp.extensions.tcp = IceTcp::All;
  const Row rows[] = {
      {"both in the open", {}, {}, withServers({}), 4.1},
      {"one behind a NAT", natted, {}, withServers({}), 5.1},
      {"both behind NATs", natted, natted, withServers({}), 7.1},
      {"relay over UDP", natted, natted, relay("turn:turn.example"), 17.5},
      {"relay over TCP", natted, natted, relay("turn:turn.example?transport=tcp"), 19},
      {"relay over TLS", natted, natted, relay("turns:turn.example"), 20},
      {"ICE-TCP", {}, {}, tcp, 5.5},
  };
  for (const auto& row : rows) {
    INFO(row.name);
    Topology net(row.a, row.b, row.configuration, row.configuration);
    REQUIRE(net.connects());
    const auto answered = net.a->when("received answer");
    const auto open = net.a->when("open chat");
    REQUIRE(answered);
    REQUIRE(open);
    const double trips = seconds(*open - *answered) / 0.020;
    std::printf("  %-18s %5.1f round trips from the answer, %4.0f ms in all\n", row.name, trips,
                seconds(net.world.elapsed()) * 1000);
    CHECK(trips <= row.most);
  }
}
