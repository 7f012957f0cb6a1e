#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"

namespace parley::sctp::wire {

/// ERROR, which unlike ABORT ends nothing (RFC 9260 s.3.3.10).
struct Error {
  static constexpr ChunkType type = ChunkType::Error;

  base::Bytes causes;  ///< See sctp/wire/error_causes.hpp; borrowed.

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return causes.size(); }
  void writeValue(Writer& writer) const { writer.bytes(causes); }
  static base::Result<Error, ChunkError> parse(const ChunkView& chunk) { return Error{chunk.value}; }
};

}  // namespace parley::sctp::wire
