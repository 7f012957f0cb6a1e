#include "facade_support.hpp"

#include <cmath>
#include <set>

using namespace parley;
using namespace parley::test;

namespace {

EncodedFrame vp8(bool key, std::uint32_t timestamp, std::size_t size = 3000, std::string rid = {}) {
  std::vector<std::uint8_t> bytes(size, 7);
  bytes[0] = key ? 0x10 : 0x11;
  if (key) {
    const std::uint8_t start[] = {0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};  // 640 x 480
    std::copy(std::begin(start), std::end(start), bytes.begin() + 3);
  }
  EncodedFrame frame;
  frame.mimeType = "video/VP8";
  frame.type = key ? EncodedFrameType::Key : EncodedFrameType::Delta;
  frame.data = FrameData(std::move(bytes));
  frame.rtpTimestamp = timestamp;
  frame.rid = std::move(rid);
  if (key) frame.width = 640, frame.height = 480;
  return frame;
}

EncodedFrame opus(std::uint32_t timestamp) {
  EncodedFrame frame;
  frame.kind = MediaKind::Audio;
  frame.mimeType = "audio/opus";
  frame.type = EncodedFrameType::Key;
  frame.data = FrameData(std::vector<std::uint8_t>(80, 1));
  frame.rtpTimestamp = timestamp;
  frame.audioLevel = std::uint8_t{20};
  return frame;
}

/// a sends a picture and a sound to b, which sends nothing.
struct Call : Pair {
  Call() {
    a.addTransceiver(camera, RtpTransceiverInit{RtpTransceiverDirection::SendOnly});
    a.addTransceiver(microphone, RtpTransceiverInit{RtpTransceiverDirection::SendOnly});
    camera->onKeyFrameRequest([this](const std::string&) { keyFrameWanted = true; });
    exchange();
    REQUIRE(loop.runUntil([&] {
      return a.connectionState() == PeerConnectionState::Connected &&
             b.connectionState() == PeerConnectionState::Connected;
    }));
  }
  /// 25 frames of video and 50 of audio in each second.
  void play(int seconds) {
    for (int i = 0; i < seconds * 50; ++i) {
      if (i % 2 == 0) {
        camera->write(vp8(std::exchange(keyFrameWanted, false), static_cast<std::uint32_t>(pictures * 3600)));
        ++pictures;
      }
      microphone->write(opus(static_cast<std::uint32_t>(sounds++ * 960)));
      loop.runFor(20ms);
    }
  }
  StatsReport ours() { return loop.result(a.getStats()); }
  StatsReport theirs() { return loop.result(b.getStats()); }

  std::shared_ptr<EncodedTrack> camera = EncodedTrack::create(MediaKind::Video),
                                microphone = EncodedTrack::create(MediaKind::Audio);
  bool keyFrameWanted = true;
  int pictures = 0, sounds = 0;
};

template <class Kind>
const Kind& the(const StatsReport& report, MediaKind kind) {
  const Kind* found = nullptr;
  for (const auto* each : report.all<Kind>())
    if (each->kind == kind) {
      CHECK_FALSE(found);
      found = each;
    }
  REQUIRE(found);
  return *found;
}

template <class Kind>
const Kind& at(const StatsReport& report, const std::optional<std::string>& id) {
  REQUIRE(id);
  const auto* stats = report.get(*id);
  REQUIRE(stats);
  REQUIRE(std::holds_alternative<Kind>(*stats));
  return std::get<Kind>(*stats);
}

std::set<std::string> typesOf(const StatsReport& report) {
  std::set<std::string> types;
  for (const auto& [id, stats] : report) types.insert(std::string(type(stats)));
  return types;
}

/// Whatever in JSON ends in Id names an object of the report.
void checkReferences(const StatsReport& report) {
  const auto json = report.toJson();
  int references = 0;
  for (std::size_t at = json.find("Id\":\""); at != std::string::npos; at = json.find("Id\":\"", at + 1)) {
    const auto begin = at + 5, end = json.find('"', begin);
    CHECK(report.has(json.substr(begin, end - begin)));
    ++references;
  }
  CHECK(references > 5);
}

}  // namespace

