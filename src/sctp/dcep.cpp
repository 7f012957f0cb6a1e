#include "sctp/dcep.hpp"

#include <algorithm>
#include <cassert>

namespace parley::sctp::dcep {

namespace {

// RFC 8832 s.8.2.1
constexpr std::uint8_t typeAck = 0x02;
constexpr std::uint8_t typeOpen = 0x03;

// RFC 8832 s.5.1, channel type: the low bits say what limits retransmission, the high bit says unordered.
constexpr std::uint8_t reliable = 0x00;
constexpr std::uint8_t limitedRetransmits = 0x01;
constexpr std::uint8_t limitedLifeTime = 0x02;
constexpr std::uint8_t unordered = 0x80;

base::Result<Message, ParseError> parseOpen(base::Reader reader) {
  Open open;
  auto channelType = reader.u8();
  open.priority = reader.u16();
  auto limit = static_cast<std::uint16_t>(std::min<std::uint32_t>(reader.u32(), 65'535));
  auto labelLength = reader.u16();
  auto protocolLength = reader.u16();
  open.label = base::asText(reader.take(labelLength));
  open.protocol = base::asText(reader.take(protocolLength));
  if (!reader.ok()) return base::unexpected(ParseError::Truncated);
  if (reader.remaining() > 0) return base::unexpected(ParseError::TrailingOctets);

  open.reliability.ordered = (channelType & unordered) == 0;
  switch (channelType & ~unordered) {
    case reliable: break;  // RFC 8832 s.5.1: the reliability parameter is ignored.
    case limitedRetransmits: open.reliability.maxRetransmits = limit; break;
    case limitedLifeTime: open.reliability.maxPacketLifeTime = limit; break;
    default: return base::unexpected(ParseError::UnknownChannelType);
  }
  return open;
}

std::vector<std::uint8_t> writeOpen(const Open& open) {
  assert(open.label.size() <= 65'535 && open.protocol.size() <= 65'535);
  std::uint8_t channelType = reliable;
  std::uint32_t limit = 0;
  if (open.reliability.maxRetransmits) {
    channelType = limitedRetransmits;
    limit = *open.reliability.maxRetransmits;
  } else if (open.reliability.maxPacketLifeTime) {
    channelType = limitedLifeTime;
    limit = *open.reliability.maxPacketLifeTime;
  }
  if (!open.reliability.ordered) channelType |= unordered;

  std::vector<std::uint8_t> out(12);
  out.reserve(12 + open.label.size() + open.protocol.size());
  out[0] = typeOpen;
  out[1] = channelType;
  base::store16(&out[2], open.priority);
  base::store32(&out[4], limit);
  base::store16(&out[8], static_cast<std::uint16_t>(open.label.size()));
  base::store16(&out[10], static_cast<std::uint16_t>(open.protocol.size()));
  out.insert(out.end(), open.label.begin(), open.label.end());
  out.insert(out.end(), open.protocol.begin(), open.protocol.end());
  return out;
}

}  // namespace

std::string_view toString(ParseError error) {
  switch (error) {
    case ParseError::Empty: return "empty";
    case ParseError::UnknownType: return "unknown message type";
    case ParseError::UnknownChannelType: return "unknown channel type";
    case ParseError::Truncated: return "truncated";
    case ParseError::TrailingOctets: return "trailing octets";
  }
  return "";
}

base::Result<Message, ParseError> parse(base::Bytes bytes) {
  if (bytes.empty()) return base::unexpected(ParseError::Empty);
  base::Reader reader(bytes.subspan(1));
  switch (bytes[0]) {
    case typeAck: return Ack{};  // Some stacks pad the ACK to four octets: what follows the type says nothing.
    case typeOpen: return parseOpen(reader);
    default: return base::unexpected(ParseError::UnknownType);
  }
}

std::vector<std::uint8_t> write(const Message& message) {
  if (auto* open = std::get_if<Open>(&message)) return writeOpen(*open);
  return {typeAck};
}

}  // namespace parley::sctp::dcep
