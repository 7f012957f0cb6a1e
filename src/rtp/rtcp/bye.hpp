#pragma once

#include "rtp/rtcp/compound.hpp"
#include "rtp/rtcp/records.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace parley::rtp::rtcp {

/// RFC 3550 s.6.6: these sources are no longer active.
struct Bye {
  Records<std::uint32_t> ssrcs = {};  ///< At most 31 are written.
  std::string_view reason = {};       ///< At most 255 octets are written.

  static bool matches(const PacketView& packet) { return packet.type == Type::Bye; }
  static base::Result<Bye, ParseError> parse(const PacketView& packet);
  std::size_t size() const;
  void write(base::MutableBytes room) const;
};

}  // namespace parley::rtp::rtcp
