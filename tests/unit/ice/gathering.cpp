#include "network.hpp"

using namespace parley;
using namespace parley::ice;
using namespace parley::ice::test;

namespace {

Config withServer(std::string host) {
  Config config;
  config.servers.stun.push_back({std::move(host), 3478, "stun:stun.example.com"});
  return config;
}

std::optional<Time> gatheredAt(const Peer& peer) {
  for (const auto& [when, what] : peer.gatherings)
    if (what.state == GatheringState::Complete) return when;
  return std::nullopt;
}

}  // namespace

TEST_CASE("Host candidates come at once, and gathering is complete after them") {
  Network net;
  Peer& alice = net.addPeer("alice", {{"eth0", ip("192.0.2.1")}, {"eth0", ip("2001:db8::1")}});
  CHECK(alice.agent.gatheringState() == GatheringState::New);
  alice.agent.gather(alice.local, net.now);
  CHECK(alice.agent.gatheringState() == GatheringState::Gathering);
  net.run(1ms);
  REQUIRE(alice.candidates.size() == 2);
  CHECK(alice.candidates[0].candidate.address == "2001:db8::1");
  CHECK(alice.candidates[0].ufrag == alice.local.ufrag);
  CHECK(alice.candidates[0].candidate.priority > alice.candidates[1].candidate.priority);
  CHECK(alice.candidates[0].candidate.foundation != alice.candidates[1].candidate.foundation);
  CHECK(alice.candidates[0].candidate.relatedAddress.empty());
  CHECK(alice.agent.gatheringState() == GatheringState::Complete);
  CHECK(gatheredAt(alice) == start());
}

TEST_CASE("Without an address, or when no socket can be bound, gathering is complete and empty") {
  Network net;
  Peer& none = net.addPeer("none", {});
  Peer& refused = net.addPeer("refused", interface("192.0.2.1"));
  refused.socketsFail = true;
  for (Peer* peer : {&none, &refused}) {
    peer->agent.gather(peer->local, net.now);
    net.run(1ms);
    CHECK(peer->candidates.empty());
    CHECK(peer->agent.gatheringState() == GatheringState::Complete);
  }
}

TEST_CASE("A STUN server behind a NAT gives a server-reflexive candidate") {
  Network net;
  net.stunServer = at("198.51.100.1:3478");
  net.names["stun.example.com"] = {ip("198.51.100.1")};
  Nat& nat = net.addNat("203.0.113.1");
  Peer& alice = net.addPeer("alice", interface("10.0.0.1"), withServer("stun.example.com"), &nat);
  alice.agent.gather(alice.local, net.now);
  net.run(1s);
  REQUIRE(alice.candidates.size() == 2);
  const auto& found = alice.candidates[1];
  CHECK(found.candidate.type == CandidateType::ServerReflexive);
  CHECK(found.candidate.address == "203.0.113.1");
  CHECK(found.candidate.port == 40000);
  CHECK(found.candidate.relatedAddress == "10.0.0.1");
  CHECK(found.candidate.relatedPort == 50000);
  CHECK(found.candidate.priority == candidatePriority(CandidateType::ServerReflexive, 65535));
  CHECK(found.candidate.foundation != alice.candidates[0].candidate.foundation);
  CHECK(found.url == "stun:stun.example.com");
  CHECK(gatheredAt(alice) == start() + 5ms + 40ms);  // the look-up and one round trip
  CHECK(alice.failures.empty());
  SECTION("whose binding is kept alive until a pair is selected") {
    auto requests = alice.outgoing.size();
    net.run(46s);
    CHECK(alice.outgoing.size() == requests + 3);
    CHECK(alice.candidates.size() == 2);
  }
}

TEST_CASE("A server-reflexive candidate that equals its base, or that another server gave, is redundant") {
  Network net;
  net.stunServer = at("198.51.100.1:3478");
  SECTION("no NAT") {
    Peer& alice = net.addPeer("alice", interface("192.0.2.1"), withServer("198.51.100.1"));
    alice.agent.gather(alice.local, net.now);
    net.run(1s);
    CHECK(alice.candidates.size() == 1);
    CHECK(alice.agent.gatheringState() == GatheringState::Complete);
  }
  SECTION("two servers") {
    Nat& nat = net.addNat("203.0.113.1");
    Config config = withServer("198.51.100.1");
    config.servers.stun.push_back(config.servers.stun[0]);
    Peer& alice = net.addPeer("alice", interface("10.0.0.1"), config, &nat);
    alice.agent.gather(alice.local, net.now);
    net.run(1s);
    CHECK(alice.candidates.size() == 2);
  }
}

