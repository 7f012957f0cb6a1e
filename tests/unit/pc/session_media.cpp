#include "pc/session_media.hpp"
#include "pc/media_codecs.hpp"
#include "pc/session.hpp"
#include "sdp/parse.hpp"
#include "session_support.hpp"

#include <algorithm>
#include <set>

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

namespace {

TransceiverId add(Session& session, MediaKind kind, sdp::Direction direction = sdp::Direction::SendRecv,
                  std::vector<RtpEncodingParameters> encodings = {}) {
  Session::NewTransceiver wanted;
  wanted.kind = kind;
  wanted.direction = direction;
  wanted.streams = {"stream"};
  wanted.encodings = std::move(encodings);
  return session.addTransceiver(std::move(wanted));
}

TransceiverId addTrack(Session& session, MediaKind kind, std::vector<std::string> streams = {"stream"}) {
  Session::NewTransceiver wanted;
  wanted.kind = kind;
  wanted.addedByTrack = true;
  wanted.streams = std::move(streams);
  return session.addTransceiver(std::move(wanted));
}

RtpEncodingParameters withRid(const std::string& rid) {
  RtpEncodingParameters encoding;
  encoding.rid = rid;
  return encoding;
}

/// Applies an offer of `from` and the answer of `to`, and returns the answer.
std::string exchange(Session& from, Session& to) {
  auto offer = from.setLocal(SdpType::Offer);
  REQUIRE(offer);
  auto applied = to.setRemote(SdpType::Offer, from.pendingLocal()->sdp);
  INFO((applied ? "" : applied.error().message));
  REQUIRE(applied);
  REQUIRE(to.setLocal(SdpType::Answer));
  auto answered = from.setRemote(SdpType::Answer, to.currentLocal()->sdp);
  INFO((answered ? "" : answered.error().message));
  REQUIRE(answered);
  return to.currentLocal()->sdp;
}

PlannedMedia planned(const MediaPlan& plan, std::size_t index) {
  REQUIRE(plan.sections.size() > index);
  return plan.sections[index];
}

std::vector<std::string> names(const std::vector<PlannedCodec>& codecs) {
  std::vector<std::string> out;
  for (const auto& codec : codecs) out.push_back(codec.name + "/" + std::to_string(codec.payloadType));
  return out;
}

RtpCodec codec(const std::string& mimeType, const std::string& parameters = {}) {
  for (const auto kind : {MediaKind::Audio, MediaKind::Video})
    for (const auto& one : mediaCapabilities(kind).codecs)
      if (one.mimeType == mimeType && (parameters.empty() || one.sdpFmtpLine == parameters)) return one;
  FAIL("no codec " << mimeType);
  return {};
}

}  // namespace

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

  const auto plan = a.plan(), other = b.plan();
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
  CHECK_FALSE(planned(b.plan().media, 0).sending);
  CHECK_FALSE(planned(a.plan().media, 0).receiving);

  // A track of b's is wanted now: the same sections, the other way.
  b.useForTrack(b.transceivers()[0].id, {"back"});
  CHECK(b.negotiationNeeded());
  exchange(b, a);
  CHECK(planned(a.plan().media, 0).receiving);
  CHECK(planned(b.plan().media, 0).sending);
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
    CHECK(planned(a.plan().media, 0).sending.has_value() == receives(row.answered));
    CHECK(planned(a.plan().media, 0).receiving.has_value() == sends(row.answered));
  }
}

TEST_CASE("a stopped transceiver's section is rejected, and the next one takes its place with a new mid") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  const auto audio = addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  exchange(a, b);
  a.stop(audio);
  CHECK(a.plan().media.sections.size() == 1);
  CHECK(a.negotiationNeeded());
  auto answer = exchange(a, b);
  CHECK(contains(answer, "m=audio 0 "));
  CHECK(contains(answer, "a=group:BUNDLE 1\r\n"));
  CHECK(a.transceivers().size() == 1);
  CHECK(b.transceivers().size() == 1);
  CHECK(a.transportSection()->index == 1);
  CHECK(a.plan().dtls);

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
    CHECK(b.plan().media.sections.size() == 2);
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
  CHECK(planned(a.plan().media, 0).receiving);
  CHECK(b.negotiationNeeded());
  exchange(b, a);
  CHECK(a.plan().media.sections.size() == 2);
  CHECK(a.transceivers().size() == 2);
  CHECK_FALSE(b.negotiationNeeded());
}

