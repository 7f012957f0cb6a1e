#include "rtp/payload/h264.hpp"

#include "rtp/bits.hpp"
#include "rtp/payload/base64.hpp"

#include <algorithm>
#include <array>

namespace parley::rtp::payload {
namespace {

enum : std::uint8_t {
  sliceUnit = 1,
  partitionAUnit = 2,
  idrUnit = 5,
  seiUnit = 6,
  spsUnit = 7,
  ppsUnit = 8,
  delimiterUnit = 9,
  stapA = 24,
  fuA = 28,
  fuB = 29,
};
constexpr std::uint8_t typeMask = 0x1f;
constexpr std::uint8_t fuStart = 0x80;
constexpr std::uint8_t fuEnd = 0x40;
/// A slice header's first three fields and a PPS's first two are before this, whatever their values.
constexpr std::size_t headBytes = 24;
/// With scaling lists an SPS may have some hundred bytes.
constexpr std::size_t spsBytes = 1024;

void skipScalingList(BitReader& in, unsigned size) {
  // H.264 s.7.3.2.1.1.1.
  std::int32_t last = 8;
  std::int32_t next = 8;
  for (unsigned i = 0; i < size && in.ok(); ++i) {
    if (next != 0) next = (last + in.signedGolomb() % 256 + 256) % 256;
    if (next != 0) last = next;
  }
}

/// True if the picture begins with this unit for certain: what may precede a slice of it, or its first slice.
bool startsPicture(std::uint8_t type, base::Bytes afterHeader) {
  switch (type) {
    case seiUnit:
    case spsUnit:
    case ppsUnit:
    case delimiterUnit: return true;
    case sliceUnit:
    case partitionAUnit:
    // first_mb_in_slice is ue(v): zero is a single one bit.
    case idrUnit: return !afterHeader.empty() && (afterHeader[0] & 0x80) != 0;
    default: return false;
  }
}

}  // namespace

std::optional<H264Sps> readH264Sps(base::Bytes unit) {
  const auto raw = unescapeNal(unit, spsBytes);
  BitReader in(raw);
  H264Sps sps;
  in.skip(8);
  const auto profile = in.fixed(8);
  sps.profileLevelId = profile << 16 | in.fixed(16);
  sps.id = in.exponentialGolomb();
  unsigned chromaFormat = 1;
  bool separatePlanes = false;
  constexpr std::array<std::uint8_t, 13> high{100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135};
  if (std::ranges::find(high, profile) != high.end()) {
    chromaFormat = in.exponentialGolomb();
    if (chromaFormat == 3) separatePlanes = in.flag();
    in.exponentialGolomb();
    in.exponentialGolomb();
    in.skip(1);
    if (in.flag()) {
      for (unsigned i = 0; i < (chromaFormat == 3 ? 12u : 8u); ++i)
        if (in.flag()) skipScalingList(in, i < 6 ? 16 : 64);
    }
  }
  in.exponentialGolomb();
  const auto orderType = in.exponentialGolomb();
  if (orderType == 0) {
    in.exponentialGolomb();
  } else if (orderType == 1) {
    in.skip(1);
    in.signedGolomb();
    in.signedGolomb();
    const auto cycle = in.exponentialGolomb();
    for (std::uint32_t i = 0; i < cycle && in.ok(); ++i) in.signedGolomb();
  }
  in.exponentialGolomb();
  in.skip(1);
  const std::uint64_t widthMbs = std::uint64_t{in.exponentialGolomb()} + 1;
  const std::uint64_t heightUnits = std::uint64_t{in.exponentialGolomb()} + 1;
  const bool framesOnly = in.flag();
  if (!framesOnly) in.skip(1);
  in.skip(1);
  std::uint64_t cropX = 0;
  std::uint64_t cropY = 0;
  if (in.flag()) {
    // H.264 s.7.4.2.1.1: the units of cropping depend on how chroma is sampled.
    const bool subsampled = !separatePlanes && (chromaFormat == 1 || chromaFormat == 2);
    const std::uint64_t unitX = subsampled ? 2 : 1;
    const std::uint64_t unitY = (!separatePlanes && chromaFormat == 1 ? 2u : 1u) * (framesOnly ? 1u : 2u);
    cropX = in.exponentialGolomb();
    cropX = (cropX + in.exponentialGolomb()) * unitX;
    cropY = in.exponentialGolomb();
    cropY = (cropY + in.exponentialGolomb()) * unitY;
  }
  if (!in.ok() || sps.id > 31) return std::nullopt;
  const auto width = widthMbs * 16;
  const auto height = heightUnits * 16 * (framesOnly ? 1 : 2);
  if (width > 0xffff || height > 0xffff || cropX >= width || cropY >= height) return std::nullopt;
  sps.resolution = {static_cast<std::uint16_t>(width - cropX), static_cast<std::uint16_t>(height - cropY)};
  return sps;
}

H264Packetizer::H264Packetizer(unsigned packetizationMode) : NalPacketizer(Format{1, 2, packetizationMode == 1}) {}

bool H264Packetizer::maySend(base::Bytes unit) const {
  const auto type = unit[0] & typeMask;
  return type != 0 && type < stapA;
}

void H264Packetizer::writeAggregateHeader(std::span<const base::Bytes> units, base::MutableBytes out) const {
  // RFC 6184 s.5.7: F if any has it, the highest NRI.
  std::uint8_t forbidden = 0;
  std::uint8_t importance = 0;
  for (auto unit : units) {
    forbidden |= unit[0] & 0x80;
    importance = std::max<std::uint8_t>(importance, unit[0] & 0x60);
  }
  out[0] = static_cast<std::uint8_t>(forbidden | importance | stapA);
}

void H264Packetizer::writeFragmentHeader(base::Bytes unit, bool first, bool last, base::MutableBytes out) const {
  out[0] = static_cast<std::uint8_t>((unit[0] & 0xe0) | fuA);
  out[1] = static_cast<std::uint8_t>((first ? fuStart : 0) | (last ? fuEnd : 0) | (unit[0] & typeMask));
}

H264Depacketizer::H264Depacketizer(std::string_view spropParameterSets) {
  for (const auto& unit : decodeBase64List(spropParameterSets)) learn(unit);
}

base::Result<PayloadInfo, PayloadError> H264Depacketizer::parse(base::Bytes payload) const {
  const auto type = static_cast<std::uint8_t>(payload[0] & typeMask);
  if (type >= 1 && type < stapA) return PayloadInfo{startsPicture(type, payload.subspan(1)), false, false};
  if (type == fuA) {
    if (payload.size() < 3) return base::unexpected(PayloadError::Truncated);
    const auto inner = static_cast<std::uint8_t>(payload[1] & typeMask);
    if ((payload[1] & fuStart) != 0 && (payload[1] & fuEnd) != 0) return base::unexpected(PayloadError::Malformed);
    if (inner == 0 || inner >= stapA) return base::unexpected(PayloadError::Malformed);
    if ((payload[1] & fuStart) == 0) return PayloadInfo{false, true, false};
    return PayloadInfo{startsPicture(inner, payload.subspan(2)), false, false};
  }
  if (type == stapA) {
    base::Reader in(payload.subspan(1));
    PayloadInfo info;
    bool first = true;
    do {
      const auto unit = in.take(in.u16());
      if (!in.ok()) return base::unexpected(PayloadError::Truncated);
      if (unit.empty()) return base::unexpected(PayloadError::Malformed);
      const auto inner = static_cast<std::uint8_t>(unit[0] & typeMask);
      if (inner == 0 || inner >= stapA) return base::unexpected(PayloadError::Malformed);
      if (first) info.startsFrame = startsPicture(inner, unit.subspan(1));
      first = false;
    } while (in.remaining() > 0);
    return info;
  }
  // STAP-B, MTAP and FU-B are of the interleaved mode, which nobody negotiates.
  return base::unexpected(type > stapA && type <= fuB ? PayloadError::Unsupported : PayloadError::Malformed);
}

bool H264Depacketizer::append(base::Bytes payload, std::vector<std::uint8_t>& bytes) {
  const auto type = payload[0] & typeMask;
  if (type == fuA) {
    const auto header = static_cast<std::uint8_t>((payload[0] & 0xe0) | (payload[1] & typeMask));
    return frame_.addFragment(base::Bytes(&header, 1), payload.subspan(2), (payload[1] & fuStart) != 0,
                              (payload[1] & fuEnd) != 0, bytes);
  }
  if (type != stapA) return frame_.addUnit(payload, bytes);
  base::Reader in(payload.subspan(1));
  while (in.remaining() > 0)
    if (!frame_.addUnit(in.take(in.u16()), bytes)) return false;
  return true;
}

void H264Depacketizer::learn(base::Bytes unit) {
  if (unit.empty()) return;
  const auto type = static_cast<std::uint8_t>(unit[0] & typeMask);
  if (type == spsUnit) {
    if (const auto sps = readH264Sps(unit)) sets_.keep(spsUnit, sps->id, unit);
  } else if (type == ppsUnit) {
    const auto raw = unescapeNal(unit.subspan(1), headBytes);
    BitReader in(raw);
    const auto id = in.exponentialGolomb();
    if (in.ok()) sets_.keep(ppsUnit, id, unit);
  }
}

bool H264Depacketizer::finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) {
  if (!frame_.complete()) return false;
  H264FrameInfo info;
  bool hasSps = false;
  bool hasPps = false;
  std::optional<std::size_t> idr;
  for (std::size_t i = 0; i < frame_.count(); ++i) {
    const auto unit = frame_.unit(i, bytes);
    switch (unit[0] & typeMask) {
      case spsUnit:
        hasSps = true;
        learn(unit);
        if (const auto sps = readH264Sps(unit)) {
          info.profileLevelId = sps->profileLevelId;
          frame.width = sps->resolution.width;
          frame.height = sps->resolution.height;
        }
        break;
      case ppsUnit:
        hasPps = true;
        learn(unit);
        break;
      case idrUnit:
        if (!idr) idr = i;
        break;
      default: break;
    }
  }
  frame.type = idr ? EncodedFrameType::Key : EncodedFrameType::Delta;
  frame.codec = info;
  return !idr || (hasSps && hasPps) || complete(frame_.unit(*idr, bytes), hasSps, hasPps, bytes, frame);
}

