#include "rtp/packet_builder.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace parley::rtp {

namespace {

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }
constexpr std::size_t extensionHeaderSize = 4;

}  // namespace

PacketBuilder::PacketBuilder(base::PacketPool& pool, const HeaderFields& fields, ExtensionForm form)
    : packet_(pool.make()), form_(form) {
  auto header = packet_.append(fixedHeaderSize);
  header[0] = 2 << 6;
  header[1] = static_cast<std::uint8_t>((fields.marker ? 0x80 : 0) | (fields.payloadType & 0x7f));
  base::store16(header.data() + 2, fields.sequenceNumber);
  base::store32(header.data() + 4, fields.timestamp);
  base::store32(header.data() + 8, fields.ssrc);
}

void PacketBuilder::setCsrcs(std::span<const std::uint32_t> csrcs) {
  assert(extension_ == 0 && packet_.size() == fixedHeaderSize);
  csrcs = csrcs.first(std::min(csrcs.size(), maximumCsrcs));
  packet_.data()[0] = static_cast<std::uint8_t>((packet_.data()[0] & 0xf0) | csrcs.size());
  for (std::uint32_t csrc : csrcs) base::store32(packet_.append(4).data(), csrc);
}

bool PacketBuilder::addBytes(std::uint8_t id, base::Bytes value) {
  auto at = reserve(id, value.size());
  if (!at) return false;
  std::copy(value.begin(), value.end(), at->begin());
  return true;
}

std::optional<base::MutableBytes> PacketBuilder::reserve(std::uint8_t id, std::size_t size) {
  if (id == 0 || size > 255) return std::nullopt;
  bool needsTwo = id > 14 || size == 0 || size > 16;
  if (needsTwo && form_ == ExtensionForm::OneByte) return std::nullopt;
  // Widening costs an octet for each element that is there; there are at most 14.
  if (packet_.tailroom() < extensionHeaderSize + 2 + size + 16 + 3) return std::nullopt;
  if (extension_ == 0) startExtension();
  if (needsTwo && !twoByte_) widen();
  auto element = packet_.append((twoByte_ ? 2 : 1) + size);
  if (twoByte_) {
    element[0] = id;
    element[1] = static_cast<std::uint8_t>(size);
  } else {
    element[0] = static_cast<std::uint8_t>(id << 4 | (size - 1));
  }
  auto value = element.last(size);
  std::fill(value.begin(), value.end(), std::uint8_t{0});
  return value;
}

void PacketBuilder::startExtension() {
  extension_ = packet_.size();
  packet_.data()[0] |= 0x10;
  base::store16(packet_.append(extensionHeaderSize).data(), oneByteProfile);
}

// From one-byte headers to two-byte headers: each element moves back by the octets that those before it gained.
void PacketBuilder::widen() {
  std::size_t begin = extension_ + extensionHeaderSize, end = packet_.size();
  std::size_t elements = 0;
  for (std::size_t at = begin; at < end; at += 2u + (packet_.data()[at] & 0x0f)) ++elements;
  packet_.append(elements);
  std::uint8_t* data = packet_.data();
  std::size_t at = begin;
  while (at < end) {
    std::size_t length = (data[at] & 0x0fu) + 1;
    std::uint8_t id = data[at] >> 4;
    std::memmove(data + at + 2, data + at + 1, end - at - 1);
    data[at] = id;
    data[at + 1] = static_cast<std::uint8_t>(length);
    at += 2 + length;
    ++end;
  }
  base::store16(data + extension_, twoByteProfile);
  twoByte_ = true;
}

std::size_t PacketBuilder::size() const {
  return extension_ == 0 ? packet_.size() : extension_ + padded(packet_.size() - extension_);
}

Packet PacketBuilder::take() {
  if (extension_ != 0) {
    auto padding = packet_.append(size() - packet_.size());
    std::fill(padding.begin(), padding.end(), std::uint8_t{0});
    auto words = (packet_.size() - extension_ - extensionHeaderSize) / 4;
    base::store16(packet_.data() + extension_ + 2, static_cast<std::uint16_t>(words));
  }
  return std::move(packet_);
}

void addPadding(Packet& packet, std::size_t n) {
  assert(n >= 1 && n <= 255);
  packet.data()[0] |= 0x20;
  auto padding = packet.append(n);
  std::fill(padding.begin(), padding.end(), std::uint8_t{0});
  padding.back() = static_cast<std::uint8_t>(n);
}

}  // namespace parley::rtp
