#include "pair.hpp"

using namespace parley;
using namespace parley::dtls;
using namespace parley::dtls::test;

namespace {

/// Datagrams of an undisturbed handshake.
int undisturbed() {
  static const int count = [] {
    Pair pair;
    pair.start();
    pair.run(5s);
    REQUIRE(pair.up());
    return pair.sent;
  }();
  return count;
}

void requireWorks(Pair& pair) {
  REQUIRE(pair.up());
  REQUIRE(pair.client.connected.size() == 1);
  REQUIRE(pair.server.connected.size() == 1);
  pair.fate = nullptr;
  REQUIRE(pair.client.endpoint.send(bytes("to the server"), pair.now));
  REQUIRE(pair.server.endpoint.send(bytes("to the client"), pair.now));
  pair.run(1s);
  CHECK(pair.server.received == std::vector<std::string>{"to the server"});
  CHECK(pair.client.received == std::vector<std::string>{"to the client"});
}

}  // namespace

TEST_CASE("two endpoints connect in two round trips and four flights") {
  Pair pair;
  pair.start();
  pair.run(40ms);
  CHECK(pair.up());
  CHECK(pair.sent == 4);
  CHECK(pair.client.endpoint.stats().retransmissions == 0);
  CHECK(pair.server.endpoint.stats().retransmissions == 0);
  CHECK(pair.client.endpoint.remoteCertificate() == bob()->der());
  CHECK(pair.server.endpoint.remoteCertificate() == alice()->der());
  requireWorks(pair);
}

TEST_CASE("what was negotiated is reported alike by both") {
  Pair pair;
  pair.start();
  pair.run(1s);
  REQUIRE(pair.up());
  const auto& c = pair.client.connected.at(0);
  const auto& s = pair.server.connected.at(0);
  CHECK(c.version == s.version);
  CHECK(c.wireVersion == s.wireVersion);
  CHECK(c.wireVersion <= 0xfefd);  // DTLS versions count downwards: 1.2 or newer
  CHECK(c.cipher == s.cipher);
  CHECK(c.cipher.substr(0, 4) == "TLS_");
  CHECK(c.group == s.group);
  CHECK_FALSE(c.group.empty());
  CHECK(c.srtpProfile == SrtpProfile::AeadAes128Gcm);
  CHECK(s.srtpProfile == SrtpProfile::AeadAes128Gcm);
  CHECK(pair.client.endpoint.role() == Role::Client);
  CHECK(pair.server.endpoint.role() == Role::Server);
}

TEST_CASE("each single datagram of the handshake may be lost") {
  for (int lost = 0; lost < undisturbed(); ++lost) {
    INFO("datagram " << lost);
    Pair pair;
    pair.fate = [&](bool, int number, const std::string&) { return number == lost ? Pair::Fate{} : Pair::Fate{0ms}; };
    pair.start();
    pair.run(500ms);
    CHECK(pair.client.endpoint.stats().retransmissions + pair.server.endpoint.stats().retransmissions > 0);
    requireWorks(pair);
  }
}

TEST_CASE("each single datagram may be lost three times in a row") {
  for (int lost = 0; lost < undisturbed(); ++lost) {
    INFO("datagram " << lost);
    Pair pair;
    const bool fromClient = lost % 2 == 0;
    int budget = 3;
    pair.fate = [&](bool client, int number, const std::string&) {
      if (number < lost || client != fromClient || budget == 0) return Pair::Fate{0ms};
      --budget;
      return Pair::Fate{};
    };
    pair.start();
    pair.run(10s);
    requireWorks(pair);
  }
}

TEST_CASE("each single datagram may come twice, and late") {
  for (int which = 0; which < undisturbed(); ++which)
    for (Duration again : {Duration{0ms}, Duration{15ms}, Duration{400ms}}) {
      INFO("datagram " << which);
      Pair pair;
      pair.fate = [&](bool, int number, const std::string&) {
        return number == which ? Pair::Fate{0ms, again} : Pair::Fate{0ms};
      };
      pair.start();
      pair.run(2s);
      requireWorks(pair);
    }
}

TEST_CASE("datagrams of one flight may come in any order") {
  // With a small MTU each flight is several datagrams; each in turn is overtaken by those behind it.
  Pair::Options options;
  options.mtu = 300;
  options.client = rsa();
  Pair straight(options);
  straight.start();
  straight.run(5s);
  REQUIRE(straight.up());
  REQUIRE(straight.sent >= 10);
  for (int late = 0; late < straight.sent; ++late) {
    INFO("datagram " << late);
    Pair pair(options);
    pair.fate = [&](bool, int number, const std::string&) { return Pair::Fate{number == late ? 7ms : 0ms}; };
    pair.start();
    pair.run(5s);
    requireWorks(pair);
  }
}

TEST_CASE("the handshake survives 30 % loss, with duplicates and disorder") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    base::SeededRandom random(seed);
    Pair::Options options;
    options.mtu = seed % 2 ? defaultMtu : 400;
    Pair pair(options);
    pair.fate = [&](bool, int, const std::string&) {
      Pair::Fate fate;
      if (random.unit() >= 0.3) fate.push_back(random.below(30) * 1ms);
      if (random.unit() < 0.1) fate.push_back(random.below(60) * 1ms);
      return fate;
    };
    pair.start();
    pair.run(100s);
    requireWorks(pair);
  }
}

TEST_CASE("a round trip of 600 ms is no failure, and costs no repetition if it is known") {
  for (bool known : {false, true}) {
    Pair::Options options;
    options.delay = 300ms;
    if (known) options.roundTripTold = 600ms;
    Pair pair(options);
    pair.start();
    pair.run(10s);
    CHECK((pair.client.endpoint.stats().retransmissions == 0) == known);
    requireWorks(pair);
  }
}

