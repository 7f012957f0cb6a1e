#include "sctp/native/cookie.hpp"

#include "base/hash.hpp"
#include "sctp/wire/chunk.hpp"

namespace parley::sctp::native {

namespace {

constexpr std::size_t fieldsSize = 8 + 2 * 4 + 4 + 4 + 2 + 2 + 4 + 4 + 2 * 4;

constexpr std::uint32_t flag(bool set, unsigned bit) { return set ? 1u << bit : 0; }

}  // namespace

std::vector<std::uint8_t> CookieJar::seal(const Cookie& cookie) const {
  std::vector<std::uint8_t> bytes(fieldsSize);
  wire::Writer writer(bytes);
  const auto made = static_cast<std::uint64_t>(cookie.madeAt.time_since_epoch().count());
  const auto& peer = cookie.peer;
  writer.u32(static_cast<std::uint32_t>(made >> 32)).u32(static_cast<std::uint32_t>(made));
  writer.u32(cookie.local.tag).u32(cookie.local.initialTsn.value);
  writer.u32(peer.tag).u32(peer.window).u16(peer.outboundStreams).u16(peer.inboundStreams).u32(peer.initialTsn.value);
  writer.u32(flag(peer.forwardTsn, 0) | flag(peer.reConfig, 1) | flag(peer.interleaving, 2) |
             flag(peer.takesZeroChecksum, 3) | flag(peer.iForwardTsn, 4));
  writer.u32(cookie.tieTags.local).u32(cookie.tieTags.peer);
  auto mac = base::hmacSha256(key_, bytes);
  bytes.insert(bytes.end(), mac.begin(), mac.begin() + macSize);
  return bytes;
}

std::optional<Cookie> CookieJar::open(base::Bytes sealed) const {
  if (sealed.size() != fieldsSize + macSize) return std::nullopt;
  auto mac = base::hmacSha256(key_, sealed.first(fieldsSize));
  if (!base::equalConstantTime(base::Bytes(mac).first(macSize), sealed.subspan(fieldsSize))) return std::nullopt;
  base::Reader reader(sealed);
  Cookie cookie;
  cookie.madeAt = Time(Duration(static_cast<std::int64_t>(reader.u64())));
  cookie.local.tag = reader.u32();
  cookie.local.initialTsn = {reader.u32()};
  auto& peer = cookie.peer;
  peer.tag = reader.u32();
  peer.window = reader.u32();
  peer.outboundStreams = reader.u16();
  peer.inboundStreams = reader.u16();
  peer.initialTsn = {reader.u32()};
  auto flags = reader.u32();
  peer.forwardTsn = flags & 1;
  peer.reConfig = flags & 2;
  peer.interleaving = flags & 4;
  peer.takesZeroChecksum = flags & 8;
  peer.iForwardTsn = flags & 16;
  cookie.tieTags.local = reader.u32();
  cookie.tieTags.peer = reader.u32();
  return cookie;
}

}  // namespace parley::sctp::native
