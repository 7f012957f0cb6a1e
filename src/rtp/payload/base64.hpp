#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace parley::rtp::payload {

/// The values of sprop-parameter-sets (RFC 6184 s.8.1) and its like (RFC 7798 s.7.1): Base64, with commas between. What
/// is not Base64 is left out.
std::vector<std::vector<std::uint8_t>> decodeBase64List(std::string_view text);

}  // namespace parley::rtp::payload
