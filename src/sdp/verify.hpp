#pragma once

#include "sdp/description.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace parley::sdp {

struct SemanticError {
  std::optional<std::size_t> section;  ///< Index in `Description::media`; none for the session level.
  std::string reason;
  bool operator==(const SemanticError&) const = default;
};

/// What RFC 9429 s.5.8.3 asks of a description by itself, without knowledge of earlier ones: unique mids, groups and
/// simulcast that name what exists, and for each section in use ICE credentials, a fingerprint, a setup role, and the
/// SCTP port. Returns the first thing that is wrong.
std::optional<SemanticError> verify(const Description& description);

/// The section whose transport carries `section` (an index): the first of its BUNDLE group, else itself (RFC 9143 s.7).
std::size_t transportSection(const Description& description, std::size_t section);

}  // namespace parley::sdp
