#include "pc/session.hpp"
#include "session_support.hpp"

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

TEST_CASE("an offer for a data channel has the lines of RFC 9429 s.5.2.1") {
  Party party{7, 0x12};
  party.session.wantDataChannel();
  const auto offer = *party.session.createOffer();
  INFO(offer);
  for (const char* line : {"v=0\r\n", "s=-\r\nt=0 0\r\n", "a=group:BUNDLE 0\r\n", "a=ice-options:trickle ice2\r\n",
                           "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n", "a=mid:0\r\n",
                           "a=setup:actpass\r\n", "a=sctp-port:5000\r\n", "a=max-message-size:262144\r\n",
                           "a=fingerprint:sha-256 12:12:12:12"})
    CHECK(contains(offer, line));
  CHECK(lineValue(offer, "a=tls-id:").size() == 20);
  CHECK(lineValue(offer, "a=ice-ufrag:").size() >= 4);
  CHECK(lineValue(offer, "a=ice-pwd:").size() >= 22);
  const auto origin = lineValue(offer, "o=");
  CHECK(origin.substr(0, 2) == "- ");
  CHECK(std::stoull(origin.substr(2)) < (1ull << 62));
  CHECK(contains(origin, " 1 IN IP4 0.0.0.0"));
  for (const char* forbidden : {"a=crypto", "a=ice-lite", "k=", "a=candidate"}) CHECK_FALSE(contains(offer, forbidden));
}

TEST_CASE("an offer without data channel has no section, and can be answered") {
  Pair pair;
  pair.exchange(pair.a.session, pair.b.session);
  CHECK_FALSE(contains(pair.a.session.currentLocal()->sdp, "m="));
  CHECK(pair.a.session.state() == SignalingState::Stable);
  CHECK(pair.a.session.plan().empty());
  CHECK_FALSE(pair.a.session.hasSctpTransport());

  SECTION("and a channel can come later") {
    pair.connect();
    CHECK(pair.a.session.plan().front().sctp);
    CHECK(pair.b.session.plan().front().sctp);
  }
}

TEST_CASE("creating an offer again gives the same text until something changes") {
  Party party{7, 0x12};
  const auto empty = *party.session.createOffer();
  CHECK(*party.session.createOffer() == empty);
  party.session.wantDataChannel();
  const auto first = *party.session.createOffer();
  CHECK(first != empty);
  CHECK(*party.session.createOffer() == first);
  CHECK(contains(empty, " 1 IN IP4"));
  CHECK(contains(first, " 2 IN IP4"));
  CHECK(lineValue(first, "o=").substr(0, 15) == lineValue(empty, "o=").substr(0, 15));
}

TEST_CASE("an offer and its answer give both sides plans that fit") {
  Pair pair;
  pair.connect();
  REQUIRE(pair.a.session.plan().size() == 1);
  const auto a = pair.a.session.plan().front();
  const auto b = pair.b.session.plan().front();
  REQUIRE((a.ice.local && a.ice.remote && b.ice.local && b.ice.remote));
  CHECK(*a.ice.local == *b.ice.remote);
  CHECK(*b.ice.local == *a.ice.remote);
  CHECK(a.ice.role == ice::Role::Controlling);
  CHECK(b.ice.role == ice::Role::Controlled);
  REQUIRE((a.dtls && b.dtls));
  // The answerer is active, which is the client.
  CHECK(a.dtls->role == dtls::Role::Server);
  CHECK(b.dtls->role == dtls::Role::Client);
  CHECK(a.dtls->remoteFingerprints == std::vector{someFingerprint(0xbb)});
  CHECK(b.dtls->remoteFingerprints == std::vector{someFingerprint(0xaa)});
  REQUIRE((a.sctp && b.sctp));
  CHECK(a.sctp->localPort == 5000);
  CHECK(a.sctp->remotePort == 5000);
  CHECK(a.sctp->remoteMaxMessageSize == 262144);
  CHECK(pair.a.session.transportSection(a.id)->index == 0);
  CHECK(pair.a.session.transportSection(a.id)->mid == "0");
  CHECK(pair.a.session.canTrickleIceCandidates() == true);
}

