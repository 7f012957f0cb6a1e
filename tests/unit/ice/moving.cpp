// A better pair later (renomination), other networks (continual gathering), lite, relays that are refused: agents only.
#include "network.hpp"

using namespace parley;
using namespace parley::ice;
using namespace parley::ice::test;

namespace {

/// As `connect`, with what the descriptions say of both.
void connectWith(Peer& offerer, Peer& answerer, RemoteOptions ofOfferer, RemoteOptions ofAnswerer) {
  Network& net = offerer.network;
  trickle(offerer, answerer, 10ms);
  trickle(answerer, offerer, 10ms);
  offerer.agent.setRole(Role::Controlling, net.now);
  answerer.agent.setRole(Role::Controlled, net.now);
  offerer.agent.gather(offerer.local, net.now);
  answerer.agent.gather(answerer.local, net.now);
  answerer.agent.setRemote(offerer.local, ofOfferer, net.now);
  offerer.agent.setRemote(answerer.local, ofAnswerer, net.now);
}

Config renominating() {
  Config config;
  config.renomination = true;
  return config;
}

}  // namespace

TEST_CASE("A better pair that works late is nominated by a higher number, where both offer that") {
  for (const bool offered : {true, false}) {
    INFO(offered);
    Network net;
    // IPv6 is preferred, and its first packets get lost for two seconds.
    const std::vector<NetworkInterface> one = {{"eth0", ip("192.0.2.1")}, {"eth0", ip("2001:db8::1")}};
    const std::vector<NetworkInterface> two = {{"eth0", ip("192.0.2.2")}, {"eth0", ip("2001:db8::2")}};
    Peer& alice = net.addPeer("alice", one, offered ? renominating() : Config());
    Peer& bob = net.addPeer("bob", two, renominating());
    net.drops = [&](const Sent& sent) { return sent.to.ip.isV6() && net.now < start() + 2s; };
    connectWith(alice, bob, {false, offered}, {false, true});
    REQUIRE(net.run(2s, [&] { return bothSelected(alice, bob); }));
    CHECK(alice.agent.sendPath()->to.ip.isV4());
    net.run(10s);
    CHECK(alice.agent.sendPath()->to.ip.isV6() == offered);
    CHECK(bob.agent.sendPath()->to.ip.isV6() == offered);
    CHECK(alice.selections.size() == (offered ? 2 : 1));
  }
}

TEST_CASE("An address that comes is gathered in the same generation, and carries on when the old one goes") {
  for (const bool controllingMoves : {true, false}) {
    INFO(controllingMoves);
    Network net;
    Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
    Peer& bob = net.addPeer("bob", interface("192.0.2.2"));
    connect(alice, bob);
    REQUIRE(net.run(5s, [&] { return bothSelected(alice, bob); }));
    net.run(3s);
    Peer& mover = controllingMoves ? alice : bob;
    mover.interfaces = interface("198.51.100.7");
    const Time moved = net.now;
    mover.agent.handle(InterfacesChanged{mover.interfaces}, net.now);
    CHECK(mover.agent.gatheringState() == GatheringState::Gathering);
    REQUIRE(net.run(3s, [&] {
      return alice.agent.sendPath() && bob.agent.sendPath() && alice.isConnected() && bob.isConnected() &&
             (controllingMoves ? bob : alice).agent.sendPath()->to.ip == ip("198.51.100.7");
    }));
    CHECK(net.now - moved < 2s);
    CHECK(mover.candidates.back().candidate.address == "198.51.100.7");
    CHECK(mover.agent.gatheringState() == GatheringState::Complete);
    net.run(60s);
    CHECK(alice.isConnected());
    CHECK(bob.isConnected());
    CHECK(alice.selections.size() >= 2);
  }
}

