#include "rtp/payload/vp9.hpp"
#include "helpers.hpp"
#include "rtp/payload/resolution.hpp"
#include "support/vector_file.hpp"

#include <sstream>

using namespace parley;
using namespace parley::rtp::payload;
using namespace parley::rtp::payload::test;

namespace {

/// frame_marker 2, profile 0, key frame, shown; 352x288.
const Octets keyHead =
    hex("8249834200"
        "15f0"
        "11f0"
        "0000");

Octets vp9Key(std::size_t size) {
  auto bytes = noise(size);
  std::copy(keyHead.begin(), keyHead.end(), bytes.begin());
  return bytes;
}

std::string texts(const std::vector<std::uint8_t>& values) {
  std::ostringstream out;
  for (std::size_t i = 0; i < values.size(); ++i) out << (i ? " " : "") << unsigned{values[i]};
  return out.str();
}

}  // namespace

TEST_CASE("VP9: every descriptor of the collection is read as it says", "[rtp][vp9]") {
  for (const auto& record : parley::test::readVectorFile(PARLEY_STANDARDS, "rtp/vp9.vec")) {
    CAPTURE(record.name);
    const auto payload = hex(record.values.at("payload"));
    const auto d = Vp9Descriptor::parse(payload);
    if (record.has("expect_text")) {
      CHECK_FALSE(d.has_value());
      continue;
    }
    REQUIRE(d.has_value());
    auto number = [&](const char* key) { return std::stoul(record.values.at(key)); };
    CHECK(d->info.interPicture == (number("p_dec") != 0));
    CHECK(d->info.flexibleMode == (number("f_dec") != 0));
    CHECK(d->startOfFrame == (number("b_dec") != 0));
    CHECK(d->endOfFrame == (number("e_dec") != 0));
    CHECK(d->info.notReferenceForUpperLayers == (number("z_dec") != 0));
    CHECK(d->size == number("descriptor_octets_dec"));
    CHECK(d->info.pictureId.has_value() == (number("i_dec") != 0));
    if (record.has("picture_id_dec")) CHECK(d->info.pictureId == number("picture_id_dec"));
    CHECK(d->info.spatialId.has_value() == (number("l_dec") != 0));
    if (record.has("tid_dec")) CHECK(d->info.temporalId == number("tid_dec"));
    if (record.has("sid_dec")) CHECK(d->info.spatialId == number("sid_dec"));
    if (record.has("u_dec")) CHECK(d->info.switchingUpPoint == (number("u_dec") != 0));
    if (record.has("d_dec")) CHECK(d->info.interLayer == (number("d_dec") != 0));
    CHECK(d->info.tl0PicIdx.has_value() == record.has("tl0picidx_dec"));
    if (record.has("tl0picidx_dec")) CHECK(d->info.tl0PicIdx == number("tl0picidx_dec"));
    if (record.has("p_diff_text")) CHECK(texts(d->info.differences) == record.values.at("p_diff_text"));
    REQUIRE(d->info.structure.has_value() == (number("v_dec") != 0));
    if (!d->info.structure) continue;
    CHECK(d->info.structure->spatialLayers == number("n_s_dec") + 1);
    CHECK(d->info.structure->resolutions.empty() == (number("y_dec") == 0));
    if (record.has("resolutions_text")) {
      std::string sizes;
      for (const auto& r : d->info.structure->resolutions)
        sizes += (sizes.empty() ? "" : " ") + std::to_string(r.width) + "x" + std::to_string(r.height);
      CHECK(sizes == record.values.at("resolutions_text"));
    }
    if (record.has("n_g_dec")) CHECK(d->info.structure->group.value().size() == number("n_g_dec"));
  }
}

TEST_CASE("VP9: what a descriptor says is what was written", "[rtp][vp9]") {
  Vp9FrameInfo info;
  info.pictureId = 0x1234;
  info.temporalId = 1;
  info.spatialId = 2;
  info.switchingUpPoint = true;
  info.interLayer = true;
  info.interPicture = true;
  info.notReferenceForUpperLayers = true;
  info.structure = Vp9FrameInfo::Structure{
      2, {{320, 180}, {640, 360}}, std::vector<Vp9FrameInfo::Picture>{{0, true, {}}, {1, false, {1, 2}}}};
  auto check = [&] {
    Vp9Descriptor d;
    d.info = info;
    d.startOfFrame = true;
    std::vector<std::uint8_t> out;
    d.write(out);
    const auto read = Vp9Descriptor::parse(out);
    REQUIRE(read.has_value());
    CHECK(read->size == out.size());
    CHECK(read->startOfFrame);
    CHECK(read->info.pictureId == info.pictureId);
    CHECK(read->info.temporalId == info.temporalId);
    CHECK(read->info.spatialId == info.spatialId);
    CHECK(read->info.tl0PicIdx == info.tl0PicIdx);
    CHECK(read->info.differences == info.differences);
    REQUIRE(read->info.structure);
    CHECK(read->info.structure->resolutions[1].height == 360);
    CHECK(read->info.structure->group.value()[1].differences == std::vector<std::uint8_t>{1, 2});
  };
  SECTION("in flexible mode") {
    info.flexibleMode = true;
    info.differences = {1, 127, 4};
    check();
  }
  SECTION("with a temporal base layer") {
    info.tl0PicIdx = 250;
    check();
  }
}

