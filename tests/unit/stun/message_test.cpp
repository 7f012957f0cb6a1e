#include "stun/message.hpp"

#include "base/hash.hpp"
#include "base/packet_pool.hpp"
#include "rfc_vectors.hpp"
#include "stun/message_builder.hpp"
#include "stun/wire.hpp"
#include "support/catch.hpp"

#include <set>

using namespace parley;
using namespace parley::stun;
using namespace parley::test;
using base::asBytes;

namespace {

const TransactionId id = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
const auto key = asBytes("password");

/// A Binding request that holds these attributes, written by hand.
std::vector<std::uint8_t> request(std::string_view attributesInHex) {
  auto bytes = octets("000100002112a4420102030405060708090a0b0c");
  auto attributes = octets(attributesInHex);
  bytes.insert(bytes.end(), attributes.begin(), attributes.end());
  base::store16(&bytes[2], static_cast<std::uint16_t>(attributes.size()));
  return bytes;
}

ParseError errorOf(std::string_view attributesInHex) {
  auto bytes = request(attributesInHex);
  auto message = Message::parse(bytes);
  return message ? ParseError::Count : message.error();
}

}  // namespace

TEST_CASE("class and method survive the message type's interleaved bits") {
  for (unsigned method = 0; method < 0x1000; ++method)
    for (auto messageClass : {Class::Request, Class::Indication, Class::SuccessResponse, Class::ErrorResponse}) {
      auto type = wire::messageType(messageClass, Method(method));
      REQUIRE((type & 0xc000) == 0);
      REQUIRE(wire::classOf(type) == messageClass);
      REQUIRE(wire::methodOf(type) == Method(method));
    }
}

TEST_CASE("what is not STUN is told by the first bits and the cookie") {
  CHECK(looksLikeStun(octets(rfc5769Request)));
  CHECK_FALSE(looksLikeStun({}));
  CHECK_FALSE(looksLikeStun(octets("000100002112a4420102030405060708090a0b")));  // 19 bytes
  CHECK_FALSE(looksLikeStun(octets("800100002112a4420102030405060708090a0b0c")));
  CHECK_FALSE(looksLikeStun(octets("000100002112a4430102030405060708090a0b0c")));
  CHECK(Message::parse(octets("000100002112a4420102030405060708090a0b")).error() == ParseError::TooShort);
}

TEST_CASE("a message may be its header alone") {
  auto bytes = request("");
  auto message = Message::parse(bytes);
  REQUIRE(message);
  CHECK(message->transactionId() == id);
  CHECK(message->attributes().empty());
  CHECK_FALSE(message->username());
  CHECK_FALSE(message->checkIntegrity(key));
  CHECK_FALSE(message->checkIntegritySha256(key));
}

TEST_CASE("bytes behind the message are refused") {
  auto bytes = request("");
  bytes.resize(bytes.size() + 4);
  CHECK(Message::parse(bytes).error() == ParseError::BadLength);
}

TEST_CASE("a length that is no multiple of four is refused, even if it is that of the datagram") {
  auto bytes = request("000600050000000000");
  CHECK(Message::parse(bytes).error() == ParseError::BadLength);
}

TEST_CASE("an attribute that runs over the end is refused") {
  CHECK(errorOf("00060005" "61626364") == ParseError::TruncatedAttribute);
  CHECK(errorOf("0006ffff" "61626364") == ParseError::TruncatedAttribute);
  CHECK(errorOf("00060004") == ParseError::TruncatedAttribute);
  CHECK(errorOf("00060000") == ParseError::Count);
}

