#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "sctp/native/init.hpp"

#include <parley/time.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::sctp::native {

/// RFC 9260 s.5.2.2: stand for the tags of an association that an INIT might be about to replace.
struct TieTags {
  std::uint32_t local = 0;
  std::uint32_t peer = 0;

  bool operator==(const TieTags&) const = default;
};

/// All that the answerer of an INIT has to know, in the peer's keeping until its COOKIE ECHO (RFC 9260 s.5.1.3).
struct Cookie {
  Time madeAt{};
  LocalInit local;
  PeerInit peer;
  TieTags tieTags;  ///< Zeros: there was no association.
};

/// Seals cookies with a key of its own and opens those that it has sealed. The key is not changed: it lives as long as
/// one association, and a cookie for less.
class CookieJar {
 public:
  /// RFC 9260 s.16, Valid.Cookie.Life.
  static constexpr Duration lifetime = std::chrono::seconds(60);
  /// Of a sealed cookie: the fields and the first half of the MAC, which is as long as any tag that DTLS has.
  static constexpr std::size_t macSize = 16;

  explicit CookieJar(base::Random& random) { random.fill(key_); }

  std::vector<std::uint8_t> seal(const Cookie& cookie) const;
  /// Nothing if we have not made it. Its age is for the caller to judge.
  std::optional<Cookie> open(base::Bytes sealed) const;

 private:
  std::array<std::uint8_t, 32> key_;
};

}  // namespace parley::sctp::native
