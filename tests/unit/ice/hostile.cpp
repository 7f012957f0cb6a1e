#include "network.hpp"

using namespace parley;
using namespace parley::ice;
using namespace parley::ice::test;

namespace {

/// One agent with a socket, and a stranger who can write whatever he wants.
struct Attacked {
  Attacked() {
    alice.agent.setRole(Role::Controlled, net.now);
    alice.agent.gather(alice.local, net.now);
    net.run(10ms);
    alice.outgoing.clear();
  }

  void know() {
    alice.agent.setRemote(remote, {}, net.now);
    net.run(1ms);
  }

  stun::MessageBuilder request() {
    return stun::MessageBuilder(pool, stun::Class::Request, stun::Method::Binding, stun::randomTransactionId(random));
  }

  /// A request as the peer would send it.
  Packet good(bool useCandidate = false) {
    auto builder = request();
    builder.addUsername(alice.local.ufrag + ':' + remote.ufrag).addPriority(priority).addIceControlling(5);
    if (useCandidate) builder.addUseCandidate();
    return builder.addIntegrity(base::asBytes(alice.local.pwd)).addFingerprint().finish();
  }

  /// The error code of the answer, 0 for success, nothing for silence.
  std::optional<int> answerTo(Packet packet, const SocketAddress& from = at("198.51.100.1:1000")) {
    auto before = alice.outgoing.size();
    alice.agent.handle(Datagram{alice.sockets.begin()->first, from, packet.bytes()}, net.now);
    alice.drain();
    for (auto i = before; i < alice.outgoing.size(); ++i) {
      const auto& sent = alice.outgoing[i].second;
      if (sent.isRequest() || sent.to != from) continue;
      auto message = sent.message();
      if (message->messageClass() == stun::Class::SuccessResponse) {
        CHECK(message->xorMappedAddress() == from);
        CHECK(message->checkIntegrity(base::asBytes(alice.local.pwd)));
        return 0;
      }
      return message->errorCode()->code;
    }
    return std::nullopt;
  }

  std::uint64_t dropped(Drop drop) const { return alice.agent.stats().drops[drop]; }

  static constexpr std::uint32_t priority = candidatePriority(CandidateType::PeerReflexive, 65535);
  Network net;
  Peer& alice = net.addPeer("alice", interface("192.0.2.1"));
  base::PacketPool pool;
  base::SeededRandom random{99};
  Credentials remote = makeCredentials(random);
};

}  // namespace

TEST_CASE("The check that a peer's check triggers leaves with the response, but not more of them than two in each Ta") {
  Attacked a;
  a.know();
  std::vector<Time> checks;
  for (std::uint16_t i = 0; i < 400; ++i) {  // Less than an RTO: nothing is repeated.
    const SocketAddress from{ip("198.51.100.1"), static_cast<std::uint16_t>(1000 + i)};
    const auto before = a.alice.outgoing.size();
    CHECK(a.answerTo(a.good(), from) == 0);
    a.net.run(1ms);
    for (auto k = before; k < a.alice.outgoing.size(); ++k)
      if (a.alice.outgoing[k].second.isRequest()) checks.push_back(a.alice.outgoing[k].first);
    if (i == 0) CHECK(checks.size() == 1);
  }
  CHECK(checks.size() >= 8);
  CHECK(checks.size() <= 2 * 400 / 50 + 2);
}