TEST_CASE("a known attribute of an impossible form is refused") {
  auto hex = GENERATE(as<std::string>(),  //
                      "0001000400010000",                  // MAPPED-ADDRESS without an address
                      "00200008000200000102030400000000",  // XOR-MAPPED-ADDRESS: IPv6 in four bytes
                      "0020000200010000",                  // XOR-MAPPED-ADDRESS of two bytes
                      "0008000401020304",                  // MESSAGE-INTEGRITY of four bytes
                      "0009000300000400",                  // ERROR-CODE too short
                      "0009000400000200",                  // ERROR-CODE 200
                      "0009000400000700",                  // ERROR-CODE 700
                      "0009000400000464",                  // ERROR-CODE 4 and 100
                      "000a000370017002",                  // UNKNOWN-ATTRIBUTES of three bytes
                      "000c000240000000",                  // CHANNEL-NUMBER of two bytes
                      "000d000301020300",                  // LIFETIME of three bytes
                      "0017000403000000",                  // REQUESTED-ADDRESS-FAMILY 3
                      "00180000",                          // EVEN-PORT without value
                      "001c000c010203040506070809101112",  // MESSAGE-INTEGRITY-SHA256 of 12 bytes
                      "001d00020002ffff",                  // PASSWORD-ALGORITHM cut
                      "001d000400020004",                  // PASSWORD-ALGORITHM with parameters that are not there
                      "80020000",                          // PASSWORD-ALGORITHMS without any
                      "001e000401020304",                  // USERHASH of four bytes
                      "0022000401020304",                  // RESERVATION-TOKEN of four bytes
                      "0024000301020300",                  // PRIORITY of three bytes
                      "8029000401020304",                  // ICE-CONTROLLED of four bytes
                      "80280002ffff0000");                 // FINGERPRINT of two bytes
  INFO(hex);
  CHECK(errorOf(hex) == ParseError::MalformedAttribute);
}

TEST_CASE("a FINGERPRINT that is not the last attribute is refused") {
  CHECK(errorOf("80280004" "00000000" "00250000") == ParseError::FingerprintNotLast);
  CHECK(errorOf("80280004" "00000000") == ParseError::FingerprintMismatch);
}

TEST_CASE("an address of an unknown family is ignored, not the message") {
  auto bytes = request("00200006000300000102" "0000" "00010008000100500a000001");
  auto message = Message::parse(bytes);
  REQUIRE(message);
  CHECK(message->xorMappedAddress()->toString() == "10.0.0.1:80");  // by MAPPED-ADDRESS
  auto alone = request("00200006000300000102" "0000");
  CHECK_FALSE(Message::parse(alone)->xorMappedAddress());
}

TEST_CASE("MAPPED-ADDRESS stands in where XOR-MAPPED-ADDRESS is missing") {
  auto bytes = request("00010008000100500a000001");
  CHECK(Message::parse(bytes)->xorMappedAddress()->toString() == "10.0.0.1:80");
}

TEST_CASE("the reserved bytes of an address are ignored") {
  auto bytes = request("00010008ff0100500a000001");
  CHECK(Message::parse(bytes)->mappedAddress()->toString() == "10.0.0.1:80");
}

TEST_CASE("padding may have any value") {
  for (auto padding : {"00", "20", "ff"}) {
    auto bytes = request("00060003" "616263" + std::string(padding) + "00240004" "00000007");
    auto message = Message::parse(bytes);
    REQUIRE(message);
    CHECK(message->username() == "abc");
    CHECK(message->priority() == 7u);
  }
}

TEST_CASE("of two attributes of one type the first counts") {
  auto bytes = request("00060001" "61000000" "00060001" "62000000");
  CHECK(Message::parse(bytes)->username() == "a");
  CHECK(Message::parse(bytes)->attributes().size() == 2);
}

TEST_CASE("attributes behind the integrity are not seen") {
  base::PacketPool pool;
  SECTION("behind MESSAGE-INTEGRITY") {
    auto packet = MessageBuilder(pool, Class::Request, Method::Binding, id)
                      .addUsername("real")
                      .addIntegrity(key)
                      .addUseCandidate()
                      .addPriority(1)
                      .add(AttributeType{0x7777}, {})
                      .addIntegrity(asBytes("other"))
                      .addFingerprint()
                      .finish();
    auto message = Message::parse(packet.bytes());
    REQUIRE(message);
    CHECK(message->username() == "real");
    CHECK_FALSE(message->useCandidate());
    CHECK_FALSE(message->priority());
    CHECK(message->unknownComprehensionRequired().empty());
    CHECK(message->checkIntegrity(key));
    CHECK_FALSE(message->checkIntegrity(asBytes("other")));
    CHECK(message->hasFingerprint());
  }
  SECTION("behind MESSAGE-INTEGRITY-SHA256, and a MESSAGE-INTEGRITY there is not seen either") {
    auto packet = MessageBuilder(pool, Class::Request, Method::Binding, id)
                      .addIntegritySha256(key)
                      .addIntegrity(key)
                      .addUseCandidate()
                      .finish();
    auto message = Message::parse(packet.bytes());
    REQUIRE(message);
    CHECK(message->checkIntegritySha256(key));
    CHECK_FALSE(message->hasIntegrity());
    CHECK_FALSE(message->useCandidate());
  }
  SECTION("a malformed one there does no harm") {
    auto packet = MessageBuilder(pool, Class::Request, Method::Binding, id)
                      .addIntegrity(key)
                      .add(AttributeType::Priority, asBytes("x"))
                      .finish();
    CHECK(Message::parse(packet.bytes()));
  }
}