TEST_CASE("Of two networks one goes, whenever that is, and the other one carries on") {
  const auto cases = {0ms, 20ms, 1000ms, 40'000ms};
  for (const bool controllingMoves : {true, false})
    for (const bool checkedBefore : {true, false})
      for (const auto after : cases) {
        CAPTURE(controllingMoves, checkedBefore, after.count());
        Network net;
        const std::vector<NetworkInterface> both = {{"eth0", ip("192.0.2.7")}, {"eth1", ip("198.51.100.7")}};
        Peer& alice = net.addPeer("alice", controllingMoves ? both : interface("192.0.2.1"));
        Peer& bob = net.addPeer("bob", controllingMoves ? interface("192.0.2.2") : both);
        // The second network works from the beginning, or not before it is needed.
        bool works = checkedBefore;
        net.drops = [&](const Sent& sent) {
          return !works && (sent.from.ip == ip("198.51.100.7") || sent.to.ip == ip("198.51.100.7"));
        };
        net.extraDelay = [](const Sent& sent) { return sent.from.ip == ip("198.51.100.7") ? 200ms : 0ms; };
        connect(alice, bob);
        REQUIRE(net.run(5s, [&] { return bothSelected(alice, bob); }));
        net.run(after);
        Peer& mover = controllingMoves ? alice : bob;
        Peer& other = controllingMoves ? bob : alice;
        REQUIRE(other.agent.sendPath()->to.ip == ip("192.0.2.7"));
        mover.interfaces = {{"eth1", ip("198.51.100.7")}};
        works = true;
        mover.agent.handle(InterfacesChanged{mover.interfaces}, net.now);
        const Time moved = net.now;
        REQUIRE(net.run(15s, [&] {
          return other.agent.sendPath() && other.agent.sendPath()->to.ip == ip("198.51.100.7") &&
                 mover.agent.sendPath() && alice.isConnected() && bob.isConnected();
        }));
        // Who nominates is believed at once; else the other side has to notice the silence.
        CHECK(net.now - moved < (controllingMoves ? 3s : 12s));
        net.run(60s);
        CHECK(alice.isConnected());
        CHECK(bob.isConnected());
      }
}

TEST_CASE("Without any address the state is disconnected, and fails when consent would have expired") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
  Peer& bob = net.addPeer("bob", interface("192.0.2.2"));
  connect(alice, bob);
  REQUIRE(net.run(5s, [&] { return bothSelected(alice, bob); }));
  net.run(60s);
  alice.agent.handle(InterfacesChanged{{}}, net.now);
  CHECK(alice.state() == State::Disconnected);
  CHECK_FALSE(alice.agent.sendPath());
  net.run(29s);
  CHECK(alice.state() == State::Disconnected);
  net.run(2s);
  CHECK(alice.state() == State::Failed);
}

TEST_CASE("A lite agent makes no checks, is controlled whoever offers, and fails when the peer falls silent") {
  Network net;
  Config lite;
  lite.lite = true;
  Peer& server = net.addPeer("server", interface("192.0.2.1"), lite);
  Peer& client = net.addPeer("client", interface("192.0.2.2"));
  connectWith(server, client, {true, false}, {});
  REQUIRE(net.run(5s, [&] { return bothSelected(server, client); }));
  CHECK(server.agent.role() == Role::Controlled);
  CHECK(client.agent.role() == Role::Controlling);
  net.run(2min);
  CHECK(server.isConnected());
  for (const auto& [when, sent] : server.outgoing) CHECK_FALSE(sent.isRequest());
  client.agent.close(net.now);
  net.run(20s);
  CHECK(server.state() == State::Disconnected);
  net.run(20s);
  CHECK(server.state() == State::Failed);
}

TEST_CASE("Names of multicast DNS are looked up, and other names are not") {
  Network net;
  net.names["a1b2c3d4.local"] = {ip("192.0.2.2")};
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
  Peer& bob = net.addPeer("bob", interface("192.0.2.2"));
  connectWith(alice, bob, {}, {});
  bob.onCandidate = [&](const CandidateFound& found) {
    Candidate candidate = signalled(found);
    candidate.address = "a1b2c3d4.local";
    alice.agent.addRemoteCandidate(candidate, net.now);
    candidate.address = "peer.example.com";
    alice.agent.addRemoteCandidate(candidate, net.now);
  };
  REQUIRE(net.run(5s, [&] { return bothSelected(alice, bob); }));
  CHECK(alice.agent.stats().drops[Drop::UnusableCandidate] == 1);
}

TEST_CASE("Hidden addresses appear in no candidate and no statistics") {
  Network net;
  Config hidden;
  hidden.hideAddresses = true;
  hidden.servers.stun.push_back({"198.51.100.1", 3478, "stun:198.51.100.1"});
  net.stunServer = at("198.51.100.1:3478");
  Nat& nat = net.addNat("203.0.113.1");
  Peer& alice = net.addPeer("alice", interface("10.0.0.1"), hidden, &nat);
  alice.agent.gather(alice.local, net.now);
  net.run(1s);
  REQUIRE(alice.candidates.size() == 2);
  CHECK(isMdnsName(alice.candidates[0].candidate.address));
  CHECK(alice.candidates[0].candidate.address.size() == 36 + 6);
  CHECK(alice.candidates[1].candidate.address == "203.0.113.1");
  CHECK(alice.candidates[1].candidate.relatedAddress == "0.0.0.0");
  CHECK(alice.candidates[1].candidate.relatedPort == 9);
  for (const auto& one : alice.agent.stats().localCandidates)
    CHECK(toString(one.candidate).find("10.0.0.1") == std::string::npos);
}

TEST_CASE("What was gathered ahead is shown with the first credentials") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
  alice.agent.prepare(net.now);
  net.run(1s);
  CHECK(alice.boundSockets == 1);
  CHECK(alice.candidates.empty());
  CHECK(alice.gatherings.empty());
  alice.agent.gather(alice.local, net.now);
  net.run(1ms);
  CHECK(alice.boundSockets == 1);
  REQUIRE(alice.candidates.size() == 1);
  CHECK(alice.candidates[0].ufrag == alice.local.ufrag);
  CHECK(alice.agent.gatheringState() == GatheringState::Complete);
}
