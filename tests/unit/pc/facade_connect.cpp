#include "facade_support.hpp"

#include <algorithm>

using namespace parley;
using namespace parley::test;

TEST_CASE("Two connections open a channel, and text, bytes and empty messages arrive in order") {
  Pair pair;
  pair.connect();
  std::vector<Message> received;
  pair.theirs->onMessage([&](const Message& message) { received.push_back(message); });
  pair.ours->send("grüß dich");
  pair.ours->send(std::vector<std::uint8_t>{1, 2, 3});
  pair.ours->send("");
  pair.ours->send(std::vector<std::uint8_t>{});
  REQUIRE(pair.loop.runUntil([&] { return received.size() == 4; }));
  CHECK(received[0] == Message(std::string("grüß dich")));
  CHECK(received[1] == Message(std::vector<std::uint8_t>{1, 2, 3}));
  CHECK(received[2] == Message(std::string()));
  CHECK(received[3] == Message(std::vector<std::uint8_t>{}));
}

TEST_CASE("A connected connection shows its states, its transports and its certificate") {
  Pair pair(udpAlone(), udpAlone());
  CHECK(pair.a.sctp() == nullptr);
  pair.connect();
  CHECK(toString(pair.a.connectionState()) == "connected");
  CHECK(toString(pair.a.signalingState()) == "stable");
  CHECK((pair.a.iceConnectionState() == IceConnectionState::Connected ||
         pair.a.iceConnectionState() == IceConnectionState::Completed));
  REQUIRE(pair.loop.runUntil([&] { return pair.a.iceGatheringState() == IceGatheringState::Complete; }));

  const auto sctp = pair.a.sctp();
  REQUIRE(sctp);
  CHECK(sctp == pair.a.sctp());
  CHECK(sctp->state() == SctpTransportState::Connected);
  CHECK(sctp->maxMessageSize() == 262144.0);
  CHECK(sctp->maxChannels() == 65535);
  const auto dtls = sctp->transport();
  CHECK(dtls->state() == DtlsTransportState::Connected);
  CHECK(dtls->getRemoteCertificates().size() == 1);
  const auto ice = dtls->iceTransport();
  CHECK(toString(ice->role()) == "controlling");
  CHECK(toString(pair.b.sctp()->transport()->iceTransport()->role()) == "controlled");
  CHECK(ice->component() == IceComponent::Rtp);
  CHECK(ice->gatheringState() == IceGathererState::Complete);
  CHECK(ice->getLocalCandidates().size() == 1);
  CHECK(ice->getRemoteCandidates().size() == 1);
  REQUIRE(ice->getSelectedCandidatePair());
  CHECK(ice->getSelectedCandidatePair()->local.address() == "10.0.0.1");
  CHECK(ice->getLocalParameters()->usernameFragment ==
        pair.b.sctp()->transport()->iceTransport()->getRemoteParameters()->usernameFragment);
}

TEST_CASE("Channel ids follow the roles of DTLS, and are known as soon as the answer is applied") {
  Pair pair;
  auto first = pair.a.createDataChannel("first");
  auto second = pair.a.createDataChannel("second");
  auto negotiated = pair.a.createDataChannel("by hand", {.negotiated = true, .id = 1});
  CHECK(first->id() == std::nullopt);
  CHECK(negotiated->id() == 1);
  pair.exchange();
  // The answerer is the DTLS client (RFC 5763 s.5), so that the offerer has the odd ids.
  CHECK(first->id() == 3);
  CHECK(second->id() == 5);
  auto fromClient = pair.b.createDataChannel("client's");
  CHECK(fromClient->id() == 0);
}

TEST_CASE("The events of a connection come in the order of the specification") {
  Pair pair(udpAlone(), udpAlone());
  std::vector<std::string> events;
  pair.a.onNegotiationNeeded([&] { events.push_back("negotiationneeded"); });
  pair.a.onSignalingStateChange(
      [&] { events.push_back("signaling " + std::string(toString(pair.a.signalingState()))); });
  pair.a.onIceGatheringStateChange(
      [&] { events.push_back("gathering " + std::string(toString(pair.a.iceGatheringState()))); });
  pair.a.onConnectionStateChange(
      [&] { events.push_back("connection " + std::string(toString(pair.a.connectionState()))); });
  pair.a.onIceCandidate([&](const std::optional<IceCandidate>& candidate) {
    events.push_back(!candidate ? "null" : candidate->candidate().empty() ? "end" : "candidate");
    if (candidate) pair.b.addIceCandidate(*candidate).onRejected([](const Error&) {});
  });
  auto channel = pair.a.createDataChannel("x");
  channel->onOpen([&] { events.push_back("open"); });
  pair.loop.settle();
  CHECK(events == std::vector<std::string>{"negotiationneeded"});
  events.clear();

  pair.a.setLocalDescription().then([&] { events.push_back("set"); });
  REQUIRE(pair.loop.runUntil([&] { return pair.a.iceGatheringState() == IceGatheringState::Complete; }));
  CHECK(events == std::vector<std::string>{"signaling have-local-offer", "set", "gathering gathering", "candidate",
                                           "end", "gathering complete", "null"});
  events.clear();

  pair.loop.result(pair.b.setRemoteDescription(*pair.a.localDescription()));
  pair.loop.result(pair.b.setLocalDescription());
  pair.a.setRemoteDescription(*pair.b.localDescription()).then([&] { events.push_back("set"); });
  REQUIRE(pair.loop.runUntil([&] { return channel->readyState() == DataChannelState::Open; }));
  CHECK(events ==
        std::vector<std::string>{"signaling stable", "set", "connection connecting", "connection connected", "open"});
}

