#include "stun/message_builder.hpp"

#include "base/packet_pool.hpp"
#include "rfc_vectors.hpp"
#include "stun/credentials.hpp"
#include "support/catch.hpp"

#include <algorithm>

using namespace parley;
using namespace parley::stun;
using namespace parley::test;
using base::asBytes;

namespace {

const TransactionId id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
const auto key = asBytes("password");
const auto v4 = *SocketAddress::parse("192.0.2.1:32853");
const auto v6 = *SocketAddress::parse("[2001:db8::1]:9");

TransactionId idOf(std::string_view vector) { return Message::parse(octets(vector))->transactionId(); }

}  // namespace

TEST_CASE("the builder writes RFC 8489 B.1 byte for byte") {
  base::PacketPool pool;
  auto packet = MessageBuilder(pool, Class::Request, Method::Binding, idOf(rfc8489B1))
                    .addUserhash(userhash(matrix, "example.org"))
                    .addNonce("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA")
                    .addRealm("example.org")
                    .addPasswordAlgorithm(PasswordAlgorithm::Sha256)
                    .addIntegritySha256(longTermKeySha256(matrix, "example.org", matrixPassword))
                    .finish();
  CHECK(base::toHex(packet.bytes()) == rfc8489B1);
}

TEST_CASE("the builder writes the long-term request of RFC 5769 byte for byte") {
  base::PacketPool pool;
  auto packet = MessageBuilder(pool, Class::Request, Method::Binding, idOf(rfc5769LongTerm))
                    .addUsername(matrix)
                    .addNonce("f//499k954d6OL34oL9FSTvy64sA")
                    .addRealm("example.org")
                    .addIntegrity(longTermKeyMd5(matrix, "example.org", matrixPassword))
                    .finish();
  CHECK(base::toHex(packet.bytes()) == rfc5769LongTerm);
}

TEST_CASE("the builder writes the addresses of RFC 5769 byte for byte") {
  base::PacketPool pool;
  for (auto vector : {rfc5769Ipv4Response, rfc5769Ipv6Response}) {
    auto bytes = octets(vector);
    auto original = Message::parse(bytes);
    auto packet = MessageBuilder(pool, Class::SuccessResponse, *original)
                      .addXorMappedAddress(*original->xorMappedAddress())
                      .finish();
    auto mine = Message::parse(packet.bytes());
    REQUIRE(mine);
    CHECK(std::ranges::equal(*mine->attribute(AttributeType::XorMappedAddress),
                             *original->attribute(AttributeType::XorMappedAddress)));
  }
}

