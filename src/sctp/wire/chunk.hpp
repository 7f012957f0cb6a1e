#pragma once

#include "base/bytes.hpp"

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// \file
/// What all chunks have in common. Each chunk has a file of its own, and a struct for what is written with
///
///     static constexpr ChunkType type;
///     std::uint8_t flags() const;
///     std::size_t valueSize() const;              // bytes behind the chunk header, without padding
///     void writeValue(Writer&) const;             // writes exactly that many
///
/// and `static base::Result<Self, ChunkError> parse(const ChunkView&)` for what is read: the same struct where it
/// borrows the packet's bytes, or a `…View` where the written form is a list. `PacketBuilder::add` writes one into a
/// packet, `toBytes` alone.

namespace parley::sctp::wire {

/// RFC 9260 s.3.2 and the extensions' numbers.
enum class ChunkType : std::uint8_t {
  Data = 0,
  Init = 1,
  InitAck = 2,
  Sack = 3,
  Heartbeat = 4,
  HeartbeatAck = 5,
  Abort = 6,
  Shutdown = 7,
  ShutdownAck = 8,
  Error = 9,
  CookieEcho = 10,
  CookieAck = 11,
  ShutdownComplete = 14,
  IData = 64,         ///< RFC 8260.
  ReConfig = 130,     ///< RFC 6525.
  Pad = 132,          ///< RFC 4820.
  ForwardTsn = 192,   ///< RFC 3758.
  IForwardTsn = 194,  ///< RFC 8260.
};

/// "DATA", or "unknown chunk".
std::string_view toString(ChunkType type);

/// What to do with a chunk or parameter of an unknown type: its two highest bits (RFC 9260 s.3.2, s.3.2.1).
struct UnknownAction {
  bool stop = false;    ///< Do not look at what follows in this packet (or chunk).
  bool report = false;  ///< Tell the sender.

  static constexpr UnknownAction of(ChunkType type) {
    return {(static_cast<std::uint8_t>(type) & 0x80) == 0, (static_cast<std::uint8_t>(type) & 0x40) != 0};
  }
};

/// Why a chunk is not what its type says.
enum class ChunkError : std::uint8_t {
  BadLength,   ///< Too short for its fixed fields, or its lists do not fill it.
  BadValue,    ///< A field has a value that the RFC rules out.
  NoUserData,  ///< DATA or I-DATA without payload (RFC 9260 s.6.2: abort); its TSN is the value's first four bytes.
  Count
};

/// A chunk of a packet that parsed; borrows the packet.
struct ChunkView {
  ChunkType type{};
  std::uint8_t flags = 0;
  base::Bytes value;  ///< Behind the header, without padding.
  base::Bytes whole;  ///< With the header, without padding: what an "unrecognized chunk" cause holds.
};

inline constexpr std::size_t chunkHeaderSize = 4;

/// Chunks, parameters and causes are padded to four bytes; their lengths do not count it.
constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

/// Writes network-order fields. Precondition of all: there is room.
class Writer {
 public:
  explicit Writer(base::MutableBytes room) : room_(room) {}

  std::size_t remaining() const { return room_.size(); }
  Writer& u8(std::uint8_t v) {
    take(1)[0] = v;
    return *this;
  }
  Writer& u16(std::uint16_t v) {
    base::store16(take(2).data(), v);
    return *this;
  }
  Writer& u32(std::uint32_t v) {
    base::store32(take(4).data(), v);
    return *this;
  }
  Writer& bytes(base::Bytes b) {
    auto room = take(b.size());
    if (!b.empty()) std::memcpy(room.data(), b.data(), b.size());
    return *this;
  }
  Writer& zeros(std::size_t n) {
    auto room = take(n);
    if (n != 0) std::memset(room.data(), 0, n);
    return *this;
  }

 private:
  base::MutableBytes take(std::size_t n) {
    assert(n <= room_.size());
    auto head = room_.first(n);
    room_ = room_.subspan(n);
    return head;
  }

  base::MutableBytes room_;
};

/// One chunk alone, with header and without padding, as SNAP wants the INIT.
template <class Chunk>
std::vector<std::uint8_t> toBytes(const Chunk& chunk) {
  std::vector<std::uint8_t> bytes(chunkHeaderSize + chunk.valueSize());
  Writer writer(bytes);
  writer.u8(static_cast<std::uint8_t>(Chunk::type)).u8(chunk.flags()).u16(static_cast<std::uint16_t>(bytes.size()));
  chunk.writeValue(writer);
  assert(writer.remaining() == 0);
  return bytes;
}

/// One chunk alone: the inverse of `toBytes`. Padding may follow.
std::optional<ChunkView> chunkFrom(base::Bytes bytes);

}  // namespace parley::sctp::wire