TEST_CASE("preferences choose and order the codecs of offers and answers") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  const auto video = addTrack(a, MediaKind::Video);
  const auto h264 = codec("video/H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
  SECTION("in the offer") {
    REQUIRE_FALSE(a.setPreferences(video, {h264, codec("video/VP8")}));
    exchange(a, b);
    CHECK(names(planned(b.plan().media, 0).receiving->codecs) == std::vector<std::string>{"H264/102", "VP8/96"});
    CHECK_FALSE(planned(a.plan().media, 0).sending->encodings[0].rtxSsrc);
  }
  SECTION("in the answer") {
    REQUIRE(a.setLocal(SdpType::Offer));
    REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    REQUIRE_FALSE(
        b.setPreferences(b.transceivers()[0].id, {codec("video/AV1"), codec("video/VP8"), codec("video/rtx")}));
    REQUIRE(b.setLocal(SdpType::Answer));
    REQUIRE(a.setRemote(SdpType::Answer, b.currentLocal()->sdp));
    CHECK(names(planned(a.plan().media, 0).sending->codecs) ==
          std::vector<std::string>{"AV1/45", "rtx/46", "VP8/96", "rtx/97"});
    SECTION("and the next offer keeps that order in front") {
      const auto offer = *a.createOffer();
      CHECK(contains(offer, "m=video 9 UDP/TLS/RTP/SAVPF 45 46 96 97 98 99 "));
    }
  }
  SECTION("no codec in common rejects the section") {
    REQUIRE_FALSE(a.setPreferences(video, {h264}));
    REQUIRE(a.setLocal(SdpType::Offer));
    REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    REQUIRE_FALSE(b.setPreferences(b.transceivers()[0].id, {codec("video/VP8")}));
    REQUIRE(b.setLocal(SdpType::Answer));
    CHECK(contains(b.currentLocal()->sdp, "m=video 0 "));
    CHECK(b.transceivers().empty());
    CHECK_FALSE(b.hasTransport());
    REQUIRE(a.setRemote(SdpType::Answer, b.currentLocal()->sdp));
    CHECK(a.transceivers().empty());
  }
  SECTION("nothing but helpers, or what we do not have, is refused") {
    const auto before = *a.createOffer();
    auto refused = a.setPreferences(video, {codec("video/rtx")});
    REQUIRE(refused);
    CHECK(refused->name == ErrorName::InvalidModificationError);
    RtpCodec unknown;
    unknown.mimeType = "video/unknown";
    unknown.clockRate = 90000;
    CHECK(a.setPreferences(video, {unknown}));
    CHECK(*a.createOffer() == before);
  }
}

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
  CHECK(planned(b.plan().media, 0).receiving->rids == std::vector<std::string>{"q", "h", "f"});
  SECTION("all") {
    REQUIRE(a.setRemote(SdpType::Answer, answer));
    const auto encodings = planned(a.plan().media, 0).sending->encodings;
    REQUIRE(encodings.size() == 3);
    CHECK(encodings[1].rid == "h");
    CHECK(encodings[0].ssrc != encodings[1].ssrc);
    auto disabled = a.sendParameters(a.transceivers()[0].id).encodings;
    REQUIRE(disabled.size() == 3);
    disabled[2].active = false;
    a.setEncodings(a.transceivers()[0].id, disabled);
    CHECK_FALSE(planned(a.plan().media, 0).sending->encodings[2].active);
    CHECK(planned(a.plan().media, 0).sending->encodings[1].active);
    // A later offer keeps what there is.
    CHECK(contains(*a.createOffer(), "a=simulcast:send q;h;f\r\n"));
    CHECK(contains(*b.createOffer(), "a=simulcast:recv q;h;f\r\n"));
  }
  SECTION("some, and one paused") {
    auto less = replaced(answer, "recv q;h;f", "recv q;~f");
    less = withoutLine(less, "a=rid:h recv");
    REQUIRE(a.setRemote(SdpType::Answer, less));
    const auto encodings = planned(a.plan().media, 0).sending->encodings;
    REQUIRE(encodings.size() == 2);
    CHECK(encodings[0].active);
    CHECK(encodings[1].rid == "f");
    CHECK_FALSE(encodings[1].active);
  }
  SECTION("none") {
    auto without = withoutLine(answer, "a=simulcast");
    for (const char* rid : {"a=rid:q", "a=rid:h", "a=rid:f"}) without = withoutLine(without, rid);
    REQUIRE(a.setRemote(SdpType::Answer, without));
    const auto encodings = planned(a.plan().media, 0).sending->encodings;
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
  const auto encodings = planned(b.plan().media, 0).sending->encodings;
  REQUIRE(encodings.size() == 2);
  CHECK(encodings[0].rid == "lo");
  CHECK_FALSE(encodings[1].active);
}

