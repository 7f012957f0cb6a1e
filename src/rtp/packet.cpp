#include "rtp/packet.hpp"

#include <algorithm>

namespace parley::rtp {

std::string_view toString(ParseError error) {
  switch (error) {
    case ParseError::TooShort:
      return "too short";
    case ParseError::BadVersion:
      return "bad version";
    case ParseError::TruncatedCsrcs:
      return "truncated CSRC list";
    case ParseError::TruncatedExtension:
      return "truncated header extension";
    case ParseError::BadPadding:
      return "bad padding";
    case ParseError::Count:
      break;
  }
  return "unknown";
}

bool looksLikeRtcp(base::Bytes datagram) { return datagram.size() >= 4 && datagram[1] >= 192 && datagram[1] <= 223; }

void ExtensionElements::Iterator::next() {
  while (!rest_.empty()) {
    std::uint8_t first = rest_[0];
    std::uint8_t id = 0;
    std::size_t header = 1, length = 0;
    if (twoByte_) {
      // RFC 8285 s.4.3: padding is a single octet of zero; a length of zero is a value.
      if (first == 0) {
        rest_ = rest_.subspan(1);
        continue;
      }
      if (rest_.size() < 2) break;
      header = 2;
      id = first;
      length = rest_[1];
    } else {
      // RFC 8285 s.4.2: id 0 is padding; with a length it ends the extension, as id 15 does.
      if (first == 0) {
        rest_ = rest_.subspan(1);
        continue;
      }
      id = first >> 4;
      length = (first & 0x0fu) + 1;
      if (id == 0 || id == 15) break;
    }
    if (header + length > rest_.size()) break;
    element_ = {id, rest_.subspan(header, length)};
    rest_ = rest_.subspan(header + length);
    return;
  }
  rest_ = {};
  done_ = true;
}

base::Result<PacketView, ParseError> PacketView::parse(base::Bytes datagram) {
  if (datagram.size() < fixedHeaderSize) return base::unexpected(ParseError::TooShort);
  if (datagram[0] >> 6 != 2) return base::unexpected(ParseError::BadVersion);
  PacketView view;
  view.bytes_ = datagram;
  std::size_t at = view.csrcsEnd();
  if (at > datagram.size()) return base::unexpected(ParseError::TruncatedCsrcs);
  if (view.hasExtension()) {
    if (at + 4 > datagram.size()) return base::unexpected(ParseError::TruncatedExtension);
    at += 4 + 4 * std::size_t{base::load16(datagram.data() + at + 2)};
    // A header beyond 65535 octets is no packet of any transport.
    if (at > datagram.size() || at > 0xffff) return base::unexpected(ParseError::TruncatedExtension);
  }
  view.headerSize_ = static_cast<std::uint16_t>(at);
  if (datagram[0] & 0x20) {
    std::size_t padding = at < datagram.size() ? datagram.back() : 0;
    if (padding == 0 || padding > datagram.size() - at) return base::unexpected(ParseError::BadPadding);
    view.paddingSize_ = static_cast<std::uint16_t>(padding);
  }
  return view;
}

std::optional<base::Bytes> PacketView::extension(std::uint8_t id) const {
  if (id == 0) return std::nullopt;
  for (const ExtensionElement& e : extensions())
    if (e.id == id) return e.value;
  return std::nullopt;
}

std::optional<base::MutableBytes> PacketEditor::extension(std::uint8_t id) {
  auto view = PacketView::parse(bytes_);
  if (!view) return std::nullopt;
  auto value = view->extension(id);
  if (!value) return std::nullopt;
  return bytes_.subspan(static_cast<std::size_t>(value->data() - bytes_.data()), value->size());
}

void PacketEditor::renumber(std::size_t at, std::size_t length, bool twoByte, std::uint8_t id) {
  if (id == 0 || (!twoByte && id > 14)) {
    auto element = bytes_.subspan(at, (twoByte ? 2 : 1) + length);
    std::fill(element.begin(), element.end(), std::uint8_t{0});
  } else if (twoByte) {
    bytes_[at] = id;
  } else {
    bytes_[at] = static_cast<std::uint8_t>(id << 4 | (bytes_[at] & 0x0f));
  }
}

}  // namespace parley::rtp
