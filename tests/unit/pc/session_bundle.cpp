#include "pc/session_sections.hpp"
#include "sdp/parse.hpp"
#include "session_media_support.hpp"

#include <algorithm>
#include <set>

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
  CHECK(a.plan().front().media.sections.size() == 2);
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
    CHECK(a.plan().front().media.sections.size() == 4);
    CHECK(b.session.plan().front().media.sections.size() == 4);
    CHECK_FALSE(contains(*a.createOffer(), "bundle-only"));
  }
}

namespace {

Session sessionWith(BundlePolicy policy, base::Random& random, std::uint8_t certificate = 1) {
  SessionConfig config;
  config.fingerprints = {someFingerprint(certificate)};
  config.bundlePolicy = policy;
  return Session(config, random);
}

/// What a peer that does not know BUNDLE makes of a description.
std::string unbundled(std::string text) {
  while (contains(text, "a=group:BUNDLE")) text = withoutLine(text, "a=group:BUNDLE");
  return text;
}

/// An exchange in which both descriptions lose their bundles on the way.
std::string exchangeUnbundled(Session& from, Session& to) {
  REQUIRE(from.setLocal(SdpType::Offer));
  REQUIRE(to.setRemote(SdpType::Offer, unbundled(from.pendingLocal()->sdp)));
  REQUIRE(to.setLocal(SdpType::Answer));
  auto answered = from.setRemote(SdpType::Answer, unbundled(to.currentLocal()->sdp));
  INFO((answered ? "" : answered.error().message));
  REQUIRE(answered);
  return to.currentLocal()->sdp;
}

std::vector<TransportId> idsOf(const Plan& plan) {
  std::vector<TransportId> ids;
  for (const auto& transport : plan) ids.push_back(transport.id);
  return ids;
}

/// The mids of each transport's sections of media, and "+" for data.
std::string layout(const Plan& plan) {
  std::string out;
  for (const auto& transport : plan) {
    if (!out.empty()) out += " | ";
    for (const auto& media : transport.media.sections) out += media.mid;
    if (transport.sctp) out += "+";
  }
  return out;
}

const std::string aCandidate = "candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host";

}  // namespace

