#include "session_media_support.hpp"

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

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
