#include "ice/candidate.hpp"
#include "pc/session.hpp"
#include "session_support.hpp"

#include <parley/error.hpp>
#include <parley/ice_candidate.hpp>

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

namespace {

const std::string hostLine = "candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host";

IceCandidateInit candidate(std::string line, std::optional<std::string> mid,
                           std::optional<std::uint16_t> index = std::nullopt,
                           std::optional<std::string> ufrag = std::nullopt) {
  IceCandidateInit init;
  init.candidate = std::move(line);
  init.sdpMid = std::move(mid);
  init.sdpMLineIndex = index;
  init.usernameFragment = std::move(ufrag);
  return init;
}

}  // namespace

TEST_CASE("gathered candidates join the local description and later offers, with the default one in front") {
  Pair pair;
  auto& a = pair.a.session;
  a.wantDataChannel();
  REQUIRE(a.setLocal(SdpType::Offer));
  const auto ufrag = a.plan().front().ice.local->ufrag;
  a.localCandidate("another", *ice::parseCandidate(hostLine));
  CHECK_FALSE(contains(a.pendingLocal()->sdp, "a=candidate"));
  a.localCandidate(ufrag, *ice::parseCandidate(hostLine));
  a.localCandidate(ufrag,
                   *ice::parseCandidate("candidate:2 1 udp 1694498815 203.0.113.7 4242 typ srflx raddr 192.0.2.1 "
                                        "rport 50000"));
  a.localCandidate(ufrag, *ice::parseCandidate("candidate:3 1 udp 2130706430 2001:db8::1 50001 typ host"));
  a.localEndOfCandidates(ufrag);

  const auto sdp = a.pendingLocal()->sdp;
  INFO(sdp);
  CHECK(contains(sdp, "a=" + hostLine + "\r\n"));
  CHECK(count(sdp, "a=candidate:") == 3);
  CHECK(contains(sdp, "a=end-of-candidates\r\n"));
  CHECK(contains(sdp, "m=application 4242 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 203.0.113.7\r\n"));

  REQUIRE(pair.b.session.setRemote(SdpType::Offer, sdp));
  REQUIRE(pair.b.session.setLocal(SdpType::Answer));
  REQUIRE(a.setRemote(SdpType::Answer, pair.b.session.currentLocal()->sdp));
  CHECK(contains(a.currentLocal()->sdp, "a=" + hostLine));
  CHECK(count(*a.createOffer(), "a=candidate:") == 3);
  CHECK(count(*a.createOffer(true), "a=candidate:") == 0);
}

TEST_CASE("candidates in a description are handed to the data plane") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer() + "a=" + hostLine + "\r\na=" + hostLine + "\r\na=end-of-candidates\r\n";
  auto applied = pair.b.session.setRemote(SdpType::Offer, offer);
  REQUIRE(applied);
  REQUIRE(applied->remoteCandidates.front().candidates.size() == 1);
  CHECK(applied->remoteCandidates.front().candidates.front().address == "192.0.2.1");
  CHECK(applied->remoteCandidates.front().end);
  CHECK(pair.b.session.pendingRemote()->sdp == offer);
}

TEST_CASE("a trickled candidate is parsed and joins the remote description, once") {
  Pair pair;
  pair.connect();
  auto& b = pair.b.session;
  const auto init = GENERATE_COPY(candidate(hostLine, "0"), candidate(hostLine, std::nullopt, std::uint16_t{0}),
                                  candidate(hostLine, "0", std::uint16_t{7}));
  for (int i = 0; i < 2; ++i) {
    auto added = b.addRemoteCandidate(init);
    REQUIRE(added);
    REQUIRE(added->candidate);
    CHECK(added->candidate->port == 50000);
    CHECK(added->transports.size() == 1);
  }
  CHECK(b.currentRemote()->sdp == pair.a.session.currentLocal()->sdp + "a=" + hostLine + "\r\n");

  const auto end = GENERATE_COPY(candidate("", "0"), IceCandidateInit{});
  auto ended = b.addRemoteCandidate(end);
  REQUIRE(ended);
  CHECK(ended->transports.size() == 1);
  CHECK_FALSE(ended->candidate);
  CHECK(contains(b.currentRemote()->sdp, "a=" + hostLine + "\r\na=end-of-candidates\r\n"));
}

