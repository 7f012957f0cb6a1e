#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <optional>

namespace parley::rtp::payload {

struct Resolution {
  std::uint16_t width = 0;
  std::uint16_t height = 0;
};

/// What the first bytes of a frame of VP8 or VP9 say, outside of any RTP payload descriptor.
struct FrameHeader {
  bool keyFrame = false;
  std::optional<Resolution> resolution = std::nullopt;  ///< Of key frames.
};

/// RFC 6386 s.9.1. Nothing for an empty frame or a key frame without its start code.
std::optional<FrameHeader> readVp8Header(base::Bytes frame);
/// VP9 bitstream specification s.6.2, uncompressed_header().
std::optional<FrameHeader> readVp9Header(base::Bytes frame);

}  // namespace parley::rtp::payload