TEST_CASE("both integrities hold side by side, under a FINGERPRINT") {
  base::PacketPool pool;
  auto packet = MessageBuilder(pool, Class::Request, Method::Binding, id)
                    .addUsername("u")
                    .addIntegrity(key)
                    .addIntegritySha256(key)
                    .addFingerprint()
                    .finish();
  auto message = Message::parse(packet.bytes());
  REQUIRE(message);
  CHECK(message->checkIntegrity(key));
  CHECK(message->checkIntegritySha256(key));
  CHECK(message->hasFingerprint());
  CHECK(message->attributes().size() == 1);
}

TEST_CASE("a truncated MESSAGE-INTEGRITY-SHA256 is checked as far as it goes") {
  base::PacketPool pool;
  auto whole =
      MessageBuilder(pool, Class::Request, Method::Binding, id).addUsername("u").addIntegritySha256(key).finish();
  // The header's length is under the HMAC, so the shorter value is another one: with the length of 16 bytes put in.
  std::vector<std::uint8_t> bytes(whole.bytes().begin(), whole.bytes().end() - 16);
  base::store16(&bytes[2], static_cast<std::uint16_t>(bytes.size() - headerSize));
  std::size_t value = bytes.size() - 16;
  base::store16(&bytes[value - 2], 16);
  REQUIRE(Message::parse(bytes));
  CHECK_FALSE(Message::parse(bytes)->checkIntegritySha256(key));
  auto hmac = base::hmacSha256(key, base::Bytes(bytes).first(value - 4));
  std::copy_n(hmac.begin(), 16, bytes.begin() + static_cast<std::ptrdiff_t>(value));
  CHECK(Message::parse(bytes)->checkIntegritySha256(key));
}

TEST_CASE("unknown comprehension-required attributes are listed for a 420, each once") {
  auto bytes = request("70010000" "c0570000" "70020000" "70010000" "00240004" "00000001" "00030000");
  auto unknown = Message::parse(bytes)->unknownComprehensionRequired();
  CHECK(unknown == std::vector{AttributeType{0x7001}, AttributeType{0x7002}, AttributeType{0x0003}});
}

TEST_CASE("the list for a 420 is bounded") {
  std::string hex;
  for (int i = 0; i < 100; ++i) hex += "70" + base::toHex(std::array{std::uint8_t(i)}) + "0000";
  auto bytes = request(hex);
  CHECK(Message::parse(bytes)->unknownComprehensionRequired().size() == Message::unknownLimit);
}

TEST_CASE("what RFC 3489 servers add to a Binding response is not held against them") {
  auto bytes = request("00040008000100500a000001" "00050008000100500a000001");
  CHECK(Message::parse(bytes)->unknownComprehensionRequired().size() == 2);  // in a request it is unknown
  bytes[0] = 1;
  CHECK(Message::parse(bytes)->unknownComprehensionRequired().empty());
}

TEST_CASE("every named attribute type is known, and nothing else is") {
  int known = 0;
  for (unsigned type = 0; type < 0x10000; ++type) known += isKnown(AttributeType(type));
  CHECK(known == 34);
  CHECK(isComprehensionRequired(AttributeType::UseCandidate));
  CHECK_FALSE(isComprehensionRequired(AttributeType::IceControlled));
}

TEST_CASE("every parse error has words of its own") {
  std::set<std::string_view> words;
  for (int i = 0; i < static_cast<int>(ParseError::Count); ++i) words.insert(toString(static_cast<ParseError>(i)));
  CHECK(words.size() == static_cast<std::size_t>(ParseError::Count));
  CHECK(words.count("") == 0);
}

TEST_CASE("transaction ids are drawn from the random source") {
  base::SeededRandom one(1), same(1), other(2);
  auto drawn = randomTransactionId(one);
  CHECK(drawn == randomTransactionId(same));
  CHECK(drawn != randomTransactionId(other));
  CHECK(drawn != randomTransactionId(one));
}
