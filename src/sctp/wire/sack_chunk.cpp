#include "sctp/wire/sack_chunk.hpp"

namespace parley::sctp::wire {

void Sack::writeValue(Writer& writer) const {
  writer.u32(cumulative.value)
      .u32(window)
      .u16(static_cast<std::uint16_t>(gaps.size()))
      .u16(static_cast<std::uint16_t>(duplicates.size()));
  for (const auto& gap : gaps) writer.u16(gap.start).u16(gap.end);
  for (const auto& duplicate : duplicates) writer.u32(duplicate.value);
}

base::Result<SackView, ChunkError> SackView::parse(const ChunkView& chunk) {
  if (chunk.value.size() < fixedSize) return base::unexpected(ChunkError::BadLength);
  const SackView view(chunk.value);
  if (chunk.value.size() != fixedSize + 4 * (view.gapCount() + view.duplicateCount()))
    return base::unexpected(ChunkError::BadLength);
  for (std::size_t i = 0; i < view.gapCount(); ++i)
    if (const auto gap = view.gap(i); gap.start == 0 || gap.end < gap.start)
      return base::unexpected(ChunkError::BadValue);
  return view;
}

}  // namespace parley::sctp::wire
