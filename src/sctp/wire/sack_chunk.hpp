#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <span>

namespace parley::sctp::wire {

/// TSNs that have come, as offsets from the cumulative TSN: 1 <= start <= end (RFC 9260 s.3.3.4).
struct GapBlock {
  std::uint16_t start = 0;
  std::uint16_t end = 0;

  bool operator==(const GapBlock&) const = default;
};

/// A SACK to be written. The lists are borrowed.
struct Sack {
  static constexpr ChunkType type = ChunkType::Sack;
  static constexpr std::size_t headerSize = 16;  ///< With the chunk header; each gap block and duplicate takes 4 more.

  Tsn cumulative;
  std::uint32_t window = 0;  ///< a_rwnd
  std::span<const GapBlock> gaps;
  std::span<const Tsn> duplicates;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return headerSize - chunkHeaderSize + 4 * (gaps.size() + duplicates.size()); }
  void writeValue(Writer& writer) const;
};

/// A SACK that was read; borrows the packet. Each gap block has 1 <= start <= end; their order is not checked.
class SackView {
 public:
  static base::Result<SackView, ChunkError> parse(const ChunkView& chunk);

  Tsn cumulative() const { return {base::load32(value_.data())}; }
  std::uint32_t window() const { return base::load32(value_.data() + 4); }
  std::size_t gapCount() const { return base::load16(value_.data() + 8); }
  std::size_t duplicateCount() const { return base::load16(value_.data() + 10); }
  GapBlock gap(std::size_t i) const {
    const auto* at = value_.data() + fixedSize + 4 * i;
    return {base::load16(at), base::load16(at + 2)};
  }
  Tsn duplicate(std::size_t i) const { return {base::load32(value_.data() + fixedSize + 4 * (gapCount() + i))}; }

 private:
  static constexpr std::size_t fixedSize = Sack::headerSize - chunkHeaderSize;
  explicit SackView(base::Bytes value) : value_(value) {}
  base::Bytes value_;
};

}  // namespace parley::sctp::wire