TEST_CASE("each section that a peer may leave alone is offered with a transport; its bundle leaves one") {
  base::SeededRandom random(4);
  Party b{2, 0xbb};
  const auto policy = GENERATE(BundlePolicy::Balanced, BundlePolicy::MaxCompat, BundlePolicy::MaxBundle);
  CAPTURE(toString(policy));
  Session a = sessionWith(policy, random);
  for (const auto kind : {MediaKind::Audio, MediaKind::Video, MediaKind::Video}) addTrack(a, kind);
  a.wantDataChannel();
  REQUIRE(a.setLocal(SdpType::Offer));
  const auto offered = a.plan();
  CHECK(offered.size() == (policy == BundlePolicy::Balanced ? 3 : policy == BundlePolicy::MaxCompat ? 4 : 1));
  std::set<std::string> ufrags;
  for (const auto& transport : offered) ufrags.insert(transport.ice.local->ufrag);
  CHECK(ufrags.size() == offered.size());
  CHECK(contains(a.pendingLocal()->sdp, "a=group:BUNDLE 0 1 2 3\r\n"));

  REQUIRE(b.session.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
  REQUIRE(b.session.setLocal(SdpType::Answer));
  CHECK(b.session.plan().size() == 1);
  REQUIRE(a.setRemote(SdpType::Answer, b.session.currentLocal()->sdp));
  CHECK(layout(a.plan()) == "012+");
  CHECK(a.plan().front().id == offered.front().id);
  CHECK(a.plan().front().ice.local == offered.front().ice.local);
  for (const auto& transceiver : a.transceivers()) CHECK(a.transportOf(transceiver) == offered.front().id);
  CHECK(a.transportOfData() == offered.front().id);
  // What is new joins the bundle.
  addTrack(a, MediaKind::Audio);
  exchange(a, b.session);
  CHECK(layout(a.plan()) == "0124+");
  CHECK(idsOf(a.plan()) == std::vector{offered.front().id});
}

TEST_CASE("with a peer that does not bundle each section has its transport") {
  base::SeededRandom random(4), other(5);
  Session peer = sessionWith(BundlePolicy::MaxCompat, other, 2);
  Session a = sessionWith(BundlePolicy::Balanced, random);
  const auto audio = addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  a.wantDataChannel();
  const auto answer = exchangeUnbundled(a, peer);
  CHECK_FALSE(contains(answer, "a=group:"));
  CHECK(count(answer, "a=ice-ufrag:") == 3);
  CHECK(layout(a.plan()) == "0 | 1 | +");
  CHECK(layout(peer.plan()) == "0 | 1 | +");
  const auto plan = a.plan(), theirs = peer.plan();
  for (std::size_t i = 0; i < 3; ++i) {
    CAPTURE(i);
    CHECK(plan[i].ice.local == theirs[i].ice.remote);
    CHECK(plan[i].ice.remote == theirs[i].ice.local);
    CHECK(plan[i].dtls->role == dtls::Role::Server);
    CHECK(plan[i].media.cname.size() == 16);
    CHECK(a.transportSection(plan[i].id)->index == i);
  }
  CHECK_FALSE(a.negotiationNeeded());

  SECTION("another exchange changes nothing, whoever offers") {
    CHECK_FALSE(contains(*a.createOffer(), "a=group:BUNDLE"));
    exchange(a, peer);
    exchange(peer, a);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(a.plan()[i].id == plan[i].id);
      CHECK(a.plan()[i].ice.local == plan[i].ice.local);
      CHECK(a.plan()[i].ice.remote == plan[i].ice.remote);
      CHECK(a.plan()[i].dtls->association == 0);
    }
  }
  SECTION("a new section has one of its own, in a bundle that the peer may take or leave") {
    addTrack(a, MediaKind::Video);
    const auto offer = *a.createOffer();
    CHECK(contains(offer, "a=group:BUNDLE 3\r\n"));
    CHECK_FALSE(contains(offer, "bundle-only"));
    exchange(a, peer);
    CHECK(layout(a.plan()) == "0 | 1 | + | 3");
    CHECK(a.plan()[1].ice.local == plan[1].ice.local);
  }
  SECTION("a section that ends takes its transport along") {
    a.stop(audio);
    exchange(a, peer);
    CHECK(layout(a.plan()) == "1 | +");
    CHECK(a.plan().front().id == plan[1].id);
    CHECK(layout(peer.plan()) == "1 | +");
  }
  SECTION("a restart is one of all of them") {
    a.restartIce();
    CHECK(a.negotiationNeeded());
    exchange(a, peer);
    CHECK_FALSE(a.negotiationNeeded());
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(a.plan()[i].id == plan[i].id);
      CHECK(a.plan()[i].ice.local != plan[i].ice.local);
      CHECK(a.plan()[i].ice.remote != plan[i].ice.remote);
      CHECK(a.plan()[i].ice.remote == peer.plan()[i].ice.local);
    }
  }
  SECTION("the peer can bundle them later") {
    REQUIRE(peer.setLocal(SdpType::Offer));
    auto offer = replaced(peer.pendingLocal()->sdp, "\r\nt=0 0\r\n", "\r\nt=0 0\r\na=group:BUNDLE 1 0 2\r\n");
    REQUIRE(a.setRemote(SdpType::Offer, offer));
    CHECK(a.plan().size() == 3);
    REQUIRE(a.setLocal(SdpType::Answer));
    CHECK(layout(a.plan()) == "01+");
    CHECK(a.plan().front().id == plan[1].id);
    CHECK(a.plan().front().ice.remote == plan[1].ice.remote);
    CHECK(contains(a.currentLocal()->sdp, "a=group:BUNDLE 1 0 2\r\n"));
  }
}

TEST_CASE("a peer that knows neither bundles nor mids has its sections by their order") {
  base::SeededRandom random(4);
  Party b{2, 0xbb};
  Session a = sessionWith(BundlePolicy::Balanced, random);
  addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  const auto old = [](std::string text) {
    text = unbundled(std::move(text));
    while (contains(text, "a=mid:")) text = withoutLine(text, "a=mid:");
    return text;
  };
  for (int i = 0; i < 2; ++i) {
    REQUIRE(a.setLocal(SdpType::Offer));
    REQUIRE(b.session.setRemote(SdpType::Offer, old(a.pendingLocal()->sdp)));
    REQUIRE(b.session.setLocal(SdpType::Answer));
    CHECK_FALSE(contains(b.session.currentLocal()->sdp, "a=mid:"));
    REQUIRE(a.setRemote(SdpType::Answer, old(b.session.currentLocal()->sdp)));
    CHECK(layout(a.plan()) == "0 | 1");
    REQUIRE(b.session.plan().size() == 2);
    for (const auto& transport : b.session.plan()) CHECK(transport.media.sections.size() == 1);
    IceCandidateInit init;
    init.candidate = aCandidate;
    init.sdpMLineIndex = std::uint16_t{1};
    auto added = b.session.addRemoteCandidate(init);
    REQUIRE(added);
    CHECK(added->transports == std::vector{b.session.plan()[1].id});
  }
}