/// Puts the parameter sets that a key frame lacks in front of it.
bool H264Depacketizer::complete(base::Bytes slice, bool hasSps, bool hasPps, std::vector<std::uint8_t>& bytes,
                                EncodedFrame& frame) const {
  const auto head = unescapeNal(slice.subspan(1), headBytes);
  BitReader in(head);
  in.exponentialGolomb();
  in.exponentialGolomb();
  const auto pps = sets_.find(ppsUnit, in.exponentialGolomb());
  if (!in.ok() || pps.empty()) return false;
  const auto rawPps = unescapeNal(pps.subspan(1), headBytes);
  BitReader ppsIn(rawPps);
  ppsIn.exponentialGolomb();
  const auto sps = sets_.find(spsUnit, ppsIn.exponentialGolomb());
  if (!ppsIn.ok() || sps.empty()) return false;
  std::vector<base::Bytes> missing;
  if (!hasSps) missing.push_back(sps);
  if (!hasPps) missing.push_back(pps);
  prependUnits(missing, bytes);
  if (const auto read = readH264Sps(sps); read && !hasSps) {
    frame.width = read->resolution.width;
    frame.height = read->resolution.height;
    frame.codec = H264FrameInfo{read->profileLevelId};
  }
  return true;
}

}  // namespace parley::rtp::payload
