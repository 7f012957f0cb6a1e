#pragma once

#include "base/bytes.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

/// \file
/// Bit fields of av1-rtp-spec A.8.2: f(n) and ns(n), the most significant bit first.

namespace parley::rtp::extension {

/// Past the end it reads zeros and clears `ok()`.
class BitReader {
 public:
  explicit BitReader(base::Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool flag() { return fixed(1) != 0; }
  /// f(n). At most 32.
  std::uint32_t fixed(unsigned n) {
    std::uint32_t value = 0;
    for (; n > 0; --n, ++at_) {
      if (at_ >= bytes_.size() * 8) {
        ok_ = false;
        return 0;
      }
      value = value << 1 | (bytes_[at_ / 8] >> (7 - at_ % 8) & 1u);
    }
    return value;
  }
  /// ns(n): a value below n.
  std::uint32_t nonSymmetric(std::uint32_t n) {
    auto width = static_cast<unsigned>(std::bit_width(n));
    std::uint32_t shorter = (1u << width) - n;
    std::uint32_t value = fixed(width - 1);
    return value < shorter ? value : (value << 1) - shorter + fixed(1);
  }

 private:
  base::Bytes bytes_;
  std::size_t at_ = 0;
  bool ok_ = true;
};

/// Without room it only counts: what does not fit is not written.
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

}  // namespace parley::rtp::extension
