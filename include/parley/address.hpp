#pragma once

#include <parley/export.hpp>

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace parley {

/// An IPv4 or IPv6 address without zone. An IPv4-mapped IPv6 address is kept as IPv6; use `unmapped()`.
class PARLEY_API IpAddress {
 public:
  enum class Family : std::uint8_t { V4, V6 };

  /// 0.0.0.0
  constexpr IpAddress() = default;
  static IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d);
  static IpAddress v4(std::span<const std::uint8_t, 4> bytes);
  static IpAddress v6(std::span<const std::uint8_t, 16> bytes);
  /// Dotted quads and RFC 4291 text; no brackets, no zone, no host names.
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress any(Family family);

  Family family() const { return family_; }
  bool isV4() const { return family_ == Family::V4; }
  bool isV6() const { return family_ == Family::V6; }
  /// 4 or 16 bytes in network order.
  std::span<const std::uint8_t> bytes() const { return {bytes_.data(), isV4() ? 4u : 16u}; }

  bool isUnspecified() const;
  bool isLoopback() const;
  /// 169.254/16 and fe80::/10.
  bool isLinkLocal() const;
  /// fec0::/10, deprecated by RFC 3879; RFC 8445 s.5.1.1.1 forbids them as candidates.
  bool isSiteLocal() const;
  bool isMulticast() const;
  /// ::/96 without :: and ::1; forbidden as candidates like site-local ones.
  bool isV4Compatible() const;
  bool isV4Mapped() const;
  /// RFC 1918, RFC 4193, link-local and loopback.
  bool isPrivate() const;
  /// The IPv4 address inside an IPv4-mapped one, else the address itself.
  IpAddress unmapped() const;

  /// RFC 5952 text for IPv6.
  std::string toString() const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  Family family_ = Family::V4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// An address and a port.
struct PARLEY_API SocketAddress {
  IpAddress ip;
  std::uint16_t port = 0;

  /// "192.0.2.1:80" or "[2001:db8::1]:80".
  static std::optional<SocketAddress> parse(std::string_view text);
  std::string toString() const;
  auto operator<=>(const SocketAddress&) const = default;
};

}  // namespace parley

template <>
struct std::hash<parley::IpAddress> {
  std::size_t operator()(const parley::IpAddress& ip) const noexcept {
    std::size_t h = 1469598103934665603ull;  // FNV-1a
    for (auto b : ip.bytes()) h = (h ^ b) * 1099511628211ull;
    return h;
  }
};

template <>
struct std::hash<parley::SocketAddress> {
  std::size_t operator()(const parley::SocketAddress& a) const noexcept {
    return (std::hash<parley::IpAddress>{}(a.ip) ^ a.port) * 1099511628211ull;
  }
};
