#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/serial.hpp"

namespace parley::sctp::wire {

/// What INIT and INIT ACK hold (RFC 9260 s.3.3.2, s.3.3.3). `parse` refuses what RFC 9260 lets nobody send: a zero tag
/// (`ChunkError::BadValue`; s.3.3.2: discard an INIT with it) - but not zero streams, which are answered by an ABORT
/// (s.5.1).
struct InitFields {
  static constexpr std::size_t fixedSize = 16;

  std::uint32_t initiateTag = 0;
  std::uint32_t window = 0;  ///< a_rwnd
  std::uint16_t outboundStreams = 0;
  std::uint16_t inboundStreams = 0;
  Tsn initialTsn;
  base::Bytes parameters;  ///< Borrowed. Read by `InitParameters`, written by `InitParameters` or `TlvBlock`.

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return fixedSize + parameters.size(); }
  void writeValue(Writer& writer) const {
    writer.u32(initiateTag)
        .u32(window)
        .u16(outboundStreams)
        .u16(inboundStreams)
        .u32(initialTsn.value)
        .bytes(parameters);
  }

 protected:
  static base::Result<InitFields, ChunkError> parseFields(const ChunkView& chunk);
};

struct Init : InitFields {
  static constexpr ChunkType type = ChunkType::Init;
  static base::Result<Init, ChunkError> parse(const ChunkView& chunk);
};

struct InitAck : InitFields {
  static constexpr ChunkType type = ChunkType::InitAck;
  static base::Result<InitAck, ChunkError> parse(const ChunkView& chunk);
};

}  // namespace parley::sctp::wire
