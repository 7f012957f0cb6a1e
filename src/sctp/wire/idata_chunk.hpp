#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/serial.hpp"

namespace parley::sctp::wire {

/// I-DATA (RFC 8260 s.2.1): DATA whose messages can be interleaved. The payload is borrowed as in `Data`.
struct IData {
  static constexpr ChunkType type = ChunkType::IData;
  static constexpr std::size_t headerSize = 20;  ///< With the chunk header.

  DataFlags dataFlags;
  Tsn tsn;
  std::uint16_t stream = 0;
  Mid mid;                 ///< Ordered and unordered messages count by themselves.
  std::uint32_t ppid = 0;  ///< On the wire only in the first fragment: otherwise 0.
  std::uint32_t fsn = 0;   ///< Fragment sequence number, 0 in the first.
  base::Bytes payload;

  std::uint8_t flags() const { return dataFlags.bits(); }
  std::size_t valueSize() const { return headerSize - chunkHeaderSize + payload.size(); }
  void writeValue(Writer& writer) const {
    writer.u32(tsn.value).u16(stream).u16(0).u32(mid.value).u32(dataFlags.beginning ? ppid : fsn).bytes(payload);
  }
  static base::Result<IData, ChunkError> parse(const ChunkView& chunk);
};

}  // namespace parley::sctp::wire
