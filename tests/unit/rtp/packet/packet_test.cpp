#include "rtp/extension/audio_level.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/packet.hpp"
#include "support/catch.hpp"
#include "support/vector_file.hpp"

#include <sstream>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::rtp;

namespace {

using Octets = std::vector<std::uint8_t>;

Octets hex(const std::string& text) { return base::fromHex(text); }

/// The elements as the collection writes them: "id:hex id:hex".
std::string describe(const ExtensionElements& elements) {
  std::string text;
  for (const ExtensionElement& e : elements)
    text += (text.empty() ? "" : " ") + std::to_string(e.id) + ":" + base::toHex(e.value);
  return text.empty() ? "none" : text;
}

/// The collection lists elements that end the iteration, too: id 0 with a length, and truncated ones.
std::string withoutBadTail(const std::string& text) {
  std::istringstream in(text);
  std::string result;
  for (std::string element; in >> element;) {
    if (element == "none" || element.starts_with("0:")) break;
    if (element == "truncated") {
      auto space = result.rfind(' ');
      result.erase(space == std::string::npos ? 0 : space);
      break;
    }
    if (auto empty = element.find("(empty)"); empty != std::string::npos) element.erase(empty);
    result += (result.empty() ? "" : " ") + element;
  }
  return result.empty() ? "none" : result;
}

}  // namespace

TEST_CASE("a packet with everything is read field by field") {
  // V=2 P X CC=2, M PT=111, then CSRCs, one-byte extensions with padding between, payload, three octets of padding.
  auto bytes = hex(
      "b2ef1234" "01020304" "cafebabe" "00000001" "00000002"
      "bede0002" "10d5" "0000" "2161" "6200"
      "aabbcc" "000003");
  auto packet = PacketView::parse(bytes);
  REQUIRE(packet);
  CHECK(packet->marker());
  CHECK(packet->payloadType() == 111);
  CHECK(packet->sequenceNumber() == 0x1234);
  CHECK(packet->timestamp() == 0x01020304);
  CHECK(packet->ssrc() == 0xcafebabe);
  REQUIRE(packet->csrcCount() == 2);
  CHECK(packet->csrc(1) == 2);
  CHECK(packet->headerSize() == 32);
  CHECK(base::toHex(packet->payload()) == "aabbcc");
  CHECK(packet->paddingSize() == 3);
  CHECK(describe(packet->extensions()) == "1:d5 2:6162");
  auto level = packet->extension<extension::AudioLevel>(1);
  REQUIRE(level);
  CHECK(level->level == 0x55);
  CHECK(level->voiceActivity);
  CHECK(packet->extension<extension::Mid>(2)->text == "ab");
  CHECK_FALSE(packet->extension<extension::Mid>(3));
  CHECK_FALSE(packet->extension<extension::Mid>(0));
}

TEST_CASE("a packet of nothing but padding has an empty payload") {
  auto packet = PacketView::parse(hex("a0601234" "00000000" "00000001" "0000000000000008"));
  REQUIRE(packet);
  CHECK(packet->payload().empty());
  CHECK(packet->paddingSize() == 8);
}

TEST_CASE("what is no RTP packet is refused with the reason") {
  auto reason = [](const std::string& text) {
    auto packet = PacketView::parse(hex(text));
    REQUIRE_FALSE(packet);
    return packet.error();
  };
  CHECK(reason("") == ParseError::TooShort);
  CHECK(reason("8060000000000000000000") == ParseError::TooShort);
  CHECK(reason("406000000000000000000000") == ParseError::BadVersion);
  CHECK(reason("8160000000000000000000000000") == ParseError::TruncatedCsrcs);
  CHECK(reason("906000000000000000000000bede") == ParseError::TruncatedExtension);
  CHECK(reason("906000000000000000000000bede0001000000") == ParseError::TruncatedExtension);
  CHECK(reason("a06000000000000000000000") == ParseError::BadPadding);
  CHECK(reason("a0600000000000000000000000") == ParseError::BadPadding);
  CHECK(reason("a060000000000000000000000003") == ParseError::BadPadding);
}

