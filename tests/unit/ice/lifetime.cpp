#include "network.hpp"

using namespace parley;
using namespace parley::ice;
using namespace parley::ice::test;

namespace {

/// Two agents that are connected.
struct Connected {
  Connected() {
    connect(alice, bob, 0ms);
    REQUIRE(net.run(2s, [&] { return alice.state() == State::Completed && bob.state() == State::Completed; }));
  }

  /// Credentials for a new generation of `peer`; its candidates are signalled from here on.
  void renew(Peer& peer) { peer.local = makeCredentials(peer.random); }

  void restart(Peer& offerer, Peer& answerer, Duration delay) {
    renew(offerer);
    trickle(offerer, answerer, delay);
    trickle(answerer, offerer, delay);
    offerer.agent.gather(offerer.local, net.now);
    net.later(delay, [&, delay] {
      renew(answerer);
      answerer.agent.setRemote(offerer.local, {}, net.now);
      answerer.agent.gather(answerer.local, net.now);
      net.later(delay, [&] { offerer.agent.setRemote(answerer.local, {}, net.now); });
    });
  }

  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
  Peer& bob = net.addPeer("bob", interface("192.0.2.2"));
};

std::vector<State> statesAfter(const Peer& peer, Time time) {
  std::vector<State> out;
  for (const auto& [when, state] : peer.states)
    if (when > time) out.push_back(state);
  return out;
}

}  // namespace

TEST_CASE("Consent is checked each 4 to 6 s by new transactions, for ever") {
  Connected c;
  c.alice.outgoing.clear();
  c.net.run(600s);
  std::vector<Time> times;
  std::vector<stun::TransactionId> ids;
  for (const auto& [when, sent] : c.alice.outgoing) {
    if (!sent.isRequest()) continue;
    times.push_back(when);
    auto id = sent.message()->transactionId();
    CHECK(std::find(ids.begin(), ids.end(), id) == ids.end());
    ids.push_back(id);
  }
  REQUIRE(times.size() >= 100);
  REQUIRE(times.size() <= 150);
  for (std::size_t i = 1; i < times.size(); ++i) {
    CHECK(times[i] - times[i - 1] >= 4s);
    CHECK(times[i] - times[i - 1] <= 6s);
  }
  CHECK(c.alice.states.back().second == State::Completed);
  auto stats = c.alice.agent.stats();
  REQUIRE(stats.pairs.size() == 1);
  CHECK(stats.pairs[0].consentRequestsSent == times.size());
}

TEST_CASE("A peer that vanishes is Disconnected after one unanswered check and Failed when consent expires") {
  Connected c;
  c.net.run(100s);
  Time vanished = c.net.now;
  c.net.drops = [](const Sent&) { return true; };
  c.net.run(60s);
  REQUIRE(statesAfter(c.alice, vanished) == std::vector<State>{State::Disconnected, State::Failed});
  // The next consent check goes out within 6 s, and 5 s later it is clear that nobody answers.
  auto disconnected = c.alice.states[c.alice.states.size() - 2].first - vanished;
  CHECK(disconnected >= 5s);
  CHECK(disconnected <= 11s);
  // The last answer came at most 6 s before.
  auto failed = c.alice.states.back().first - vanished;
  CHECK(failed >= 24s);
  CHECK(failed <= 30s);
  CHECK_FALSE(c.alice.agent.sendPath());
  SECTION("and after that nothing is sent on these credentials, even if the peer comes back") {
    auto count = c.alice.outgoing.size();
    c.net.drops = {};
    c.net.run(60s);
    CHECK(c.alice.outgoing.size() == count);
    CHECK(c.alice.state() == State::Failed);
  }
  SECTION("but a restart brings it back") {
    c.net.drops = {};
    c.restart(c.alice, c.bob, 20ms);
    REQUIRE(c.net.run(5s, [&] { return c.alice.state() == State::Completed && c.bob.state() == State::Completed; }));
    CHECK(statesAfter(c.alice, vanished) == std::vector<State>{State::Disconnected, State::Failed, State::Checking,
                                                               State::Connected, State::Completed});
    CHECK(c.alice.agent.sendPath());
  }
}

