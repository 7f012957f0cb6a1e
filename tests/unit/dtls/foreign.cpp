#include "pair.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

using namespace parley;
using namespace parley::dtls;
using namespace parley::dtls::test;

namespace {

constexpr std::size_t recordHeader = 13, messageHeader = 12;

std::uint32_t load24(const std::uint8_t* p) { return std::uint32_t{p[0]} << 16 | std::uint32_t{p[1]} << 8 | p[2]; }
void store24(std::uint8_t* p, std::size_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 16);
  p[1] = static_cast<std::uint8_t>(v >> 8);
  p[2] = static_cast<std::uint8_t>(v);
}

/// One record with one fragment of the ClientHello whose whole body is `body` (RFC 6347 s.4.2.2).
std::vector<std::uint8_t> helloFragment(base::Bytes body, std::size_t from, std::size_t to, std::uint8_t number) {
  std::vector<std::uint8_t> datagram(recordHeader + messageHeader + to - from);
  datagram[0] = 22;
  datagram[1] = 0xfe;
  datagram[2] = 0xff;
  datagram[10] = number;
  base::store16(&datagram[11], static_cast<std::uint16_t>(datagram.size() - recordHeader));
  std::uint8_t* message = &datagram[recordHeader];
  message[0] = 1;
  store24(message + 1, body.size());
  store24(message + 6, from);
  store24(message + 9, to - from);
  std::copy(body.begin() + static_cast<std::ptrdiff_t>(from), body.begin() + static_cast<std::ptrdiff_t>(to),
            message + messageHeader);
  return datagram;
}

/// The body of the ClientHello in an unfragmented datagram.
std::vector<std::uint8_t> helloBody(const std::string& datagram) {
  const auto all = bytes(datagram).subspan(recordHeader + messageHeader);
  return {all.begin(), all.end()};
}

/// The body with an extension of `size` bytes that nobody knows, as a post-quantum key share is to older stacks.
std::vector<std::uint8_t> padded(std::vector<std::uint8_t> body, std::size_t size) {
  std::size_t at = 2 + 32;
  at += 1 + body[at];                 // session id
  at += 1 + body[at];                 // cookie
  at += 2 + base::load16(&body[at]);  // cipher suites
  at += 1 + body[at];                 // compression
  base::store16(&body[at], static_cast<std::uint16_t>(base::load16(&body[at]) + 4 + size));
  std::vector<std::uint8_t> extension(4 + size, 0x5a);
  base::store16(&extension[0], 0xabcd);
  base::store16(&extension[2], static_cast<std::uint16_t>(size));
  body.insert(body.end(), extension.begin(), extension.end());
  return body;
}

bool answersWithServerHello(const std::vector<std::string>& flight) {
  return !flight.empty() && flight[0].size() > recordHeader && flight[0][0] == 22 && flight[0][recordHeader] == 2;
}

/// UDP payloads of a pcap of Ethernet frames (libpcap's classic format, little-endian).
std::vector<std::vector<std::uint8_t>> udpPayloads(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  INFO(path);
  REQUIRE(file);
  const std::vector<char> raw{std::istreambuf_iterator<char>(file), {}};
  const auto* data = reinterpret_cast<const std::uint8_t*>(raw.data());
  auto little32 = [&](std::size_t at) {
    return std::size_t{data[at]} | std::size_t{data[at + 1]} << 8 | std::size_t{data[at + 2]} << 16;
  };
  std::vector<std::vector<std::uint8_t>> payloads;
  for (std::size_t at = 24; at + 16 <= raw.size();) {
    const std::size_t size = little32(at + 8);
    at += 16;
    REQUIRE(at + size <= raw.size());
    const bool v4 = data[at + 12] == 0x08;
    const std::size_t headers = 14 + (v4 ? 20u : 40u) + 8;
    if (size > headers) payloads.emplace_back(data + at + headers, data + at + size);
    at += size;
  }
  return payloads;
}

/// A plain OpenSSL endpoint with its own settings, one datagram a write.
struct PlainPeer {
  explicit PlainPeer(bool client) : context(SSL_CTX_new(DTLS_method())) {
    SSL_CTX_use_certificate(context, SSL_CTX_get0_certificate(bob()->context()));
    SSL_CTX_use_PrivateKey(context, SSL_CTX_get0_privatekey(bob()->context()));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    ssl = SSL_new(context);
    port.mtu = 16384;
    port.outbound = [this](base::Bytes datagram) { out.emplace_back(base::asText(datagram)); };
    BIO* bio = newDatagramBio(port);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_options(ssl, SSL_OP_NO_QUERY_MTU);
    SSL_set_mtu(ssl, 16384);
    client ? SSL_set_connect_state(ssl) : SSL_set_accept_state(ssl);
  }
  ~PlainPeer() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  void give(const std::string& datagram) {
    port.inbound = bytes(datagram);
    if (SSL_in_init(ssl)) SSL_do_handshake(ssl);
    char data[2000];
    if (!SSL_in_init(ssl))
      for (int n; (n = SSL_read(ssl, data, sizeof data)) > 0;) received.emplace_back(data, n);
    port.inbound = {};
  }
  /// Exchanges datagrams until both are silent.
  void exchange(Side& side, Time now) {
    for (int i = 0; i < 10; ++i) {
      for (auto& datagram : std::exchange(out, {})) side.endpoint.handle(bytes(datagram), now);
      for (auto& datagram : side.drain(now)) give(datagram);
    }
  }

