#pragma once

#include "rtp/extension/extension.hpp"

#include <algorithm>
#include <string_view>

namespace parley::rtp::extension {

namespace detail {

/// RFC 7941 s.4.1: an SDES item's text. Some senders fill up with zeros.
template <class Derived>
struct SdesText {
  std::string_view text;

  static std::optional<Derived> parse(base::Bytes value) {
    while (!value.empty() && value.back() == 0) value = value.first(value.size() - 1);
    if (value.empty()) return std::nullopt;
    Derived item;
    item.text = base::asText(value);
    return item;
  }
  std::size_t size() const { return text.size(); }
  void write(base::MutableBytes room) const { std::copy(text.begin(), text.end(), room.begin()); }
};

}  // namespace detail

/// RFC 9143 s.15.2: the section of the description that the packet belongs to.
struct Mid : detail::SdesText<Mid> {
  static constexpr std::string_view uri = "urn:ietf:params:rtp-hdrext:sdes:mid";
};

/// RFC 8852 s.4.3: which of a section's streams this is.
struct Rid : detail::SdesText<Rid> {
  static constexpr std::string_view uri = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id";
};

/// RFC 8852 s.4.3: which of them this one repairs.
struct RepairedRid : detail::SdesText<RepairedRid> {
  static constexpr std::string_view uri = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id";
};

static_assert(Extension<Mid> && Extension<Rid> && Extension<RepairedRid>);

}  // namespace parley::rtp::extension
