// Forwarding: an origin sends three layers of simulcast to a server, whose connections to two receivers get one of
// them.

#include "sim/two_connections.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/rtp_forwarder.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <set>

using namespace parley;
using namespace parley::sim;

namespace {

constexpr std::array<const char*, 3> rids{"l", "m", "h"};
constexpr std::array<std::uint16_t, 3> widths{160, 320, 640};

/// Who shows what is forwarded.
struct Viewer {
  Viewer(World& world, Host& serverHost, const std::string& name, std::uint8_t number)
      : host(world.addHost(name, {IpAddress::v4(10, 0, 1, number)})),
        server(world, serverHost, false, {}, {}),
        client(world, host, true, {}, {}) {
    server.connectTo(client);
    client.connectTo(server);
    client.pc().onTrack([this](const TrackEvent& event) {
      event.track->onFrame([this](const EncodedFrame& frame) { frames.push_back(frame); });
      track = event.track;
    });
    sender = server.pc().addTransceiver(MediaKind::Video, {RtpTransceiverDirection::SendOnly, {}, {}})->sender();
  }
  std::uint16_t lastWidth() const {
    for (auto it = frames.rbegin(); it != frames.rend(); ++it)
      if (it->width != 0) return it->width;
    return 0;
  }
  /// Steps between picture ids that are not one.
  int gaps(std::size_t from = 0) const {
    int count = 0;
    for (std::size_t i = from + 1; i < frames.size(); ++i) {
      const auto& before = std::get<Vp8FrameInfo>(frames[i - 1].codec);
      const auto& now = std::get<Vp8FrameInfo>(frames[i].codec);
      count += ((*now.pictureId - *before.pictureId) & 0x7fff) != 1;
      if (now.temporalId == 0) CHECK(static_cast<std::uint8_t>(*now.tl0PicIdx - *before.tl0PicIdx) <= 1);
    }
    return count;
  }

  Host& host;
  End server, client;
  std::shared_ptr<RtpSender> sender;
  std::shared_ptr<RtpForwarding> forwarding;
  std::shared_ptr<MediaStreamTrack> track;
  std::vector<EncodedFrame> frames;
  std::vector<std::string> sources;
};

struct Room {
  explicit Room(int viewerCount = 2) {
    origin.connectTo(server);
    server.connectTo(origin);
    server.pc().onTrack([this](const TrackEvent& event) { forwarder = RtpForwarder::create(event.receiver); });
    camera->onKeyFrameRequest([this](const std::string& rid) {
      for (std::size_t i = 0; i < rids.size(); ++i)
        if (rid.empty() || rid == rids[i]) keyWanted[i] = true, ++requests;
    });
    RtpTransceiverInit init;
    init.direction = RtpTransceiverDirection::SendOnly;
    for (const char* rid : rids) {
      RtpEncodingParameters encoding;
      encoding.rid = rid;
      init.sendEncodings.push_back(encoding);
    }
    origin.pc().addTransceiver(camera, init);
    for (int i = 0; i < viewerCount; ++i)
      viewers.push_back(std::make_unique<Viewer>(world, serverHost, "viewer", static_cast<std::uint8_t>(i + 1)));
    REQUIRE(world.runUntil(
        [&] {
          return forwarder && origin.pc().connectionState() == PeerConnectionState::Connected &&
                 std::all_of(viewers.begin(), viewers.end(), [](const auto& each) {
                   return each->client.pc().connectionState() == PeerConnectionState::Connected && each->track;
                 });
        },
        10s));
  }
  ~Room() { playing = false; }

  void watch(Viewer& viewer, const std::string& rid) {
    viewer.forwarding = forwarder->addSender(viewer.sender);
    viewer.forwarding->onSourceChanged([&viewer](const std::string& source) { viewer.sources.push_back(source); });
    viewer.forwarding->select(rid);
  }

