#include "session_media_support.hpp"

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

TEST_CASE("two sides that send audio and video agree on both, in one bundle with their data") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  const auto audio = addTrack(a, MediaKind::Audio), video = addTrack(a, MediaKind::Video);
  a.wantDataChannel();
  addTrack(b, MediaKind::Video);
  addTrack(b, MediaKind::Audio);
  const auto answer = exchange(a, b);
  INFO(a.currentLocal()->sdp);
  INFO(answer);
  CHECK(contains(answer, "a=group:BUNDLE 0 1 2\r\n"));
  CHECK(count(answer, "a=sendrecv\r\n") == 2);

  REQUIRE(a.plan().size() == 1);
  const auto plan = a.plan().front(), other = b.plan().front();
  CHECK(plan.sctp);
  REQUIRE(plan.media.sections.size() == 2);
  CHECK(plan.media.mixedExtensions);
  CHECK(plan.media.cname.size() == 16);
  for (std::size_t i = 0; i < 2; ++i) {
    const auto mine = planned(plan.media, i), theirs = planned(other.media, i);
    CHECK(mine.transceiver == (i == 0 ? audio : video));
    CHECK(mine.mid == std::to_string(i));
    CHECK(mine.mid == theirs.mid);
    CHECK(mine.kind == theirs.kind);
    CHECK(mine.reducedSizeRtcp);
    CHECK(mine.receiverRtt);
    REQUIRE(mine.sending);
    REQUIRE(theirs.receiving);
    CHECK(names(mine.sending->codecs) == names(theirs.receiving->codecs));
    CHECK(mine.sending->extensions == theirs.receiving->extensions);
    REQUIRE(mine.sending->encodings.size() == 1);
    REQUIRE(theirs.receiving->sources.size() == 1);
    CHECK(theirs.receiving->sources[0].ssrc == mine.sending->encodings[0].ssrc);
    CHECK(theirs.receiving->sources[0].rtxSsrc == mine.sending->encodings[0].rtxSsrc);
    CHECK(theirs.receiving->sources[0].cname == plan.media.cname);
    CHECK(mine.sending->encodings[0].rtxSsrc.has_value() == (i == 1));
  }
  CHECK(names(planned(plan.media, 0).sending->codecs).front() == "opus/111");
  CHECK(names(planned(plan.media, 1).sending->codecs)[1] == "rtx/97");
  CHECK_FALSE(a.negotiationNeeded());
  CHECK_FALSE(b.negotiationNeeded());
}

TEST_CASE("a side without tracks receives, and its tracks are told in the order of the sections") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Video, {"one", "two"});
  addTrack(a, MediaKind::Audio);
  REQUIRE(a.setLocal(SdpType::Offer));
  auto applied = b.setRemote(SdpType::Offer, a.pendingLocal()->sdp);
  REQUIRE(applied);
  REQUIRE(applied->tracks.size() == 2);
  REQUIRE(b.transceivers().size() == 2);
  CHECK(applied->tracks[0] == b.transceivers()[0].id);
  CHECK(b.transceivers()[0].kind == MediaKind::Video);
  CHECK(b.transceivers()[0].negotiated.remoteStreams == std::vector<std::string>{"one", "two"});
  CHECK(b.transceivers()[0].negotiated.remoteTrackId == a.transceivers()[0].trackId);
  CHECK(b.transceivers()[0].direction == sdp::Direction::RecvOnly);
  CHECK_FALSE(b.transceivers()[0].negotiated.currentDirection);

  REQUIRE(b.setLocal(SdpType::Answer));
  CHECK(b.transceivers()[0].negotiated.currentDirection == sdp::Direction::RecvOnly);
  auto answered = a.setRemote(SdpType::Answer, b.currentLocal()->sdp);
  REQUIRE(answered);
  CHECK(answered->tracks.empty());
  CHECK(a.transceivers()[0].negotiated.currentDirection == sdp::Direction::SendOnly);
  CHECK_FALSE(planned(b.plan().front().media, 0).sending);
  CHECK_FALSE(planned(a.plan().front().media, 0).receiving);

  // A track of b's is wanted now: the same sections, the other way.
  b.useForTrack(b.transceivers()[0].id, {"back"});
  CHECK(b.negotiationNeeded());
  exchange(b, a);
  CHECK(planned(a.plan().front().media, 0).receiving);
  CHECK(planned(b.plan().front().media, 0).sending);
  CHECK_FALSE(b.negotiationNeeded());
  CHECK_FALSE(a.negotiationNeeded());
}

