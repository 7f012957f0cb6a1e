// TURN over all transports, ICE-TCP, and policies: whole connections over the simulated network.

#include "sim/topology.hpp"

using namespace parley;
using namespace parley::sim;

namespace {

using Dependence = Nat::Dependence;
const Site natted{natOf(Dependence::Endpoint, Dependence::AddressAndPort)};

/// A message each way, of a size that takes several packets.
void exchanges(Topology& net) {
  auto& channelA = net.a->channel("chat");
  auto& channelB = net.b->channel("chat");
  channelA.channel->send(std::string(5000, 'x'));
  channelB.channel->send(std::string(5000, 'y'));
  REQUIRE(net.world.runUntil([&] { return !channelA.messages.empty() && !channelB.messages.empty(); }, 10s));
}

Configuration relayOnly(std::vector<std::string> turn) {
  auto configuration = withServers(std::move(turn));
  configuration.iceTransportPolicy = IceTransportPolicy::Relay;
  return configuration;
}

const IceCandidateStats* localOf(const StatsReport& report) {
  const auto* transport = report.first<TransportStats>();
  if (!transport || !transport->selectedCandidatePairId) return nullptr;
  const auto* pair = std::get_if<CandidatePairStats>(report.get(*transport->selectedCandidatePairId));
  return pair ? std::get_if<IceCandidateStats>(report.get(pair->localCandidateId)) : nullptr;
}

StatsReport statsOf(Topology& net, End& end) {
  std::optional<StatsReport> report;
  end.pc().getStats().then([&](const StatsReport& value) { report = value; });
  REQUIRE(net.world.runUntil([&] { return report.has_value(); }, 1s));
  return *report;
}

}  // namespace

TEST_CASE("connections through a TURN server over UDP, TCP and TLS, relay only") {
  struct Case {
    std::string url;
    IceServerTransportProtocol transport;
  };
  for (const auto& [url, transport] : {Case{"turn:turn.example", IceServerTransportProtocol::Udp},
                                       Case{"turn:turn.example?transport=tcp", IceServerTransportProtocol::Tcp},
                                       Case{"turns:turn.example", IceServerTransportProtocol::Tls}}) {
    INFO(url);
    Topology net(natted, natted, relayOnly({url}), relayOnly({url}));
    REQUIRE(net.connects());
    exchanges(net);
    net.world.runFor(3s);
    CHECK(net.kind() == "relay udp");
    // RFC 8827 s.6.4: nothing but relayed candidates, and none that tells where we are.
    for (End* end : {&*net.a, &*net.b}) {
      CHECK(end->count("icecandidate host") == 0);
      CHECK(end->count("icecandidate srflx") == 0);
      CHECK(end->count("icecandidate relay") >= 1);
      const auto local = net.selected(*end).local;
      CHECK(local.relatedAddress() == "0.0.0.0");
      CHECK(local.relatedPort() == 9);
    }
    const auto report = statsOf(net, *net.a);
    const auto* local = localOf(report);
    REQUIRE(local);
    CHECK(local->relayProtocol == transport);
    CHECK(local->url == url);
    // What was allocated is freed in the end.
    CHECK(net.turn.service.allocations(net.world.now()) == 2);
    net.a->close();
    net.b->close();
    net.world.runFor(1s);
    CHECK(net.turn.service.allocations(net.world.now()) == 0);
  }
}

TEST_CASE("a relayed connection lasts as long as it is used: permissions, channels and allocations are refreshed") {
  Topology net(natted, natted, relayOnly({"turn:turn.example"}), relayOnly({"turn:turn.example"}));
  REQUIRE(net.connects());
  net.world.runFor(25min);
  exchanges(net);
  CHECK(net.a->pc().connectionState() == PeerConnectionState::Connected);
}

TEST_CASE("a direct path wins over a relay, whichever is found first") {
  Topology net(natted, natted, withServers(), withServers());
  REQUIRE(net.connects());
  net.world.runFor(5s);
  CHECK(net.kind() == "direct udp");
}

