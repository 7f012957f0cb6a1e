#include "rtp/rtcp/congestion_feedback.hpp"

namespace parley::rtp::rtcp {

namespace {

constexpr std::size_t streamHeaderSize = 8;

/// With the padding to a whole word.
constexpr std::size_t metricsSize(std::size_t count) { return (count * PacketMetric::wireSize + 3) & ~std::size_t{3}; }

}  // namespace

PacketMetric PacketMetric::read(const std::uint8_t* at) {
  std::uint16_t word = base::load16(at);
  // RFC 8888 s.3.1: of a packet that did not come the other bits are to be ignored.
  if (!(word & 0x8000)) return {};
  return {true, static_cast<std::uint8_t>(word >> 13 & 3), static_cast<std::uint16_t>(word & 0x1fff)};
}

void PacketMetric::write(std::uint8_t* at) const {
  base::store16(at, received ? static_cast<std::uint16_t>(0x8000 | (ecn & 3) << 13 | (arrivalOffset & 0x1fff)) : 0);
}

bool CongestionFeedback::next(base::Bytes& rest, StreamMetrics& stream) {
  if (rest.size() < streamHeaderSize) return false;
  std::size_t count = base::load16(rest.data() + 6);
  if (count > maximumMetrics || rest.size() < streamHeaderSize + metricsSize(count)) return false;
  stream.ssrc = base::load32(rest.data());
  stream.beginSequence = base::load16(rest.data() + 4);
  stream.metrics =
      Records<PacketMetric>::onWire(rest.subspan(streamHeaderSize, count * PacketMetric::wireSize));
  rest = rest.subspan(streamHeaderSize + metricsSize(count));
  return true;
}

base::Result<CongestionFeedback, ParseError> CongestionFeedback::parse(const PacketView& packet) {
  if (packet.body.size() < 8) return base::unexpected(ParseError::Malformed);
  auto wire = packet.body.subspan(4, packet.body.size() - 8);
  StreamMetrics stream;
  for (base::Bytes rest = wire; !rest.empty();)
    if (!next(rest, stream)) return base::unexpected(ParseError::Malformed);
  return CongestionFeedback(base::load32(packet.body.data()), base::load32(packet.body.data() + packet.body.size() - 4),
                            wire);
}

std::size_t CongestionFeedback::size() const {
  std::size_t size = headerSize + 8 + wire_.size();
  for (const StreamMetrics& stream : streams_)
    size += streamHeaderSize + metricsSize(stream.metrics.first(maximumMetrics).size());
  return size;
}

void CongestionFeedback::write(base::MutableBytes room) const {
  writeHeader(room, Type::TransportFeedback, transport_format::congestion);
  std::uint8_t* at = room.data() + headerSize;
  base::store32(at, sender_);
  at += 4;
  forEach([&](const StreamMetrics& stream) {
    auto metrics = stream.metrics.first(maximumMetrics);
    base::store32(at, stream.ssrc);
    base::store16(at + 4, stream.beginSequence);
    base::store16(at + 6, static_cast<std::uint16_t>(metrics.size()));
    at += streamHeaderSize;
    metrics.write(at);
    if (metrics.size() % 2 != 0) base::store16(at + metrics.wireSize(), 0);
    at += metricsSize(metrics.size());
  });
  base::store32(at, timestamp_);
}

}  // namespace parley::rtp::rtcp