TEST_CASE("a direction of an answer is within both sides' wishes") {
  using enum sdp::Direction;
  struct Row {
    sdp::Direction offered, wanted, answered;
  };
  // RFC 3264 s.6.1
  for (const auto& row :
       {Row{SendRecv, SendRecv, SendRecv}, Row{SendRecv, SendOnly, SendOnly}, Row{SendRecv, RecvOnly, RecvOnly},
        Row{SendRecv, Inactive, Inactive}, Row{SendOnly, SendRecv, RecvOnly}, Row{SendOnly, SendOnly, Inactive},
        Row{RecvOnly, SendRecv, SendOnly}, Row{RecvOnly, RecvOnly, Inactive}, Row{Inactive, SendRecv, Inactive}}) {
    Pair pair;
    auto &a = pair.a.session, &b = pair.b.session;
    add(a, MediaKind::Audio, row.offered);
    REQUIRE(a.setLocal(SdpType::Offer));
    REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    b.setDirection(b.transceivers()[0].id, row.wanted);
    REQUIRE(b.setLocal(SdpType::Answer));
    CHECK(*b.transceivers()[0].negotiated.currentDirection == row.answered);
    REQUIRE(a.setRemote(SdpType::Answer, b.currentLocal()->sdp));
    CHECK(*a.transceivers()[0].negotiated.currentDirection == reversed(row.answered));
    CHECK(planned(a.plan().front().media, 0).sending.has_value() == receives(row.answered));
    CHECK(planned(a.plan().front().media, 0).receiving.has_value() == sends(row.answered));
  }
}

TEST_CASE("a stopped transceiver's section is rejected, and the next one takes its place with a new mid") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  const auto audio = addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  exchange(a, b);
  a.stop(audio);
  CHECK(a.plan().front().media.sections.size() == 1);
  CHECK(a.negotiationNeeded());
  auto answer = exchange(a, b);
  CHECK(contains(answer, "m=audio 0 "));
  CHECK(contains(answer, "a=group:BUNDLE 1\r\n"));
  CHECK(a.transceivers().size() == 1);
  CHECK(b.transceivers().size() == 1);
  CHECK(a.transportSection(a.plan().front().id)->index == 1);
  CHECK(a.plan().front().dtls);

  addTrack(b, MediaKind::Video);
  CHECK(b.negotiationNeeded());
  answer = exchange(b, a);
  CHECK(count(answer, "m=video 9 ") == 2);
  CHECK(count(answer, "m=") == 2);
  CHECK(a.transceivers().size() == 2);
  CHECK(contains(answer, "a=group:BUNDLE "));
  CHECK_FALSE(contains(answer, "a=mid:0\r\n"));
}

