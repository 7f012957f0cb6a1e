#include "facade_support.hpp"

#include "pc/utf8.hpp"

using namespace parley;
using namespace parley::test;

namespace {

Configuration withServer(std::string url) {
  Configuration configuration;
  configuration.iceServers = {{.urls = {std::move(url)}}};
  return configuration;
}

}  // namespace

TEST_CASE("URLs of ICE servers are checked as the specification says") {
  Loop loop;
  setLogHandler(LogLevel::Off);  // Warnings of servers that are not used yet.
  for (const char* url :
       {"stun:stun1.example.net", "STUN:example.net:3478", "stuns:example.net", "stun:[2001::1]", "stun:[2001::1]:99",
        "stun:ex%61mple.net", "stun:example.net:", "stun:example.net:0000000000000000", "stun:example.net:65535",
        " stun:example.com\x1f \r ", "stun:ho\tst", "stun:h\to\ns\rt:9\t0\n0\r0", "stun:1.2.3.4.", "stun:192.168.257",
        "stun:256", "stun:256.com", "stun:0xffffffff", "stun:你好你好"}) {
    INFO(url);
    CHECK_NOTHROW(PeerConnection(loop.engine, withServer(url)));
  }
  for (const char* url : {"",
                          "relative-url",
                          "http://example.com",
                          "stun:",
                          "stun://example.org/foo?x=y",
                          "turn://example.org/foo?x=y",
                          "stun:example.net:65536",
                          "stun:example.net:b",
                          "stun:example.net: 21 ",
                          "stun:example.net:-21",
                          "stun:example.net#foo",
                          "stun:example.net?transport=udp",
                          "turn:example.net?transport=sctp",
                          "stun:[61:24:74]:98",
                          "stun:[::127.0.0.1.]",
                          "stun:%zz%66%a.com",
                          "stun:%25",
                          "stun:hello%00",
                          "stun:192.168.0.257",
                          "stun:x x:12",
                          "stun:[example.net]",
                          "stun:a<b",
                          "stun:a\\b",
                          "stun:10000000000",
                          "stun:user@example.net",
                          "stun:example.net/foo",
                          "stun:256.256.256.256"}) {
    INFO(url);
    CHECK_THROWN(PeerConnection(loop.engine, withServer(url)), SyntaxError);
  }
  Configuration noUrl;
  noUrl.iceServers = {IceServer{}};
  CHECK_THROWN(PeerConnection(loop.engine, noUrl), SyntaxError);
  CHECK_THROWN(PeerConnection(loop.engine, withServer("turn:example.net")), InvalidAccessError);
  Configuration turn = withServer("turns:example.net?transport=tcp");
  turn.iceServers[0].username = "";
  CHECK_THROWN(PeerConnection(loop.engine, turn), InvalidAccessError);
  turn.iceServers[0].credential = "";
  CHECK_NOTHROW(PeerConnection(loop.engine, turn));
  setLogHandler(LogLevel::Warning);
}