TEST_CASE("VP9: a frame without layers comes out as it went in", "[rtp][vp9]") {
  Stream stream("VP9");
  for (std::size_t size : {20u, 80u, 96u, 97u, 500u, 30000u}) {
    CAPTURE(size);
    const auto bytes = vp9Key(size);
    auto frame = frameOf(bytes);
    frame.type = EncodedFrameType::Key;
    stream.send(frame, static_cast<std::uint32_t>(size));
    const auto received = stream.frame();
    REQUIRE(received);
    CHECK(octets(received->data.bytes()) == bytes);
    CHECK(received->type == EncodedFrameType::Key);
    CHECK(received->width == 352);
    CHECK(received->height == 288);
  }
  stream.send(frameOf(noise(300)), 9);
  const auto delta = stream.frame();
  REQUIRE(delta);
  CHECK(delta->type == EncodedFrameType::Delta);
}

TEST_CASE("VP9: pictures that the application does not number are numbered through the wrap", "[rtp][vp9]") {
  CodecOptions options{"VP9", {}, 0};
  options.firstPictureId = 0x7ffd;
  Stream stream(MediaKind::Video, options);
  for (std::uint32_t i = 0; i < 6; ++i) {
    auto frame = frameOf(i == 0 ? vp9Key(300) : noise(300));
    frame.type = i == 0 ? EncodedFrameType::Key : EncodedFrameType::Delta;
    stream.send(frame, i);
    const auto received = stream.frame();
    REQUIRE(received);
    CHECK(std::get<Vp9FrameInfo>(received->codec).pictureId == ((0x7ffd + i) & 0x7fff));
  }
}

TEST_CASE("VP9: the spatial layers of a picture are frames of their own, the last of which ends the picture",
          "[rtp][vp9]") {
  Stream stream("VP9");
  auto layer = [](std::uint8_t spatial, bool inter, std::uint16_t picture) {
    Vp9FrameInfo info;
    info.pictureId = picture;
    info.temporalId = 0;
    info.spatialId = spatial;
    info.tl0PicIdx = static_cast<std::uint8_t>(picture);
    info.interLayer = spatial > 0;
    info.interPicture = inter;
    auto frame = frameOf(noise(150 + spatial), info);
    frame.endOfPicture = spatial == 1;
    return frame;
  };
  stream.send(layer(0, false, 7), 1000);
  stream.send(layer(1, false, 7), 1000);
  auto frames = stream.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].type == EncodedFrameType::Key);
  CHECK_FALSE(frames[0].endOfPicture);
  CHECK(frames[0].spatialIndex == 0);
  CHECK(frames[1].type == EncodedFrameType::Delta);
  CHECK(frames[1].endOfPicture);
  CHECK(frames[1].spatialIndex == 1);
  CHECK(frames[1].data.size() == 151);

  SECTION("a lost upper layer stops that layer alone, and asks for a key frame") {
    stream.send(layer(0, true, 8), 4000);
    const auto lost = stream.packetize(layer(1, true, 8));
    stream.lose(lost.size());
    stream.send(layer(0, true, 9), 7000);
    stream.send(layer(1, true, 9), 7000);
    frames = stream.frames();
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].spatialIndex == 0);
    CHECK(frames[1].spatialIndex == 0);
    CHECK(stream.assembler.needsKeyFrame());
    stream.send(layer(0, true, 10), 10000);
    stream.send(layer(1, false, 10), 10000);  // Predicted from the layer below only.
    CHECK(stream.frames().size() == 2);
  }
}

TEST_CASE("VP9: in flexible mode a frame is given out if what it refers to was", "[rtp][vp9]") {
  Stream stream("VP9");
  auto picture = [](std::uint16_t id, std::vector<std::uint8_t> differences, std::uint8_t temporal) {
    Vp9FrameInfo info;
    info.pictureId = id;
    info.flexibleMode = true;
    info.temporalId = temporal;
    info.spatialId = 0;
    info.interPicture = !differences.empty();
    info.differences = std::move(differences);
    return frameOf(noise(50), info);
  };
  stream.send(picture(0x7ffe, {}, 0), 1);
  stream.send(picture(0x7fff, {1}, 1), 2);
  stream.lose();  // picture 0, temporal layer 1
  stream.send(picture(1, {1}, 1), 4);
  stream.send(picture(2, {4}, 0), 5);
  const auto frames = stream.frames();
  REQUIRE(frames.size() == 3);
  CHECK(std::get<Vp9FrameInfo>(frames[2].codec).pictureId == 2);
  CHECK_FALSE(stream.assembler.needsKeyFrame());
  CHECK(dropped(stream, FrameAssembler::Dropped::NotDecodable) == 1);
  stream.lose();
  stream.send(picture(4, {1}, 0), 6);
  CHECK(stream.frames().empty());
  CHECK(stream.keyFrameRequests == 1);
}
