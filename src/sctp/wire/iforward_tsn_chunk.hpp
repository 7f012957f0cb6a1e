#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <span>

namespace parley::sctp::wire {

/// I-FORWARD-TSN to be written (RFC 8260 s.2.3.1). The list is borrowed.
struct IForwardTsn {
  static constexpr ChunkType type = ChunkType::IForwardTsn;
  static constexpr std::size_t headerSize = 8;  ///< With the chunk header; each stream takes 8 more.

  struct Skipped {
    std::uint16_t stream = 0;
    bool unordered = false;  ///< Ordered and unordered messages have an entry each.
    Mid mid;                 ///< The largest that was given up.

    bool operator==(const Skipped&) const = default;
  };

  Tsn cumulative;
  std::span<const Skipped> streams;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return 4 + 8 * streams.size(); }
  void writeValue(Writer& writer) const;
};

/// I-FORWARD-TSN that was read; borrows the packet.
class IForwardTsnView {
 public:
  static base::Result<IForwardTsnView, ChunkError> parse(const ChunkView& chunk);

  Tsn cumulative() const { return {base::load32(value_.data())}; }
  std::size_t streamCount() const { return (value_.size() - 4) / 8; }
  IForwardTsn::Skipped stream(std::size_t i) const {
    const auto* at = value_.data() + 4 + 8 * i;
    return {base::load16(at), (at[3] & 1) != 0, Mid{base::load32(at + 4)}};
  }

 private:
  explicit IForwardTsnView(base::Bytes value) : value_(value) {}
  base::Bytes value_;
};

}  // namespace parley::sctp::wire
