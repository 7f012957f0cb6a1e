#include "network.hpp"

using namespace parley;
using namespace parley::ice;
using namespace parley::ice::test;

namespace {

struct Two {
  explicit Two(std::uint64_t seed = 1, Config config = Config()) : net(seed) {
    alice = &net.addPeer("alice", interface("192.0.2.1"), config);
    bob = &net.addPeer("bob", interface("192.0.2.2"), config);
  }
  bool run(Duration duration) {
    return net.run(duration, [&] { return alice->state() == State::Completed && bob->state() == State::Completed; });
  }
  Network net;
  Peer* alice;
  Peer* bob;
};

void checkConnected(const Peer& alice, const Peer& bob) {
  REQUIRE(alice.agent.sendPath());
  REQUIRE(bob.agent.sendPath());
  REQUIRE(alice.selections.size() == 1);
  REQUIRE(bob.selections.size() == 1);
  CHECK(alice.agent.role() != bob.agent.role());
  CHECK(alice.selections[0].second.local.port == bob.selections[0].second.remote.port);
  CHECK(alice.selections[0].second.remote.port == bob.selections[0].second.local.port);
}

}  // namespace

TEST_CASE("Two agents connect and select the same pair") {
  Two two;
  connect(*two.alice, *two.bob);
  REQUIRE(two.run(2s));
  checkConnected(*two.alice, *two.bob);
  auto path = two.alice->agent.sendPath();
  CHECK(path->to == at("192.0.2.2:50000"));
  CHECK(two.bob->agent.mayReceive(two.bob->agent.sendPath()->socket, at("192.0.2.1:50000")));
  CHECK_FALSE(two.bob->agent.mayReceive(two.bob->agent.sendPath()->socket, at("192.0.2.1:50001")));
  CHECK_FALSE(two.bob->agent.mayReceive(SocketId{77}, at("192.0.2.1:50000")));
  CHECK(two.alice->agent.roundTripTime() == 40ms);
  CHECK(two.alice->agent.ownsUfrag(two.alice->local.ufrag));
  CHECK_FALSE(two.alice->agent.ownsUfrag(two.bob->local.ufrag));
}

TEST_CASE("The set-up takes no longer than its round trips") {
  Two two;
  connect(*two.alice, *two.bob, 0ms);  // Everything is signalled at once: what is left is the network.
  REQUIRE(two.net.run(2s, [&] { return two.alice->agent.sendPath() && two.bob->agent.sendPath(); }));
  CHECK(two.net.now - start() == 40ms);  // One round trip to the first valid pair, on both sides.
  REQUIRE(two.net.run(2s, [&] { return bothSelected(*two.alice, *two.bob); }));
  CHECK(two.net.now - start() == 80ms);  // And one for its nomination.
}

