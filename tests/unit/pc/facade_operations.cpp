#include "facade_support.hpp"

using namespace parley;
using namespace parley::test;

TEST_CASE("Operations run strictly one after another, in the order of the calls") {
  Pair pair;
  auto channel = pair.a.createDataChannel("x");
  std::vector<std::string> done;
  pair.a.createOffer().then([&](const SessionDescription&) { done.push_back("offer"); });
  pair.a.setLocalDescription().then([&] { done.push_back("local"); });
  pair.a.createAnswer().onRejected([&](const Error& error) { done.push_back(std::string(toString(error.name()))); });
  pair.a.addIceCandidate().onRejected([&](const Error& error) { done.push_back(std::string(toString(error.name()))); });
  CHECK(done.empty());
  CHECK(pair.a.signalingState() == SignalingState::Stable);
  pair.loop.settle();
  CHECK(done == std::vector<std::string>{"offer", "local", "InvalidStateError", "InvalidStateError"});
}

TEST_CASE("A blocking get in a program of one thread is refused instead of hanging") {
  Loop loop;
  PeerConnection pc(loop.engine);
  auto offer = pc.createOffer();
  CHECK_THROWN(offer.get(), InvalidStateError);
  loop.settle();
  CHECK_FALSE(offer.get().sdp.empty());
}

TEST_CASE("negotiationneeded fires once for the first channel, and only when the chain is empty") {
  Pair pair;
  int needed = 0;
  pair.a.onNegotiationNeeded([&] { ++needed; });
  auto pending = pair.a.createOffer();
  pair.a.createDataChannel("1");
  pair.a.createDataChannel("2");
  CHECK(needed == 0);
  pair.loop.settle();
  CHECK(needed == 1);
  pair.exchange();
  pair.loop.settle();
  CHECK(needed == 1);
  pair.a.createDataChannel("3");
  pair.loop.settle();
  CHECK(needed == 1);
  pair.a.restartIce();
  pair.loop.settle();
  CHECK(needed == 2);
}

TEST_CASE("negotiationneeded waits for the stable state") {
  Pair pair;
  pair.a.createDataChannel("a's");
  int needed = 0;
  pair.a.onNegotiationNeeded([&] { ++needed; });
  pair.loop.result(pair.a.setLocalDescription());
  pair.loop.result(pair.a.setLocalDescription({SdpType::Rollback}));
  pair.loop.settle();
  CHECK(needed == 1);
}

TEST_CASE("A remote offer in have-local-offer rolls the local one back, with the events of both steps") {
  Pair pair;
  pair.a.createDataChannel("a's");
  pair.b.createDataChannel("b's");
  pair.loop.result(pair.a.setLocalDescription());
  pair.loop.result(pair.b.setLocalDescription());
  CHECK(pair.a.sctp());
  std::vector<std::string> states;
  pair.a.onSignalingStateChange([&] { states.push_back(std::string(toString(pair.a.signalingState()))); });
  pair.loop.result(pair.a.setRemoteDescription(*pair.b.localDescription()));
  CHECK(states == std::vector<std::string>{"stable", "have-remote-offer"});
  pair.loop.result(pair.a.setLocalDescription());
  pair.loop.result(pair.b.setRemoteDescription(*pair.a.localDescription()));
  REQUIRE(pair.loop.runUntil([&] { return pair.a.connectionState() == PeerConnectionState::Connected; }));
}

TEST_CASE("A rollback takes the transports of the offer away, and their states with them") {
  Loop loop;
  PeerConnection pc(loop.engine);
  pc.createDataChannel("x");
  loop.result(pc.setLocalDescription());
  REQUIRE(loop.runUntil([&] { return pc.iceGatheringState() == IceGatheringState::Complete; }));
  const auto sctp = pc.sctp();
  loop.result(pc.setLocalDescription({SdpType::Rollback}));
  CHECK(pc.sctp() == nullptr);
  CHECK(sctp->state() == SctpTransportState::Closed);
  CHECK(pc.iceGatheringState() == IceGatheringState::New);
  CHECK(pc.localDescription() == std::nullopt);
  loop.result(pc.setLocalDescription());
  CHECK(pc.sctp() != sctp);
  REQUIRE(loop.runUntil([&] { return pc.iceGatheringState() == IceGatheringState::Complete; }));
}

