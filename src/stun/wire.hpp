#pragma once

#include "base/bytes.hpp"
#include "stun/attribute.hpp"

#include <parley/address.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

/// \file
/// The layout that reading and writing share.

namespace parley::stun::wire {

inline constexpr std::size_t attributeHeaderSize = 4;
inline constexpr std::size_t integritySize = 20;
inline constexpr std::size_t integritySha256Size = 32;
inline constexpr std::size_t fingerprintSize = 4;
/// RFC 8489 s.14.7: keeps the checksum apart from one that the other protocol may carry at the same place.
inline constexpr std::uint32_t fingerprintMask = 0x5354554e;
inline constexpr std::uint8_t familyV4 = 1;
inline constexpr std::uint8_t familyV6 = 2;

constexpr std::size_t padded(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// RFC 8489 figure 3: the class bits C1 and C0 lie at 0x100 and 0x010, in between the twelve bits of the method.
constexpr std::uint16_t messageType(Class messageClass, Method method) {
  auto m = static_cast<unsigned>(method), c = static_cast<unsigned>(messageClass);
  return static_cast<std::uint16_t>((m & 0xf80) << 2 | (m & 0x070) << 1 | (m & 0x00f) | (c & 2) << 7 | (c & 1) << 4);
}
constexpr Class classOf(std::uint16_t type) { return static_cast<Class>((type >> 7 & 2) | (type >> 4 & 1)); }
constexpr Method methodOf(std::uint16_t type) {
  return static_cast<Method>((type >> 2 & 0xf80) | (type >> 1 & 0x070) | (type & 0x00f));
}

static_assert(messageType(Class::Request, Method::Binding) == 0x0001);
static_assert(messageType(Class::SuccessResponse, Method::Binding) == 0x0101);
static_assert(messageType(Class::Indication, Method::Send) == 0x0016);

/// RFC 8489 s.14.2: what an address is combined with: the magic cookie and the transaction id, which are next to each
/// other in the header. `message` starts with a whole header.
inline std::array<std::uint8_t, 16> addressMask(base::Bytes message) {
  std::array<std::uint8_t, 16> mask;
  std::memcpy(mask.data(), message.data() + 4, mask.size());
  return mask;
}

/// Writes the value of an address attribute (RFC 8489 s.14.1), and of an XOR-... one if there is a mask (s.14.2).
/// Precondition: 8 bytes for IPv4, 20 for IPv6.
inline void putAddress(base::MutableBytes value, const SocketAddress& address,
                       const std::array<std::uint8_t, 16>& mask = {}) {
  auto ip = address.ip.bytes();
  value[0] = 0;
  value[1] = address.ip.isV4() ? familyV4 : familyV6;
  base::store16(value.data() + 2, static_cast<std::uint16_t>(address.port ^ base::load16(mask.data())));
  for (std::size_t i = 0; i < ip.size(); ++i) value[4 + i] = ip[i] ^ mask[i];
}

/// RFC 8656 s.12.4: number and length.
inline constexpr std::size_t channelHeaderSize = 4;

}  // namespace parley::stun::wire
