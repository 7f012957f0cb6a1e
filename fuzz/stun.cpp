#include "base/hash.hpp"
#include "base/packet_pool.hpp"
#include "stun/credentials.hpp"
#include "stun/message.hpp"
#include "stun/message_builder.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using namespace parley;
using namespace parley::stun;

const base::Bytes key = base::asBytes("VOkJxbRl1RmTxUk/WvJxBt");

/// Sets what an input seldom has by chance: cookie, length and checksum. The attributes stay as they are.
std::vector<std::uint8_t> repaired(base::Bytes input) {
  std::vector<std::uint8_t> bytes(input.begin(), input.end());
  bytes.resize(std::max(headerSize, std::min<std::size_t>(bytes.size(), 0xfff0) & ~std::size_t{3}));
  bytes[0] &= 0x3f;
  base::store16(bytes.data() + 2, static_cast<std::uint16_t>(bytes.size() - headerSize));
  base::store32(bytes.data() + 4, magicCookie);
  auto message = Message::parse(bytes);
  if (!message && message.error() == ParseError::FingerprintMismatch) {
    auto covered = base::Bytes(bytes).first(bytes.size() - 8);
    base::store32(bytes.data() + bytes.size() - 4, base::crc32(covered) ^ 0x5354554e);
  }
  return bytes;
}

/// The same message, written by the typed functions.
Packet write(base::PacketPool& pool, const Message& m) {
  MessageBuilder b(pool, m.messageClass(), m.method(), m.transactionId());
  if (auto v = m.username()) b.addUsername(*v);
  if (auto v = m.userhash()) b.addUserhash(v->first<32>());
  if (auto v = m.realm()) b.addRealm(*v);
  if (auto v = m.nonce()) b.addNonce(*v);
  if (auto v = m.software()) b.addSoftware(*v);
  if (auto v = m.alternateDomain()) b.addAlternateDomain(*v);
  if (auto v = m.errorCode()) b.addErrorCode(v->code, v->reason);
  if (auto v = m.unknownAttributes(); !v.empty()) b.addUnknownAttributes(v);
  if (auto v = m.mappedAddress()) b.addMappedAddress(*v);
  if (auto v = m.xorMappedAddress()) b.addXorMappedAddress(*v);
  if (auto v = m.alternateServer()) b.addAlternateServer(*v);
  if (auto v = m.passwordAlgorithm()) b.addPasswordAlgorithm(*v);
  if (auto v = m.passwordAlgorithms(); !v.empty()) b.addPasswordAlgorithms(v);
  if (auto v = m.priority()) b.addPriority(*v);
  if (m.useCandidate()) b.addUseCandidate();
  if (auto v = m.iceControlling()) b.addIceControlling(*v);
  if (auto v = m.iceControlled()) b.addIceControlled(*v);
  if (auto v = m.nomination()) b.addNomination(*v);
  if (auto v = m.channelNumber()) b.addChannelNumber(*v);
  if (auto v = m.lifetime()) b.addLifetime(*v);
  if (auto v = m.xorPeerAddress()) b.addXorPeerAddress(*v);
  if (auto v = m.xorRelayedAddress()) b.addXorRelayedAddress(*v);
  if (auto v = m.data()) b.addData(*v);
  if (auto v = m.requestedAddressFamily()) b.addRequestedAddressFamily(*v);
  if (auto v = m.additionalAddressFamily()) b.addAdditionalAddressFamily(*v);
  if (auto v = m.addressErrorCode()) b.addAddressErrorCode(*v);
  if (auto v = m.evenPort()) b.addEvenPort(*v);
  if (auto v = m.requestedTransport()) b.addRequestedTransport(*v);
  if (m.dontFragment()) b.addDontFragment();
  if (auto v = m.reservationToken()) b.addReservationToken(*v);
  if (auto v = m.icmp()) b.addIcmp(*v);
  for (auto type : m.unknownComprehensionRequired()) b.add(type, *m.attribute(type));
  if (m.hasIntegrity()) b.addIntegrity(key);
  if (m.hasIntegritySha256()) b.addIntegritySha256(key);
  if (m.hasFingerprint()) b.addFingerprint();
  return b.finish();
}

void checkOne(base::Bytes datagram) {
  auto parsed = Message::parse(datagram);
  if (!parsed) {
    FUZZ_CHECK(!toString(parsed.error()).empty());
    return;
  }
  FUZZ_CHECK(looksLikeStun(datagram));
  const Message& message = *parsed;
  message.checkIntegrity(key);
  message.checkIntegritySha256(key);
  for (const auto& attribute : message.attributes()) message.xorAddress(attribute.value);
  if (auto nonce = message.nonce()) securityFeatures(*nonce);

  base::PacketPool pool;
  Packet first = write(pool, message);
  if (!first) {
    // Longer than before by a second form of the address (24 bytes) and a truncated HMAC made whole (16).
    FUZZ_CHECK(datagram.size() + 40 > base::packetCapacity);
    return;
  }
  auto again = Message::parse(first.bytes());
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(again->is(message.messageClass(), message.method()));
  FUZZ_CHECK(again->transactionId() == message.transactionId());
  FUZZ_CHECK(again->xorMappedAddress() == message.xorMappedAddress());
  FUZZ_CHECK(again->unknownComprehensionRequired() == message.unknownComprehensionRequired());
  FUZZ_CHECK(again->hasIntegrity() == message.hasIntegrity() && again->hasIntegrity() == again->checkIntegrity(key));
  FUZZ_CHECK(again->hasIntegritySha256() == message.hasIntegritySha256() &&
             again->hasIntegritySha256() == again->checkIntegritySha256(key));
  FUZZ_CHECK(again->hasFingerprint() == message.hasFingerprint());
  Packet second = write(pool, *again);
  FUZZ_CHECK(second && std::ranges::equal(first.bytes(), second.bytes()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  checkOne({data, size});
  checkOne(repaired({data, size}));
  return 0;
}
