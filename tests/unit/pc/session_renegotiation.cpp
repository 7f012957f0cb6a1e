#include "pc/session.hpp"
#include "session_support.hpp"

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

TEST_CASE("another exchange changes nothing, whoever offers") {
  Pair pair;
  pair.connect();
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  const auto before = a.plan().front();
  auto same = [&](const TransportPlan& plan) {
    CHECK(plan.ice.local == before.ice.local);
    CHECK(plan.ice.remote == before.ice.remote);
    CHECK(plan.ice.role == before.ice.role);
    REQUIRE(plan.dtls);
    CHECK(plan.dtls->role == before.dtls->role);
    CHECK(plan.sctp->remotePort == before.sctp->remotePort);
  };
  pair.exchange(a, b);
  same(a.plan().front());
  pair.exchange(b, a);
  same(a.plan().front());
  // Roles persist: b was active, so that a stays passive although it may choose now.
  CHECK(lineValue(a.currentLocal()->sdp, "a=setup:") == "passive");
  CHECK(b.plan().front().ice.role == ice::Role::Controlled);
  CHECK(lineValue(a.currentLocal()->sdp, "a=tls-id:").size() == 20);
  pair.exchange(a, b);
  same(a.plan().front());
  CHECK_FALSE(a.negotiationNeeded());
}

TEST_CASE("the version of the o= line rises, its id stays") {
  Pair pair;
  pair.connect();
  const auto first = lineValue(pair.a.session.currentLocal()->sdp, "o=");
  pair.exchange(pair.a.session, pair.b.session);
  const auto second = lineValue(pair.a.session.currentLocal()->sdp, "o=");
  CHECK(first.substr(0, first.find(' ', 2)) == second.substr(0, second.find(' ', 2)));
  CHECK(contains(first, " 1 IN"));
  CHECK(contains(second, " 2 IN"));
}

TEST_CASE("a restart by the offerer's option gives both sides new credentials, and keeps DTLS and roles") {
  Pair pair;
  pair.connect();
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  const auto before = a.plan().front();
  const bool fromA = GENERATE(true, false);
  pair.exchange(fromA ? a : b, fromA ? b : a, true);
  const auto after = a.plan().front();
  CHECK(after.ice.local->ufrag != before.ice.local->ufrag);
  CHECK(after.ice.local->pwd != before.ice.local->pwd);
  CHECK(after.ice.remote->ufrag != before.ice.remote->ufrag);
  CHECK(after.ice.role == ice::Role::Controlling);
  CHECK(after.dtls->role == before.dtls->role);
  CHECK(*b.plan().front().ice.local == *after.ice.remote);
}

TEST_CASE("while a restart is offered both generations are in the plan") {
  Pair pair;
  pair.connect();
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  const auto old = a.plan().front();
  const auto offer = *a.createOffer(true);
  auto offered = a.setLocal(SdpType::Offer, offer);
  REQUIRE(offered);
  CHECK(offered->plan.front().ice.local != old.ice.local);
  CHECK(offered->plan.front().ice.remote == old.ice.remote);
  CHECK(offered->plan.front().dtls);
  auto got = b.setRemote(SdpType::Offer, offer);
  REQUIRE(got);
  CHECK(got->plan.front().ice.remote == offered->plan.front().ice.local);
  CHECK(got->plan.front().ice.local == old.ice.remote);

  SECTION("and a rollback returns to the one before") {
    auto back = a.setLocal(SdpType::Rollback);
    REQUIRE(back);
    CHECK(back->plan.front().ice.local == old.ice.local);
    auto theirs = b.setRemote(SdpType::Rollback, "");
    REQUIRE(theirs);
    CHECK(theirs->plan.front().ice.remote == old.ice.local);
  }
  SECTION("and an answer that does not restart is refused") {
    Pair other;
    auto answer = b.createAnswer();
    REQUIRE(answer);
    auto unchanged = withLine(*answer, "a=ice-ufrag:", "a=ice-ufrag:" + old.ice.remote->ufrag);
    unchanged = withLine(unchanged, "a=ice-pwd:", "a=ice-pwd:" + old.ice.remote->pwd);
    CHECK_ERROR(a.setRemote(SdpType::Answer, unchanged), InvalidAccessError);
    CHECK(a.setRemote(SdpType::Answer, *answer));
  }
}