TEST_CASE("elements end at id 15, at id 0 with a length, and where they run over; padding is skipped") {
  auto elements = [](std::uint16_t profile, const std::string& text) {
    auto bytes = hex(text);
    return describe(ExtensionElements(profile, bytes));
  };
  CHECK(elements(0xbede, "10aa000021112200") == "1:aa 2:1122");
  CHECK(elements(0xbede, "10aaf0bb20cc") == "1:aa");
  CHECK(elements(0xbede, "10aa01bbcc20dd") == "1:aa");
  CHECK(elements(0xbede, "10aa23bbcc") == "1:aa");
  CHECK(elements(0xbede, "00000000") == "none");
  // Two-byte headers: an empty value is one, id 15 is an id, the low bits of the profile mean nothing.
  CHECK(elements(0x1000, "0100000f0211220001") == "1: 15:1122");
  CHECK(elements(0x100f, "ff01aa") == "255:aa");
  CHECK(elements(0x1000, "0105aabb") == "none");
  CHECK(elements(0x1000, "01") == "none");
  // Another profile is not RFC 8285: nobody knows what is in it.
  CHECK(elements(0x2000, "10aa0000") == "none");
}

TEST_CASE("packets of other implementations are read as they were meant") {
  for (const auto& record : test::readVectorFile(PARLEY_STANDARDS, "rtp/packets.vec")) {
    INFO(record.name);
    auto bytes = hex(record.values.at("packet"));
    auto packet = PacketView::parse(bytes);
    if (record.has("expect_text")) {
      CHECK_FALSE(packet);
      continue;
    }
    REQUIRE(packet);
    auto number = [&](const char* key) { return std::stoll(record.values.at(key)); };
    CHECK(packet->marker() == (number("marker_dec") != 0));
    CHECK(packet->payloadType() == number("pt_dec"));
    CHECK(packet->sequenceNumber() == number("seq_dec"));
    CHECK(packet->timestamp() == number("timestamp_dec"));
    CHECK(packet->ssrc() == std::stoul(record.values.at("ssrc_text"), nullptr, 16));
    CHECK(packet->payload().size() == static_cast<std::size_t>(number("payload_octets_dec")));
    if (record.has("extensions_text"))
      CHECK(describe(packet->extensions()) == withoutBadTail(record.values.at("extensions_text")));
  }
}

TEST_CASE("the fields of a packet are rewritten in place, and nothing else") {
  auto bytes = hex("90601234" "00000000" "00000001" "bede0001" "10d52061" "aabb");
  PacketEditor editor(bytes);
  editor.setMarker(true);
  editor.setPayloadType(45);
  editor.setSequenceNumber(0xffff);
  editor.setTimestamp(0xdeadbeef);
  editor.setSsrc(0xcafebabe);
  CHECK(editor.setExtension(1, extension::AudioLevel{1, false}));
  CHECK(editor.setExtension(2, extension::Mid{{"z"}}));
  CHECK_FALSE(editor.setExtension(2, extension::Mid{{"longer"}}));
  CHECK_FALSE(editor.setExtension(3, extension::AudioLevel{}));
  CHECK(base::toHex(bytes) == "90adffffdeadbeefcafebabebede00011001207aaabb");
  editor.setMarker(false);
  CHECK(bytes[1] == 45);
}

TEST_CASE("elements get the ids of another negotiation, and those that it does not know become padding") {
  auto renumbered = [](const std::string& text, std::uint8_t from, std::uint8_t to) {
    auto bytes = hex(text);
    PacketEditor(bytes).renumberExtensions([&](std::uint8_t id) { return id == from ? to : id; });
    auto packet = PacketView::parse(bytes);
    REQUIRE(packet);
    CHECK(packet->payload().size() == 2);
    return describe(packet->extensions());
  };
  const std::string oneByte = "906012340000000000000001bede000210d5216162304100aabb";
  CHECK(renumbered(oneByte, 2, 14) == "1:d5 14:6162 3:41");
  CHECK(renumbered(oneByte, 2, 0) == "1:d5 3:41");
  CHECK(renumbered(oneByte, 2, 15) == "1:d5 3:41");
  const std::string twoByte = "906012340000000000000001" "10000003" "01010a" "02026162" "0300" "000000" "aabb";
  CHECK(renumbered(twoByte, 2, 200) == "1:0a 200:6162 3:");
  CHECK(renumbered(twoByte, 2, 0) == "1:0a 3:");
}

TEST_CASE("of what comes to one port, the second octet tells RTCP from RTP") {
  CHECK(looksLikeRtcp(hex("80c80000")));
  CHECK(looksLikeRtcp(hex("80cf0000")));
  CHECK_FALSE(looksLikeRtcp(hex("80600000")));
  // A marker and payload type 63 or 96: the neighbours of the range.
  CHECK_FALSE(looksLikeRtcp(hex("80bf0000")));
  CHECK_FALSE(looksLikeRtcp(hex("80e00000")));
  CHECK_FALSE(looksLikeRtcp(hex("80c8")));
}
