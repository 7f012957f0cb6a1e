// draft-hancke-tsvwg-snap: a=sctp-init.
#include "sctp/native/init.hpp"
#include "session_support.hpp"

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

namespace {

/// A session that offers SNAP.
struct Snapper {
  explicit Snapper(std::uint64_t seed, std::uint8_t certificate)
      : random(seed), session(SessionConfig{{someFingerprint(certificate)}, 262144, 5000,
                                            [this] { return sctp::native::makeInit({}, random); }},
                              random) {}
  base::SeededRandom random;
  Session session;
};

void exchange(Session& from, Session& to) {
  auto offer = *from.createOffer();
  REQUIRE(from.setLocal(SdpType::Offer, offer));
  REQUIRE(to.setRemote(SdpType::Offer, offer));
  auto answer = *to.createAnswer();
  REQUIRE(to.setLocal(SdpType::Answer, answer));
  REQUIRE(from.setRemote(SdpType::Answer, answer));
}

}  // namespace

TEST_CASE("two sessions with SNAP have each other's INIT in their plans") {
  Snapper a(1, 0xaa), b(2, 0xbb);
  a.session.wantDataChannel();
  const auto offer = *a.session.createOffer();
  CHECK(contains(offer, "a=sctp-init:AQAA"));
  CHECK(*a.session.createOffer() == offer);
  exchange(a.session, b.session);
  const auto planA = a.session.plan().front(), planB = b.session.plan().front();
  REQUIRE(planA.sctp->snap);
  REQUIRE(planB.sctp->snap);
  CHECK(planA.sctp->snap->localInit == planB.sctp->snap->remoteInit);
  CHECK(planB.sctp->snap->localInit == planA.sctp->snap->remoteInit);
  CHECK(planA.sctp->snap->localInit != planA.sctp->snap->remoteInit);

  // Section 5.6: the same values as long as the association is.
  const auto first = *a.session.plan().front().sctp->snap;
  exchange(b.session, a.session);
  CHECK(a.session.plan().front().sctp->snap->localInit == first.localInit);
  CHECK(a.session.plan().front().sctp->snap->remoteInit == first.remoteInit);
}

TEST_CASE("a session without SNAP neither offers nor answers it, and looks at none") {
  Snapper a(1, 0xaa);
  Party b(2, 0xbb);
  a.session.wantDataChannel();
  const auto offer = *a.session.createOffer();
  REQUIRE(a.session.setLocal(SdpType::Offer, offer));
  REQUIRE(b.session.setRemote(SdpType::Offer, withLine(offer, "a=sctp-init:", "a=sctp-init:AAAA")));
  const auto answer = *b.session.createAnswer();
  CHECK_FALSE(contains(answer, "sctp-init"));
  REQUIRE(b.session.setLocal(SdpType::Answer, answer));
  REQUIRE(a.session.setRemote(SdpType::Answer, answer));
  CHECK_FALSE(a.session.plan().front().sctp->snap);
  CHECK_FALSE(b.session.plan().front().sctp->snap);

  Party c(3, 0xcc);
  c.session.wantDataChannel();
  CHECK_FALSE(contains(*c.session.createOffer(), "sctp-init"));
}

TEST_CASE("an answer that only mirrors our attribute is ignored") {
  Snapper a(1, 0xaa);
  Party b(2, 0xbb);
  a.session.wantDataChannel();
  const auto offer = *a.session.createOffer();
  REQUIRE(a.session.setLocal(SdpType::Offer, offer));
  REQUIRE(b.session.setRemote(SdpType::Offer, offer));
  const auto answer = *b.session.createAnswer();
  const auto mirrored =
      withLine(answer, "a=max-message-size:",
               "a=max-message-size:262144\r\na=sctp-init:" + lineValue(offer, "a=sctp-init:"));
  REQUIRE(a.session.setRemote(SdpType::Answer, mirrored));
  CHECK_FALSE(a.session.plan().front().sctp->snap);
}

TEST_CASE("an a=sctp-init that is no INIT makes the description fail") {
  Snapper a(1, 0xaa), b(2, 0xbb);
  a.session.wantDataChannel();
  const auto offer = *a.session.createOffer();
  auto refused = b.session.setRemote(SdpType::Offer, withLine(offer, "a=sctp-init:", "a=sctp-init:AAAA"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().name == ErrorName::InvalidAccessError);
  CHECK(b.session.setRemote(SdpType::Offer, offer));
}

TEST_CASE("none is added to an association that exists, and another association gets another") {
  Party plain(1, 0xaa);
  Snapper b(2, 0xbb);
  plain.session.wantDataChannel();
  exchange(plain.session, b.session);
  CHECK_FALSE(contains(*b.session.createOffer(), "sctp-init"));

  Snapper c(3, 0xcc), d(4, 0xdd), other(5, 0xee);
  c.session.wantDataChannel();
  exchange(c.session, d.session);
  const auto before = d.session.plan().front().sctp->snap->localInit;
  // The same sections with another certificate: RFC 8842 s.5.5.
  other.session.wantDataChannel();
  REQUIRE(d.session.setRemote(SdpType::Offer, *other.session.createOffer()));
  const auto answer = *d.session.createAnswer();
  REQUIRE(d.session.setLocal(SdpType::Answer, answer));
  REQUIRE(d.session.plan().front().sctp->snap);
  CHECK(d.session.plan().front().sctp->snap->localInit != before);
}
