// Forwarding of each codec: what comes out at a receiver is what an origin put in.

#include "sim/two_connections.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/rtp_forwarder.hpp>
#include <parley/rtp_transceiver.hpp>
#include <parley/stats.hpp>

#include <algorithm>

using namespace parley;
using namespace parley::sim;

namespace {

using Bytes = std::vector<std::uint8_t>;

/// Bytes without a meaning, and without zeros.
Bytes filled(Bytes head, std::size_t size, int number) {
  while (head.size() < size)
    head.push_back(static_cast<std::uint8_t>((head.size() * 7 + static_cast<std::size_t>(number)) | 1));
  return head;
}

/// Frames as encoders write them, of more than one packet if they are video's.
Bytes frameBytes(const std::string& mimeType, bool key, int number) {
  if (mimeType == "video/VP9")
    return filled(key ? Bytes{0x82, 0x49, 0x83, 0x42, 0, 0x15, 0xf0, 0x11, 0xf0, 0, 0} : Bytes{0x86}, 3'000, number);
  if (mimeType == "video/H264") {
    const Bytes sets{0, 0,    0,    1,    0x67, 0x42, 0xe0, 0x1f, 0x8c, 0,    0,   0,
                     1, 0x68, 0xce, 0x3c, 0x80, 0,    0,    0,    1,    0x65, 0x88};
    return filled(key ? sets : Bytes{0, 0, 0, 1, 0x41, 0x9a}, 3'000, number);
  }
  if (mimeType == "video/AV1") {
    // A sequence header, and one frame to the end: its size takes two bytes of leb128.
    Bytes head = key ? Bytes{0x0a, 0x0d, 0x20, 0, 0, 3, 0x36, 0x19, 0x26, 0xd7, 0xc9, 1, 0x0d, 0, 0x20} : Bytes{};
    head.insert(head.end(), {0x32, 0xb8, 0x17, static_cast<std::uint8_t>(key ? 0x10 : 0x30)});
    return filled(head, head.size() + 2'999, number);
  }
  if (mimeType == "video/VP8")
    return filled(key ? Bytes{0x10, 0, 0, 0x9d, 1, 0x2a, 0x40, 1, 0xf0, 0} : Bytes{0x11}, 3'000, number);
  return filled({}, 80, number);
}

/// One origin, a server, one viewer.
struct Relay {
  explicit Relay(const std::string& codec, std::vector<std::string> viewersCodecs = {})
      : mimeType(codec), kind(codec.starts_with("audio") ? MediaKind::Audio : MediaKind::Video) {
    origin.connectTo(server);
    server.connectTo(origin);
    out.connectTo(client);
    client.connectTo(out);
    track = EncodedTrack::create(kind);
    track->onKeyFrameRequest([this](const std::string&) { keyWanted = true; });
    server.pc().onTrack([this](const TrackEvent& event) { forwarder = RtpForwarder::create(event.receiver); });
    client.pc().onTrack([this](const TrackEvent& event) {
      event.track->onFrame([this](const EncodedFrame& frame) { frames.push_back(frame); });
      shown = event.track;
    });
    origin.pc().addTransceiver(track, {RtpTransceiverDirection::SendOnly, {}, {}});
    const auto transceiver = out.pc().addTransceiver(kind, {RtpTransceiverDirection::SendOnly, {}, {}});
    sender = transceiver->sender();
    if (!viewersCodecs.empty()) {
      auto codecs = RtpSender::getCapabilities(kind).codecs;
      std::erase_if(codecs, [&](const RtpCodec& each) {
        return std::find(viewersCodecs.begin(), viewersCodecs.end(), each.mimeType) == viewersCodecs.end();
      });
      transceiver->setCodecPreferences(codecs);
    }
    REQUIRE(world.runUntil(
        [&] {
          return forwarder && shown && origin.pc().connectionState() == PeerConnectionState::Connected &&
                 client.pc().connectionState() == PeerConnectionState::Connected;
        },
        10s));
    forwarding = forwarder->addSender(sender);
  }

  /// Thirty frames a second.
  void play(int count) {
    for (int i = 0; i < count; ++i) {
      const bool key = std::exchange(keyWanted, false) || sent.empty() || kind == MediaKind::Audio;
      sent.push_back(frameBytes(mimeType, key, static_cast<int>(sent.size())));
      EncodedFrame frame;
      frame.kind = kind;
      frame.mimeType = mimeType;
      frame.type = key ? EncodedFrameType::Key : EncodedFrameType::Delta;
      frame.captureTime = world.now();
      frame.data = FrameData(Bytes(sent.back()));
      track->write(std::move(frame));
      world.runFor(33ms);
    }
  }
  /// Of the frames that arrived, how many are the next of those that were sent, behind the first of them.
  std::size_t inOrder() const {
    std::size_t count = 0, next = 0;
    for (const auto& frame : frames) {
      const auto bytes = frame.data.bytes();
      const auto found = std::find_if(
          sent.begin() + static_cast<std::ptrdiff_t>(next), sent.end(),
          [&](const Bytes& each) { return std::equal(each.begin(), each.end(), bytes.begin(), bytes.end()); });
      if (found == sent.end()) continue;
      next = static_cast<std::size_t>(found - sent.begin()) + 1;
      ++count;
    }
    return count;
  }
  RtpForwarding::Stats stats() {
    std::optional<RtpForwarding::Stats> stats;
    forwarding->getStats().then([&](const RtpForwarding::Stats& value) { stats = value; });
    REQUIRE(world.runUntil([&] { return stats.has_value(); }, 1s));
    return *stats;
  }
  std::uint64_t fecReceived(End& end) {
    std::optional<std::uint64_t> received;
    end.pc().getStats().then([&](const StatsReport& report) {
      received = 0;
      for (const auto* stream : report.all<InboundRtpStreamStats>())
        *received += stream->fecPacketsReceived.value_or(0);
    });
    REQUIRE(world.runUntil([&] { return received.has_value(); }, 1s));
    return *received;
  }

  const std::string mimeType;
  const MediaKind kind;
  World world{7};
  Host& originHost = world.addHost("origin", {IpAddress::v4(10, 0, 0, 1)});
  Host& serverHost = world.addHost("server", {IpAddress::v4(10, 0, 0, 2)});
  Host& viewerHost = world.addHost("viewer", {IpAddress::v4(10, 0, 0, 3)});
  End origin{world, originHost, true, {}, {}}, server{world, serverHost, false, {}, {}};
  End out{world, serverHost, false, {}, {}}, client{world, viewerHost, true, {}, {}};
  std::shared_ptr<EncodedTrack> track;
  std::shared_ptr<MediaStreamTrack> shown;
  std::shared_ptr<RtpForwarder> forwarder;
  std::shared_ptr<RtpSender> sender;
  std::shared_ptr<RtpForwarding> forwarding;
  std::vector<Bytes> sent;
  std::vector<EncodedFrame> frames;
  bool keyWanted = false;
};

}  // namespace

TEST_CASE("forwarding: frames of each codec arrive as they were sent, from a key frame on") {
  for (const char* codec :
       {"video/VP8", "video/VP9", "video/H264", "video/AV1", "audio/opus", "audio/PCMU", "audio/G722"}) {
    CAPTURE(codec);
    Relay relay(codec);
    relay.play(90);
    relay.world.runFor(200ms);
    CHECK(relay.frames.size() > 80);
    CHECK(relay.inOrder() == relay.frames.size());
    CHECK(relay.frames.front().type == EncodedFrameType::Key);
    CHECK(relay.frames.front().mimeType == codec);
    const auto stats = relay.stats();
    CHECK(stats.flowing);
    CHECK(stats.switches == 1);
    CHECK(stats.packetsDropped == 0);
  }
}

TEST_CASE("forwarding: a pause sends nothing, and ends with a key frame") {
  for (const char* codec : {"video/VP9", "video/H264", "video/AV1", "audio/opus"}) {
    CAPTURE(codec);
    Relay relay(codec);
    relay.play(30);
    relay.forwarding->paused(true);
    relay.play(10);
    const auto before = relay.frames.size();
    relay.play(30);
    CHECK(relay.frames.size() == before);
    CHECK_FALSE(relay.stats().flowing);
    relay.forwarding->paused(false);
    relay.play(30);
    relay.world.runFor(200ms);
    REQUIRE(relay.frames.size() > before + 20);
    CHECK(relay.frames[before].type == EncodedFrameType::Key);
    CHECK(relay.inOrder() == relay.frames.size());
  }
}

TEST_CASE("forwarding: a codec that the receiver has not agreed on is told, once, and not sent") {
  Relay relay("video/VP9", {"video/VP8", "video/rtx"});
  std::vector<std::string> errors;
  relay.forwarding->onError([&](const Error& error) { errors.push_back(std::string(toString(error.name()))); });
  relay.play(60);
  CHECK(relay.frames.empty());
  CHECK(errors == std::vector<std::string>{"NotSupportedError"});
  CHECK_FALSE(relay.stats().flowing);
}

TEST_CASE("forwarding: FEC of the origin restores what the server lost, and goes no further") {
  // The viewer knows nothing of it.
  Relay relay("video/VP8", {"video/VP8", "video/rtx"});
  LinkConfig link;
  link.delay = 75ms;
  link.loss = 0.03;
  relay.world.setLink(link);
  std::vector<std::string> errors;
  relay.forwarding->onError([&](const Error& error) { errors.push_back(std::string(toString(error.name()))); });
  relay.play(900);
  relay.world.runFor(1s);
  CHECK(relay.fecReceived(relay.server) > 50);
  CHECK(relay.fecReceived(relay.client) == 0);
  CHECK(errors.empty());
  CHECK(relay.frames.size() > 850);
  CHECK(relay.inOrder() == relay.frames.size());
  CHECK(relay.stats().switches == 1);
}

TEST_CASE("forwarding: a handler may end what calls it") {
  Relay relay("video/VP8");
  int told = 0;
  relay.forwarding->onSourceChanged([&](const std::string&) {
    ++told;
    relay.forwarding.reset();
  });
  relay.play(30);
  CHECK(told == 1);
  // The sender is free again, and so for another.
  relay.forwarding = relay.forwarder->addSender(relay.sender);
  const auto before = relay.frames.size();
  relay.play(30);
  REQUIRE(relay.frames.size() > before + 20);
  CHECK(relay.frames[before].type == EncodedFrameType::Key);
  relay.forwarding->onError([&](const Error&) { relay.forwarder.reset(); });
  relay.forwarder.reset();
  relay.play(10);
}