TEST_CASE("Handlers set inside onDataChannel miss nothing, and can send at once") {
  Pair pair;
  std::vector<std::string> events;
  std::shared_ptr<DataChannel> theirs;
  pair.b.onDataChannel([&](std::shared_ptr<DataChannel> channel) {
    theirs = channel;
    events.push_back("datachannel " + channel->label() + " " + std::string(toString(channel->readyState())));
    channel->send("early");
    channel->onOpen([&] { events.push_back("open"); });
    channel->onMessage([&](const Message& message) { events.push_back(std::get<std::string>(message)); });
  });
  auto ours = pair.a.createDataChannel("label", {.ordered = false, .maxRetransmits = 2, .protocol = "p"});
  std::string back;
  ours->onMessage([&](const Message& message) { back = std::get<std::string>(message); });
  ours->onOpen([&] {
    ours->send("one");
    ours->send("two");
  });
  pair.exchange();
  REQUIRE(pair.loop.runUntil([&] { return events.size() == 4 && !back.empty(); }));
  CHECK(events[0] == "datachannel label open");
  CHECK(events[1] == "open");
  CHECK(std::vector<std::string>(events.begin() + 2, events.end()) == std::vector<std::string>{"one", "two"});
  CHECK(back == "early");
  CHECK_FALSE(theirs->ordered());
  CHECK(theirs->maxRetransmits() == 2);
  CHECK(theirs->protocol() == "p");
  CHECK(theirs->id() == ours->id());
  CHECK_FALSE(theirs->negotiated());
}

TEST_CASE("bufferedAmount grows with send, falls in later tasks, and fires once when it becomes low") {
  Pair pair;
  pair.connect();
  int low = 0;
  pair.ours->bufferedAmountLowThreshold(100);
  pair.ours->onBufferedAmountLow([&] {
    ++low;
    CHECK(pair.ours->bufferedAmount() <= 100);
  });
  pair.ours->send(std::vector<std::uint8_t>(1000));
  pair.ours->send("äöü");
  CHECK(pair.ours->bufferedAmount() == 1006);
  REQUIRE(pair.loop.runUntil([&] { return pair.ours->bufferedAmount() == 0; }));
  CHECK(low == 1);
}

TEST_CASE("Statistics are consistent, refer to each other, and print as JSON") {
  Pair pair;
  pair.connect();
  pair.ours->send("hello");
  pair.loop.runFor(100ms);
  const auto report = pair.loop.result(pair.a.getStats());
  const auto* transport = report.first<TransportStats>();
  REQUIRE(transport);
  CHECK(transport->dtlsState == DtlsTransportState::Connected);
  CHECK(transport->tlsVersion == "FEFD");
  CHECK(transport->dtlsRole == "server");
  CHECK(transport->bytesSent > 0);
  REQUIRE(transport->selectedCandidatePairId);
  const auto* selected = std::get_if<CandidatePairStats>(report.get(*transport->selectedCandidatePairId));
  REQUIRE(selected);
  CHECK(selected->nominated);
  CHECK(report.has(selected->localCandidateId));
  CHECK(report.has(selected->remoteCandidateId));
  CHECK(report.has(*transport->localCertificateId));
  CHECK(report.has(*transport->remoteCertificateId));
  CHECK(report.all<CertificateStats>().size() == 2);
  const auto* channel = report.first<DataChannelStats>();
  REQUIRE(channel);
  CHECK(channel->messagesSent == 1);
  CHECK(channel->bytesSent == 5);
  CHECK(report.first<PeerConnectionStats>()->dataChannelsOpened == 1);
  for (const auto& [key, stats] : report) {
    CHECK(id(stats) == key);
    CHECK(timestamp(stats) > 1.7e12);  // after 2023
  }
  const auto json = report.toJson();
  CHECK(json.find("\"type\":\"candidate-pair\"") != std::string::npos);
  CHECK(json.find("\"type\":\"local-candidate\"") != std::string::npos);
  CHECK(json.find("\"dataChannelIdentifier\":1") != std::string::npos);
}

TEST_CASE("Whoever hears that ICE is connected finds the pair that is used") {
  Pair pair;
  pair.a.createDataChannel("x");
  int connected = 0;
  const auto look = [&](PeerConnection& pc) {
    if (pc.iceConnectionState() != IceConnectionState::Connected) return;
    ++connected;
    CHECK(pc.sctp()->transport()->iceTransport()->getSelectedCandidatePair());
  };
  pair.a.onIceConnectionStateChange([&] { look(pair.a); });
  pair.b.onIceConnectionStateChange([&] { look(pair.b); });
  pair.exchange();
  REQUIRE(pair.loop.runUntil([&] {
    return pair.a.connectionState() == PeerConnectionState::Connected &&
           pair.b.connectionState() == PeerConnectionState::Connected;
  }));
  CHECK(connected == 2);
}
