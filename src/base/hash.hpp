#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstdint>

namespace parley::base {

std::array<std::uint8_t, 16> md5(Bytes data);
std::array<std::uint8_t, 32> sha256(Bytes data);
std::array<std::uint8_t, 20> hmacSha1(Bytes key, Bytes data);
std::array<std::uint8_t, 32> hmacSha256(Bytes key, Bytes data);

/// Compares in a time that does not depend on where the difference is.
bool equalConstantTime(Bytes a, Bytes b);

/// ITU V.42, the checksum of STUN's FINGERPRINT (RFC 8489 s.14.7). `seed` continues an earlier result.
std::uint32_t crc32(Bytes data, std::uint32_t seed = 0);
/// Castagnoli, the checksum of SCTP (RFC 9260 s.6.8), in the order in which SCTP stores it little-endian. By the
/// processor's instruction where there is one. `seed` continues an earlier result.
std::uint32_t crc32c(Bytes data, std::uint32_t seed = 0);

}  // namespace parley::base