TEST_CASE("max-bundle marks what waits for the bundle, in the first offer alone") {
  base::SeededRandom random(4);
  SessionConfig config;
  config.fingerprints = {someFingerprint(1)};
  config.bundlePolicy = BundlePolicy::MaxBundle;
  Session a(config, random);
  Party b{2, 0xbb};
  addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  a.wantDataChannel();
  const auto offer = *a.createOffer();
  CHECK(count(offer, "a=bundle-only\r\n") == 2);
  CHECK(count(offer, "a=ice-ufrag:") == 1);
  CHECK(contains(offer, "m=video 0 "));
  const auto answer = exchange(a, b.session);
  CHECK_FALSE(contains(answer, "bundle-only"));
  CHECK(contains(answer, "m=video 9 "));
  CHECK(a.plan().media.sections.size() == 2);
  CHECK_FALSE(contains(*a.createOffer(), "bundle-only"));
}

TEST_CASE("balanced marks what is not the first of its kind; max-compat marks nothing") {
  for (const auto policy : {BundlePolicy::Balanced, BundlePolicy::MaxCompat}) {
    CAPTURE(toString(policy));
    base::SeededRandom random(4);
    SessionConfig config;
    config.fingerprints = {someFingerprint(1)};
    config.bundlePolicy = policy;
    Session a(config, random);
    Party b{2, 0xbb};
    for (const auto kind : {MediaKind::Audio, MediaKind::Video, MediaKind::Video, MediaKind::Audio}) addTrack(a, kind);
    a.wantDataChannel();
    const auto offer = *a.createOffer();
    const std::size_t marked = policy == BundlePolicy::Balanced ? 2 : 0;
    CHECK(count(offer, "a=bundle-only\r\n") == marked);
    CHECK(count(offer, "m=video 0 ") + count(offer, "m=audio 0 ") == marked);
    CHECK(count(offer, "a=ice-ufrag:") == 5 - marked);
    exchange(a, b.session);
    CHECK(a.plan().media.sections.size() == 4);
    CHECK(b.session.plan().media.sections.size() == 4);
    CHECK_FALSE(contains(*a.createOffer(), "bundle-only"));
  }
}

TEST_CASE("sections outside of the bundle are rejected, and not taken in an answer") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  REQUIRE(a.setLocal(SdpType::Offer));
  const auto offer = a.pendingLocal()->sdp;
  SECTION("of an offer") {
    REQUIRE(b.setRemote(SdpType::Offer, withoutLine(offer, "a=group:BUNDLE")));
    REQUIRE(b.setLocal(SdpType::Answer));
    CHECK(contains(b.currentLocal()->sdp, "m=audio 9 "));
    CHECK(contains(b.currentLocal()->sdp, "m=video 0 "));
    REQUIRE(a.setRemote(SdpType::Answer, b.currentLocal()->sdp));
    CHECK(a.plan().media.sections.size() == 1);
  }
  SECTION("of an answer") {
    REQUIRE(b.setRemote(SdpType::Offer, offer));
    REQUIRE(b.setLocal(SdpType::Answer));
    CHECK_ERROR(a.setRemote(SdpType::Answer, withoutLine(b.currentLocal()->sdp, "a=group:BUNDLE")), InvalidAccessError);
  }
}

