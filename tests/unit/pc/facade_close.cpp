#include "facade_support.hpp"

using namespace parley;
using namespace parley::test;

TEST_CASE("Closing a channel fires closing and close at the other side, close at this one, and frees the id") {
  Pair pair;
  pair.connect();
  std::vector<std::string> events;
  pair.ours->onClosing([&] { events.push_back("our closing"); });
  pair.ours->onClose([&] { events.push_back("our close"); });
  pair.theirs->onClosing([&] {
    CHECK(pair.theirs->readyState() == DataChannelState::Closing);
    events.push_back("their closing");
  });
  pair.theirs->onClose([&] { events.push_back("their close"); });
  pair.theirs->onError([&](const RtcError&) { events.push_back("error"); });
  std::string last;
  pair.theirs->onMessage([&](const Message& message) { last = std::get<std::string>(message); });
  pair.ours->send("last words");
  const auto id = pair.ours->id();
  pair.ours->close();
  CHECK(pair.ours->readyState() == DataChannelState::Closing);
  REQUIRE(pair.loop.runUntil([&] { return events.size() == 3; }));
  CHECK(last == "last words");
  CHECK(events.front() == "their closing");
  CHECK(std::count(events.begin(), events.end(), "our close") == 1);
  CHECK(std::count(events.begin(), events.end(), "their close") == 1);
  CHECK(pair.ours->readyState() == DataChannelState::Closed);
  CHECK(pair.a.createDataChannel("next")->id() == id);
}

TEST_CASE("A channel that was never announced closes by itself") {
  Loop loop;
  PeerConnection pc(loop.engine);
  auto channel = pc.createDataChannel("x");
  bool closed = false;
  channel->onClose([&] { closed = true; });
  channel->close();
  CHECK(channel->readyState() == DataChannelState::Closing);
  loop.settle();
  CHECK(closed);
  CHECK(channel->readyState() == DataChannelState::Closed);
}

TEST_CASE("Closing the connection is silent here, and an error and a close for the channels there") {
  Pair pair;
  pair.connect();
  std::vector<std::string> events;
  pair.ours->onClose([&] { events.push_back("here"); });
  pair.a.onSignalingStateChange([&] { events.push_back("here"); });
  pair.a.onConnectionStateChange([&] { events.push_back("here"); });
  pair.a.onIceConnectionStateChange([&] { events.push_back("here"); });
  pair.theirs->onError([&](const RtcError& error) {
    events.push_back("error");
    CHECK(toString(error.name()) == "OperationError");
  });
  pair.theirs->onClose([&] { events.push_back("close"); });
  const auto sctp = pair.a.sctp();
  pair.a.close();
  CHECK(toString(pair.a.signalingState()) == "closed");
  CHECK(toString(pair.a.iceConnectionState()) == "closed");
  CHECK(toString(pair.a.connectionState()) == "closed");
  CHECK(pair.ours->readyState() == DataChannelState::Closed);
  CHECK(pair.a.sctp() == sctp);
  CHECK(sctp->state() == SctpTransportState::Closed);
  CHECK(sctp->transport()->state() == DtlsTransportState::Closed);
  CHECK(sctp->transport()->iceTransport()->state() == IceTransportState::Closed);
  CHECK_FALSE(sctp->transport()->iceTransport()->getSelectedCandidatePair());
  REQUIRE(pair.loop.runUntil([&] { return events.size() == 2; }));
  pair.loop.runFor(1s);
  CHECK(events == std::vector<std::string>{"error", "close"});
  pair.a.close();
}

TEST_CASE("Operations on a closed connection are rejected, and those under way are abandoned") {
  Loop loop;
  PeerConnection pc(loop.engine);
  bool called = false;
  auto pending = pc.createOffer();
  pending.then([&](const SessionDescription&) { called = true; }, [&](const Error&) { called = true; });
  pc.close();
  loop.settle();
  CHECK_FALSE(called);
  CHECK_THROWN(pending.get(), AbortError);

  std::vector<std::string> names;
  const auto note = [&](const Error& error) { names.push_back(std::string(toString(error.name()))); };
  pc.createOffer().onRejected(note);
  pc.createAnswer().onRejected(note);
  pc.setLocalDescription().onRejected(note);
  pc.setRemoteDescription({SdpType::Offer, ""}).onRejected(note);
  pc.addIceCandidate().onRejected(note);
  loop.settle();
  CHECK(names == std::vector<std::string>(5, "InvalidStateError"));
  CHECK_NOTHROW(pc.restartIce());
  const auto report = loop.result(pc.getStats());
  CHECK(report.first<PeerConnectionStats>());
}

