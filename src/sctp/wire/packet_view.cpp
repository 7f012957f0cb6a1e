#include "sctp/wire/packet_view.hpp"

#include "base/hash.hpp"

#include <algorithm>
#include <array>

namespace parley::sctp::wire {
namespace {

constexpr std::size_t checksumOffset = 8;

std::uint32_t storedChecksum(base::Bytes packet) {
  const auto* p = packet.data() + checksumOffset;
  return std::uint32_t{p[3]} << 24 | std::uint32_t{p[2]} << 16 | std::uint32_t{p[1]} << 8 | p[0];
}

}  // namespace

std::uint32_t checksumOf(base::Bytes packet) {
  // RFC 9260 s.6.8: with the checksum field as zero.
  static constexpr std::array<std::uint8_t, 4> zeros{};
  auto sum = base::crc32c(packet.first(checksumOffset));
  sum = base::crc32c(zeros, sum);
  return base::crc32c(packet.subspan(commonHeaderSize), sum);
}

std::string_view toString(PacketError error) {
  switch (error) {
    case PacketError::TooShort: return "too short";
    case PacketError::BadChecksum: return "bad checksum";
    case PacketError::BadChunkLength: return "bad chunk length";
    case PacketError::NoChunk: return "no chunk";
    case PacketError::Count: break;
  }
  return "";
}

std::optional<ChunkView> ChunkReader::next() {
  auto chunk = chunkFrom(rest_);
  // RFC 9260 s.3.2: the padding of the last chunk may be missing.
  if (chunk) rest_ = rest_.subspan(std::min(padded(chunk->whole.size()), rest_.size()));
  return chunk;
}

base::Result<PacketView, PacketError> PacketView::parse(base::Bytes packet, ZeroChecksum zero) {
  if (packet.size() < commonHeaderSize) return base::unexpected(PacketError::TooShort);
  const auto stored = storedChecksum(packet);
  if (!(stored == 0 && zero == ZeroChecksum::Accepted) && stored != checksumOf(packet))
    return base::unexpected(PacketError::BadChecksum);

  auto rest = packet.subspan(commonHeaderSize);
  if (rest.empty()) return base::unexpected(PacketError::NoChunk);
  while (!rest.empty()) {
    auto chunk = chunkFrom(rest);
    if (!chunk) return base::unexpected(PacketError::BadChunkLength);
    rest = rest.subspan(std::min(padded(chunk->whole.size()), rest.size()));
  }
  return PacketView(packet);
}

}  // namespace parley::sctp::wire
