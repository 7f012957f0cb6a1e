#include "sctp/wire/shutdown_chunk.hpp"

namespace parley::sctp::wire {

base::Result<Shutdown, ChunkError> Shutdown::parse(const ChunkView& chunk) {
  if (chunk.value.size() < 4) return base::unexpected(ChunkError::BadLength);
  return Shutdown{Tsn{base::load32(chunk.value.data())}};
}

}  // namespace parley::sctp::wire
