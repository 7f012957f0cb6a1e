#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/serial.hpp"

namespace parley::sctp::wire {

/// SHUTDOWN (RFC 9260 s.3.3.8).
struct Shutdown {
  static constexpr ChunkType type = ChunkType::Shutdown;

  Tsn cumulative;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return 4; }
  void writeValue(Writer& writer) const { writer.u32(cumulative.value); }
  static base::Result<Shutdown, ChunkError> parse(const ChunkView& chunk);
};

/// SHUTDOWN ACK (s.3.3.9).
struct ShutdownAck {
  static constexpr ChunkType type = ChunkType::ShutdownAck;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return 0; }
  void writeValue(Writer&) const {}
};

/// SHUTDOWN COMPLETE (s.3.3.13).
struct ShutdownComplete {
  static constexpr ChunkType type = ChunkType::ShutdownComplete;

  bool tagReflected = false;  ///< T, as in `Abort`.

  std::uint8_t flags() const { return tagReflected ? 1 : 0; }
  std::size_t valueSize() const { return 0; }
  void writeValue(Writer&) const {}
  static ShutdownComplete parse(const ChunkView& chunk) { return {(chunk.flags & 1) != 0}; }
};

}  // namespace parley::sctp::wire
