#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"

namespace parley::sctp::wire {

/// ABORT (RFC 9260 s.3.3.7). Its causes are not checked when read: an ABORT ends the association whatever it says.
struct Abort {
  static constexpr ChunkType type = ChunkType::Abort;

  bool tagReflected = false;  ///< T: the verification tag is the packet's that is answered, not the receiver's.
  base::Bytes causes;         ///< See sctp/wire/error_causes.hpp; borrowed.

  std::uint8_t flags() const { return tagReflected ? 1 : 0; }
  std::size_t valueSize() const { return causes.size(); }
  void writeValue(Writer& writer) const { writer.bytes(causes); }
  static base::Result<Abort, ChunkError> parse(const ChunkView& chunk) {
    return Abort{(chunk.flags & 1) != 0, chunk.value};
  }
};

}  // namespace parley::sctp::wire
