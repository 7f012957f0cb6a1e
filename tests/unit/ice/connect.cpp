#include "network.hpp"

using namespace parley;
using namespace parley::ice;
using namespace parley::ice::test;

TEST_CASE("Two agents connect and select the same pair") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
  Peer& bob = net.addPeer("bob", interface("192.0.2.2"));
  connect(alice, bob);
  REQUIRE(net.run(2s, [&] { return alice.state() == State::Completed && bob.state() == State::Completed; }));
  REQUIRE(alice.selections.size() == 1);
  REQUIRE(bob.selections.size() == 1);
  CHECK(alice.selections[0].second.local.address == "192.0.2.1");
  CHECK(alice.selections[0].second.remote.address == "192.0.2.2");
  CHECK(bob.selections[0].second.remote.port == alice.selections[0].second.local.port);
  auto path = alice.agent.sendPath();
  REQUIRE(path);
  CHECK(path->to == at("192.0.2.2:50000"));
  CHECK(bob.agent.mayReceive(bob.agent.sendPath()->socket, at("192.0.2.1:50000")));
  CHECK_FALSE(bob.agent.mayReceive(bob.agent.sendPath()->socket, at("192.0.2.1:50001")));
  CHECK(alice.agent.roundTripTime() == 40ms);
}
