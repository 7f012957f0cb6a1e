#include "helpers.hpp"
#include "rtp/payload/av1.hpp"
#include "rtp/payload/obu.hpp"
#include "support/vector_file.hpp"

using namespace parley;
using namespace parley::rtp::payload;
using namespace parley::rtp::payload::test;

namespace {

// Written by libaom for pictures of 98x74.
const Octets sequenceHeader = hex("0a0d20000003361926d7c9010d0020");

Octets obu(std::uint8_t type, const Octets& payload, std::optional<std::uint8_t> extension = std::nullopt) {
  Obu unit;
  unit.header[0] = static_cast<std::uint8_t>(type << 3 | (extension ? 4 : 0));
  if (extension) {
    unit.header[1] = *extension;
    unit.headerSize = 2;
  }
  unit.payload = payload;
  Octets out;
  unit.append(out);
  return out;
}

/// A frame OBU: show_existing_frame 0, frame_type KEY_FRAME or INTER_FRAME.
Octets picture(std::size_t size, bool key, std::optional<std::uint8_t> extension = std::nullopt) {
  auto payload = noise(size);
  payload[0] = key ? 0x10 : 0x30;
  return obu(Obu::Frame, payload, extension);
}

/// Feeds payloads to a depacketizer; what comes out, or nothing if one is refused.
std::optional<Octets> assembled(const std::vector<Octets>& payloads) {
  Av1Depacketizer depacketizer;
  std::vector<std::uint8_t> bytes;
  EncodedFrame frame;
  depacketizer.begin();
  for (const auto& payload : payloads)
    if (!depacketizer.parse(payload) || !depacketizer.append(payload, bytes)) return std::nullopt;
  if (!depacketizer.finish(bytes, frame)) return std::nullopt;
  return bytes;
}

}  // namespace

TEST_CASE("AV1: leb128 is read and written as the collection says", "[rtp][av1]") {
  for (const auto& record : parley::test::readVectorFile(PARLEY_STANDARDS, "rtp/leb128.vec")) {
    CAPTURE(record.name);
    if (!record.has("encoded") || !record.has("value_dec")) continue;
    const auto encoded = hex(record.values.at("encoded"));
    const auto value = std::stoull(record.values.at("value_dec"));
    base::Reader in(encoded);
    const auto read = readLeb128(in);
    if (record.has("expect_text") || value > 0xffffffff) {
      CHECK_FALSE(read);
      continue;
    }
    REQUIRE(read);
    CHECK(*read == value);
    Octets written(leb128Size(*read));
    writeLeb128(*read, written.data());
    CHECK(written.size() <= encoded.size());
    base::Reader again(written);
    CHECK(readLeb128(again) == value);
  }
}

TEST_CASE("AV1: every payload of the collection is read as it says", "[rtp][av1]") {
  Av1Depacketizer depacketizer;
  for (const auto& record : parley::test::readVectorFile(PARLEY_STANDARDS, "rtp/av1.vec")) {
    CAPTURE(record.name);
    const auto payload = hex(record.values.at("payload"));
    if (payload.empty()) continue;
    const auto info = depacketizer.parse(payload);
    CHECK(info.has_value() == !record.has("expect_text"));
    if (!info || record.has("expect_text")) continue;
    CHECK(info->continues == (record.values.at("z_dec") == "1"));
    CHECK(info->startsFrame == (record.values.at("n_dec") == "1"));
  }
}

TEST_CASE("AV1: OBUs get their size, once", "[rtp][av1]") {
  CHECK(assembled({hex("1030141e28")}) == hex("3203141e28"));
  CHECK(assembled({hex("103203141e28")}) == hex("3203141e28"));
  CHECK(assembled({hex("103448141e28")}) == hex("364803141e28"));
  CHECK(assembled({hex("10364803141e28")}) == hex("364803141e28"));
}

TEST_CASE("AV1: OBUs in many pieces are put together", "[rtp][av1]") {
  CHECK(assembled({hex("2002080a3014")}) == hex("0a010a320114"));
  CHECK(assembled({hex("5030141e"), hex("9028")}) == hex("3203141e28"));
  CHECK(assembled({hex("6002080a30141e"), hex("9028")}) == hex("0a010a3203141e28"));
  CHECK(assembled({hex("50300b0c"), hex("d00d0e"), hex("d00f1011"), hex("9012")}) == hex("32080b0c0d0e0f101112"));
  CHECK(assembled({hex("6003180b0c20151617"), hex("9018191a1b"), hex("6003380b0c201f20"), hex("9021222324")}) ==
        hex("1a020b0c22071516171819" "1a1b3a020b0c22061f2021222324"));
}

