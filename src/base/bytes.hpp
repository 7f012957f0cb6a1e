#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace parley::base {

using Bytes = std::span<const std::uint8_t>;
using MutableBytes = std::span<std::uint8_t>;

inline Bytes asBytes(std::string_view s) { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }
inline std::string_view asText(Bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

inline std::uint16_t load16(const std::uint8_t* p) { return static_cast<std::uint16_t>(p[0] << 8 | p[1]); }
inline std::uint32_t load32(const std::uint8_t* p) {
  return std::uint32_t{p[0]} << 24 | std::uint32_t{p[1]} << 16 | std::uint32_t{p[2]} << 8 | p[3];
}
inline std::uint64_t load64(const std::uint8_t* p) { return std::uint64_t{load32(p)} << 32 | load32(p + 4); }
inline void store16(std::uint8_t* p, std::uint16_t v) {
  p[0] = static_cast<std::uint8_t>(v >> 8);
  p[1] = static_cast<std::uint8_t>(v);
}
inline void store32(std::uint8_t* p, std::uint32_t v) {
  store16(p, static_cast<std::uint16_t>(v >> 16));
  store16(p + 2, static_cast<std::uint16_t>(v));
}
inline void store64(std::uint8_t* p, std::uint64_t v) {
  store32(p, static_cast<std::uint32_t>(v >> 32));
  store32(p + 4, static_cast<std::uint32_t>(v));
}

/// Reads network-order fields from a span. Reading past the end yields zeros and clears `ok()`, so that a parser checks
/// once, after the last field.
class Reader {
 public:
  explicit Reader(Bytes bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t remaining() const { return bytes_.size(); }

  std::uint8_t u8() {
    auto b = take(1);
    return b.empty() ? std::uint8_t{0} : b[0];
  }
  std::uint16_t u16() {
    auto b = take(2);
    return b.empty() ? std::uint16_t{0} : load16(b.data());
  }
  std::uint32_t u32() {
    auto b = take(4);
    return b.empty() ? 0u : load32(b.data());
  }
  std::uint64_t u64() {
    auto b = take(8);
    return b.empty() ? 0u : load64(b.data());
  }
  /// The next `n` bytes, or an empty span and `ok() == false`.
  Bytes take(std::size_t n) {
    if (n > bytes_.size()) {
      ok_ = false;
      bytes_ = {};
      return {};
    }
    auto head = bytes_.first(n);
    bytes_ = bytes_.subspan(n);
    return head;
  }
  Bytes rest() { return take(remaining()); }

 private:
  Bytes bytes_;
  bool ok_ = true;
};

/// Lower-case hexadecimal.
std::string toHex(Bytes bytes);
/// Empty for an odd number of digits or anything that is not a digit.
std::vector<std::uint8_t> fromHex(std::string_view text);

}  // namespace parley::base
