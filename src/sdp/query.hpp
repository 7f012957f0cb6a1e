#pragma once

#include "sdp/description.hpp"

#include <type_traits>
#include <variant>
#include <vector>

/// \file
/// Questions to a list of attributes. Pointers are into the list and live as long as it does.

namespace parley::sdp {

/// The first attribute of type T, or null.
template <class T>
const T* find(const std::vector<Attribute>& attributes) {
  for (const auto& attribute : attributes)
    if (const auto* found = std::get_if<T>(&attribute)) return found;
  return nullptr;
}

template <class T>
bool has(const std::vector<Attribute>& attributes) {
  return find<T>(attributes) != nullptr;
}

/// All attributes of type T in their order.
template <class T>
std::vector<const T*> all(const std::vector<Attribute>& attributes) {
  std::vector<const T*> found;
  for (const auto& attribute : attributes)
    if (const auto* one = std::get_if<T>(&attribute)) found.push_back(one);
  return found;
}

/// Whether a value at the session level holds for each media section that has none of its own.
/// RFC 8839 s.5.4 and 5.6, RFC 8122 s.5, RFC 4145 s.4, RFC 8842 s.4, RFC 8866 s.6.7, RFC 8285 s.6.
template <class T>
inline constexpr bool isInherited =
    std::is_same_v<T, IceUfrag> || std::is_same_v<T, IcePwd> || std::is_same_v<T, IceOptions> ||
    std::is_same_v<T, Fingerprint> || std::is_same_v<T, Setup> || std::is_same_v<T, TlsId> ||
    std::is_same_v<T, Direction> || std::is_same_v<T, ExtmapAllowMixed>;

/// The section's own attribute of type T, else the session's, else null.
template <class T>
const T* findInherited(const Description& description, const MediaSection& section) {
  static_assert(isInherited<T>, "a session-level value says nothing about media sections");
  const auto* own = find<T>(section.attributes);
  return own ? own : find<T>(description.attributes);
}

/// The section's own attributes of type T, or the session's if it has none.
template <class T>
std::vector<const T*> allInherited(const Description& description, const MediaSection& section) {
  static_assert(isInherited<T>, "a session-level value says nothing about media sections");
  auto own = all<T>(section.attributes);
  return own.empty() ? all<T>(description.attributes) : own;
}

}  // namespace parley::sdp