TEST_CASE("A connection may be closed inside any of its handlers") {
  enum class Where { Signaling, Candidate, Gathering, Connection, Then, Open };
  const auto where =
      GENERATE(Where::Signaling, Where::Candidate, Where::Gathering, Where::Connection, Where::Then, Where::Open);
  Pair pair;
  bool closed = false;
  const auto close = [&] {
    CHECK_FALSE(closed);
    closed = true;
    pair.a.close();
  };
  auto channel = pair.a.createDataChannel("x");
  if (where == Where::Signaling) pair.a.onSignalingStateChange(close);
  if (where == Where::Candidate) pair.a.onIceCandidate([&](const auto&) { close(); });
  if (where == Where::Gathering) pair.a.onIceGatheringStateChange(close);
  if (where == Where::Connection) pair.a.onConnectionStateChange(close);
  if (where == Where::Open) channel->onOpen(close);
  auto set = pair.a.setLocalDescription();
  if (where == Where::Then) set.then(close);
  pair.loop.runUntil([&] { return set.isSettled(); });
  if (!closed) {
    pair.loop.result(pair.b.setRemoteDescription(*pair.a.localDescription()));
    pair.loop.result(pair.b.setLocalDescription());
    if (!closed) pair.a.setRemoteDescription(*pair.b.localDescription()).onRejected([](const Error&) {});
    REQUIRE(pair.loop.runUntil([&] { return closed; }));
  }
  pair.loop.runFor(1s);
  CHECK(pair.a.signalingState() == SignalingState::Closed);
}

TEST_CASE("A handler may destroy its own connection, and what it captured dies with it") {
  Loop loop;
  auto pc = std::make_shared<PeerConnection>(loop.engine);
  const std::weak_ptr<PeerConnection> watch = pc;
  auto channel = pc->createDataChannel("x");
  pc->onSignalingStateChange([pc]() mutable { pc.reset(); });
  pc->onIceCandidate([pc](const auto&) {});  // A cycle, until close() drops it.
  auto set = pc->setLocalDescription();
  pc->close();
  pc.reset();
  loop.settle();
  CHECK(watch.expired());
  CHECK(channel->readyState() == DataChannelState::Closed);
  CHECK_THROWN(channel->send("x"), InvalidStateError);
  CHECK_THROWN(set.get(), AbortError);

  std::optional<PeerConnection> inside(std::in_place, loop.engine);
  inside->createDataChannel("x");
  inside->onNegotiationNeeded([&] { inside.reset(); });
  loop.settle();
  CHECK_FALSE(inside);
}

TEST_CASE("A handler that throws is logged, and the next event still comes") {
  std::vector<std::string> lines;
  setLogHandler(LogLevel::Error, [&](const LogLine& line) { lines.emplace_back(line.text); });
  Loop loop;
  PeerConnection pc(loop.engine, udpAlone());
  int candidates = 0;
  pc.onSignalingStateChange([] { throw std::runtime_error("an application's fault"); });
  pc.onIceCandidate([&](const auto&) { ++candidates; });
  pc.createDataChannel("x");
  CHECK_NOTHROW(loop.result(pc.setLocalDescription()));
  REQUIRE(loop.runUntil([&] { return pc.iceGatheringState() == IceGatheringState::Complete; }));
  setLogHandler(LogLevel::Warning);
  CHECK(candidates == 3);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("an application's fault") != std::string::npos);
}

TEST_CASE("A slow application holds the sender up, and gets every message in the end") {
  Configuration small;
  small.extensions.receiveBufferLimit = 100'000;
  Pair pair({}, small);
  pair.connect();
  std::size_t received = 0;
  pair.theirs->onMessage([&](const Message& message) { received += std::get<1>(message).size(); });
  for (int i = 0; i < 60; ++i) pair.ours->send(std::vector<std::uint8_t>(50'000));
  REQUIRE(pair.loop.runUntil([&] { return received == 3'000'000; }, 60s));
  CHECK(pair.loop.runUntil([&] { return pair.ours->bufferedAmount() == 0; }));
}

TEST_CASE("Moving a connection moves its life") {
  Loop loop;
  PeerConnection first(loop.engine);
  auto channel = first.createDataChannel("x");
  PeerConnection second(std::move(first));
  CHECK(second.signalingState() == SignalingState::Stable);
  second = PeerConnection(loop.engine);
  CHECK(channel->readyState() == DataChannelState::Closed);
}
