#include "facade_support.hpp"

#include <parley/rtp_forwarder.hpp>

#include <set>

using namespace parley;
using namespace parley::test;

namespace {

EncodedFrame frameOf(MediaKind kind, std::uint32_t timestamp) {
  EncodedFrame frame;
  frame.kind = kind;
  frame.mimeType = kind == MediaKind::Audio ? "audio/opus" : "video/VP8";
  frame.type = EncodedFrameType::Key;
  // The tag of a key frame (RFC 6386 s.9.1), and something behind it.
  std::vector<std::uint8_t> bytes(60, 0x11);
  const std::uint8_t head[] = {0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00};
  if (kind == MediaKind::Video) std::copy(std::begin(head), std::end(head), bytes.begin());
  frame.data = FrameData(bytes);
  frame.rtpTimestamp = timestamp;
  return frame;
}

Configuration with(BundlePolicy policy) {
  auto configuration = udpAlone();
  configuration.bundlePolicy = policy;
  return configuration;
}

SessionDescription withoutBundle(SessionDescription description) {
  for (auto at = description.sdp.find("a=group:BUNDLE"); at != std::string::npos;
       at = description.sdp.find("a=group:BUNDLE"))
    description.sdp.erase(at, description.sdp.find('\n', at) + 1 - at);
  return description;
}

SessionDescription withBundle(SessionDescription description, const std::string& mids) {
  description = withoutBundle(std::move(description));
  description.sdp.insert(description.sdp.find("\r\nt=0 0\r\n") + 9, "a=group:BUNDLE " + mids + "\r\n");
  return description;
}

/// a sends audio and video and has a channel; b sends both back.
struct Call : Pair {
  explicit Call(BundlePolicy policy = BundlePolicy::Balanced) : Pair(with(policy), with(BundlePolicy::MaxCompat)) {
    for (const auto kind : {MediaKind::Audio, MediaKind::Video}) {
      tracks.push_back(EncodedTrack::create(kind));
      a.addTrack(tracks.back());
    }
    ours = a.createDataChannel("channel");
    b.onTrack([this](const TrackEvent& event) {
      event.track->onFrame([this](const EncodedFrame& frame) { ++frames[frame.kind]; });
    });
    b.onDataChannel([this](std::shared_ptr<DataChannel> channel) {
      theirs = std::move(channel);
      theirs->onMessage([this](const Message&) { ++messages; });
    });
  }

  using Change = std::function<SessionDescription(SessionDescription)>;
  void exchangeBy(const Change& change) {
    loop.result(a.setLocalDescription());
    loop.result(b.setRemoteDescription(change(*a.localDescription())));
    loop.result(b.setLocalDescription());
    loop.result(a.setRemoteDescription(change(*b.localDescription())));
  }
  bool connected() {
    return loop.runUntil([&] {
      return a.connectionState() == PeerConnectionState::Connected &&
             b.connectionState() == PeerConnectionState::Connected && ours->readyState() == DataChannelState::Open &&
             theirs && theirs->readyState() == DataChannelState::Open;
    });
  }
  /// Whether a frame of each kind and a message arrive.
  bool flows() {
    frames.clear();
    messages = 0;
    ours->send("hello");
    for (int i = 0; i < 100; ++i) {
      timestamp += 4000;
      for (const auto& track : tracks) track->write(frameOf(track->kind(), timestamp));
      loop.runFor(20ms);
      if (frames[MediaKind::Audio] > 2 && frames[MediaKind::Video] > 2 && messages > 0) return true;
    }
    return false;
  }
  std::set<std::shared_ptr<DtlsTransport>> transports(PeerConnection& of) {
    std::set<std::shared_ptr<DtlsTransport>> all;
    for (const auto& transceiver : of.getTransceivers()) {
      CHECK(transceiver->sender()->transport() == transceiver->receiver()->transport());
      all.insert(transceiver->sender()->transport());
    }
    if (of.sctp()) all.insert(of.sctp()->transport());
    return all;
  }

  std::vector<std::shared_ptr<EncodedTrack>> tracks;
  std::map<MediaKind, int> frames;
  int messages = 0;
  std::uint32_t timestamp = 0;
};

}  // namespace

