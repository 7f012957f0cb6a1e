// Media between two data planes over the simulated network: ICE, DTLS, SRTP, RTP. Plans are exchanged by hand.

#include "pc/engine_core.hpp"
#include "sim/world.hpp"
#include "support/catch.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

using namespace parley;
using namespace std::chrono_literals;

namespace {

constexpr pc::TransceiverId video = 1;

class MediaEnd : public pc::PeerObserver, public std::enable_shared_from_this<MediaEnd> {
 public:
  static std::shared_ptr<MediaEnd> make(sim::World& world, sim::Host& host, bool offers, std::uint32_t ssrc) {
    auto end = std::shared_ptr<MediaEnd>(new MediaEnd(world, host, offers, ssrc));
    pc::PeerConfig config;
    config.certificate = end->certificate_;
    end->handle = host.engine().core().makePeer(config, end);
    return end;
  }

  void onPeerEvent(pc::PeerEvent event) override {
    if (auto* happened = std::get_if<pc::TransportEvent>(&event)) return onTransport(*happened);
    if (auto* frame = std::get_if<pc::FrameReceived>(&event)) {
      frames.push_back(std::move(frame->frame));
    } else if (std::get_if<pc::KeyFrameWanted>(&event)) {
      keyFrameWanted = true;
    } else if (auto* flow = std::get_if<pc::MediaFlows>(&event)) {
      flows.push_back(flow->flows);
    }
  }
  void onTransport(pc::TransportEvent& happened) {
    if (auto* found = std::get_if<ice::CandidateFound>(&happened.event)) {
      if (remote)
        remote->post(
            [candidate = found->candidate](pc::Peer& peer, Time now) { peer.addRemoteCandidate(1, candidate, now); });
    } else if (auto* state = std::get_if<pc::DtlsStateChanged>(&happened.event)) {
      dtls = state->state;
    }
  }
  bool wantsMessages() const override { return true; }

  void post(std::function<void(pc::Peer&, Time)> command, Duration wait = 20ms) {
    world_.after(wait, [this, command = std::move(command)] {
      handle.post(command);
      host_.run();
    });
  }

  pc::TransportPlan plan(const MediaEnd* other) const {
    pc::TransportPlan plan;
    plan.ice.local = credentials;
    plan.ice.role = offers_ ? ice::Role::Controlling : ice::Role::Controlled;
    pc::PlannedMedia media;
    media.transceiver = video;
    media.mid = "0";
    media.kind = MediaKind::Video;
    media.reducedSizeRtcp = true;
    pc::PlannedCodec vp8, rtx;
    vp8.payloadType = 96;
    vp8.name = "VP8";
    vp8.clockRate = 90000;
    vp8.feedback = {{"nack", ""}, {"nack", "pli"}};
    rtx.payloadType = 97;
    rtx.name = "rtx";
    rtx.clockRate = 90000;
    rtx.apt = 96;
    const std::vector<pc::PlannedExtension> extensions{{1, "urn:ietf:params:rtp-hdrext:sdes:mid"}};
    media.receiving = pc::PlannedReceiving{{vp8, rtx}, extensions, {}, {}};
    if (other) {
      plan.ice.remote = other->credentials;
      plan.dtls =
          pc::TransportPlan::Dtls{offers_ ? dtls::Role::Server : dtls::Role::Client, {other->certificate_->fingerprint()}};
      pc::PlannedEncoding encoding;
      encoding.ssrc = ssrc_;
      encoding.rtxSsrc = ssrc_ + 1;
      media.sending = pc::PlannedSending{{vp8, rtx}, extensions, {encoding}, std::nullopt};
    }
    plan.media.cname = offers_ ? "a" : "b";
    plan.media.sections = {media};
    return plan;
  }

