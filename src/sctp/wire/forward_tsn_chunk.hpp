#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <span>

namespace parley::sctp::wire {

/// FORWARD-TSN to be written (RFC 3758 s.3.2). The list is borrowed.
struct ForwardTsn {
  static constexpr ChunkType type = ChunkType::ForwardTsn;
  static constexpr std::size_t headerSize = 8;  ///< With the chunk header; each stream takes 4 more.

  struct Skipped {
    std::uint16_t stream = 0;
    Ssn ssn;  ///< The largest that was given up; ordered messages only.

    bool operator==(const Skipped&) const = default;
  };

  Tsn cumulative;
  std::span<const Skipped> streams;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return 4 + 4 * streams.size(); }
  void writeValue(Writer& writer) const;
};

/// FORWARD-TSN that was read; borrows the packet. The order and number of the streams are the peer's.
class ForwardTsnView {
 public:
  static base::Result<ForwardTsnView, ChunkError> parse(const ChunkView& chunk);

  Tsn cumulative() const { return {base::load32(value_.data())}; }
  std::size_t streamCount() const { return (value_.size() - 4) / 4; }
  ForwardTsn::Skipped stream(std::size_t i) const {
    const auto* at = value_.data() + 4 + 4 * i;
    return {base::load16(at), Ssn{base::load16(at + 2)}};
  }

 private:
  explicit ForwardTsnView(base::Bytes value) : value_(value) {}
  base::Bytes value_;
};

}  // namespace parley::sctp::wire
