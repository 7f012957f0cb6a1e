#include "stun/message_builder.hpp"

#include "base/hash.hpp"
#include "stun/wire.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace parley::stun {
namespace {

void putErrorCode(base::MutableBytes value, int code, std::string_view reason) {
  assert(code >= 300 && code <= 699);
  value[2] = static_cast<std::uint8_t>(code / 100);
  value[3] = static_cast<std::uint8_t>(code % 100);
  std::copy(reason.begin(), reason.end(), value.begin() + 4);
}

}  // namespace

MessageBuilder::MessageBuilder(base::PacketPool& pool, Class messageClass, Method method, const TransactionId& id)
    : packet_(pool.make()) {
  auto header = packet_.append(headerSize);
  base::store16(header.data(), wire::messageType(messageClass, method));
  base::store16(header.data() + 2, 0);
  base::store32(header.data() + 4, magicCookie);
  std::copy(id.begin(), id.end(), header.begin() + 8);
}

MessageBuilder::MessageBuilder(base::PacketPool& pool, Class responseClass, const Message& request)
    : MessageBuilder(pool, responseClass, request.method(), request.transactionId()) {}

base::MutableBytes MessageBuilder::append(AttributeType type, std::size_t size) {
  std::size_t whole = wire::attributeHeaderSize + wire::padded(size);
  if (!fits_ || whole > packet_.tailroom()) {
    fits_ = false;
    return {};
  }
  auto room = packet_.append(whole);
  std::fill(room.begin(), room.end(), std::uint8_t{0});
  base::store16(room.data(), static_cast<std::uint16_t>(type));
  base::store16(room.data() + 2, static_cast<std::uint16_t>(size));
  base::store16(packet_.data() + 2, static_cast<std::uint16_t>(packet_.size() - headerSize));
  return room.subspan(wire::attributeHeaderSize, size);
}

MessageBuilder& MessageBuilder::add(AttributeType type, base::Bytes value) {
  if (auto room = append(type, value.size()); !room.empty()) std::copy(value.begin(), value.end(), room.begin());
  return *this;
}

MessageBuilder& MessageBuilder::addText(AttributeType type, std::string_view text) {
  return add(type, base::asBytes(text));
}

MessageBuilder& MessageBuilder::addU32(AttributeType type, std::uint32_t value) {
  std::uint8_t bytes[4];
  base::store32(bytes, value);
  return add(type, bytes);
}

MessageBuilder& MessageBuilder::addU64(AttributeType type, std::uint64_t value) {
  std::uint8_t bytes[8];
  base::store64(bytes, value);
  return add(type, bytes);
}

MessageBuilder& MessageBuilder::addAddress(AttributeType type, const SocketAddress& address, bool exclusiveOr) {
  auto value = append(type, 4 + address.ip.bytes().size());
  if (value.empty()) return *this;
  if (exclusiveOr)
    wire::putAddress(value, address, wire::addressMask(packet_.bytes()));
  else
    wire::putAddress(value, address);
  return *this;
}

MessageBuilder& MessageBuilder::addUsername(std::string_view username) {
  return addText(AttributeType::Username, username);
}
MessageBuilder& MessageBuilder::addUserhash(std::span<const std::uint8_t, 32> userhash) {
  return add(AttributeType::Userhash, userhash);
}
MessageBuilder& MessageBuilder::addRealm(std::string_view realm) { return addText(AttributeType::Realm, realm); }
MessageBuilder& MessageBuilder::addNonce(std::string_view nonce) { return addText(AttributeType::Nonce, nonce); }
MessageBuilder& MessageBuilder::addSoftware(std::string_view software) {
  return addText(AttributeType::Software, software);
}
MessageBuilder& MessageBuilder::addAlternateDomain(std::string_view domain) {
  return addText(AttributeType::AlternateDomain, domain);
}

MessageBuilder& MessageBuilder::addErrorCode(int code, std::string_view reason) {
  if (auto value = append(AttributeType::ErrorCode, 4 + reason.size()); !value.empty())
    putErrorCode(value, code, reason);
  return *this;
}

MessageBuilder& MessageBuilder::addUnknownAttributes(std::span<const AttributeType> types) {
  auto value = append(AttributeType::UnknownAttributes, 2 * types.size());
  if (value.empty()) return *this;
  for (std::size_t i = 0; i < types.size(); ++i)
    base::store16(value.data() + 2 * i, static_cast<std::uint16_t>(types[i]));
  return *this;
}

MessageBuilder& MessageBuilder::addMappedAddress(const SocketAddress& address) {
  return addAddress(AttributeType::MappedAddress, address, false);
}
MessageBuilder& MessageBuilder::addXorMappedAddress(const SocketAddress& address) {
  return addAddress(AttributeType::XorMappedAddress, address, true);
}
MessageBuilder& MessageBuilder::addAlternateServer(const SocketAddress& address) {
  return addAddress(AttributeType::AlternateServer, address, false);
}

MessageBuilder& MessageBuilder::addPasswordAlgorithm(PasswordAlgorithm algorithm) {
  // The algorithm's number and the length of its parameters, of which MD5 and SHA-256 have none.
  return addU32(AttributeType::PasswordAlgorithm, static_cast<std::uint32_t>(algorithm) << 16);
}

