#pragma once

#include "sctp/wire/chunk.hpp"

namespace parley::sctp::wire {

/// COOKIE ECHO (RFC 9260 s.3.3.11): the INIT ACK's cookie as it came. Read as `ChunkView::value`.
struct CookieEcho {
  static constexpr ChunkType type = ChunkType::CookieEcho;

  base::Bytes cookie;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return cookie.size(); }
  void writeValue(Writer& writer) const { writer.bytes(cookie); }
};

/// COOKIE ACK (s.3.3.12).
struct CookieAck {
  static constexpr ChunkType type = ChunkType::CookieAck;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return 0; }
  void writeValue(Writer&) const {}
};

}  // namespace parley::sctp::wire
