#include "rfc_vectors.hpp"

#include "base/hash.hpp"
#include "stun/credentials.hpp"
#include "stun/message.hpp"
#include "support/catch.hpp"
#include "support/vector_file.hpp"

using namespace parley;
using namespace parley::stun;
using namespace parley::test;
using base::asBytes;

TEST_CASE("the sample request of RFC 5769 is read and its integrity holds") {
  auto bytes = octets(rfc5769Request);
  auto message = Message::parse(bytes);
  REQUIRE(message);
  CHECK(message->is(Class::Request, Method::Binding));
  CHECK(base::toHex(message->transactionId()) == "b7e7a701bc34d686fa87dfae");
  CHECK(message->software() == "STUN test client");
  CHECK(message->username() == "evtj:h6vY");
  CHECK(message->priority() == 0x6e0001ff);
  CHECK(message->iceControlled() == 0x932ff9b151263b36);
  CHECK_FALSE(message->iceControlling());
  CHECK_FALSE(message->useCandidate());
  CHECK(message->hasFingerprint());
  CHECK(message->hasIntegrity());
  CHECK_FALSE(message->hasIntegritySha256());
  CHECK(message->checkIntegrity(asBytes(rfc5769Password)));
  CHECK_FALSE(message->checkIntegrity(asBytes("VOkJxbRl1RmTxUk/WvJxBs")));
  CHECK_FALSE(message->checkIntegrity({}));
  CHECK_FALSE(message->checkIntegritySha256(asBytes(rfc5769Password)));
}

TEST_CASE("the sample responses of RFC 5769 give the mapped address") {
  auto [text, address] = GENERATE(table<std::string_view, std::string>({
      {rfc5769Ipv4Response, "192.0.2.1:32853"},
      {rfc5769Ipv6Response, "[2001:db8:1234:5678:11:2233:4455:6677]:32853"},
  }));
  auto bytes = octets(text);
  auto message = Message::parse(bytes);
  REQUIRE(message);
  CHECK(message->is(Class::SuccessResponse, Method::Binding));
  CHECK(message->software() == "test vector");
  REQUIRE(message->xorMappedAddress());
  CHECK(message->xorMappedAddress()->toString() == address);
  CHECK_FALSE(message->mappedAddress());
  CHECK(message->checkIntegrity(asBytes(rfc5769Password)));
}

TEST_CASE("the long-term sample request of RFC 5769 is authenticated by the MD5 key") {
  auto bytes = octets(rfc5769LongTerm);
  auto message = Message::parse(bytes);
  REQUIRE(message);
  CHECK(message->username() == matrix);
  CHECK(message->realm() == "example.org");
  CHECK(message->nonce() == "f//499k954d6OL34oL9FSTvy64sA");
  CHECK_FALSE(message->hasFingerprint());
  auto key = longTermKeyMd5(matrix, "example.org", matrixPassword);
  CHECK(base::toHex(key) == "e8ca7ad59d5eb0518e312911d2dab2a9");
  CHECK(message->checkIntegrity(key));
}

TEST_CASE("the request of RFC 8489 B.1 with erratum 6268 is authenticated by the SHA-256 key") {
  auto bytes = octets(rfc8489B1);
  auto message = Message::parse(bytes);
  REQUIRE(message);
  REQUIRE(message->userhash());
  CHECK(base::toHex(*message->userhash()) == base::toHex(userhash(matrix, "example.org")));
  CHECK(message->nonce() == "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA");
  CHECK(message->passwordAlgorithm() == PasswordAlgorithm::Sha256);
  auto key = longTermKeySha256(matrix, "example.org", matrixPassword);
  CHECK(base::toHex(key) == "dd295a613b9058c3c23d6dc7165bda072304d989c9d0af3a8c7e184b4f9bb4a1");
  CHECK(message->hasIntegritySha256());
  CHECK(message->checkIntegritySha256(key));
  CHECK_FALSE(message->checkIntegritySha256(asBytes(matrixPassword)));
  CHECK_FALSE(message->checkIntegrity(key));
}

TEST_CASE("the request that RFC 8489 B.1 prints has the wrong length") {
  CHECK(Message::parse(octets(rfc8489B1Printed)).error() == ParseError::BadLength);
}

TEST_CASE("a damaged sample request of RFC 5769 is refused for the right reason") {
  auto bytes = octets(rfc5769Request);
  SECTION("a bit of SOFTWARE") {
    bytes[27] ^= 1;
    CHECK(Message::parse(bytes).error() == ParseError::FingerprintMismatch);
  }
  SECTION("a bit of FINGERPRINT") {
    bytes.back() ^= 1;
    CHECK(Message::parse(bytes).error() == ParseError::FingerprintMismatch);
  }
  SECTION("a bit of MESSAGE-INTEGRITY under a correct FINGERPRINT") {
    bytes[bytes.size() - 9] ^= 1;
    base::store32(&bytes[bytes.size() - 4], base::crc32(base::Bytes(bytes).first(bytes.size() - 8)) ^ 0x5354554e);
    auto message = Message::parse(bytes);
    REQUIRE(message);
    CHECK_FALSE(message->checkIntegrity(asBytes(rfc5769Password)));
  }
  SECTION("a length that is no multiple of four") {
    bytes[3] = 0x57;
    CHECK(Message::parse(bytes).error() == ParseError::BadLength);
  }
  SECTION("a length beyond the datagram") {
    bytes[3] = 0x5c;
    CHECK(Message::parse(bytes).error() == ParseError::BadLength);
  }
  SECTION("another cookie") {
    bytes[4] ^= 3;
    CHECK(Message::parse(bytes).error() == ParseError::NotStun);
  }
  SECTION("the first two bits") {
    bytes[0] |= 0x40;
    CHECK(Message::parse(bytes).error() == ParseError::NotStun);
  }
}

TEST_CASE("the negative vectors are refused, or fail the integrity check") {
  for (const auto& record : readVectorFile(PARLEY_STANDARDS, "stun/rfc5769_negative.vec")) {
    INFO(record.name);
    auto bytes = octets(record.values.at("msg"));
    auto message = Message::parse(bytes);
    CHECK_FALSE((message && message->checkIntegrity(asBytes(rfc5769Password))));
  }
}

TEST_CASE("messages of other stacks have the attributes that their authors list") {
  for (const auto& record : readVectorFile(PARLEY_STANDARDS, "stun/messages.vec")) {
    INFO(record.name);
    auto bytes = octets(record.values.at("msg"));
    auto message = Message::parse(bytes);
    if (record.has("expect_text")) {
      CHECK_FALSE(message);
      continue;
    }
    REQUIRE(message);
    std::string listed;
    for (const auto& [type, value] : message->attributes()) {
      std::uint8_t number[2];
      base::store16(number, static_cast<std::uint16_t>(type));
      listed += (listed.empty() ? "" : " ") + base::toHex(number) + ":" + std::to_string(value.size());
    }
    CHECK(listed == record.values.at("attrs_text"));
  }
}