TEST_CASE("Silence for less than the expiry is survived") {
  Connected c;
  c.net.run(100s);
  Time silence = c.net.now;
  c.net.drops = [](const Sent&) { return true; };
  c.net.run(15s);
  CHECK(c.alice.state() == State::Disconnected);
  CHECK(c.alice.agent.sendPath());  // Consent has not expired.
  c.net.drops = {};
  c.net.run(10s);
  CHECK(statesAfter(c.alice, silence) == std::vector<State>{State::Disconnected, State::Completed});
}

TEST_CASE("One lost consent check does not disconnect") {
  Connected c;
  c.net.run(100s);
  auto states = c.alice.states.size();
  bool lost = false;
  c.net.drops = [&](const Sent& sent) { return sent.isRequest() && sent.from.ip == ip("192.0.2.1") && !std::exchange(lost, true); };
  c.net.run(60s);
  CHECK(lost);
  CHECK(c.alice.states.size() == states);
}

TEST_CASE("Data from the peer keeps the state connected but is no consent") {
  Connected c;
  c.net.run(100s);
  Time silence = c.net.now;
  c.net.drops = [](const Sent& sent) { return sent.to.ip == ip("192.0.2.1"); };
  auto path = *c.alice.agent.sendPath();
  for (int i = 0; i < 400; ++i) {
    c.net.run(100ms);
    c.alice.agent.countReceived(path.socket, path.to, 100, c.net.now);
  }
  CHECK(statesAfter(c.alice, silence) == std::vector<State>{State::Failed});
}

TEST_CASE("A forged response does not renew consent") {
  Connected c;
  c.net.run(100s);
  c.net.drops = [&](const Sent& sent) {
    if (!sent.isRequest() || sent.from.ip != ip("192.0.2.1")) return sent.from.ip == ip("192.0.2.2");
    base::PacketPool pool;
    auto packet = stun::MessageBuilder(pool, stun::Class::SuccessResponse, *sent.message())
                      .addXorMappedAddress(sent.from)
                      .addIntegrity(base::asBytes("not the password of the peer"))
                      .addFingerprint()
                      .finish();
    c.net.later(40ms, [&, from = sent.to, bytes = std::vector<std::uint8_t>(packet.bytes().begin(), packet.bytes().end())]() mutable {
      c.alice.agent.handle(Datagram{c.alice.sockets.begin()->first, from, bytes}, c.net.now);
    });
    return true;
  };
  c.net.run(40s);
  CHECK(c.alice.state() == State::Failed);
  CHECK(c.alice.agent.stats().drops[Drop::BadIntegrity] >= 4);
}

TEST_CASE("A restart keeps the old path until the new one is selected, and takes new sockets") {
  Connected c;
  c.net.run(20s);
  Time restarted = c.net.now;
  auto before = *c.alice.agent.sendPath();
  auto signalling = 200ms;
  bool byOther = GENERATE(false, true);
  auto& offerer = byOther ? c.bob : c.alice;
  auto& answerer = byOther ? c.alice : c.bob;
  c.restart(offerer, answerer, signalling);
  std::size_t withoutPath = 0;
  bool connected = c.net.run(5s, [&] {
    withoutPath += !c.alice.agent.sendPath() + !c.bob.agent.sendPath();
    REQUIRE(c.alice.agent.mayReceive(before.socket, before.to));
    return c.alice.selections.size() == 2 && c.bob.selections.size() == 2;
  });
  REQUIRE(connected);
  CHECK(withoutPath == 0);
  CHECK(c.alice.boundSockets == 2);
  CHECK(c.bob.boundSockets == 2);
  CHECK(c.alice.agent.sendPath()->socket != before.socket);
  CHECK(c.alice.agent.sendPath()->to != before.to);
  CHECK(c.alice.agent.localUfrags().size() == 2);
  CHECK(c.alice.agent.role() == Role::Controlling);  // RFC 8445 s.9: roles are kept.
  c.net.run(10s);
  CHECK(c.alice.sockets.size() == 1);
  CHECK(c.alice.agent.localUfrags() == std::vector<std::string>{c.alice.local.ufrag});
  CHECK(statesAfter(c.alice, restarted) == std::vector<State>{State::Connected, State::Completed});
  CHECK(c.alice.agent.stats().selectedCandidatePairChanges == 2);
  SECTION("and again") {
    c.restart(offerer, answerer, signalling);
    REQUIRE(c.net.run(5s, [&] { return c.alice.selections.size() == 3 && c.bob.selections.size() == 3; }));
  }
}

