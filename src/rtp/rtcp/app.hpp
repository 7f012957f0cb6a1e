#pragma once

#include "rtp/rtcp/compound.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::rtp::rtcp {

/// RFC 3550 s.6.7: what an application defined for itself.
struct App {
  std::uint8_t subtype = 0;  ///< 5 bits.
  std::uint32_t ssrc = 0;
  std::array<char, 4> name{};
  base::Bytes data = {};  ///< A multiple of four; what is over is not written.

  static bool matches(const PacketView& packet) { return packet.type == Type::App; }
  static base::Result<App, ParseError> parse(const PacketView& packet);
  std::size_t size() const;
  void write(base::MutableBytes room) const;
};

}  // namespace parley::rtp::rtcp
