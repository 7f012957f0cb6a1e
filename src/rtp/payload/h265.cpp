#include "rtp/payload/h265.hpp"

#include "rtp/bits.hpp"
#include "rtp/payload/base64.hpp"

#include <algorithm>
#include <array>

namespace parley::rtp::payload {
namespace {

enum : std::uint8_t {
  firstIrap = 16,
  lastIrap = 23,
  firstNonVcl = 32,
  vpsUnit = 32,
  spsUnit = 33,
  ppsUnit = 34,
  delimiterUnit = 35,
  prefixSeiUnit = 39,
  aggregateUnit = 48,
  fragmentUnit = 49,
  paci = 50,
};
constexpr std::size_t unitHeader = 2;
constexpr std::uint8_t fuStart = 0x80;
constexpr std::uint8_t fuEnd = 0x40;
constexpr std::size_t headBytes = 24;
constexpr std::size_t spsBytes = 1024;

std::uint8_t typeOf(base::Bytes unit) { return static_cast<std::uint8_t>(unit[0] >> 1 & 0x3f); }

/// The header of a NAL unit of this type, with everything else as in `header`.
std::array<std::uint8_t, unitHeader> withType(base::Bytes header, std::uint8_t type) {
  return {static_cast<std::uint8_t>((header[0] & 0x81) | type << 1), header[1]};
}

bool startsPicture(std::uint8_t type, base::Bytes afterHeader) {
  if (type >= vpsUnit && type <= delimiterUnit) return true;
  if (type == prefixSeiUnit) return true;
  // first_slice_segment_in_pic_flag.
  return type < firstNonVcl && !afterHeader.empty() && (afterHeader[0] & 0x80) != 0;
}

void skipProfileTierLevel(BitReader& in, unsigned subLayers) {
  // H.265 s.7.3.3: 88 bits of profile, 8 of level, for the stream and for those sub-layers that say so.
  in.skip(96);
  std::array<bool, 8> profile{};
  std::array<bool, 8> level{};
  for (unsigned i = 0; i < subLayers; ++i) {
    profile[i] = in.flag();
    level[i] = in.flag();
  }
  if (subLayers > 0) in.skip(2 * (8 - subLayers));
  for (unsigned i = 0; i < subLayers; ++i) in.skip((profile[i] ? 88u : 0u) + (level[i] ? 8u : 0u));
}

}  // namespace

std::optional<H265Sps> readH265Sps(base::Bytes unit) {
  if (unit.size() <= unitHeader) return std::nullopt;
  const auto raw = unescapeNal(unit.subspan(unitHeader), spsBytes);
  BitReader in(raw);
  H265Sps sps;
  sps.vpsId = in.fixed(4);
  const auto subLayers = in.fixed(3);
  in.skip(1);
  skipProfileTierLevel(in, subLayers);
  sps.id = in.exponentialGolomb();
  const auto chromaFormat = in.exponentialGolomb();
  if (chromaFormat == 3) in.skip(1);
  const std::uint64_t width = in.exponentialGolomb();
  const std::uint64_t height = in.exponentialGolomb();
  std::uint64_t cropX = 0;
  std::uint64_t cropY = 0;
  if (in.flag()) {
    cropX = in.exponentialGolomb();
    cropX = (cropX + in.exponentialGolomb()) * (chromaFormat == 1 || chromaFormat == 2 ? 2 : 1);
    cropY = in.exponentialGolomb();
    cropY = (cropY + in.exponentialGolomb()) * (chromaFormat == 1 ? 2 : 1);
  }
  if (!in.ok() || sps.id > 15 || width > 0xffff || height > 0xffff || cropX >= width || cropY >= height)
    return std::nullopt;
  sps.resolution = {static_cast<std::uint16_t>(width - cropX), static_cast<std::uint16_t>(height - cropY)};
  return sps;
}

H265Packetizer::H265Packetizer() : NalPacketizer(Format{unitHeader, unitHeader + 1, true}) {}

bool H265Packetizer::maySend(base::Bytes unit) const { return unit.size() > unitHeader && typeOf(unit) < aggregateUnit; }

void H265Packetizer::writeAggregateHeader(std::span<const base::Bytes> units, base::MutableBytes out) const {
  // RFC 7798 s.4.4.2: F if any has it, the lowest LayerId and TID.
  unsigned layer = 0x3f;
  unsigned temporal = 7;
  bool forbidden = false;
  for (auto unit : units) {
    forbidden = forbidden || (unit[0] & 0x80) != 0;
    layer = std::min(layer, (unit[0] & 1u) << 5 | unit[1] >> 3);
    temporal = std::min(temporal, unit[1] & 7u);
  }
  out[0] = static_cast<std::uint8_t>((forbidden ? 0x80 : 0) | aggregateUnit << 1 | layer >> 5);
  out[1] = static_cast<std::uint8_t>(layer << 3 | temporal);
}

void H265Packetizer::writeFragmentHeader(base::Bytes unit, bool first, bool last, base::MutableBytes out) const {
  std::ranges::copy(withType(unit, fragmentUnit), out.begin());
  out[2] = static_cast<std::uint8_t>((first ? fuStart : 0) | (last ? fuEnd : 0) | typeOf(unit));
}

H265Depacketizer::H265Depacketizer(std::string_view vps, std::string_view sps, std::string_view pps) {
  for (auto list : {vps, sps, pps})
    for (const auto& unit : decodeBase64List(list)) learn(unit);
}

base::Result<PayloadInfo, PayloadError> H265Depacketizer::parse(base::Bytes payload) const {
  if (payload.size() <= unitHeader) return base::unexpected(PayloadError::Truncated);
  const auto type = typeOf(payload);
  if (type < aggregateUnit) return PayloadInfo{startsPicture(type, payload.subspan(unitHeader)), false, false};
  if (type == fragmentUnit) {
    if (payload.size() < unitHeader + 2) return base::unexpected(PayloadError::Truncated);
    const auto header = payload[unitHeader];
    const auto inner = static_cast<std::uint8_t>(header & 0x3f);
    if (inner >= aggregateUnit || ((header & fuStart) != 0 && (header & fuEnd) != 0))
      return base::unexpected(PayloadError::Malformed);
    if ((header & fuStart) == 0) return PayloadInfo{false, true, false};
    return PayloadInfo{startsPicture(inner, payload.subspan(unitHeader + 1)), false, false};
  }
  if (type == aggregateUnit) {
    base::Reader in(payload.subspan(unitHeader));
    PayloadInfo info;
    bool first = true;
    do {
      const auto unit = in.take(in.u16());
      if (!in.ok()) return base::unexpected(PayloadError::Truncated);
      if (unit.size() <= unitHeader || typeOf(unit) >= aggregateUnit) return base::unexpected(PayloadError::Malformed);
      if (first) info.startsFrame = startsPicture(typeOf(unit), unit.subspan(unitHeader));
      first = false;
    } while (in.remaining() > 0);
    return info;
  }
  return base::unexpected(type == paci ? PayloadError::Unsupported : PayloadError::Malformed);
}

bool H265Depacketizer::append(base::Bytes payload, std::vector<std::uint8_t>& bytes) {
  const auto type = typeOf(payload);
  if (type == fragmentUnit) {
    const auto header = payload[unitHeader];
    const auto inner = withType(payload, header & 0x3f);
    return frame_.addFragment(inner, payload.subspan(unitHeader + 1), (header & fuStart) != 0, (header & fuEnd) != 0,
                              bytes);
  }
  if (type != aggregateUnit) return frame_.addUnit(payload, bytes);
  base::Reader in(payload.subspan(unitHeader));
  while (in.remaining() > 0)
    if (!frame_.addUnit(in.take(in.u16()), bytes)) return false;
  return true;
}

void H265Depacketizer::learn(base::Bytes unit) {
  if (unit.size() <= unitHeader) return;
  const auto body = unit.subspan(unitHeader);
  switch (typeOf(unit)) {
    case vpsUnit: sets_.keep(vpsUnit, body[0] >> 4, unit); break;
    case spsUnit:
      if (const auto sps = readH265Sps(unit)) sets_.keep(spsUnit, sps->id, unit);
      break;
    case ppsUnit: {
      const auto raw = unescapeNal(body, headBytes);
      BitReader in(raw);
      const auto id = in.exponentialGolomb();
      if (in.ok() && id <= 63) sets_.keep(ppsUnit, id, unit);
      break;
    }
    default: break;
  }
}

bool H265Depacketizer::finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) {
  if (!frame_.complete()) return false;
  bool hasVps = false;
  bool hasSps = false;
  bool hasPps = false;
  std::optional<std::size_t> irap;
  for (std::size_t i = 0; i < frame_.count(); ++i) {
    const auto unit = frame_.unit(i, bytes);
    if (unit.size() <= unitHeader) return false;
    const auto type = typeOf(unit);
    learn(unit);
    hasVps = hasVps || type == vpsUnit;
    hasSps = hasSps || type == spsUnit;
    hasPps = hasPps || type == ppsUnit;
    if (!irap && type >= firstIrap && type <= lastIrap) irap = i;
    if (type != spsUnit) continue;
    if (const auto sps = readH265Sps(unit)) {
      frame.width = sps->resolution.width;
      frame.height = sps->resolution.height;
    }
  }
  frame.type = irap ? EncodedFrameType::Key : EncodedFrameType::Delta;
  if (!irap || (hasVps && hasSps && hasPps)) return true;
  return complete(frame_.unit(*irap, bytes), hasVps, hasSps, hasPps, bytes, frame);
}

