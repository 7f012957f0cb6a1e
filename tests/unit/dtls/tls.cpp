#include "tls_server.hpp"

using namespace parley;
using namespace parley::dtls;
using namespace parley::dtls::test;

namespace {

std::string connect(const Identity& identity, const std::string& name,
                    std::shared_ptr<const TlsTrust> trust = trustIn(authority()),
                    const std::vector<Identity>& chain = {}, std::chrono::seconds now = wallClock) {
  TlsPair pair(identity, name, std::move(trust), TLS1_3_VERSION, chain, now);
  pair.client.start();
  pair.run();
  CHECK(pair.connected == pair.failed.empty());
  // Whoever is not believed hears of it, and gets nothing else.
  if (!pair.connected) CHECK(pair.server.failed);
  CHECK(pair.client.send(base::asBytes("x")) == pair.connected);
  return pair.failed;
}

}  // namespace

TEST_CASE("TLS: a server that proves its name is talked to, by TLS 1.3 after one round trip and by 1.2 after two") {
  for (auto [version, roundTrips] : {std::pair(TLS1_3_VERSION, 1), std::pair(TLS1_2_VERSION, 2)}) {
    TlsPair pair(issued("DNS:turn.example"), "turn.example", trustIn(authority()), version);
    CHECK_FALSE(pair.client.send(base::asBytes("early")));
    pair.client.start();
    pair.client.start();
    for (int i = 0; i < roundTrips; ++i) {
      CHECK_FALSE(pair.connected);
      pair.up();
      pair.down();
    }
    pair.up();
    REQUIRE(pair.connected);
    CHECK(pair.server.connected());
    CHECK(pair.client.version() == (version == TLS1_3_VERSION ? "TLSv1.3" : "TLSv1.2"));
    CHECK(pair.server.serverName() == "turn.example");
    CHECK(pair.client.send(base::asBytes("up")));
    pair.server.send("down");
    pair.run();
    CHECK(pair.server.received == "up");
    CHECK(pair.received == "down");
  }
}

TEST_CASE("TLS: the stream may be cut anywhere") {
  for (int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    for (std::size_t pieces : {1u, 3u, 1000u}) {
      TlsPair pair(issued("DNS:turn.example"), "turn.example", trustIn(authority()), version);
      pair.pieces = pieces;
      pair.client.start();
      pair.run();
      REQUIRE(pair.connected);
      pair.client.send(base::asBytes("hello"));
      pair.server.send("you");
      pair.run();
      CHECK(pair.server.received == "hello");
      CHECK(pair.received == "you");
    }
  }
}

TEST_CASE("TLS: much data passes, in order, both ways") {
  TlsPair pair(issued("DNS:turn.example"), "turn.example");
  pair.client.start();
  pair.run();
  std::string up, down;
  for (int i = 0; i < 200; ++i) {
    const std::string part(static_cast<std::size_t>(i * 40 + 1), static_cast<char>('a' + i % 26));
    up += part;
    down += part + '.';
    REQUIRE(pair.client.send(base::asBytes(part)));
    pair.server.send(part + '.');
  }
  pair.client.send({});
  pair.run();
  CHECK(pair.server.received == up);
  CHECK(pair.received == down);
  CHECK(pair.pool.outstanding() == 0);
}

TEST_CASE("TLS: a packet is one record with at most 29 bytes around it") {
  for (auto [version, around] : {std::pair(TLS1_3_VERSION, 22u), std::pair(TLS1_2_VERSION, 29u)}) {
    TlsPair pair(issued("DNS:turn.example"), "turn.example", trustIn(authority()), version);
    pair.client.start();
    pair.run();
    const auto before = pair.sent;
    pair.client.send(base::asBytes(std::string(1200, 'x')));
    pair.up();
    CHECK(pair.sent - before == 1200 + around);
  }
}

