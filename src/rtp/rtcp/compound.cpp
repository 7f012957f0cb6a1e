#include "rtp/rtcp/compound.hpp"

namespace parley::rtp::rtcp {

namespace {

struct Header {
  std::size_t size = 0;  ///< Of the packet, in octets.
  std::size_t padding = 0;
};

base::Result<Header, ParseError> parseHeader(base::Bytes rest) {
  if (rest.size() < headerSize) return base::unexpected(ParseError::TooShort);
  if (rest[0] >> 6 != 2) return base::unexpected(ParseError::BadVersion);
  Header header{headerSize + 4 * std::size_t{base::load16(rest.data() + 2)}, 0};
  if (header.size > rest.size()) return base::unexpected(ParseError::BadLength);
  if (rest[0] & 0x20) {
    // RFC 3550 s.6.4.1 wants a multiple of four, in the last packet alone; transport-wide feedback of libwebrtc has one to
    // three octets, in any.
    header.padding = header.size > headerSize ? rest[header.size - 1] : 0;
    if (header.padding == 0 || header.padding > header.size - headerSize) return base::unexpected(ParseError::BadPadding);
  }
  return header;
}

}  // namespace

std::string_view toString(ParseError error) {
  switch (error) {
    case ParseError::TooShort:
      return "too short";
    case ParseError::BadVersion:
      return "bad version";
    case ParseError::BadLength:
      return "bad length";
    case ParseError::BadPadding:
      return "bad padding";
    case ParseError::Malformed:
      return "malformed";
    case ParseError::Count:
      break;
  }
  return "unknown";
}

base::Result<CompoundView, ParseError> CompoundView::parse(base::Bytes datagram) {
  if (datagram.empty()) return base::unexpected(ParseError::TooShort);
  for (base::Bytes rest = datagram; !rest.empty();) {
    auto header = parseHeader(rest);
    if (!header) return base::unexpected(header.error());
    rest = rest.subspan(header->size);
  }
  return CompoundView(datagram);
}

void CompoundView::Iterator::next() {
  auto header = parseHeader(rest_);
  if (!header) {
    done_ = true;
    return;
  }
  packet_.type = static_cast<Type>(rest_[1]);
  packet_.count = rest_[0] & 0x1f;
  packet_.body = rest_.subspan(headerSize, header->size - headerSize - header->padding);
  rest_ = rest_.subspan(header->size);
}

void writeHeader(base::MutableBytes room, Type type, std::size_t count) {
  room[0] = static_cast<std::uint8_t>(2 << 6 | (count & 0x1f));
  room[1] = static_cast<std::uint8_t>(type);
  base::store16(room.data() + 2, static_cast<std::uint16_t>(room.size() / 4 - 1));
}

}  // namespace parley::rtp::rtcp