TEST_CASE("With a peer that does not bundle each section has its transport, and all of them are the connection") {
  Call call;
  std::map<std::string, int> candidates, ends;
  int complete = 0;
  call.a.onIceCandidate([&](const std::optional<IceCandidate>& candidate) {
    if (!candidate) return void(++complete);
    ++(candidate->candidate().empty() ? ends : candidates)[candidate->sdpMid().value_or("none")];
    call.b.addIceCandidate(*candidate).onRejected([](const Error&) { FAIL("it was refused"); });
  });
  std::vector<PeerConnectionState> states;
  call.a.onConnectionStateChange([&] { states.push_back(call.a.connectionState()); });
  call.exchangeBy(withoutBundle);
  CHECK(call.transports(call.a).size() == 3);
  REQUIRE(call.connected());
  CHECK(candidates == std::map<std::string, int>{{"0", 1}, {"1", 1}, {"2", 1}});
  CHECK(ends == std::map<std::string, int>{{"0", 1}, {"1", 1}, {"2", 1}});
  CHECK(complete == 1);
  CHECK(states == std::vector{PeerConnectionState::Connecting, PeerConnectionState::Connected});
  CHECK(call.a.iceConnectionState() == IceConnectionState::Completed);
  CHECK(call.transports(call.a).size() == 3);
  CHECK(call.transports(call.b).size() == 3);
  std::set<std::uint16_t> ports;
  for (const auto& transport : call.transports(call.a)) {
    CHECK(transport->state() == DtlsTransportState::Connected);
    CHECK(transport->getRemoteCertificates().size() == 1);
    REQUIRE(transport->iceTransport()->getSelectedCandidatePair());
    ports.insert(*transport->iceTransport()->getSelectedCandidatePair()->local.port());
  }
  CHECK(ports.size() == 3);
  REQUIRE(call.flows());

  const auto report = call.loop.result(call.a.getStats());
  std::set<std::string> streams, used;
  std::size_t withData = 0;
  for (const auto* stream : report.all<OutboundRtpStreamStats>()) streams.insert(stream->transportId);
  for (const auto* transport : report.all<TransportStats>()) {
    used.insert(transport->id);
    withData += transport->bytesSent > 0;
    const auto* selected = report.get(*transport->selectedCandidatePairId);
    REQUIRE(selected);
    CHECK(std::get<CandidatePairStats>(*selected).transportId == transport->id);
    CHECK(report.has(*transport->remoteCertificateId));
  }
  CHECK(used.size() == 3);
  CHECK(withData == 3);
  CHECK(streams.size() == 2);
  CHECK(std::includes(used.begin(), used.end(), streams.begin(), streams.end()));

  SECTION("an ICE restart is one of all") {
    std::set<std::string> before, after;
    for (const auto& transport : call.transports(call.a))
      before.insert(transport->iceTransport()->getLocalParameters()->usernameFragment);
    call.a.restartIce();
    call.exchangeBy(withoutBundle);
    REQUIRE(call.connected());
    for (const auto& transport : call.transports(call.a))
      after.insert(transport->iceTransport()->getLocalParameters()->usernameFragment);
    CHECK(after.size() == 3);
    for (const auto& ufrag : before) CHECK_FALSE(after.contains(ufrag));
    CHECK(call.flows());
  }
  SECTION("a section that ends leaves the others") {
    const auto ended = call.a.getTransceivers()[0]->sender()->transport();
    call.a.getTransceivers()[0]->stop();
    call.exchangeBy(withoutBundle);
    CHECK(ended->state() == DtlsTransportState::Closed);
    CHECK(call.transports(call.a).size() == 2);
    CHECK(call.a.connectionState() == PeerConnectionState::Connected);
    call.tracks.erase(call.tracks.begin());
    call.tracks.push_back(EncodedTrack::create(MediaKind::Audio));
    call.a.addTrack(call.tracks.back());
    call.exchangeBy(withoutBundle);
    REQUIRE(call.connected());
    CHECK(call.transports(call.a).size() == 3);
    CHECK(call.flows());
  }
  SECTION("bundling them later leaves one, over which the association goes on") {
    // b does not offer it, and hears nothing of it: a peer that would is made up.
    call.loop.result(call.b.setLocalDescription());
    const auto second = call.a.getTransceivers()[1]->sender()->transport();
    call.loop.result(call.a.setRemoteDescription(withBundle(*call.b.localDescription(), "1 0 2")));
    CHECK(call.transports(call.a).size() == 3);
    call.loop.result(call.a.setLocalDescription());
    CHECK(call.transports(call.a) == std::set{second});
    CHECK(second->state() == DtlsTransportState::Connected);
    CHECK(call.a.connectionState() == PeerConnectionState::Connected);
    CHECK(call.ours->readyState() == DataChannelState::Open);
    CHECK(call.a.sctp()->state() == SctpTransportState::Connected);
    const auto moved = call.loop.result(call.a.getStats());
    CHECK(moved.all<TransportStats>().size() == 1);
    for (const auto* stream : moved.all<OutboundRtpStreamStats>())
      CHECK(stream->transportId == moved.first<TransportStats>()->id);
  }
  SECTION("one that is cut off is the state of the connection") {
    const auto ice = call.a.getTransceivers()[1]->sender()->transport()->iceTransport();
    call.loop.deadPort = ice->getSelectedCandidatePair()->local.port();
    REQUIRE(call.loop.runUntil([&] { return ice->state() == IceTransportState::Disconnected; }, 20s));
    CHECK(call.a.iceConnectionState() == IceConnectionState::Disconnected);
    CHECK(call.a.connectionState() == PeerConnectionState::Disconnected);
    CHECK(call.a.sctp()->transport()->iceTransport()->state() == IceTransportState::Completed);
    SECTION("and comes back with it") {
      call.loop.deadPort.reset();
      CHECK(call.connected());
      CHECK(call.flows());
    }
    SECTION("or fails with it, which a restart mends") {
      REQUIRE(call.loop.runUntil([&] { return call.a.connectionState() == PeerConnectionState::Failed; }, 60s));
      CHECK(call.a.sctp()->transport()->iceTransport()->state() == IceTransportState::Completed);
      call.a.restartIce();
      call.exchangeBy(withoutBundle);
      REQUIRE(call.connected());
      CHECK(call.flows());
    }
  }
  SECTION("closing closes them all") {
    const auto transports = call.transports(call.a);
    call.a.close();
    for (const auto& transport : transports) CHECK(transport->state() == DtlsTransportState::Closed);
    CHECK(call.loop.runUntil([&] { return call.theirs->readyState() == DataChannelState::Closed; }));
    for (const auto& transport : call.transports(call.b)) CHECK(transport->state() == DtlsTransportState::Closed);
  }
}