TEST_CASE("an answer that restarts what the offer does not is refused") {
  Pair pair;
  pair.connect();
  REQUIRE(pair.a.session.setLocal(SdpType::Offer));
  REQUIRE(pair.b.session.setRemote(SdpType::Offer, pair.a.session.pendingLocal()->sdp));
  auto answer = withLine(*pair.b.session.createAnswer(), "a=ice-ufrag:", "a=ice-ufrag:another1");
  CHECK_ERROR(pair.a.session.setRemote(SdpType::Answer, answer), InvalidAccessError);
}

TEST_CASE("restartIce is needed until an answer is applied, and survives a rollback") {
  Pair pair;
  pair.connect();
  auto& a = pair.a.session;
  const auto old = a.plan().front().ice.local->ufrag;
  CHECK_FALSE(a.negotiationNeeded());
  a.restartIce();
  CHECK(a.negotiationNeeded());
  const auto offer = *a.createOffer();
  CHECK(lineValue(offer, "a=ice-ufrag:") != old);
  CHECK(*a.createOffer() == offer);
  REQUIRE(a.setLocal(SdpType::Offer, offer));
  CHECK(a.negotiationNeeded());
  REQUIRE(a.setLocal(SdpType::Rollback));
  CHECK(a.negotiationNeeded());
  CHECK(lineValue(*a.createOffer(), "a=ice-ufrag:") != old);

  SECTION("an exchange without restart by the other side leaves it needed") {
    pair.exchange(pair.b.session, a);
    CHECK(a.negotiationNeeded());
  }
  SECTION("a restart by the other side does for it") {
    pair.exchange(pair.b.session, a, true);
    CHECK_FALSE(a.negotiationNeeded());
  }
  SECTION("our own exchange ends it") {
    pair.exchange(a, pair.b.session);
    CHECK_FALSE(a.negotiationNeeded());
    CHECK(a.plan().front().ice.local->ufrag != old);
  }
}

TEST_CASE("restartIce during an offer replaces the offer's credentials too") {
  Pair pair;
  pair.a.session.wantDataChannel();
  REQUIRE(pair.a.session.setLocal(SdpType::Offer));
  const auto offered = pair.a.session.plan().front().ice.local->ufrag;
  pair.a.session.restartIce();
  CHECK(lineValue(*pair.a.session.createOffer(), "a=ice-ufrag:") != offered);
}

TEST_CASE("restartIce before any description asks for nothing") {
  Party party{1, 1};
  party.session.restartIce();
  CHECK_FALSE(party.session.negotiationNeeded());
}

TEST_CASE("a rollback restores everything that can be seen, of both kinds") {
  Pair pair;
  if (GENERATE(false, true)) pair.connect();
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  a.wantDataChannel();
  b.wantDataChannel();
  const auto before = visible(a);
  SECTION("a local offer") {
    REQUIRE(a.setLocal(SdpType::Offer));
    CHECK(visible(a) != before);
    const bool local = GENERATE(true, false);
    auto applied = local ? a.setLocal(SdpType::Rollback, "ignored") : a.setRemote(SdpType::Rollback, "ignored");
    REQUIRE(applied);
    CHECK(applied->signalingStateChanged);
  }
  SECTION("a remote offer") {
    REQUIRE(a.setRemote(SdpType::Offer, *b.createOffer(true)));
    CHECK(visible(a) != before);
    REQUIRE(a.setRemote(SdpType::Rollback, ""));
  }
  CHECK(visible(a) == before);
  CHECK_ERROR(a.setLocal(SdpType::Rollback), InvalidStateError);
}

