#include "rtp/payload/obu.hpp"

#include "rtp/bits.hpp"

#include <limits>

namespace parley::rtp::payload {
namespace {

constexpr std::uint8_t forbiddenBit = 0x80;
constexpr std::uint8_t extensionFlag = 0x04;
constexpr std::uint8_t sizeFlag = 0x02;

}  // namespace

std::optional<std::uint32_t> readLeb128(base::Reader& in) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < 8; ++i) {
    const auto byte = in.u8();
    if (!in.ok()) return std::nullopt;
    value |= std::uint64_t{byte & 0x7fu} << (7 * i);
    if ((byte & 0x80) != 0) continue;
    if (value > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(value);
  }
  return std::nullopt;
}

std::size_t leb128Size(std::uint32_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void writeLeb128(std::uint32_t value, std::uint8_t* out) {
  for (; value >= 0x80; value >>= 7) *out++ = static_cast<std::uint8_t>(value | 0x80);
  *out = static_cast<std::uint8_t>(value);
}

std::optional<Obu> Obu::parse(base::Bytes bytes, std::size_t& length) {
  base::Reader in(bytes);
  Obu obu;
  const auto first = in.u8();
  if (!in.ok() || (first & forbiddenBit) != 0) return std::nullopt;
  obu.header[0] = static_cast<std::uint8_t>(first & ~sizeFlag);
  if ((first & extensionFlag) != 0) {
    obu.header[1] = in.u8();
    obu.headerSize = 2;
  }
  if ((first & sizeFlag) != 0) {
    const auto size = readLeb128(in);
    if (!size) return std::nullopt;
    obu.payload = in.take(*size);
  } else {
    obu.payload = in.rest();
  }
  if (!in.ok()) return std::nullopt;
  length = bytes.size() - in.remaining();
  return obu;
}

void Obu::append(std::vector<std::uint8_t>& out) const {
  out.push_back(static_cast<std::uint8_t>(header[0] | sizeFlag));
  if (hasExtension()) out.push_back(header[1]);
  const auto size = static_cast<std::uint32_t>(payload.size());
  std::array<std::uint8_t, 5> field{};
  writeLeb128(size, field.data());
  out.insert(out.end(), field.begin(), field.begin() + static_cast<std::ptrdiff_t>(leb128Size(size)));
  out.insert(out.end(), payload.begin(), payload.end());
}

bool splitObus(base::Bytes unit, std::vector<Obu>& obus) {
  obus.clear();
  while (!unit.empty()) {
    std::size_t length = 0;
    const auto obu = Obu::parse(unit, length);
    if (!obu) return false;
    obus.push_back(*obu);
    unit = unit.subspan(length);
  }
  return !obus.empty();
}

std::optional<Resolution> readSequenceHeader(base::Bytes payload) {
  BitReader in(payload);
  in.skip(4);  // seq_profile, still_picture
  if (in.flag()) {
    in.skip(5);
  } else {
    bool decoderModel = false;
    unsigned delayBits = 0;
    if (in.flag()) {
      in.skip(64);
      if (in.flag()) in.exponentialGolomb();
      decoderModel = in.flag();
      if (decoderModel) {
        delayBits = in.fixed(5) + 1;
        in.skip(42);
      }
    }
    const bool displayDelay = in.flag();
    const auto points = in.fixed(5) + 1;
    for (std::uint32_t i = 0; i < points && in.ok(); ++i) {
      in.skip(12);
      if (in.fixed(5) > 7) in.skip(1);
      if (decoderModel && in.flag()) in.skip(2 * delayBits + 1);
      if (displayDelay && in.flag()) in.skip(4);
    }
  }
  const auto widthBits = in.fixed(4) + 1;
  const auto heightBits = in.fixed(4) + 1;
  const auto width = in.fixed(widthBits) + 1;
  const auto height = in.fixed(heightBits) + 1;
  if (!in.ok() || width > 0xffff || height > 0xffff) return std::nullopt;
  return Resolution{static_cast<std::uint16_t>(width), static_cast<std::uint16_t>(height)};
}

bool isKeyFrameHeader(base::Bytes payload) {
  BitReader in(payload);
  const bool showsExisting = in.flag();
  const bool key = in.fixed(2) == 0;
  return in.ok() && !showsExisting && key;
}

}  // namespace parley::rtp::payload
