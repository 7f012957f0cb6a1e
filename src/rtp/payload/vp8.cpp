#include "rtp/payload/vp8.hpp"

#include "rtp/payload/resolution.hpp"

namespace parley::rtp::payload {
namespace {

// The first octet: X R N S R PID.
constexpr std::uint8_t extended = 0x80;
constexpr std::uint8_t nonReferenceFlag = 0x20;
constexpr std::uint8_t startFlag = 0x10;
constexpr std::uint8_t partitionMask = 0x07;
// The second, if X: I L T K.
constexpr std::uint8_t hasPictureId = 0x80;
constexpr std::uint8_t hasTl0PicIdx = 0x40;
constexpr std::uint8_t hasTemporalId = 0x20;
constexpr std::uint8_t hasKeyIdx = 0x10;

}  // namespace

base::Result<Vp8Descriptor, PayloadError> Vp8Descriptor::parse(base::Bytes payload) {
  base::Reader in(payload);
  Vp8Descriptor d;
  const auto first = in.u8();
  d.info.nonReference = (first & nonReferenceFlag) != 0;
  d.startOfPartition = (first & startFlag) != 0;
  d.partition = first & partitionMask;
  if ((first & extended) != 0) {
    const auto present = in.u8();
    if ((present & hasPictureId) != 0) {
      std::uint16_t id = in.u8();
      d.longPictureId = (id & 0x80) != 0;
      if (d.longPictureId) id = static_cast<std::uint16_t>((id & 0x7f) << 8 | in.u8());
      d.info.pictureId = id;
    }
    if ((present & hasTl0PicIdx) != 0) d.info.tl0PicIdx = in.u8();
    if ((present & (hasTemporalId | hasKeyIdx)) != 0) {
      const auto octet = in.u8();
      if ((present & hasTemporalId) != 0) {
        d.info.temporalId = static_cast<std::uint8_t>(octet >> 6);
        d.info.layerSync = (octet & 0x20) != 0;
      }
      if ((present & hasKeyIdx) != 0) d.info.keyIdx = static_cast<std::uint8_t>(octet & 0x1f);
    }
  }
  if (!in.ok()) return base::unexpected(PayloadError::Truncated);
  d.size = payload.size() - in.remaining();
  return d;
}

std::size_t Vp8Descriptor::write(std::array<std::uint8_t, 6>& out) const {
  out[0] = static_cast<std::uint8_t>((info.nonReference ? nonReferenceFlag : 0) |
                                     (startOfPartition ? startFlag : 0) | (partition & partitionMask));
  std::uint8_t present = 0;
  std::size_t n = 2;
  if (info.pictureId) {
    present |= hasPictureId;
    base::store16(&out[n], static_cast<std::uint16_t>(0x8000 | *info.pictureId));
    n += 2;
  }
  if (info.tl0PicIdx) {
    present |= hasTl0PicIdx;
    out[n++] = *info.tl0PicIdx;
  }
  if (info.temporalId || info.keyIdx) {
    out[n] = 0;
    if (info.temporalId) {
      present |= hasTemporalId;
      out[n] = static_cast<std::uint8_t>((*info.temporalId & 3) << 6 | (info.layerSync ? 0x20 : 0));
    }
    if (info.keyIdx) {
      present |= hasKeyIdx;
      out[n] = static_cast<std::uint8_t>(out[n] | (*info.keyIdx & 0x1f));
    }
    ++n;
  }
  if (present == 0) return 1;
  out[0] |= extended;
  out[1] = present;
  return n;
}

base::Result<std::size_t, PacketizeError> Vp8Packetizer::start(const EncodedFrame& frame, const PayloadLimits& limits) {
  if (frame.data.empty()) return base::unexpected(PacketizeError::EmptyFrame);
  Vp8Descriptor descriptor;
  if (const auto* info = std::get_if<Vp8FrameInfo>(&frame.codec)) descriptor.info = *info;
  if (descriptor.info.pictureId) {
    pictureId_ = *descriptor.info.pictureId & 0x7fff;
  } else {
    descriptor.info.pictureId = pictureId_;
  }
  // RFC 7741 s.4.2: L goes with T, and a TL0PICIDX without the layer says nothing.
  if (descriptor.info.tl0PicIdx && !descriptor.info.temporalId) descriptor.info.temporalId = std::uint8_t{0};
  descriptorSize_ = descriptor.write(descriptor_);
  if (!split_.plan(frame.data.size(), limits, descriptorSize_)) return base::unexpected(PacketizeError::TooLarge);
  pictureId_ = (pictureId_ + 1) & 0x7fff;
  data_ = frame.data;
  offset_ = 0;
  endOfPicture_ = frame.endOfPicture;
  return split_.count();
}

bool Vp8Packetizer::next(Packet& packet) {
  descriptor_[0] = static_cast<std::uint8_t>(offset_ == 0 ? descriptor_[0] | startFlag
                                                          : descriptor_[0] & ~startFlag);
  packet.append(base::Bytes(descriptor_).first(descriptorSize_));
  const auto size = split_.next();
  packet.append(data_.bytes().subspan(offset_, size));
  offset_ += size;
  if (offset_ < data_.size()) return false;
  data_ = {};
  return endOfPicture_;
}

base::Result<PayloadInfo, PayloadError> Vp8Depacketizer::parse(base::Bytes payload) const {
  auto descriptor = Vp8Descriptor::parse(payload);
  if (!descriptor) return base::unexpected(descriptor.error());
  if (descriptor->size == payload.size()) return base::unexpected(PayloadError::Truncated);
  const bool starts = descriptor->startOfPartition && descriptor->partition == 0;
  return PayloadInfo{starts, !starts, false};
}

bool Vp8Depacketizer::append(base::Bytes payload, std::vector<std::uint8_t>& bytes) {
  auto descriptor = *Vp8Descriptor::parse(payload);
  if (first_)
    info_ = descriptor.info;
  else if (descriptor.info.pictureId != info_.pictureId)
    return false;
  first_ = false;
  const auto data = payload.subspan(descriptor.size);
  bytes.insert(bytes.end(), data.begin(), data.end());
  return true;
}

bool Vp8Depacketizer::finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) {
  const auto header = readVp8Header(bytes);
  if (!header) return false;
  frame.type = header->keyFrame ? EncodedFrameType::Key : EncodedFrameType::Delta;
  if (header->resolution) {
    frame.width = header->resolution->width;
    frame.height = header->resolution->height;
  }
  if (info_.temporalId) frame.temporalIndex = info_.temporalId;
  frame.codec = info_;
  return true;
}

}  // namespace parley::rtp::payload