TEST_CASE("Agents connect in whatever order descriptions and candidates come") {
  Two two;
  Network& net = two.net;
  Peer *alice = two.alice, *bob = two.bob;
  alice->agent.setRole(Role::Controlling, net.now);
  bob->agent.setRole(Role::Controlled, net.now);
  SECTION("all candidates before the credentials") {
    trickle(*alice, *bob);
    trickle(*bob, *alice);
    alice->agent.gather(alice->local, net.now);
    bob->agent.gather(bob->local, net.now);
    net.run(200ms);
    CHECK(alice->state() == State::New);
    alice->agent.setRemote(bob->local, {}, net.now);
    bob->agent.setRemote(alice->local, {}, net.now);
  }
  SECTION("the remote credentials before gathering") {
    trickle(*alice, *bob, 300ms);
    trickle(*bob, *alice, 700ms);
    alice->agent.setRemote(bob->local, {}, net.now);
    bob->agent.setRemote(alice->local, {}, net.now);
    alice->agent.gather(alice->local, net.now);
    bob->agent.gather(bob->local, net.now);
  }
  SECTION("only one side signals candidates") {
    trickle(*alice, *bob);
    bob->onGathered = [&] { alice->agent.endOfRemoteCandidates(net.now); };
    alice->agent.gather(alice->local, net.now);
    bob->agent.gather(bob->local, net.now);
    alice->agent.setRemote(bob->local, {}, net.now);
    bob->agent.setRemote(alice->local, {}, net.now);
  }
  SECTION("the answer comes long after the checks of the answerer") {
    trickle(*alice, *bob);
    trickle(*bob, *alice, 3s);
    alice->agent.gather(alice->local, net.now);
    bob->agent.setRemote(alice->local, {}, net.now);
    bob->agent.gather(bob->local, net.now);
    net.run(1s);
    // RFC 8445 s.7.3: answered at once, so bob's pair is valid, and alice believes what comes from there.
    CHECK(bob->agent.sendPath());
    CHECK_FALSE(alice->agent.sendPath());
    CHECK(alice->agent.mayReceive(SocketId{2}, at("192.0.2.2:50000")));
    alice->agent.setRemote(bob->local, {}, net.now);
  }
  REQUIRE(two.run(10s));
  checkConnected(*alice, *bob);
}

TEST_CASE("A role conflict ends with one agent in control") {
  auto role = GENERATE(Role::Controlling, Role::Controlled);
  auto seed = GENERATE(range(1, 6));
  Two two(static_cast<std::uint64_t>(seed));
  connect(*two.alice, *two.bob);
  two.net.run(30ms);
  two.alice->agent.setRole(role, two.net.now);
  two.net.run(10ms);
  two.bob->agent.setRole(role, two.net.now);
  REQUIRE(two.run(5s));
  checkConnected(*two.alice, *two.bob);
  CHECK(two.alice->roles.size() + two.bob->roles.size() == 1);
}

TEST_CASE("Agents connect through 30 % loss") {
  auto seed = GENERATE(range(1, 41));
  INFO("seed " << seed);
  Two two(static_cast<std::uint64_t>(seed));
  two.net.loss = 0.3;
  connect(*two.alice, *two.bob);
  REQUIRE(two.net.run(39s, [&] { return bothSelected(*two.alice, *two.bob); }));
  two.net.loss = 0;
  two.net.run(20s);
  checkConnected(*two.alice, *two.bob);
}

TEST_CASE("Each datagram of the set-up may be lost") {
  auto lost = GENERATE(range(0, 12));
  INFO("lost: " << lost);
  Two two;
  int count = 0;
  two.net.drops = [&](const Sent&) { return count++ == lost; };
  connect(*two.alice, *two.bob);
  REQUIRE(two.run(5s));
  checkConnected(*two.alice, *two.bob);
}

TEST_CASE("The same seed gives the same run, datagram by datagram") {
  auto trace = [](std::uint64_t seed) {
    Two two(seed);
    two.net.loss = 0.2;
    connect(*two.alice, *two.bob);
    two.net.run(60s);
    return two.net.trace;
  };
  CHECK(trace(5) == trace(5));
  CHECK(trace(5) != trace(6));
}

TEST_CASE("Nothing but checks goes to the peer, paced by Ta") {
  Network net;
  std::vector<NetworkInterface> many;
  for (int i = 1; i <= 5; ++i) many.push_back({"eth" + std::to_string(i), ip("192.0.2." + std::to_string(i))});
  Peer& alice = net.addPeer("alice", many);
  Peer& bob = net.addPeer("bob", many);
  net.drops = [](const Sent&) { return true; };
  connect(alice, bob);
  net.run(700ms);
  std::optional<Time> last;
  std::vector<std::vector<std::uint8_t>> seen;
  for (const auto& [when, sent] : alice.outgoing) {
    REQUIRE(sent.isRequest());
    if (std::find(seen.begin(), seen.end(), sent.bytes) != seen.end()) continue;  // a retransmission
    seen.push_back(sent.bytes);
    if (last) CHECK(when - *last >= 50ms);
    last = when;
  }
  CHECK(seen.size() >= 10);
}

