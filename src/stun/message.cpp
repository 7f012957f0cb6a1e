#include "stun/message.hpp"

#include "base/hash.hpp"
#include "stun/wire.hpp"

#include <algorithm>
#include <utility>

namespace parley::stun {
namespace {

using base::Bytes;

/// Takes the next attribute off the front of `rest`; nothing if it runs over the end.
std::optional<Attribute> takeAttribute(Bytes& rest) {
  base::Reader reader(rest);
  auto type = static_cast<AttributeType>(reader.u16());
  std::size_t size = reader.u16();
  Bytes value = reader.take(wire::padded(size));
  if (!reader.ok()) return std::nullopt;
  rest = reader.rest();
  return Attribute{type, value.first(size)};
}

bool isErrorCode(Bytes value) {
  return value.size() >= 4 && (value[2] & 7) >= 3 && (value[2] & 7) <= 6 && value[3] < 100;
}

ErrorCode errorCodeOf(Bytes value) { return {(value[2] & 7) * 100 + value[3], base::asText(value.subspan(4))}; }

bool isAddressFamily(std::uint8_t family) { return family == wire::familyV4 || family == wire::familyV6; }

// A family that is not known may have any length: the attribute is ignored, not the message (RFC 8489 s.6.3.3).
bool isAddress(Bytes value) {
  if (value.size() < 4) return false;
  if (value[1] == wire::familyV4) return value.size() == 8;
  return value[1] != wire::familyV6 || value.size() == 20;
}

/// The next algorithm of a list; its parameters (none are defined yet) are skipped.
std::optional<PasswordAlgorithm> takePasswordAlgorithm(base::Reader& reader) {
  auto algorithm = static_cast<PasswordAlgorithm>(reader.u16());
  std::size_t parameters = reader.u16();
  // The padding of the last parameters may be missing: the attribute's own padding is behind them.
  reader.take(parameters);
  if (reader.ok()) reader.take(std::min(wire::padded(parameters) - parameters, reader.remaining()));
  return reader.ok() ? std::optional(algorithm) : std::nullopt;
}

bool isPasswordAlgorithmList(Bytes value) {
  base::Reader reader(value);
  do {
    if (!takePasswordAlgorithm(reader)) return false;
  } while (reader.remaining() > 0);
  return true;
}

/// RFC 8489 s.14, RFC 8445 s.16.1, RFC 8656 s.18: could the known attribute `type` have this value?
bool isWellFormed(AttributeType type, Bytes value) {
  switch (type) {
    case AttributeType::MappedAddress:
    case AttributeType::XorMappedAddress:
    case AttributeType::XorPeerAddress:
    case AttributeType::XorRelayedAddress:
    case AttributeType::AlternateServer: return isAddress(value);
    case AttributeType::ErrorCode: return isErrorCode(value);
    case AttributeType::AddressErrorCode: return isErrorCode(value) && isAddressFamily(value[0]);
    case AttributeType::UnknownAttributes: return value.size() % 2 == 0;
    case AttributeType::PasswordAlgorithm:
    case AttributeType::PasswordAlgorithms: return isPasswordAlgorithmList(value);
    case AttributeType::Userhash: return value.size() == 32;
    case AttributeType::ChannelNumber:
    case AttributeType::Lifetime:
    case AttributeType::RequestedTransport:
    case AttributeType::Priority:
    case AttributeType::Nomination:
    case AttributeType::Fingerprint: return value.size() == 4;
    case AttributeType::RequestedAddressFamily:
    case AttributeType::AdditionalAddressFamily: return value.size() == 4 && isAddressFamily(value[0]);
    case AttributeType::EvenPort: return value.size() == 1;
    case AttributeType::ReservationToken:
    case AttributeType::Icmp:
    case AttributeType::IceControlled:
    case AttributeType::IceControlling: return value.size() == 8;
    case AttributeType::MessageIntegrity: return value.size() == wire::integritySize;
    case AttributeType::MessageIntegritySha256:
      return value.size() >= 16 && value.size() <= wire::integritySha256Size && value.size() % 4 == 0;
    // Text and data have any length, and of a flag only its presence counts.
    case AttributeType::Username:
    case AttributeType::Realm:
    case AttributeType::Nonce:
    case AttributeType::Software:
    case AttributeType::AlternateDomain:
    case AttributeType::Data:
    case AttributeType::DontFragment:
    case AttributeType::UseCandidate: return true;
  }
  return true;  // not known
}

std::optional<SocketAddress> decodeAddress(Bytes value, const std::array<std::uint8_t, 16>& mask) {
  if (value.size() < 4 || !isAddressFamily(value[1]) || !isAddress(value)) return std::nullopt;
  std::array<std::uint8_t, 16> ip{};
  for (std::size_t i = 4; i < value.size(); ++i) ip[i - 4] = value[i] ^ mask[i - 4];
  auto port = static_cast<std::uint16_t>(base::load16(value.data() + 2) ^ base::load16(mask.data()));
  return SocketAddress{value[1] == wire::familyV4 ? IpAddress::v4(ip[0], ip[1], ip[2], ip[3]) : IpAddress::v6(ip),
                       port};
}

/// RFC 8489 s.14.5: what an HMAC at `offset` covers: the bytes before it, with the header's length as if the message
/// ended behind it.
std::vector<std::uint8_t> coveredBytes(Bytes message, std::size_t offset, std::size_t valueSize) {
  std::vector<std::uint8_t> covered(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(offset));
  base::store16(covered.data() + 2,
                static_cast<std::uint16_t>(offset + wire::attributeHeaderSize + valueSize - headerSize));
  return covered;
}

// RESPONSE-ADDRESS, SOURCE-ADDRESS, CHANGED-ADDRESS and REFLECTED-FROM of RFC 3489 (RFC 5389 s.12.1).
bool isReserved(AttributeType type) {
  auto number = static_cast<unsigned>(type);
  return number == 0x0002 || number == 0x0004 || number == 0x0005 || number == 0x000b;
}

std::optional<std::string_view> text(std::optional<Bytes> value) {
  return value ? std::optional(base::asText(*value)) : std::nullopt;
}
std::optional<std::uint32_t> u32(std::optional<Bytes> value) {
  return value ? std::optional(base::load32(value->data())) : std::nullopt;
}
std::optional<std::uint64_t> u64(std::optional<Bytes> value) {
  return value ? std::optional(base::load64(value->data())) : std::nullopt;
}
std::optional<AddressFamily> family(std::optional<Bytes> value) {
  return value ? std::optional(static_cast<AddressFamily>((*value)[0])) : std::nullopt;
}

}  // namespace

std::string_view toString(ParseError error) {
  switch (error) {
    case ParseError::TooShort: return "shorter than a header";
    case ParseError::NotStun: return "not STUN";
    case ParseError::BadLength: return "wrong length";
    case ParseError::TruncatedAttribute: return "truncated attribute";
    case ParseError::MalformedAttribute: return "malformed attribute";
    case ParseError::FingerprintNotLast: return "FINGERPRINT is not last";
    case ParseError::FingerprintMismatch: return "wrong FINGERPRINT";
    case ParseError::Count: break;
  }
  return "";
}

bool looksLikeStun(Bytes datagram) {
  return datagram.size() >= headerSize && (datagram[0] & 0xc0) == 0 && base::load32(datagram.data() + 4) == magicCookie;
}

TransactionId randomTransactionId(base::Random& random) {
  TransactionId id;
  random.fill(id);
  return id;
}

base::Result<Message, ParseError> Message::parse(Bytes datagram) {
  if (datagram.size() < headerSize) return base::unexpected(ParseError::TooShort);
  if (!looksLikeStun(datagram)) return base::unexpected(ParseError::NotStun);
  std::size_t length = base::load16(datagram.data() + 2);
  if (length % 4 != 0 || length + headerSize != datagram.size()) return base::unexpected(ParseError::BadLength);

  Message message(datagram);
  Bytes rest = datagram.subspan(headerSize);
  while (!rest.empty()) {
    std::size_t offset = datagram.size() - rest.size();
    auto attribute = takeAttribute(rest);
    if (!attribute) return base::unexpected(ParseError::TruncatedAttribute);
    auto [type, value] = *attribute;

    bool behindIntegrity = message.integrity_ || message.integritySha256_;
    bool counts = !behindIntegrity || type == AttributeType::Fingerprint ||
                  (type == AttributeType::MessageIntegritySha256 && !message.integritySha256_);
    if (!counts) continue;
    if (!isWellFormed(type, value)) return base::unexpected(ParseError::MalformedAttribute);

    if (type == AttributeType::MessageIntegrity) {
      message.integrity_ = offset;
    } else if (type == AttributeType::MessageIntegritySha256) {
      message.integritySha256_ = offset;
    } else if (type == AttributeType::Fingerprint) {
      if (!rest.empty()) return base::unexpected(ParseError::FingerprintNotLast);
      if ((base::crc32(datagram.first(offset)) ^ wire::fingerprintMask) != base::load32(value.data()))
        return base::unexpected(ParseError::FingerprintMismatch);
      message.fingerprint_ = offset;
    } else {
      continue;
    }
    message.end_ = std::min(message.end_, offset);
  }
  return message;
}

Class Message::messageClass() const { return wire::classOf(base::load16(bytes_.data())); }
Method Message::method() const { return wire::methodOf(base::load16(bytes_.data())); }

TransactionId Message::transactionId() const {
  TransactionId id;
  std::copy_n(bytes_.begin() + 8, id.size(), id.begin());
  return id;
}

std::optional<Bytes> Message::attribute(AttributeType type) const {
  Bytes rest = bytes_.first(end_).subspan(headerSize);
  while (auto next = takeAttribute(rest))
    if (next->type == type) return next->value;
  return std::nullopt;
}

std::vector<Attribute> Message::attributes() const {
  std::vector<Attribute> all;
  Bytes rest = bytes_.first(end_).subspan(headerSize);
  while (auto next = takeAttribute(rest)) all.push_back(*next);
  return all;
}

std::optional<SocketAddress> Message::xorAddress(Bytes value) const {
  return decodeAddress(value, wire::addressMask(bytes_));
}

std::optional<std::string_view> Message::username() const { return text(attribute(AttributeType::Username)); }
std::optional<Bytes> Message::userhash() const { return attribute(AttributeType::Userhash); }
std::optional<std::string_view> Message::realm() const { return text(attribute(AttributeType::Realm)); }
std::optional<std::string_view> Message::nonce() const { return text(attribute(AttributeType::Nonce)); }
std::optional<std::string_view> Message::software() const { return text(attribute(AttributeType::Software)); }
std::optional<std::string_view> Message::alternateDomain() const {
  return text(attribute(AttributeType::AlternateDomain));
}

std::optional<ErrorCode> Message::errorCode() const {
  auto value = attribute(AttributeType::ErrorCode);
  return value ? std::optional(errorCodeOf(*value)) : std::nullopt;
}

std::vector<AttributeType> Message::unknownAttributes() const {
  std::vector<AttributeType> types;
  base::Reader reader(attribute(AttributeType::UnknownAttributes).value_or(Bytes()));
  while (reader.remaining() > 0) types.push_back(static_cast<AttributeType>(reader.u16()));
  return types;
}

std::optional<SocketAddress> Message::xorMappedAddress() const {
  auto value = attribute(AttributeType::XorMappedAddress);
  auto address = value ? xorAddress(*value) : std::nullopt;
  return address ? address : mappedAddress();
}

std::optional<SocketAddress> Message::mappedAddress() const {
  auto value = attribute(AttributeType::MappedAddress);
  return value ? decodeAddress(*value, {}) : std::nullopt;
}

std::optional<SocketAddress> Message::alternateServer() const {
  auto value = attribute(AttributeType::AlternateServer);
  return value ? decodeAddress(*value, {}) : std::nullopt;
}

std::optional<PasswordAlgorithm> Message::passwordAlgorithm() const {
  auto value = attribute(AttributeType::PasswordAlgorithm);
  if (!value) return std::nullopt;
  base::Reader reader(*value);
  return takePasswordAlgorithm(reader);
}

std::vector<PasswordAlgorithm> Message::passwordAlgorithms() const {
  std::vector<PasswordAlgorithm> algorithms;
  base::Reader reader(attribute(AttributeType::PasswordAlgorithms).value_or(Bytes()));
  while (reader.remaining() > 0) algorithms.push_back(*takePasswordAlgorithm(reader));
  return algorithms;
}

std::optional<std::uint32_t> Message::priority() const { return u32(attribute(AttributeType::Priority)); }
bool Message::useCandidate() const { return attribute(AttributeType::UseCandidate).has_value(); }
std::optional<std::uint64_t> Message::iceControlling() const { return u64(attribute(AttributeType::IceControlling)); }
std::optional<std::uint64_t> Message::iceControlled() const { return u64(attribute(AttributeType::IceControlled)); }
std::optional<std::uint32_t> Message::nomination() const {
  const auto value = u32(attribute(AttributeType::Nomination));
  return value ? std::optional(*value & 0xffffff) : std::nullopt;
}

std::optional<std::uint16_t> Message::channelNumber() const {
  auto value = attribute(AttributeType::ChannelNumber);
  return value ? std::optional(base::load16(value->data())) : std::nullopt;
}

std::optional<std::uint32_t> Message::lifetime() const { return u32(attribute(AttributeType::Lifetime)); }

std::optional<SocketAddress> Message::xorPeerAddress() const {
  auto value = attribute(AttributeType::XorPeerAddress);
  return value ? xorAddress(*value) : std::nullopt;
}

std::optional<SocketAddress> Message::xorRelayedAddress() const {
  auto value = attribute(AttributeType::XorRelayedAddress);
  return value ? xorAddress(*value) : std::nullopt;
}

std::optional<Bytes> Message::data() const { return attribute(AttributeType::Data); }

std::optional<AddressFamily> Message::requestedAddressFamily() const {
  return family(attribute(AttributeType::RequestedAddressFamily));
}

std::optional<AddressFamily> Message::additionalAddressFamily() const {
  return family(attribute(AttributeType::AdditionalAddressFamily));
}

std::optional<AddressError> Message::addressErrorCode() const {
  auto value = attribute(AttributeType::AddressErrorCode);
  if (!value) return std::nullopt;
  return AddressError{*family(value), errorCodeOf(*value)};
}

std::optional<bool> Message::evenPort() const {
  auto value = attribute(AttributeType::EvenPort);
  return value ? std::optional(((*value)[0] & 0x80) != 0) : std::nullopt;
}

std::optional<std::uint8_t> Message::requestedTransport() const {
  auto value = attribute(AttributeType::RequestedTransport);
  return value ? std::optional((*value)[0]) : std::nullopt;
}

bool Message::dontFragment() const { return attribute(AttributeType::DontFragment).has_value(); }

std::optional<std::uint64_t> Message::reservationToken() const {
  return u64(attribute(AttributeType::ReservationToken));
}

std::optional<Icmp> Message::icmp() const {
  auto value = attribute(AttributeType::Icmp);
  if (!value) return std::nullopt;
  return Icmp{(*value)[2], (*value)[3], base::load32(value->data() + 4)};
}

std::vector<AttributeType> Message::unknownComprehensionRequired() const {
  std::vector<AttributeType> types;
  const bool fromOldServer = is(Class::SuccessResponse, Method::Binding);
  Bytes rest = bytes_.first(end_).subspan(headerSize);
  while (auto next = takeAttribute(rest)) {
    if (types.size() == unknownLimit) break;
    if (fromOldServer && isReserved(next->type)) continue;
    if (isComprehensionRequired(next->type) && !isKnown(next->type) &&
        std::find(types.begin(), types.end(), next->type) == types.end())
      types.push_back(next->type);
  }
  return types;
}

bool Message::checkIntegrity(Bytes key) const {
  if (!integrity_) return false;
  auto expected = base::hmacSha1(key, coveredBytes(bytes_, integrity_, wire::integritySize));
  return base::equalConstantTime(expected, bytes_.subspan(integrity_ + wire::attributeHeaderSize, expected.size()));
}

bool Message::checkIntegritySha256(Bytes key) const {
  if (!integritySha256_) return false;
  std::size_t size = base::load16(bytes_.data() + integritySha256_ + 2);
  auto expected = base::hmacSha256(key, coveredBytes(bytes_, integritySha256_, size));
  return base::equalConstantTime(Bytes(expected).first(size),
                                 bytes_.subspan(integritySha256_ + wire::attributeHeaderSize, size));
}

}  // namespace parley::stun