TEST_CASE("Statistics of what is sent say what was sent") {
  Call call;
  call.play(3);
  const auto report = call.ours();
  checkReferences(report);
  CHECK(typesOf(report) == std::set<std::string>{"candidate-pair", "certificate", "codec", "local-candidate",
                                                 "media-source", "outbound-rtp", "peer-connection", "remote-candidate",
                                                 "remote-inbound-rtp", "transport"});
  const auto& video = the<OutboundRtpStreamStats>(report, MediaKind::Video);
  CHECK(video.framesEncoded == 75u);
  CHECK(video.framesSent == 75u);
  CHECK(video.keyFramesEncoded == 1u);
  CHECK(*video.framesPerSecond >= 24);
  CHECK(*video.framesPerSecond <= 26);
  CHECK(video.frameWidth == 640u);
  CHECK(video.frameHeight == 480u);
  CHECK(video.packetsSent == 75 * 3);  // 3000 bytes in three packets
  CHECK(video.bytesSent >= 75 * 3000);
  CHECK(video.bytesSent <= 75 * 3000 + video.packetsSent * 6);  // VP8's descriptor
  CHECK(video.headerBytesSent >= video.packetsSent * 12);
  CHECK(video.retransmittedPacketsSent == 0);
  CHECK(video.nackCount == 0);
  CHECK(video.pliCount == 0u);
  CHECK(video.firCount == 0u);
  CHECK(video.encodingIndex == 0u);
  CHECK(video.rtxSsrc);
  CHECK(video.active);
  CHECK_FALSE(video.rid);
  CHECK(video.mid == call.a.getTransceivers()[0]->mid());
  const auto& codec = at<CodecStats>(report, video.codecId);
  CHECK(codec.mimeType == "video/VP8");
  CHECK(codec.payloadType == 96);
  CHECK(codec.clockRate == 90000);
  CHECK_FALSE(codec.channels);
  const auto& source = at<MediaSourceStats>(report, video.mediaSourceId);
  CHECK(source.trackIdentifier == call.camera->id());
  CHECK(source.frames == 75u);
  CHECK(source.framesPerSecond == video.framesPerSecond);
  CHECK(source.width == 640u);

  const auto& audio = the<OutboundRtpStreamStats>(report, MediaKind::Audio);
  CHECK(audio.packetsSent == 150);
  CHECK(audio.bytesSent == 150 * 80);
  CHECK_FALSE(audio.framesSent);
  CHECK_FALSE(audio.pliCount);
  CHECK_FALSE(audio.rtxSsrc);
  const auto& sound = at<CodecStats>(report, audio.codecId);
  CHECK(sound.mimeType == "audio/opus");
  CHECK(sound.clockRate == 48000);
  CHECK(sound.channels == 2u);
  CHECK(sound.sdpFmtpLine);
  CHECK(std::abs(*at<MediaSourceStats>(report, audio.mediaSourceId).audioLevel - 0.1) < 0.001);

  const auto& remote = at<RemoteInboundRtpStreamStats>(report, video.remoteId);
  CHECK(remote.localId == video.id);
  CHECK(remote.ssrc == video.ssrc);
  CHECK(remote.packetsLost == 0);
  CHECK(remote.packetsReceived > 75);
  CHECK(remote.packetsReceived <= video.packetsSent);
  REQUIRE(remote.roundTripTime);
  CHECK(*remote.roundTripTime > 0.0015);
  CHECK(*remote.roundTripTime < 0.01);
  CHECK(remote.roundTripTimeMeasurements >= 1);
  CHECK(remote.totalRoundTripTime >= *remote.roundTripTime);
  // It is as old as the report.
  CHECK(remote.timestamp < video.timestamp);
  CHECK(remote.timestamp > video.timestamp - 2000);
  CHECK(report.first<TransportStats>()->srtpCipher == "SRTP_AEAD_AES_128_GCM");
}