TEST_CASE("A restart moves to a new address, and the socket of the old one is closed") {
  Connected c;
  c.net.run(20s);
  c.alice.interfaces = interface("192.0.2.77");
  c.restart(c.alice, c.bob, 50ms);
  REQUIRE(c.net.run(5s, [&] { return c.alice.selections.size() == 2 && c.bob.selections.size() == 2; }));
  CHECK(c.bob.agent.sendPath()->to.ip == ip("192.0.2.77"));
  CHECK(c.alice.sockets.size() == 2);
  c.net.run(5s);
  CHECK(c.alice.sockets.size() == 1);
  c.net.run(60s);
  CHECK(c.alice.state() == State::Completed);
  CHECK(c.bob.state() == State::Completed);
}

TEST_CASE("A restart that finds no free port uses the socket that it has") {
  Connected c;
  c.net.run(20s);
  auto before = *c.alice.agent.sendPath();
  c.alice.socketsFail = true;
  c.restart(c.alice, c.bob, 50ms);
  REQUIRE(c.net.run(5s, [&] { return c.alice.selections.size() == 2 && c.bob.selections.size() == 2; }));
  CHECK(c.alice.agent.sendPath()->socket == before.socket);
  c.net.run(60s);
  CHECK(c.alice.sockets.size() == 1);
  CHECK(c.alice.state() == State::Completed);
  CHECK(c.bob.state() == State::Completed);
}

TEST_CASE("Data goes on over the old path, with consent, while a restart waits for its answer") {
  Connected c;
  c.net.run(20s);
  c.renew(c.alice);
  c.alice.agent.gather(c.alice.local, c.net.now);
  auto checks = c.alice.agent.stats().pairs[0].consentRequestsSent;
  c.net.run(100s);
  CHECK(c.alice.agent.sendPath());
  CHECK(c.bob.agent.sendPath());
  CHECK(c.alice.agent.stats().pairs[0].consentRequestsSent >= checks + 15);
  SECTION("and if it expires there, it ends") {
    c.net.drops = [](const Sent&) { return true; };
    c.net.run(40s);
    CHECK_FALSE(c.alice.agent.sendPath());
  }
}

TEST_CASE("A restart that is rolled back leaves the old generation as it was") {
  Connected c;
  c.net.run(20s);
  Credentials aliceOld = c.alice.local, bobOld = c.bob.local;
  auto candidates = c.alice.candidates.size();
  SECTION("our own") {
    c.renew(c.alice);
    c.alice.agent.gather(c.alice.local, c.net.now);
    c.alice.agent.gather(aliceOld, c.net.now);
    CHECK(c.alice.agent.gatheringState() == GatheringState::Complete);
    CHECK_FALSE(c.alice.agent.ownsUfrag(c.alice.local.ufrag));
  }
  SECTION("our own, when it has gathered already") {
    c.renew(c.alice);
    c.alice.agent.gather(c.alice.local, c.net.now);
    c.net.run(5s);
    CHECK(c.alice.sockets.size() == 2);
    candidates = c.alice.candidates.size();
    c.alice.agent.gather(aliceOld, c.net.now);
    c.net.run(1s);
    CHECK(c.alice.sockets.size() == 1);
  }
  SECTION("the peer's") {
    c.alice.agent.setRemote(makeCredentials(c.bob.random), {}, c.net.now);
    c.alice.agent.setRemote(bobOld, {}, c.net.now);
  }
  c.net.run(100s);
  CHECK(c.alice.candidates.size() == candidates);
  CHECK(c.alice.agent.localUfrags() == std::vector<std::string>{aliceOld.ufrag});
  CHECK(c.alice.state() == State::Completed);
  c.alice.local = aliceOld;
  c.restart(c.bob, c.alice, 20ms);
  REQUIRE(c.net.run(5s, [&] { return c.alice.selections.size() == 2 && c.bob.selections.size() == 2; }));
}

