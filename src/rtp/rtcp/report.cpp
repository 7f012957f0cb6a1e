#include "rtp/rtcp/report.hpp"

#include <algorithm>

namespace parley::rtp::rtcp {

namespace {

constexpr std::size_t senderInfoSize = 20;

Records<ReportBlock> blocks(const PacketView& packet, std::size_t from) {
  return Records<ReportBlock>::onWire(packet.body.subspan(from, packet.count * ReportBlock::wireSize));
}

}  // namespace

ReportBlock ReportBlock::read(const std::uint8_t* at) {
  ReportBlock block;
  block.ssrc = base::load32(at);
  block.fractionLost = at[4];
  // Shifted up and back, so that bit 23 becomes the sign.
  block.cumulativeLost = static_cast<std::int32_t>(base::load32(at + 4) << 8) >> 8;
  block.extendedHighestSequence = base::load32(at + 8);
  block.jitter = base::load32(at + 12);
  block.lastSenderReport = base::load32(at + 16);
  block.delaySinceLastSenderReport = base::load32(at + 20);
  return block;
}

void ReportBlock::write(std::uint8_t* at) const {
  base::store32(at, ssrc);
  auto lost = static_cast<std::uint32_t>(std::clamp(cumulativeLost, -0x800000, 0x7fffff));
  base::store32(at + 4, std::uint32_t{fractionLost} << 24 | (lost & 0xffffff));
  base::store32(at + 8, extendedHighestSequence);
  base::store32(at + 12, jitter);
  base::store32(at + 16, lastSenderReport);
  base::store32(at + 20, delaySinceLastSenderReport);
}

base::Result<SenderReport, ParseError> SenderReport::parse(const PacketView& packet) {
  if (packet.body.size() < 4 + senderInfoSize + packet.count * ReportBlock::wireSize)
    return base::unexpected(ParseError::Malformed);
  const std::uint8_t* at = packet.body.data();
  SenderReport report;
  report.ssrc = base::load32(at);
  report.ntp = NtpTime{base::load64(at + 4)};
  report.rtpTimestamp = base::load32(at + 12);
  report.packetCount = base::load32(at + 16);
  report.octetCount = base::load32(at + 20);
  report.reports = blocks(packet, 4 + senderInfoSize);
  return report;
}

std::size_t SenderReport::size() const {
  return headerSize + 4 + senderInfoSize + reports.first(maximumReports).wireSize();
}

void SenderReport::write(base::MutableBytes room) const {
  auto written = reports.first(maximumReports);
  writeHeader(room, Type::SenderReport, written.size());
  std::uint8_t* at = room.data() + headerSize;
  base::store32(at, ssrc);
  base::store64(at + 4, ntp.value);
  base::store32(at + 12, rtpTimestamp);
  base::store32(at + 16, packetCount);
  base::store32(at + 20, octetCount);
  written.write(at + 4 + senderInfoSize);
}

base::Result<ReceiverReport, ParseError> ReceiverReport::parse(const PacketView& packet) {
  if (packet.body.size() < 4 + packet.count * ReportBlock::wireSize) return base::unexpected(ParseError::Malformed);
  return ReceiverReport{base::load32(packet.body.data()), blocks(packet, 4)};
}

std::size_t ReceiverReport::size() const { return headerSize + 4 + reports.first(maximumReports).wireSize(); }

void ReceiverReport::write(base::MutableBytes room) const {
  auto written = reports.first(maximumReports);
  writeHeader(room, Type::ReceiverReport, written.size());
  base::store32(room.data() + headerSize, ssrc);
  written.write(room.data() + headerSize + 4);
}

}  // namespace parley::rtp::rtcp
