#pragma once

#include "base/bytes.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace parley::rtp {

/// Reads bits, the most significant first, as the headers of video codecs and the dependency descriptor are written.
/// Past the end it yields zeros and clears `ok()`.
class BitReader {
 public:
  explicit BitReader(base::Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }

  bool flag() { return fixed(1) != 0; }
  /// f(n), u(n). At most 32.
  std::uint32_t fixed(unsigned count) {
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
    for (; count > 32; count -= 32) fixed(32);
    fixed(count);
  }
  /// ns(n) of AV1 (av1-rtp-spec A.8.2): a value below n.
  std::uint32_t nonSymmetric(std::uint32_t n) {
    auto width = static_cast<unsigned>(std::bit_width(n));
    std::uint32_t shorter = (1u << width) - n;
    std::uint32_t value = fixed(width - 1);
    return value < shorter ? value : (value << 1) - shorter + fixed(1);
  }
  /// ue(v), H.264 s.9.1; also uvlc() of AV1.
  std::uint32_t exponentialGolomb() {
    unsigned zeros = 0;
    while (ok_ && !flag()) ++zeros;
    if (!ok_ || zeros > 31) {
      ok_ = false;
      return 0;
    }
    return static_cast<std::uint32_t>((std::uint64_t{1} << zeros) - 1 + fixed(zeros));
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

/// Writes the same. Without room it only counts: what does not fit is not written.
class BitWriter {
 public:
  BitWriter() = default;
  explicit BitWriter(base::MutableBytes room) : room_(room) {}

  std::size_t bits() const { return at_; }
  void flag(bool value) { fixed(1, value ? 1 : 0); }
  void fixed(unsigned n, std::uint32_t value) {
    for (; n > 0; --n, ++at_) {
      if (at_ >= room_.size() * 8) continue;
      auto mask = static_cast<std::uint8_t>(0x80 >> at_ % 8);
      std::uint8_t& octet = room_[at_ / 8];
      octet = static_cast<std::uint8_t>(value >> (n - 1) & 1 ? octet | mask : octet & ~mask);
    }
  }
  void nonSymmetric(std::uint32_t n, std::uint32_t value) {
    if (n == 1) return;
    auto width = static_cast<unsigned>(std::bit_width(n));
    std::uint32_t shorter = (1u << width) - n;
    if (value < shorter)
      fixed(width - 1, value);
    else
      fixed(width, value + shorter);
  }

 private:
  base::MutableBytes room_;
  std::size_t at_ = 0;
};

}  // namespace parley::rtp
