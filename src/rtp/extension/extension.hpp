#pragma once

#include "base/bytes.hpp"

#include <concepts>
#include <cstddef>
#include <optional>
#include <string_view>

namespace parley::rtp::extension {

/// A header extension as a type (RFC 8285): the URI by which it is negotiated, and its value. `parse` returns nothing for a
/// value that the specification does not allow. Strings and spans of a parsed value borrow the packet.
template <class E>
concept Extension = requires(const E e, base::Bytes bytes, base::MutableBytes room) {
  { E::uri } -> std::convertible_to<std::string_view>;
  { E::parse(bytes) } -> std::same_as<std::optional<E>>;
  /// Octets that `write` fills.
  { e.size() } -> std::same_as<std::size_t>;
  /// Precondition: room.size() == size().
  { e.write(room) } -> std::same_as<void>;
};

}  // namespace parley::rtp::extension
