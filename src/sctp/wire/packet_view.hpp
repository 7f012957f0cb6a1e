#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::sctp::wire {

inline constexpr std::size_t commonHeaderSize = 12;

/// The checksum of a packet as it should be (RFC 9260 s.6.8); `packet` has at least the common header. Stored
/// little-endian, unlike everything else.
std::uint32_t checksumOf(base::Bytes packet);

/// Why a packet is dropped unseen.
enum class PacketError : std::uint8_t {
  TooShort,        ///< Shorter than the common header.
  BadChecksum,     ///< Neither right, nor zero where that is agreed on.
  BadChunkLength,  ///< A chunk is shorter than its header or runs over the end.
  NoChunk,         ///< Nothing behind the header.
  Count
};

std::string_view toString(PacketError error);

/// RFC 9653: whether a checksum of zero is as good as the right one, because DTLS has proven the packet.
enum class ZeroChecksum : std::uint8_t { Refused, Accepted };

/// The chunks of a packet (or what remains of them) one after the other. Lengths have been checked.
class ChunkReader {
 public:
  explicit ChunkReader(base::Bytes chunks) : rest_(chunks) {}
  std::optional<ChunkView> next();

 private:
  base::Bytes rest_;
};

/// A packet that parsed: borrows its bytes. The lengths of all chunks are right, so that reading them cannot fail
/// halfway and a damaged packet has no effect at all.
class PacketView {
 public:
  static base::Result<PacketView, PacketError> parse(base::Bytes packet, ZeroChecksum zero);

  std::uint16_t sourcePort() const { return base::load16(packet_.data()); }
  std::uint16_t destinationPort() const { return base::load16(packet_.data() + 2); }
  std::uint32_t verificationTag() const { return base::load32(packet_.data() + 4); }
  ChunkReader chunks() const { return ChunkReader(packet_.subspan(commonHeaderSize)); }
  base::Bytes bytes() const { return packet_; }

 private:
  explicit PacketView(base::Bytes packet) : packet_(packet) {}
  base::Bytes packet_;
};

}  // namespace parley::sctp::wire
