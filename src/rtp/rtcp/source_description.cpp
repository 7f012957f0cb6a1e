#include "rtp/rtcp/source_description.hpp"

#include <cstring>

namespace parley::rtp::rtcp {

namespace {

constexpr std::size_t maximumText = 255;

std::size_t textSize(const SdesItem& item) { return std::min(item.text.size(), maximumText); }

std::size_t chunkSize(const SdesChunk& chunk) {
  std::size_t size = 4;
  for (const SdesItem& item : chunk.items) size += 2 + textSize(item);
  // RFC 3550 s.6.5: one or more null octets end the list, the last one at a multiple of four.
  return (size + 4) & ~std::size_t{3};
}

}  // namespace

bool SourceDescription::Cursor::startChunk() {
  if (rest.size() < 4) {
    ok = false;
    return false;
  }
  ssrc = base::load32(rest.data());
  rest = rest.subspan(4);
  inChunk = 4;
  return true;
}

bool SourceDescription::Cursor::nextItem(SdesItem& item) {
  if (rest.empty()) {
    ok = false;
    return false;
  }
  if (rest[0] == 0) {
    std::size_t padding = 4 - inChunk % 4;
    ok = padding <= rest.size();
    rest = rest.subspan(ok ? padding : rest.size());
    return false;
  }
  if (rest.size() < 2 || rest.size() < 2u + rest[1]) {
    ok = false;
    rest = {};
    return false;
  }
  item = {static_cast<SdesType>(rest[0]), base::asText(rest.subspan(2, rest[1]))};
  inChunk += 2 + item.text.size();
  rest = rest.subspan(2 + item.text.size());
  return true;
}

base::Result<SourceDescription, ParseError> SourceDescription::parse(const PacketView& packet) {
  Cursor cursor{packet.body};
  SdesItem item;
  for (std::size_t i = 0; i < packet.count && cursor.startChunk(); ++i) {
    while (cursor.nextItem(item)) {
    }
    if (!cursor.ok) break;
  }
  if (!cursor.ok) return base::unexpected(ParseError::Malformed);
  return SourceDescription(packet.body, packet.count);
}

std::size_t SourceDescription::size() const {
  std::size_t size = headerSize;
  for (const SdesChunk& chunk : chunks_) size += chunkSize(chunk);
  return size;
}

void SourceDescription::write(base::MutableBytes room) const {
  writeHeader(room, Type::SourceDescription, chunks_.size());
  std::uint8_t* at = room.data() + headerSize;
  for (const SdesChunk& chunk : chunks_) {
    std::uint8_t* end = at + chunkSize(chunk);
    base::store32(at, chunk.ssrc);
    at += 4;
    for (const SdesItem& item : chunk.items) {
      at[0] = static_cast<std::uint8_t>(item.type);
      at[1] = static_cast<std::uint8_t>(textSize(item));
      std::memcpy(at + 2, item.text.data(), at[1]);
      at += 2 + at[1];
    }
    std::fill(at, end, std::uint8_t{0});
    at = end;
  }
}

std::optional<std::string_view> SourceDescription::find(std::uint32_t ssrc, SdesType type) const {
  std::optional<std::string_view> found;
  forEach([&](std::uint32_t source, const SdesItem& item) {
    if (!found && source == ssrc && item.type == type) found = item.text;
  });
  return found;
}

}  // namespace parley::rtp::rtcp