TEST_CASE("Packets are forwarded from and to sections that have transports of their own") {
  Call call;
  std::vector<std::shared_ptr<RtpForwarder>> forwarders;
  call.exchangeBy(withoutBundle);
  REQUIRE(call.connected());
  PeerConnection c(call.loop.engine, with(BundlePolicy::Balanced)), d(call.loop.engine, with(BundlePolicy::MaxCompat));
  Pair::trickle(c, d);
  Pair::trickle(d, c);
  std::map<MediaKind, int> forwarded;
  d.onTrack([&](const TrackEvent& event) {
    event.track->onFrame([&](const EncodedFrame& frame) { ++forwarded[frame.kind]; });
  });
  std::vector<std::shared_ptr<RtpForwarding>> forwardings;
  for (const auto& receiver : call.b.getReceivers()) {
    RtpTransceiverInit init;
    init.direction = RtpTransceiverDirection::SendOnly;
    forwarders.push_back(RtpForwarder::create(receiver));
    // Before there is a transport, which hears of it when it comes.
    forwardings.push_back(forwarders.back()->addSender(c.addTransceiver(receiver->track()->kind(), init)->sender()));
  }
  call.loop.result(c.setLocalDescription());
  call.loop.result(d.setRemoteDescription(withoutBundle(*c.localDescription())));
  call.loop.result(d.setLocalDescription());
  call.loop.result(c.setRemoteDescription(withoutBundle(*d.localDescription())));
  REQUIRE(call.loop.runUntil([&] { return d.connectionState() == PeerConnectionState::Connected; }));
  CHECK(call.transports(d).size() == 2);
  REQUIRE(call.flows());
  REQUIRE(call.flows());
  CHECK(forwarded[MediaKind::Audio] > 2);
  CHECK(forwarded[MediaKind::Video] > 2);
}