TEST_CASE("simultaneous offers: the polite side rolls back, and one section is left") {
  Pair pair;
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  a.wantDataChannel();
  b.wantDataChannel();
  REQUIRE(a.setLocal(SdpType::Offer));
  REQUIRE(b.setLocal(SdpType::Offer));
  const auto abandoned = a.plan().front().ice.local;
  REQUIRE(a.needsRollback(SdpType::Offer));
  REQUIRE(a.setLocal(SdpType::Rollback));
  REQUIRE(a.setRemote(SdpType::Offer, b.pendingLocal()->sdp));
  REQUIRE(a.setLocal(SdpType::Answer));
  REQUIRE(b.setRemote(SdpType::Answer, a.currentLocal()->sdp));
  CHECK(a.plan().front().ice.role == ice::Role::Controlled);
  CHECK(b.plan().front().ice.role == ice::Role::Controlling);
  CHECK(a.plan().front().ice.local != abandoned);
  CHECK_FALSE(a.negotiationNeeded());
  CHECK_FALSE(b.negotiationNeeded());
  CHECK(count(a.currentLocal()->sdp, "m=") == 1);
}

TEST_CASE("an offer can be applied again after its rollback") {
  Pair pair;
  auto& a = pair.a.session;
  a.wantDataChannel();
  const auto offer = *a.createOffer();
  REQUIRE(a.setLocal(SdpType::Offer, offer));
  REQUIRE(a.setLocal(SdpType::Rollback));
  REQUIRE(a.setLocal(SdpType::Offer, offer));
  CHECK(a.pendingLocal()->sdp == offer);
}

