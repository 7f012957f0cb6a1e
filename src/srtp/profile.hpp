#pragma once

#include <cstddef>
#include <cstdint>

namespace parley::srtp {

/// Protection profiles, by their numbers in `use_srtp` (RFC 5764 s.4.1.2, RFC 7714 s.14.2).
enum class Profile : std::uint16_t {
  Aes128CmSha1_80 = 0x0001,
  /// Tags of 32 bits for RTP, of 80 for RTCP (RFC 5764 s.4.1.2).
  Aes128CmSha1_32 = 0x0002,
  AeadAes128Gcm = 0x0007,
  AeadAes256Gcm = 0x0008,
};

constexpr std::size_t keyLength(Profile profile) { return profile == Profile::AeadAes256Gcm ? 32 : 16; }
/// 112 bits for counter mode (RFC 3711 s.8.2), 96 for GCM (RFC 7714 s.12).
constexpr std::size_t saltLength(Profile profile) {
  return profile == Profile::AeadAes128Gcm || profile == Profile::AeadAes256Gcm ? 12 : 14;
}

/// By what an RTP packet grows: the tag.
constexpr std::size_t rtpOverhead(Profile profile) {
  switch (profile) {
    case Profile::Aes128CmSha1_80:
      return 10;
    case Profile::Aes128CmSha1_32:
      return 4;
    case Profile::AeadAes128Gcm:
    case Profile::AeadAes256Gcm:
      return 16;
  }
  return 16;
}

/// By what an RTCP packet grows: the tag and the index with the E bit (RFC 3711 s.3.4, RFC 7714 s.9.2).
constexpr std::size_t rtcpOverhead(Profile profile) {
  return 4 + (profile == Profile::AeadAes128Gcm || profile == Profile::AeadAes256Gcm ? 16 : 10);
}

}  // namespace parley::srtp
