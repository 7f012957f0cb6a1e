// A server whose connections share one UDP port.

#include "sim/two_connections.hpp"

#include <memory>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::sim;

namespace {

/// A server and its clients, two of them behind one NAT. `servers[i]` and `clients[i]` are one connection.
struct SharedPort {
  SharedPort() : world(9), host(world.addHost("server", {IpAddress::v4(192, 0, 2, 1)})) {
    Nat& nat = world.addNat(Nat::Behaviour(), IpAddress::v4(198, 51, 100, 1));
    Configuration shared;
    shared.extensions.sharesPort = true;
    shared.extensions.firstPort = shared.extensions.lastPort = 4000;
    for (std::uint8_t i = 0; i < 3; ++i) {
      const bool isPublic = i == 2;
      clientHosts.push_back(&world.addHost("client " + std::to_string(i),
                                           {isPublic ? IpAddress::v4(203, 0, 113, 1)
                                                     : IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(i + 1))},
                                           isPublic ? nullptr : &nat));
      servers.push_back(std::make_unique<End>(world, host, true, Signalling{}, shared));
      clients.push_back(std::make_unique<End>(world, *clientHosts.back(), false, Signalling{}, Configuration()));
      servers.back()->connectTo(*clients.back());
      clients.back()->connectTo(*servers.back());
      clients.back()->createChannel("chat");
    }
  }
  bool isOpen(std::size_t i) const { return servers[i]->isOpen("chat") && clients[i]->isOpen("chat"); }

  /// A message each way, which the other connections do not hear.
  void exchange(std::size_t i) {
    const auto heard = [&](End& end) { return end.channel("chat").messages.size(); };
    std::vector<std::size_t> before;
    for (std::size_t k = 0; k < servers.size(); ++k)
      before.push_back(servers[k]->has("chat") ? heard(*servers[k]) : 0);
    const auto toClient = heard(*clients[i]);
    servers[i]->channel("chat").channel->send("to client " + std::to_string(i));
    clients[i]->channel("chat").channel->send("from client " + std::to_string(i));
    REQUIRE(world.runUntil([&] { return heard(*servers[i]) > before[i] && heard(*clients[i]) > toClient; }, 5s));
    CHECK(std::get<std::string>(servers[i]->channel("chat").messages.back()) == "from client " + std::to_string(i));
    CHECK(std::get<std::string>(clients[i]->channel("chat").messages.back()) == "to client " + std::to_string(i));
    for (std::size_t k = 0; k < servers.size(); ++k)
      if (k != i && servers[k]->has("chat")) CHECK(heard(*servers[k]) == before[k]);
  }

  World world;
  Host& host;
  std::vector<Host*> clientHosts;
  std::vector<std::unique_ptr<End>> servers, clients;
};

}  // namespace

TEST_CASE("three connections over one port connect, carry their own data, and end one by one") {
  SharedPort net;
  REQUIRE(net.world.runUntil([&] { return net.isOpen(0) && net.isOpen(1) && net.isOpen(2); }, 10s));
  CHECK(net.host.boundSockets() == std::vector{SocketAddress{IpAddress::v4(192, 0, 2, 1), 4000}});
  for (std::size_t i : {0u, 1u, 2u}) net.exchange(i);

  net.servers[1]->close();
  net.world.runFor(1min);  // Consent of the others goes on.
  CHECK(net.clients[1]->channel("chat").closed == 1);
  CHECK(net.host.boundSockets().size() == 1);
  for (std::size_t i : {0u, 2u}) net.exchange(i);

  net.servers[0]->close();
  net.servers[2]->close();
  net.world.runFor(2s);
  CHECK(net.host.boundSockets().empty());
}

TEST_CASE("a connection on a shared port restarts ICE without harm to the others") {
  SharedPort net;
  REQUIRE(net.world.runUntil([&] { return net.isOpen(0) && net.isOpen(1) && net.isOpen(2); }, 10s));
  net.clients[0]->pc().restartIce();
  net.world.runFor(10s);
  CHECK(net.clients[0]->count("signalingstate stable") == 2);
  for (std::size_t i : {0u, 1u, 2u}) net.exchange(i);
  net.world.runFor(1min);
  for (std::size_t i : {0u, 1u, 2u}) net.exchange(i);
}