TEST_CASE("a provisional answer starts the transport, and the final one may follow or replace it") {
  Pair pair;
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  a.wantDataChannel();
  REQUIRE(a.setLocal(SdpType::Offer));
  REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
  const auto answer = *b.createAnswer();
  REQUIRE(b.setLocal(SdpType::PrAnswer, answer));
  CHECK(b.plan().front().sctp);
  CHECK(b.pendingLocal()->type == SdpType::PrAnswer);
  auto provisional = a.setRemote(SdpType::PrAnswer, answer);
  REQUIRE(provisional);
  CHECK(provisional->plan.front().dtls);
  CHECK(provisional->plan.front().ice.role == ice::Role::Controlling);
  CHECK_ERROR(a.setLocal(SdpType::Rollback), InvalidStateError);
  SECTION("the same") {
    CHECK(*b.createAnswer() == answer);
    REQUIRE(b.setLocal(SdpType::Answer, answer));
    REQUIRE(a.setRemote(SdpType::Answer, answer));
    CHECK(a.plan().front().ice.remote == b.plan().front().ice.local);
    CHECK(b.currentLocal()->type == SdpType::Answer);
  }
  SECTION("of another peer, with credentials and certificate of its own") {
    Party c{9, 0xcc};
    REQUIRE(c.session.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    auto final = a.setRemote(SdpType::Answer, *c.session.createAnswer());
    REQUIRE(final);
    CHECK(final->plan.front().dtls->association == provisional->plan.front().dtls->association + 1);
    CHECK(final->plan.front().dtls->remoteFingerprints == std::vector{someFingerprint(0xcc)});
  }
  SECTION("of another certificate with the same credentials") {
    auto forged = withLine(answer, "a=fingerprint:", "a=fingerprint:" + someFingerprint(0xdd).toString());
    CHECK_ERROR(a.setRemote(SdpType::Answer, forged), InvalidAccessError);
  }
}

TEST_CASE("another certificate or tls-id needs a restart") {
  Pair pair;
  pair.connect();
  auto& a = pair.a.session;
  const bool restart = GENERATE(false, true);
  auto offer = *pair.b.session.createOffer(restart);
  SECTION("certificate") {
    offer = withLine(offer, "a=fingerprint:", "a=fingerprint:" + someFingerprint(0xdd).toString());
  }
  SECTION("tls-id") { offer = withLine(offer, "a=tls-id:", "a=tls-id:abcdefghijklmnopqrst"); }
  const auto before = visible(a);
  auto applied = a.setRemote(SdpType::Offer, offer);
  if (!restart) {
    CHECK_ERROR(applied, InvalidAccessError);
    CHECK(visible(a) == before);
  } else {
    REQUIRE(applied);
    const auto tlsId = lineValue(a.currentLocal()->sdp, "a=tls-id:");
    auto answered = a.setLocal(SdpType::Answer);
    REQUIRE(answered);
    CHECK(answered->plan.front().dtls->association == 1);
    CHECK(lineValue(a.currentLocal()->sdp, "a=tls-id:") != tlsId);
    // Free to choose again.
    CHECK(lineValue(a.currentLocal()->sdp, "a=setup:") == "active");
  }
}

TEST_CASE("an offer cannot change the DTLS roles within an association") {
  Pair pair;
  pair.connect();
  // b is active.
  auto offer = *pair.b.session.createOffer();
  CHECK_ERROR(pair.a.session.setRemote(SdpType::Offer, replaced(offer, "actpass", "passive")), InvalidAccessError);
  CHECK(pair.a.session.setRemote(SdpType::Offer, replaced(offer, "actpass", "active")));
}

TEST_CASE("an answer that claims the other DTLS role within an association, as Firefox does, changes nothing") {
  Pair pair;
  pair.connect();
  auto& b = pair.b.session;
  REQUIRE(b.plan().front().dtls->role == dtls::Role::Client);
  REQUIRE(b.setLocal(SdpType::Offer));
  REQUIRE(pair.a.session.setRemote(SdpType::Offer, b.pendingLocal()->sdp));
  const auto answer = replaced(*pair.a.session.createAnswer(), "setup:passive", "setup:active");
  auto answered = b.setRemote(SdpType::Answer, answer);
  REQUIRE(answered);
  CHECK(answered->plan.front().dtls->role == dtls::Role::Client);
  CHECK(answered->plan.front().dtls->association == 0);
  // And the next answer of b says what is true.
  REQUIRE(pair.a.session.setLocal(SdpType::Answer));
  REQUIRE(pair.a.session.setLocal(SdpType::Offer));
  REQUIRE(b.setRemote(SdpType::Offer, pair.a.session.pendingLocal()->sdp));
  CHECK(lineValue(*b.createAnswer(), "a=setup:") == "active");
}

TEST_CASE("a new SCTP port of the peer is answered with a new one of ours") {
  Pair pair;
  pair.connect();
  auto offer = replaced(*pair.b.session.createOffer(), "sctp-port:5000", "sctp-port:5002");
  REQUIRE(pair.a.session.setRemote(SdpType::Offer, offer));
  auto answered = pair.a.session.setLocal(SdpType::Answer);
  REQUIRE(answered);
  CHECK(answered->plan.front().sctp->localPort == 5001);
  CHECK(answered->plan.front().sctp->remotePort == 5002);
}

TEST_CASE("a peer that rejects or removes the data section ends it, and a new channel gets a new section") {
  Pair pair;
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  SECTION("by its first answer") {
    a.wantDataChannel();
    REQUIRE(a.setLocal(SdpType::Offer));
    REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
    auto answer = replaced(*b.createAnswer(), "m=application 9", "m=application 0");
    answer = withoutLine(answer, "a=group:BUNDLE");
    auto applied = a.setRemote(SdpType::Answer, answer);
    REQUIRE(applied);
    CHECK(applied->dataSectionRemoved);
  }
  SECTION("by an offer") {
    pair.connect();
    auto offer = replaced(*b.createOffer(), "m=application 9", "m=application 0");
    offer = withoutLine(offer, "a=group:BUNDLE");
    REQUIRE(a.setRemote(SdpType::Offer, offer));
    CHECK(a.plan().front().dtls);
    auto applied = a.setLocal(SdpType::Answer);
    REQUIRE(applied);
    CHECK(applied->dataSectionRemoved);
    CHECK(contains(a.currentLocal()->sdp, "m=application 0 "));
  }
  CHECK(a.plan().empty());
  CHECK_FALSE(a.hasSctpTransport());
  CHECK_FALSE(a.negotiationNeeded());
  CHECK(contains(*a.createOffer(), "m=application 0 "));

  a.wantDataChannel();
  CHECK(a.negotiationNeeded());
  const auto offer = *a.createOffer();
  CHECK(count(offer, "m=") == 1);
  CHECK(contains(offer, "m=application 9 "));
  CHECK(lineValue(offer, "a=mid:") != "0");
}

TEST_CASE("an answer has to fit the offer") {
  Pair pair;
  auto& a = pair.a.session;
  a.wantDataChannel();
  REQUIRE(a.setLocal(SdpType::Offer));
  REQUIRE(pair.b.session.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
  const auto answer = *pair.b.session.createAnswer();
  const auto before = visible(a);
  auto refused = [&](const std::string& changed) {
    CHECK_ERROR(a.setRemote(SdpType::Answer, changed), InvalidAccessError);
    CHECK(visible(a) == before);
  };
  SECTION("fewer sections") { refused(withoutLine(answer.substr(0, answer.find("m=application")), "a=group")); }
  SECTION("more sections") { refused(answer + "m=audio 0 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n"); }
  SECTION("another kind") { refused(replaced(answer, "m=application 9", "m=video 9")); }
  SECTION("another protocol") { refused(replaced(answer, "UDP/DTLS/SCTP", "TCP/DTLS/SCTP")); }
  SECTION("another mid") { refused(replaced(replaced(answer, "BUNDLE 0", "BUNDLE 7"), "a=mid:0", "a=mid:7")); }
  SECTION("another format") { refused(replaced(answer, "webrtc-datachannel", "bfcp")); }
  SECTION("the role actpass") { refused(replaced(answer, "a=setup:active", "a=setup:actpass")); }
  SECTION("the role holdconn") { refused(replaced(answer, "a=setup:active", "a=setup:holdconn")); }
  SECTION("a weak fingerprint") {
    refused(withLine(
        answer, "a=fingerprint:", "a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13"));
  }
  SECTION("lines that nobody knows are no obstacle") {
    CHECK(a.setRemote(SdpType::Answer, replaced(answer, "a=mid:0", "a=mid:0\r\na=whatever:1")));
  }
}

TEST_CASE("a later offer keeps the sections in use") {
  Pair pair;
  pair.connect();
  auto& a = pair.a.session;
  const auto offer = *pair.b.session.createOffer();
  auto refused = [&](const std::string& changed) {
    const auto before = visible(a);
    CHECK_ERROR(a.setRemote(SdpType::Offer, changed), InvalidAccessError);
    CHECK(visible(a) == before);
  };
  SECTION("fewer sections") { refused(withoutLine(offer.substr(0, offer.find("m=application")), "a=group")); }
  SECTION("another kind") { refused(replaced(offer, "m=application", "m=video")); }
  SECTION("another mid") { refused(replaced(replaced(offer, "BUNDLE 0", "BUNDLE 7"), "a=mid:0", "a=mid:7")); }
  SECTION("after an offer that is not answered yet") {
    REQUIRE(a.setRemote(SdpType::Offer, offer));
    refused(replaced(replaced(offer, "BUNDLE 0", "BUNDLE 7"), "a=mid:0", "a=mid:7"));
  }
}

TEST_CASE("media without rtcp-mux is refused") {
  Party party{1, 1};
  const std::string offer =
      "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\n"
      "a=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\na=fingerprint:" +
      someFingerprint(1).toString() + "\r\n";
  CHECK_ERROR(party.session.setRemote(SdpType::Offer, offer), InvalidAccessError);
  CHECK(party.session.setRemote(SdpType::Offer, offer + "a=rtcp-mux\r\n"));
}

TEST_CASE("nothing is possible after close, and descriptions stay readable") {
  Pair pair;
  pair.connect();
  auto& a = pair.a.session;
  const auto local = a.currentLocal();
  a.close();
  CHECK(a.state() == SignalingState::Closed);
  CHECK(a.currentLocal() == local);
  CHECK_FALSE(a.negotiationNeeded());
  CHECK_FALSE(a.needsRollback(SdpType::Offer));
  CHECK_ERROR(a.setLocal(SdpType::Offer, "x"), InvalidStateError);
  CHECK_ERROR(a.addRemoteCandidate({}), InvalidStateError);
}
