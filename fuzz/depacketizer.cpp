#include "base/packet_pool.hpp"
#include "rtp/payload/base64.hpp"
#include "rtp/payload/frame_assembler.hpp"
#include "rtp/payload/h264.hpp"
#include "rtp/payload/h265.hpp"
#include "rtp/payload/obu.hpp"
#include "rtp/payload/telephone_event.hpp"
#include "rtp/payload/vp8.hpp"
#include "rtp/payload/vp9.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

// The first byte picks the codec. What follows are packets: flags, a length, and so many bytes of payload.

namespace {

using namespace parley;
using namespace parley::rtp::payload;

constexpr std::array<const char*, 6> codecs{"VP8", "VP9", "H264", "H265", "AV1", "opus"};
constexpr std::size_t largest = 4096;

CodecOptions optionsOf(const char* codec) { return {codec, "packetization-mode=1", 5}; }

/// The frame by way of packets; nothing if it cannot be sent, or does not come out at the other end.
std::optional<std::vector<std::uint8_t>> throughPackets(const char* codec, const EncodedFrame& frame,
                                                        std::size_t limit) {
  const auto packetizer = makePacketizer(optionsOf(codec));
  const auto depacketizer = makeDepacketizer(optionsOf(codec));
  const PayloadLimits limits{limit, limit / 5, limit / 7};
  const auto count = packetizer->start(frame, limits);
  if (!count) {
    FUZZ_CHECK(!toString(count.error()).empty());
    return std::nullopt;
  }
  base::PacketPool pool;
  std::vector<std::uint8_t> bytes;
  depacketizer->begin();
  bool whole = true;
  for (std::size_t i = 0; i < *count; ++i) {
    Packet packet = pool.make();
    const bool marker = packetizer->next(packet);
    FUZZ_CHECK(marker == (frame.kind == MediaKind::Video ? i + 1 == *count && frame.endOfPicture : frame.startsTalkspurt));
    FUZZ_CHECK(packet.size() + (i == 0 ? limits.firstReduction : 0) +
                   (i + 1 == *count ? limits.lastReduction : 0) <= limits.maximum);
    const auto info = depacketizer->parse(packet.bytes());
    FUZZ_CHECK(info.has_value());
    FUZZ_CHECK(i == 0 ? !info->continues : !info->endsFrame || i + 1 == *count);
    whole = depacketizer->append(packet.bytes(), bytes) && whole;
  }
  FUZZ_CHECK(whole);
  EncodedFrame received;
  if (!depacketizer->finish(bytes, received)) return std::nullopt;
  return bytes;
}

/// What came out of hostile packets may be no good frame; but once sent and received it is, and stays what it is.
void checkStable(const char* codec, EncodedFrame frame, std::size_t limit) {
  const auto once = throughPackets(codec, frame, limit);
  if (!once) return;
  frame.data = FrameData(base::Bytes(*once));
  const auto twice = throughPackets(codec, frame, limit);
  // H.265's, H.264's frames may lose zeros behind the last unit; AV1's what a sender leaves out.
  if (twice) FUZZ_CHECK(*twice == *once);
}

void checkParsers(base::Bytes bytes) {
  readH264Sps(bytes);
  readH265Sps(bytes);
  readSequenceHeader(bytes);
  readVp8Header(bytes);
  readVp9Header(bytes);
  decodeBase64List(base::asText(bytes));
  readRedParameters(base::asText(bytes));
  if (auto event = TelephoneEvent::parse(bytes)) {
    const auto written = event->write();
    // One bit is reserved.
    FUZZ_CHECK(written[0] == bytes[0] && written[1] == (bytes[1] & 0xbf) && written[3] == bytes[3]);
  }
  std::vector<RedBlock> blocks;
  if (parseRed(bytes, blocks)) {
    std::size_t total = 1;
    for (const auto& block : blocks) total += block.data.size() + (&block != &blocks.back() ? 4 : 0);
    FUZZ_CHECK(total == bytes.size());
  }
  if (auto d = Vp8Descriptor::parse(bytes)) {
    std::array<std::uint8_t, 6> out{};
    const auto size = d->write(out);
    const auto again = Vp8Descriptor::parse(base::Bytes(out).first(size));
    FUZZ_CHECK(again && again->size == size && again->info.pictureId == d->info.pictureId &&
               again->info.temporalId == d->info.temporalId && again->info.keyIdx == d->info.keyIdx);
  }
  if (auto d = Vp9Descriptor::parse(bytes)) {
    std::vector<std::uint8_t> out;
    d->write(out);
    const auto again = Vp9Descriptor::parse(out);
    FUZZ_CHECK(again && again->size == out.size() && again->info.pictureId == d->info.pictureId &&
               again->info.differences == d->info.differences && again->info.spatialId == d->info.spatialId &&
               again->info.structure.has_value() == d->info.structure.has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::Reader in({data, size});
  const auto first = in.u8();
  const char* codec = codecs[first % codecs.size()];
  const bool audio = first % codecs.size() == 5;
  checkParsers({data + std::min<std::size_t>(size, 1), size - std::min<std::size_t>(size, 1)});

  FrameAssembler assembler(audio ? MediaKind::Audio : MediaKind::Video, {largest, 16});
  assembler.setCodec(96, codec, optionsOf(codec));
  assembler.setCodec(63, "audio/red", {"red", "96/96", 0});
  std::uint64_t sequence = 1;
  std::uint32_t timestamp = 0xfffff000;
  std::uint64_t frameId = 1;
  std::vector<FrameAssembler::Output> outputs;
  while (in.remaining() >= 2) {
    const auto flags = in.u8();
    const auto payload = in.take(std::min<std::size_t>(in.u8(), in.remaining()));
    MediaPacket packet;
    if ((flags & 0x01) != 0) timestamp += 3000;
    if ((flags & 0x02) != 0) ++sequence;
    packet.marker = (flags & 0x04) != 0;
    packet.payloadType = (flags & 0x08) != 0 ? 63 : 96;
    const std::array<std::uint16_t, 1> differences{static_cast<std::uint16_t>(flags >> 6)};
    if ((flags & 0x10) != 0) {
      FrameDependency dependency;
      dependency.startOfFrame = (flags & 0x20) != 0;
      dependency.endOfFrame = (flags & 0x40) != 0;
      dependency.frameId = dependency.startOfFrame ? ++frameId : frameId;
      dependency.differences = differences;
      dependency.keyFrame = (flags & 0x80) != 0;
      packet.dependency = dependency;
    }
    packet.sequence = sequence++;
    packet.timestamp = timestamp;
    packet.payload = payload;
    assembler.handle(packet, Time{});
    if ((flags & 0x81) == 0x81) continue;
    while (auto output = assembler.poll()) outputs.push_back(std::move(*output));
  }
  while (auto output = assembler.poll()) outputs.push_back(std::move(*output));
  FUZZ_CHECK(!assembler.poll());
  for (auto& output : outputs) {
    auto* frame = std::get_if<EncodedFrame>(&output);
    if (frame == nullptr) continue;
    FUZZ_CHECK(!frame->data.empty());
    // A NAL unit of one byte gets a start code of four; parameter sets may be put in front.
    FUZZ_CHECK(frame->data.size() <= 5 * largest + 4 * 4096);
    checkStable(codec, std::move(*frame), 40 + first % 200u);
  }
  return 0;
}
