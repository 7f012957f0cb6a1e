#include "rtp/payload/base64.hpp"

#include <optional>

namespace parley::rtp::payload {
namespace {

std::optional<std::vector<std::uint8_t>> decode(std::string_view text) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::vector<std::uint8_t> out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  while (!text.empty() && text.back() == '=') text.remove_suffix(1);
  for (char c : text) {
    const auto value = alphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out.push_back(static_cast<std::uint8_t>(bits >> count));
  }
  return out;
}

}  // namespace

std::vector<std::vector<std::uint8_t>> decodeBase64List(std::string_view text) {
  std::vector<std::vector<std::uint8_t>> values;
  while (!text.empty()) {
    const auto comma = text.find(',');
    if (auto value = decode(text.substr(0, comma)); value && !value->empty()) values.push_back(std::move(*value));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  return values;
}

}  // namespace parley::rtp::payload
