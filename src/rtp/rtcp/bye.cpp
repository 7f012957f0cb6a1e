#include "rtp/rtcp/bye.hpp"

#include <algorithm>
#include <cstring>

namespace parley::rtp::rtcp {

namespace {

constexpr std::size_t maximumSources = 31;
constexpr std::size_t maximumReason = 255;

/// With its length and its padding; RFC 3550 s.6.6: padded like SDES items, but not necessarily ended by a null octet.
std::size_t reasonSize(std::string_view reason) {
  return reason.empty() ? 0 : (1 + std::min(reason.size(), maximumReason) + 3) & ~std::size_t{3};
}

}  // namespace

base::Result<Bye, ParseError> Bye::parse(const PacketView& packet) {
  std::size_t sources = packet.count * std::size_t{4};
  if (packet.body.size() < sources) return base::unexpected(ParseError::Malformed);
  Bye bye{Records<std::uint32_t>::onWire(packet.body.first(sources)), {}};
  auto rest = packet.body.subspan(sources);
  if (!rest.empty()) {
    if (rest[0] > rest.size() - 1) return base::unexpected(ParseError::Malformed);
    bye.reason = base::asText(rest.subspan(1, rest[0]));
  }
  return bye;
}

std::size_t Bye::size() const { return headerSize + ssrcs.first(maximumSources).wireSize() + reasonSize(reason); }

void Bye::write(base::MutableBytes room) const {
  auto written = ssrcs.first(maximumSources);
  writeHeader(room, Type::Bye, written.size());
  written.write(room.data() + headerSize);
  auto rest = room.subspan(headerSize + written.wireSize());
  if (rest.empty()) return;
  std::fill(rest.begin(), rest.end(), std::uint8_t{0});
  rest[0] = static_cast<std::uint8_t>(std::min(reason.size(), maximumReason));
  std::memcpy(rest.data() + 1, reason.data(), rest[0]);
}

}  // namespace parley::rtp::rtcp
