#include "rtp/rtcp/extended_report.hpp"

namespace parley::rtp::rtcp {

namespace {

constexpr std::uint8_t receiverReferenceTimeBlock = 4;
constexpr std::uint8_t dlrrBlock = 5;
constexpr std::size_t blockHeaderSize = 4;

void writeBlockHeader(std::uint8_t* at, std::uint8_t type, std::size_t contents) {
  at[0] = type;
  at[1] = 0;
  base::store16(at + 2, static_cast<std::uint16_t>(contents / 4));
}

}  // namespace

base::Result<ExtendedReport, ParseError> ExtendedReport::parse(const PacketView& packet) {
  base::Reader reader(packet.body);
  ExtendedReport report;
  report.ssrc = reader.u32();
  while (reader.ok() && reader.remaining() > 0) {
    std::uint8_t type = reader.u8();
    reader.u8();
    auto contents = reader.take(4 * std::size_t{reader.u16()});
    if (!reader.ok()) break;
    if (type == receiverReferenceTimeBlock && contents.size() == 8 && !report.receiverReferenceTime)
      report.receiverReferenceTime = NtpTime{base::load64(contents.data())};
    if (type == dlrrBlock && contents.size() % DlrrItem::wireSize == 0 && report.dlrr.empty())
      report.dlrr = Records<DlrrItem>::onWire(contents);
  }
  if (!reader.ok()) return base::unexpected(ParseError::Malformed);
  return report;
}

std::size_t ExtendedReport::size() const {
  return headerSize + 4 + (receiverReferenceTime ? blockHeaderSize + 8 : 0) +
         (dlrr.empty() ? 0 : blockHeaderSize + dlrr.wireSize());
}

void ExtendedReport::write(base::MutableBytes room) const {
  writeHeader(room, Type::ExtendedReport, 0);
  std::uint8_t* at = room.data() + headerSize;
  base::store32(at, ssrc);
  at += 4;
  if (receiverReferenceTime) {
    writeBlockHeader(at, receiverReferenceTimeBlock, 8);
    base::store64(at + blockHeaderSize, receiverReferenceTime->value);
    at += blockHeaderSize + 8;
  }
  if (!dlrr.empty()) {
    writeBlockHeader(at, dlrrBlock, dlrr.wireSize());
    dlrr.write(at + blockHeaderSize);
  }
}

}  // namespace parley::rtp::rtcp