TEST_CASE("TLS: the name has to be that of the certificate") {
  const auto one = issued("DNS:turn.example");
  CHECK(connect(one, "turn.example").empty());
  CHECK(connect(one, "TURN.Example").empty());
  CHECK(connect(one, "turn.example.").empty());
  CHECK(connect(one, "example").find("refused") != std::string::npos);
  CHECK_FALSE(connect(one, "turn.example.com").empty());
  CHECK_FALSE(connect(one, "a.turn.example").empty());
  const auto two = issued("DNS:other.example,DNS:turn.example");
  CHECK(connect(two, "turn.example").empty());
  const auto any = issued("DNS:*.example.org");
  CHECK(connect(any, "turn.example.org").empty());
  CHECK_FALSE(connect(any, "example.org").empty());
  CHECK_FALSE(connect(any, "a.turn.example.org").empty());
  const auto part = issued("DNS:t*.example.org");
  CHECK_FALSE(connect(part, "turn.example.org").empty());
  // RFC 8489 s.6.2.3: CN-ID counts where there is no DNS-ID.
  const auto common = makeIdentity({"turn.example"}, &authority());
  CHECK(connect(common, "turn.example").empty());
  CHECK_FALSE(connect(makeIdentity({"turn.example", "DNS:other.example"}, &authority()), "turn.example").empty());
}

TEST_CASE("TLS: an address has to be in the certificate as an address, and is not said in SNI") {
  const auto identity = issued("IP:192.0.2.1,IP:2001:db8::1,DNS:192.0.2.3");
  CHECK(connect(identity, "192.0.2.1").empty());
  CHECK(connect(identity, "2001:db8::1").empty());
  CHECK_FALSE(connect(identity, "192.0.2.2").empty());
  CHECK_FALSE(connect(identity, "192.0.2.3").empty());
  TlsPair pair(identity, "192.0.2.1");
  pair.client.start();
  pair.run();
  CHECK(pair.server.serverName().empty());
}

TEST_CASE("TLS: without a name there is no proof, and no connection") {
  for (const char* name : {"", "."}) {
    TlsPair pair(issued("DNS:turn.example"), name);
    pair.client.start();
    CHECK_FALSE(pair.up());
    CHECK_FALSE(pair.failed.empty());
  }
}

TEST_CASE("TLS: a certificate is good from its first day to its last") {
  const auto identity = issued("DNS:turn.example");
  CHECK(connect(identity, "turn.example", trustIn(authority()), {}, wallClock + 23h).empty());
  CHECK(connect(identity, "turn.example", trustIn(authority()), {}, wallClock + 25h).find("expired") !=
        std::string::npos);
  CHECK(connect(identity, "turn.example", trustIn(authority()), {}, wallClock - 25h).find("not yet valid") !=
        std::string::npos);
}

TEST_CASE("TLS: only the anchors that were given are believed") {
  const auto identity = issued("DNS:turn.example");
  const auto other = makeIdentity({"other authority", {}, true});
  CHECK(connect(identity, "turn.example", trustIn(other)).find("certificate") != std::string::npos);
  auto system = TlsTrust::system();
  REQUIRE(system);
  CHECK_FALSE(connect(identity, "turn.example", *system).empty());
  auto both = TlsTrust::fromPem(other.pem() + authority().pem());
  REQUIRE(both);
  CHECK(connect(identity, "turn.example", *both).empty());
}

TEST_CASE("TLS: a chain leads to the anchor, and a server's own certificate may be the anchor") {
  const auto intermediate = makeIdentity({"intermediate", {}, true}, &authority());
  const auto identity = makeIdentity({"server", "DNS:turn.example"}, &intermediate);
  CHECK(connect(identity, "turn.example", trustIn(authority()), {intermediate}).empty());
  CHECK_FALSE(connect(identity, "turn.example", trustIn(authority())).empty());
  CHECK(connect(identity, "turn.example", trustIn(intermediate)).empty());
  CHECK(connect(identity, "turn.example", trustIn(identity)).empty());
  // One that is no authority vouches for nobody else.
  const auto impostor = makeIdentity({"server", "DNS:turn.example"}, &identity);
  CHECK_FALSE(connect(impostor, "turn.example", trustIn(authority()), {identity, intermediate}).empty());
}

