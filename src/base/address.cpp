#include <parley/address.hpp>

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace parley {
namespace {

template <class T>
std::optional<T> number(std::string_view text, int radix = 10) {
  T value{};
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, radix);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

std::optional<std::array<std::uint8_t, 4>> parseV4(std::string_view text) {
  std::array<std::uint8_t, 4> bytes{};
  for (int i = 0; i < 4; ++i) {
    auto dot = text.find('.');
    if ((dot == std::string_view::npos) != (i == 3)) return std::nullopt;
    auto part = text.substr(0, dot);
    if (part.empty() || part.size() > 3 || (part.size() > 1 && part[0] == '0')) return std::nullopt;
    auto value = number<std::uint8_t>(part);
    if (!value) return std::nullopt;
    bytes[static_cast<std::size_t>(i)] = *value;
    if (i < 3) text.remove_prefix(dot + 1);
  }
  return bytes;
}

// RFC 4291 s.2.2: groups of hexadecimal digits, one "::" for a run of zeros, perhaps a dotted quad at the end.
std::optional<std::array<std::uint8_t, 16>> parseV6(std::string_view text) {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t filled = 0;
  std::optional<std::size_t> gap;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  } else if (text.starts_with(':')) {
    return std::nullopt;
  }
  while (!text.empty()) {
    if (filled >= 16) return std::nullopt;
    auto colon = text.find(':');
    auto part = text.substr(0, colon);
    if (part.find('.') != std::string_view::npos) {
      auto quad = parseV4(part);
      if (!quad || filled > 12 || colon != std::string_view::npos) return std::nullopt;
      std::copy(quad->begin(), quad->end(), bytes.begin() + static_cast<std::ptrdiff_t>(filled));
      filled += 4;
      break;
    }
    auto value = part.size() <= 4 ? number<std::uint16_t>(part, 16) : std::nullopt;
    if (!value) return std::nullopt;
    bytes[filled++] = static_cast<std::uint8_t>(*value >> 8);
    bytes[filled++] = static_cast<std::uint8_t>(*value);
    if (colon == std::string_view::npos) break;
    text.remove_prefix(colon + 1);
    if (text.starts_with(':')) {
      if (gap) return std::nullopt;
      gap = filled;
      text.remove_prefix(1);
    } else if (text.empty()) {
      return std::nullopt;  // a single colon at the end
    }
  }
  if (!gap) return filled == 16 ? std::optional(bytes) : std::nullopt;
  if (filled > 14) return std::nullopt;  // "::" stands for at least one group
  std::rotate(bytes.begin() + static_cast<std::ptrdiff_t>(*gap), bytes.begin() + static_cast<std::ptrdiff_t>(filled),
              bytes.end());
  return bytes;
}

}  // namespace

IpAddress IpAddress::v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  IpAddress ip;
  ip.bytes_ = {a, b, c, d};
  return ip;
}

IpAddress IpAddress::v4(std::span<const std::uint8_t, 4> bytes) { return v4(bytes[0], bytes[1], bytes[2], bytes[3]); }

IpAddress IpAddress::v6(std::span<const std::uint8_t, 16> bytes) {
  IpAddress ip;
  ip.family_ = Family::V6;
  std::copy(bytes.begin(), bytes.end(), ip.bytes_.begin());
  return ip;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.find(':') == std::string_view::npos) {
    auto bytes = parseV4(text);
    return bytes ? std::optional(v4(*bytes)) : std::nullopt;
  }
  auto bytes = parseV6(text);
  return bytes ? std::optional(v6(*bytes)) : std::nullopt;
}

IpAddress IpAddress::any(Family family) {
  IpAddress ip;
  ip.family_ = family;
  return ip;
}

bool IpAddress::isUnspecified() const {
  return std::all_of(bytes_.begin(), bytes_.end(), [](auto b) { return b == 0; });
}

bool IpAddress::isLoopback() const {
  if (isV4()) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto b) { return b == 0; }) && bytes_[15] == 1;
}

bool IpAddress::isLinkLocal() const {
  return isV4() ? bytes_[0] == 169 && bytes_[1] == 254 : bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;
}

bool IpAddress::isSiteLocal() const { return isV6() && bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0xc0; }
bool IpAddress::isMulticast() const { return isV4() ? (bytes_[0] & 0xf0) == 0xe0 : bytes_[0] == 0xff; }

bool IpAddress::isV4Compatible() const {
  return isV6() && !isUnspecified() && !isLoopback() &&
         std::all_of(bytes_.begin(), bytes_.begin() + 12, [](auto b) { return b == 0; });
}

bool IpAddress::isV4Mapped() const {
  return isV6() && std::all_of(bytes_.begin(), bytes_.begin() + 10, [](auto b) { return b == 0; }) &&
         bytes_[10] == 0xff && bytes_[11] == 0xff;
}

bool IpAddress::isPrivate() const {
  if (isLinkLocal() || isLoopback()) return true;
  if (isV6()) return (bytes_[0] & 0xfe) == 0xfc;
  return bytes_[0] == 10 || (bytes_[0] == 172 && (bytes_[1] & 0xf0) == 16) || (bytes_[0] == 192 && bytes_[1] == 168);
}

IpAddress IpAddress::unmapped() const {
  return isV4Mapped() ? v4(bytes_[12], bytes_[13], bytes_[14], bytes_[15]) : *this;
}

std::string IpAddress::toString() const {
  char text[64];
  if (isV4()) {
    std::snprintf(text, sizeof text, "%u.%u.%u.%u", bytes_[0], bytes_[1], bytes_[2], bytes_[3]);
    return text;
  }
  if (isV4Mapped()) return "::ffff:" + unmapped().toString();
  // RFC 5952 s.4.2: the longest run of at least two zero groups becomes "::", the first of equals.
  int best = -1, bestLength = 1;
  auto group = [&](int i) { return bytes_[std::size_t(i) * 2] << 8 | bytes_[std::size_t(i) * 2 + 1]; };
  for (int i = 0; i < 8; ++i) {
    int length = 0;
    while (i + length < 8 && group(i + length) == 0) ++length;
    if (length > bestLength) best = i, bestLength = length;
    i += length ? length - 1 : 0;
  }
  std::string result;
  for (int i = 0; i < 8;) {
    if (i == best) {
      result += "::";
      i += bestLength;
      continue;
    }
    if (!result.empty() && result.back() != ':') result += ':';
    std::snprintf(text, sizeof text, "%x", group(i++));
    result += text;
  }
  return result;
}

std::optional<SocketAddress> SocketAddress::parse(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  auto ip = IpAddress::parse(host);
  auto port = number<std::uint16_t>(text.substr(colon + 1));
  if (!ip || !port || ip->isV6() != bracketed) return std::nullopt;
  return SocketAddress{*ip, *port};
}

std::string SocketAddress::toString() const {
  return (ip.isV6() ? "[" + ip.toString() + "]" : ip.toString()) + ":" + std::to_string(port);
}

}  // namespace parley
