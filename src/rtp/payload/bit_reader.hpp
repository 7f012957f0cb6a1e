#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace parley::rtp::payload {

/// Reads bits, the most significant first, as the headers of video codecs are written. Past the end it yields zeros and
/// clears `ok()`.
class BitReader {
 public:
  explicit BitReader(base::Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }

  bool flag() { return bits(1) != 0; }
  /// At most 32.
  std::uint32_t bits(unsigned count) {
    std::uint64_t value = 0;
    for (unsigned i = 0; i < count; ++i) {
      if (position_ >= bytes_.size() * 8) {
        ok_ = false;
        return 0;
      }
      value = value << 1 | (bytes_[position_ / 8] >> (7 - position_ % 8) & 1u);
      ++position_;
    }
    return static_cast<std::uint32_t>(value);
  }
  void skip(unsigned count) {
    for (; count > 32; count -= 32) bits(32);
    bits(count);
  }
  /// ue(v), H.264 s.9.1; also uvlc() of AV1.
  std::uint32_t exponentialGolomb() {
    unsigned zeros = 0;
    while (ok_ && !flag()) ++zeros;
    if (!ok_ || zeros > 31) {
      ok_ = false;
      return 0;
    }
    return static_cast<std::uint32_t>((std::uint64_t{1} << zeros) - 1 + bits(zeros));
  }
  /// se(v), H.264 s.9.1.1.
  std::int32_t signedGolomb() {
    auto code = exponentialGolomb();
    auto half = static_cast<std::int32_t>(code / 2 + code % 2);
    return code % 2 != 0 ? half : -half;
  }

 private:
  base::Bytes bytes_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace parley::rtp::payload
