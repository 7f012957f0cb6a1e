#include "session_media_support.hpp"

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

TEST_CASE("simulcast is offered, answered, narrowed and paused") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  add(a, MediaKind::Video, sdp::Direction::SendOnly, {withRid("q"), withRid("h"), withRid("f")});
  REQUIRE(a.setLocal(SdpType::Offer));
  const auto offer = a.pendingLocal()->sdp;
  CHECK(contains(offer, "a=rid:q send\r\n"));
  CHECK(contains(offer, "a=simulcast:send q;h;f\r\n"));
  CHECK_FALSE(contains(offer, "a=ssrc:"));
  REQUIRE(b.setRemote(SdpType::Offer, offer));
  REQUIRE(b.setLocal(SdpType::Answer));
  const auto answer = b.currentLocal()->sdp;
  CHECK(contains(answer, "a=simulcast:recv q;h;f\r\n"));
  CHECK(planned(b.plan().front().media, 0).receiving->rids == std::vector<std::string>{"q", "h", "f"});
  SECTION("all") {
    REQUIRE(a.setRemote(SdpType::Answer, answer));
    const auto encodings = planned(a.plan().front().media, 0).sending->encodings;
    REQUIRE(encodings.size() == 3);
    CHECK(encodings[1].rid == "h");
    CHECK(encodings[0].ssrc != encodings[1].ssrc);
    auto disabled = a.sendParameters(a.transceivers()[0].id).encodings;
    REQUIRE(disabled.size() == 3);
    disabled[2].active = false;
    a.setEncodings(a.transceivers()[0].id, disabled);
    CHECK_FALSE(planned(a.plan().front().media, 0).sending->encodings[2].active);
    CHECK(planned(a.plan().front().media, 0).sending->encodings[1].active);
    // A later offer keeps what there is.
    CHECK(contains(*a.createOffer(), "a=simulcast:send q;h;f\r\n"));
    CHECK(contains(*b.createOffer(), "a=simulcast:recv q;h;f\r\n"));
  }
  SECTION("some, and one paused") {
    auto less = replaced(answer, "recv q;h;f", "recv q;~f");
    less = withoutLine(less, "a=rid:h recv");
    REQUIRE(a.setRemote(SdpType::Answer, less));
    const auto encodings = planned(a.plan().front().media, 0).sending->encodings;
    REQUIRE(encodings.size() == 2);
    CHECK(encodings[0].active);
    CHECK(encodings[1].rid == "f");
    CHECK_FALSE(encodings[1].active);
  }
  SECTION("none") {
    auto without = withoutLine(answer, "a=simulcast");
    for (const char* rid : {"a=rid:q", "a=rid:h", "a=rid:f"}) without = withoutLine(without, rid);
    REQUIRE(a.setRemote(SdpType::Answer, without));
    const auto encodings = planned(a.plan().front().media, 0).sending->encodings;
    REQUIRE(encodings.size() == 1);
    CHECK(encodings[0].rid.empty());
  }
}

TEST_CASE("a peer that offers to receive simulcast gets what it asks for") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  add(a, MediaKind::Video, sdp::Direction::RecvOnly);
  const auto offer = replaced(*a.createOffer(), "a=rtcp-mux\r\n",
                              "a=rtcp-mux\r\na=rid:lo recv\r\na=rid:hi recv\r\na=simulcast:recv lo;~hi\r\n");
  addTrack(b, MediaKind::Video);
  REQUIRE(b.setRemote(SdpType::Offer, offer));
  REQUIRE(b.setLocal(SdpType::Answer));
  CHECK(contains(b.currentLocal()->sdp, "a=simulcast:send lo;hi\r\n"));
  const auto encodings = planned(b.plan().front().media, 0).sending->encodings;
  REQUIRE(encodings.size() == 2);
  CHECK(encodings[0].rid == "lo");
  CHECK_FALSE(encodings[1].active);
}
