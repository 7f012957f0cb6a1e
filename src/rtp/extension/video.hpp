#pragma once

#include "rtp/extension/extension.hpp"

#include <cstdint>

/// \file
/// What a picture is, for who shows it.

namespace parley::rtp::extension {

/// 3GPP TS 26.114 s.7.4.5, coordination of video orientation.
struct VideoOrientation {
  static constexpr std::string_view uri = "urn:3gpp:video-orientation";

  std::uint16_t rotation = 0;  ///< Degrees clockwise that the receiver has to turn the picture by: 0, 90, 180 or 270.
  bool flipped = false;        ///< The picture is mirrored: left and right are exchanged.
  bool backCamera = false;

  /// With higher granularity the two lowest bits of the rotation are a fraction, which is left out.
  static std::optional<VideoOrientation> parse(base::Bytes value) {
    if (value.size() != 1) return std::nullopt;
    return VideoOrientation{static_cast<std::uint16_t>((value[0] & 3) * 90), (value[0] & 4) != 0, (value[0] & 8) != 0};
  }
  std::size_t size() const { return 1; }
  void write(base::MutableBytes room) const {
    room[0] = static_cast<std::uint8_t>((backCamera ? 8 : 0) | (flipped ? 4 : 0) | (rotation / 90 & 3));
  }
};

/// Whether the picture is of a screen, which wants other treatment than a camera's.
struct VideoContentType {
  static constexpr std::string_view uri = "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type";

  bool screenshare = false;

  /// The lowest bit tells; others were used by experiments.
  static std::optional<VideoContentType> parse(base::Bytes value) {
    if (value.size() != 1) return std::nullopt;
    return VideoContentType{(value[0] & 1) != 0};
  }
  std::size_t size() const { return 1; }
  void write(base::MutableBytes room) const { room[0] = screenshare ? 1 : 0; }
};

static_assert(Extension<VideoOrientation> && Extension<VideoContentType>);

}  // namespace parley::rtp::extension