TEST_CASE("A request is answered as RFC 8489 s.9.1.3 says, and only a good one is believed") {
  Attacked a;
  a.know();
  auto ours = a.alice.local.ufrag + ':' + a.remote.ufrag;
  auto pwd = base::asBytes(a.alice.local.pwd);
  SECTION("good") {
    CHECK(a.answerTo(a.good()) == 0);
    CHECK(a.alice.agent.mayReceive(a.alice.sockets.begin()->first, at("198.51.100.1:1000")));
    return;
  }
  SECTION("no fingerprint") {
    CHECK_FALSE(a.answerTo(a.request().addUsername(ours).addPriority(1).addIntegrity(pwd).finish()));
    CHECK(a.dropped(Drop::BadFingerprint) == 1);
  }
  SECTION("wrong fingerprint") {
    auto packet = a.good();
    packet.data()[packet.size() - 1] ^= 1;
    CHECK_FALSE(a.answerTo(std::move(packet)));
    CHECK(a.dropped(Drop::BadFingerprint) == 1);
  }
  SECTION("no user name") {
    CHECK(a.answerTo(a.request().addPriority(1).addIntegrity(pwd).addFingerprint().finish()) == 400);
    CHECK(a.dropped(Drop::BadRequest) == 1);
  }
  SECTION("no integrity") {
    CHECK(a.answerTo(a.request().addUsername(ours).addPriority(1).addFingerprint().finish()) == 400);
  }
  SECTION("user name of somebody else") {
    CHECK(a.answerTo(a.request().addUsername("abcd:efgh").addPriority(1).addIntegrity(pwd).addFingerprint().finish()) ==
          401);
    CHECK(a.dropped(Drop::UnknownUfrag) == 1);
  }
  SECTION("user name without a colon") {
    auto name = a.alice.local.ufrag;
    CHECK(a.answerTo(a.request().addUsername(name).addPriority(1).addIntegrity(pwd).addFingerprint().finish()) == 401);
  }
  SECTION("wrong password") {
    auto wrong = base::asBytes(a.remote.pwd);
    CHECK(a.answerTo(a.request().addUsername(ours).addPriority(1).addIntegrity(wrong).addFingerprint().finish()) == 401);
    CHECK(a.dropped(Drop::BadIntegrity) == 1);
  }
  SECTION("no priority") {
    CHECK(a.answerTo(a.request().addUsername(ours).addIntegrity(pwd).addFingerprint().finish()) == 400);
  }
  SECTION("unknown attribute that must be understood") {
    const std::uint8_t value[4] = {};
    auto builder = a.request();
    builder.addUsername(ours).addPriority(1).add(stun::AttributeType{0x7123}, value);
    CHECK(a.answerTo(builder.addIntegrity(pwd).addFingerprint().finish()) == 420);
    CHECK(a.dropped(Drop::UnknownAttribute) == 1);
  }
  SECTION("another method") {
    stun::MessageBuilder builder(a.pool, stun::Class::Request, stun::Method::Allocate, {});
    CHECK_FALSE(a.answerTo(builder.addFingerprint().finish()));
    CHECK(a.dropped(Drop::UnknownMethod) == 1);
  }
  SECTION("no STUN") {
    CHECK_FALSE(a.answerTo(a.pool.make(base::asBytes("\x01nonsense of some length, not STUN"))));
    CHECK(a.dropped(Drop::NotStun) == 1);
  }
  SECTION("another generation of the peer") {
    auto builder = a.request();
    builder.addUsername(a.alice.local.ufrag + ":gone").addPriority(1);
    CHECK(a.answerTo(builder.addIntegrity(pwd).addFingerprint().finish()) == 0);
    CHECK(a.dropped(Drop::WrongGeneration) == 1);
  }
  CHECK(a.alice.agent.stats().pairs.empty());
  CHECK_FALSE(a.alice.agent.mayReceive(a.alice.sockets.begin()->first, at("198.51.100.1:1000")));
}

TEST_CASE("A datagram for a socket that is not ours is dropped") {
  Attacked a;
  auto packet = a.good();
  a.alice.agent.handle(Datagram{SocketId{1234}, at("198.51.100.1:1000"), packet.bytes()}, a.net.now);
  CHECK(a.dropped(Drop::UnknownSocket) == 1);
}

TEST_CASE("A flood of requests that are not authenticated gets ten small errors each second") {
  Attacked a;
  int answers = 0;
  for (int i = 0; i < 1000; ++i) {
    auto packet = a.request().addUsername("abcd:efgh").addIntegrity(base::asBytes("x")).addFingerprint().finish();
    answers += a.answerTo(std::move(packet)).has_value();
  }
  CHECK(answers == 10);
  CHECK(a.dropped(Drop::ErrorLimit) == 990);
  CHECK(a.alice.agent.stats().remoteCandidates.empty());
  a.net.run(1s);
  CHECK(a.answerTo(a.request().addFingerprint().finish()) == 400);
  CHECK(a.answerTo(a.good()) == 0);
}

TEST_CASE("Requests before the remote description are answered at once and used when it comes") {
  Attacked a;
  CHECK(a.answerTo(a.good(true)) == 0);
  CHECK(a.alice.agent.stats().pairs.empty());
  CHECK(a.alice.agent.mayReceive(a.alice.sockets.begin()->first, at("198.51.100.1:1000")));
  a.know();
  auto stats = a.alice.agent.stats();
  REQUIRE(stats.pairs.size() == 1);
  REQUIRE(stats.remoteCandidates.size() == 1);
  CHECK(stats.remoteCandidates[0].candidate.type == CandidateType::PeerReflexive);
  CHECK(stats.remoteCandidates[0].candidate.priority == Attacked::priority);
  REQUIRE(a.alice.outgoing.size() == 2);  // The answer, and the triggered check.
  CHECK(a.alice.outgoing[1].second.isRequest());
}

