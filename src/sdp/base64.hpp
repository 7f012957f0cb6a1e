#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parley::sdp {

/// RFC 4648 s.4, with padding and without line breaks.
std::string toBase64(std::span<const std::uint8_t> bytes);
/// None for anything else, and for bits that the padding should have cleared.
std::optional<std::vector<std::uint8_t>> fromBase64(std::string_view text);

}  // namespace parley::sdp
