#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace parley::rtp {

/// How far `b` is behind `a` on the shorter way round; negative if it is ahead. Exactly half way counts as ahead of both.
template <std::unsigned_integral T>
constexpr std::make_signed_t<T> distance(T a, T b) {
  return static_cast<std::make_signed_t<T>>(static_cast<T>(a - b));
}

/// `a` comes after `b`: it is less than half of all numbers ahead (RFC 1982 s.3.2 for sequence numbers of RTP).
template <std::unsigned_integral T>
constexpr bool isNewer(T a, T b) {
  return distance(a, b) > 0;
}

/// Gives numbers that wrap their place on an endless line: the one that is nearest to the one seen last. The first value
/// is itself, so that results of early reordering may be negative.
template <std::unsigned_integral T>
class Unwrapper {
 public:
  constexpr std::int64_t unwrap(T value) {
    std::int64_t result = peek(value);
    last_ = result;
    return result;
  }
  /// The same, and nothing is remembered.
  constexpr std::int64_t peek(T value) const {
    if (!last_) return value;
    return *last_ + distance(value, static_cast<T>(*last_));
  }
  constexpr std::optional<std::int64_t> last() const { return last_; }
  constexpr void reset() { last_.reset(); }

 private:
  std::optional<std::int64_t> last_;
};

using SequenceUnwrapper = Unwrapper<std::uint16_t>;
using TimestampUnwrapper = Unwrapper<std::uint32_t>;

}  // namespace parley::rtp
