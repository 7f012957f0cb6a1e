#include "pc/session.hpp"
#include "session_support.hpp"

#include <array>

using namespace parley;
using namespace parley::pc;
using namespace parley::pc::test;

namespace {

constexpr std::array allStates = {SignalingState::Stable,
                                  SignalingState::HaveLocalOffer,
                                  SignalingState::HaveRemoteOffer,
                                  SignalingState::HaveLocalPrAnswer,
                                  SignalingState::HaveRemotePrAnswer,
                                  SignalingState::Closed};
constexpr std::array allTypes = {SdpType::Offer, SdpType::PrAnswer, SdpType::Answer, SdpType::Rollback};

/// Brings `a` of a pair into the state.
void reach(Pair& pair, SignalingState state) {
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  a.wantDataChannel();
  b.wantDataChannel();
  switch (state) {
    case SignalingState::Stable: return;
    case SignalingState::HaveLocalOffer: REQUIRE(a.setLocal(SdpType::Offer)); return;
    case SignalingState::HaveRemoteOffer: REQUIRE(a.setRemote(SdpType::Offer, *b.createOffer())); return;
    case SignalingState::HaveLocalPrAnswer:
      REQUIRE(a.setRemote(SdpType::Offer, *b.createOffer()));
      REQUIRE(a.setLocal(SdpType::PrAnswer));
      return;
    case SignalingState::HaveRemotePrAnswer:
      REQUIRE(a.setLocal(SdpType::Offer));
      REQUIRE(b.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
      REQUIRE(a.setRemote(SdpType::PrAnswer, *b.createAnswer()));
      return;
    case SignalingState::Closed: a.close(); return;
  }
}

}  // namespace

TEST_CASE("each type from each side in each state does what the transition table says") {
  for (auto state : allStates)
    for (auto type : allTypes)
      for (auto source : {Source::Local, Source::Remote}) {
        Pair pair;
        auto& a = pair.a.session;
        reach(pair, state);
        REQUIRE(a.state() == state);
        INFO(toString(state) << ", " << (source == Source::Local ? "local " : "remote ") << toString(type));
        std::string text;
        if (source == Source::Remote && type == SdpType::Offer) {
          text = *Party(3, 0xcc).session.createOffer();
          if (auto before = a.pendingRemote()) text = before->sdp;
        } else if (source == Source::Remote && a.pendingLocal()) {
          Party peer{4, 0xdd};
          peer.session.wantDataChannel();
          if (a.pendingLocal()->type == SdpType::Offer) {
            text = a.pendingRemote() ? a.pendingRemote()->sdp : "";
            if (text.empty()) {
              REQUIRE(peer.session.setRemote(SdpType::Offer, a.pendingLocal()->sdp));
              text = *peer.session.createAnswer();
            }
          }
        }
        const auto expected = next(state, source, type);
        const auto before = visible(a);
        auto applied = source == Source::Local ? a.setLocal(type) : a.setRemote(type, text);
        if (expected) {
          INFO((applied ? "" : applied.error().message));
          REQUIRE(applied);
          CHECK(a.state() == *expected);
          CHECK(applied->signalingStateChanged == (*expected != state));
        } else {
          CHECK_ERROR(applied, InvalidStateError);
          CHECK(visible(a) == before);
        }
      }
}

TEST_CASE("createOffer and createAnswer work in two states each") {
  for (auto state : allStates) {
    Pair pair;
    reach(pair, state);
    INFO(toString(state));
    const bool offers = state == SignalingState::Stable || state == SignalingState::HaveLocalOffer;
    const bool answers = state == SignalingState::HaveRemoteOffer || state == SignalingState::HaveLocalPrAnswer;
    auto offer = pair.a.session.createOffer();
    CHECK(offer.has_value() == offers);
    if (!offers) CHECK_ERROR(offer, InvalidStateError);
    auto answer = pair.a.session.createAnswer();
    CHECK(answer.has_value() == answers);
    if (!answers) CHECK_ERROR(answer, InvalidStateError);
  }
}

TEST_CASE("setLocal without a type infers it from the state") {
  for (const auto& [state, after] : std::vector<std::pair<SignalingState, SignalingState>>{
           {SignalingState::Stable, SignalingState::HaveLocalOffer},
           {SignalingState::HaveLocalOffer, SignalingState::HaveLocalOffer},
           {SignalingState::HaveRemoteOffer, SignalingState::Stable},
           {SignalingState::HaveLocalPrAnswer, SignalingState::Stable}}) {
    Pair pair;
    reach(pair, state);
    REQUIRE(pair.a.session.setLocal(std::nullopt));
    CHECK(pair.a.session.state() == after);
  }
  Pair pair;
  reach(pair, SignalingState::HaveRemotePrAnswer);
  CHECK_ERROR(pair.a.session.setLocal(std::nullopt), InvalidStateError);
}

TEST_CASE("setLocal takes only what was created last") {
  Pair pair;
  auto& a = pair.a.session;
  auto& b = pair.b.session;
  a.wantDataChannel();
  const auto offer = *a.createOffer();
  CHECK_ERROR(a.setLocal(SdpType::Offer, replaced(offer, "262144", "262145")), InvalidModificationError);
  CHECK_ERROR(a.setLocal(SdpType::Answer, offer), InvalidModificationError);
  CHECK(a.state() == SignalingState::Stable);
  REQUIRE(a.setLocal(SdpType::Offer, offer));
  CHECK(a.pendingLocal() == SessionDescription{SdpType::Offer, offer});
  CHECK(a.setLocal(SdpType::Offer, offer));

  REQUIRE(b.setRemote(SdpType::Offer, offer));
  const auto answer = *b.createAnswer();
  CHECK_ERROR(b.setLocal(SdpType::Answer, answer + "a=x\r\n"), InvalidModificationError);
  CHECK_ERROR(b.setLocal(SdpType::PrAnswer, answer + "a=x\r\n"), InvalidModificationError);

  SECTION("and nothing after the exchange is complete") {
    REQUIRE(b.setLocal(SdpType::Answer, answer));
    REQUIRE(a.setRemote(SdpType::Answer, answer));
    CHECK_ERROR(a.setLocal(SdpType::Offer, offer), InvalidModificationError);
  }
  SECTION("and not the answer to the offer before") {
    REQUIRE(b.setRemote(SdpType::Offer, replaced(offer, "262144", "262145")));
    CHECK_ERROR(b.setLocal(SdpType::Answer, answer), InvalidModificationError);
  }
  SECTION("but still the answer, if its offer was rolled back and came again") {
    REQUIRE(b.setRemote(SdpType::Rollback, ""));
    REQUIRE(b.createOffer());
    CHECK_ERROR(b.setLocal(SdpType::Answer, answer), InvalidStateError);
    REQUIRE(b.setRemote(SdpType::Offer, offer));
    CHECK(b.setLocal(SdpType::Answer, answer));
  }
}

TEST_CASE("a local offer that a remote offer meets is rolled back in a step of its own") {
  Pair pair;
  reach(pair, SignalingState::HaveLocalOffer);
  auto& a = pair.a.session;
  const auto theirs = *pair.b.session.createOffer();
  CHECK(a.needsRollback(SdpType::Offer));
  CHECK_FALSE(a.needsRollback(SdpType::Answer));
  CHECK_ERROR(a.setRemote(SdpType::Offer, theirs), InvalidStateError);
  auto rolledBack = a.setLocal(SdpType::Rollback);
  REQUIRE(rolledBack);
  CHECK(rolledBack->type == SdpType::Rollback);
  CHECK_FALSE(a.needsRollback(SdpType::Offer));
  REQUIRE(a.setRemote(SdpType::Offer, theirs));
  CHECK(a.state() == SignalingState::HaveRemoteOffer);
}

TEST_CASE("text that is not SDP is an error that names the line") {
  Pair pair;
  pair.a.session.wantDataChannel();
  auto offer = *pair.a.session.createOffer();
  const auto before = visible(pair.b.session);
  auto refused = pair.b.session.setRemote(SdpType::Offer, replaced(offer, "s=-\r\n", "s=-\r\nnonsense\r\n"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().name == ErrorName::OperationError);
  CHECK(refused.error().sdpLineNumber == 4);
  CHECK(visible(pair.b.session) == before);
  CHECK_ERROR(pair.b.session.setRemote(SdpType::Offer, ""), OperationError);
  // The state is looked at first.
  CHECK_ERROR(pair.b.session.setRemote(SdpType::Answer, "nonsense"), InvalidStateError);
}

TEST_CASE("the words of the vocabulary are the W3C's") {
  for (auto type : allTypes) CHECK(parseSdpType(toString(type)) == type);
  CHECK_FALSE(parseSdpType("Offer"));
  CHECK(toString(SdpType::PrAnswer) == "pranswer");
  CHECK(toString(SignalingState::HaveLocalPrAnswer) == "have-local-pranswer");
  CHECK(toString(SignalingState::HaveRemoteOffer) == "have-remote-offer");
  CHECK(toString(SignalingState::Closed) == "closed");
}