TEST_CASE("a candidate that cannot be added is refused by the error of the W3C's algorithm") {
  Pair pair;
  auto& b = pair.b.session;
  CHECK_ERROR(b.addRemoteCandidate(candidate(hostLine, "0")), InvalidStateError);
  CHECK_ERROR(b.addRemoteCandidate({}), InvalidStateError);
  pair.connect();
  const auto before = visible(b);
  CHECK_ERROR(b.addRemoteCandidate(candidate(hostLine, std::nullopt)), TypeError);
  CHECK_ERROR(b.addRemoteCandidate(candidate(hostLine, "7")), OperationError);
  CHECK_ERROR(b.addRemoteCandidate(candidate(hostLine, "7", std::uint16_t{0})), OperationError);
  CHECK_ERROR(b.addRemoteCandidate(candidate(hostLine, std::nullopt, std::uint16_t{1})), OperationError);
  CHECK_ERROR(b.addRemoteCandidate(candidate(hostLine, "0", std::nullopt, "nobody")), OperationError);
  CHECK_ERROR(b.addRemoteCandidate(candidate("", "0", std::nullopt, "nobody")), OperationError);
  CHECK_ERROR(b.addRemoteCandidate(candidate("candidate:nonsense", "0")), OperationError);
  CHECK_ERROR(b.addRemoteCandidate(candidate(hostLine + "\r\na=evil:1", "0")), OperationError);
  CHECK(visible(b) == before);
}

TEST_CASE("candidates of a kind that we do not use are taken and shown") {
  Pair pair;
  pair.connect();
  auto& b = pair.b.session;
  for (const char* line :
       {"candidate:1 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
        "candidate:2 1 udp 2113937151 0a1b.local 5000 typ host", "candidate:3 1 sctp 1 192.0.2.1 9 typ host"}) {
    REQUIRE(b.addRemoteCandidate(candidate(line, "0")));
    CHECK(contains(b.currentRemote()->sdp, std::string("a=") + line));
  }
}

TEST_CASE("the ufrag says which generation a candidate is of") {
  Pair pair;
  pair.connect();
  auto& b = pair.b.session;
  const auto old = *b.plan().front().ice.remote;
  REQUIRE(b.setRemote(SdpType::Offer, *pair.a.session.createOffer(true)));
  const auto fresh = *b.plan().front().ice.remote;
  REQUIRE(old.ufrag != fresh.ufrag);

  auto added = b.addRemoteCandidate(candidate(hostLine, "0", std::nullopt, old.ufrag));
  REQUIRE(added);
  CHECK(added->candidate->ufrag() == old.ufrag);
  CHECK(contains(b.currentRemote()->sdp, hostLine));
  CHECK_FALSE(contains(b.pendingRemote()->sdp, hostLine));

  REQUIRE(b.addRemoteCandidate(candidate("candidate:9 1 udp 1 192.0.2.9 9 typ host ufrag " + fresh.ufrag, "0")));
  REQUIRE(b.addRemoteCandidate(candidate("candidate:8 1 udp 1 192.0.2.8 9 typ host", "0")));
  CHECK(count(b.pendingRemote()->sdp, "a=candidate") == 2);
  CHECK(count(b.currentRemote()->sdp, "a=candidate") == 1);

  // The end of the old generation does not end the new one.
  auto ended = b.addRemoteCandidate(candidate("", "0", std::nullopt, old.ufrag));
  REQUIRE(ended);
  CHECK(ended->transports.empty());
}

TEST_CASE("a remote description does not grow without bound") {
  Pair pair;
  pair.connect();
  for (int i = 0; i < 2000; ++i)
    REQUIRE(pair.b.session.addRemoteCandidate(
        candidate("candidate:" + std::to_string(i) + " 1 udp 1 192.0.2.1 9 typ host", "0")));
  CHECK(count(pair.b.session.currentRemote()->sdp, "a=candidate") == maxRemoteCandidates);
}

TEST_CASE("candidates of sections that are rejected or have another transport are of no use") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  const std::string audio =
      "m=audio 9 UDP/TLS/RTP/SAVPF 13\r\nc=IN IP4 0.0.0.0\r\na=mid:au\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n"
      "a=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=fingerprint:" +
      someFingerprint(0xaa).toString() + "\r\n";
  offer = replaced(replaced(offer, "BUNDLE 0", "BUNDLE au 0"), "m=application", audio + "m=application");
  auto& b = pair.b.session;
  REQUIRE(b.setRemote(SdpType::Offer, offer));
  auto added = b.addRemoteCandidate(candidate(hostLine, "au"));
  REQUIRE(added);
  CHECK(added->transports.empty());
  const auto sdp = b.pendingRemote()->sdp;
  CHECK(sdp.find("a=" + hostLine) < sdp.find("m=application"));
  REQUIRE(b.setLocal(SdpType::Answer));
  REQUIRE(b.addRemoteCandidate(candidate(hostLine + " generation 0", "au")));
  CHECK(b.currentRemote()->sdp == sdp);
  CHECK(b.addRemoteCandidate(candidate(hostLine, "0"))->transports.size() == 1);
}