TEST_CASE("setConfiguration changes what may change, and nothing of a refused one") {
  Loop loop;
  Configuration first;
  first.bundlePolicy = BundlePolicy::MaxBundle;
  PeerConnection pc(loop.engine, first);
  Configuration next = pc.getConfiguration();
  next.iceServers = {{.urls = {"stun:example.net"}}};
  next.iceTransportPolicy = IceTransportPolicy::Relay;
  next.iceCandidatePoolSize = 3;
  pc.setConfiguration(next);
  CHECK(pc.getConfiguration().iceServers == next.iceServers);
  CHECK(pc.getConfiguration().iceTransportPolicy == IceTransportPolicy::Relay);

  auto changed = next;
  changed.bundlePolicy = BundlePolicy::Balanced;
  CHECK_THROWN(pc.setConfiguration(changed), InvalidModificationError);
  changed = next;
  changed.certificates = {Certificate::generate({}, 1'800'000'000s)};
  CHECK_THROWN(pc.setConfiguration(changed), InvalidModificationError);
  changed = next;
  changed.iceServers = {{.urls = {"nonsense"}}};
  CHECK_THROWN(pc.setConfiguration(changed), SyntaxError);
  CHECK(pc.getConfiguration().iceServers == next.iceServers);

  pc.createDataChannel("x");
  loop.result(pc.setLocalDescription());
  changed = next;
  changed.iceCandidatePoolSize = 4;
  CHECK_THROWN(pc.setConfiguration(changed), InvalidModificationError);
  pc.close();
  CHECK_THROWN(pc.setConfiguration(next), InvalidStateError);
  CHECK(pc.getConfiguration().bundlePolicy == BundlePolicy::MaxBundle);
}

TEST_CASE("Certificates are made, carried by descriptions, and refused when they have expired") {
  Loop loop;
  const auto certificate = loop.result(PeerConnection::generateCertificate(loop.engine));
  const auto fingerprints = certificate.getFingerprints();
  REQUIRE(fingerprints.size() >= 1);
  CHECK(fingerprints[0].algorithm == "sha-256");
  CHECK(fingerprints[0].value.size() == 95);
  CHECK(fingerprints[0].value.find_first_of("ABCDEF") == std::string::npos);

  Configuration configuration;
  configuration.certificates = {certificate};
  PeerConnection pc(loop.engine, configuration);
  CHECK(pc.getConfiguration().certificates.front() == certificate);
  CHECK(certificate.expires() > 1'700'000'000'000);
  // Not given is not another one.
  pc.setConfiguration({});
  CHECK(pc.getConfiguration().certificates.front() == certificate);
  Configuration other;
  other.certificates = {loop.result(PeerConnection::generateCertificate(loop.engine))};
  CHECK_THROWN(pc.setConfiguration(other), InvalidModificationError);

  KeygenAlgorithm shortLived;
  shortLived.expires = 0ms;
  configuration.certificates = {loop.result(PeerConnection::generateCertificate(loop.engine, shortLived))};
  CHECK_THROWN(PeerConnection(loop.engine, configuration), InvalidAccessError);

  KeygenAlgorithm unknown;
  unknown.namedCurve = "K-256";
  CHECK_THROWN(loop.result(PeerConnection::generateCertificate(loop.engine, unknown)), NotSupportedError);
  unknown = {};
  unknown.name = "HMAC";
  CHECK_THROWN(loop.result(PeerConnection::generateCertificate(loop.engine, unknown)), NotSupportedError);
}

TEST_CASE("createDataChannel refuses what the specification refuses") {
  Loop loop;
  PeerConnection pc(loop.engine);
  const std::string longest(65535, 'x'), tooLong(65536, 'x');
  CHECK_NOTHROW(pc.createDataChannel(longest, {.protocol = longest}));
  CHECK_THROWN(pc.createDataChannel(tooLong), TypeError);
  CHECK_THROWN(pc.createDataChannel("", {.protocol = tooLong}), TypeError);
  CHECK_THROWN(pc.createDataChannel("\xff"), TypeError);
  CHECK_THROWN(pc.createDataChannel("", {.negotiated = true}), TypeError);
  CHECK_THROWN(pc.createDataChannel("", {.negotiated = true, .id = 65535}), TypeError);
  CHECK_THROWN(pc.createDataChannel("", {.maxPacketLifeTime = 0, .maxRetransmits = 0}), TypeError);
  CHECK_NOTHROW(pc.createDataChannel("", {.negotiated = true, .id = 42}));
  CHECK_THROWN(pc.createDataChannel("", {.negotiated = true, .id = 42}), OperationError);
  CHECK(pc.createDataChannel("", {.id = 65535})->id() == std::nullopt);
  pc.close();
  CHECK_THROWN(pc.createDataChannel(""), InvalidStateError);
}

TEST_CASE("A new channel has the defaults of the specification") {
  Loop loop;
  PeerConnection pc(loop.engine);
  const auto channel = pc.createDataChannel("label");
  CHECK(channel->label() == "label");
  CHECK(channel->ordered());
  CHECK(channel->maxPacketLifeTime() == std::nullopt);
  CHECK(channel->maxRetransmits() == std::nullopt);
  CHECK(channel->protocol() == "");
  CHECK_FALSE(channel->negotiated());
  CHECK(channel->id() == std::nullopt);
  CHECK(toString(channel->readyState()) == "connecting");
  CHECK(channel->bufferedAmount() == 0);
  CHECK(channel->bufferedAmountLowThreshold() == 0);
  CHECK(toString(channel->binaryType()) == "arraybuffer");
  CHECK(toString(channel->priority()) == "low");
}

TEST_CASE("An id beyond the streams of the association closes the channel with an error") {
  Configuration few;
  few.extensions.sctpStreams = 256;
  Pair pair(few, few);
  auto beyond = pair.a.createDataChannel("beyond", {.negotiated = true, .id = 5000});
  std::vector<std::string> events;
  beyond->onError([&](const RtcError& error) { events.push_back(std::string(toString(error.errorDetail()))); });
  beyond->onClose([&] { events.push_back("close"); });
  pair.connect();
  CHECK(events == std::vector<std::string>{"data-channel-failure", "close"});
  CHECK(beyond->readyState() == DataChannelState::Closed);
  CHECK_THROWN(pair.a.createDataChannel("", {.negotiated = true, .id = 5000}), OperationError);
}

TEST_CASE("send refuses what is too early, too large, not text, or too much") {
  Configuration small;
  small.extensions.sendBufferLimit = 400'000;
  Pair pair(small);
  auto early = pair.a.createDataChannel("early");
  CHECK_THROWN(early->send("x"), InvalidStateError);
  pair.connect();
  CHECK_THROWN(pair.ours->send(std::vector<std::uint8_t>(262145)), TypeError);
  CHECK_THROWN(pair.ours->send("\xc0\x80"), TypeError);
  pair.loop.drop = [] { return true; };
  CHECK_NOTHROW(pair.ours->send(std::vector<std::uint8_t>(262144)));
  CHECK_THROWN(pair.ours->send(std::vector<std::uint8_t>(262144)), OperationError);
  CHECK(pair.ours->bufferedAmount() == 262144);
  pair.loop.drop = {};
  pair.ours->close();
  CHECK_THROWN(pair.ours->send("x"), InvalidStateError);
}

TEST_CASE("UTF-8 is checked by Unicode's table, and repaired as browsers do it") {
  using pc::isUtf8;
  using pc::repairUtf8;
  for (const char* good :
       {"", "abc", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    CHECK(isUtf8(good));
  for (const char* bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "a\xff"})
    CHECK_FALSE(isUtf8(bad));
  // Unicode s.3.9, table 3-8: one U+FFFD for each maximal part.
  CHECK(repairUtf8("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41") ==
        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
        "A");
  CHECK(repairUtf8("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41") ==
        "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
        "A");
}
