#pragma once

#include <compare>
#include <cstdint>
#include <type_traits>

/// \file
/// The sequence numbers of SCTP. On the wire they wrap around (RFC 1982); inside the engine they are unwrapped to 64
/// bits, so that `<` orders them and maps can hold them.

namespace parley::sctp::wire {

/// A sequence number as it is on the wire. It has no `<`, because an order that wraps around is none: say `before`.
template <class Tag, class W>
struct Serial {
  using Word = W;
  W value = 0;

  constexpr bool operator==(const Serial&) const = default;
  constexpr Serial operator+(W n) const { return {static_cast<W>(value + n)}; }
  constexpr Serial operator-(W n) const { return {static_cast<W>(value - n)}; }
  constexpr Serial next() const { return *this + W{1}; }
  /// How far this is ahead of `other`, negative if behind. Of two that are half the range apart each is behind the
  /// other.
  constexpr std::make_signed_t<W> aheadOf(Serial other) const {
    return static_cast<std::make_signed_t<W>>(static_cast<W>(value - other.value));
  }
  constexpr bool before(Serial other) const { return aheadOf(other) < 0; }
  constexpr bool after(Serial other) const { return aheadOf(other) > 0; }
};

using Tsn = Serial<struct TsnTag, std::uint32_t>;  ///< Transmission sequence number (RFC 9260 s.1.6).
using Ssn = Serial<struct SsnTag, std::uint16_t>;  ///< Stream sequence number (RFC 9260 s.6.5).
using Mid = Serial<struct MidTag, std::uint32_t>;  ///< Message identifier (RFC 8260 s.2.1).
/// Re-configuration request sequence number (RFC 6525 s.4).
using RequestNumber = Serial<struct RequestNumberTag, std::uint32_t>;

/// A sequence number that does not wrap. Made from the first one on the wire, then by `nearest`.
template <class S>
struct Unwrapped {
  /// One turn ahead of zero, so that what is a little older than the first one is not negative.
  static constexpr std::uint64_t oneTurn = std::uint64_t{1} << (8 * sizeof(typename S::Word));

  std::uint64_t value = oneTurn;

  static constexpr Unwrapped first(S wire) { return {oneTurn + wire.value}; }

  constexpr S wrapped() const { return {static_cast<typename S::Word>(value)}; }
  /// The one that `wire` stands for if it is less than half a turn away from this.
  constexpr Unwrapped nearest(S wire) const {
    return {value + static_cast<std::uint64_t>(std::int64_t{wire.aheadOf(wrapped())})};
  }

  constexpr auto operator<=>(const Unwrapped&) const = default;
  constexpr Unwrapped operator+(std::uint64_t n) const { return {value + n}; }
  constexpr Unwrapped operator-(std::uint64_t n) const { return {value - n}; }
  constexpr Unwrapped next() const { return {value + 1}; }
  constexpr std::int64_t aheadOf(Unwrapped other) const { return static_cast<std::int64_t>(value - other.value); }
};

using UnwrappedTsn = Unwrapped<Tsn>;
using UnwrappedSsn = Unwrapped<Ssn>;
using UnwrappedMid = Unwrapped<Mid>;

}  // namespace parley::sctp::wire