TEST_CASE("every attribute is read as it was written") {
  base::PacketPool pool;
  const std::vector unknown = {AttributeType{0x7001}, AttributeType{0x7002}, AttributeType{0x7003}};
  const std::vector algorithms = {PasswordAlgorithm::Sha256, PasswordAlgorithm::Md5};
  const auto hash = userhash("user", "realm");
  auto packet = MessageBuilder(pool, Class::ErrorResponse, Method::Allocate, id)
                    .addUsername("user")
                    .addUserhash(hash)
                    .addRealm("realm")
                    .addNonce("nonce")
                    .addSoftware("software")
                    .addAlternateDomain("turn.example.org")
                    .addErrorCode(420, "Unknown Attribute")
                    .addUnknownAttributes(unknown)
                    .addMappedAddress(v6)
                    .addXorMappedAddress(v4)
                    .addAlternateServer(v4)
                    .addPasswordAlgorithm(PasswordAlgorithm::Md5)
                    .addPasswordAlgorithms(algorithms)
                    .addPriority(0xfffffffe)
                    .addUseCandidate()
                    .addIceControlling(0x0123456789abcdef)
                    .addIceControlled(0xfedcba9876543210)
                    .addNomination(0x123456)
                    .addChannelNumber(0x4001)
                    .addLifetime(600)
                    .addXorPeerAddress(v6)
                    .addXorPeerAddress(v4)
                    .addXorRelayedAddress(v4)
                    .addData(asBytes("hello"))
                    .addRequestedAddressFamily(AddressFamily::V6)
                    .addAdditionalAddressFamily(AddressFamily::V4)
                    .addAddressErrorCode({AddressFamily::V6, {440, "no"}})
                    .addEvenPort(true)
                    .addRequestedTransport(17)
                    .addDontFragment()
                    .addReservationToken(77)
                    .addIcmp({3, 4, 1280})
                    .add(AttributeType{0xc057}, asBytes("abc"))
                    .addIntegrity(key)
                    .addIntegritySha256(key)
                    .addFingerprint()
                    .finish();
  REQUIRE(packet);
  auto m = Message::parse(packet.bytes());
  REQUIRE(m);
  CHECK(m->is(Class::ErrorResponse, Method::Allocate));
  CHECK(m->transactionId() == id);
  CHECK(m->username() == "user");
  CHECK(std::ranges::equal(*m->userhash(), hash));
  CHECK(m->realm() == "realm");
  CHECK(m->nonce() == "nonce");
  CHECK(m->software() == "software");
  CHECK(m->alternateDomain() == "turn.example.org");
  CHECK(m->errorCode()->code == 420);
  CHECK(m->errorCode()->reason == "Unknown Attribute");
  CHECK(m->unknownAttributes() == unknown);
  CHECK(m->mappedAddress() == v6);
  CHECK(m->xorMappedAddress() == v4);
  CHECK(m->alternateServer() == v4);
  CHECK(m->passwordAlgorithm() == PasswordAlgorithm::Md5);
  CHECK(m->passwordAlgorithms() == algorithms);
  CHECK(m->priority() == 0xfffffffe);
  CHECK(m->useCandidate());
  CHECK(m->iceControlling() == 0x0123456789abcdef);
  CHECK(m->iceControlled() == 0xfedcba9876543210);
  CHECK(m->nomination() == 0x123456u);
  CHECK(m->channelNumber() == 0x4001);
  CHECK(m->lifetime() == 600u);
  CHECK(m->xorPeerAddress() == v6);
  CHECK(m->xorRelayedAddress() == v4);
  CHECK(base::asText(*m->data()) == "hello");
  CHECK(m->requestedAddressFamily() == AddressFamily::V6);
  CHECK(m->additionalAddressFamily() == AddressFamily::V4);
  CHECK(m->addressErrorCode()->family == AddressFamily::V6);
  CHECK(m->addressErrorCode()->error.code == 440);
  CHECK(m->addressErrorCode()->error.reason == "no");
  CHECK(m->evenPort() == true);
  CHECK(m->requestedTransport() == 17);
  CHECK(m->dontFragment());
  CHECK(m->reservationToken() == 77u);
  CHECK(m->icmp()->type == 3);
  CHECK(m->icmp()->code == 4);
  CHECK(m->icmp()->errorData == 1280);
  CHECK(m->checkIntegrity(key));
  CHECK(m->checkIntegritySha256(key));
  CHECK(m->hasFingerprint());

  std::vector<SocketAddress> peers;
  for (const auto& attribute : m->attributes())
    if (attribute.type == AttributeType::XorPeerAddress) peers.push_back(*m->xorAddress(attribute.value));
  CHECK(peers == std::vector{v6, v4});
}

TEST_CASE("padding is written as zeros, whatever was in the buffer before") {
  base::PacketPool pool;
  {
    Packet dirty = pool.make();
    auto all = dirty.append(dirty.tailroom());
    std::fill(all.begin(), all.end(), std::uint8_t{0xee});
  }
  auto packet = MessageBuilder(pool, Class::Request, Method::Binding, id).addUsername("a").addEvenPort(false).finish();
  CHECK(base::toHex(packet.bytes().subspan(headerSize)) == "0006000161000000" "0018000100000000");
}

TEST_CASE("a response takes method and transaction from its request") {
  base::PacketPool pool;
  auto request = MessageBuilder(pool, Class::Request, Method::Refresh, id).finish();
  auto response =
      MessageBuilder(pool, Class::ErrorResponse, *Message::parse(request.bytes())).addErrorCode(699, "").finish();
  auto message = Message::parse(response.bytes());
  REQUIRE(message);
  CHECK(message->is(Class::ErrorResponse, Method::Refresh));
  CHECK(message->transactionId() == id);
  CHECK(message->errorCode()->code == 699);
  CHECK(message->errorCode()->reason.empty());
}

TEST_CASE("a message that does not fit comes out as no packet") {
  base::PacketPool pool;
  std::vector<std::uint8_t> large(base::packetCapacity - headerSize - 4);
  CHECK(MessageBuilder(pool, Class::Indication, Method::Send, id).addData(large).finish());
  MessageBuilder builder(pool, Class::Indication, Method::Send, id);
  builder.addData(large).addFingerprint();
  CHECK_FALSE(builder.finish());
  large.resize(100'000);
  CHECK_FALSE(MessageBuilder(pool, Class::Indication, Method::Send, id).addData(large).addUsername("u").finish());
  CHECK(pool.outstanding() == 0);
}
