#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

/// \file
/// Keys of the long-term mechanism (RFC 8489 s.9.2); the short-term key is the bytes of the password itself. All
/// strings are UTF-8 to which OpaqueString (RFC 8265 s.4.2) has been applied; it leaves printable ASCII as it is.

namespace parley::stun {

/// RFC 8489 s.9.2.2: MD5(username ":" realm ":" password).
std::array<std::uint8_t, 16> longTermKeyMd5(std::string_view username, std::string_view realm,
                                            std::string_view password);
/// RFC 8489 s.18.5.1.2: the same by SHA-256.
std::array<std::uint8_t, 32> longTermKeySha256(std::string_view username, std::string_view realm,
                                               std::string_view password);

/// RFC 8489 s.14.4: what stands for the username where the server supports anonymity.
std::array<std::uint8_t, 32> userhash(std::string_view username, std::string_view realm);

/// What a server says by the cookie at the start of its nonce that it supports (RFC 8489 s.9.2, s.18.1).
struct SecurityFeatures {
  bool passwordAlgorithms = false;
  bool usernameAnonymity = false;
};

/// Nothing for the nonce of a server that does not know RFC 8489.
std::optional<SecurityFeatures> securityFeatures(std::string_view nonce);

}  // namespace parley::stun
