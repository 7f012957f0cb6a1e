#include "rtp/fec/red.hpp"

#include <cstring>

namespace parley::rtp::fec {
namespace {

/// Another block follows.
constexpr std::uint8_t followed = 0x80;

}  // namespace

void wrapInRed(Packet& packet, std::uint8_t redPayloadType) {
  const auto view = PacketView::parse(packet.bytes());
  if (!view) return;
  const auto header = view->headerSize();
  const auto payloadType = view->payloadType();
  packet.prepend(1);
  std::memmove(packet.data(), packet.data() + 1, header);
  packet.data()[header] = payloadType;
  PacketEditor(packet.bytes()).setPayloadType(redPayloadType);
}

std::optional<base::MutableBytes> unwrapRed(const PacketView& packet, base::MutableBytes bytes) {
  const auto payload = packet.payload();
  if (payload.empty() || (payload[0] & followed) != 0) return std::nullopt;
  const auto payloadType = payload[0];
  std::memmove(bytes.data() + 1, bytes.data(), packet.headerSize());
  bytes = bytes.subspan(1);
  PacketEditor(bytes).setPayloadType(payloadType);
  return bytes;
}

}  // namespace parley::rtp::fec