  /// 30 frames a second of each layer, two temporal layers.
  void play() {
    playing = true;
    next();
  }
  void next() {
    if (!playing) return;
    for (std::size_t i = 0; i < rids.size(); ++i) {
      if (silent.count(rids[i])) continue;
      const bool key = std::exchange(keyWanted[i], false) || count == 0;
      std::vector<std::uint8_t> bytes(700 * (i + 1), static_cast<std::uint8_t>(count));
      bytes[0] = key ? 0x10 : 0x11;
      if (key) {
        const auto width = widths[i];
        const std::uint8_t start[] = {
            0x9d, 0x01, 0x2a, static_cast<std::uint8_t>(width), static_cast<std::uint8_t>(width >> 8), 90, 0};
        std::copy(std::begin(start), std::end(start), bytes.begin() + 3);
      }
      EncodedFrame frame;
      frame.mimeType = "video/VP8";
      frame.type = key ? EncodedFrameType::Key : EncodedFrameType::Delta;
      frame.captureTime = world.now();
      frame.rid = rids[i];
      Vp8FrameInfo info;
      info.pictureId = static_cast<std::uint16_t>((0x7ff0 + 5000 * i + static_cast<std::size_t>(pictures[i])) & 0x7fff);
      ++pictures[i];
      info.temporalId = static_cast<std::uint8_t>(key ? 0 : count % 2);
      if (info.temporalId == 0) ++base[i];
      info.tl0PicIdx = static_cast<std::uint8_t>(base[i] + 77 * static_cast<int>(i));
      info.layerSync = info.temporalId == 1;
      frame.codec = info;
      frame.data = FrameData(std::move(bytes));
      camera->write(std::move(frame));
    }
    ++count;
    world.after(Duration(1s) / 30, [this] { next(); });
  }

  World world{11};
  Host& originHost = world.addHost("origin", {IpAddress::v4(10, 0, 0, 1)});
  Host& serverHost = world.addHost("server", {IpAddress::v4(10, 0, 0, 2)});
  End origin{world, originHost, true, {}, {}}, server{world, serverHost, false, {}, {}};
  std::shared_ptr<EncodedTrack> camera = EncodedTrack::create(MediaKind::Video);
  std::shared_ptr<RtpForwarder> forwarder;
  std::vector<std::unique_ptr<Viewer>> viewers;
  std::array<bool, 3> keyWanted{};
  std::array<int, 3> pictures{}, base{};
  std::set<std::string> silent;
  int count = 0, requests = 0;
  bool playing = false;
};

}  // namespace

TEST_CASE("forwarding: a receiver's layer changes at a key frame, and its pictures go on without a gap") {
  Room room;
  auto &a = *room.viewers[0], &b = *room.viewers[1];
  room.play();
  room.watch(a, "l");
  room.watch(b, "h");
  room.world.runFor(3s);
  CHECK(a.lastWidth() == 160);
  CHECK(b.lastWidth() == 640);
  REQUIRE(a.frames.size() > 60);
  CHECK(a.frames.front().type == EncodedFrameType::Key);
  a.forwarding->select("h");
  b.forwarding->select("m");
  room.world.runFor(3s);
  CHECK(a.lastWidth() == 640);
  CHECK(b.lastWidth() == 320);
  CHECK(a.sources.back() == "h");
  CHECK(a.gaps() == 0);
  CHECK(b.gaps() == 0);
  CHECK(a.frames.size() > 150);
  // The clocks of the layers begin anywhere; what is forwarded goes on by the time that passes.
  for (std::size_t i = 1; i < a.frames.size(); ++i) {
    const auto step = static_cast<std::int32_t>(a.frames[i].rtpTimestamp - a.frames[i - 1].rtpTimestamp);
    CHECK(step > 0);
    CHECK(step < 90000);
  }
  // A request of the receiver's is answered by the layer that it gets.
  const auto before = a.frames.size();
  a.track->requestKeyFrame();
  room.world.runFor(1s);
  CHECK(std::any_of(a.frames.begin() + static_cast<std::ptrdiff_t>(before), a.frames.end(),
                    [](const auto& each) { return each.type == EncodedFrameType::Key && each.width == 640; }));
}

