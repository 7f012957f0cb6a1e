#include "rtp/payload/layer_fields.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace parley::rtp::payload {
namespace {

LayerFields vp8Fields(base::Bytes payload) {
  base::Reader in(payload);
  LayerFields fields;
  const auto first = in.u8();
  const bool starts = (first & 0x17) == 0x10;  // S, of partition 0
  const auto at = [&] { return payload.size() - in.remaining(); };
  if ((first & 0x80) != 0) {
    const auto present = in.u8();
    if ((present & 0x80) != 0) {
      fields.pictureIdAt = at();
      fields.longPictureId = (in.u8() & 0x80) != 0;
      if (fields.longPictureId) in.u8();
    }
    if ((present & 0x40) != 0) {
      fields.tl0PicIdxAt = at();
      in.u8();
    }
    if ((present & 0x30) != 0) {
      const auto octet = in.u8();
      if ((present & 0x20) != 0) {
        fields.temporalId = static_cast<std::uint8_t>(octet >> 6);
        fields.switchingUp = (octet & 0x20) != 0;
      }
    }
  }
  const auto frame = in.u8();  // RFC 6386 s.9.1: the lowest bit of a frame tag is 0 in key frames.
  if (!in.ok()) return {};
  fields.startsFrame = starts;
  fields.startsKeyFrame = starts && (frame & 1) == 0;
  fields.compactPictureIds = true;
  return fields;
}

LayerFields vp9Fields(base::Bytes payload) {
  base::Reader in(payload);
  LayerFields fields;
  const auto first = in.u8();
  const bool inter = (first & 0x40) != 0, flexible = (first & 0x90) == 0x90;
  std::uint8_t spatial = 0;
  if ((first & 0x80) != 0) {
    fields.pictureIdAt = payload.size() - in.remaining();
    fields.longPictureId = (in.u8() & 0x80) != 0;
    if (fields.longPictureId) in.u8();
  }
  if ((first & 0x20) != 0) {
    const auto octet = in.u8();
    fields.temporalId = static_cast<std::uint8_t>(octet >> 5);
    fields.switchingUp = (octet & 0x10) != 0;
    spatial = octet >> 1 & 7;
    if (!flexible) {
      fields.tl0PicIdxAt = payload.size() - in.remaining();
      in.u8();
    }
  }
  if (!in.ok()) return {};
  fields.startsFrame = (first & 0x08) != 0;
  fields.startsKeyFrame = fields.startsFrame && !inter && spatial == 0;
  return fields;
}

/// Sequence parameters (7) and slices of IDR pictures (5) begin what can be decoded alone.
bool h264Begins(std::uint8_t type) { return type == 5 || type == 7; }

LayerFields h264Fields(base::Bytes payload) {
  LayerFields fields;
  base::Reader in(payload);
  const std::uint8_t type = in.u8() & 0x1f;
  if (type == 24) {  // STAP-A: the first unit tells.
    in.u16();
    const std::uint8_t inner = in.u8() & 0x1f;
    fields.startsKeyFrame = in.ok() && h264Begins(inner);
  } else if (type == 28) {  // FU-A, with its start bit
    const auto header = in.u8();
    fields.startsKeyFrame = in.ok() && (header & 0x80) != 0 && h264Begins(header & 0x1f);
  } else {
    fields.startsKeyFrame = in.ok() && h264Begins(type);
  }
  fields.startsFrame = fields.startsKeyFrame;
  return fields;
}

/// Parameter sets (32 to 34) and random access pictures (16 to 21).
bool h265Begins(std::uint8_t type) { return (type >= 16 && type <= 21) || (type >= 32 && type <= 34); }

LayerFields h265Fields(base::Bytes payload) {
  LayerFields fields;
  base::Reader in(payload);
  const std::uint8_t type = in.u8() >> 1 & 0x3f;
  const auto second = in.u8();
  if (type == 48) {  // AP
    in.u16();
    const std::uint8_t inner = in.u8() >> 1 & 0x3f;
    fields.startsKeyFrame = in.ok() && h265Begins(inner);
  } else if (type == 49) {  // FU
    const auto header = in.u8();
    fields.startsKeyFrame = in.ok() && (header & 0x80) != 0 && h265Begins(header & 0x3f);
  } else {
    fields.startsKeyFrame = in.ok() && h265Begins(type);
  }
  if (!in.ok()) return {};
  fields.startsFrame = fields.startsKeyFrame;
  if ((second & 7) != 0) fields.temporalId = static_cast<std::uint8_t>((second & 7) - 1);
  return fields;
}

}  // namespace

LayerFormat layerFormat(bool audio, std::string_view name) {
  if (audio) return LayerFormat::Audio;
  const auto is = [&](std::string_view other) { return base::equalsIgnoringCase(name, other); };
  if (is("VP8")) return LayerFormat::Vp8;
  if (is("VP9")) return LayerFormat::Vp9;
  if (is("H264")) return LayerFormat::H264;
  if (is("H265")) return LayerFormat::H265;
  if (is("AV1")) return LayerFormat::Av1;
  return LayerFormat::Unknown;
}

std::uint16_t LayerFields::pictureId(base::Bytes payload) const {
  const auto id = payload[pictureIdAt] & 0x7f;
  return static_cast<std::uint16_t>(longPictureId ? id << 8 | payload[pictureIdAt + 1] : id);
}

void LayerFields::setPictureId(base::MutableBytes payload, std::uint16_t id) const {
  if (longPictureId)
    base::store16(payload.data() + pictureIdAt, static_cast<std::uint16_t>(0x8000 | id));
  else
    payload[pictureIdAt] = id & 0x7f;
}

LayerFields readLayerFields(LayerFormat format, base::Bytes payload) {
  LayerFields fields;
  switch (format) {
    case LayerFormat::Vp8: return vp8Fields(payload);
    case LayerFormat::Vp9: return vp9Fields(payload);
    case LayerFormat::H264: return h264Fields(payload);
    case LayerFormat::H265: return h265Fields(payload);
    case LayerFormat::Av1:
      // The aggregation header's N: the first packet of a coded video sequence.
      fields.startsFrame = fields.startsKeyFrame = !payload.empty() && (payload[0] & 0x08) != 0;
      return fields;
    case LayerFormat::Audio:
    case LayerFormat::Unknown: fields.startsFrame = fields.startsKeyFrame = true; return fields;
  }
  return fields;
}

}  // namespace parley::rtp::payload
