#pragma once

#include "sim/pretended_tls.hpp"
#include "sim/stun_server.hpp"
#include "sim/turn_server.hpp"
#include "sim/two_connections.hpp"

#include <optional>
#include <string>

/// \file
/// Two ends, each behind a NAT or firewall of its own or in the open, and servers to help them.

namespace parley::sim {

/// What stands between one end and the Internet.
struct Site {
  std::optional<Nat::Behaviour> nat = std::nullopt;
  bool v4 = true, v6 = false;
  bool blocksUdp = false;      ///< A firewall lets only TCP out.
  bool onlyPort443 = false;    ///< And that only to port 443 (HTTPS).
};

inline Nat::Behaviour natOf(Nat::Dependence mapping, Nat::Dependence filtering, bool hairpinning = false) {
  return {mapping, filtering, 120s, hairpinning};
}

class Topology {
 public:
  Topology(Site siteA, Site siteB, Configuration configurationA, Configuration configurationB, std::uint64_t seed = 31)
      : world(seed),
        stun(world, {IpAddress::v4(203, 0, 113, 1), 3478}),
        turn(world, {IpAddress::v4(203, 0, 113, 2), 3478}, relayConfig(2)),
        turnV6(world, {*IpAddress::parse("2001:db8:f::2"), 3478}, relayConfig(3)),
        siteA_(siteA),
        siteB_(siteB),
        hostA(host("a", siteA_, 1)),
        hostB(host("b", siteB_, 2)) {
    serveStreams(turn, IpAddress::v4(203, 0, 113, 2));
    serveStreams(turnV6, *IpAddress::parse("2001:db8:f::2"));
    for (Host* one : {&hostA, &hostB}) {
      one->names["turn.example"] = {IpAddress::v4(203, 0, 113, 2), *IpAddress::parse("2001:db8:f::2")};
      one->engine().core().secureStreams = [](std::string_view name, base::PacketPool& pool, Time) {
        return std::make_unique<PretendedTls>(PretendedTls::Role::Client, std::string(name), pool);
      };
    }
    world.drop = [this](const Wire& wire) { return udpBlocked(wire.from) || udpBlocked(wire.to); };
    world.tcp.blocks = [this](const SocketAddress& from, const SocketAddress& to) { return tcpBlocked(from, to); };
    a.emplace(world, hostA, false, Signalling{}, std::move(configurationA));
    b.emplace(world, hostB, true, Signalling{}, std::move(configurationB));
    a->connectTo(*b);
    b->connectTo(*a);
  }

  bool connects(Duration limit = 15s) {
    a->createChannel("chat");
    return world.runUntil([&] { return a->isOpen("chat") && b->isOpen("chat"); }, limit);
  }

  IceCandidatePair selected(End& end) {
    const auto pair = end.pc().sctp()->transport()->iceTransport()->getSelectedCandidatePair();
    REQUIRE(pair);
    return *pair;
  }
  /// "direct" or "relay", and over what.
  std::string kind() {
    const auto pair = selected(*a);
    const auto type = [](const IceCandidate& candidate) { return candidate.type(); };
    const bool relayed = type(pair.local) == IceCandidateType::Relay || type(pair.remote) == IceCandidateType::Relay;
    return std::string(relayed ? "relay" : "direct") + " " + std::string(toString(*pair.local.protocol()));
  }

  World world;
  StunServer stun;
  TurnServer turn, turnV6;

 private:
  Site siteA_, siteB_;

 public:
  Host& hostA;
  Host& hostB;
  std::optional<End> a, b;

 private:
  /// Each relays to both families, from addresses of its own.
  static TurnService::Config relayConfig(std::uint8_t number) {
    TurnService::Config config;
    config.v4 = IpAddress::v4(203, 0, 113, number);
    config.v6 = IpAddress::parse("2001:db8:f:" + std::to_string(number) + "::1");
    return config;
  }

  Host& host(const std::string& name, const Site& site, std::uint8_t number) {
    std::vector<IpAddress> addresses;
    if (site.v6) addresses.push_back(*IpAddress::parse("2001:db8:" + std::to_string(number) + "::1"));
    if (site.v4 && site.nat) addresses.push_back(IpAddress::v4(10, number, 0, 1));
    if (site.v4 && !site.nat) addresses.push_back(IpAddress::v4(192, 0, 2, number));
    Nat* nat = site.nat ? &world.addNat(*site.nat, IpAddress::v4(192, 0, 2, number)) : nullptr;
    return world.addHost(name, addresses, nat);
  }

  void serveStreams(TurnServer& server, const IpAddress& ip) {
    for (auto [port, tls] : {std::pair<std::uint16_t, bool>{3478, false}, {5349, true}, {443, true}, {80, false}})
      world.tcp.addServer({ip, port}, {[&server, tls = tls](const SocketAddress& remote, Tcp::Server::Write write) {
                                         return server.connected(remote, tls, std::move(write));
                                       },
                                       [&server](std::uint32_t id, base::MutableBytes bytes) { server.streamData(id, bytes); },
                                       [&server](std::uint32_t id) { server.disconnected(id); }});
  }

  const Site* siteOf(const IpAddress& ip) const {
    for (auto [site, number] : {std::pair<const Site*, std::uint8_t>{&siteA_, 1}, {&siteB_, 2}}) {
      if (ip == IpAddress::v4(192, 0, 2, number) || ip == IpAddress::v4(10, number, 0, 1)) return site;
      if (ip == *IpAddress::parse("2001:db8:" + std::to_string(number) + "::1")) return site;
    }
    return nullptr;
  }
  bool udpBlocked(const SocketAddress& address) const {
    const Site* site = siteOf(address.ip);
    return site && (site->blocksUdp || site->onlyPort443);
  }
  bool tcpBlocked(const SocketAddress& from, const SocketAddress& to) const {
    const Site* source = siteOf(from.ip);
    const Site* target = siteOf(to.ip);
    return (source && source->onlyPort443 && to.port != 443) || (target && target->onlyPort443);
  }
};

/// The servers of a topology: STUN, and TURN at these URLs.
inline Configuration withServers(std::vector<std::string> turn = {"turn:turn.example"}) {
  Configuration configuration;
  configuration.iceServers.push_back({{"stun:203.0.113.1"}});
  if (!turn.empty()) configuration.iceServers.push_back({std::move(turn), "user", "secret"});
  return configuration;
}

}  // namespace parley::sim
