#include "dtls/fingerprint.hpp"

#include <algorithm>
#include <optional>

namespace parley::dtls {
namespace {

struct Hash {
  std::string_view name;
  std::size_t length;
  int strength;
};
// RFC 8122 s.5's names. What is weaker than SHA-256 is known, so that its length is checked, and worth nothing.
constexpr Hash hashes[] = {{"md2", 16, 0},     {"md5", 16, 0},     {"sha-1", 20, 0},  {"sha-224", 28, 0},
                           {"sha-256", 32, 1}, {"sha-384", 48, 2}, {"sha-512", 64, 3}};

// Without <cctype>: its answers depend on the program's locale.
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

const Hash* find(std::string_view algorithm) {
  const std::string name = lower(algorithm);
  for (const Hash& hash : hashes)
    if (hash.name == name) return &hash;
  return nullptr;
}

/// The bytes of "AB:CD:…", or nothing if it is not that.
std::optional<std::vector<std::uint8_t>> colonHex(std::string_view text) {
  std::vector<std::uint8_t> result;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    const auto byte = base::fromHex(text.substr(i, 2));
    if (byte.size() != 1) return std::nullopt;
    result.push_back(byte[0]);
    if (i + 2 == text.size()) return result;
    if (text[i + 2] != ':') return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

base::Result<Fingerprint, std::string> Fingerprint::parse(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == 0 || space == std::string_view::npos)
    return base::unexpected(std::string("a fingerprint is a hash's name, a space and the hash"));
  Fingerprint result{lower(text.substr(0, space)), {}};
  auto value = colonHex(text.substr(space + 1));
  if (!value) return base::unexpected(std::string("the fingerprint's hash is not pairs of digits between colons"));
  const Hash* hash = find(result.algorithm);
  if (hash && hash->length != value->size())
    return base::unexpected("a " + result.algorithm + " fingerprint has " + std::to_string(hash->length) +
                            " bytes, this one " + std::to_string(value->size()));
  result.value = std::move(*value);
  return result;
}

std::string Fingerprint::toString() const {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string text = algorithm;
  char separator = ' ';
  for (std::uint8_t byte : value) {
    text += {separator, digits[byte >> 4], digits[byte & 15]};
    separator = ':';
  }
  return text;
}

int strength(std::string_view algorithm) {
  const Hash* hash = find(algorithm);
  return hash ? hash->strength : 0;
}

std::vector<Fingerprint> decisive(const std::vector<Fingerprint>& offered) {
  int best = 1;
  for (const Fingerprint& fingerprint : offered) best = std::max(best, strength(fingerprint.algorithm));
  std::vector<Fingerprint> result;
  for (const Fingerprint& fingerprint : offered)
    if (strength(fingerprint.algorithm) == best) result.push_back(fingerprint);
  return result;
}

}  // namespace parley::dtls