TEST_CASE("a provisional answer that bundles leaves the transports that the final one may want") {
  base::SeededRandom random(4);
  Party b{2, 0xbb};
  Session a = sessionWith(BundlePolicy::Balanced, random);
  addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  REQUIRE(a.setLocal(SdpType::Offer));
  const auto offered = a.plan();
  REQUIRE(b.session.setRemote(SdpType::Offer, unbundled(a.pendingLocal()->sdp)));
  REQUIRE(b.session.setLocal(SdpType::Answer));
  const auto answer = b.session.currentLocal()->sdp;
  const auto bundled = replaced(answer, "\r\nt=0 0\r\n", "\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n");
  REQUIRE(a.setRemote(SdpType::PrAnswer, bundled));
  CHECK(idsOf(a.plan()) == idsOf(offered));
  CHECK(layout(a.plan()) == "01 | ");
  for (const auto& transceiver : a.transceivers()) CHECK(a.transportOf(transceiver) == offered.front().id);
  REQUIRE(a.setRemote(SdpType::Answer, answer));
  CHECK(layout(a.plan()) == "0 | 1");
  CHECK(idsOf(a.plan()) == idsOf(offered));
}

TEST_CASE("an answer cannot take a section out of the bundle that was offered no transport") {
  base::SeededRandom random(4);
  Party b{2, 0xbb};
  Session a = sessionWith(BundlePolicy::Balanced, random);
  addTrack(a, MediaKind::Video);
  addTrack(a, MediaKind::Video);
  SECTION("because it is bundle-only") {
    REQUIRE(a.setLocal(SdpType::Offer));
    REQUIRE(b.session.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    REQUIRE(b.session.setLocal(SdpType::Answer));
    CHECK_ERROR(a.setRemote(SdpType::Answer, unbundled(b.session.currentLocal()->sdp)), InvalidAccessError);
  }
  SECTION("because it was bundled before") {
    exchange(a, b.session);
    REQUIRE(a.setLocal(SdpType::Offer));
    REQUIRE(b.session.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    REQUIRE(b.session.setLocal(SdpType::Answer));
    const auto answer = replaced(b.session.currentLocal()->sdp, "a=group:BUNDLE 0 1", "a=group:BUNDLE 0");
    CHECK_ERROR(a.setRemote(SdpType::Answer, answer), InvalidAccessError);
  }
}

TEST_CASE("what an answer takes of sections without a bundle is as the policy says") {
  struct Row {
    BundlePolicy policy;
    const char* layout;
    std::size_t rejected;
  };
  const auto row = GENERATE(values<Row>({{BundlePolicy::MaxBundle, "0", 4},
                                         {BundlePolicy::Balanced, "0 | 1 | +", 2},
                                         {BundlePolicy::MaxCompat, "0 | 1 | 2 | 3 | +", 0}}));
  CAPTURE(toString(row.policy));
  base::SeededRandom random(4), offering(5);
  Session b = sessionWith(row.policy, random), a = sessionWith(BundlePolicy::MaxCompat, offering);
  for (const auto kind : {MediaKind::Audio, MediaKind::Video, MediaKind::Video, MediaKind::Audio}) addTrack(a, kind);
  a.wantDataChannel();
  const auto answer = exchangeUnbundled(a, b);
  CHECK(layout(a.plan()) == row.layout);
  CHECK(layout(b.plan()) == row.layout);
  CHECK(count(answer, "m=audio 0 ") + count(answer, "m=video 0 ") + count(answer, "m=application 0 ") == row.rejected);
  CHECK(a.transceivers().size() + (contains(row.layout, "+") ? 1 : 0) == 5 - row.rejected);
}

TEST_CASE("numbers that mean different things in sections without a bundle keep their meanings") {
  base::SeededRandom random(4), offering(5);
  Session b = sessionWith(BundlePolicy::MaxCompat, random), a = sessionWith(BundlePolicy::MaxCompat, offering);
  addTrack(a, MediaKind::Video);
  addTrack(a, MediaKind::Video);
  REQUIRE(a.setLocal(SdpType::Offer));
  // The second section has H.264 alone, by the number that VP8 has in the first, and orientation by that of
  // transport-cc.
  auto offer = unbundled(a.pendingLocal()->sdp);
  const auto second = offer.find("m=video", offer.find("m=video") + 1);
  const std::string transportCc = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
  const auto id = lineValue(offer.substr(0, second), "a=extmap:").empty() ? std::string() : [&] {
    const auto at = offer.find(" " + transportCc);
    return offer.substr(offer.rfind(':', at) + 1, at - offer.rfind(':', at) - 1);
  }();
  REQUIRE_FALSE(id.empty());
  std::string section = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=extmap:" + id +
                        " urn:3gpp:video-orientation\r\na=sendrecv\r\na=rtcp-mux\r\na=rtpmap:96 H264/90000\r\n" +
                        "a=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\n";
  for (const char* name : {"a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=setup:"})
    section += name + lineValue(offer.substr(second), name) + "\r\n";
  offer = offer.substr(0, second) + section;
  REQUIRE(b.setRemote(SdpType::Offer, offer));
  REQUIRE(b.setLocal(SdpType::Answer));
  CHECK(names(planned(b.plan()[0].media, 0).receiving->codecs).front() == "VP8/96");
  CHECK(names(planned(b.plan()[1].media, 0).receiving->codecs) == std::vector<std::string>{"H264/96"});

  const auto tree = sdp::parse(*b.createOffer());
  REQUIRE(tree);
  REQUIRE(tree->media.size() == 2);
  for (const auto& media : tree->media) {
    std::set<std::string> formats(media.formats.begin(), media.formats.end());
    CHECK(formats.size() == media.formats.size());
    std::set<std::uint8_t> ids;
    for (const auto& extension : extensionsOf(media)) CHECK(ids.insert(extension.id).second);
  }
  const auto codecs = codecsOf(tree->media[1]);
  const auto h264 =
      std::find_if(codecs.begin(), codecs.end(), [](const auto& codec) { return codec.payloadType == 96; });
  REQUIRE(h264 != codecs.end());
  CHECK(h264->name == "H264");
  CHECK(codecsOf(tree->media[0]).front().name == "VP8");
}

TEST_CASE("each bundle that is offered is a transport, and stays one") {
  base::SeededRandom random(4), offering(5);
  Session b = sessionWith(BundlePolicy::MaxCompat, random), a = sessionWith(BundlePolicy::MaxCompat, offering);
  for (const auto kind : {MediaKind::Audio, MediaKind::Video, MediaKind::Audio, MediaKind::Video}) addTrack(a, kind);
  REQUIRE(a.setLocal(SdpType::Offer));
  const auto offer =
      replaced(a.pendingLocal()->sdp, "a=group:BUNDLE 0 1 2 3\r\n", "a=group:BUNDLE 0 1\r\na=group:BUNDLE 3 2\r\n");
  REQUIRE(b.setRemote(SdpType::Offer, offer));
  REQUIRE(b.setLocal(SdpType::Answer));
  const auto answer = b.currentLocal()->sdp;
  CHECK(contains(answer, "a=group:BUNDLE 0 1\r\na=group:BUNDLE 3 2\r\n"));
  CHECK(layout(b.plan()) == "01 | 23");
  REQUIRE(a.setRemote(SdpType::Answer, answer));
  CHECK(layout(a.plan()) == "01 | 23");
  const auto ids = idsOf(a.plan());
  CHECK(a.plan()[1].ice.remote == b.plan()[1].ice.local);
  // The group's first section is the fourth.
  CHECK(a.transportSection(ids[1])->index == 3);

  addTrack(a, MediaKind::Audio);
  const auto later = *a.createOffer();
  CHECK(contains(later, "a=group:BUNDLE 0 1 4\r\na=group:BUNDLE 2 3\r\n"));
  exchange(a, b);
  CHECK(layout(a.plan()) == "014 | 23");
  CHECK(layout(b.plan()) == "014 | 23");
  CHECK(idsOf(a.plan()) == ids);
}

TEST_CASE("an offer without bundles makes a bounded number of transports") {
  base::SeededRandom random(4), offering(5);
  Session b = sessionWith(BundlePolicy::MaxCompat, random), a = sessionWith(BundlePolicy::MaxCompat, offering);
  for (std::size_t i = 0; i < maxTransports + 5; ++i) addTrack(a, MediaKind::Audio);
  const auto answer = exchangeUnbundled(a, b);
  CHECK(b.plan().size() == maxTransports);
  CHECK(a.plan().size() == maxTransports);
  CHECK(count(answer, "m=audio 0 ") == 5);
}

TEST_CASE("candidates belong to the transport of their section") {
  base::SeededRandom random(4);
  Party b{2, 0xbb};
  auto& peer = b.session;
  Session a = sessionWith(BundlePolicy::Balanced, random);
  addTrack(a, MediaKind::Audio);
  addTrack(a, MediaKind::Video);
  REQUIRE(a.setLocal(SdpType::Offer));
  const auto offered = a.plan();
  const auto ours = *ice::parseCandidate(aCandidate);
  a.localCandidate(offered[1].ice.local->ufrag, ours);
  a.localEndOfCandidates(offered[1].ice.local->ufrag);
  const auto offer = a.pendingLocal()->sdp;
  CHECK(contains(offer, "m=audio 9 "));
  CHECK(contains(offer, "m=video 50000 "));
  CHECK(offer.find("a=candidate:") > offer.find("m=video"));
  const auto toVideo = [&](Session& session) {
    IceCandidateInit init;
    init.candidate = aCandidate;
    init.sdpMid = "1";
    auto added = session.addRemoteCandidate(init);
    REQUIRE(added);
    return added->transports;
  };

  SECTION("of a section that is bundled with another they are of no use") {
    auto applied = peer.setRemote(SdpType::Offer, offer);
    REQUIRE(applied);
    REQUIRE(applied->remoteCandidates.size() == 1);
    CHECK(applied->remoteCandidates[0].candidates.empty());
    CHECK(toVideo(peer).empty());
    REQUIRE(peer.setLocal(SdpType::Answer));
    REQUIRE(a.setRemote(SdpType::Answer, peer.currentLocal()->sdp));
    CHECK_FALSE(contains(a.currentLocal()->sdp, "a=candidate:"));
    CHECK(toVideo(a) == idsOf(a.plan()));
  }
  SECTION("of one that is not they are its own") {
    auto applied = peer.setRemote(SdpType::Offer, unbundled(offer));
    REQUIRE(applied);
    REQUIRE(applied->remoteCandidates.size() == 2);
    CHECK(applied->remoteCandidates[0].candidates.empty());
    REQUIRE(applied->remoteCandidates[1].candidates.size() == 1);
    CHECK(applied->remoteCandidates[1].end);
    CHECK(applied->remoteCandidates[1].transport == peer.plan()[1].id);
    CHECK(toVideo(peer) == std::vector{peer.plan()[1].id});
    REQUIRE(peer.setLocal(SdpType::Answer));
    REQUIRE(a.setRemote(SdpType::Answer, peer.currentLocal()->sdp));
    CHECK(contains(a.currentLocal()->sdp, "a=candidate:"));
    CHECK(toVideo(a) == std::vector{offered[1].id});
    auto ended = a.addRemoteCandidate(IceCandidateInit{});
    REQUIRE(ended);
    CHECK(ended->transports == idsOf(a.plan()));
  }
}

TEST_CASE("an offer that is rolled back takes its transports along, and names them again") {
  base::SeededRandom random(4);
  Party b{2, 0xbb};
  Session a = sessionWith(BundlePolicy::Balanced, random);
  addTrack(a, MediaKind::Audio);
  exchange(a, b.session);
  const auto before = idsOf(a.plan());
  addTrack(b.session, MediaKind::Video);
  REQUIRE(b.session.setLocal(SdpType::Offer));
  const auto offer = unbundled(b.session.pendingLocal()->sdp);
  for (int i = 0; i < 2; ++i) {
    REQUIRE(a.setRemote(SdpType::Offer, offer));
    REQUIRE(a.plan().size() == 2);
    CHECK(a.plan().front().id == before.front());
    // The same offer in its place is the same transport.
    const auto ids = idsOf(a.plan());
    REQUIRE(a.setRemote(SdpType::Offer, offer));
    CHECK(idsOf(a.plan()) == ids);
    REQUIRE(a.setRemote(SdpType::Rollback, ""));
    CHECK(idsOf(a.plan()) == before);
  }
}

TEST_CASE("data goes and comes while media stays") {
  Pair pair;
  auto &a = pair.a.session, &b = pair.b.session;
  addTrack(a, MediaKind::Audio);
  exchange(a, b);
  CHECK_FALSE(a.plan().front().sctp);
  CHECK(a.hasTransport());
  CHECK_FALSE(a.hasSctpTransport());
  const auto credentials = a.plan().front().ice.local;
  a.wantDataChannel();
  CHECK(a.negotiationNeeded());
  exchange(a, b);
  CHECK(a.plan().front().sctp);
  CHECK(a.plan().front().ice.local == credentials);
  CHECK_FALSE(a.negotiationNeeded());
}