TEST_CASE("a dead TURN server costs no time, and is reported") {
  auto configuration = withServers({"turn:203.0.113.77", "turn:turn.example"});
  configuration.iceTransportPolicy = IceTransportPolicy::Relay;
  Topology net(natted, natted, configuration, configuration);
  REQUIRE(net.connects());
  CHECK(net.world.elapsed() < 1s);
  net.world.runFor(10s);
  CHECK(net.a->count("icecandidateerror 701") >= 1);
}

TEST_CASE("an allocation that the server forgets in mid-call is made again, and the call goes on") {
  for (const std::string url : {"turn:turn.example", "turn:turn.example?transport=tcp"}) {
    INFO(url);
    Topology net(natted, natted, relayOnly({url}), relayOnly({url}));
    REQUIRE(net.connects());
    exchanges(net);
    net.world.runFor(1min);
    net.turn.service.forget();
    const Time before = net.world.now();
    auto& channelA = net.a->channel("chat");
    channelA.channel->send(std::string("still there?"));
    const auto heard = [&] {
      const auto& messages = net.b->channel("chat").messages;
      return !messages.empty() && std::get_if<std::string>(&messages.back()) &&
             std::get<std::string>(messages.back()) == "still there?";
    };
    const bool survives = net.world.runUntil(heard, 30s);
    INFO("a:\n" << net.a->log() << "b:\n" << net.b->log());
    REQUIRE(survives);
    std::printf("  %s: %.1f s\n", url.c_str(), seconds(net.world.now() - before));
    CHECK(net.a->count("connectionstate failed") == 0);
    CHECK(net.a->count("signalingstate have-local-offer") == 1);
    CHECK(net.turn.service.allocations(net.world.now()) == 2);
  }
}

TEST_CASE("who is told that the port has another allocation asks from another port, once") {
  for (const bool always : {false, true}) {
    INFO(always);
    Topology net(natted, natted, relayOnly({"turn:turn.example"}), relayOnly({"turn:turn.example"}));
    int refusals = 0;
    net.turn.service.refuse = [&](const stun::Message& message) -> std::optional<TurnService::Refusal> {
      if (message.method() != stun::Method::Allocate || (!always && refusals >= 2)) return std::nullopt;
      ++refusals;
      return TurnService::Refusal{437};
    };
    CHECK(net.connects(5s) == !always);
    net.world.runFor(1s);
    // One more for each end and its try elsewhere.
    CHECK(refusals == (always ? 4 : 2));
    CHECK(net.a->count("icecandidateerror 437") == (always ? 1 : 0));
  }
}

TEST_CASE("a pair that the TURN server does not permit fails at once") {
  Topology net(natted, natted, withServers(), withServers());
  net.turn.service.config().forbidden = {IpAddress::v4(10, 2, 0, 1)};
  REQUIRE(net.connects());
  const auto report = statsOf(net, *net.a);
  int refused = 0;
  for (const auto* pair : report.all<CandidatePairStats>()) {
    const auto* local = std::get_if<IceCandidateStats>(report.get(pair->localCandidateId));
    const auto* remote = std::get_if<IceCandidateStats>(report.get(pair->remoteCandidateId));
    if (!local || !remote || local->candidateType != "relay" || remote->address != "10.2.0.1") continue;
    ++refused;
    CHECK(pair->state == "failed");
  }
  CHECK(refused > 0);
}

TEST_CASE("wrong credentials are reported with the server's code") {
  auto configuration = withServers();
  configuration.iceServers.back().credential = "wrong";
  Topology net(natted, natted, configuration, configuration);
  REQUIRE(net.connects());
  net.world.runFor(6s);
  CHECK(net.a->count("icecandidateerror 401") >= 1);
  CHECK(net.kind() == "direct udp");
}

TEST_CASE("where UDP is blocked, the connection goes through TURN over TCP, and where only port 443 is open over TLS") {
  const std::vector<std::string> servers = {"turn:turn.example", "turn:turn.example?transport=tcp",
                                            "turns:turn.example:443"};
  SECTION("no UDP") {
    Topology net({.blocksUdp = true}, natted, withServers(servers), withServers(servers));
    REQUIRE(net.connects());
    CHECK(net.world.elapsed() < 2s);
    exchanges(net);
    net.world.runFor(3s);  // nomination
    CHECK(net.kind() == "relay udp");
  }
  SECTION("no UDP at either end, only HTTPS at one") {
    Topology net({.onlyPort443 = true}, {.blocksUdp = true}, withServers(servers), withServers(servers));
    REQUIRE(net.connects());
    exchanges(net);
    net.world.runFor(3s);
    CHECK(net.kind() == "relay udp");
  }
}

