#include "stun/credentials.hpp"

#include "base/bytes.hpp"
#include "base/hash.hpp"

#include <string>

namespace parley::stun {
namespace {

std::string_view withoutTrailingNulls(std::string_view text) {
  auto last = text.find_last_not_of('\0');
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string_view unquoted(std::string_view text) {
  text = withoutTrailingNulls(text);
  bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// RFC 8489 s.9.2.2: "with any quotes and trailing nulls removed".
std::string joined(std::string_view username, std::string_view realm, std::string_view password) {
  std::string text(unquoted(username));
  return text.append(":").append(unquoted(realm)).append(":").append(withoutTrailingNulls(password));
}

}  // namespace

std::array<std::uint8_t, 16> longTermKeyMd5(std::string_view username, std::string_view realm,
                                            std::string_view password) {
  return base::md5(base::asBytes(joined(username, realm, password)));
}

std::array<std::uint8_t, 32> longTermKeySha256(std::string_view username, std::string_view realm,
                                               std::string_view password) {
  return base::sha256(base::asBytes(joined(username, realm, password)));
}

std::array<std::uint8_t, 32> userhash(std::string_view username, std::string_view realm) {
  return base::sha256(base::asBytes(std::string(username).append(":").append(realm)));
}

std::optional<SecurityFeatures> securityFeatures(std::string_view nonce) {
  static constexpr std::string_view cookie = "obMatJos2";
  static constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (!nonce.starts_with(cookie) || nonce.size() < cookie.size() + 4) return std::nullopt;
  auto encoded = nonce.substr(cookie.size(), 4);
  if (encoded.find_first_not_of(alphabet) != std::string_view::npos) return std::nullopt;
  // Four base64 digits of six bits, the most significant first: bits 0 and 1 of the 24 are in the first digit.
  auto first = alphabet.find(encoded[0]);
  return SecurityFeatures{(first & 0x20) != 0, (first & 0x10) != 0};
}

}  // namespace parley::stun