TEST_CASE("Statistics of what is received say what came, and what the sender says of it") {
  Call call;
  call.play(3);
  call.loop.runFor(50ms);
  const auto report = call.theirs();
  checkReferences(report);
  CHECK(typesOf(report) == std::set<std::string>{"candidate-pair", "certificate", "codec", "inbound-rtp",
                                                 "local-candidate", "peer-connection", "remote-candidate",
                                                 "remote-outbound-rtp", "transport"});
  const auto theirs = call.ours();
  const auto& sent = the<OutboundRtpStreamStats>(theirs, MediaKind::Video);
  const auto& video = the<InboundRtpStreamStats>(report, MediaKind::Video);
  CHECK(video.ssrc == sent.ssrc);
  CHECK(video.trackIdentifier == call.b.getReceivers()[0]->track()->id());
  CHECK(video.mid == call.b.getTransceivers()[0]->mid());
  CHECK(video.packetsReceived == 75 * 3);
  CHECK(video.packetsLost == 0);
  CHECK(video.packetsDiscarded == 0);
  CHECK(video.bytesReceived == sent.bytesSent);
  CHECK(video.headerBytesReceived == sent.headerBytesSent);
  CHECK(video.framesReceived == 75u);
  CHECK(video.framesDropped == 0u);
  CHECK(video.frameWidth == 640u);
  CHECK(video.retransmittedPacketsReceived == 0u);
  CHECK_FALSE(video.audioLevel);
  REQUIRE(video.lastPacketReceivedTimestamp);
  CHECK(*video.lastPacketReceivedTimestamp < video.timestamp);
  CHECK(*video.lastPacketReceivedTimestamp > video.timestamp - 200);
  CHECK(at<CodecStats>(report, video.codecId).mimeType == "video/VP8");

  const auto& audio = the<InboundRtpStreamStats>(report, MediaKind::Audio);
  CHECK(audio.packetsReceived == 150);
  CHECK_FALSE(audio.framesReceived);
  CHECK_FALSE(audio.pliCount);
  CHECK_FALSE(audio.retransmittedPacketsReceived);
  REQUIRE(audio.audioLevel);
  CHECK(std::abs(*audio.audioLevel - 0.1) < 0.001);

  const auto& remote = at<RemoteOutboundRtpStreamStats>(report, video.remoteId);
  CHECK(remote.localId == video.id);
  CHECK(remote.reportsSent >= 2);
  CHECK(remote.packetsSent > 75);
  CHECK(remote.packetsSent <= 75 * 3);
  CHECK(remote.bytesSent >= remote.packetsSent * 500);
  CHECK(remote.timestamp < video.timestamp);
  // Both sides have one clock here, and a millisecond is between them.
  CHECK(std::abs(remote.timestamp - remote.remoteTimestamp - 1) < 0.1);
  // b sends nothing, and measures by RRTR.
  CHECK(remote.roundTripTimeMeasurements >= 1);
  CHECK(remote.totalRoundTripTime > 0.0015);
}

TEST_CASE("Loss shows on both sides, and totals never go back") {
  Call call;
  call.play(1);
  int number = 0;
  // Every tenth datagram, whatever it is.
  call.loop.drop = [&] { return ++number % 10 == 0; };
  StatsReport before = call.ours();
  for (int second = 0; second < 4; ++second) {
    call.play(1);
    auto now = call.ours();
    const auto& old = the<OutboundRtpStreamStats>(before, MediaKind::Video);
    const auto& sent = the<OutboundRtpStreamStats>(now, MediaKind::Video);
    CHECK(sent.id == old.id);
    CHECK(sent.packetsSent > old.packetsSent);
    CHECK(sent.bytesSent > old.bytesSent);
    CHECK(sent.nackCount >= old.nackCount);
    before = std::move(now);
  }
  const auto& sent = the<OutboundRtpStreamStats>(before, MediaKind::Video);
  CHECK(sent.nackCount > 5);
  CHECK(sent.retransmittedPacketsSent > 10);
  CHECK(sent.packetsSent == 125 * 3 + sent.retransmittedPacketsSent);
  const auto& reported = at<RemoteInboundRtpStreamStats>(before, sent.remoteId);
  CHECK(reported.packetsLost > 5);
  CHECK(reported.fractionLost > 0);
  CHECK(reported.fractionLost < 0.3);
  CHECK(reported.packetsReceived < 125 * 3);
  const auto report = call.theirs();
  const auto& video = the<InboundRtpStreamStats>(report, MediaKind::Video);
  CHECK(video.packetsLost > 10);
  CHECK(video.retransmittedPacketsReceived > 10u);
  CHECK(video.retransmittedPacketsReceived <= sent.retransmittedPacketsSent);
  CHECK(video.rtxSsrc == sent.rtxSsrc);
  CHECK(video.nackCount >= sent.nackCount);
  REQUIRE(video.framesReceived);
  CHECK(*video.framesReceived > 100);
  CHECK(*video.framesReceived <= 125);
}

