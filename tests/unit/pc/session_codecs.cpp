#include "session_media_support.hpp"

#include <algorithm>
#include <set>

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

TEST_CASE("preferences choose and order the codecs of offers and answers") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  const auto video = addTrack(a, MediaKind::Video);
  const auto h264 = codec("video/H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
  SECTION("in the offer") {
    REQUIRE_FALSE(a.setPreferences(video, {h264, codec("video/VP8")}));
    exchange(a, b);
    CHECK(names(planned(b.plan().front().media, 0).receiving->codecs) ==
          std::vector<std::string>{"H264/102", "VP8/96"});
    CHECK_FALSE(planned(a.plan().front().media, 0).sending->encodings[0].rtxSsrc);
  }
  SECTION("in the answer") {
    REQUIRE(a.setLocal(SdpType::Offer));
    REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    REQUIRE_FALSE(
        b.setPreferences(b.transceivers()[0].id, {codec("video/AV1"), codec("video/VP8"), codec("video/rtx")}));
    REQUIRE(b.setLocal(SdpType::Answer));
    REQUIRE(a.setRemote(SdpType::Answer, b.currentLocal()->sdp));
    CHECK(names(planned(a.plan().front().media, 0).sending->codecs) ==
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
  const auto media = planned(b.plan().front().media, 0);
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
  const auto feedback = planned(a.plan().front().media, 0).sending->codecs[0].feedback;
  const auto agreed = [&](const RtcpFeedback& one) { return std::count(feedback.begin(), feedback.end(), one) == 1; };
  CHECK(agreed(transportFeedback) == both);
  CHECK(agreed(sourceFeedback) != both);
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