TEST_CASE("a rollback takes away what the peer's offer made, and leaves what the application added") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  REQUIRE(a.setLocal(SdpType::Offer));
  const auto mine = addTrack(b, MediaKind::Video);
  REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
  CHECK(b.transceivers().size() == 2);
  REQUIRE(b.transceiver(mine));
  CHECK(b.transceiver(mine)->negotiated.mid == "1");
  REQUIRE(b.setRemote(SdpType::Rollback, ""));
  REQUIRE(b.transceivers().size() == 1);
  CHECK_FALSE(b.transceiver(mine)->negotiated.mid);
  CHECK(b.transceiver(mine)->negotiated.firedDirection == sdp::Direction::Inactive);

  SECTION("what addTrack has taken stays") {
    REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    const auto theirs = b.transceivers()[1].id;
    b.useForTrack(theirs, {"s"});
    REQUIRE(b.setRemote(SdpType::Rollback, ""));
    CHECK(b.transceiver(theirs));
    CHECK(contains(*b.createOffer(), "m=audio 9 "));
  }
  SECTION("an offer of ours can be rolled back and made again") {
    REQUIRE(a.setLocal(SdpType::Rollback));
    CHECK(a.transceivers().size() == 2);
    CHECK_FALSE(a.transceivers()[0].negotiated.mid);
    CHECK(a.negotiationNeeded());
    exchange(a, b);
    CHECK(b.plan().front().media.sections.size() == 2);
  }
}

TEST_CASE("perfect negotiation: both sides offer, and each track finds its section") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Audio);
  addTrack(b, MediaKind::Audio);
  addTrack(b, MediaKind::Video);
  REQUIRE(a.setLocal(SdpType::Offer));
  REQUIRE(b.setLocal(SdpType::Offer));
  // b is polite.
  REQUIRE(b.needsRollback(SdpType::Offer));
  REQUIRE(b.setLocal(SdpType::Rollback));
  REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
  REQUIRE(b.setLocal(SdpType::Answer));
  REQUIRE(a.setRemote(SdpType::Answer, b.currentLocal()->sdp));
  CHECK(planned(a.plan().front().media, 0).receiving);
  CHECK(b.negotiationNeeded());
  exchange(b, a);
  CHECK(a.plan().front().media.sections.size() == 2);
  CHECK(a.transceivers().size() == 2);
  CHECK_FALSE(b.negotiationNeeded());
}

TEST_CASE("an answer without mids belongs to the offer by its order") {
  Pair pair;
  addTrack(pair.a.session, MediaKind::Audio);
  const auto offer = *pair.a.session.createOffer();
  REQUIRE(pair.a.session.setLocal(SdpType::Offer, offer));
  REQUIRE(pair.b.session.setRemote(SdpType::Offer, withoutLine(withoutLine(offer, "a=mid:"), "a=group:")));
  const auto answer = *pair.b.session.createAnswer();
  CHECK_FALSE(contains(answer, "a=mid:"));
  REQUIRE(pair.b.session.setLocal(SdpType::Answer, answer));
  CHECK(pair.b.session.transceivers()[0].negotiated.mid);
  CHECK(pair.a.session.setRemote(SdpType::Answer, answer));
}

TEST_CASE("an SSRC that collided is another one in the plan and in descriptions, and no rollback brings it back") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  const auto id = addTrack(a, MediaKind::Video);
  exchange(a, b);
  const auto before = planned(a.plan().front().media, 0).sending->encodings[0];
  REQUIRE(before.rtxSsrc);
  REQUIRE(a.setLocal(SdpType::Offer));
  a.changeSource(id, *before.rtxSsrc);
  a.changeSource(id, 1);  // Nobody's.
  const auto after = planned(a.plan().front().media, 0).sending->encodings[0];
  CHECK(after.ssrc != before.ssrc);
  CHECK(after.rtxSsrc != before.rtxSsrc);
  REQUIRE(a.setLocal(SdpType::Rollback));
  CHECK(planned(a.plan().front().media, 0).sending->encodings[0] == after);
  REQUIRE(a.setLocal(SdpType::Offer));
  CHECK(contains(a.pendingLocal()->sdp, "a=ssrc:" + std::to_string(after.ssrc) + " "));
  CHECK_FALSE(contains(a.pendingLocal()->sdp, "a=ssrc:" + std::to_string(before.ssrc) + " "));
}