bool H265Depacketizer::complete(base::Bytes slice, bool hasVps, bool hasSps, bool hasPps,
                                std::vector<std::uint8_t>& bytes, EncodedFrame& frame) const {
  const auto head = unescapeNal(slice.subspan(unitHeader), headBytes);
  BitReader in(head);
  in.skip(2);  // first_slice_segment_in_pic_flag, no_output_of_prior_pics_flag
  const auto pps = sets_.find(ppsUnit, in.exponentialGolomb());
  if (!in.ok() || pps.empty()) return false;
  const auto rawPps = unescapeNal(pps.subspan(unitHeader), headBytes);
  BitReader ppsIn(rawPps);
  ppsIn.exponentialGolomb();
  const auto sps = sets_.find(spsUnit, ppsIn.exponentialGolomb());
  if (!ppsIn.ok() || sps.empty()) return false;
  const auto read = readH265Sps(sps);
  if (!read) return false;
  const auto vps = sets_.find(vpsUnit, read->vpsId);
  if (vps.empty()) return false;
  std::vector<base::Bytes> missing;
  if (!hasVps) missing.push_back(vps);
  if (!hasSps) missing.push_back(sps);
  if (!hasPps) missing.push_back(pps);
  prependUnits(missing, bytes);
  if (!hasSps) {
    frame.width = read->resolution.width;
    frame.height = read->resolution.height;
  }
  return true;
}

}  // namespace parley::rtp::payload
