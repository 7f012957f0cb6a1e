// The media of one connection, by a peer that is authenticated and not sane: its RTP and RTCP are protected by the
// right keys. The input is a list of operations: what the peer sends, what the application does, how time passes.
#include "pc/media_plane.hpp"
#include "base/bytes.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/packet_builder.hpp"
#include "rtp/rtcp/builder.hpp"
#include "rtp/rtcp/nack.hpp"
#include "rtp/rtcp/report.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace parley;
using namespace parley::pc;

namespace {

constexpr std::size_t mtu = 1191;
/// Below SRTP's tag and SRTCP's index.
constexpr std::size_t largest = 1150;
/// Of our streams: 0x1000 and on; the peer's have the rest.
constexpr std::uint32_t ours = 0x1000;
constexpr std::uint8_t mid = 1, rid = 2, repairedRid = 3, audioLevel = 4, transportSequence = 5, descriptor = 6;

PlannedCodec codec(std::uint8_t type, std::string name, std::uint32_t rate, std::optional<std::uint8_t> apt = {}) {
  PlannedCodec one;
  one.payloadType = type;
  one.name = std::move(name);
  one.clockRate = rate;
  one.apt = apt;
  one.feedback = {{"nack", ""}, {"nack", "pli"}, {"ccm", "fir"}, {"transport-cc", ""}, {"goog-remb", ""}};
  return one;
}

std::vector<PlannedExtension> extensions() {
  return {{mid, "urn:ietf:params:rtp-hdrext:sdes:mid"},
          {rid, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"},
          {repairedRid, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"},
          {audioLevel, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"},
          {transportSequence, "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"},
          {descriptor, "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"}};
}

/// Audio, a picture, and simulcast of three layers. `shape` leaves out directions.
MediaPlan planOf(std::uint8_t shape) {
  MediaPlan plan;
  plan.cname = "us";
  plan.mixedExtensions = true;
  for (TransceiverId id = 1; id <= 3; ++id) {
    if (shape >> (2 * id) == 3 && shape & 1) continue;
    PlannedMedia media;
    media.transceiver = id;
    media.mid = std::string(1, static_cast<char>('a' + id));
    media.kind = id == 1 ? MediaKind::Audio : MediaKind::Video;
    media.reducedSizeRtcp = media.receiverRtt = true;
    std::vector<PlannedCodec> codecs;
    if (id == 1)
      codecs = {codec(111, "opus", 48000), codec(63, "red", 48000), codec(110, "telephone-event", 48000)};
    else
      codecs = {codec(96, "VP8", 90000),     codec(97, "rtx", 90000, 96),   codec(98, "VP9", 90000),
                codec(99, "rtx", 90000, 98), codec(102, "H264", 90000),     codec(45, "AV1", 90000),
                codec(120, "red", 90000),    codec(121, "rtx", 90000, 120), codec(122, "ulpfec", 90000)};
    if (!(shape >> id & 1)) {
      PlannedSending sending{codecs, extensions(), {}, {}};
      for (std::uint32_t i = 0; i < (id == 3 ? 3u : 1u); ++i) {
        PlannedEncoding encoding;
        encoding.ssrc = ours + 16 * id + 2 * i;
        if (id != 1) encoding.rtxSsrc = encoding.ssrc + 1;
        if (id == 3) encoding.rid = std::string(1, "qhf"[i]);
        sending.encodings.push_back(encoding);
      }
      media.sending = sending;
    }
    if (!(shape >> (id + 3) & 1)) {
      media.receiving = PlannedReceiving{codecs, extensions(), {}, {}};
      if (id == 2) media.receiving->sources = {{2, 3, {}, "them"}};
      if (id == 3) media.receiving->rids = {"q", "h", "f"};
    }
    plan.sections.push_back(std::move(media));
  }
  return plan;
}

class Run {
 public:
  explicit Run(base::Bytes input) : in_(input) {
    plane_.apply(planOf(0), now_);
    start();
    drain();
  }

  void all() {
    while (in_.remaining() > 0) {
      one(in_.u8());
      drain();
    }
    plane_.sayBye();
    drain();
    pass(std::chrono::seconds(30));
  }

 private:
  void start() {
    dtls::SrtpKeys keys;
    keys.profile = dtls::SrtpProfile::AeadAes128Gcm;
    keys.localKey.assign(16, 1);
    keys.localSalt.assign(12, 2);
    keys.remoteKey.assign(16, 3);
    keys.remoteSalt.assign(12, 4);
    peer_.emplace(srtp::Profile::AeadAes128Gcm, keys.remoteKey, keys.remoteSalt);
    plane_.start(keys, now_);
  }

  base::Bytes some(std::size_t most = 255) {
    return in_.take(std::min({in_.remaining(), std::size_t{in_.u8()}, most}));
  }

  void rtp(Packet packet) {
    if (packet.size() > largest || !peer_->protectRtp(packet)) return;
    plane_.handle(packet.bytes(), now_);
  }
  void rtcp(Packet packet) {
    if (packet.size() > largest || !peer_->protectRtcp(packet)) return;
    plane_.handle(packet.bytes(), now_);
  }

  /// A packet with a header that makes sense, most of the time.
  void packet(std::uint8_t form) {
    static constexpr std::uint8_t types[] = {96, 97, 98, 99, 102, 45, 111, 63, 120, 121, 120, 121, 120, 121, 120, 121};
    const std::uint8_t which = in_.u8(), step = in_.u8();
    const std::uint32_t ssrc = which & 7;
    sequence_[ssrc] = static_cast<std::uint16_t>(sequence_[ssrc] + (step < 0xf0 ? step & 7 : step * 257));
    timestamp_ += form & 0x10 ? 3000 : 0;
    rtp::PacketBuilder builder(
        pool_, {types[(which >> 3 & 7) | (which & 0x80) >> 4], sequence_[ssrc], timestamp_, ssrc, (which & 0x40) != 0},
        rtp::ExtensionForm::Mixed);
    const std::string section(1, static_cast<char>('a' + (step >> 3 & 3)));
    const std::string layer(1, "qhf?"[step >> 5 & 3]);
    if (form & 0x20) builder.add(mid, rtp::extension::Mid{section});
    if (form & 0x40) builder.add(rid, rtp::extension::Rid{layer});
    if (form & 0x80) builder.addBytes(descriptor, some(32));
    Packet made = builder.take();
    // A block of RED: of media, or of FEC.
    if (which & 0x80) made.append(1)[0] = form & 0x10 ? 96 : 122;
    made.append(some());
    rtp(std::move(made));
  }

  /// The peer's feedback on our streams.
  void feedback(std::uint8_t form) {
    const std::uint32_t about = ours + in_.u8() % 64;
    rtp::rtcp::CompoundBuilder builder(pool_, largest);
    rtp::rtcp::ReportBlock block;
    block.ssrc = about;
    block.fractionLost = in_.u8();
    block.cumulativeLost = static_cast<std::int8_t>(in_.u8());
    block.extendedHighestSequence = in_.u8() * 1000u;
    builder.add(rtp::rtcp::ReceiverReport{in_.u8(), std::span<const rtp::rtcp::ReportBlock>(&block, 1)});
    const rtp::rtcp::NackItem item{static_cast<std::uint16_t>(in_.u8() << 8 | in_.u8()), 0xffff};
    if (form & 0x10) builder.add(rtp::rtcp::Nack{1, about, std::span<const rtp::rtcp::NackItem>(&item, 1)});
    rtcp(builder.take());
  }

  void frame(std::uint8_t form) {
    static constexpr const char* types[] = {"video/VP8", "video/VP9", "video/H264", "video/AV1", "audio/opus", ""};
    EncodedFrame frame;
    const std::uint8_t which = in_.u8();
    frame.mimeType = types[which % 6];
    frame.rid = which & 0x80 ? std::string(1, "qhf"[(which >> 4 & 3) % 3]) : std::string();
    frame.type = form & 0x40 ? EncodedFrameType::Key : EncodedFrameType::Delta;
    const auto bytes = some();
    std::vector<std::uint8_t> data(bytes.begin(), bytes.end());
    if (form & 0x80) data.resize(data.size() + 5000, 0x55);
    frame.data = FrameData(std::move(data));
    frame.rtpTimestamp = timestamp_;
    const auto described = some(16);
    frame.dependencyDescriptor.assign(described.begin(), described.end());
    plane_.sendFrame(1 + (form >> 4 & 3), frame, now_);
  }

  void one(std::uint8_t operation) {
    switch (operation & 15) {
      case 0:
      case 1:
      case 2:
      case 3: return packet(operation);
      case 4: return rtp(pool_.make(some()));
      case 5:
      case 6: return rtcp(pool_.make(some()));
      case 7: return feedback(operation);
      case 8: {
        const auto bytes = some();
        std::vector<std::uint8_t> garbage(bytes.begin(), bytes.end());
        if (garbage.empty()) return;
        garbage[0] = static_cast<std::uint8_t>(0x80 | (garbage[0] & 0x3f));
        return plane_.handle(garbage, now_);
      }
      case 9:
      case 10: return frame(operation);
      case 11: return plane_.requestKeyFrame(1 + (operation >> 4 & 3), operation & 0x40 ? "q" : "", now_);
      case 12:
        return plane_.insertTones(1, "1,#", std::chrono::milliseconds(in_.u8() + 40), std::chrono::milliseconds(30),
                                  now_);
      case 13:
        if (operation == 0xfd) {
          plane_.stop();
          return start();
        }
        return plane_.apply(planOf(in_.u8()), now_);
      case 14: return pass(std::chrono::milliseconds(operation >> 4));
      case 15: return pass(std::chrono::milliseconds(std::int64_t{50} * (operation >> 4) * (operation >> 4)));
    }
  }

  /// From deadline to deadline, as a host does.
  void pass(Duration time) {
    const Time end = now_ + time;
    for (int i = 0; i < 100'000; ++i) {
      FUZZ_CHECK(plane_.deadline() >= now_);
      now_ = std::min(end, plane_.deadline());
      plane_.advance(now_);
      drain();
      FUZZ_CHECK(plane_.deadline() > now_);
      if (now_ == end) return;
    }
    FUZZ_CHECK(!"time passes");
  }

  void drain() {
    for (int i = 0; i < 100'000; ++i) {
      const auto output = plane_.poll();
      if (!output) {
        const auto stats = plane_.stats();
        FUZZ_CHECK(stats.inbound.size() <= 3 * 16);
        FUZZ_CHECK(stats.outbound.size() <= 5);
        return;
      }
      if (const auto* transmit = std::get_if<MediaPlane::Transmit>(&*output)) {
        FUZZ_CHECK(!transmit->packet.empty() && transmit->packet.size() <= mtu);
      } else if (const auto* received = std::get_if<FrameReceived>(&*output)) {
        FUZZ_CHECK(received->transceiver >= 1 && received->transceiver <= 3);
        FUZZ_CHECK(!received->frame.mimeType.empty());
      }
    }
    FUZZ_CHECK(!"the drain ends");
  }

  base::Reader in_;
  base::SeededRandom random_{1};
  base::PacketPool pool_;
  Time now_{std::chrono::seconds(100)};
  MediaPlane plane_{{rtp::WallClock{std::chrono::seconds(1'700'000'000)}, mtu}, pool_, random_};
  std::optional<srtp::Sender> peer_;
  std::array<std::uint16_t, 8> sequence_{};
  std::uint32_t timestamp_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Run(base::Bytes(data, std::min<std::size_t>(size, 2000))).all();
  return 0;
}