TEST_CASE("A checklist does not fail before 39.5 s, and then it does") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
  Peer& bob = net.addPeer("bob", interface("192.0.2.2"));
  SECTION("no candidate at all") {
    alice.agent.gather(alice.local, net.now);
    alice.agent.setRemote(bob.local, {}, net.now);
    alice.agent.endOfRemoteCandidates(net.now);
    net.run(39499ms);
    CHECK(alice.state() == State::New);
    net.run(1ms);
    CHECK(alice.state() == State::Failed);
  }
  SECTION("no candidate that works") {
    net.drops = [](const Sent&) { return true; };
    connect(alice, bob, 0ms);
    net.run(39s);
    CHECK(alice.state() == State::Checking);
    net.run(2s);
    CHECK(alice.state() == State::Failed);
    CHECK(bob.state() == State::Failed);
  }
  SECTION("no end of candidates: the time runs from the last one") {
    net.drops = [](const Sent&) { return true; };
    alice.agent.gather(alice.local, net.now);
    alice.agent.setRemote(bob.local, {}, net.now);
    net.run(30s);
    alice.agent.addRemoteCandidate(*parseCandidate("1 1 udp 1 192.0.2.2 9 typ host"), net.now);
    net.run(39s);
    CHECK(alice.state() == State::Checking);
    net.run(2s);
    CHECK(alice.state() == State::Failed);
  }
  SECTION("but a late check of the peer saves it") {
    net.drops = [&](const Sent& sent) { return sent.from.ip == ip("192.0.2.1") && net.now < start() + 30s; };
    connect(alice, bob, 0ms);
    net.run(39s);
    CHECK(alice.isConnected());
  }
}

TEST_CASE("A socket that breaks takes its pairs with it") {
  Connected c;
  auto socket = c.alice.agent.sendPath()->socket;
  c.alice.agent.handle(SocketFailed{socket, "gone"}, c.net.now);
  CHECK_FALSE(c.alice.agent.sendPath());
  CHECK_FALSE(c.alice.agent.mayReceive(socket, at("192.0.2.2:50000")));
  c.net.run(60s);
  CHECK(c.alice.state() == State::Failed);
  c.net.run(60s);
  c.restart(c.alice, c.bob, 20ms);
  REQUIRE(c.net.run(5s, [&] { return c.alice.isConnected() && c.bob.isConnected(); }));
}

TEST_CASE("Statistics count what went over the pair") {
  Connected c;
  c.net.run(50s);
  auto path = *c.alice.agent.sendPath();
  c.alice.agent.countSent(1000, c.net.now);
  c.alice.agent.countSent(10, c.net.now);
  c.alice.agent.countReceived(path.socket, path.to, 7, c.net.now);
  c.alice.agent.countReceived(path.socket, at("192.0.2.99:1"), 7, c.net.now);
  auto stats = c.alice.agent.stats();
  REQUIRE(stats.pairs.size() == 1);
  const auto& pair = stats.pairs[0];
  CHECK(pair.id == stats.selectedPairId);
  CHECK(pair.nominated);
  CHECK(pair.state == PairState::Succeeded);
  CHECK(pair.packetsSent == 2);
  CHECK(pair.bytesSent == 1010);
  CHECK(pair.packetsReceived == 1);
  CHECK(pair.bytesReceived == 7);
  CHECK(pair.lastPacketSent == c.net.now);
  CHECK(pair.currentRoundTripTime == 40ms);
  CHECK(pair.totalRoundTripTime == 40ms * static_cast<int>(pair.responsesReceived));
  CHECK(pair.requestsSent >= pair.responsesReceived);
  CHECK(pair.requestsReceived == pair.responsesSent);
  CHECK(pair.consentRequestsSent >= 8);
  CHECK(pair.localCandidateId == stats.localCandidates[0].id);
  CHECK(pair.remoteCandidateId == stats.remoteCandidates[0].id);
  CHECK(stats.localCandidates[0].ufrag == c.alice.local.ufrag);
  CHECK(stats.remoteCandidates[0].ufrag == c.bob.local.ufrag);
  CHECK(stats.role == Role::Controlling);
  CHECK(stats.state == State::Completed);
}
