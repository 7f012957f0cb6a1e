#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/serial.hpp"

namespace parley::sctp::wire {

/// The flags that DATA and I-DATA share (RFC 9260 s.3.3.1, RFC 8260 s.2.1).
struct DataFlags {
  bool immediate = false;  ///< I: the SACK is wanted at once (RFC 7053).
  bool unordered = false;  ///< U
  bool beginning = false;  ///< B
  bool end = false;        ///< E

  static constexpr DataFlags from(std::uint8_t bits) {
    return {(bits & 0x08) != 0, (bits & 0x04) != 0, (bits & 0x02) != 0, (bits & 0x01) != 0};
  }
  constexpr std::uint8_t bits() const {
    return static_cast<std::uint8_t>((immediate ? 0x08 : 0) | (unordered ? 0x04 : 0) | (beginning ? 0x02 : 0) |
                                     (end ? 0x01 : 0));
  }
  bool operator==(const DataFlags&) const = default;
};

/// DATA. The payload is borrowed: of the packet when read, of the message when written.
struct Data {
  static constexpr ChunkType type = ChunkType::Data;
  static constexpr std::size_t headerSize = 16;  ///< With the chunk header.

  DataFlags dataFlags;
  Tsn tsn;
  std::uint16_t stream = 0;
  Ssn ssn;  ///< Meaningless if unordered.
  std::uint32_t ppid = 0;
  base::Bytes payload;

  std::uint8_t flags() const { return dataFlags.bits(); }
  std::size_t valueSize() const { return headerSize - chunkHeaderSize + payload.size(); }
  void writeValue(Writer& writer) const { writer.u32(tsn.value).u16(stream).u16(ssn.value).u32(ppid).bytes(payload); }
  static base::Result<Data, ChunkError> parse(const ChunkView& chunk);
};

}  // namespace parley::sctp::wire