TEST_CASE("a flight is repeated after 100 ms or two round trips, then after twice as long") {
  for (auto [roundTrip, first] : {std::pair<Duration, Duration>{0ms, 100ms}, {40ms, 100ms}, {400ms, 800ms}}) {
    base::PacketPool pool;
    Side client({alice()}, pool);
    Time now{5s};
    client.endpoint.start(Role::Client, {bob()->fingerprint()}, roundTrip, now);
    const auto hello = client.drain(now);
    REQUIRE(hello.size() == 1);
    Duration interval = first;
    for (int i = 0; i < 5; ++i, interval *= 2) {
      REQUIRE(client.endpoint.deadline() == now + interval);
      CHECK(client.drain(now + interval - 1ns).empty());
      now += interval;
      const auto again = client.drain(now);
      REQUIRE(again.size() == 1);
      CHECK(again[0].size() == hello[0].size());
      CHECK(again[0].substr(13) == hello[0].substr(13));
      CHECK(again[0].substr(0, 13) != hello[0].substr(0, 13));  // RFC 6347 s.4.1: a record number of its own
    }
  }
}

TEST_CASE("an older now is a no-op") {
  base::PacketPool pool;
  Side client({alice()}, pool);
  client.endpoint.start(Role::Client, {bob()->fingerprint()}, 0ms, Time{50s});
  client.drain(Time{50s});
  const Time deadline = client.endpoint.deadline();
  client.endpoint.advance(Time{1s});
  CHECK_FALSE(client.endpoint.poll());
  CHECK(client.endpoint.deadline() == deadline);
}

TEST_CASE("a peer that never answers fails the endpoint, but not within 60 s") {
  Pair pair;
  pair.fate = [](bool, int, const std::string&) { return Pair::Fate{}; };
  pair.start();
  pair.run(60s);
  CHECK(pair.client.endpoint.state() == State::Connecting);
  pair.run(60s);
  CHECK(pair.client.endpoint.state() == State::Failed);
  REQUIRE(pair.client.failed.size() == 1);
  CHECK(pair.client.failed[0].find("no longer answers") != std::string::npos);
  CHECK(pair.client.endpoint.deadline() == never);
}

TEST_CASE("a path that is dead for 25 s after the hello connects in the end") {
  Pair pair;
  const Time begin = pair.now;
  pair.fate = [&](bool, int number, const std::string&) {
    return number > 0 && pair.now < begin + 25s ? Pair::Fate{} : Pair::Fate{0ms};
  };
  pair.start();
  pair.run(60s);
  requireWorks(pair);
}

TEST_CASE("much that is not worth an answer does not use up the repetitions") {
  Pair pair;
  pair.fate = [](bool fromClient, int, const std::string&) { return fromClient ? Pair::Fate{} : Pair::Fate{0ms}; };
  pair.start();
  pair.run(1ms);
  // A record of the next epoch: it is stored or dropped, and each makes OpenSSL look at its timer.
  std::vector<std::uint8_t> record = {22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 24};
  record.resize(13 + 24, 7);
  for (int i = 0; i < 500; ++i) {
    record[10] = static_cast<std::uint8_t>(i);
    pair.client.endpoint.handle(record, pair.now);
    CHECK(pair.client.drain(pair.now).empty());
  }
  CHECK(pair.client.endpoint.state() == State::Connecting);
  pair.fate = nullptr;
  pair.run(5s);
  requireWorks(pair);
}

TEST_CASE("what arrives before the start is held, up to a limit") {
  Pair pair;
  pair.startClient({bob()->fingerprint()});
  pair.run(50ms);  // the hello waits at the server
  CHECK(pair.server.endpoint.state() == State::New);
  pair.startServer({alice()->fingerprint()});
  pair.run(45ms);  // before the hello is repeated
  CHECK(pair.client.endpoint.stats().retransmissions == 0);
  requireWorks(pair);

  Side late({bob()}, pair.pool);
  const std::vector<std::uint8_t> record = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  for (int i = 0; i < 20; ++i) late.endpoint.handle(record, pair.now);
  CHECK(late.endpoint.stats().drops[Drop::TooEarly] == 12);
}

TEST_CASE("no datagram is larger than the MTU, with RSA certificates neither") {
  for (std::size_t mtu : {std::size_t{256}, std::size_t{600}, defaultMtu, base::packetCapacity}) {
    Pair::Options options;
    options.client = options.server = rsa();
    options.mtu = mtu;
    INFO("MTU " << mtu);
    Pair pair(options);  // Side::drain checks each
    pair.start();
    pair.run(2s);
    CHECK(pair.client.connected.at(0).cipher.find("_RSA_") != std::string::npos);
    requireWorks(pair);
  }
}

TEST_CASE("an RSA and an ECDSA certificate go together, both ways") {
  for (bool rsaServes : {false, true}) {
    Pair::Options options;
    (rsaServes ? options.server : options.client) = rsa();
    Pair pair(options);
    pair.start();
    pair.run(2s);
    requireWorks(pair);
  }
}

TEST_CASE("the last flight is sent again when the peer's Finished comes again") {
  Pair pair;
  int lost = 0;
  pair.fate = [&](bool fromClient, int, const std::string& datagram) {
    // ChangeCipherSpec from the server begins its last flight.
    if (fromClient || datagram[0] != 20 || lost == 2) return Pair::Fate{0ms};
    ++lost;
    return Pair::Fate{};
  };
  pair.start();
  pair.run(50ms);
  CHECK(pair.server.endpoint.state() == State::Connected);
  CHECK(pair.client.endpoint.state() == State::Connecting);
  pair.run(1s);
  CHECK(lost == 2);
  CHECK(pair.client.endpoint.stats().retransmissions >= 2);
  requireWorks(pair);
}