TEST_CASE("Objects keep their ids through holds and new offers, and go with their transceiver") {
  Call call;
  // A report comes in a second and a half at the latest.
  call.play(2);
  const auto before = call.ours(), received = call.theirs();
  const auto& video = the<OutboundRtpStreamStats>(before, MediaKind::Video);
  const auto& inbound = the<InboundRtpStreamStats>(received, MediaKind::Video);
  REQUIRE(video.remoteId);
  REQUIRE(video.codecId);
  REQUIRE(video.mediaSourceId);

  const auto transceiver = call.a.getTransceivers()[0];
  transceiver->direction(RtpTransceiverDirection::Inactive);
  call.exchange();
  call.play(1);
  const auto held = call.ours(), heldThere = call.theirs();
  const auto& resting = at<OutboundRtpStreamStats>(held, video.id);
  CHECK_FALSE(resting.active);
  CHECK(resting.packetsSent == video.packetsSent);
  CHECK(resting.remoteId == video.remoteId);
  CHECK(at<InboundRtpStreamStats>(heldThere, inbound.id).packetsReceived == inbound.packetsReceived);
  checkReferences(held);
  // The source goes on.
  CHECK(at<MediaSourceStats>(held, video.mediaSourceId).frames == 75u);

  transceiver->direction(RtpTransceiverDirection::SendOnly);
  call.exchange();
  call.play(1);
  const auto again = call.ours(), againThere = call.theirs();
  CHECK(at<OutboundRtpStreamStats>(again, video.id).active);
  CHECK(at<OutboundRtpStreamStats>(again, video.id).packetsSent > video.packetsSent);
  CHECK(at<OutboundRtpStreamStats>(again, video.id).codecId == video.codecId);
  CHECK(at<InboundRtpStreamStats>(againThere, inbound.id).packetsReceived > inbound.packetsReceived);

  transceiver->stop();
  call.exchange();
  const auto after = call.ours(), afterThere = call.theirs();
  CHECK_FALSE(after.has(video.id));
  CHECK_FALSE(after.has(*video.remoteId));
  CHECK_FALSE(after.has(*video.codecId));
  CHECK_FALSE(after.has(*video.mediaSourceId));
  CHECK_FALSE(afterThere.has(inbound.id));
  the<OutboundRtpStreamStats>(after, MediaKind::Audio);
}

TEST_CASE("A selector picks one sender or receiver, and what that refers to") {
  Call call;
  call.play(2);
  const auto sender = call.loop.result(call.a.getSenders()[0]->getStats());
  CHECK(sender.all<OutboundRtpStreamStats>().size() == 1);
  CHECK(the<OutboundRtpStreamStats>(sender, MediaKind::Video).mediaSourceId);
  CHECK(sender.all<CodecStats>().size() == 1);
  CHECK(sender.all<MediaSourceStats>().size() == 1);
  CHECK(sender.all<RemoteInboundRtpStreamStats>().size() == 1);
  CHECK(sender.all<TransportStats>().size() == 1);
  CHECK(sender.all<CertificateStats>().size() == 2);
  CHECK(sender.all<CandidatePairStats>().size() == 1);
  CHECK_FALSE(sender.first<PeerConnectionStats>());
  checkReferences(sender);

  const auto keys = [](const StatsReport& report) {
    std::vector<std::string> ids;
    for (const auto& [id, stats] : report) ids.push_back(id);
    return ids;
  };
  CHECK(keys(call.loop.result(call.a.getStats(call.camera))) == keys(sender));
  const auto receiver = call.loop.result(call.b.getStats(call.b.getReceivers()[1]->track()));
  CHECK(the<InboundRtpStreamStats>(receiver, MediaKind::Audio).remoteId);
  CHECK(receiver.all<InboundRtpStreamStats>().size() == 1);
  CHECK(call.loop.result(call.a.getReceivers()[0]->getStats()).size() == 0);

  CHECK_THROWN(call.loop.result(call.a.getStats(EncodedTrack::create(MediaKind::Video))), InvalidAccessError);
  call.a.addTransceiver(call.camera);
  CHECK_THROWN(call.loop.result(call.a.getStats(call.camera)), InvalidAccessError);
}

TEST_CASE("A media source lives as long as senders have its track, and counts each frame once") {
  Call call;
  const auto sender = call.a.getSenders()[0];
  call.play(1);
  auto report = call.ours();
  const std::string first = *the<OutboundRtpStreamStats>(report, MediaKind::Video).mediaSourceId;
  call.a.addTransceiver(call.camera);
  call.play(1);
  report = call.ours();
  CHECK(report.all<MediaSourceStats>().size() == 2);
  CHECK(at<MediaSourceStats>(report, first).frames == 50u);

  call.a.getTransceivers().back()->stop();
  call.loop.result(sender->replaceTrack(nullptr));
  report = call.ours();
  CHECK_FALSE(report.has(first));
  CHECK_FALSE(the<OutboundRtpStreamStats>(report, MediaKind::Video).mediaSourceId);
  call.loop.result(sender->replaceTrack(call.camera));
  report = call.ours();
  const auto& source = the<MediaSourceStats>(report, MediaKind::Video);
  CHECK(source.id != first);
  CHECK(source.frames == 0u);
  CHECK_FALSE(source.width);
  CHECK_FALSE(source.framesPerSecond);
}