TEST_CASE("payload types and extension ids keep the meaning that the peer gave them") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Video);
  auto offer = *a.createOffer();
  // A peer with other numbers: VP8 is 120, and what we call 96 is VP9 there.
  offer = replaced(offer, "UDP/TLS/RTP/SAVPF 96 97 98 99 ", "UDP/TLS/RTP/SAVPF 120 124 96 97 ");
  offer = replaced(replaced(offer, "a=rtpmap:96 VP8", "a=rtpmap:120 VP8"), "a=rtpmap:98 VP9", "a=rtpmap:96 VP9");
  offer = replaced(replaced(offer, "a=rtpmap:97 rtx", "a=rtpmap:124 rtx"), "a=fmtp:97 apt=96", "a=fmtp:124 apt=120");
  offer = replaced(replaced(offer, "a=rtpmap:99 rtx", "a=rtpmap:97 rtx"), "a=fmtp:99 apt=98", "a=fmtp:97 apt=96");
  offer = replaced(offer, "a=fmtp:98 profile-id=0", "a=fmtp:96 profile-id=0");
  offer = replaced(offer, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
                   "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid");
  INFO(offer);
  REQUIRE(b.setRemote(SdpType::Offer, offer));
  REQUIRE(b.setLocal(SdpType::Answer));
  const auto media = planned(b.plan().media, 0);
  REQUIRE(media.receiving);
  const auto known = names(media.receiving->codecs);
  CHECK(std::vector<std::string>(known.begin(), known.begin() + 4) ==
        std::vector<std::string>{"VP8/120", "rtx/124", "VP9/96", "rtx/97"});

  // A new section of b's uses the same numbers, and none for two things.
  addTrack(b, MediaKind::Video);
  addTrack(b, MediaKind::Audio);
  const auto next = *b.createOffer();
  INFO(next);
  CHECK(count(next, "a=rtpmap:120 VP8/90000") == 2);
  CHECK(count(next, "a=rtpmap:96 ") == count(next, "a=rtpmap:96 VP9/90000"));
  CHECK(count(next, "a=extmap:1 ") == count(next, "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid"));
  CHECK(count(next, "urn:ietf:params:rtp-hdrext:ssrc-audio-level") == 1);
}

TEST_CASE("payload types end at 127 and leave out those of RTCP, whatever is preferred") {
  Numbers numbers;
  std::set<int> given;
  PlannedCodec codec;
  codec.name = "rtx";
  codec.clockRate = 90000;
  for (int i = 0; i < 61; ++i) {
    codec.apt = static_cast<std::uint8_t>(i);
    const auto number = numbers.payloadType(codec, i % 3 == 0 ? 128 : i % 3 == 1 ? 64 : 127);
    REQUIRE(number);
    CHECK(given.insert(*number).second);
    CHECK(((*number >= 35 && *number <= 63) || (*number >= 96 && *number <= 127)));
  }
  codec.apt = 99;
  CHECK_FALSE(numbers.payloadType(codec, 96));
  CHECK_FALSE(numbers.payloadType(codec, 128));
}

TEST_CASE("configurations of a codec are told apart by what makes them different") {
  const auto matchesOurs = [](const char* name, const char* parameters) {
    PlannedCodec described;
    described.name = name;
    described.clockRate = 90000;
    described.parameters = parameters;
    std::size_t found = 0;
    for (const auto& ours : mediaCodecs(MediaKind::Video)) found += matches(described, ours);
    return found;
  };
  CHECK(matchesOurs("vp8", "") == 1);
  CHECK(matchesOurs("VP8", "max-fs=12288;max-fr=60") == 1);
  CHECK(matchesOurs("VP9", "") == 1);
  CHECK(matchesOurs("VP9", "profile-id=2") == 1);
  CHECK(matchesOurs("VP9", "profile-id=1") == 0);
  CHECK(matchesOurs("AV1", "") == 1);
  CHECK(matchesOurs("AV1", "profile=1;level-idx=5;tier=0") == 0);
  // RFC 6184 table 5: three ways to say Constrained Baseline.
  for (const char* id : {"42e01f", "42C02A", "4d800c", "58c00d"})
    CHECK(matchesOurs("H264", (std::string("packetization-mode=1;profile-level-id=") + id).c_str()) == 1);
  CHECK(matchesOurs("H264", "packetization-mode=2;profile-level-id=42e01f") == 0);
  CHECK(matchesOurs("H264", "profile-level-id=f4001f") == 0);
  CHECK(matchesOurs("H264", "") == 1);
  CHECK(matchesOurs("H265", "profile-id=1") == 1);
  CHECK(matchesOurs("H265", "profile-id=2") == 0);

  const auto level = [](const char* theirs) {
    PlannedCodec offered;
    offered.parameters = theirs;
    for (const auto& ours : mediaCodecs(MediaKind::Video))
      if (ours.name == "H264") return *formatParameter(answeredParameters(offered, ours), "profile-level-id");
    return std::string();
  };
  CHECK(level("packetization-mode=1;profile-level-id=42e034;level-asymmetry-allowed=1") == "42e01f");
  CHECK(level("packetization-mode=1;profile-level-id=42e034") == "42e01f");
  CHECK(level("packetization-mode=1;profile-level-id=42e00a") == "42e00a");
}

