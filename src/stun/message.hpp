#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "stun/attribute.hpp"

#include <parley/address.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// \file
/// Reading STUN messages. Writing them: stun/message_builder.hpp. Keys: stun/credentials.hpp. Retransmission:
/// stun/transaction.hpp.

namespace parley::stun {

/// Why a datagram is not a STUN message.
enum class ParseError : std::uint8_t {
  TooShort,             ///< Shorter than the header.
  NotStun,              ///< The first two bits or the magic cookie are wrong.
  BadLength,            ///< The length is no multiple of four, or not that of the datagram.
  TruncatedAttribute,   ///< An attribute runs over the end of the message.
  MalformedAttribute,   ///< A known attribute cannot have this length or this value.
  FingerprintNotLast,   ///< RFC 8489 s.14.7 wants FINGERPRINT at the end.
  FingerprintMismatch,  ///< Damaged, or another protocol's packet.
  Count
};

std::string_view toString(ParseError error);

/// Two bits and a cookie: enough to tell STUN from what else arrives on the socket, not that it is well-formed.
bool looksLikeStun(base::Bytes datagram);

TransactionId randomTransactionId(base::Random& random);

/// One attribute; the value is without padding and borrows the datagram.
struct Attribute {
  AttributeType type{};
  base::Bytes value;
};

/// A view of a datagram that parsed. It borrows the datagram's bytes, and what its getters return does as well.
///
/// Known attributes are checked by `parse`, so that a getter returns nothing only if the attribute is not there. Of one
/// that occurs twice the first counts (RFC 8489 s.14). Attributes behind MESSAGE-INTEGRITY or
/// MESSAGE-INTEGRITY-SHA256 are not seen by any getter (s.14.5, s.14.6), whether or not the integrity was checked.
class Message {
 public:
  /// One whole message. A FINGERPRINT, if there is one, has been verified; integrity has not.
  static base::Result<Message, ParseError> parse(base::Bytes datagram);

  Class messageClass() const;
  Method method() const;
  bool is(Class wantedClass, Method wantedMethod) const {
    return messageClass() == wantedClass && method() == wantedMethod;
  }
  TransactionId transactionId() const;
  /// The datagram.
  base::Bytes bytes() const { return bytes_; }

  // --- RFC 8489 ---
  std::optional<std::string_view> username() const;
  std::optional<base::Bytes> userhash() const;  ///< 32 bytes.
  std::optional<std::string_view> realm() const;
  std::optional<std::string_view> nonce() const;
  std::optional<std::string_view> software() const;
  std::optional<std::string_view> alternateDomain() const;
  std::optional<ErrorCode> errorCode() const;
  /// The list of a 420 response; empty if there is none.
  std::vector<AttributeType> unknownAttributes() const;
  /// XOR-MAPPED-ADDRESS, or the MAPPED-ADDRESS of a server that only knows that one (RFC 5389 s.12.1, kept by
  /// RFC 8489 s.11). As all addresses: nothing if the family is neither IPv4 nor IPv6 (RFC 8489 s.6.3.3).
  std::optional<SocketAddress> xorMappedAddress() const;
  std::optional<SocketAddress> mappedAddress() const;
  std::optional<SocketAddress> alternateServer() const;
  /// An algorithm that is not named by the enum is returned as its number.
  std::optional<PasswordAlgorithm> passwordAlgorithm() const;
  /// In the server's order of preference; empty if there is none.
  std::vector<PasswordAlgorithm> passwordAlgorithms() const;

  // --- RFC 8445 ---
  std::optional<std::uint32_t> priority() const;
  bool useCandidate() const;
  std::optional<std::uint64_t> iceControlling() const;
  std::optional<std::uint64_t> iceControlled() const;
  /// draft-thatcher-ice-renomination-01 s.3: 24 bits.
  std::optional<std::uint32_t> nomination() const;

  // --- RFC 8656 ---
  std::optional<std::uint16_t> channelNumber() const;
  std::optional<std::uint32_t> lifetime() const;  ///< Seconds.
  /// The first one; all of them by `attributes()` and `xorAddress()`.
  std::optional<SocketAddress> xorPeerAddress() const;
  std::optional<SocketAddress> xorRelayedAddress() const;
  std::optional<base::Bytes> data() const;
  std::optional<AddressFamily> requestedAddressFamily() const;
  std::optional<AddressFamily> additionalAddressFamily() const;
  std::optional<AddressError> addressErrorCode() const;
  std::optional<bool> evenPort() const;  ///< True if the next higher port is to be reserved.
  std::optional<std::uint8_t> requestedTransport() const;  ///< A protocol number: 17 is UDP.
  bool dontFragment() const;
  std::optional<std::uint64_t> reservationToken() const;
  std::optional<Icmp> icmp() const;

  /// The first attribute of this type.
  std::optional<base::Bytes> attribute(AttributeType type) const;
  /// All attributes that count, in order; integrity and FINGERPRINT are not among them.
  std::vector<Attribute> attributes() const;
  /// Decodes the value of one XOR-...-ADDRESS attribute of this message.
  std::optional<SocketAddress> xorAddress(base::Bytes value) const;

  /// For a 420 response (RFC 8489 s.6.3.1): comprehension-required types that this codec does not know, each once, and
  /// no more than `unknownLimit` of them, so that a response stays smaller than the request that provoked it. In a
  /// Binding response the types that RFC 3489 servers add are left out: they must be ignored (RFC 5389 s.12.1).
  std::vector<AttributeType> unknownComprehensionRequired() const;
  static constexpr std::size_t unknownLimit = 32;

  bool hasIntegrity() const { return integrity_ != 0; }
  bool hasIntegritySha256() const { return integritySha256_ != 0; }
  bool hasFingerprint() const { return fingerprint_ != 0; }
  /// MESSAGE-INTEGRITY is there and was made with this key (a short-term key is the bytes of the password).
  bool checkIntegrity(base::Bytes key) const;
  /// MESSAGE-INTEGRITY-SHA256 is there and was made with this key; a truncated one counts (RFC 8489 s.14.6).
  bool checkIntegritySha256(base::Bytes key) const;

 private:
  explicit Message(base::Bytes bytes) : bytes_(bytes), end_(bytes.size()) {}

  base::Bytes bytes_;
  std::size_t end_;                  // where the attributes that count end
  std::size_t integrity_ = 0;        // offsets in bytes_; 0 = absent
  std::size_t integritySha256_ = 0;
  std::size_t fingerprint_ = 0;
};

}  // namespace parley::stun
