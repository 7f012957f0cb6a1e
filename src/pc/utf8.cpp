#include "pc/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace parley::pc {

namespace {

struct Step {
  std::size_t length;  ///< Bytes of the character, or of the part that is wrong.
  bool wellFormed;
};

/// Looks at the character at the start of `text`, which is not empty.
Step step(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t first = byte(0);
  if (first < 0x80) return {1, true};
  std::size_t length = 0;
  std::uint8_t low = 0x80, high = 0xBF;  // Of the second byte; the later ones have the whole range.
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;   // Shorter forms exist below.
    if (first == 0xED) high = 0x9F;  // Surrogates are above.
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;  // U+10FFFF is the last.
  } else {
    return {1, false};
  }
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, false};
    low = 0x80;
    high = 0xBF;
  }
  return {length, true};
}

}  // namespace

bool isUtf8(std::string_view text) {
  while (!text.empty()) {
    const auto [length, wellFormed] = step(text);
    if (!wellFormed) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string repairUtf8(std::string text) {
  if (isUtf8(text)) return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto [length, wellFormed] = step(rest);
    out += wellFormed ? rest.substr(0, length) : std::string_view("\xEF\xBF\xBD");
    rest.remove_prefix(length);
  }
  return out;
}

}  // namespace parley::pc