TEST_CASE("payload types that RTCP has under rtcp-mux are refused") {
  Pair pair;
  addTrack(pair.a.session, MediaKind::Audio);
  auto offer = *pair.a.session.createOffer();
  for (std::size_t at = 0; (at = offer.find("111", at)) != std::string::npos;) offer.replace(at, 3, "72");
  CHECK_ERROR(pair.b.session.setRemote(SdpType::Offer, offer), InvalidAccessError);
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

TEST_CASE("an rtx format has to belong to a format of its section") {
  Pair pair;
  addTrack(pair.a.session, MediaKind::Video);
  const auto offer = *pair.a.session.createOffer();
  CHECK_ERROR(pair.b.session.setRemote(SdpType::Offer, replaced(offer, "a=fmtp:97 apt=96", "a=fmtp:97 apt=95")),
              InvalidAccessError);
  CHECK(pair.b.session.transceivers().empty());
}

TEST_CASE("feedback on arrivals: an offer has both kinds, an answer one") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Video);
  REQUIRE(a.setLocal(SdpType::Offer));
  auto offer = a.pendingLocal()->sdp;
  CHECK(contains(offer, "a=rtcp-fb:* ack ccfb\r\n"));
  CHECK(contains(offer, "a=rtcp-fb:96 transport-cc\r\n"));
  const bool both = GENERATE(true, false);
  if (!both)
    for (auto at = offer.find(" transport-cc\r\n"); at != std::string::npos; at = offer.find(" transport-cc\r\n"))
      offer.replace(at, 13, " x-other-kind");
  REQUIRE(b.setRemote(SdpType::Offer, offer));
  REQUIRE(b.setLocal(SdpType::Answer));
  const auto answer = b.currentLocal()->sdp;
  CHECK(contains(answer, "a=rtcp-fb:96 transport-cc\r\n") == both);
  CHECK(contains(answer, "a=rtcp-fb:* ack ccfb\r\n") != both);
  REQUIRE(a.setRemote(SdpType::Answer, answer));
  const auto feedback = planned(a.plan().media, 0).sending->codecs[0].feedback;
  const auto agreed = [&](const RtcpFeedback& one) { return std::count(feedback.begin(), feedback.end(), one) == 1; };
  CHECK(agreed(transportFeedback) == both);
  CHECK(agreed(sourceFeedback) != both);
}

TEST_CASE("an SSRC that collided is another one in the plan and in descriptions, and no rollback brings it back") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  const auto id = addTrack(a, MediaKind::Video);
  exchange(a, b);
  const auto before = planned(a.plan().media, 0).sending->encodings[0];
  REQUIRE(before.rtxSsrc);
  REQUIRE(a.setLocal(SdpType::Offer));
  a.changeSource(id, *before.rtxSsrc);
  a.changeSource(id, 1);  // Nobody's.
  const auto after = planned(a.plan().media, 0).sending->encodings[0];
  CHECK(after.ssrc != before.ssrc);
  CHECK(after.rtxSsrc != before.rtxSsrc);
  REQUIRE(a.setLocal(SdpType::Rollback));
  CHECK(planned(a.plan().media, 0).sending->encodings[0] == after);
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

TEST_CASE("an audio helper is accepted only with what it helps") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Audio);
  REQUIRE(a.setLocal(SdpType::Offer));
  REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
  REQUIRE_FALSE(b.setPreferences(b.transceivers()[0].id, {codec("audio/opus"), codec("audio/red"), codec("audio/CN")}));
  REQUIRE(b.setLocal(SdpType::Answer));
  CHECK(contains(b.currentLocal()->sdp, "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n"));
  CHECK(contains(b.currentLocal()->sdp, "a=fmtp:63 111/111\r\n"));
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
    return planned(a.plan().media, 0).sending->maxBitrate;
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
  CHECK_FALSE(planned(b.plan().media, 0).receiving);
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
  const auto before = a.plan();
  a.restartIce();
  CHECK(a.negotiationNeeded());
  exchange(a, b);
  CHECK(a.plan().ice.local != before.ice.local);
  CHECK(a.plan().ice.remote != before.ice.remote);
  CHECK(a.plan().media == before.media);
  CHECK(a.plan().dtls->association == before.dtls->association);
}

TEST_CASE("data goes and comes while media stays") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Audio);
  exchange(a, b);
  CHECK_FALSE(a.plan().sctp);
  CHECK(a.hasTransport());
  CHECK_FALSE(a.hasSctpTransport());
  const auto credentials = a.plan().ice.local;
  a.wantDataChannel();
  CHECK(a.negotiationNeeded());
  exchange(a, b);
  CHECK(a.plan().sctp);
  CHECK(a.plan().ice.local == credentials);
  CHECK_FALSE(a.negotiationNeeded());
}