TEST_CASE("Descriptions are refused by the errors of the specification") {
  Pair pair;
  auto& loop = pair.loop;
  CHECK_THROWN(loop.result(pair.a.createAnswer()), InvalidStateError);
  CHECK_THROWN(loop.result(pair.a.setRemoteDescription({SdpType::Answer, "v=0\r\n"})), InvalidStateError);
  CHECK_THROWN(loop.result(pair.a.setLocalDescription({SdpType::Rollback})), InvalidStateError);
  CHECK_THROWN(loop.result(pair.a.setLocalDescription({SdpType::Offer, "not what createOffer gave"})),
               InvalidModificationError);
  IceCandidateInit nowhere;
  nowhere.candidate = "candidate:1 1 udp 1 10.0.0.2 1 typ host";
  CHECK_THROWN(loop.result(pair.a.addIceCandidate(nowhere)), TypeError);
  try {
    loop.result(pair.a.setRemoteDescription({SdpType::Offer, "v=0\r\no=nonsense\r\n"}));
    FAIL("nonsense was applied");
  } catch (const RtcError& error) {
    CHECK(toString(error.name()) == "OperationError");
    CHECK(toString(error.errorDetail()) == "sdp-syntax-error");
    CHECK(error.sdpLineNumber() == 2);
  }
  CHECK(pair.a.signalingState() == SignalingState::Stable);
}

TEST_CASE("What is refused with an empty chain is refused at once, and else in its turn") {
  Pair pair;
  auto sender = pair.a.addTransceiver(MediaKind::Audio)->sender();
  const auto isRejected = [](const auto& promise) {
    if (!promise.isSettled()) return false;
    CHECK_THROWN(promise.get(), InvalidStateError);
    return true;
  };
  pair.loop.settle();
  CHECK(isRejected(pair.a.createAnswer()));
  CHECK(isRejected(pair.a.setLocalDescription({SdpType::Rollback})));
  CHECK(isRejected(pair.a.addIceCandidate()));
  auto other = pair.a.setLocalDescription({SdpType::Offer, "not what createOffer gave"});
  CHECK(other.isSettled());
  CHECK_THROWN(other.get(), InvalidModificationError);
  other = sender->replaceTrack(EncodedTrack::create(MediaKind::Video));
  CHECK(other.isSettled());
  CHECK_THROWN(other.get(), TypeError);

  auto offer = pair.a.createOffer();
  auto waiting = pair.a.createAnswer();
  CHECK_FALSE(waiting.isSettled());
  pair.loop.settle();
  CHECK(offer.isSettled());
  CHECK(isRejected(waiting));

  pair.loop.result(pair.b.setRemoteDescription(offer.get()));
  CHECK(isRejected(pair.b.createOffer()));
  pair.a.getTransceivers().at(0)->stop();
  CHECK(isRejected(sender->replaceTrack(nullptr)));
}

TEST_CASE("Candidates are refused by the errors of the specification") {
  Pair pair;
  pair.connect();
  const auto candidate = pair.b.sctp()->transport()->iceTransport()->getLocalCandidates().at(0).toJson();
  auto wrong = candidate;
  wrong.sdpMid = "no such section";
  CHECK_THROWN(pair.loop.result(pair.a.addIceCandidate(wrong)), OperationError);
  wrong = candidate;
  wrong.sdpMid.reset();
  wrong.sdpMLineIndex = 9;
  CHECK_THROWN(pair.loop.result(pair.a.addIceCandidate(wrong)), OperationError);
  wrong = candidate;
  wrong.usernameFragment = "none";
  CHECK_THROWN(pair.loop.result(pair.a.addIceCandidate(wrong)), OperationError);
  CHECK_NOTHROW(pair.loop.result(pair.a.addIceCandidate(candidate)));
  CHECK_NOTHROW(pair.loop.result(pair.a.addIceCandidate()));
}

TEST_CASE("An ICE restart keeps the transports and the channel, and ends in a new pair of credentials") {
  Pair pair;
  pair.connect();
  const auto ice = pair.a.sctp()->transport()->iceTransport();
  const auto before = ice->getLocalParameters()->usernameFragment;
  std::vector<std::string> gathering;
  pair.a.onIceGatheringStateChange([&] { gathering.push_back(std::string(toString(pair.a.iceGatheringState()))); });
  REQUIRE(pair.loop.runUntil([&] { return pair.a.iceGatheringState() == IceGatheringState::Complete; }));
  gathering.clear();
  pair.a.restartIce();
  pair.exchange();
  REQUIRE(pair.loop.runUntil([&] { return pair.a.iceGatheringState() == IceGatheringState::Complete; }));
  CHECK(gathering == std::vector<std::string>{"gathering", "complete"});
  CHECK(pair.a.sctp()->transport()->iceTransport() == ice);
  CHECK(ice->getLocalParameters()->usernameFragment != before);
  std::string received;
  pair.theirs->onMessage([&](const Message& message) { received = std::get<std::string>(message); });
  pair.loop.runFor(2s);
  pair.ours->send("after the restart");
  REQUIRE(pair.loop.runUntil([&] { return !received.empty(); }));
}