TEST_CASE("The number of early requests and of remote candidates is bounded") {
  Attacked a;
  for (std::uint16_t port = 1; port <= 100; ++port) CHECK(a.answerTo(a.good(), {ip("198.51.100.1"), port}) == 0);
  CHECK(a.dropped(Drop::EarlyRequestLimit) == 84);
  a.know();
  CHECK(a.alice.agent.stats().pairs.size() == 16);
  for (std::uint16_t port = 1; port <= 500; ++port) CHECK(a.answerTo(a.good(), {ip("198.51.100.2"), port}) == 0);
  Candidate candidate = *parseCandidate("1 1 udp 1 198.51.100.3 1 typ host");
  for (std::uint16_t port = 1; port <= 500; ++port) {
    candidate.port = port;
    a.alice.agent.addRemoteCandidate(candidate, a.net.now);
  }
  auto stats = a.alice.agent.stats();
  CHECK(stats.remoteCandidates.size() == 100);
  CHECK(stats.pairs.size() <= 100);
  CHECK(stats.drops[Drop::RemoteCandidateLimit] == 16 + 500 - 100 + 500);
  a.net.run(300s);
  CHECK(a.alice.state() == State::Failed);
}

TEST_CASE("Candidates that cannot be used are dropped and counted, whatever their kind") {
  Attacked a;
  a.know();
  auto line = GENERATE("1 1 tcp 1 192.0.2.9 9 typ host tcptype active", "1 1 udp 1 a.b.local 9 typ host",
                       "1 1 udp 1 example.com 9 typ host", "1 1 sctp 1 192.0.2.9 9 typ host",
                       "1 2 udp 1 192.0.2.9 9 typ host", "1 1 udp 1 192.0.2.9 0 typ host",
                       "1 1 udp 1 224.0.0.1 9 typ host", "1 1 udp 1 0.0.0.0 9 typ host",
                       "1 1 udp 1 255.255.255.255 9 typ host", "1 1 udp 1 ::ffff:192.0.2.1 9 typ host");
  a.alice.agent.addRemoteCandidate(*parseCandidate(line), a.net.now);
  CHECK(a.dropped(Drop::UnusableCandidate) == 1);
  CHECK(a.alice.agent.stats().remoteCandidates.empty());
}

TEST_CASE("A candidate of another generation is dropped and counted") {
  Attacked a;
  auto ours = *parseCandidate("1 1 udp 1 192.0.2.9 9 typ host ufrag " + a.remote.ufrag);
  auto others = *parseCandidate("1 1 udp 1 192.0.2.8 9 typ host ufrag nope");
  bool before = GENERATE(true, false);
  if (!before) a.know();
  a.alice.agent.addRemoteCandidate(ours, a.net.now);
  a.alice.agent.addRemoteCandidate(others, a.net.now);
  if (before) a.know();
  CHECK(a.dropped(Drop::WrongGeneration) == 1);
  REQUIRE(a.alice.agent.stats().remoteCandidates.size() == 1);
  CHECK(a.alice.agent.stats().remoteCandidates[0].candidate.address == "192.0.2.9");
}

