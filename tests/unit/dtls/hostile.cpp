#include "pair.hpp"

using namespace parley;
using namespace parley::dtls;
using namespace parley::dtls::test;

TEST_CASE("the wrong certificate fails the handshake on the side that sees it, with an alert to the other") {
  for (bool clientSees : {true, false}) {
    Pair pair;
    pair.startServer({clientSees ? alice()->fingerprint() : rsa()->fingerprint()});
    pair.startClient({clientSees ? rsa()->fingerprint() : bob()->fingerprint()});
    pair.run(10s);
    Side& judge = clientSees ? pair.client : pair.server;
    Side& judged = clientSees ? pair.server : pair.client;
    REQUIRE(judge.failed.size() == 1);
    CHECK(judge.failed[0].find("not the one that signalling promised") != std::string::npos);
    REQUIRE(judged.failed.size() == 1);
    CHECK(judged.failed[0].find("bad certificate") != std::string::npos);
    CHECK(judge.sentAlert == 42);  // RFC 5246 s.7.2: bad_certificate
    CHECK_FALSE(judge.receivedAlert);
    CHECK(judged.receivedAlert == 42);
    CHECK(judge.endpoint.remoteCertificate().empty());
    for (Side* side : {&pair.client, &pair.server}) {
      CHECK(side->connected.empty());
      CHECK(side->endpoint.state() == State::Failed);
      CHECK_FALSE(side->endpoint.srtpKeys());
      CHECK_FALSE(side->endpoint.send(bytes("x"), pair.now));
    }
  }
}

TEST_CASE("a fingerprint by SHA-256, SHA-384 or SHA-512 is enough") {
  for (const char* algorithm : {"sha-256", "sha-384", "sha-512"}) {
    Pair pair;
    pair.startServer({alice()->fingerprint(algorithm)});
    pair.startClient({bob()->fingerprint(algorithm)});
    pair.run(1s);
    CHECK(pair.up());
  }
}

TEST_CASE("of several fingerprints one by the best hash has to match") {
  const Fingerprint good = bob()->fingerprint(), good512 = bob()->fingerprint("sha-512");
  const Fingerprint bad = rsa()->fingerprint(), bad512 = rsa()->fingerprint("sha-512");
  const Fingerprint sha1{"sha-1", std::vector<std::uint8_t>(20, 1)};
  const Fingerprint unknown{"blake3", std::vector<std::uint8_t>(32, 1)};
  auto connects = [](const std::vector<Fingerprint>& expected) {
    Pair pair;
    pair.startServer({alice()->fingerprint()});
    pair.startClient(expected);
    pair.run(1s);
    CHECK(pair.up() == pair.client.failed.empty());
    return pair.up();
  };
  CHECK(connects({bad, good}));
  CHECK(connects({good, bad}));
  CHECK(connects({good, good512}));
  CHECK(connects({bad, good512}));
  CHECK(connects({sha1, unknown, good}));
  CHECK_FALSE(connects({good, bad512}));  // RFC 8122 s.5
  CHECK_FALSE(connects({bad, bad512}));
  CHECK_FALSE(connects({sha1}));
  CHECK_FALSE(connects({unknown}));
  CHECK_FALSE(connects({}));
}

TEST_CASE("a peer without a certificate is refused") {
  // The client's Certificate message is replaced by what a client without one sends: an empty list.
  Pair pair;
  pair.fate = [&](bool, int, const std::string&) { return Pair::Fate{0ms}; };
  pair.start();
  pair.run(15ms);
  std::vector<std::uint8_t> empty = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 15, 11,
                                     0,  0,    3,    0, 1, 0, 0, 0, 0, 0, 3, 0, 0,  0};
  pair.server.endpoint.handle(empty, pair.now);
  pair.server.drain(pair.now);
  REQUIRE(pair.server.failed.size() == 1);
  CHECK(pair.server.failed[0].find("certificate") != std::string::npos);
}

