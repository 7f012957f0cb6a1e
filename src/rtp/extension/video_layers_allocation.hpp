#pragma once

#include "rtp/extension/extension.hpp"

#include <array>
#include <cstdint>

namespace parley::rtp::extension {

/// What bitrates a sender means to give to the simulcast streams of a section and to their layers, so that a forwarder
/// knows what to expect before it comes. (video-layers-allocation00 of libwebrtc.)
struct VideoLayersAllocation {
  static constexpr std::string_view uri = "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00";
  static constexpr std::size_t maximumStreams = 4;
  static constexpr std::size_t maximumSpatial = 4;
  static constexpr std::size_t maximumTemporal = 4;

  struct SpatialLayer {
    std::uint8_t temporalLayers = 0;  ///< 0: the layer is not sent.
    /// kbit/s with all lower layers, one for each temporal layer.
    std::array<std::uint32_t, maximumTemporal> bitrates{};
    std::uint32_t width = 0;  ///< Pixels, 1 to 65536; only with `hasResolutions`.
    std::uint32_t height = 0;
    std::uint8_t maximumFramerate = 0;
    bool operator==(const SpatialLayer&) const = default;
  };

  std::uint8_t streamIndex = 0;  ///< The one that this packet belongs to.
  std::uint8_t streams = 1;      ///< How many there are; those beyond it have no layers.
  bool hasResolutions = false;
  std::array<std::array<SpatialLayer, maximumSpatial>, maximumStreams> layers{};

  static std::optional<VideoLayersAllocation> parse(base::Bytes value);
  std::size_t size() const;
  void write(base::MutableBytes room) const;
  bool operator==(const VideoLayersAllocation&) const = default;
};

static_assert(Extension<VideoLayersAllocation>);

}  // namespace parley::rtp::extension