TEST_CASE("What answers a check decides about its pair") {
  Attacked a;
  a.know();
  a.alice.agent.addRemoteCandidate(*parseCandidate("1 1 udp 1 198.51.100.1 1000 typ host"), a.net.now);
  a.alice.drain();
  REQUIRE(a.alice.outgoing.size() == 1);
  auto check = *a.alice.outgoing[0].second.message();
  auto key = base::asBytes(a.remote.pwd);
  auto mapped = at("192.0.2.1:50000");
  auto state = [&] { return a.alice.agent.stats().pairs[0].state; };
  auto success = [&] { return stun::MessageBuilder(a.pool, stun::Class::SuccessResponse, check); };
  auto error = [&](int code) {
    auto builder = stun::MessageBuilder(a.pool, stun::Class::ErrorResponse, check);
    builder.addErrorCode(code, "");
    return builder;
  };
  SECTION("a success makes it valid") {
    a.answerTo(success().addXorMappedAddress(mapped).addIntegrity(key).addFingerprint().finish());
    CHECK(state() == PairState::Succeeded);
    CHECK(a.alice.agent.sendPath());
    SECTION("and the same once more is nothing") {
      a.answerTo(success().addXorMappedAddress(mapped).addIntegrity(key).addFingerprint().finish());
      CHECK(a.dropped(Drop::UnknownTransaction) == 1);
    }
  }
  SECTION("a success from elsewhere fails it: the addresses are not symmetric") {
    a.answerTo(success().addXorMappedAddress(mapped).addIntegrity(key).addFingerprint().finish(), at("198.51.100.2:1"));
    CHECK(state() == PairState::Failed);
  }
  SECTION("one without integrity is dropped") {
    a.answerTo(success().addXorMappedAddress(mapped).addFingerprint().finish());
    CHECK(state() == PairState::InProgress);
    CHECK(a.dropped(Drop::BadIntegrity) == 1);
  }
  SECTION("one without an address is dropped") {
    a.answerTo(success().addIntegrity(key).addFingerprint().finish());
    CHECK(state() == PairState::InProgress);
    CHECK(a.dropped(Drop::BadResponse) == 1);
  }
  SECTION("an error that anybody can write is dropped") {
    a.answerTo(error(401).addFingerprint().finish());
    CHECK(state() == PairState::InProgress);
  }
  SECTION("an authenticated error fails it") {
    a.answerTo(error(400).addIntegrity(key).addFingerprint().finish());
    CHECK(state() == PairState::Failed);
  }
  SECTION("a role conflict changes the role and repeats the check") {
    a.answerTo(error(487).addIntegrity(key).addFingerprint().finish());
    CHECK(a.alice.agent.role() == Role::Controlling);
    CHECK(a.alice.roles.size() == 1);
    a.net.run(100ms);
    REQUIRE(a.alice.outgoing.size() == 2);
    auto repeated = a.alice.outgoing[1].second.message();
    CHECK(repeated->iceControlling());
    CHECK(repeated->iceControlling() != check.iceControlled());  // The tie-breaker is a new one.
    CHECK(repeated->transactionId() != check.transactionId());
  }
}

TEST_CASE("A request on a pair whose check is under way cancels it and triggers another") {
  Attacked a;
  a.know();
  a.alice.agent.addRemoteCandidate(*parseCandidate("1 1 udp 1 198.51.100.1 1000 typ host"), a.net.now);
  a.net.run(100ms);
  REQUIRE(a.alice.outgoing.size() == 1);
  CHECK(a.answerTo(a.good()) == 0);
  REQUIRE(a.alice.outgoing.size() == 3);
  auto first = *a.alice.outgoing[0].second.message(), second = *a.alice.outgoing[2].second.message();
  CHECK(second.messageClass() == stun::Class::Request);
  CHECK(first.transactionId() != second.transactionId());
  SECTION("the first is not retransmitted") {
    a.net.run(450ms);
    CHECK(a.alice.outgoing.size() == 3);
    a.net.run(100ms);
    REQUIRE(a.alice.outgoing.size() == 4);
    CHECK(a.alice.outgoing[3].second.bytes == a.alice.outgoing[2].second.bytes);
  }
  SECTION("but its response still counts") {
    stun::MessageBuilder builder(a.pool, stun::Class::SuccessResponse, first);
    builder.addXorMappedAddress(at("192.0.2.1:50000")).addIntegrity(base::asBytes(a.remote.pwd));
    a.answerTo(builder.addFingerprint().finish());
    CHECK(a.alice.agent.stats().pairs[0].state == PairState::Succeeded);
  }
}

TEST_CASE("Role conflicts are decided by the tie-breakers") {
  Attacked a;
  a.know();
  auto ask = [&](bool controlling, std::uint64_t tieBreaker) {
    auto builder = a.request();
    builder.addUsername(a.alice.local.ufrag + ':' + a.remote.ufrag).addPriority(1);
    controlling ? builder.addIceControlling(tieBreaker) : builder.addIceControlled(tieBreaker);
    return a.answerTo(builder.addIntegrity(base::asBytes(a.alice.local.pwd)).addFingerprint().finish());
  };
  CHECK(ask(true, ~std::uint64_t{0}) == 0);  // no conflict
  CHECK(a.alice.agent.role() == Role::Controlled);
  CHECK(ask(false, ~std::uint64_t{0}) == 487);  // the peer's is larger: it has to control
  CHECK(a.alice.agent.role() == Role::Controlled);
  CHECK(ask(false, 0) == 0);  // ours is larger: we control
  CHECK(a.alice.agent.role() == Role::Controlling);
  CHECK(ask(true, 0) == 487);  // ours is larger: the peer is controlled
  CHECK(ask(true, ~std::uint64_t{0}) == 0);
  CHECK(a.alice.agent.role() == Role::Controlled);
  CHECK(a.alice.roles.size() == 2);
}