TEST_CASE("Of two proposed pauses between checks the longer one holds") {
  const Duration pause = GENERATE(20ms, 50ms, 80ms);
  Network net;
  std::vector<NetworkInterface> many;
  for (int i = 1; i <= 5; ++i) many.push_back({"eth" + std::to_string(i), ip("192.0.2." + std::to_string(i))});
  Config config;
  config.ta = 20ms;
  Peer& alice = net.addPeer("alice", many, config);
  Peer& bob = net.addPeer("bob", many, config);
  net.drops = [](const Sent&) { return true; };
  RemoteOptions proposes;
  proposes.ta = pause;
  connect(alice, bob, 30ms, proposes);
  net.run(700ms);
  std::optional<Time> last;
  std::vector<std::vector<std::uint8_t>> seen;
  Duration least = 1h;
  for (const auto& [when, sent] : alice.outgoing) {
    if (std::find(seen.begin(), seen.end(), sent.bytes) != seen.end()) continue;  // a retransmission
    seen.push_back(sent.bytes);
    if (last) least = std::min(least, when - *last);
    last = when;
  }
  CHECK(least >= pause);
  CHECK(least < pause + 10ms);
}

TEST_CASE("A check says what RFC 8445 s.7.2.2 asks for") {
  Two two;
  connect(*two.alice, *two.bob);
  REQUIRE(two.run(2s));
  REQUIRE_FALSE(two.alice->outgoing.empty());
  int nominations = 0;
  for (const auto& [when, sent] : two.alice->outgoing) {
    auto message = sent.message();
    REQUIRE(message);
    if (!sent.isRequest()) continue;
    CHECK(message->username() == two.bob->local.ufrag + ':' + two.alice->local.ufrag);
    CHECK(message->checkIntegrity(base::asBytes(two.bob->local.pwd)));
    CHECK(message->hasFingerprint());
    CHECK(message->iceControlling());
    CHECK(message->priority() == candidatePriority(CandidateType::PeerReflexive, 65535));
    nominations += message->useCandidate();
  }
  CHECK(nominations == 1);
  for (const auto& [when, sent] : two.bob->outgoing)
    if (sent.isRequest()) CHECK((sent.message()->iceControlled() && !sent.message()->useCandidate()));
}

TEST_CASE("The better pair is nominated even if the worse one is valid first") {
  Network net;
  auto both = [](std::string_view a, std::string_view b) {
    return std::vector<NetworkInterface>{{"eth0", ip(a)}, {"eth1", ip(b)}};
  };
  Peer& alice = net.addPeer("alice", both("192.0.2.1", "192.0.2.3"));
  Peer& bob = net.addPeer("bob", both("192.0.2.2", "192.0.2.4"));
  SECTION("because its round trip is longer") {
    auto isBest = [](const SocketAddress& one) { return one.port == 50000; };
    net.extraDelay = [&](const Sent& sent) { return isBest(sent.from) && isBest(sent.to) ? 30ms : 0ms; };
    connect(alice, bob);
    REQUIRE(net.run(3s, [&] { return bothSelected(alice, bob); }));
    CHECK(alice.selections[0].second.local.address == "192.0.2.1");
    CHECK(alice.selections[0].second.remote.address == "192.0.2.2");
  }
  SECTION("unless it does not work within the bound") {
    net.drops = [&](const Sent& sent) { return sent.to == at("192.0.2.2:50000") || sent.from == at("192.0.2.2:50000"); };
    connect(alice, bob);
    REQUIRE(net.run(3s, [&] { return bothSelected(alice, bob); }));
    CHECK(alice.selections[0].second.remote.address == "192.0.2.4");
    CHECK(alice.selections[0].first - *alice.firstTime(State::Connected) <= 500ms + 2 * net.delay);
  }
}