MessageBuilder& MessageBuilder::addPasswordAlgorithms(std::span<const PasswordAlgorithm> algorithms) {
  auto value = append(AttributeType::PasswordAlgorithms, 4 * algorithms.size());
  if (value.empty()) return *this;
  for (std::size_t i = 0; i < algorithms.size(); ++i)
    base::store32(value.data() + 4 * i, static_cast<std::uint32_t>(algorithms[i]) << 16);
  return *this;
}

MessageBuilder& MessageBuilder::addPriority(std::uint32_t priority) {
  return addU32(AttributeType::Priority, priority);
}
MessageBuilder& MessageBuilder::addUseCandidate() { return add(AttributeType::UseCandidate, {}); }
MessageBuilder& MessageBuilder::addIceControlling(std::uint64_t tieBreaker) {
  return addU64(AttributeType::IceControlling, tieBreaker);
}
MessageBuilder& MessageBuilder::addIceControlled(std::uint64_t tieBreaker) {
  return addU64(AttributeType::IceControlled, tieBreaker);
}
MessageBuilder& MessageBuilder::addNomination(std::uint32_t nomination) {
  return addU32(AttributeType::Nomination, nomination);
}

MessageBuilder& MessageBuilder::addChannelNumber(std::uint16_t channel) {
  return addU32(AttributeType::ChannelNumber, std::uint32_t{channel} << 16);
}
MessageBuilder& MessageBuilder::addLifetime(std::uint32_t seconds) { return addU32(AttributeType::Lifetime, seconds); }
MessageBuilder& MessageBuilder::addXorPeerAddress(const SocketAddress& address) {
  return addAddress(AttributeType::XorPeerAddress, address, true);
}
MessageBuilder& MessageBuilder::addXorRelayedAddress(const SocketAddress& address) {
  return addAddress(AttributeType::XorRelayedAddress, address, true);
}
MessageBuilder& MessageBuilder::addData(base::Bytes data) { return add(AttributeType::Data, data); }
MessageBuilder& MessageBuilder::addRequestedAddressFamily(AddressFamily family) {
  return addU32(AttributeType::RequestedAddressFamily, static_cast<std::uint32_t>(family) << 24);
}
MessageBuilder& MessageBuilder::addAdditionalAddressFamily(AddressFamily family) {
  return addU32(AttributeType::AdditionalAddressFamily, static_cast<std::uint32_t>(family) << 24);
}

MessageBuilder& MessageBuilder::addAddressErrorCode(const AddressError& error) {
  auto value = append(AttributeType::AddressErrorCode, 4 + error.error.reason.size());
  if (value.empty()) return *this;
  putErrorCode(value, error.error.code, error.error.reason);
  value[0] = static_cast<std::uint8_t>(error.family);
  return *this;
}

MessageBuilder& MessageBuilder::addEvenPort(bool reserveNext) {
  const std::uint8_t value[] = {static_cast<std::uint8_t>(reserveNext ? 0x80 : 0)};
  return add(AttributeType::EvenPort, value);
}
MessageBuilder& MessageBuilder::addRequestedTransport(std::uint8_t protocol) {
  return addU32(AttributeType::RequestedTransport, std::uint32_t{protocol} << 24);
}
MessageBuilder& MessageBuilder::addDontFragment() { return add(AttributeType::DontFragment, {}); }
MessageBuilder& MessageBuilder::addReservationToken(std::uint64_t token) {
  return addU64(AttributeType::ReservationToken, token);
}

MessageBuilder& MessageBuilder::addIcmp(const Icmp& icmp) {
  return addU64(AttributeType::Icmp,
                std::uint64_t{icmp.type} << 40 | std::uint64_t{icmp.code} << 32 | icmp.errorData);
}

MessageBuilder& MessageBuilder::addIntegrity(base::Bytes key) {
  std::size_t covered = packet_.size();
  auto value = append(AttributeType::MessageIntegrity, wire::integritySize);
  if (value.empty()) return *this;
  auto hmac = base::hmacSha1(key, packet_.bytes().first(covered));
  std::copy(hmac.begin(), hmac.end(), value.begin());
  return *this;
}

MessageBuilder& MessageBuilder::addIntegritySha256(base::Bytes key) {
  std::size_t covered = packet_.size();
  auto value = append(AttributeType::MessageIntegritySha256, wire::integritySha256Size);
  if (value.empty()) return *this;
  auto hmac = base::hmacSha256(key, packet_.bytes().first(covered));
  std::copy(hmac.begin(), hmac.end(), value.begin());
  return *this;
}

MessageBuilder& MessageBuilder::addFingerprint() {
  std::size_t covered = packet_.size();
  auto value = append(AttributeType::Fingerprint, wire::fingerprintSize);
  if (value.empty()) return *this;
  base::store32(value.data(), base::crc32(packet_.bytes().first(covered)) ^ wire::fingerprintMask);
  return *this;
}

Packet MessageBuilder::finish() {
  if (!fits_) packet_.reset();
  return std::move(packet_);
}

}  // namespace parley::stun
