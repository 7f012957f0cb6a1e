#include "sctp/wire/iforward_tsn_chunk.hpp"

namespace parley::sctp::wire {

void IForwardTsn::writeValue(Writer& writer) const {
  writer.u32(cumulative.value);
  for (const auto& skipped : streams) writer.u16(skipped.stream).u16(skipped.unordered ? 1 : 0).u32(skipped.mid.value);
}

base::Result<IForwardTsnView, ChunkError> IForwardTsnView::parse(const ChunkView& chunk) {
  if (chunk.value.size() < 4 || (chunk.value.size() - 4) % 8 != 0) return base::unexpected(ChunkError::BadLength);
  return IForwardTsnView(chunk.value);
}

}  // namespace parley::sctp::wire