TEST_CASE("Each stream of simulcast has an object, and its source counts pictures") {
  Pair pair;
  RtpTransceiverInit init;
  for (const char* rid : {"q", "f"}) {
    RtpEncodingParameters encoding;
    encoding.rid = rid;
    init.sendEncodings.push_back(encoding);
  }
  auto track = EncodedTrack::create(MediaKind::Video);
  const auto transceiver = pair.a.addTransceiver(track, init);
  pair.loop.result(pair.a.setLocalDescription());
  // Our answerer does not ask for simulcast: the offer is heard as a peer does that takes it.
  pair.loop.result(pair.b.setRemoteDescription(*pair.a.localDescription()));
  pair.loop.result(pair.b.setLocalDescription());
  pair.loop.result(pair.a.setRemoteDescription(*pair.b.localDescription()));
  REQUIRE(pair.loop.runUntil([&] { return pair.a.connectionState() == PeerConnectionState::Connected; }));
  for (std::uint32_t i = 0; i < 20; ++i) {
    for (const char* rid : {"q", "f"}) {
      auto frame = vp8(i == 0, i * 3000, *rid == 'q' ? 500 : 2000, rid);
      if (i == 0 && *rid == 'q') frame.width = 320, frame.height = 240;
      track->write(frame);
    }
    pair.loop.runFor(33ms);
  }
  const auto report = pair.loop.result(pair.a.getStats());
  const auto streams = report.all<OutboundRtpStreamStats>();
  REQUIRE(streams.size() == 2);
  for (const auto* stream : streams) {
    REQUIRE(stream->rid);
    CHECK(*stream->encodingIndex == (*stream->rid == "q" ? 0u : 1u));
    CHECK(stream->frameWidth == (*stream->rid == "q" ? 320u : 640u));
    CHECK(stream->framesSent == 20u);
  }
  const auto* source = report.first<MediaSourceStats>();
  REQUIRE(source);
  CHECK(source->frames == 20u);
  CHECK(source->width == 640u);
  auto parameters = transceiver->sender()->getParameters();
  parameters.encodings[0].active = false;
  pair.loop.result(transceiver->sender()->setParameters(parameters));
  const auto after = pair.loop.result(pair.a.getStats());
  for (const auto* stream : after.all<OutboundRtpStreamStats>()) CHECK(stream->active == (*stream->rid == "f"));
}

TEST_CASE("Frames that cannot be sent are counted by reason") {
  Pair pair;
  auto track = EncodedTrack::create(MediaKind::Video);
  pair.a.addTrack(track);
  pair.exchange();
  track->write(vp8(true, 0));  // Before DTLS.
  REQUIRE(pair.loop.runUntil([&] { return pair.a.connectionState() == PeerConnectionState::Connected; }));
  auto frame = vp8(true, 3000);
  frame.mimeType = "video/x-unknown";
  track->write(frame);
  const auto report = pair.loop.result(pair.a.getStats());
  const auto* transport = report.first<TransportStats>();
  REQUIRE(transport);
  CHECK(transport->drops.at("media.no-keys") == 1);
  CHECK(transport->drops.at("media.bad-frame") == 1);
  CHECK(report.toJson().find("\"media.bad-frame\":1") != std::string::npos);
}

TEST_CASE("A channel that was never open is not counted as closed") {
  Pair pair;
  auto channel = pair.a.createDataChannel("x");
  channel->close();
  pair.loop.settle();
  const auto report = pair.loop.result(pair.a.getStats());
  CHECK(report.first<PeerConnectionStats>()->dataChannelsOpened == 0);
  CHECK(report.first<PeerConnectionStats>()->dataChannelsClosed == 0);
}

TEST_CASE("After close, statistics are those of the last moment") {
  Pair pair;
  pair.connect();
  pair.ours->send("hello");
  pair.loop.runFor(100ms);
  const auto before = pair.loop.result(pair.a.getStats());
  pair.a.close();
  const auto at = pair.loop.result(pair.a.getStats());
  const auto* transport = at.first<TransportStats>();
  REQUIRE(transport);
  CHECK(transport->dtlsState == DtlsTransportState::Closed);
  CHECK(transport->packetsSent >= before.first<TransportStats>()->packetsSent);
  CHECK(at.first<PeerConnectionStats>()->dataChannelsOpened == 1);
  CHECK(at.first<PeerConnectionStats>()->dataChannelsClosed == at.first<PeerConnectionStats>()->dataChannelsOpened);
  CHECK(pair.loop.result(pair.a.getStats()).toJson() == at.toJson());
}
