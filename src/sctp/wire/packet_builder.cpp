#include "sctp/wire/packet_builder.hpp"

#include "base/hash.hpp"

#include <utility>

namespace parley::sctp::wire {

PacketBuilder::PacketBuilder(base::PacketPool& pool, const Header& header, std::size_t maxSize)
    : packet_(pool.make()), maxSize_(maxSize) {
  assert(commonHeaderSize <= maxSize && maxSize <= packet_.tailroom());
  Writer(packet_.append(commonHeaderSize))
      .u16(header.sourcePort)
      .u16(header.destinationPort)
      .u32(header.verificationTag)
      .u32(0);
}

base::MutableBytes PacketBuilder::append(ChunkType type, std::uint8_t flags, std::size_t valueSize) {
  const auto size = chunkHeaderSize + valueSize;
  const auto room = packet_.append(padded(size));
  Writer(room.first(chunkHeaderSize))
      .u8(static_cast<std::uint8_t>(type))
      .u8(flags)
      .u16(static_cast<std::uint16_t>(size));
  Writer(room.subspan(size)).zeros(room.size() - size);
  return room.subspan(chunkHeaderSize, valueSize);
}

Packet PacketBuilder::finish(Checksum checksum) {
  if (checksum == Checksum::Crc32c) {
    const auto sum = base::crc32c(packet_.bytes());
    for (unsigned i = 0; i < 4; ++i) packet_.data()[8 + i] = static_cast<std::uint8_t>(sum >> (8 * i));
  }
  return std::move(packet_);
}

}  // namespace parley::sctp::wire
