#include "sdp/query.hpp"
#include "samples.hpp"
#include "sdp/parse.hpp"
#include "sdp/verify.hpp"

#include "support/catch.hpp"

using namespace parley::sdp;
using namespace parley::sdp::test;

namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string verdict(const std::string& text) {
  auto tree = parse(text);
  if (!tree) return tree.error().toString();
  auto wrong = verify(*tree);
  if (!wrong) return "fit";
  return (wrong->section ? "section " + std::to_string(*wrong->section) : "session") + ": " + wrong->reason;
}

}  // namespace

TEST_CASE("attributes are found by their type, in their order") {
  auto tree = parse(withMediaLines("a=rtpmap:111 opus/48000/2\r\na=mid:0\r\na=rtpmap:0 PCMU/8000\r\n"));
  REQUIRE(tree);
  const auto& attributes = tree->media[0].attributes;
  REQUIRE(find<Rtpmap>(attributes));
  CHECK(find<Rtpmap>(attributes)->payloadType == 111);
  CHECK(find<Setup>(attributes) == nullptr);
  CHECK(has<Mid>(attributes));
  CHECK_FALSE(has<RtcpMux>(attributes));
  auto maps = all<Rtpmap>(attributes);
  REQUIRE(maps.size() == 2);
  CHECK(maps[1]->encoding == "PCMU");
}

TEST_CASE("a section's own value wins over the session's, which wins over none") {
  auto tree =
      parse(withSessionLines("a=setup:actpass\r\na=fingerprint:x 01\r\na=fingerprint:y 02\r\n"
                             "m=audio 9 RTP/AVP 0\r\na=setup:active\r\n"
                             "m=audio 9 RTP/AVP 0\r\na=fingerprint:z 03\r\n"));
  REQUIRE(tree);
  const auto& first = tree->media[0];
  const auto& second = tree->media[1];
  CHECK(findInherited<Setup>(*tree, first)->role == Setup::Role::Active);
  CHECK(findInherited<Setup>(*tree, second)->role == Setup::Role::Actpass);
  CHECK(findInherited<IceUfrag>(*tree, first) == nullptr);
  CHECK(allInherited<Fingerprint>(*tree, first).size() == 2);
  REQUIRE(allInherited<Fingerprint>(*tree, second).size() == 1);
  CHECK(allInherited<Fingerprint>(*tree, second)[0]->algorithm == "z");
}

TEST_CASE("an offer with all that WebRTC needs is fit") {
  CHECK(verdict(dataOffer) == "fit");
  CHECK(verdict(withSessionLines("")) == "fit");
}

TEST_CASE("what WebRTC needs and a section does not have is named") {
  CHECK(verdict(replaced(dataOffer, "a=ice-ufrag:7sFv\r\n", "")) == "section 0: there is no a=ice-ufrag");
  CHECK(verdict(replaced(dataOffer, "a=ice-pwd:dOTZKZNVlO9RSGsEGM63JXT2\r\n", "")) ==
        "section 0: there is no a=ice-pwd");
  CHECK(verdict(replaced(dataOffer, "a=fingerprint:", "a=x-fingerprint:")) == "section 0: there is no a=fingerprint");
  CHECK(verdict(replaced(dataOffer, "a=setup:actpass\r\n", "")) == "section 0: there is no a=setup");
  CHECK(verdict(replaced(dataOffer, "a=setup:actpass", "a=setup:holdconn")) ==
        "section 0: a=setup:holdconn is not for DTLS");
  CHECK(verdict(replaced(dataOffer, "a=sctp-port:5000\r\n", "")) == "section 0: there is no a=sctp-port");
}

TEST_CASE("leniency: no tls-id, and the old way to say the SCTP port, are fit") {
  CHECK(verdict(replaced(dataOffer, "a=tls-id:17f0f4ba8a5f1213faca591b58ba52a7\r\n", "")) == "fit");
  auto old = replaced(dataOffer, "UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000");
  CHECK(verdict(replaced(old, "a=sctp-port:5000", "a=sctpmap:5000 webrtc-datachannel 65535")) == "fit");
}

TEST_CASE("a rejected section needs nothing") {
  auto rejected =
      replaced(replaced(dataOffer, "m=application 9", "m=application 0"), "a=group:BUNDLE d1", "a=group:BUNDLE");
  rejected = replaced(rejected, "a=ice-ufrag:7sFv\r\n", "");
  CHECK(verdict(rejected) == "fit");
}

TEST_CASE("the sections of a BUNDLE group take their transport from its first one") {
  auto tree = parse(rfc9429OfferB1);
  REQUIRE(tree);
  CHECK(transportSection(*tree, 0) == 0);
  CHECK(transportSection(*tree, 1) == 0);
  CHECK(verify(*tree) == std::nullopt);
  CHECK(verdict(replaced(rfc9429OfferB1, "BUNDLE a1 d1", "BUNDLE d1 a1")) == "section 0: there is no a=ice-ufrag");
  CHECK(verdict(replaced(rfc9429OfferB1, "BUNDLE a1 d1", "BUNDLE a1")) == "section 1: there is no a=ice-ufrag");
}

TEST_CASE("mids are unique, and groups name mids that exist") {
  CHECK(verdict(replaced(rfc9429OfferB1, "a=mid:d1", "a=mid:a1")) ==
        "section 1: the mid \"a1\" is that of an earlier section too");
  CHECK(verdict(replaced(rfc9429OfferB1, "BUNDLE a1 d1", "BUNDLE a1 x")) ==
        "session: the BUNDLE group names the mid \"x\", which no section has");
  CHECK(verdict(replaced(rfc9429OfferB1, "BUNDLE a1 d1", "BUNDLE a1 a1")) ==
        "session: the mid \"a1\" is named twice in BUNDLE groups");
}

TEST_CASE("simulcast names rids of its section and direction, and rtcp-mux-only comes with rtcp-mux") {
  auto with = [](const std::string& lines) {
    return verdict(replaced(rfc9429OfferB1, "a=rtcp-rsize\r\n", "a=rtcp-rsize\r\n" + lines));
  };
  CHECK(with("a=rid:1 send\r\na=rid:2 send\r\na=simulcast:send 1;~2\r\n") == "fit");
  CHECK(with("a=rid:1 send\r\na=simulcast:send 1;2\r\n") ==
        "section 0: the simulcast names the rid \"2\", which the section does not describe");
  CHECK(with("a=rid:1 recv\r\na=simulcast:send 1\r\n") ==
        "section 0: the simulcast names the rid \"1\", which the section does not describe");
  CHECK(verdict(replaced(rfc9429OfferB1, "a=rtcp-mux\r\n", "")) ==
        "section 0: there is a=rtcp-mux-only without a=rtcp-mux");
}
