#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace parley::dtls {

/// The protection profiles of RFC 5764 s.4.1.2 and RFC 7714 s.14.2, by their numbers in `use_srtp`.
enum class SrtpProfile : std::uint16_t {
  Aes128CmSha1_80 = 0x0001,
  AeadAes128Gcm = 0x0007,
  AeadAes256Gcm = 0x0008,
};

constexpr std::size_t keyLength(SrtpProfile profile) { return profile == SrtpProfile::AeadAes256Gcm ? 32 : 16; }
/// 112 bits for counter mode (RFC 3711 s.8.2), 96 for GCM (RFC 7714 s.12).
constexpr std::size_t saltLength(SrtpProfile profile) { return profile == SrtpProfile::Aes128CmSha1_80 ? 14 : 12; }

/// The name in IANA's registry of DTLS-SRTP protection profiles.
constexpr std::string_view name(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::Aes128CmSha1_80:
      return "SRTP_AES128_CM_HMAC_SHA1_80";
    case SrtpProfile::AeadAes128Gcm:
      return "SRTP_AEAD_AES_128_GCM";
    case SrtpProfile::AeadAes256Gcm:
      return "SRTP_AEAD_AES_256_GCM";
  }
  return {};
}

/// What the handshake gives to SRTP (RFC 5764 s.4.2): the master keys and salts of both directions.
struct SrtpKeys {
  SrtpProfile profile;
  std::vector<std::uint8_t> localKey, localSalt;    ///< for what this side sends
  std::vector<std::uint8_t> remoteKey, remoteSalt;  ///< for what the peer sends
};

}  // namespace parley::dtls
