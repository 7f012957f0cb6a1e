#include "base/random.hpp"
#include "rfc_vectors.hpp"
#include "stun/message.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::stun;
using namespace parley::test;

namespace {

const auto key = base::asBytes(rfc5769Password);

/// Reads all that can be read; the sanitizers judge.
void readAll(const Message& m) {
  std::size_t sum = 0;
  for (const auto& attribute : m.attributes()) {
    sum += attribute.value.size();
    m.xorAddress(attribute.value);
  }
  CHECK(sum <= m.bytes().size());
  m.username(), m.userhash(), m.realm(), m.nonce(), m.software(), m.alternateDomain(), m.errorCode();
  m.unknownAttributes(), m.xorMappedAddress(), m.mappedAddress(), m.alternateServer(), m.passwordAlgorithm();
  m.passwordAlgorithms(), m.priority(), m.useCandidate(), m.iceControlling(), m.iceControlled(), m.channelNumber();
  m.lifetime(), m.xorPeerAddress(), m.xorRelayedAddress(), m.data(), m.requestedAddressFamily();
  m.additionalAddressFamily(), m.addressErrorCode(), m.evenPort(), m.requestedTransport(), m.dontFragment();
  m.reservationToken(), m.icmp(), m.unknownComprehensionRequired();
  m.checkIntegrity(key), m.checkIntegritySha256(key);
}

}  // namespace

TEST_CASE("no truncation of a valid message is a message") {
  for (auto vector : {rfc5769Request, rfc5769Ipv4Response, rfc5769Ipv6Response, rfc5769LongTerm, rfc8489B1}) {
    auto whole = octets(vector);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // A copy of just that size, so that a read behind it is seen.
      std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      REQUIRE_FALSE(Message::parse(cut));
    }
  }
}

TEST_CASE("a truncation with the length put right is read or refused, never worse") {
  for (auto vector : {rfc5769Request, rfc5769LongTerm, rfc8489B1}) {
    auto whole = octets(vector);
    for (std::size_t size = headerSize; size < whole.size(); ++size) {
      std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      base::store16(&cut[2], static_cast<std::uint16_t>(size - headerSize));
      if (auto message = Message::parse(cut)) {
        readAll(*message);
        CHECK(message->bytes().size() == size);
      }
    }
  }
}

TEST_CASE("one flipped bit in a message with FINGERPRINT is always noticed") {
  auto whole = octets(rfc5769Request);
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto flipped = whole;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    auto message = Message::parse(flipped);
    // FINGERPRINT covers every byte; only a flip in its own type makes it something else.
    if (message) {
      readAll(*message);
      INFO("bit " << bit);
      CHECK_FALSE(message->hasFingerprint());
    }
  }
}

TEST_CASE("one flipped bit in a message without FINGERPRINT never passes for the original") {
  for (auto vector : {rfc5769LongTerm, rfc8489B1}) {
    auto whole = octets(vector);
    auto longTerm = octets("e8ca7ad59d5eb0518e312911d2dab2a9");
    auto longTermSha256 = octets("dd295a613b9058c3c23d6dc7165bda072304d989c9d0af3a8c7e184b4f9bb4a1");
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      auto flipped = whole;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      auto message = Message::parse(flipped);
      if (!message) continue;
      readAll(*message);
      INFO("bit " << bit);
      CHECK_FALSE(message->checkIntegrity(longTerm));
      CHECK_FALSE(message->checkIntegritySha256(longTermSha256));
    }
  }
}

TEST_CASE("random attributes behind a valid header are read or refused, never worse") {
  base::SeededRandom random(5);
  int parsed = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::vector<std::uint8_t> bytes(headerSize + random.below(32) * 4);
    random.fill(bytes);
    bytes[0] &= 0x3f;
    base::store16(&bytes[2], static_cast<std::uint16_t>(bytes.size() - headerSize));
    base::store32(&bytes[4], magicCookie);
    for (std::size_t at = headerSize; at < bytes.size();) {  // lengths that fit most of the time
      bytes[at] &= 0x80;
      bytes[at + 1] &= 0x2f;
      auto length = random.below(28);
      base::store16(&bytes[at + 2], static_cast<std::uint16_t>(length));
      at += 4 + (length + 3) / 4 * 4;
    }
    if (auto message = Message::parse(bytes)) {
      readAll(*message);
      ++parsed;
    }
  }
  CHECK(parsed > 1000);  // else this proves nothing
}
