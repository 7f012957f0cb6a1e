#include "rtp/fec/ulpfec.hpp"

#include <algorithm>

namespace parley::rtp::fec {
namespace {

constexpr std::size_t fecHeader = 10;
constexpr std::uint8_t longMaskFlag = 0x40;

void xorInto(std::uint8_t* to, base::Bytes from) {
  for (std::size_t i = 0; i < from.size(); ++i) to[i] ^= from[i];
}

}  // namespace

std::optional<Protection> Protection::parse(base::Bytes payload) {
  base::Reader reader(payload);
  Protection result;
  const auto first = reader.u8();
  result.flags = first & 0x3F;
  result.markerAndType = reader.u8();
  result.base = reader.u16();
  result.timestamp = reader.u32();
  result.lengthRecovery = reader.u16();
  result.length = reader.u16();
  result.mask = std::uint64_t{reader.u16()} << 32;
  if (first & longMaskFlag) result.mask |= reader.u32();
  result.payload = reader.take(result.length);
  if (!reader.ok() || result.mask == 0) return std::nullopt;
  return result;
}

bool protect(std::span<const base::Bytes> packets, std::vector<std::uint8_t>& out) {
  if (packets.empty()) return false;
  std::uint16_t lowest = 0;
  std::size_t longest = 0;
  for (std::size_t i = 0; i < packets.size(); ++i) {
    if (packets[i].size() < fixedHeader || packets[i].size() - fixedHeader > 0xFFFF) return false;
    const auto number = base::load16(packets[i].data() + 2);
    if (i == 0 || static_cast<std::int16_t>(number - lowest) < 0) lowest = number;
    longest = std::max(longest, packets[i].size() - fixedHeader);
  }
  std::uint64_t mask = 0;
  for (const auto& packet : packets) {
    const auto offset = static_cast<std::uint16_t>(base::load16(packet.data() + 2) - lowest);
    if (offset >= maxSpan) return false;
    const auto bit = std::uint64_t{1} << (maxSpan - 1 - offset);
    if (mask & bit) return false;
    mask |= bit;
  }
  const bool isLong = (mask & 0xFFFFFFFF) != 0;
  const auto begin = out.size();
  out.resize(begin + (isLong ? longHeaderSize : shortHeaderSize) + longest);
  auto* header = out.data() + begin;
  // RFC 5109 s.8.1: the exclusive or of the first eight bytes and of the length, without version and sequence number.
  std::uint16_t length = 0;
  std::uint8_t flags = 0;
  for (const auto& packet : packets) {
    flags ^= packet[0];
    header[1] ^= packet[1];
    xorInto(header + 4, packet.subspan(4, 4));
    length ^= static_cast<std::uint16_t>(packet.size() - fixedHeader);
    xorInto(out.data() + begin + (isLong ? longHeaderSize : shortHeaderSize), packet.subspan(fixedHeader));
  }
  header[0] = static_cast<std::uint8_t>((flags & 0x3F) | (isLong ? longMaskFlag : 0));
  base::store16(header + 2, lowest);
  base::store16(header + 8, length);
  base::store16(header + fecHeader, static_cast<std::uint16_t>(longest));
  base::store16(header + fecHeader + 2, static_cast<std::uint16_t>(mask >> 32));
  if (isLong) base::store32(header + fecHeader + 4, static_cast<std::uint32_t>(mask));
  return true;
}

std::size_t protectedAt(double lossRate) {
  constexpr double acceptable = 1.0 / 50;
  // Of n media packets and their FEC, two are lost in about (n + 1) n / 2 x rate^2 of the cases.
  std::size_t count = 2;
  while (count < maxSpan && static_cast<double>((count + 2) * (count + 1) / 2) * lossRate * lossRate <= acceptable)
    ++count;
  return count;
}

std::size_t packetsFor(std::size_t mediaPackets, double lossRate) {
  if (mediaPackets == 0 || !(lossRate > 0)) return 0;
  const std::size_t each = protectedAt(lossRate);
  return std::max<std::size_t>(1, (mediaPackets + each / 2) / each);
}

}  // namespace parley::rtp::fec
