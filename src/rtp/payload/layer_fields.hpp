#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::rtp::payload {

/// How the start of a payload is to be read, for who forwards packets without putting frames together.
enum class LayerFormat : std::uint8_t {
  Audio,  ///< Each packet can be decoded by itself.
  Vp8,    ///< RFC 7741
  Vp9,    ///< RFC 9628
  H264,   ///< RFC 6184
  H265,   ///< RFC 7798
  Av1,
  Unknown  ///< Nothing is known of it: one begins wherever it is.
};
LayerFormat layerFormat(bool audio, std::string_view codecName);

/// What a forwarder wants to know of one payload, and where in it the numbers are that it rewrites.
struct LayerFields {
  bool startsFrame = false;
  bool startsKeyFrame = false;  ///< A decoder can begin with this packet.
  std::optional<std::uint8_t> temporalId = std::nullopt;
  /// From here on the temporal layer of the frame can be decoded by who has the layers below it.
  bool switchingUp = false;

  std::size_t pictureIdAt = 0;  ///< The offset of the picture ID in the payload; 0: there is none.
  bool longPictureId = false;   ///< 15 bits, not 7.
  std::size_t tl0PicIdxAt = 0;  ///< The same for TL0PICIDX.
  /// Pictures that are left out may be left out of the picture IDs as well: nothing counts by them (VP8).
  bool compactPictureIds = false;

  std::uint16_t pictureId(base::Bytes payload) const;
  void setPictureId(base::MutableBytes payload, std::uint16_t id) const;
};

/// Reads as much as is there; a malformed payload has no fields. Nothing is allocated.
LayerFields readLayerFields(LayerFormat format, base::Bytes payload);

}  // namespace parley::rtp::payload
