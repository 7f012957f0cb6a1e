#pragma once

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "pc/media_plane.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "rtp/packet.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// \file
/// Two media planes with keys of each other, and a path between them in virtual time: without ICE and DTLS.

namespace parley::test {

using namespace std::chrono_literals;
using pc::MediaPlane;

constexpr std::uint32_t videoSsrc = 0x1000, videoRtx = 0x1001, audioSsrc = 0x2000;
constexpr pc::TransceiverId video = 1, audio = 2;

inline pc::PlannedCodec codec(std::uint8_t type, std::string name, std::uint32_t rate, std::uint16_t channels = 0) {
  pc::PlannedCodec one;
  one.payloadType = type;
  one.name = std::move(name);
  one.clockRate = rate;
  one.channels = channels;
  return one;
}

/// What tells the sender when its packets came.
enum class Arrivals { Untold, TransportWide, Rfc8888 };

inline std::vector<pc::PlannedCodec> videoCodecs(bool rtx = true, Arrivals arrivals = Arrivals::Untold) {
  auto vp8 = codec(96, "VP8", 90000);
  vp8.feedback = {{"nack", ""}, {"nack", "pli"}, {"ccm", "fir"}, {"goog-remb", ""}};
  if (arrivals == Arrivals::TransportWide) vp8.feedback.push_back({"transport-cc", ""});
  if (arrivals == Arrivals::Rfc8888) vp8.feedback.push_back({"ack", "ccfb"});
  std::vector<pc::PlannedCodec> codecs{vp8};
  if (rtx) {
    codecs.push_back(codec(97, "rtx", 90000));
    codecs.back().apt = 96;
  }
  return codecs;
}

/// RED and FEC beside the codecs, and what repairs RED if there is what repairs those.
inline std::vector<pc::PlannedCodec> withFec(std::vector<pc::PlannedCodec> codecs) {
  const bool rtx = std::any_of(codecs.begin(), codecs.end(), [](const auto& each) { return each.isRtx(); });
  codecs.push_back(codec(120, "red", 90000));
  codecs.push_back(codec(122, "ulpfec", 90000));
  if (rtx) {
    codecs.push_back(codec(121, "rtx", 90000));
    codecs.back().apt = 120;
  }
  return codecs;
}

inline std::vector<pc::PlannedExtension> extensions() {
  return {{1, "urn:ietf:params:rtp-hdrext:sdes:mid"},
          {2, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"},
          {3, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"},
          {4, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"},
          {5, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"},
          {6, "urn:3gpp:video-orientation"},
          {7, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"},
          {8, "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"},
          {9, std::string(rtp::extension::DependencyDescriptorBytes::uri)}};
}

inline pc::PlannedMedia section(pc::TransceiverId id, std::string mid, MediaKind kind) {
  pc::PlannedMedia media;
  media.transceiver = id;
  media.mid = std::move(mid);
  media.kind = kind;
  media.reducedSizeRtcp = true;
  media.receiverRtt = true;
  return media;
}

/// A frame of VP8 whose first bytes say what RFC 6386 wants of a header, of `size` bytes.
inline EncodedFrame vp8(bool key, std::uint32_t timestamp, std::size_t size, std::uint8_t fill) {
  std::vector<std::uint8_t> bytes(size, fill);
  bytes[0] = key ? 0x10 : 0x11;
  if (key) {
    const std::uint8_t start[] = {0x9d, 0x01, 0x2a, 0x80, 0x02, 0xe0, 0x01};  // 640 x 480
    std::copy(std::begin(start), std::end(start), bytes.begin() + 3);
  }
  EncodedFrame frame;
  frame.kind = MediaKind::Video;
  frame.mimeType = "video/VP8";
  frame.type = key ? EncodedFrameType::Key : EncodedFrameType::Delta;
  frame.rtpTimestamp = timestamp;
  frame.data = FrameData(std::move(bytes));
  return frame;
}

inline EncodedFrame opus(std::uint32_t timestamp, std::uint8_t fill) {
  EncodedFrame frame;
  frame.kind = MediaKind::Audio;
  frame.mimeType = "audio/opus";
  frame.type = EncodedFrameType::Key;
  frame.rtpTimestamp = timestamp;
  frame.data = FrameData(std::vector<std::uint8_t>(80, fill));
  return frame;
}

/// A sends, B receives.
class TwoPlanes {
 public:
  explicit TwoPlanes(std::uint64_t seed = 1) : random(seed) {}

  void plan(const std::vector<pc::PlannedMedia>& sending, const std::vector<pc::PlannedMedia>& receiving) {
    pc::MediaPlan a, b;
    a.cname = "a";
    b.cname = "b";
    a.sections = sending;
    b.sections = receiving;
    planeA.apply(a, now);
    planeB.apply(b, now);
    settle();
  }
  void planVideo(bool rtx = true, Arrivals arrivals = Arrivals::Untold, std::optional<std::uint32_t> maxBitrate = {}) {
    planVideo(videoCodecs(rtx, arrivals), rtx, maxBitrate);
  }
  void planVideo(const std::vector<pc::PlannedCodec>& codecs, bool rtx, std::optional<std::uint32_t> maxBitrate = {}) {
    auto sends = section(video, "v", MediaKind::Video), receives = sends;
    pc::PlannedEncoding encoding;
    encoding.ssrc = videoSsrc;
    encoding.maxBitrate = maxBitrate;
    if (rtx) encoding.rtxSsrc = videoRtx;
    sends.sending = pc::PlannedSending{codecs, extensions(), {encoding}, std::nullopt};
    receives.receiving = pc::PlannedReceiving{codecs, extensions(), {}, {}};
    plan({sends}, {receives});
  }
  void connect() {
    dtls::SrtpKeys keys;
    keys.profile = dtls::SrtpProfile::AeadAes128Gcm;
    keys.localKey = std::vector<std::uint8_t>(16, 1);
    keys.localSalt = std::vector<std::uint8_t>(12, 2);
    keys.remoteKey = std::vector<std::uint8_t>(16, 3);
    keys.remoteSalt = std::vector<std::uint8_t>(12, 4);
    planeA.start(keys, now);
    std::swap(keys.localKey, keys.remoteKey);
    std::swap(keys.localSalt, keys.remoteSalt);
    planeB.start(keys, now);
    settle();
  }

  void runFor(Duration duration) { runUntil(now + duration); }
  void runUntil(Time end) {
    for (;;) {
      Time next = std::min(planeA.deadline(), planeB.deadline());
      if (!wire.empty()) next = std::min(next, wire.begin()->first);
      if (next > end) break;
      // A machine that was advanced has nothing left to do at that time.
      REQUIRE((next > now || ++rounds < 10'000));
      if (next > now) rounds = 0;
      now = std::max(now, next);
      while (!wire.empty() && wire.begin()->first <= now) {
        auto datagram = std::move(wire.begin()->second);
        wire.erase(wire.begin());
        (datagram.toB ? planeB : planeA).handle(datagram.bytes, now);
      }
      planeA.advance(now);
      planeB.advance(now);
      settle();
    }
    now = end;
  }
  void send(const EncodedFrame& frame, pc::TransceiverId transceiver = video) {
    planeA.sendFrame(transceiver, frame, now);
    settle();
  }

  /// True: the datagram is lost. `number` counts those of its direction, from 0; RTCP is counted apart.
  std::function<bool(bool toB, bool rtcp, int number)> lose;
  /// The same, by what an observer sees of RTP to B.
  std::function<bool(std::span<const std::uint8_t> datagram)> loseDatagram;
  std::function<Duration(bool toB, bool rtcp, int number)> delay;
  Duration oneWay = 25ms;

  std::vector<EncodedFrame> frames;        ///< What B got.
  std::vector<pc::KeyFrameWanted> wanted;  ///< Of A.
  std::vector<pc::MediaFlows> flows;       ///< Of B.
  std::vector<pc::SendBitrateChanged> bitrates;
  std::array<std::vector<pc::SourceCollided>, 2> collided;  ///< Of A and B.
  std::vector<std::string> tones;                           ///< Of A.
  int count[2][2] = {};                                     ///< [to B][RTCP]
  Time now{100s};
  base::SeededRandom random;
  base::PacketPool pool;
  MediaPlane planeA{{rtp::WallClock{1'700'000'000s}}, pool, random},
      planeB{{rtp::WallClock{1'700'000'123s}}, pool, random};

  MediaPlane::Stats::Outbound outbound() { return planeA.stats().outbound.at(0); }
  MediaPlane::Stats::Inbound inbound() { return planeB.stats().inbound.at(0); }

  void settle() {
    drain(planeA, true);
    drain(planeB, false);
    CHECK(planeA.deadline() >= now);
    CHECK(planeB.deadline() >= now);
  }

 private:
  struct InFlight {
    bool toB;
    std::vector<std::uint8_t> bytes;
  };
  void drain(MediaPlane& plane, bool toB) {
    while (auto output = plane.poll()) {
      if (auto* packet = std::get_if<MediaPlane::Transmit>(&*output)) {
        CHECK(packet->packet.size() <= 1191);
        const auto bytes = packet->packet.bytes();
        const bool rtcp = rtp::looksLikeRtcp(bytes);
        const int number = count[toB][rtcp]++;
        if (lose && lose(toB, rtcp, number)) continue;
        if (toB && !rtcp && loseDatagram && loseDatagram(bytes)) continue;
        const Duration extra = delay ? delay(toB, rtcp, number) : 0ms;
        wire.emplace(now + oneWay + extra, InFlight{toB, {bytes.begin(), bytes.end()}});
      } else if (auto* frame = std::get_if<pc::FrameReceived>(&*output)) {
        frames.push_back(std::move(frame->frame));
      } else if (auto* key = std::get_if<pc::KeyFrameWanted>(&*output)) {
        wanted.push_back(*key);
      } else if (auto* flow = std::get_if<pc::MediaFlows>(&*output)) {
        flows.push_back(*flow);
      } else if (auto* bitrate = std::get_if<pc::SendBitrateChanged>(&*output)) {
        bitrates.push_back(*bitrate);
      } else if (auto* source = std::get_if<pc::SourceCollided>(&*output)) {
        collided[toB ? 0 : 1].push_back(*source);
      } else if (auto* tone = std::get_if<pc::TonePlayed>(&*output)) {
        tones.push_back(tone->tone);
      }
    }
  }
  std::multimap<Time, InFlight> wire;
  int rounds = 0;
};

/// Thirty frames a second of five packets each; a key frame whenever the receiver wants one.
inline void play(TwoPlanes& planes, int frames, std::uint32_t first = 0) {
  for (int i = 0; i < frames; ++i) {
    const bool key = (first == 0 && i == 0) || !planes.wanted.empty();
    planes.wanted.clear();
    planes.send(vp8(key, 90000 + (first + static_cast<std::uint32_t>(i)) * 3000, 5000, static_cast<std::uint8_t>(i)));
    planes.runFor(33ms);
  }
}

}  // namespace parley::test
