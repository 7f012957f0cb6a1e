#include "rtp/rtcp/nack.hpp"

namespace parley::rtp::rtcp {

void packNackItems(std::span<const std::uint16_t> lost, std::vector<NackItem>& items) {
  items.clear();
  for (std::uint16_t sequence : lost) {
    if (!items.empty()) {
      auto ahead = static_cast<std::uint16_t>(sequence - items.back().packetId);
      if (ahead == 0) continue;
      if (ahead <= 16) {
        items.back().followingLost = static_cast<std::uint16_t>(items.back().followingLost | 1u << (ahead - 1));
        continue;
      }
    }
    items.push_back({sequence, 0});
  }
}

base::Result<Nack, ParseError> Nack::parse(const PacketView& packet) {
  // RFC 4585 s.6.2.1: at least one item.
  if (packet.body.size() < FeedbackSources::wireSize + NackItem::wireSize) return base::unexpected(ParseError::Malformed);
  auto sources = FeedbackSources::read(packet.body.data());
  return Nack{sources.sender, sources.media, Records<NackItem>::onWire(packet.body.subspan(FeedbackSources::wireSize))};
}

void Nack::write(base::MutableBytes room) const {
  writeHeader(room, Type::TransportFeedback, transport_format::nack);
  FeedbackSources{sender, media}.write(room.data() + headerSize);
  items.write(room.data() + headerSize + FeedbackSources::wireSize);
}

}  // namespace parley::rtp::rtcp
