#include "rtp/extension/video_layers_allocation.hpp"

#include <algorithm>

// The layout:
//
//   | stream index: 2 | streams - 1: 2 | active spatial layers: 4 |   the same in all streams; or 0, and then
//   | of stream 0: 4  | of stream 1: 4 | …                            octets of two streams each
//   | temporal layers - 1: 2 | …                                      of each active spatial layer, four an octet
//   | kbit/s: leb128 | …                                              of each temporal layer
//   | width - 1: 16 | height - 1: 16 | frames per second: 8 | …       of each active spatial layer, if at all
//
// A single octet of zero: nothing is sent.

namespace parley::rtp::extension {

namespace {

using Allocation = VideoLayersAllocation;

template <class Function>
void forEachActive(auto& allocation, Function function) {
  for (std::size_t stream = 0; stream < allocation.streams; ++stream)
    for (auto& layer : allocation.layers[stream])
      if (layer.temporalLayers != 0) function(layer);
}

unsigned activeMask(const std::array<Allocation::SpatialLayer, Allocation::maximumSpatial>& layers) {
  unsigned mask = 0;
  for (std::size_t i = 0; i < layers.size(); ++i)
    if (layers[i].temporalLayers != 0) mask |= 1u << i;
  return mask;
}

bool sameInAll(const Allocation& allocation) {
  return std::all_of(allocation.layers.begin(), allocation.layers.begin() + allocation.streams,
                     [&](const auto& stream) { return activeMask(stream) == activeMask(allocation.layers[0]); });
}

bool nothingActive(const Allocation& allocation) {
  bool none = true;
  forEachActive(allocation, [&](const auto&) { none = false; });
  return none;
}

std::size_t leb128Size(std::uint32_t value) {
  std::size_t size = 1;
  while (value >>= 7) ++size;
  return size;
}

/// Nothing for one that is longer than 32 bits.
std::optional<std::uint32_t> readLeb128(base::Reader& reader) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    std::uint8_t octet = reader.u8();
    value |= std::uint64_t{octet & 0x7fu} << shift;
    if (!(octet & 0x80)) return value > 0xffffffff ? std::nullopt : std::optional(static_cast<std::uint32_t>(value));
  }
  return std::nullopt;
}

std::uint8_t* writeLeb128(std::uint8_t* at, std::uint32_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<std::uint8_t>(value | 0x80);
  *at++ = static_cast<std::uint8_t>(value);
  return at;
}

}  // namespace

std::optional<VideoLayersAllocation> VideoLayersAllocation::parse(base::Bytes value) {
  base::Reader reader(value);
  VideoLayersAllocation result;
  std::uint8_t first = reader.u8();
  if (value.empty()) return std::nullopt;
  if (value.size() == 1) return first == 0 ? std::optional(result) : std::nullopt;
  result.streamIndex = first >> 6;
  result.streams = static_cast<std::uint8_t>((first >> 4 & 3) + 1);

  unsigned masks[maximumStreams] = {};
  unsigned common = first & 0x0f, octet = 0;
  for (std::size_t stream = 0; stream < result.streams; ++stream) {
    if (common == 0 && stream % 2 == 0) octet = reader.u8();
    masks[stream] = common != 0 ? common : stream % 2 == 0 ? octet >> 4 : octet & 0x0f;
  }
  unsigned left = 0;
  for (std::size_t stream = 0; stream < result.streams; ++stream)
    for (std::size_t spatial = 0; spatial < maximumSpatial; ++spatial) {
      if (!(masks[stream] >> spatial & 1)) continue;
      if (left == 0) {
        octet = reader.u8();
        left = 4;
      }
      --left;
      result.layers[stream][spatial].temporalLayers = static_cast<std::uint8_t>((octet >> 2 * left & 3) + 1);
    }
  bool ok = !nothingActive(result);
  forEachActive(result, [&](SpatialLayer& layer) {
    for (std::size_t i = 0; i < layer.temporalLayers; ++i) {
      auto bitrate = readLeb128(reader);
      ok = ok && bitrate;
      layer.bitrates[i] = bitrate.value_or(0);
    }
  });
  result.hasResolutions = reader.remaining() > 0;
  if (result.hasResolutions)
    forEachActive(result, [&](SpatialLayer& layer) {
      layer.width = reader.u16() + 1u;
      layer.height = reader.u16() + 1u;
      layer.maximumFramerate = reader.u8();
    });
  if (!ok || !reader.ok() || reader.remaining() > 0) return std::nullopt;
  return result;
}

std::size_t VideoLayersAllocation::size() const {
  if (nothingActive(*this)) return 1;
  std::size_t active = 0, bitratesSize = 0;
  forEachActive(*this, [&](const SpatialLayer& layer) {
    ++active;
    for (std::size_t i = 0; i < layer.temporalLayers; ++i) bitratesSize += leb128Size(layer.bitrates[i]);
  });
  return 1 + (sameInAll(*this) ? 0 : (streams + 1u) / 2) + (active + 3) / 4 + bitratesSize +
         (hasResolutions ? 5 * active : 0);
}

void VideoLayersAllocation::write(base::MutableBytes room) const {
  std::fill(room.begin(), room.end(), std::uint8_t{0});
  if (nothingActive(*this)) return;
  std::uint8_t* at = room.data();
  bool same = sameInAll(*this);
  *at++ = static_cast<std::uint8_t>(streamIndex << 6 | (streams - 1) << 4 | (same ? activeMask(layers[0]) : 0));
  if (!same) {
    for (std::size_t stream = 0; stream < streams; ++stream)
      at[stream / 2] = static_cast<std::uint8_t>(at[stream / 2] | activeMask(layers[stream]) << (stream % 2 == 0 ? 4 : 0));
    at += (streams + 1) / 2;
  }
  std::size_t active = 0;
  forEachActive(*this, [&](const SpatialLayer& layer) {
    auto shift = 6 - 2 * (active % 4);
    at[active / 4] = static_cast<std::uint8_t>(at[active / 4] | (layer.temporalLayers - 1) << shift);
    ++active;
  });
  at += (active + 3) / 4;
  forEachActive(*this, [&](const SpatialLayer& layer) {
    for (std::size_t i = 0; i < layer.temporalLayers; ++i) at = writeLeb128(at, layer.bitrates[i]);
  });
  if (!hasResolutions) return;
  forEachActive(*this, [&](const SpatialLayer& layer) {
    base::store16(at, static_cast<std::uint16_t>(layer.width - 1));
    base::store16(at + 2, static_cast<std::uint16_t>(layer.height - 1));
    at[4] = layer.maximumFramerate;
    at += 5;
  });
}

}  // namespace parley::rtp::extension