TEST_CASE("what is not DTLS is counted and changes nothing, in every state") {
  base::SeededRandom random(7);
  for (Duration when : {0ms, 5ms, 15ms, 25ms, 1000ms}) {
    Pair pair;
    if (when > 0ms) pair.start();
    pair.run(when);
    const State before = pair.server.endpoint.state();
    int given = 0;
    for (int first = 0; first < 256; ++first) {
      if (first >= 32 && first <= 63) continue;  // DTLS 1.3's, left to OpenSSL
      for (std::size_t size : {1, 12, 13, 40, 1500}) {
        std::vector<std::uint8_t> garbage(size);
        random.fill(garbage);
        garbage[0] = static_cast<std::uint8_t>(first);
        if (size > 1 && garbage[1] == 0xfe) garbage[1] = 0;
        pair.server.endpoint.handle(garbage, pair.now);
        ++given;
      }
    }
    pair.server.endpoint.handle({}, pair.now);
    CHECK(pair.server.endpoint.stats().drops[Drop::NotDtls] == static_cast<std::uint64_t>(given + 1));
    CHECK(pair.server.endpoint.state() == before);
    CHECK(pair.server.drain(pair.now).empty());
    if (when == 0ms) pair.start();
    pair.run(2s);
    CHECK(pair.up());
  }
}

TEST_CASE("truncated, corrupted and replayed records are dropped and counted, and the association lives") {
  Pair pair;
  pair.start();
  pair.run(1s);
  REQUIRE(pair.up());
  REQUIRE(pair.client.endpoint.send(bytes("precious"), pair.now));
  const auto datagrams = pair.client.drain(pair.now);
  REQUIRE(datagrams.size() == 1);
  const std::string& good = datagrams[0];
  std::uint64_t bad = 0;
  for (std::size_t size = 0; size < good.size(); ++size, ++bad)
    pair.server.endpoint.handle(bytes(good.substr(0, size)), pair.now);
  for (std::size_t at = 0; at < good.size(); ++at, ++bad) {
    std::string broken = good;
    broken[at] ^= 0x20;
    pair.server.endpoint.handle(bytes(broken), pair.now);
  }
  CHECK(pair.server.endpoint.stats().drops.total() == bad);
  pair.server.drain(pair.now);
  CHECK(pair.server.received.empty());
  pair.server.endpoint.handle(bytes(good), pair.now);
  pair.server.drain(pair.now);
  CHECK(pair.server.received == std::vector<std::string>{"precious"});
  pair.server.endpoint.handle(bytes(good), pair.now);  // RFC 6347 s.4.1.2.6
  pair.server.drain(pair.now);
  CHECK(pair.server.received.size() == 1);
  CHECK(pair.server.endpoint.stats().drops[Drop::Rejected] > 0);
  CHECK(pair.server.endpoint.stats().drops.total() == bad + 1);
  CHECK(pair.up());
}

TEST_CASE("application data in the clear is not data, and does not disturb the handshake") {
  const std::vector<std::uint8_t> record = {23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 4, 'e', 'v', 'i', 'l'};
  for (Duration when : {5ms, 15ms, 25ms, 1000ms}) {
    Pair pair;
    pair.start();
    pair.run(when);
    pair.client.endpoint.handle(record, pair.now);
    pair.server.endpoint.handle(record, pair.now);
    pair.run(2s);
    CHECK(pair.up());
    CHECK(pair.client.received.empty());
    CHECK(pair.server.received.empty());
    CHECK(pair.client.endpoint.stats().drops[Drop::Rejected] == 1);
  }
}

TEST_CASE("records too short to be encrypted, of any length and type, do not end an association") {
  for (const std::uint8_t type : {20, 21, 22, 23, 24, 25}) {
    Pair pair;
    pair.start();
    pair.run(1s);
    REQUIRE(pair.up());
    for (std::uint8_t length = 0; length < 64; ++length) {
      std::vector<std::uint8_t> record{type, 0xfe, 0xfd, 0, 1, 0, 0, 0, 1, 0, length, 0, length};
      record.insert(record.end(), length, 0xa5);
      CAPTURE(type, length);
      const auto before = pair.client.endpoint.stats().drops.total();
      pair.client.endpoint.handle(record, pair.now);
      REQUIRE(pair.client.endpoint.state() == State::Connected);
      CHECK(pair.client.endpoint.stats().drops.total() == before + 1);
    }
    pair.run(1s);
    CHECK(pair.up());
  }
}

TEST_CASE("alerts in the clear do not end an association") {
  Pair pair;
  pair.start();
  pair.run(1s);
  REQUIRE(pair.up());
  const std::vector<std::uint8_t> fatal = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 200, 0, 2, 2, 40};
  const std::vector<std::uint8_t> closing = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 201, 0, 2, 1, 0};
  for (Side* side : {&pair.client, &pair.server}) {
    side->endpoint.handle(fatal, pair.now);
    side->endpoint.handle(closing, pair.now);
    CHECK(side->endpoint.stats().drops[Drop::Rejected] == 2);
  }
  pair.run(1s);
  CHECK(pair.up());
}
