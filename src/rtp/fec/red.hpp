#pragma once

#include "base/bytes.hpp"
#include "rtp/packet.hpp"

#include <parley/packet.hpp>

#include <cstdint>
#include <optional>

/// \file
/// RED around the packets of video (RFC 5109 s.14.2): each has one block (RFC 2198 s.3), whose payload type tells media
/// from FEC. Redundant audio, whose packets have several: rtp/payload/red.hpp.

namespace parley::rtp::fec {

/// Makes the packet's payload the one block of a packet of RED; it grows by an octet to the front. Preconditions: the
/// packet parses, and has headroom.
void wrapInRed(Packet& packet, std::uint8_t redPayloadType);

/// The packet that is in a packet of RED, in its place. Nothing, and nothing is changed, if there are several blocks or
/// none. Precondition: `bytes` are those of `packet`.
std::optional<base::MutableBytes> unwrapRed(const PacketView& packet, base::MutableBytes bytes);

}  // namespace parley::rtp::fec