  /// Frames of 4000 bytes, 30 a second; a key frame when it is wanted.
  void play(int count) {
    for (int i = 0; i < count; ++i)
      post(
          [this, i](pc::Peer& peer, Time now) {
            std::vector<std::uint8_t> bytes(4000, static_cast<std::uint8_t>(i));
            const bool key = i == 0 || std::exchange(keyFrameWanted, false);
            bytes[0] = key ? 0x10 : 0x11;
            if (key) {
              const std::uint8_t start[] = {0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};
              std::copy(std::begin(start), std::end(start), bytes.begin() + 3);
            }
            EncodedFrame frame;
            frame.mimeType = "video/VP8";
            frame.type = key ? EncodedFrameType::Key : EncodedFrameType::Delta;
            frame.captureTime = now;
            frame.data = FrameData(std::move(bytes));
            peer.sendFrame(video, std::move(frame), now);
          },
          Duration(1s) * i / 30);
  }

  pc::PeerHandle handle;
  MediaEnd* remote = nullptr;
  ice::Credentials credentials;
  std::vector<EncodedFrame> frames;
  std::vector<bool> flows;
  bool keyFrameWanted = false;
  dtls::State dtls = dtls::State::New;

 private:
  MediaEnd(sim::World& world, sim::Host& host, bool offers, std::uint32_t ssrc)
      : world_(world), host_(host), offers_(offers), ssrc_(ssrc) {
    credentials = ice::makeCredentials(world.random());
    certificate_ = *dtls::Certificate::generate(dtls::KeyType::EcdsaP256, world.random(), 1'767'225'600s);
  }
  sim::World& world_;
  sim::Host& host_;
  bool offers_;
  std::uint32_t ssrc_;
  std::shared_ptr<const dtls::Certificate> certificate_;
};

struct MediaPair {
  MediaPair() {
    a->remote = b.get();
    b->remote = a.get();
  }
  ~MediaPair() {
    a->handle.close();
    b->handle.close();
    world.runFor(1s);
  }
  void connect() {
    a->handle.post([plan = a->plan(nullptr)](pc::Peer& peer, Time now) { peer.apply({plan}, now); });
    b->post([plan = b->plan(a.get())](pc::Peer& peer, Time now) { peer.apply({plan}, now); });
    world.after(20ms,
                [this] { a->post([plan = a->plan(b.get())](pc::Peer& peer, Time now) { peer.apply({plan}, now); }); });
    REQUIRE(world.runUntil(
        [&] { return a->dtls == dtls::State::Connected && b->dtls == dtls::State::Connected; }, 10s));
  }

  sim::World world{7};
  sim::Host& hostA = world.addHost("a", {IpAddress::v4(10, 0, 0, 1)});
  sim::Host& hostB = world.addHost("b", {IpAddress::v4(10, 0, 0, 2)});
  std::shared_ptr<MediaEnd> a = MediaEnd::make(world, hostA, true, 100), b = MediaEnd::make(world, hostB, false, 200);
};

}  // namespace

TEST_CASE("encoded frames travel both ways, and one end's close is told to the other") {
  MediaPair pair;
  pair.connect();
  pair.a->play(90);
  pair.b->play(90);
  pair.world.runFor(4s);
  CHECK(pair.a->frames.size() == 90);
  REQUIRE(pair.b->frames.size() == 90);
  CHECK(pair.b->frames[0].type == EncodedFrameType::Key);
  CHECK(pair.b->frames[0].width == 640);
  CHECK(pair.b->frames[89].data.bytes()[2000] == 89);
  CHECK(pair.b->frames[30].rtpTimestamp - pair.b->frames[0].rtpTimestamp == 90000);
  REQUIRE(pair.b->flows == std::vector<bool>{true});
  pair.a->handle.close();
  pair.hostA.run();
  pair.world.runFor(200ms);
  CHECK(pair.b->flows == std::vector<bool>{true, false});
}

TEST_CASE("a path with jitter that loses a twentieth: what was lost is sent again, and frames come in order") {
  MediaPair pair;
  pair.connect();
  pair.a->play(1);
  pair.world.runFor(100ms);
  sim::LinkConfig link;
  link.delay = 30ms;
  link.jitter = 5ms;
  link.loss = 0.05;
  pair.world.setLink(link);
  pair.a->play(300);
  pair.world.runFor(12s);
  CHECK(pair.b->frames.size() >= 290);
  for (std::size_t i = 2; i < pair.b->frames.size(); ++i)
    CHECK(static_cast<std::int32_t>(pair.b->frames[i].rtpTimestamp - pair.b->frames[i - 1].rtpTimestamp) > 0);
}
