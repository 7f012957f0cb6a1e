#pragma once

#include "base/result.hpp"
#include "sdp/attributes.hpp"

#include <string>
#include <string_view>

namespace parley::sdp {

enum class Level { Session, Media };

struct ParsedAttribute {
  Attribute attribute;
  bool single = false;  ///< May occur once in a section.
};

/// `text` is what stands behind "a=". The error is a reason for people.
base::Result<ParsedAttribute, std::string> parseAttribute(std::string_view text, Level level);

}  // namespace parley::sdp