TEST_CASE("the plan grows with the exchange: gathering starts with the local offer, DTLS with the answer") {
  Pair pair;
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  a.wantDataChannel();
  auto offered = a.setLocal(std::nullopt);
  REQUIRE(offered);
  CHECK(offered->type == SdpType::Offer);
  CHECK(offered->signalingStateChanged);
  CHECK(offered->plan.front().ice.local);
  CHECK_FALSE(offered->plan.front().ice.remote);
  CHECK_FALSE(offered->plan.front().dtls);
  CHECK(a.hasSctpTransport());

  auto got = b.setRemote(SdpType::Offer, a.pendingLocal()->sdp);
  REQUIRE(got);
  CHECK_FALSE(got->plan.front().ice.local);
  CHECK(got->plan.front().ice.remote == offered->plan.front().ice.local);
  CHECK(got->plan.front().ice.role == ice::Role::Controlled);
  CHECK_FALSE(got->plan.front().dtls);
  CHECK(b.hasSctpTransport());

  auto answered = b.setLocal(std::nullopt);
  REQUIRE(answered);
  CHECK(answered->type == SdpType::Answer);
  CHECK(answered->plan.front().dtls);
  CHECK(answered->plan.front().sctp);
  CHECK_FALSE(b.pendingLocal());
  CHECK(b.currentLocal()->type == SdpType::Answer);
  CHECK(b.currentRemote()->type == SdpType::Offer);
}

TEST_CASE("the largest message of the peer is 65536 bytes by default, and without bound if it says 0") {
  for (const auto& [line, expected] : std::vector<std::pair<std::string, std::size_t>>{
           {"", 65536}, {"a=max-message-size:0\r\n", SIZE_MAX}, {"a=max-message-size:1073741823\r\n", 1073741823}}) {
    Pair pair;
    pair.a.session.wantDataChannel();
    auto offer = replaced(*pair.a.session.createOffer(), "a=max-message-size:262144\r\n", line);
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
    auto answered = pair.b.session.setLocal(std::nullopt);
    REQUIRE(answered);
    CHECK(answered->plan.front().sctp->remoteMaxMessageSize == expected);
  }
}

TEST_CASE("an answer takes the role that the offer leaves") {
  struct Row {
    const char* offered;
    const char* answered;
    dtls::Role role;
  };
  for (const auto& row : {Row{"actpass", "active", dtls::Role::Client}, Row{"active", "passive", dtls::Role::Server},
                          Row{"passive", "active", dtls::Role::Client}}) {
    Pair pair;
    pair.a.session.wantDataChannel();
    auto offer = replaced(*pair.a.session.createOffer(), "actpass", row.offered);
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
    auto answered = pair.b.session.setLocal(std::nullopt);
    REQUIRE(answered);
    CHECK(answered->plan.front().dtls->role == row.role);
    CHECK(lineValue(pair.b.session.currentLocal()->sdp, "a=setup:") == row.answered);
  }
}

TEST_CASE("an answer has a tls-id, ice-options and extmap-allow-mixed only if the offer has them") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  SECTION("all there") {
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
    auto answer = *pair.b.session.createAnswer();
    CHECK(lineValue(answer, "a=tls-id:").size() == 20);
    CHECK(lineValue(answer, "a=tls-id:") != lineValue(offer, "a=tls-id:"));
    CHECK(lineValue(answer, "a=ice-options:") == "trickle ice2");
    CHECK(contains(answer, "a=extmap-allow-mixed"));
  }
  SECTION("none there") {
    for (const char* line : {"a=tls-id", "a=ice-options", "a=extmap-allow-mixed"}) offer = withoutLine(offer, line);
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
    CHECK(pair.b.session.canTrickleIceCandidates() == false);
    auto answer = *pair.b.session.createAnswer();
    for (const char* line : {"a=tls-id", "a=ice-options", "a=extmap-allow-mixed"}) CHECK_FALSE(contains(answer, line));
  }
  SECTION("an older trickle") {
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, withLine(offer, "a=ice-options", "a=ice-options:trickle")));
    CHECK(lineValue(*pair.b.session.createAnswer(), "a=ice-options:") == "trickle");
  }
}

