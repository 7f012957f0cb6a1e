#include "pair.hpp"

#include <algorithm>

using namespace parley;
using namespace parley::dtls;
using namespace parley::dtls::test;

TEST_CASE("messages of one byte and of the largest size travel in one datagram each") {
  for (std::size_t mtu : {std::size_t{300}, defaultMtu, base::packetCapacity}) {
    Pair::Options options;
    options.mtu = mtu;
    Pair pair(options);
    pair.start();
    CHECK(pair.client.endpoint.maxPayload() == 0);
    CHECK_FALSE(pair.client.endpoint.send(bytes("early"), pair.now));
    pair.run(1s);
    REQUIRE(pair.up());
    const std::size_t largest = pair.client.endpoint.maxPayload();
    CHECK(largest == mtu - 13 - 8 - 16);  // RFC 6347 s.4.1: header; RFC 5288 s.3: nonce and tag
    const int before = pair.sent;
    REQUIRE(pair.client.endpoint.send(bytes("x"), pair.now));
    REQUIRE(pair.client.endpoint.send(bytes(std::string(largest, 'y')), pair.now));
    CHECK_FALSE(pair.client.endpoint.send(bytes(std::string(largest + 1, 'z')), pair.now));
    CHECK_FALSE(pair.client.endpoint.send({}, pair.now));
    pair.run(1s);
    CHECK(pair.sent == before + 2);
    CHECK(pair.server.received == std::vector<std::string>{"x", std::string(largest, 'y')});
  }
}

TEST_CASE("after idle time, when buffers were given back, data flows in both directions") {
  Pair pair;
  pair.start();
  pair.run(100s);
  REQUIRE(pair.up());
  CHECK(pair.client.endpoint.deadline() == never);
  for (int round = 0; round < 3; ++round) {
    for (auto* side : {&pair.client, &pair.server}) {
      REQUIRE(side->endpoint.send(bytes("wake up"), pair.now));
      CHECK(side->endpoint.deadline() != never);
      pair.run(round == 1 ? 7s : 100s);
    }
  }
  CHECK(pair.client.received.size() == 3);
  CHECK(pair.server.received.size() == 3);
}

TEST_CASE("either side closes, and both are told once") {
  for (bool client : {true, false}) {
    Pair pair;
    pair.start();
    pair.run(1s);
    REQUIRE(pair.up());
    Side& first = client ? pair.client : pair.server;
    first.endpoint.close(pair.now);
    first.endpoint.close(pair.now);
    CHECK_FALSE(first.endpoint.send(bytes("late"), pair.now));
    pair.run(10s);
    for (Side* side : {&pair.client, &pair.server}) {
      CHECK(side->endpoint.state() == State::Closed);
      CHECK(side->closed == 1);
      CHECK(side->failed.empty());
      CHECK(side->endpoint.deadline() == never);
      CHECK_FALSE(side->endpoint.srtpKeys());
    }
    // The answer to close_notify comes to one who has gone.
    CHECK(first.endpoint.stats().drops[Drop::NotConnected] == 1);
  }
}

TEST_CASE("closing is possible in every state") {
  base::PacketPool pool;
  Side fresh({alice()}, pool);
  fresh.endpoint.close(Time{1s});
  fresh.drain(Time{1s});
  CHECK(fresh.closed == 1);
  fresh.endpoint.start(Role::Client, {bob()->fingerprint()}, 0ms, Time{1s});
  CHECK(fresh.drain(Time{1s}).empty());
  CHECK(fresh.endpoint.state() == State::Closed);

  for (Duration when : {0ms, 5ms, 15ms, 25ms, 35ms}) {
    Pair pair;
    pair.start();
    pair.run(when);
    pair.server.endpoint.close(pair.now);
    pair.run(200s);
    CHECK(pair.server.closed == 1);
    CHECK(pair.client.endpoint.state() != State::Connected);
    CHECK(pair.client.endpoint.deadline() == never);
  }
}

TEST_CASE("an endpoint may be destroyed in every state, and its packets outlive it") {
  std::vector<Packet> packets;
  for (Duration when : {0ms, 5ms, 15ms, 25ms, 35ms, 1000ms}) {
    Pair pair;
    pair.start();
    pair.run(when);
    pair.client.endpoint.send(bytes("last words"), pair.now);
    while (auto output = pair.client.endpoint.poll())
      if (auto* transmit = std::get_if<Endpoint::Transmit>(&*output)) packets.push_back(std::move(transmit->packet));
  }
  CHECK(packets.size() == 1);
}