TEST_CASE("What is bundled leaves one transport, and the others go without a trace") {
  const auto policy = GENERATE(BundlePolicy::Balanced, BundlePolicy::MaxCompat, BundlePolicy::MaxBundle);
  CAPTURE(toString(policy));
  Call call(policy);
  std::vector<IceConnectionState> states;
  call.a.onIceConnectionStateChange([&] { states.push_back(call.a.iceConnectionState()); });
  call.loop.result(call.a.setLocalDescription());
  const auto offered = call.transports(call.a);
  CHECK(offered.size() == (policy == BundlePolicy::MaxBundle ? 1 : 3));
  const auto first = call.a.getTransceivers()[0]->sender()->transport();
  call.loop.runFor(50ms);
  CHECK(call.a.iceGatheringState() == IceGatheringState::Complete);
  call.loop.result(call.b.setRemoteDescription(*call.a.localDescription()));
  call.loop.result(call.b.setLocalDescription());
  CHECK(call.transports(call.b).size() == 1);
  call.loop.result(call.a.setRemoteDescription(*call.b.localDescription()));
  CHECK(call.transports(call.a) == std::set{first});
  for (const auto& transport : offered)
    CHECK((transport->state() == DtlsTransportState::Closed) == (transport != first));
  REQUIRE(call.connected());
  CHECK(call.flows());
  for (const auto state : states) CHECK(state != IceConnectionState::Failed);
  const auto report = call.loop.result(call.a.getStats());
  CHECK(report.all<TransportStats>().size() == 1);
  CHECK(report.all<IceCandidateStats>().size() == 2);
}

TEST_CASE("A peer that rejects what is bundle-only is met with what is not") {
  Call call;
  call.tracks.push_back(EncodedTrack::create(MediaKind::Video));
  call.a.addTrack(call.tracks.back());
  call.exchangeBy([](SessionDescription description) {
    description = withoutBundle(std::move(description));
    // It does not know the attribute either: to it the section is rejected (RFC 9143 s.6).
    const auto at = description.sdp.find("a=bundle-only\r\n");
    if (at != std::string::npos) description.sdp.erase(at, 15);
    return description;
  });
  CHECK(call.a.getTransceivers().size() == 2);
  call.tracks.pop_back();
  REQUIRE(call.connected());
  CHECK(call.flows());
}

TEST_CASE("A pool of candidates serves the first transports, and what is not used is closed") {
  auto configuration = with(BundlePolicy::Balanced);
  configuration.iceCandidatePoolSize = 3;
  Pair pair(configuration, with(BundlePolicy::Balanced));
  pair.loop.settle();
  CHECK(pair.loop.socketCount() == 3);
  SECTION("all of it, when there are as many sections") {
    pair.a.addTrack(EncodedTrack::create(MediaKind::Audio));
    pair.a.addTrack(EncodedTrack::create(MediaKind::Video));
    pair.a.createDataChannel("channel");
    pair.loop.result(pair.a.setLocalDescription());
    pair.loop.settle();
    CHECK(pair.loop.socketCount() == 3);
    pair.loop.result(pair.b.setRemoteDescription(*pair.a.localDescription()));
    pair.loop.result(pair.b.setLocalDescription());
    pair.loop.result(pair.a.setRemoteDescription(*pair.b.localDescription()));
    pair.loop.settle();
    CHECK(pair.loop.socketCount() == 2);
  }
  SECTION("some of it") {
    pair.connect();
    CHECK(pair.loop.socketCount() == 2);
  }
  SECTION("a smaller one, when the configuration changes") {
    auto changed = pair.a.getConfiguration();
    changed.iceCandidatePoolSize = 1;
    pair.a.setConfiguration(changed);
    pair.loop.settle();
    CHECK(pair.loop.socketCount() == 1);
    changed.iceCandidatePoolSize = 0;
    pair.a.setConfiguration(changed);
    pair.loop.settle();
    CHECK(pair.loop.socketCount() == 0);
  }
}