TEST_CASE("forwarding: a temporal layer is left out and comes back without a gap") {
  Room room(1);
  auto& a = *room.viewers[0];
  room.play();
  room.watch(a, "l");
  room.world.runFor(2s);
  a.forwarding->maxTemporalLayer(0);
  room.world.runFor(100ms);
  auto before = a.frames.size();
  room.world.runFor(4s);
  CHECK(a.frames.size() - before >= 55);
  CHECK(a.frames.size() - before <= 65);
  a.forwarding->maxTemporalLayer(std::nullopt);
  before = a.frames.size();
  room.world.runFor(2s);
  CHECK(a.frames.size() - before >= 55);
  CHECK(a.gaps() == 0);
}

TEST_CASE("forwarding: with loss on all paths, what is lost is repaired, and switching goes on") {
  Room room;
  auto &a = *room.viewers[0], &b = *room.viewers[1];
  LinkConfig link;
  link.delay = 20ms;
  link.jitter = 5ms;
  link.loss = 0.03;
  room.world.setLink(link);
  room.play();
  room.watch(a, "l");
  room.watch(b, "m");
  for (int i = 0; i < 6; ++i) {
    room.world.runFor(2s);
    a.forwarding->select(rids[static_cast<std::size_t>(i) % 3]);
  }
  room.world.runFor(3s);
  CHECK(a.lastWidth() == 640);
  CHECK(a.sources.size() >= 5);
  CHECK(a.frames.size() > 400);
  CHECK(b.frames.size() > 400);
  CHECK(a.gaps() <= 5);
  CHECK(b.gaps() <= 5);
}

TEST_CASE("forwarding: who joins late begins with a key frame; a layer that stops is replaced, and comes back") {
  Room room;
  auto &a = *room.viewers[0], &b = *room.viewers[1];
  room.play();
  room.watch(a, "h");
  room.world.runFor(3s);
  room.watch(b, "h");
  room.world.runFor(1s);
  REQUIRE_FALSE(b.frames.empty());
  CHECK(b.frames.front().type == EncodedFrameType::Key);
  CHECK(b.frames.front().width == 640);
  room.silent = {"h"};
  room.world.runFor(3s);
  CHECK(a.lastWidth() < 640);
  room.silent.clear();
  room.world.runFor(2s);
  CHECK(a.lastWidth() == 640);
  CHECK(a.gaps() == 0);
}

TEST_CASE("forwarding: connections and handles end in any order") {
  Room room;
  auto &a = *room.viewers[0], &b = *room.viewers[1];
  room.play();
  room.watch(a, "l");
  room.watch(b, "l");
  CHECK_THROWS_AS(room.forwarder->addSender(a.sender), Error);
  CHECK_THROWS_AS(room.forwarder->addSender(nullptr), Error);
  room.world.runFor(1s);
  a.server.close();
  room.world.runFor(1s);
  const auto before = b.frames.size();
  room.world.runFor(1s);
  CHECK(b.frames.size() - before > 25);
  b.forwarding.reset();
  room.world.runFor(200ms);
  const auto after = b.frames.size();
  room.world.runFor(1s);
  CHECK(b.frames.size() == after);
  // The sender is free for another, which begins with a key frame and the next numbers.
  room.watch(b, "m");
  room.world.runFor(1s);
  REQUIRE(b.frames.size() > after + 20);
  CHECK(b.frames[after].width == 320);
  CHECK(b.gaps() == 0);
  room.server.close();
  room.world.runFor(1s);
  CHECK_THROWS_AS(RtpForwarder::create(room.forwarder->receiver()), Error);
  room.forwarder.reset();
  b.forwarding->select("h");
  b.forwarding.reset();
  room.world.runFor(1s);
}