TEST_CASE("AV1: pieces that do not fit make no frame", "[rtp][av1]") {
  CHECK_FALSE(assembled({hex("9028")}));
  CHECK_FALSE(assembled({hex("5030141e")}));
  CHECK_FALSE(assembled({hex("5030141e"), hex("1030141e")}));
  CHECK_FALSE(assembled({hex("80"), hex("1030141e")}));
  CHECK_FALSE(assembled({hex("1032051e28")}));  // obu_size beyond the element
  CHECK_FALSE(assembled({hex("10b0141e28")}));  // forbidden bit
}

TEST_CASE("AV1: a temporal unit comes out without its delimiter, with its size in pixels", "[rtp][av1]") {
  Stream stream("AV1");
  for (std::size_t size = 1; size < 500; ++size) {
    CAPTURE(size);
    const auto unit = sequenceHeader + obu(Obu::Metadata, noise(9)) + picture(size, true);
    const auto sent = stream.packetize(frameOf(hex("1200") + unit), {100, 20, 10});
    CHECK((sent[0].payload[0] & 0x08) != 0);
    for (std::size_t i = 1; i < sent.size(); ++i) CHECK((sent[i].payload[0] & 0x08) == 0);
    stream.deliver(sent, static_cast<std::uint32_t>(size));
    const auto frame = stream.frame();
    REQUIRE(frame);
    CHECK(octets(frame->data.bytes()) == unit);
    CHECK(frame->type == EncodedFrameType::Key);
    CHECK(frame->width == 98);
    CHECK(frame->height == 74);
    CHECK(std::get<Av1FrameInfo>(frame->codec).newCodedVideoSequence);
  }
  const auto delta = picture(200, false);
  stream.send(frameOf(delta), 9000);
  const auto frame = stream.frame();
  REQUIRE(frame);
  CHECK(frame->type == EncodedFrameType::Delta);
  CHECK(octets(frame->data.bytes()) == delta);
}

TEST_CASE("AV1: many small OBUs share a packet, with lengths from the fourth on", "[rtp][av1]") {
  Stream stream("AV1");
  for (std::size_t count = 1; count < 40; ++count) {
    CAPTURE(count);
    auto unit = sequenceHeader;
    for (std::size_t i = 0; i < count; ++i) unit = unit + obu(Obu::Metadata, noise(1 + i % 7));
    unit = unit + picture(30, true);
    const auto sent = stream.packetize(frameOf(unit), {100, 0, 0});
    const auto elements = sent.size() == 1 ? count + 2 : std::size_t{4};
    CHECK(static_cast<std::size_t>(sent[0].payload[0] >> 4 & 3) == (elements <= 3 ? elements : 0));
    stream.deliver(sent, static_cast<std::uint32_t>(count));
    const auto frame = stream.frame();
    REQUIRE(frame);
    CHECK(octets(frame->data.bytes()) == unit);
  }
}

TEST_CASE("AV1: OBUs of different layers share no packet", "[rtp][av1]") {
  auto packetizer = makePacketizer({"AV1", {}, 0});
  const auto sent = payloadsOf(*packetizer, frameOf(sequenceHeader + picture(10, true, 0x00) + picture(10, false, 0x08)),
                               {1200, 0, 0});
  REQUIRE(sent.size() == 2);
  CHECK((sent[0].payload[0] & 0x30) == 0x20);
  CHECK((sent[1].payload[0] & 0x30) == 0x10);
}

TEST_CASE("AV1: frames that are no OBUs are refused", "[rtp][av1]") {
  auto packetizer = makePacketizer({"AV1", {}, 0});
  CHECK(packetizer->start(frameOf(hex("3205aabb")), {1200, 0, 0}).error() == PacketizeError::BadFrame);
  CHECK(packetizer->start(frameOf(hex("1200")), {1200, 0, 0}).error() == PacketizeError::BadFrame);
  CHECK(packetizer->start(frameOf(hex("ffff")), {1200, 0, 0}).error() == PacketizeError::BadFrame);
  CHECK(packetizer->start(frameOf(picture(10, true)), {1, 0, 0}).error() == PacketizeError::TooLarge);
}
