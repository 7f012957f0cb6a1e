#pragma once

#include <algorithm>
#include <string_view>

namespace parley::base {

/// Of ASCII, whatever the locale is: names of codecs, roles, hash functions.
constexpr bool equalsIgnoringCase(std::string_view a, std::string_view b) {
  constexpr auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace parley::base