TEST_CASE("a=ice-pacing says what pause we propose, and one without it means 50 ms") {
  Pair pair;
  pair.a.session.wantDataChannel();
  const auto offer = *pair.a.session.createOffer();
  CHECK(contains(offer, "a=ice-pacing:50\r\n"));
  const auto taOf = [&](const std::string& text) {
    Party other{3, 0xcc};
    auto applied = other.session.setRemote(SdpType::Offer, text);
    REQUIRE(applied);
    return applied->plan.front().ice.remoteOptions.ta;
  };
  CHECK(taOf(withLine(offer, "a=ice-pacing", "a=ice-pacing:20")) == std::chrono::milliseconds(20));
  CHECK(taOf(withLine(offer, "a=ice-pacing", "a=x-nothing")) == std::chrono::milliseconds(50));
  CHECK(taOf(withLine(offer, "a=ice-pacing", "a=ice-pacing:9999999999")) == std::chrono::seconds(1));
}

TEST_CASE("a lite peer is controlled by us, whoever offers") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = replaced(*pair.a.session.createOffer(), "a=group", "a=ice-lite\r\na=group");
  auto applied = pair.b.session.setRemote(SdpType::Offer, offer);
  REQUIRE(applied);
  CHECK(applied->plan.front().ice.remoteOptions.lite);
  CHECK(applied->plan.front().ice.role == ice::Role::Controlling);
  auto answered = pair.b.session.setLocal(std::nullopt);
  REQUIRE(answered);
  CHECK(answered->plan.front().ice.role == ice::Role::Controlling);
}

TEST_CASE("transport values at the session level hold for the data section") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  std::string moved;
  for (const char* name : {"a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:"}) {
    moved += name + lineValue(offer, name) + "\r\n";
    offer = withoutLine(offer, name);
  }
  offer = replaced(offer, "m=application", moved + "m=application");
  REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
  auto answered = pair.b.session.setLocal(std::nullopt);
  REQUIRE(answered);
  CHECK(answered->plan.front().ice.remote->ufrag == lineValue(offer, "a=ice-ufrag:"));
  CHECK(answered->plan.front().dtls->remoteFingerprints == std::vector{someFingerprint(0xaa)});
}

TEST_CASE("the older form of the data section is answered in the same form") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = replaced(*pair.a.session.createOffer(), "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5001");
  offer = replaced(offer, "a=sctp-port:5000", "a=sctpmap:5001 webrtc-datachannel 65535");
  REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
  auto answered = pair.b.session.setLocal(std::nullopt);
  REQUIRE(answered);
  CHECK(answered->plan.front().sctp->remotePort == 5001);
  const auto answer = pair.b.session.currentLocal()->sdp;
  CHECK(contains(answer, "m=application 9 DTLS/SCTP 5000\r\n"));
  CHECK(contains(answer, "a=sctpmap:5000 webrtc-datachannel 65535\r\n"));
  CHECK_FALSE(contains(answer, "a=sctp-port"));

  SECTION("and offered again in it") {
    auto again = *pair.b.session.createOffer();
    CHECK(contains(again, "m=application 9 DTLS/SCTP 5000\r\n"));
  }
}

TEST_CASE("SCTP over DTLS over TCP is answered as it was offered") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = replaced(*pair.a.session.createOffer(), "UDP/DTLS/SCTP", "TCP/DTLS/SCTP");
  REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
  CHECK(contains(*pair.b.session.createAnswer(), "m=application 9 TCP/DTLS/SCTP webrtc-datachannel"));
}