TEST_CASE("Dual-stack agents use IPv6, and IPv4 if that is broken") {
  Network net;
  auto dual = [](std::string_view a, std::string_view b) {
    return std::vector<NetworkInterface>{{"eth0", ip(a)}, {"eth0", ip(b)}};
  };
  Peer& alice = net.addPeer("alice", dual("192.0.2.1", "2001:db8::1"));
  Peer& bob = net.addPeer("bob", dual("192.0.2.2", "2001:db8::2"));
  bool broken = GENERATE(false, true);
  if (broken) net.drops = [](const Sent& sent) { return sent.to.ip.isV6(); };
  connect(alice, bob);
  REQUIRE(net.run(3s, [&] { return bothSelected(alice, bob); }));
  CHECK(alice.agent.sendPath()->to.ip.isV6() != broken);
}

TEST_CASE("Link-local IPv6 addresses pair with link-local ones only") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("2001:db8::1"));
  alice.agent.gather(alice.local, net.now);
  alice.agent.setRemote(makeCredentials(alice.random), {}, net.now);
  alice.agent.addRemoteCandidate(*parseCandidate("1 1 udp 2130706431 fe80::1 9 typ host"), net.now);
  alice.agent.addRemoteCandidate(*parseCandidate("2 1 udp 2130706431 192.0.2.9 9 typ host"), net.now);
  net.run(1s);
  CHECK(alice.agent.stats().remoteCandidates.size() == 2);
  CHECK(alice.agent.stats().pairs.empty());
}

TEST_CASE("A peer that signals no candidates is reached through what its checks reveal") {
  Two two;
  Network& net = two.net;
  Peer *alice = two.alice, *bob = two.bob;
  trickle(*alice, *bob);
  alice->agent.gather(alice->local, net.now);
  bob->agent.setRole(Role::Controlled, net.now);
  bob->agent.gather(bob->local, net.now);
  alice->agent.setRemote(bob->local, {}, net.now);
  bob->agent.setRemote(alice->local, {}, net.now);
  REQUIRE(net.run(5s, [&] { return bothSelected(*alice, *bob); }));
  CHECK(alice->selections[0].second.remote.type == CandidateType::PeerReflexive);
  CHECK(alice->selections[0].second.remote.priority == candidatePriority(CandidateType::PeerReflexive, 65535));
  SECTION("and takes its real data from a signalled one that comes late") {
    alice->agent.addRemoteCandidate(bob->candidates[0].candidate, net.now);
    auto stats = alice->agent.stats();
    REQUIRE(stats.remoteCandidates.size() == 1);
    CHECK(stats.remoteCandidates[0].candidate.type == CandidateType::Host);
  }
}

TEST_CASE("A lite peer is controlled and connects by answering alone") {
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
  // Its requests are kept back, so that what is left of a full agent is a lite one (RFC 8445 s.2.5).
  Peer& lite = net.addPeer("lite", interface("192.0.2.2"));
  net.drops = [](const Sent& sent) { return sent.isRequest() && sent.from.ip == ip("192.0.2.2"); };
  trickle(lite, alice);
  alice.agent.setRole(Role::Controlled, net.now);
  lite.agent.setRole(Role::Controlled, net.now);
  lite.agent.gather(lite.local, net.now);
  alice.agent.gather(alice.local, net.now);
  lite.agent.setRemote(alice.local, {}, net.now);
  alice.agent.setRemote(lite.local, {true}, net.now);
  REQUIRE(net.run(3s, [&] { return alice.state() == State::Completed; }));
  CHECK(alice.agent.role() == Role::Controlling);
  REQUIRE(alice.roles.size() == 1);
  net.run(60s);
  CHECK(alice.state() == State::Completed);
}