TEST_CASE("one with IPv6 only reaches one with IPv4 only through a relay that has both") {
  Topology net({.v4 = false, .v6 = true}, natted, withServers(), withServers());
  REQUIRE(net.connects());
  exchanges(net);
  CHECK(net.kind() == "relay udp");
}

TEST_CASE("without UDP two ends connect by ICE-TCP, if one of them listens where the other can reach it") {
  auto active = withServers({}), all = withServers({});
  active.extensions.udp = all.extensions.udp = false;
  all.extensions.tcp = IceTcp::All;
  for (const bool listenerOffers : {true, false}) {
    INFO(listenerOffers);
    Topology net(listenerOffers ? Site{} : natted, listenerOffers ? natted : Site{}, listenerOffers ? all : active,
                 listenerOffers ? active : all);
    REQUIRE(net.connects());
    exchanges(net);
    net.world.runFor(3s);
    CHECK(net.kind() == "direct tcp");
    const auto pair = net.selected(listenerOffers ? *net.b : *net.a);
    CHECK(pair.local.tcpType() == IceTcpCandidateType::Active);
    CHECK(pair.remote.tcpType() == IceTcpCandidateType::Passive);
    net.world.runFor(2min);  // Consent goes over TCP as well.
    exchanges(net);
  }
}

TEST_CASE("two ends that nobody can call open one TCP connection to each other at the same time") {
  auto configuration = withServers({});
  configuration.extensions.udp = false;
  configuration.extensions.tcp = IceTcp::All;
  // Firewalls let only those through that their own host has asked. The SYNs meet on a path that is longer than the way
  // of signalling.
  Topology net({}, {}, configuration, configuration);
  LinkConfig slow;
  slow.delay = 200ms;
  net.world.setLink(slow);
  const auto isSimultaneous = [&](const SocketAddress& address) {
    End& end = address.ip == IpAddress::v4(192, 0, 2, 1) ? *net.a : *net.b;
    return end.pc().localDescription()->sdp.find(" " + std::to_string(address.port) + " typ host tcptype so") !=
           std::string::npos;
  };
  net.world.tcp.blocks = [&](const SocketAddress& from, const SocketAddress& to) {
    return !isSimultaneous(from) || !isSimultaneous(to);
  };
  REQUIRE(net.connects());
  exchanges(net);
  net.world.runFor(3s);
  CHECK(net.kind() == "direct tcp");
  CHECK(net.world.tcp.simultaneousOpens() == 1);
  for (End* end : {&*net.a, &*net.b}) {
    CHECK(net.selected(*end).local.tcpType() == IceTcpCandidateType::So);
    CHECK(net.selected(*end).remote.tcpType() == IceTcpCandidateType::So);
  }
}

TEST_CASE("with UDP and TCP at hand the connection goes over UDP") {
  auto configuration = withServers();
  configuration.extensions.tcp = IceTcp::All;
  Topology net({}, {}, configuration, configuration);
  REQUIRE(net.connects());
  net.world.runFor(3s);
  CHECK(net.kind() == "direct udp");
}

TEST_CASE("names of multicast DNS stand for host addresses, and are resolved on the same link") {
  auto hidden = withServers();
  hidden.extensions.hideAddresses = true;
  World world(5);
  Host& hostA = world.addHost("a", {IpAddress::v4(192, 168, 0, 1)});
  Host& hostB = world.addHost("b", {IpAddress::v4(192, 168, 0, 2)});
  hidden.iceServers.clear();
  End a(world, hostA, false, {}, hidden), b(world, hostB, true, {}, hidden);
  a.connectTo(b);
  b.connectTo(a);
  a.createChannel("chat");
  REQUIRE(world.runUntil([&] { return a.isOpen("chat") && b.isOpen("chat"); }, 5s));
  world.runFor(5s);
  for (End* end : {&a, &b}) {
    const auto sdp = end->pc().localDescription()->sdp;
    CHECK(sdp.find(".local") != std::string::npos);
    CHECK(sdp.find("192.168") == std::string::npos);
  }
}

