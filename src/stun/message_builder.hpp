#pragma once

#include "base/bytes.hpp"
#include "base/packet_pool.hpp"
#include "stun/attribute.hpp"
#include "stun/message.hpp"

#include <parley/address.hpp>
#include <parley/packet.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace parley::stun {

/// Writes one message into a packet of the pool, attribute by attribute in the order of the calls, without allocating.
///
///     auto packet = MessageBuilder(pool, Class::Request, Method::Binding, id)
///                       .addUsername("bob:alice").addPriority(p).addIceControlling(tieBreaker)
///                       .addIntegrity(base::asBytes(password)).addFingerprint().finish();
///
/// Integrity covers what was added before it; FINGERPRINT comes last.
class MessageBuilder {
 public:
  MessageBuilder(base::PacketPool& pool, Class messageClass, Method method, const TransactionId& id);
  /// A response to `request`: its method and its transaction id.
  MessageBuilder(base::PacketPool& pool, Class responseClass, const Message& request);

  // --- RFC 8489 ---
  MessageBuilder& addUsername(std::string_view username);
  MessageBuilder& addUserhash(std::span<const std::uint8_t, 32> userhash);
  MessageBuilder& addRealm(std::string_view realm);
  MessageBuilder& addNonce(std::string_view nonce);
  MessageBuilder& addSoftware(std::string_view software);
  MessageBuilder& addAlternateDomain(std::string_view domain);
  /// Precondition: 300 <= code <= 699.
  MessageBuilder& addErrorCode(int code, std::string_view reason);
  MessageBuilder& addUnknownAttributes(std::span<const AttributeType> types);
  MessageBuilder& addMappedAddress(const SocketAddress& address);
  MessageBuilder& addXorMappedAddress(const SocketAddress& address);
  MessageBuilder& addAlternateServer(const SocketAddress& address);
  MessageBuilder& addPasswordAlgorithm(PasswordAlgorithm algorithm);
  MessageBuilder& addPasswordAlgorithms(std::span<const PasswordAlgorithm> algorithms);

  // --- RFC 8445 ---
  MessageBuilder& addPriority(std::uint32_t priority);
  MessageBuilder& addUseCandidate();
  MessageBuilder& addIceControlling(std::uint64_t tieBreaker);
  MessageBuilder& addIceControlled(std::uint64_t tieBreaker);
  /// Precondition: 24 bits.
  MessageBuilder& addNomination(std::uint32_t nomination);

  // --- RFC 8656 ---
  MessageBuilder& addChannelNumber(std::uint16_t channel);
  MessageBuilder& addLifetime(std::uint32_t seconds);
  MessageBuilder& addXorPeerAddress(const SocketAddress& address);
  MessageBuilder& addXorRelayedAddress(const SocketAddress& address);
  MessageBuilder& addData(base::Bytes data);
  MessageBuilder& addRequestedAddressFamily(AddressFamily family);
  MessageBuilder& addAdditionalAddressFamily(AddressFamily family);
  MessageBuilder& addAddressErrorCode(const AddressError& error);
  MessageBuilder& addEvenPort(bool reserveNext);
  MessageBuilder& addRequestedTransport(std::uint8_t protocol);
  MessageBuilder& addDontFragment();
  MessageBuilder& addReservationToken(std::uint64_t token);
  MessageBuilder& addIcmp(const Icmp& icmp);

  /// An attribute of any type.
  MessageBuilder& add(AttributeType type, base::Bytes value);

  /// MESSAGE-INTEGRITY by HMAC-SHA1; a short-term key is the bytes of the password.
  MessageBuilder& addIntegrity(base::Bytes key);
  MessageBuilder& addIntegritySha256(base::Bytes key);
  MessageBuilder& addFingerprint();

  /// The message; no packet if an attribute did not fit. The builder is spent.
  Packet finish();

 private:
  /// Appends a header and `size` zero bytes with padding, and returns the value; empty if it does not fit.
  base::MutableBytes append(AttributeType type, std::size_t size);
  MessageBuilder& addText(AttributeType type, std::string_view text);
  MessageBuilder& addU32(AttributeType type, std::uint32_t value);
  MessageBuilder& addU64(AttributeType type, std::uint64_t value);
  MessageBuilder& addAddress(AttributeType type, const SocketAddress& address, bool exclusiveOr);

  Packet packet_;
  bool fits_ = true;
};

}  // namespace parley::stun