TEST_CASE("A peer that nominates as RFC 5245 did is tolerated: the best nominated pair is used") {
  Network net;
  std::vector<NetworkInterface> two{{"eth0", ip("192.0.2.1")}, {"eth1", ip("192.0.2.3")}};
  Peer& alice = net.addPeer("alice", two);
  base::SeededRandom random(3);
  Credentials remote = makeCredentials(random);
  alice.agent.setRole(Role::Controlled, net.now);
  alice.agent.gather(alice.local, net.now);
  alice.agent.setRemote(remote, {}, net.now);
  net.run(10ms);

  base::PacketPool pool;
  auto answerAll = [&] {
    for (auto& [when, sent] : std::exchange(alice.outgoing, {})) {
      if (!sent.isRequest()) continue;
      auto packet = stun::MessageBuilder(pool, stun::Class::SuccessResponse, *sent.message())
                        .addXorMappedAddress(sent.from)
                        .addIntegrity(base::asBytes(remote.pwd))
                        .addFingerprint()
                        .finish();
      net.transport({sent.to, sent.from, {packet.bytes().begin(), packet.bytes().end()}});
    }
  };
  auto nominate = [&](const SocketAddress& to) {
    auto packet = stun::MessageBuilder(pool, stun::Class::Request, stun::Method::Binding,
                                       stun::randomTransactionId(random))
                      .addUsername(alice.local.ufrag + ':' + remote.ufrag)
                      .addPriority(candidatePriority(CandidateType::PeerReflexive, 65535))
                      .addIceControlling(1)
                      .addUseCandidate()
                      .addIntegrity(base::asBytes(alice.local.pwd))
                      .addFingerprint()
                      .finish();
    net.transport({at("198.51.100.1:1000"), to, {packet.bytes().begin(), packet.bytes().end()}});
    for (int i = 0; i < 5; ++i) {
      net.run(50ms);
      answerAll();
    }
  };
  nominate(at("192.0.2.3:50001"));
  REQUIRE(alice.selections.size() == 1);
  CHECK(alice.selections[0].second.local.address == "192.0.2.3");
  nominate(at("192.0.2.1:50000"));
  REQUIRE(alice.selections.size() == 2);
  CHECK(alice.selections[1].second.local.address == "192.0.2.1");
  nominate(at("192.0.2.3:50001"));
  CHECK(alice.selections.size() == 2);
}

TEST_CASE("Closing closes the sockets and ends all output") {
  Two two;
  connect(*two.alice, *two.bob);
  auto after = GENERATE(0ms, 1ms, 31ms, 60ms, 95ms, 1000ms);
  two.net.run(after);
  while (two.alice->agent.poll()) continue;
  two.alice->agent.close(two.net.now);
  std::size_t closed = 0;
  while (auto output = two.alice->agent.poll()) {
    REQUIRE(std::holds_alternative<CloseSocket>(*output));
    ++closed;
  }
  CHECK(closed == two.alice->boundSockets);
  CHECK(two.alice->state() == State::Closed);
  CHECK(two.alice->agent.deadline() == never);
  CHECK_FALSE(two.alice->agent.sendPath());
  two.alice->agent.gather(makeCredentials(two.alice->random), two.net.now);
  two.alice->agent.setRemote(two.bob->local, {}, two.net.now);
  two.alice->agent.advance(two.net.now + 1h);
  CHECK_FALSE(two.alice->agent.poll());
}

TEST_CASE("A socket asked for but never told of is not closed") {
  Two two;
  two.alice->agent.gather(two.alice->local, two.net.now);
  auto list = two.alice->agent.poll();
  while (list && !std::holds_alternative<ListInterfaces>(*list)) list = two.alice->agent.poll();
  REQUIRE(list);
  two.alice->agent.handle(InterfacesListed{std::get<ListInterfaces>(*list).request, interface("192.0.2.1")}, two.net.now);
  two.alice->agent.close(two.net.now);
  CHECK_FALSE(two.alice->agent.poll());
}
