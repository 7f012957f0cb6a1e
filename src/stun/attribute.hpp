#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// \file
/// The vocabulary of STUN: what the header and the attributes of a message are named by.

namespace parley::stun {

/// RFC 8489 s.5: the two class bits of the message type.
enum class Class : std::uint8_t { Request = 0, Indication = 1, SuccessResponse = 2, ErrorResponse = 3 };

/// The method of a message. A message that parsed may carry a value that is not named here.
enum class Method : std::uint16_t {
  Binding = 1,
  Allocate = 3,
  Refresh = 4,
  Send = 6,
  Data = 7,
  CreatePermission = 8,
  ChannelBind = 9,
};

inline constexpr std::uint32_t magicCookie = 0x2112a442;
inline constexpr std::size_t headerSize = 20;

using TransactionId = std::array<std::uint8_t, 12>;

/// For unordered containers. Only ids that we drew at random ourselves are ever inserted, so any bits of them will do.
struct TransactionIdHash {
  std::size_t operator()(const TransactionId& id) const noexcept {
    return static_cast<std::size_t>(base::load64(id.data()));
  }
};

/// RFC 8489 s.18.3, RFC 8445 s.16.1, RFC 8656 s.18. Types up to 0x7fff are comprehension-required.
enum class AttributeType : std::uint16_t {
  MappedAddress = 0x0001,
  Username = 0x0006,
  MessageIntegrity = 0x0008,
  ErrorCode = 0x0009,
  UnknownAttributes = 0x000a,
  ChannelNumber = 0x000c,
  Lifetime = 0x000d,
  XorPeerAddress = 0x0012,
  Data = 0x0013,
  Realm = 0x0014,
  Nonce = 0x0015,
  XorRelayedAddress = 0x0016,
  RequestedAddressFamily = 0x0017,
  EvenPort = 0x0018,
  RequestedTransport = 0x0019,
  DontFragment = 0x001a,
  MessageIntegritySha256 = 0x001c,
  PasswordAlgorithm = 0x001d,
  Userhash = 0x001e,
  XorMappedAddress = 0x0020,
  ReservationToken = 0x0022,
  Priority = 0x0024,
  UseCandidate = 0x0025,
  AdditionalAddressFamily = 0x8000,
  AddressErrorCode = 0x8001,
  PasswordAlgorithms = 0x8002,
  AlternateDomain = 0x8003,
  Icmp = 0x8004,
  Software = 0x8022,
  AlternateServer = 0x8023,
  Fingerprint = 0x8028,
  IceControlled = 0x8029,
  IceControlling = 0x802a,
  Nomination = 0xc001,  ///< draft-thatcher-ice-renomination-01 s.3; the number is libwebrtc's, of the range for trials.
};

constexpr bool isComprehensionRequired(AttributeType type) { return static_cast<std::uint16_t>(type) < 0x8000; }

/// True for the types that are named above.
bool isKnown(AttributeType type);

/// The code of an ERROR-CODE attribute and its reason phrase. What a parsed message returns borrows the datagram.
struct ErrorCode {
  int code = 0;  ///< 300..699
  std::string_view reason;
};

/// RFC 8489 s.18.5.
enum class PasswordAlgorithm : std::uint16_t { Md5 = 1, Sha256 = 2 };

/// RFC 8656 s.14.6: the family in REQUESTED- and ADDITIONAL-ADDRESS-FAMILY and in ADDRESS-ERROR-CODE.
enum class AddressFamily : std::uint8_t { V4 = 1, V6 = 2 };

/// RFC 8656 s.18.12: why one of two requested relayed addresses was not given.
struct AddressError {
  AddressFamily family = AddressFamily::V4;
  ErrorCode error;
};

/// RFC 8656 s.18.13: an ICMP error that met a datagram to the peer.
struct Icmp {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint32_t errorData = 0;
};

}  // namespace parley::stun
