#pragma once

#include "sdp/description.hpp"

#include <string>
#include <string_view>

namespace parley::sdp {

/// The description as text with CRLF line ends; `parse` reads an equal tree from it. Values are written as they are:
/// precondition: they are what their RFC allows, and contain no line ends.
std::string write(const Description& description);

/// One attribute as it stands behind "a=": "mid:0".
std::string write(const Attribute& attribute);

/// "mid", "sendrecv", …: what stands in front of the colon.
std::string_view attributeName(const Attribute& attribute);

}  // namespace parley::sdp
