#pragma once

#include <string>
#include <string_view>

namespace parley::pc {

/// Well-formed UTF-8 by table 3-7 of Unicode: no overlong forms, no surrogates, nothing above U+10FFFF.
bool isUtf8(std::string_view text);
/// Each maximal part that is not well-formed becomes U+FFFD, as the WHATWG's decoder does it.
std::string repairUtf8(std::string text);

}  // namespace parley::pc
