#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// Forward error correction by parity (RFC 5109), the payload format "ulpfec".
///
/// What is protected are whole RTP packets as the codec's packetizer made them: without RED around them (RFC 5109
/// s.14.2), before encryption, and with zeros in the header extensions that change on the way (abs-send-time,
/// transport-wide sequence number), for what is restored could not have them right.
namespace parley::rtp::fec {

/// A mask has 48 bits at most, so that is how far protected packets may be apart (RFC 5109 s.7.4).
inline constexpr std::size_t maxSpan = 48;
/// Of RTP, without sources and extensions.
inline constexpr std::size_t fixedHeader = 12;
/// FEC header, and header of level 0 with the short mask or the long one (s.7.3, 7.4).
inline constexpr std::size_t shortHeaderSize = 14, longHeaderSize = 18;

/// One FEC payload as it came.
struct Protection {
  std::uint16_t base = 0;    ///< The lowest sequence number that is protected.
  std::uint64_t mask = 0;    ///< Bit 47 is `base`, bit 46 the next one, …
  std::uint16_t length = 0;  ///< Bytes behind the fixed header that level 0 protects.
  /// P, X, CC, M and PT recovery; TS recovery; length recovery.
  std::uint8_t flags = 0, markerAndType = 0;
  std::uint32_t timestamp = 0;
  std::uint16_t lengthRecovery = 0;
  base::Bytes payload;  ///< `length` bytes, borrowed.

  bool protects(std::uint16_t sequenceNumber) const {
    const auto offset = static_cast<std::uint16_t>(sequenceNumber - base);
    return offset < maxSpan && (mask >> (maxSpan - 1 - offset) & 1) != 0;
  }

  /// Nothing if it is cut short, protects nothing, or protects more than an RTP packet can have. Levels above 0 are not
  /// read: nobody sends them, and a packet that needs them is not restored.
  static std::optional<Protection> parse(base::Bytes payload);
};

/// Appends the FEC payload for these packets to `out`: one level, that covers the longest of them. Each is a whole RTP
/// packet of one stream; their sequence numbers lie within `maxSpan`, and none is there twice. False, and nothing
/// appended, if that does not hold or there is none.
bool protect(std::span<const base::Bytes> packets, std::vector<std::uint8_t>& out);

/// How many packets one packet of FEC protects at this loss rate. Parity restores one; so many that in one group of
/// fifty two are lost, and at least two: more overhead than a half would serve better as a lower bitrate.
std::size_t protectedAt(double lossRate);

/// How many FEC packets a group of media packets gets at this loss rate.
std::size_t packetsFor(std::size_t mediaPackets, double lossRate);

/// Which packets of a group of `mediaPackets` FEC packet `index` of `fecPackets` protects: every `fecPackets`-th, so
/// that a burst falls to different ones.
inline bool protects(std::size_t packet, std::size_t index, std::size_t fecPackets) {
  return packet % fecPackets == index;
}

}  // namespace parley::rtp::fec