TEST_CASE("candidates of the tagged section are for the data section that shares its credentials") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  const std::string transport =
      offer.substr(offer.find("a=ice-ufrag"), offer.find("a=tls-id") - offer.find("a=ice-ufrag"));
  const std::string audio = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:au\r\na=rtcp-mux\r\n" +
                            transport + "a=" + hostLine + "\r\n";
  offer = replaced(replaced(offer, "BUNDLE 0", "BUNDLE au 0"), "m=application", audio + "m=application");
  auto applied = pair.b.session.setRemote(SdpType::Offer, offer);
  REQUIRE(applied);
  CHECK(applied->remoteCandidates.front().candidates.size() == 1);
  CHECK(pair.b.session.addRemoteCandidate(candidate(hostLine, "au"))->transports.size() == 1);
}

TEST_CASE("a description with a great many candidates is no burden") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  for (int i = 0; i < 20000; ++i) offer += "a=candidate:" + std::to_string(i) + " 1 udp 1 192.0.2.1 9 typ host\r\n";
  auto applied = pair.b.session.setRemote(SdpType::Offer, offer);
  REQUIRE(applied);
  CHECK(applied->remoteCandidates.front().candidates.size() == maxRemoteCandidates);
}

TEST_CASE("an IceCandidate shows what its line says") {
  IceCandidate full(
      candidate("candidate:4234997325 1 udp 1694498815 203.0.113.7 4242 typ srflx raddr 192.0.2.1 rport 50000", "0",
                std::uint16_t{0}, "abcd"));
  CHECK(full.foundation() == "4234997325");
  CHECK(full.component() == IceComponent::Rtp);
  CHECK(full.priority() == 1694498815u);
  CHECK(full.address() == "203.0.113.7");
  CHECK(full.protocol() == IceProtocol::Udp);
  CHECK(full.port() == 4242);
  CHECK(full.type() == IceCandidateType::Srflx);
  CHECK_FALSE(full.tcpType());
  CHECK(full.relatedAddress() == "192.0.2.1");
  CHECK(full.relatedPort() == 50000);
  CHECK(full.usernameFragment() == "abcd");
  CHECK(full.toJson().sdpMid == "0");

  IceCandidate tcp(candidate("candidate:1 2 TCP 1518280447 192.0.2.1 9 typ host tcptype passive", "0"));
  CHECK(tcp.component() == IceComponent::Rtcp);
  CHECK(tcp.protocol() == IceProtocol::Tcp);
  CHECK(tcp.tcpType() == IceTcpCandidateType::Passive);
  CHECK_FALSE(tcp.relatedAddress());
}

TEST_CASE("an IceCandidate whose line does not parse keeps the line alone") {
  for (const char* line :
       {"", "nonsense", "candidate:1 3 udp 1 192.0.2.1 9 typ host", "candidate:1 1 sctp 1 192.0.2.1 9 typ host"}) {
    IceCandidate held(candidate(line, "0"));
    CHECK(held.candidate() == line);
    CHECK_FALSE(held.foundation());
    CHECK_FALSE(held.type());
    CHECK_FALSE(held.port());
  }
}

TEST_CASE("an IceCandidate needs a section, and local members do not travel") {
  CHECK_THROWS_AS(IceCandidate(candidate(hostLine, std::nullopt)), Error);
  try {
    IceCandidate{IceCandidateInit{}};
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.name() == ErrorName::TypeError);
  }
  auto init = candidate(hostLine, "0");
  init.url = "stun:192.0.2.3";
  init.relayProtocol = IceServerTransportProtocol::Tls;
  IceCandidate local(init);
  CHECK(local.url() == "stun:192.0.2.3");
  CHECK_FALSE(local.toJson().url);
  CHECK_FALSE(local.toJson().relayProtocol);
  CHECK(toString(*local.relayProtocol()) == "tls");
}