TEST_CASE("a lite server and a client behind a NAT connect, whoever offers") {
  auto lite = withServers({}), full = withServers({});
  lite.extensions.iceLite = true;
  for (const bool liteOffers : {true, false}) {
    INFO(liteOffers);
    Topology net(liteOffers ? Site{} : natted, liteOffers ? natted : Site{}, liteOffers ? lite : full,
                 liteOffers ? full : lite);
    REQUIRE(net.connects());
    exchanges(net);
    net.world.runFor(2min);
    exchanges(net);
    End& liteEnd = liteOffers ? *net.a : *net.b;
    CHECK(liteEnd.pc().localDescription()->sdp.find("a=ice-lite") != std::string::npos);
    CHECK(liteEnd.pc().sctp()->transport()->iceTransport()->role() == IceRole::Controlled);
  }
}

TEST_CASE("two lite ends are refused, with the reason") {
  auto lite = withServers({});
  lite.extensions.iceLite = true;
  Topology net({}, {}, lite, lite);
  CHECK_FALSE(net.connects(2s));
  bool told = false;
  for (const auto& event : net.b->events())
    told |= event.text.starts_with("error") && event.text.find("both sides are ICE lite") != std::string::npos;
  CHECK(told);
}

TEST_CASE("a call survives another network, without a new offer") {
  for (const bool offererMoves : {true, false}) {
    INFO(offererMoves);
    Topology net({}, {}, withServers(), withServers());
    REQUIRE(net.connects());
    net.world.runFor(5s);
    Host& mover = offererMoves ? net.hostA : net.hostB;
    mover.noticesChanges = true;
    const Time before = net.world.now();
    mover.setAddresses({IpAddress::v4(198, 51, 100, 77)});
    auto& channelA = net.a->channel("chat");
    auto& channelB = net.b->channel("chat");
    channelA.channel->send(std::string("still here?"));
    channelB.channel->send(std::string("yes"));
    REQUIRE(net.world.runUntil([&] { return channelA.messages.size() == 1 && channelB.messages.size() == 1; }, 20s));
    std::printf("  moved %s: %.0f ms of silence\n", offererMoves ? "offerer" : "answerer",
                seconds(net.world.now() - before) * 1000);
    CHECK(net.world.now() - before < 6s);
    CHECK(net.a->pc().connectionState() == PeerConnectionState::Connected);
  }
}

TEST_CASE("candidates are gathered before there is a description, if the configuration wants a pool") {
  auto configuration = withServers();
  configuration.iceCandidatePoolSize = 1;
  Topology net(natted, natted, configuration, configuration);
  net.world.runFor(1s);
  CHECK(net.turn.service.allocations(net.world.now()) == 2);
  CHECK(net.a->count("icecandidate relay") == 0);
  REQUIRE(net.connects());
  CHECK(net.a->count("icecandidate relay") >= 1);
  CHECK(net.a->count("icecandidate srflx") == 1);
}

TEST_CASE("address policies show no more than they say") {
  auto configuration = withServers({});
  SECTION("the default route") {
    configuration.extensions.addressPolicy = IceAddressPolicy::DefaultRoute;
    Topology net({.v4 = true, .v6 = true}, {}, configuration, withServers({}));
    net.hostA.setAddresses({IpAddress::v4(192, 0, 2, 1), IpAddress::v4(10, 77, 0, 1)});
    net.hostA.knowsDefaultRoute = true;
    REQUIRE(net.connects());
    CHECK(net.a->pc().localDescription()->sdp.find("10.77") == std::string::npos);
  }
  SECTION("public addresses only") {
    configuration.extensions.addressPolicy = IceAddressPolicy::PublicOnly;
    Topology net(natted, {}, configuration, withServers({}));
    REQUIRE(net.connects());
    net.world.runFor(3s);
    CHECK(net.a->count("icecandidate host") == 0);
    CHECK(net.a->count("icecandidate srflx") == 1);
    CHECK(net.a->pc().localDescription()->sdp.find("10.1.0.1") == std::string::npos);
  }
}
