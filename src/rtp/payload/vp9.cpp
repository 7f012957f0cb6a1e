#include "rtp/payload/vp9.hpp"

#include "rtp/payload/resolution.hpp"

#include <algorithm>

namespace parley::rtp::payload {
namespace {

// The first octet: I P L F B E V Z.
constexpr std::uint8_t hasPictureId = 0x80;
constexpr std::uint8_t interPictureFlag = 0x40;
constexpr std::uint8_t hasLayers = 0x20;
constexpr std::uint8_t flexibleFlag = 0x10;
constexpr std::uint8_t startOfFrameFlag = 0x08;
constexpr std::uint8_t endOfFrameFlag = 0x04;
constexpr std::uint8_t hasStructure = 0x02;
constexpr std::uint8_t notForUpperLayers = 0x01;

constexpr std::size_t maxReferences = 3;

Vp9FrameInfo::Structure readStructure(base::Reader& in) {
  Vp9FrameInfo::Structure structure;
  const auto octet = in.u8();
  structure.spatialLayers = static_cast<std::uint8_t>((octet >> 5) + 1);
  if ((octet & 0x10) != 0) {
    for (unsigned i = 0; i < structure.spatialLayers && in.ok(); ++i) {
      const auto width = in.u16();
      structure.resolutions.push_back({width, in.u16()});
    }
  }
  if ((octet & 0x08) != 0) {
    auto& group = structure.group.emplace();
    const unsigned pictures = in.u8();
    for (unsigned i = 0; i < pictures && in.ok(); ++i) {
      const auto head = in.u8();
      auto& picture = group.emplace_back();
      picture.temporalId = static_cast<std::uint8_t>(head >> 5);
      picture.switchingUpPoint = (head & 0x10) != 0;
      const auto differences = in.take(head >> 2 & 3u);
      picture.differences.assign(differences.begin(), differences.end());
    }
  }
  return structure;
}

void writeStructure(const Vp9FrameInfo::Structure& structure, std::vector<std::uint8_t>& out) {
  const std::size_t layers = std::clamp<std::size_t>(structure.spatialLayers, 1, 8);
  const bool sizes = structure.resolutions.size() == layers;
  out.push_back(static_cast<std::uint8_t>((layers - 1) << 5 | (sizes ? 0x10 : 0) | (structure.group ? 0x08 : 0)));
  if (sizes) {
    for (const auto& r : structure.resolutions)
      out.insert(out.end(), {static_cast<std::uint8_t>(r.width >> 8), static_cast<std::uint8_t>(r.width),
                             static_cast<std::uint8_t>(r.height >> 8), static_cast<std::uint8_t>(r.height)});
  }
  if (!structure.group) return;
  const auto pictures = std::min<std::size_t>(structure.group->size(), 255);
  out.push_back(static_cast<std::uint8_t>(pictures));
  for (std::size_t i = 0; i < pictures; ++i) {
    const auto& picture = (*structure.group)[i];
    const auto references = std::min(picture.differences.size(), maxReferences);
    out.push_back(static_cast<std::uint8_t>((picture.temporalId & 7) << 5 | (picture.switchingUpPoint ? 0x10 : 0) |
                                            references << 2));
    out.insert(out.end(), picture.differences.begin(),
               picture.differences.begin() + static_cast<std::ptrdiff_t>(references));
  }
}

}  // namespace

base::Result<Vp9Descriptor, PayloadError> Vp9Descriptor::parse(base::Bytes payload) {
  base::Reader in(payload);
  Vp9Descriptor d;
  const auto first = in.u8();
  d.startOfFrame = (first & startOfFrameFlag) != 0;
  d.endOfFrame = (first & endOfFrameFlag) != 0;
  d.info.interPicture = (first & interPictureFlag) != 0;
  d.info.notReferenceForUpperLayers = (first & notForUpperLayers) != 0;
  const bool picture = (first & hasPictureId) != 0;
  // RFC 9628 s.4.2: without I, F is ignored.
  d.info.flexibleMode = picture && (first & flexibleFlag) != 0;
  if (picture) {
    std::uint16_t id = in.u8();
    if ((id & 0x80) != 0) id = static_cast<std::uint16_t>((id & 0x7f) << 8 | in.u8());
    d.info.pictureId = id;
  }
  if ((first & hasLayers) != 0) {
    const auto octet = in.u8();
    d.info.temporalId = static_cast<std::uint8_t>(octet >> 5);
    d.info.switchingUpPoint = (octet & 0x10) != 0;
    d.info.spatialId = static_cast<std::uint8_t>(octet >> 1 & 7);
    d.info.interLayer = (octet & 1) != 0;
    if (!d.info.flexibleMode) d.info.tl0PicIdx = in.u8();
  }
  if (d.info.flexibleMode && d.info.interPicture) {
    for (bool more = true; more && in.ok();) {
      if (d.info.differences.size() == maxReferences) return base::unexpected(PayloadError::Malformed);
      const auto octet = in.u8();
      // "A P_DIFF value of 0 is invalid."
      if (in.ok() && octet >> 1 == 0) return base::unexpected(PayloadError::Malformed);
      d.info.differences.push_back(static_cast<std::uint8_t>(octet >> 1));
      more = (octet & 1) != 0;
    }
  }
  if ((first & hasStructure) != 0) d.info.structure = readStructure(in);
  if (!in.ok()) return base::unexpected(PayloadError::Truncated);
  d.size = payload.size() - in.remaining();
  return d;
}

void Vp9Descriptor::write(std::vector<std::uint8_t>& out) const {
  const bool isFlexible = info.flexibleMode && info.pictureId;
  const bool layers = info.temporalId || info.spatialId;
  const auto references = std::min(info.differences.size(), maxReferences);
  const bool inter = info.interPicture && (!isFlexible || references > 0);
  out.push_back(static_cast<std::uint8_t>(
      (info.pictureId ? hasPictureId : 0) | (inter ? interPictureFlag : 0) | (layers ? hasLayers : 0) |
      (isFlexible ? flexibleFlag : 0) | (startOfFrame ? startOfFrameFlag : 0) |
      (endOfFrame ? endOfFrameFlag : 0) | (info.structure ? hasStructure : 0) |
      (info.notReferenceForUpperLayers ? notForUpperLayers : 0)));
  if (info.pictureId)
    out.insert(out.end(),
               {static_cast<std::uint8_t>(0x80 | *info.pictureId >> 8), static_cast<std::uint8_t>(*info.pictureId)});
  if (layers) {
    out.push_back(static_cast<std::uint8_t>((info.temporalId.value_or(0) & 7) << 5 |
                                            (info.switchingUpPoint ? 0x10 : 0) | (info.spatialId.value_or(0) & 7) << 1 |
                                            (info.interLayer ? 1 : 0)));
    if (!isFlexible) out.push_back(info.tl0PicIdx.value_or(0));
  }
  if (isFlexible && inter) {
    for (std::size_t i = 0; i < references; ++i)
      out.push_back(static_cast<std::uint8_t>(info.differences[i] << 1 | (i + 1 < references ? 1 : 0)));
  }
  if (info.structure) writeStructure(*info.structure, out);
}

base::Result<std::size_t, PacketizeError> Vp9Packetizer::start(const EncodedFrame& frame, const PayloadLimits& limits) {
  if (frame.data.empty()) return base::unexpected(PacketizeError::EmptyFrame);
  Vp9Descriptor descriptor;
  if (const auto* info = std::get_if<Vp9FrameInfo>(&frame.codec)) {
    descriptor.info = *info;
  } else {
    descriptor.info.interPicture = frame.type != EncodedFrameType::Key;
    // RFC 9628 s.4.2.1: "the SS data SHOULD be included in the first packet of every key frame."
    if (const auto header = readVp9Header(frame.data.bytes());
        header && header->keyFrame && header->resolution && frame.type == EncodedFrameType::Key)
      descriptor.info.structure =
          Vp9FrameInfo::Structure{1, {{header->resolution->width, header->resolution->height}}, std::nullopt};
  }
  if (descriptor.info.pictureId)
    pictureId_ = *descriptor.info.pictureId & 0x7fff;
  else
    descriptor.info.pictureId = pictureId_;

  first_.clear();
  descriptor.write(first_);
  descriptor.info.structure.reset();
  other_.clear();
  descriptor.write(other_);
  if (!split_.plan(frame.data.size(), limits, other_.size(), first_.size() - other_.size()))
    return base::unexpected(PacketizeError::TooLarge);
  // The layers of one picture have one picture ID.
  if (frame.endOfPicture) pictureId_ = (pictureId_ + 1) & 0x7fff;
  data_ = frame.data;
  offset_ = 0;
  endOfPicture_ = frame.endOfPicture;
  return split_.count();
}

bool Vp9Packetizer::next(Packet& packet) {
  const auto size = split_.next();
  const bool first = offset_ == 0;
  const bool last = offset_ + size == data_.size();
  const auto& descriptor = first ? first_ : other_;
  const auto flags = packet.append(descriptor.size());
  std::ranges::copy(descriptor, flags.begin());
  flags[0] = static_cast<std::uint8_t>(flags[0] | (first ? startOfFrameFlag : 0) | (last ? endOfFrameFlag : 0));
  packet.append(data_.bytes().subspan(offset_, size));
  offset_ += size;
  if (!last) return false;
  data_ = {};
  return endOfPicture_;
}

base::Result<PayloadInfo, PayloadError> Vp9Depacketizer::parse(base::Bytes payload) const {
  auto descriptor = Vp9Descriptor::parse(payload);
  if (!descriptor) return base::unexpected(descriptor.error());
  if (descriptor->size == payload.size()) return base::unexpected(PayloadError::Truncated);
  return PayloadInfo{descriptor->startOfFrame, !descriptor->startOfFrame, descriptor->endOfFrame};
}

bool Vp9Depacketizer::append(base::Bytes payload, std::vector<std::uint8_t>& bytes) {
  auto descriptor = *Vp9Descriptor::parse(payload);
  if (!started_)
    info_ = std::move(descriptor.info);
  else if (descriptor.info.pictureId != info_.pictureId || descriptor.info.spatialId != info_.spatialId)
    return false;
  started_ = true;
  ended_ = descriptor.endOfFrame;
  const auto data = payload.subspan(descriptor.size);
  bytes.insert(bytes.end(), data.begin(), data.end());
  return true;
}

bool Vp9Depacketizer::finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) {
  if (!ended_) return false;
  // A layer of a key picture that is predicted from the layer below does not start a decoder.
  const bool key = !info_.interPicture && !info_.interLayer && info_.spatialId.value_or(0) == 0;
  frame.type = key ? EncodedFrameType::Key : EncodedFrameType::Delta;
  const auto layer = info_.spatialId.value_or(0);
  if (info_.structure && layer < info_.structure->resolutions.size()) {
    frame.width = info_.structure->resolutions[layer].width;
    frame.height = info_.structure->resolutions[layer].height;
  } else if (const auto header = readVp9Header(bytes); header && header->resolution) {
    frame.width = header->resolution->width;
    frame.height = header->resolution->height;
  }
  if (info_.temporalId) frame.temporalIndex = info_.temporalId;
  if (info_.spatialId) frame.spatialIndex = info_.spatialId;
  frame.codec = std::move(info_);
  info_ = {};
  return true;
}

}  // namespace parley::rtp::payload
