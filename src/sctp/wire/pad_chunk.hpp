#pragma once

#include "sctp/wire/chunk.hpp"

namespace parley::sctp::wire {

/// PAD (RFC 4820 s.3): makes a probe of the path's MTU as large as wanted. Ignored on receipt.
struct Pad {
  static constexpr ChunkType type = ChunkType::Pad;

  std::size_t size = 0;  ///< Bytes behind the chunk header.

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return size; }
  void writeValue(Writer& writer) const { writer.zeros(size); }
};

}  // namespace parley::sctp::wire
