#pragma once

#include <cstdint>

namespace parley {

/// The W3C's MediaStreamTrack.kind.
enum class MediaKind : std::uint8_t { Audio, Video };

}  // namespace parley
