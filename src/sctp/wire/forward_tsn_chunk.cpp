#include "sctp/wire/forward_tsn_chunk.hpp"

namespace parley::sctp::wire {

void ForwardTsn::writeValue(Writer& writer) const {
  writer.u32(cumulative.value);
  for (const auto& skipped : streams) writer.u16(skipped.stream).u16(skipped.ssn.value);
}

base::Result<ForwardTsnView, ChunkError> ForwardTsnView::parse(const ChunkView& chunk) {
  if (chunk.value.size() < 4 || chunk.value.size() % 4 != 0) return base::unexpected(ChunkError::BadLength);
  return ForwardTsnView(chunk.value);
}

}  // namespace parley::sctp::wire