TEST_CASE("what has no format of ours is rejected, and stays so") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  const std::string transport =
      offer.substr(offer.find("a=ice-ufrag"), offer.find("a=tls-id") - offer.find("a=ice-ufrag"));
  const std::string audio =
      "m=audio 9 UDP/TLS/RTP/SAVPF 111 13\r\nc=IN IP4 0.0.0.0\r\na=mid:au\r\na=sendrecv\r\na=rtcp-mux\r\n"
      "a=rtpmap:111 unknown/48000/2\r\n" +
      transport;
  offer = replaced(offer, "BUNDLE 0", "BUNDLE au 0");
  offer = replaced(offer, "m=application", audio + "m=application");

  auto& b = pair.b.session;
  REQUIRE(b.setRemote(SdpType::Offer, offer));
  REQUIRE(b.setLocal(std::nullopt));
  const auto answer = b.currentLocal()->sdp;
  INFO(answer);
  CHECK(contains(answer, "m=audio 0 UDP/TLS/RTP/SAVPF 111 13\r\nc=IN IP4 0.0.0.0\r\na=mid:au\r\n"));
  CHECK(contains(answer, "a=group:BUNDLE 0\r\n"));
  CHECK(b.transportSection(b.plan().front().id)->index == 1);
  CHECK(b.plan().front().ice.remote->ufrag == lineValue(offer, "a=ice-ufrag:"));

  SECTION("in a later offer") {
    auto later = *b.createOffer();
    INFO(later);
    CHECK(contains(later, "m=audio 0 UDP/TLS/RTP/SAVPF 111 13\r\n"));
    CHECK(contains(later, "a=group:BUNDLE 0\r\n"));
    CHECK(lineValue(later, "a=ice-ufrag:") == lineValue(answer, "a=ice-ufrag:"));
  }
  SECTION("the peer can recycle the place for anything") {
    auto again = replaced(offer, "m=audio 9 UDP/TLS/RTP/SAVPF 111 13", "m=video 9 UDP/TLS/RTP/SAVPF 111 13");
    again = replaced(replaced(again, "BUNDLE au 0", "BUNDLE vi 0"), "a=mid:au", "a=mid:vi");
    REQUIRE(b.setRemote(SdpType::Offer, again));
    CHECK(contains(*b.createAnswer(), "m=video 0"));
  }
}

TEST_CASE("a data section that is bundled onto a section of its own transport takes the values from there") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  std::string transport;
  for (const char* name : {"a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:"}) {
    transport += name + lineValue(offer, name) + "\r\n";
    offer = withoutLine(offer, name);
  }
  offer = withoutLine(offer, "a=tls-id");
  const std::string audio =
      "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:au\r\na=rtcp-mux\r\n" + transport;
  offer = replaced(offer, "BUNDLE 0", "BUNDLE au 0");
  offer = replaced(offer, "m=application 9", audio + "m=application 0");
  offer = replaced(offer, "a=mid:0", "a=mid:0\r\na=bundle-only");
  REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
  auto answered = pair.b.session.setLocal(std::nullopt);
  REQUIRE(answered);
  CHECK(answered->plan.front().ice.remote->ufrag == lineValue(offer, "a=ice-ufrag:"));
  CHECK_FALSE(contains(pair.b.session.currentLocal()->sdp, "bundle-only"));
  CHECK(contains(pair.b.session.currentLocal()->sdp, "m=application 9"));
}

TEST_CASE("a second data section, one of an unknown format and one of port zero are rejected") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  SECTION("a second one") {
    auto section = offer.substr(offer.find("m=application"));
    offer += replaced(section, "a=mid:0", "a=mid:1");
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, offer));
    auto answer = *pair.b.session.createAnswer();
    CHECK(contains(answer, "m=application 9"));
    CHECK(contains(answer, "m=application 0"));
  }
  SECTION("another format") {
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, replaced(offer, "webrtc-datachannel", "bfcp")));
    CHECK(contains(*pair.b.session.createAnswer(), "m=application 0 UDP/DTLS/SCTP bfcp"));
  }
  SECTION("port zero") {
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, replaced(offer, "m=application 9", "m=application 0")));
    CHECK(contains(*pair.b.session.createAnswer(), "m=application 0"));
    auto answered = pair.b.session.setLocal(std::nullopt);
    REQUIRE(answered);
    CHECK(answered->plan.empty());
    CHECK_FALSE(pair.b.session.hasSctpTransport());
  }
  SECTION("SCTP port zero") {
    REQUIRE(pair.b.session.setRemote(SdpType::Offer, replaced(offer, "a=sctp-port:5000", "a=sctp-port:0")));
    CHECK(contains(*pair.b.session.createAnswer(), "m=application 0"));
  }
}
