#include "helpers.hpp"
#include "rtp/payload/resolution.hpp"
#include "rtp/payload/vp8.hpp"
#include "support/vector_file.hpp"

using namespace parley;
using namespace parley::rtp::payload;
using namespace parley::rtp::payload::test;

TEST_CASE("VP8: the descriptors of RFC 7741 section 4.6 are read as printed", "[rtp][vp8]") {
  struct Case {
    const char* payload;
    bool starts;
    unsigned partition;
    std::optional<std::uint16_t> pictureId;
    std::size_t size;
  };
  const Case cases[] = {
      {"90801110aabb", true, 0, 17, 3},     {"1011aabb", true, 0, std::nullopt, 1}, {"918011aabbcc", true, 1, 17, 3},
      {"818011aabb", false, 1, 17, 3},      {"9080926711aabb", true, 0, 4711, 4},
  };
  for (const auto& c : cases) {
    CAPTURE(c.payload);
    const auto bytes = hex(c.payload);
    const auto d = Vp8Descriptor::parse(bytes);
    REQUIRE(d.has_value());
    CHECK(d->startOfPartition == c.starts);
    CHECK(d->partition == c.partition);
    CHECK(d->info.pictureId == c.pictureId);
    CHECK(d->size == c.size);
  }
}

TEST_CASE("VP8: every descriptor of the collection is read as it says", "[rtp][vp8]") {
  for (const auto& record : parley::test::readVectorFile(PARLEY_STANDARDS, "rtp/vp8.vec")) {
    CAPTURE(record.name);
    const auto payload = hex(record.values.at("payload"));
    const auto d = Vp8Descriptor::parse(payload);
    if (record.has("expect_text")) {
      CHECK_FALSE(d.has_value());
      continue;
    }
    REQUIRE(d.has_value());
    auto number = [&](const char* key) { return std::stoul(record.values.at(key)); };
    CHECK(d->startOfPartition == (number("s_dec") != 0));
    CHECK(d->info.nonReference == (number("n_dec") != 0));
    CHECK(d->partition == number("pid_dec"));
    CHECK(d->size == number("descriptor_octets_dec"));
    CHECK(d->info.pictureId.has_value() == record.has("picture_id_dec"));
    if (record.has("picture_id_dec")) {
      CHECK(d->info.pictureId == number("picture_id_dec"));
      CHECK(d->longPictureId == (number("picture_id_bits_dec") == 15));
    }
    CHECK(d->info.tl0PicIdx.has_value() == record.has("tl0picidx_dec"));
    if (record.has("tl0picidx_dec")) CHECK(d->info.tl0PicIdx == number("tl0picidx_dec"));
    CHECK(d->info.temporalId.has_value() == record.has("tid_dec"));
    if (record.has("tid_dec")) CHECK(d->info.temporalId == number("tid_dec"));
    if (record.has("y_dec")) CHECK(d->info.layerSync == (number("y_dec") != 0));
    CHECK(d->info.keyIdx.has_value() == record.has("keyidx_dec"));
    if (record.has("keyidx_dec")) CHECK(d->info.keyIdx == number("keyidx_dec"));
    if (record.has("keyframe_dec") && d->size < payload.size())
      CHECK(((payload[d->size] & 1) == 0) == (number("keyframe_dec") != 0));
  }
}

TEST_CASE("VP8: what a descriptor says is what was written", "[rtp][vp8]") {
  Vp8Descriptor d;
  d.info = {std::uint16_t{0x7fff}, std::uint8_t{200}, std::uint8_t{2}, true, std::uint8_t{31}, true};
  d.startOfPartition = true;
  std::array<std::uint8_t, 6> out{};
  REQUIRE(d.write(out) == 6);
  const auto read = Vp8Descriptor::parse(out);
  REQUIRE(read.has_value());
  CHECK(read->info.pictureId == 0x7fff);
  CHECK(read->info.tl0PicIdx == 200);
  CHECK(read->info.temporalId == 2);
  CHECK(read->info.layerSync);
  CHECK(read->info.keyIdx == 31);
  CHECK(read->info.nonReference);
  CHECK(read->startOfPartition);
}

TEST_CASE("VP8: a frame of any size comes out as it went in, with its size in pixels", "[rtp][vp8]") {
  Stream stream("VP8");
  std::uint32_t timestamp = 0xffffff00;
  for (std::size_t size : {10u, 90u, 95u, 96u, 97u, 189u, 1000u, 20000u}) {
    CAPTURE(size);
    const auto bytes = vp8Frame(true, size);
    stream.send(frameOf(bytes), timestamp += 3000);
    const auto frame = stream.frame();
    REQUIRE(frame);
    CHECK(octets(frame->data.bytes()) == bytes);
    CHECK(frame->type == EncodedFrameType::Key);
    CHECK(frame->width == 320);
    CHECK(frame->height == 240);
    CHECK(frame->rtpTimestamp == timestamp);
    CHECK(frame->mimeType == "video/VP8");
    CHECK(frame->endOfPicture);
  }
}

TEST_CASE("VP8: picture IDs run on and wrap at 15 bits, and an application's own are kept", "[rtp][vp8]") {
  auto packetizer = makePacketizer({"vp8", {}, 0x7fff});
  auto idOf = [&](const EncodedFrame& frame) {
    const auto sent = payloadsOf(*packetizer, frame, {1200, 0, 0});
    return Vp8Descriptor::parse(sent[0].payload)->info.pictureId;
  };
  CHECK(idOf(frameOf(vp8Frame(true, 50))) == 0x7fff);
  CHECK(idOf(frameOf(vp8Frame(false, 50))) == 0);
  Vp8FrameInfo own;
  own.pictureId = 99;
  CHECK(idOf(frameOf(vp8Frame(false, 50), own)) == 99);
  CHECK(idOf(frameOf(vp8Frame(false, 50))) == 100);
}

TEST_CASE("VP8: packets of one frame have even sizes, and leave the room that the ends need", "[rtp][vp8]") {
  auto packetizer = makePacketizer({"VP8", {}, 0});
  const auto sent = payloadsOf(*packetizer, frameOf(vp8Frame(true, 1000)), {300, 100, 40});
  REQUIRE(sent.size() == 4);
  for (const auto& one : sent) CHECK(one.payload.size() < 300);
  CHECK(sent[1].payload.size() - (sent[0].payload.size() + 100) <= 1);
  CHECK(sent[1].payload.size() - (sent[3].payload.size() + 40) <= 1);
}

TEST_CASE("VP8: frames that cannot be sent are refused", "[rtp][vp8]") {
  auto packetizer = makePacketizer({"VP8", {}, 0});
  CHECK(packetizer->start(frameOf({}), {1200, 0, 0}).error() == PacketizeError::EmptyFrame);
  CHECK(packetizer->start(frameOf(noise(20)), {4, 0, 0}).error() == PacketizeError::TooLarge);
  CHECK(packetizer->start(frameOf(noise(20)), {10, 8, 0}).error() == PacketizeError::TooLarge);
}