TEST_CASE("both sides export the same keys for each SRTP profile, crosswise") {
  for (SrtpProfile profile : {SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes256Gcm, SrtpProfile::Aes128CmSha1_80}) {
    Pair::Options options;
    options.profiles = {profile};
    Pair pair(options);
    pair.start();
    CHECK_FALSE(pair.client.endpoint.srtpKeys());
    pair.run(1s);
    REQUIRE(pair.up());
    const auto c = pair.client.endpoint.srtpKeys(), s = pair.server.endpoint.srtpKeys();
    REQUIRE(c);
    REQUIRE(s);
    CHECK(c->profile == profile);
    CHECK(s->profile == profile);
    CHECK(c->localKey == s->remoteKey);
    CHECK(c->remoteKey == s->localKey);
    CHECK(c->localSalt == s->remoteSalt);
    CHECK(c->remoteSalt == s->localSalt);
    CHECK(c->localKey != c->remoteKey);
    CHECK(c->localSalt != c->remoteSalt);
    CHECK(c->localKey.size() == keyLength(profile));
    CHECK(c->localSalt.size() == saltLength(profile));
  }
}

TEST_CASE("the server's preference decides about the SRTP profile, and none in common is no failure") {
  base::PacketPool pool;
  auto negotiate = [&](std::vector<SrtpProfile> offered, std::vector<SrtpProfile> accepted) {
    Pair pair;
    Side client({alice(), defaultMtu, offered}, pool), server({bob(), defaultMtu, accepted}, pool);
    client.endpoint.start(Role::Client, {bob()->fingerprint()}, 0ms, pair.now);
    server.endpoint.start(Role::Server, {alice()->fingerprint()}, 0ms, pair.now);
    for (int i = 0; i < 3; ++i) {
      for (auto& d : client.drain(pair.now)) server.endpoint.handle(bytes(d), pair.now);
      for (auto& d : server.drain(pair.now)) client.endpoint.handle(bytes(d), pair.now);
    }
    client.drain(pair.now);
    REQUIRE(client.connected.size() == 1);
    return client.connected[0].srtpProfile;
  };
  using P = SrtpProfile;
  CHECK(negotiate({P::Aes128CmSha1_80, P::AeadAes128Gcm}, {P::AeadAes128Gcm, P::Aes128CmSha1_80}) == P::AeadAes128Gcm);
  CHECK(negotiate({P::AeadAes128Gcm, P::Aes128CmSha1_80}, {P::Aes128CmSha1_80}) == P::Aes128CmSha1_80);
  CHECK(negotiate({P::AeadAes128Gcm}, {P::Aes128CmSha1_80}) == std::nullopt);
}

TEST_CASE("data that overtakes the end of the handshake waits for it") {
  Pair pair;
  pair.fate = [](bool fromClient, int, const std::string& datagram) {
    return Pair::Fate{!fromClient && datagram[0] == 20 ? 30ms : 0ms};
  };
  pair.start();
  pair.run(30ms);
  REQUIRE(pair.server.endpoint.state() == State::Connected);
  REQUIRE(pair.server.endpoint.send(bytes("fast"), pair.now));
  pair.run(20ms);
  CHECK(pair.client.endpoint.state() == State::Connecting);  // Side::drain would notice data
  pair.run(1s);
  CHECK(pair.client.received == std::vector<std::string>{"fast"});
}

TEST_CASE("several records in one datagram are several messages") {
  Pair pair;
  pair.start();
  pair.run(1s);
  REQUIRE(pair.up());
  REQUIRE(pair.client.endpoint.send(bytes("one"), pair.now));
  REQUIRE(pair.client.endpoint.send(bytes("two"), pair.now));
  std::string both;
  for (auto& datagram : pair.client.drain(pair.now)) both += datagram;
  pair.server.endpoint.handle(bytes(both), pair.now);
  pair.server.drain(pair.now);
  CHECK(pair.server.received == std::vector<std::string>{"one", "two"});
}