TEST_CASE("tracks of one stream are a lip sync group, in the answer if they are there too") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Audio, {"one", "two"});
  addTrack(a, MediaKind::Video, {"two"});
  addTrack(a, MediaKind::Video, {"three"});
  REQUIRE(a.setLocal(SdpType::Offer));
  CHECK(contains(a.pendingLocal()->sdp, "a=group:LS 0 1\r\n"));
  CHECK_FALSE(contains(a.pendingLocal()->sdp, "a=group:LS 0\r\n"));
  const auto answer = [&](std::vector<std::string> audio, std::vector<std::string> video) {
    REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    const auto shown = b.transceivers();
    for (std::size_t i = 0; i < 2; ++i) {
      b.setDirection(shown[i].id, sdp::Direction::SendRecv);
      b.setStreams(shown[i].id, i == 0 ? audio : video);
    }
    REQUIRE(b.setLocal(SdpType::Answer));
    return b.currentLocal()->sdp;
  };
  SECTION("one stream") { CHECK(contains(answer({"x"}, {"x", "y"}), "a=group:LS 0 1\r\n")); }
  SECTION("no stream") { CHECK(contains(answer({}, {}), "a=group:LS 0 1\r\n")); }
  SECTION("two streams") { CHECK_FALSE(contains(answer({"x"}, {"y"}), "a=group:LS")); }
  SECTION("nothing is sent back") {
    REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    REQUIRE(b.setLocal(SdpType::Answer));
    CHECK_FALSE(contains(b.currentLocal()->sdp, "a=group:LS"));
  }
}

TEST_CASE("a bandwidth line of the peer limits what we send") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Video);
  REQUIRE(a.setLocal(SdpType::Offer));
  REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
  REQUIRE(b.setLocal(SdpType::Answer));
  const auto answer = b.currentLocal()->sdp;
  const auto limit = [&](const std::string& lines) {
    const auto at = answer.find("c=IN IP4 0.0.0.0\r\n") + 18;
    REQUIRE(a.setRemote(SdpType::Answer, answer.substr(0, at) + lines + answer.substr(at)));
    return planned(a.plan().front().media, 0).sending->maxBitrate;
  };
  SECTION("TIAS") { CHECK(limit("b=AS:100\r\nb=TIAS:500000\r\n") == 500000u); }
  SECTION("AS") { CHECK(limit("b=AS:1000\r\n") == 934000u); }
  SECTION("neither") { CHECK_FALSE(limit("b=CT:1000\r\n")); }
}

TEST_CASE("a change of streams is negotiated, and told") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  const auto audio = addTrack(a, MediaKind::Audio);
  exchange(a, b);
  a.setStreams(audio, {"another"});
  CHECK(a.negotiationNeeded());
  exchange(a, b);
  CHECK_FALSE(a.negotiationNeeded());
  CHECK(b.transceivers()[0].negotiated.remoteStreams == std::vector<std::string>{"another"});
  // Held: the track goes, and comes again.
  a.setDirection(audio, sdp::Direction::Inactive);
  exchange(a, b);
  CHECK(b.transceivers()[0].negotiated.remoteStreams.empty());
  CHECK_FALSE(planned(b.plan().front().media, 0).receiving);
  a.setDirection(audio, sdp::Direction::SendRecv);
  REQUIRE(a.setLocal(SdpType::Offer));
  auto applied = b.setRemote(SdpType::Offer, a.pendingLocal()->sdp);
  REQUIRE(applied);
  CHECK(applied->tracks.size() == 1);
}

TEST_CASE("ICE restarts in a call, and media goes on") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Audio);
  exchange(a, b);
  const auto before = a.plan().front();
  a.restartIce();
  CHECK(a.negotiationNeeded());
  exchange(a, b);
  CHECK(a.plan().front().ice.local != before.ice.local);
  CHECK(a.plan().front().ice.remote != before.ice.remote);
  CHECK(a.plan().front().media == before.media);
  CHECK(a.plan().front().dtls->association == before.dtls->association);
}