TEST_CASE("TLS: anchors that are none are refused") {
  CHECK_FALSE(TlsTrust::fromPem(""));
  CHECK_FALSE(TlsTrust::fromPem("no certificate"));
  auto damaged = authority().pem();
  damaged[damaged.size() / 2] = '!';
  CHECK_FALSE(TlsTrust::fromPem(damaged));
  CHECK_FALSE(TlsTrust::fromPem(authority().pem() + damaged));
  CHECK(TlsTrust::fromPem("a comment\n" + authority().pem() + "another\n" + authority().pem()));
}

TEST_CASE("TLS: less than version 1.2 is not spoken") {
  TlsPair pair(issued("DNS:turn.example"), "turn.example", trustIn(authority()), TLS1_1_VERSION);
  pair.client.start();
  pair.run();
  CHECK_FALSE(pair.connected);
  CHECK(pair.failed.find("alert") != std::string::npos);
}

TEST_CASE("TLS: what is not TLS ends the connection") {
  using namespace std::string_literals;
  for (const auto& nonsense : {"HTTP/1.1 400 Bad Request\r\n\r\n"s,
                               "\x01\x13\x00\x10!\x12\xa4"
                               "B"s}) {
    TlsPair pair(issued("DNS:turn.example"), "turn.example");
    pair.client.start();
    pair.client.handle(base::asBytes(nonsense));
    pair.up();
    CHECK_FALSE(pair.failed.empty());
    pair.client.handle(base::asBytes(nonsense));
    CHECK_FALSE(pair.up());
  }
  TlsPair later(issued("DNS:turn.example"), "turn.example");
  later.client.start();
  later.run();
  later.client.handle(base::asBytes(std::string("\x17\x03\x03\x00\x20") + std::string(32, 'x')));
  later.up();
  CHECK_FALSE(later.failed.empty());
  CHECK_FALSE(later.client.send(base::asBytes("x")));
}

TEST_CASE("TLS: either side may close, and says so") {
  TlsPair theirs(issued("DNS:turn.example"), "turn.example");
  theirs.client.start();
  theirs.run();
  theirs.server.send("last");
  theirs.server.close();
  theirs.run();
  CHECK(theirs.received == "last");
  CHECK(theirs.closed);
  CHECK(theirs.server.closed);
  CHECK_FALSE(theirs.client.send(base::asBytes("x")));

  TlsPair ours(issued("DNS:turn.example"), "turn.example");
  ours.client.start();
  ours.run();
  ours.client.send(base::asBytes("last"));
  ours.client.close();
  ours.client.close();
  ours.run();
  CHECK(ours.server.received == "last");
  CHECK(ours.server.closed);
  CHECK_FALSE(ours.closed);

  TlsPair early(issued("DNS:turn.example"), "turn.example");
  early.client.close();
  early.client.start();
  CHECK_FALSE(early.up());
}

TEST_CASE("TLS: the factory gives clients the wall clock and the name") {
  // Engine time 100 s is `wallClock`.
  const auto factory = tlsClients(trustIn(authority()), wallClock - 100s);
  base::PacketPool pool;
  for (auto [now, good] : {std::pair(100s, true), std::pair(100s + 25 * 3600s, false)}) {
    TlsServer server(issued("DNS:turn.example"), TLS1_3_VERSION);
    auto client = factory("turn.example", pool, Time(now));
    client->start();
    bool connected = false;
    for (int i = 0; i < 5; ++i) {
      while (auto output = client->poll()) {
        if (auto* transmit = std::get_if<base::SecureStream::Transmit>(&*output))
          server.handle(transmit->packet.bytes());
        connected |= std::holds_alternative<base::SecureStream::Connected>(*output);
      }
      client->handle(base::asBytes(server.takeOutput()));
    }
    CHECK(connected == good);
  }
}