  DatagramPort port;
  SSL_CTX* context;
  SSL* ssl;
  std::vector<std::string> out, received;
};

}  // namespace

TEST_CASE("a ClientHello in fragments, in any order, twice and overlapping, starts the handshake") {
  struct Piece {
    std::size_t from, to;
  };
  base::PacketPool pool;
  const Time now{10s};
  Side hello({alice(), base::packetCapacity}, pool);
  hello.endpoint.start(Role::Client, {bob()->fingerprint()}, 0ms, now);
  const auto body = padded(helloBody(hello.drain(now).at(0)), 1200);
  const std::size_t n = body.size();
  REQUIRE(n > 1300);
  const std::vector<std::vector<Piece>> ways = {
      {{0, n}},
      {{0, 1175}, {1175, n}},
      {{1175, n}, {0, 1175}},
      {{0, 1175}, {0, 1175}, {1175, n}},
      {{1175, n}, {1175, n}, {0, 1175}},
      {{0, 1}, {1, n}},
      {{n - 1, n}, {0, n - 1}},
      {{0, 400}, {800, n}, {400, 800}},
      {{800, n}, {400, 800}, {0, 400}},
      {{0, 900}, {300, n}},
      {{300, n}, {0, 900}},
      {{1175, n}, {0, n}},
  };
  for (std::size_t way = 0; way < ways.size(); ++way) {
    INFO("way " << way);
    Side server({bob()}, pool);
    server.endpoint.start(Role::Server, {alice()->fingerprint()}, 0ms, now);
    std::uint8_t number = 0;
    for (const Piece& piece : ways[way]) {
      CHECK(server.drain(now).empty());
      server.endpoint.handle(helloFragment(body, piece.from, piece.to, number++), now);
    }
    CHECK(answersWithServerHello(server.drain(now)));
  }
}

TEST_CASE("a handshake whose hello was fragmented on the way completes") {
  for (bool reversed : {false, true}) {
    Pair pair;
    pair.start();
    const auto flight = pair.client.drain(pair.now);
    const auto body = helloBody(flight.at(0));
    auto first = helloFragment(body, 0, 100, 1), second = helloFragment(body, 100, body.size(), 2);
    if (reversed) std::swap(first, second);
    pair.server.endpoint.handle(first, pair.now);
    pair.server.endpoint.handle(second, pair.now);
    pair.run(1s);
    CHECK(pair.up());
  }
}

TEST_CASE("the ClientHellos that browsers send are answered, in either order of their fragments") {
  const std::filesystem::path folder = std::filesystem::path(PARLEY_STANDARDS) / "captures";
  if (!std::filesystem::exists(PARLEY_STANDARDS)) {
    WARN("no " << PARLEY_STANDARDS << ": the browsers' ClientHellos are not tested");
    return;
  }
  for (const char* name : {"hs-chromium.pcap", "hs-firefox.pcap"}) {
    INFO(name);
    std::vector<std::vector<std::uint8_t>> fragments;
    for (auto& payload : udpPayloads(folder / name)) {
      if (payload[0] != 22 || payload[recordHeader] != 1) continue;
      fragments.push_back(payload);
      const std::uint8_t* message = &payload[recordHeader];
      if (load24(message + 6) + load24(message + 9) == load24(message + 1)) break;
    }
    REQUIRE(fragments.size() == 2);
    for (bool reversed : {false, true}) {
      if (reversed) std::swap(fragments[0], fragments[1]);
      base::PacketPool pool;
      const Time now{10s};
      Side server({bob()}, pool);
      server.endpoint.start(Role::Server, {alice()->fingerprint()}, 0ms, now);
      server.endpoint.handle(fragments[0], now);
      CHECK(server.drain(now).empty());
      server.endpoint.handle(fragments[1], now);
      CHECK(answersWithServerHello(server.drain(now)));
    }
  }
}