TEST_CASE("A dead STUN server is reported by 701 and holds gathering up for 5 s and no longer") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"), withServer("198.51.100.1"));
  alice.agent.gather(alice.local, net.now);
  net.run(60s);
  REQUIRE(alice.failures.size() == 1);
  CHECK(alice.failures[0].code == 701);
  CHECK(alice.failures[0].url == "stun:stun.example.com");
  CHECK(alice.failures[0].local == at("192.0.2.1:50000"));
  CHECK(gatheredAt(alice) == start() + 5s);
  CHECK(alice.outgoing.size() == 4);
}

TEST_CASE("A server's name that is not found, or never answered, is reported") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"), withServer("stun.example.com"));
  auto expected = 5s;
  SECTION("not found") {
    net.names["stun.example.com"] = {};
    expected = 0s;
  }
  SECTION("found, but nothing can be sent there") {
    net.names["stun.example.com"] = {IpAddress::v4(0, 0, 0, 123)};
    expected = 0s;
  }
  SECTION("never answered") {}
  alice.agent.gather(alice.local, net.now);
  net.run(10s);
  REQUIRE(alice.failures.size() == 1);
  CHECK(alice.failures[0].code == 701);
  CHECK(alice.failures[0].local.port == 0);
  REQUIRE(gatheredAt(alice));
  CHECK(*gatheredAt(alice) - start() - expected <= 5ms);
}

TEST_CASE("An error of a STUN server is reported with its code") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"), withServer("198.51.100.1"));
  alice.agent.gather(alice.local, net.now);
  net.run(1ms);
  REQUIRE(alice.outgoing.size() == 1);
  base::PacketPool pool;
  auto packet = stun::MessageBuilder(pool, stun::Class::ErrorResponse, *alice.outgoing[0].second.message())
                    .addErrorCode(403, "Forbidden")
                    .addFingerprint()
                    .finish();
  net.transport({at("198.51.100.9:3478"), at("192.0.2.1:50000"), {packet.bytes().begin(), packet.bytes().end()}});
  net.run(100ms);
  CHECK(alice.failures.empty());  // It came from somewhere else.
  net.transport({at("198.51.100.1:3478"), at("192.0.2.1:50000"), {packet.bytes().begin(), packet.bytes().end()}});
  net.run(100ms);
  REQUIRE(alice.failures.size() == 1);
  CHECK(alice.failures[0].code == 403);
  CHECK(alice.failures[0].text == "Forbidden");
  CHECK(alice.agent.gatheringState() == GatheringState::Complete);
}

TEST_CASE("Agents behind two NATs connect through their server-reflexive candidates") {
  Network net;
  net.stunServer = at("198.51.100.1:3478");
  Nat& left = net.addNat("203.0.113.1");
  Nat& right = net.addNat("203.0.113.2");
  Peer& alice = net.addPeer("alice", interface("10.0.0.1"), withServer("198.51.100.1"), &left);
  Peer& bob = net.addPeer("bob", interface("10.0.0.1"), withServer("198.51.100.1"), &right);
  connect(alice, bob);
  REQUIRE(net.run(5s, [&] { return bothSelected(alice, bob); }));
  CHECK(alice.selections[0].second.local.type == CandidateType::ServerReflexive);
  CHECK(alice.selections[0].second.local.address == "203.0.113.1");
  CHECK(alice.selections[0].second.remote.address == "203.0.113.2");
  net.run(120s);
  CHECK(alice.state() == State::Completed);
}

TEST_CASE("A symmetric NAT is seen as a peer-reflexive candidate on both sides") {
  Network net;
  net.stunServer = at("198.51.100.1:3478");
  Nat& nat = net.addNat("203.0.113.1", true);
  Peer& alice = net.addPeer("alice", interface("10.0.0.1"), withServer("198.51.100.1"), &nat);
  Peer& bob = net.addPeer("bob", interface("192.0.2.2"));
  connect(alice, bob);
  REQUIRE(net.run(5s, [&] { return bothSelected(alice, bob); }));
  CHECK(alice.selections[0].second.local.type == CandidateType::PeerReflexive);
  CHECK(alice.selections[0].second.local.port == 40001);
  CHECK(alice.selections[0].second.local.relatedAddress == "10.0.0.1");
  CHECK(bob.selections[0].second.remote.type == CandidateType::PeerReflexive);
  CHECK(alice.candidates.size() == 2);  // It is not signalled.
  auto stats = alice.agent.stats();
  REQUIRE_FALSE(stats.selectedPairId.empty());
  for (const auto& pair : stats.pairs)
    if (pair.id == stats.selectedPairId)
      for (const auto& local : stats.localCandidates)
        if (local.id == pair.localCandidateId) CHECK(local.candidate.type == CandidateType::PeerReflexive);
}
