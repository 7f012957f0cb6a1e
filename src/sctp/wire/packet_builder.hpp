#pragma once

#include "base/bytes.hpp"
#include "base/packet_pool.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/packet_view.hpp"

#include <parley/packet.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace parley::sctp::wire {

/// Writes chunks in place into a packet of the pool, without allocating.
///
///     PacketBuilder builder(pool, {5000, 5000, peerTag}, mtu);
///     builder.add(Sack{…});
///     while (builder.roomForChunk() > …) builder.add(Data{…});
///     auto packet = builder.finish(Checksum::Crc32c);
///
/// The pool's headroom and what remains behind `maxSize` are for the layers below.
class PacketBuilder {
 public:
  struct Header {
    std::uint16_t sourcePort = 0;
    std::uint16_t destinationPort = 0;
    std::uint32_t verificationTag = 0;
  };
  enum class Checksum : std::uint8_t {
    Crc32c,
    Zero,  ///< RFC 9653: only if the peer has announced that it takes it, and not on INIT or COOKIE ECHO.
  };

  /// `maxSize`: of the whole packet. Precondition: commonHeaderSize <= maxSize <= base::packetCapacity. Takes a buffer
  /// of the pool at once.
  PacketBuilder(base::PacketPool& pool, const Header& header, std::size_t maxSize);

  /// Whether there is a chunk in it.
  bool empty() const { return packet_.size() == commonHeaderSize; }
  /// Bytes as of now, and at most.
  std::size_t size() const { return packet_.size(); }
  std::size_t maxSize() const { return maxSize_; }
  /// The largest chunk, header included, that still fits. Never between 1 and 3.
  std::size_t roomForChunk() const {
    auto room = (maxSize_ - packet_.size()) & ~std::size_t{3};
    return room < chunkHeaderSize ? 0 : room;
  }

  /// Writes the chunk, padded. False if there is no room: then nothing has changed.
  template <class Chunk>
  bool add(const Chunk& chunk) {
    const auto size = chunk.valueSize();
    if (chunkHeaderSize + size > roomForChunk()) return false;
    Writer writer(append(Chunk::type, chunk.flags(), size));
    chunk.writeValue(writer);
    assert(writer.remaining() == 0);
    return true;
  }

  /// The packet. The builder is spent.
  Packet finish(Checksum checksum);

 private:
  base::MutableBytes append(ChunkType type, std::uint8_t flags, std::size_t valueSize);

  Packet packet_;
  std::size_t maxSize_;
};

}  // namespace parley::sctp::wire
