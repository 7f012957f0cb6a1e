#include "rtp/rtcp/bitrate_limit.hpp"

#include <bit>
#include <limits>

namespace parley::rtp::rtcp {

namespace {

constexpr std::uint32_t rembName = 0x52454d42;  // "REMB"
constexpr std::size_t rembFixedSize = FeedbackSources::wireSize + 8;
constexpr std::size_t maximumRembSources = 255;

/// A number as mantissa << exponent, with a mantissa of `bits` bits. What it cannot hold is rounded down.
struct Scaled {
  std::uint32_t mantissa = 0;
  unsigned exponent = 0;
};
Scaled scale(std::uint64_t value, unsigned bits) {
  auto width = static_cast<unsigned>(std::bit_width(value));
  unsigned exponent = width > bits ? width - bits : 0;
  return {static_cast<std::uint32_t>(value >> exponent), exponent};
}
/// The exponent has six bits: what does not fit 64 bits is as good as no limit.
std::uint64_t unscale(std::uint32_t mantissa, unsigned exponent) {
  if (mantissa == 0) return 0;
  if (static_cast<unsigned>(std::bit_width(mantissa)) + exponent > 64) return std::numeric_limits<std::uint64_t>::max();
  return std::uint64_t{mantissa} << exponent;
}

void writeLimits(base::MutableBytes room, std::uint8_t format, std::uint32_t sender,
                 const Records<BitrateLimit>& limits) {
  writeHeader(room, Type::TransportFeedback, format);
  FeedbackSources{sender, 0}.write(room.data() + headerSize);
  limits.write(room.data() + headerSize + FeedbackSources::wireSize);
}

bool limitsFit(const PacketView& packet) {
  return packet.body.size() >= FeedbackSources::wireSize &&
         (packet.body.size() - FeedbackSources::wireSize) % BitrateLimit::wireSize == 0;
}

Records<BitrateLimit> readLimits(const PacketView& packet) {
  return Records<BitrateLimit>::onWire(packet.body.subspan(FeedbackSources::wireSize));
}

}  // namespace

bool Remb::matches(const PacketView& packet) {
  return isFeedback(packet, Type::PayloadFeedback, payload_format::application) &&
         packet.body.size() >= FeedbackSources::wireSize + 4 &&
         base::load32(packet.body.data() + FeedbackSources::wireSize) == rembName;
}

base::Result<Remb, ParseError> Remb::parse(const PacketView& packet) {
  if (packet.body.size() < rembFixedSize) return base::unexpected(ParseError::Malformed);
  const std::uint8_t* at = packet.body.data() + FeedbackSources::wireSize + 4;
  auto sources = packet.body.subspan(rembFixedSize);
  if (sources.size() != 4 * std::size_t{at[0]}) return base::unexpected(ParseError::Malformed);
  std::uint32_t word = base::load32(at);
  Remb remb;
  remb.sender = base::load32(packet.body.data());
  remb.bitrate = unscale(word & 0x3ffff, word >> 18 & 0x3f);
  remb.ssrcs = Records<std::uint32_t>::onWire(sources);
  return remb;
}

std::size_t Remb::size() const { return headerSize + rembFixedSize + ssrcs.first(maximumRembSources).wireSize(); }

void Remb::write(base::MutableBytes room) const {
  auto written = ssrcs.first(maximumRembSources);
  writeHeader(room, Type::PayloadFeedback, payload_format::application);
  FeedbackSources{sender, 0}.write(room.data() + headerSize);
  std::uint8_t* at = room.data() + headerSize + FeedbackSources::wireSize;
  base::store32(at, rembName);
  auto scaled = scale(bitrate, 18);
  base::store32(at + 4, static_cast<std::uint32_t>(written.size()) << 24 | scaled.exponent << 18 | scaled.mantissa);
  written.write(at + 8);
}

BitrateLimit BitrateLimit::read(const std::uint8_t* at) {
  std::uint32_t word = base::load32(at + 4);
  return {base::load32(at), unscale(word >> 9 & 0x1ffff, word >> 26), static_cast<std::uint16_t>(word & 0x1ff)};
}

void BitrateLimit::write(std::uint8_t* at) const {
  auto scaled = scale(bitrate, 17);
  base::store32(at, ssrc);
  base::store32(at + 4, scaled.exponent << 26 | scaled.mantissa << 9 | (packetOverhead & 0x1ffu));
}

base::Result<Tmmbr, ParseError> Tmmbr::parse(const PacketView& packet) {
  if (!limitsFit(packet) || packet.body.size() == FeedbackSources::wireSize)
    return base::unexpected(ParseError::Malformed);
  return Tmmbr{base::load32(packet.body.data()), readLimits(packet)};
}

void Tmmbr::write(base::MutableBytes room) const { writeLimits(room, transport_format::tmmbr, sender, limits); }

base::Result<Tmmbn, ParseError> Tmmbn::parse(const PacketView& packet) {
  if (!limitsFit(packet)) return base::unexpected(ParseError::Malformed);
  return Tmmbn{base::load32(packet.body.data()), readLimits(packet)};
}

void Tmmbn::write(base::MutableBytes room) const { writeLimits(room, transport_format::tmmbn, sender, limits); }

}  // namespace parley::rtp::rtcp
