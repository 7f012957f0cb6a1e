#pragma once

#include "base/packet_pool.hpp"
#include "rtp/rtcp/builder.hpp"
#include "rtp/rtcp/compound.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace parley::test {

using Octets = std::vector<std::uint8_t>;

inline Octets hex(const std::string& text) { return base::fromHex(text); }

/// One packet as it is written.
template <rtp::rtcp::Writable P>
Octets written(const P& packet) {
  Octets bytes(packet.size(), 0xee);
  REQUIRE(bytes.size() % 4 == 0);
  packet.write(bytes);
  return bytes;
}
template <rtp::rtcp::Writable P>
std::string hexOf(const P& packet) {
  return base::toHex(written(packet));
}

/// The one packet that these bytes are. They are kept, so that views of temporaries stay valid.
inline rtp::rtcp::PacketView only(Octets whole) {
  static std::deque<Octets> kept;
  const Octets& bytes = kept.emplace_back(std::move(whole));
  auto compound = rtp::rtcp::CompoundView::parse(bytes);
  REQUIRE(compound);
  auto packet = *compound->begin();
  REQUIRE(++compound->begin() == compound->end());
  return packet;
}

/// Parses the one packet as type P.
template <class P>
base::Result<P, rtp::rtcp::ParseError> parse(const Octets& bytes) {
  auto packet = only(bytes);
  REQUIRE(P::matches(packet));
  return P::parse(packet);
}

/// With the length of the header repaired, none of what is left when words are taken off the end may parse.
template <class P>
void checkNoShorterOne(const Octets& whole) {
  for (std::size_t size = whole.size() - 4; size >= 4; size -= 4) {
    Octets cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    base::store16(&cut[2], static_cast<std::uint16_t>(size / 4 - 1));
    auto packet = only(cut);
    CHECK_FALSE((P::matches(packet) && P::parse(packet).has_value()));
  }
}

}  // namespace parley::test