TEST_CASE("a client that is asked for a cookie gives it back") {
  base::PacketPool pool;
  const Time now{10s};
  Side client({alice()}, pool);
  client.endpoint.start(Role::Client, {bob()->fingerprint()}, 0ms, now);
  REQUIRE(client.drain(now).size() == 1);
  // RFC 6347 s.4.2.1: HelloVerifyRequest
  std::vector<std::uint8_t> request = {22, 0xfe, 0xff, 0, 0, 0, 0,  0,    0,    0, 0,   0,   22,  3,   0,   0,   10, 0,
                                       0,  0,    0,    0, 0, 0, 10, 0xfe, 0xff, 7, 'b', 'i', 's', 'c', 'u', 'i', 't'};
  request[12] = static_cast<std::uint8_t>(request.size() - recordHeader);
  client.endpoint.handle(request, now);
  const auto again = client.drain(now);
  REQUIRE(again.size() == 1);
  CHECK(again[0].find("biscuit") != std::string::npos);
}

TEST_CASE("a plain OpenSSL peer connects in both roles") {
  for (bool peerIsClient : {true, false}) {
    base::PacketPool pool;
    const Time now{10s};
    Side ours({alice()}, pool);
    PlainPeer peer(peerIsClient);
    ours.endpoint.start(peerIsClient ? Role::Server : Role::Client, {bob()->fingerprint()}, 0ms, now);
    if (peerIsClient) SSL_do_handshake(peer.ssl);
    peer.exchange(ours, now);
    REQUIRE(ours.connected.size() == 1);
    CHECK_FALSE(ours.connected[0].srtpProfile);
    CHECK_FALSE(ours.endpoint.srtpKeys());
    REQUIRE(ours.endpoint.send(bytes("hello"), now));
    REQUIRE(SSL_write(peer.ssl, "hi", 2) == 2);
    peer.exchange(ours, now);
    CHECK(ours.received == std::vector<std::string>{"hi"});
    CHECK(peer.received == std::vector<std::string>{"hello"});
  }
}

TEST_CASE("renegotiation does not happen") {
  for (bool peerIsClient : {true, false}) {
    base::PacketPool pool;
    const Time now{10s};
    Side ours({alice()}, pool);
    PlainPeer peer(peerIsClient);
    ours.endpoint.start(peerIsClient ? Role::Server : Role::Client, {bob()->fingerprint()}, 0ms, now);
    if (peerIsClient) SSL_do_handshake(peer.ssl);
    peer.exchange(ours, now);
    REQUIRE(ours.connected.size() == 1);
    REQUIRE(SSL_renegotiate(peer.ssl) == 1);
    SSL_do_handshake(peer.ssl);
    REQUIRE(peer.out.size() == 1);
    ours.endpoint.handle(bytes(peer.out[0]), now);
    const auto answer = ours.drain(now);
    REQUIRE(answer.size() == 1);
    CHECK(answer[0][0] == 21);  // the no_renegotiation alert
    CHECK(ours.connected.size() == 1);
    CHECK(ours.endpoint.state() == State::Connected);
    CHECK(ours.endpoint.send(bytes("still here"), now));
  }
}

TEST_CASE("a record larger than a packet is dropped whole, and the next one arrives") {
  base::PacketPool pool;
  const Time now{10s};
  Side ours({alice()}, pool);
  PlainPeer peer(true);
  ours.endpoint.start(Role::Server, {bob()->fingerprint()}, 0ms, now);
  SSL_do_handshake(peer.ssl);
  peer.exchange(ours, now);
  REQUIRE(ours.connected.size() == 1);
  for (std::size_t size : {base::packetCapacity, base::packetCapacity + 1, std::size_t{9000}, std::size_t{16000}}) {
    const std::string large(size, 'L');
    REQUIRE(SSL_write(peer.ssl, large.data(), static_cast<int>(large.size())) > 0);
  }
  REQUIRE(SSL_write(peer.ssl, "small", 5) == 5);
  peer.exchange(ours, now);
  CHECK(ours.received == std::vector<std::string>{std::string(base::packetCapacity, 'L'), "small"});
  CHECK(ours.endpoint.stats().drops[Drop::TooLarge] == 3);
}

TEST_CASE("one certificate serves connections of several threads") {
  const auto& certificate = alice();
  std::vector<std::thread> threads;
  std::vector<int> connected(3);
  for (std::size_t t = 0; t < connected.size(); ++t)
    threads.emplace_back([&certificate, &count = connected[t]] {
      for (int round = 0; round < 5; ++round) {
        base::PacketPool pool;
        Endpoint client({certificate}, pool), server({certificate}, pool);
        const Time now{10s};
        client.start(Role::Client, {certificate->fingerprint()}, 0ms, now);
        server.start(Role::Server, {certificate->fingerprint()}, 0ms, now);
        for (int i = 0; i < 4; ++i)
          for (auto [from, to] : {std::pair{&client, &server}, std::pair{&server, &client}})
            while (auto output = from->poll())
              if (auto* transmit = std::get_if<Endpoint::Transmit>(&*output)) to->handle(transmit->packet.bytes(), now);
        count += client.state() == State::Connected && server.state() == State::Connected;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(connected == std::vector<int>{5, 5, 5});
}
