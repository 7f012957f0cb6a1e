#include "rtp/rtcp/key_frame_request.hpp"

namespace parley::rtp::rtcp {

base::Result<Pli, ParseError> Pli::parse(const PacketView& packet) {
  if (packet.body.size() < FeedbackSources::wireSize) return base::unexpected(ParseError::Malformed);
  auto sources = FeedbackSources::read(packet.body.data());
  return Pli{sources.sender, sources.media};
}

void Pli::write(base::MutableBytes room) const {
  writeHeader(room, Type::PayloadFeedback, payload_format::pli);
  FeedbackSources{sender, media}.write(room.data() + headerSize);
}

base::Result<Fir, ParseError> Fir::parse(const PacketView& packet) {
  constexpr std::size_t from = FeedbackSources::wireSize;
  if (packet.body.size() < from + FirItem::wireSize || (packet.body.size() - from) % FirItem::wireSize != 0)
    return base::unexpected(ParseError::Malformed);
  return Fir{FeedbackSources::read(packet.body.data()).sender, Records<FirItem>::onWire(packet.body.subspan(from))};
}

void Fir::write(base::MutableBytes room) const {
  writeHeader(room, Type::PayloadFeedback, payload_format::fir);
  FeedbackSources{sender, 0}.write(room.data() + headerSize);
  items.write(room.data() + headerSize + FeedbackSources::wireSize);
}

}  // namespace parley::rtp::rtcp
