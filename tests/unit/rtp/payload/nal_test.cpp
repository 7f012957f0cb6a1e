#include "helpers.hpp"
#include "rtp/payload/h264.hpp"
#include "rtp/payload/h265.hpp"
#include "support/vector_file.hpp"

using namespace parley;
using namespace parley::rtp::payload;
using namespace parley::rtp::payload::test;

namespace {

const Octets code = hex("00000001");
// Written by x264 and x265 for pictures of 98x74.
const Octets sps = hex("6764000aacb20e5f1126022000000300200000030281e244c9");
const Octets pps = hex("68ebc04d2c8b");
const Octets vps5 = hex("40010c01ffff01600000030090000003000003001e928090");
const Octets sps5 = hex("42010101600000030090000003000003001ea0348147249964a924caf0168080000003008000000504");
const Octets pps5 = hex("4401c172b42240");

/// A slice of H.264 whose first macroblock is (or is not) the first of the picture, with PPS 0.
Octets slice(std::uint8_t header, std::size_t size, bool first = true) {
  auto bytes = noise(size, header);
  bytes[0] = header;
  bytes[1] = first ? 0xb8 : 0x4e;  // ue(0) ue(6) ue(0) …, or ue(1) ue(6) ue(0)
  return bytes;
}
Octets idr(std::size_t size) { return slice(0x65, size); }

/// A slice of H.265: first_slice_segment_in_pic_flag, no_output_of_prior_pics_flag, PPS 0.
Octets slice5(std::uint8_t type, std::size_t size) {
  auto bytes = noise(size, type);
  bytes[0] = static_cast<std::uint8_t>(type << 1);
  bytes[1] = 1;
  bytes[2] = 0xaf;
  return bytes;
}

Octets annexB(const std::vector<Octets>& units) {
  Octets bytes;
  for (const auto& unit : units) bytes = bytes + code + unit;
  return bytes;
}

CodecOptions mode1() { return {"H264", "profile-level-id=42e01f;packetization-mode=1", 0}; }

std::vector<unsigned> types(const std::vector<Sent>& sent) {
  std::vector<unsigned> result;
  for (const auto& one : sent) result.push_back(one.payload[0] & 0x1fu);
  return result;
}

}  // namespace

TEST_CASE("Annex B is cut at start codes of both lengths, without the zeros between", "[rtp][nal]") {
  std::vector<base::Bytes> units;
  const auto stream = hex("00000001" "67aa0000" "000001" "68bb" "00000001" "65000003" "01cc" "0000");
  REQUIRE(splitAnnexB(stream, units));
  REQUIRE(units.size() == 3);
  CHECK(octets(units[0]) == hex("67aa"));
  CHECK(octets(units[1]) == hex("68bb"));
  CHECK(octets(units[2]) == hex("6500000301cc"));
  CHECK_FALSE(splitAnnexB(hex("65aabb"), units));
  CHECK_FALSE(splitAnnexB(hex("ff00000165aa"), units));
  CHECK_FALSE(splitAnnexB(hex("000001"), units));
  CHECK_FALSE(splitAnnexB(hex("00000100000165"), units));
  CHECK_FALSE(splitAnnexB({}, units));
}

TEST_CASE("H.264: the size of a picture is read from its sequence parameter set", "[rtp][h264]") {
  struct Case {
    const char* unit;
    unsigned width, height, profile;
  };
  const Case cases[] = {
      {"6764000aacb20e5f1126022000000300200000030281e244c9", 98, 74, 0x64000a},
      {"6742c00ad9072f8893011000000300100000030140f1226480", 98, 74, 0x42c00a},
      // Interlaced: heights count in pairs of rows.
      {"67640015acd941433f26022000000300200000030283e28532c0", 320, 180, 0x640015},
      {"6742c01f1a323501407a403c2211a8", 640, 480, 0x42c01f},
  };
  for (const auto& c : cases) {
    CAPTURE(c.unit);
    const auto read = readH264Sps(hex(c.unit));
    REQUIRE(read);
    CHECK(read->profileLevelId == c.profile);
    CHECK(read->resolution.width == c.width);
    CHECK(read->resolution.height == c.height);
  }
  CHECK_FALSE(readH264Sps(hex("278000")));
}

TEST_CASE("H.265: the size of a picture is read from its sequence parameter set", "[rtp][h265]") {
  const auto read = readH265Sps(sps5);
  REQUIRE(read);
  CHECK(read->resolution.width == 98);
  CHECK(read->resolution.height == 74);
  CHECK_FALSE(readH265Sps(hex("4201")));
  const auto other = readH265Sps(
      hex("4202010408000003009d0800000300005db00280802d165959a4932b8040000003004000000782"));
  REQUIRE(other);
  CHECK(other->resolution.width == 1280);
  CHECK(other->resolution.height == 720);
}

TEST_CASE("H.264: small units are aggregated and large ones fragmented in mode 1", "[rtp][h264]") {
  Stream stream(MediaKind::Video, mode1());
  const auto bytes = annexB({sps, pps, idr(350), slice(0x61, 20, false)});
  const auto sent = stream.packetize(frameOf(bytes));
  CHECK(types(sent) == std::vector<unsigned>{24, 28, 28, 28, 28, 1});
  // RFC 6184 s.5.7.1: the NRI of a STAP-A is the highest of its units.
  CHECK((sent[0].payload[0] & 0x60) == 0x60);
  CHECK((sent[1].payload[1] & 0xc0) == 0x80);
  CHECK((sent[2].payload[1] & 0xc0) == 0x00);
  CHECK((sent[4].payload[1] & 0xc0) == 0x40);
  CHECK(sent.back().marker);
  stream.deliver(sent, 3000);
  const auto frame = stream.frame();
  REQUIRE(frame);
  CHECK(octets(frame->data.bytes()) == bytes);
  CHECK(frame->type == EncodedFrameType::Key);
  CHECK(frame->width == 98);
  CHECK(frame->height == 74);
  CHECK(std::get<H264FrameInfo>(frame->codec).profileLevelId == 0x64000a);
}

TEST_CASE("H.264: mode 0 sends single units and refuses what is too large for one packet", "[rtp][h264]") {
  Stream stream("H264");
  const auto sent = stream.packetize(frameOf(annexB({sps, pps, idr(90)})));
  CHECK(types(sent) == std::vector<unsigned>{7, 8, 5});
  stream.deliver(sent, 1);
  CHECK(stream.frame());
  const auto large = frameOf(annexB({idr(101)}));
  CHECK(stream.packetizer->start(large, {100, 0, 0}).error() == PacketizeError::TooLarge);
  const auto nonsense = frameOf(hex("0102030405"));
  CHECK(stream.packetizer->start(nonsense, {100, 0, 0}).error() == PacketizeError::BadFrame);
}

TEST_CASE("H.264: frames of every size pass, with room left in the first and the last packet", "[rtp][h264]") {
  Stream stream(MediaKind::Video, mode1());
  for (std::size_t size = 3; size < 420; ++size) {
    CAPTURE(size);
    const auto bytes = annexB({sps, pps, idr(size)});
    stream.deliver(stream.packetize(frameOf(bytes), {100, 30, 20}), static_cast<std::uint32_t>(size));
    const auto frame = stream.frame();
    REQUIRE(frame);
    CHECK(octets(frame->data.bytes()) == bytes);
  }
}

TEST_CASE("H.264: the STAP-A of the collection is two units", "[rtp][h264]") {
  H264Depacketizer depacketizer("");
  const auto payload = hex("78000f6742c01f1a323501407a403c2211a80005681a34e3c8");
  REQUIRE(depacketizer.parse(payload));
  CHECK(depacketizer.parse(payload)->startsFrame);
  std::vector<std::uint8_t> bytes;
  depacketizer.begin();
  REQUIRE(depacketizer.append(payload, bytes));
  CHECK(bytes == hex("000000016742c01f1a323501407a403c2211a800000001681a34e3c8"));
}

TEST_CASE("H.264: broken and interleaved payloads are refused", "[rtp][h264]") {
  H264Depacketizer depacketizer("");
  auto error = [&](const char* payload) { return depacketizer.parse(hex(payload)).error(); };
  CHECK(error("78000f6742c01f1a") == PayloadError::Truncated);
  CHECK(error("58cbeddf") == PayloadError::Truncated);
  CHECK(error("78") == PayloadError::Truncated);
  CHECK(error("780000") == PayloadError::Malformed);
  CHECK(error("78000178") == PayloadError::Malformed);
  CHECK(error("7c85") == PayloadError::Truncated);
  CHECK(error("7cc5aa") == PayloadError::Malformed);   // S and E
  CHECK(error("7c9caa") == PayloadError::Malformed);   // FU of a FU
  CHECK(error("79000067aa") == PayloadError::Unsupported);
  CHECK(error("7d8500000000") == PayloadError::Unsupported);
  CHECK(error("60aa") == PayloadError::Malformed);
  CHECK(error("ff0000") == PayloadError::Malformed);
  for (const auto& record : parley::test::readVectorFile(PARLEY_STANDARDS, "rtp/h264.vec")) {
    const auto payload = hex(record.values.at("data"));
    if (payload.empty()) continue;
    std::vector<std::uint8_t> bytes;
    depacketizer.begin();
    if (depacketizer.parse(payload)) depacketizer.append(payload, bytes);
    CHECK(bytes.size() <= payload.size() * 5);
  }
}

TEST_CASE("H.264: a key frame without parameter sets gets those of before", "[rtp][h264]") {
  Stream stream(MediaKind::Video, mode1());
  stream.send(frameOf(annexB({sps, pps, idr(50)})), 1);
  stream.send(frameOf(annexB({slice(0x61, 30)})), 2);
  stream.send(frameOf(annexB({idr(40)})), 3);
  const auto frames = stream.frames();
  REQUIRE(frames.size() == 3);
  CHECK(frames[1].type == EncodedFrameType::Delta);
  CHECK(octets(frames[2].data.bytes()) == annexB({sps, pps, idr(40)}));
  CHECK(frames[2].width == 98);
}

TEST_CASE("H.264: a key frame whose parameter sets nobody knows is not given out, unless the SDP has them",
          "[rtp][h264]") {
  Stream stream(MediaKind::Video, mode1());
  stream.send(frameOf(annexB({idr(40)})), 3);
  CHECK_FALSE(stream.frame());
  CHECK(stream.keyFrameRequests == 1);
  auto options = mode1();
  options.parameters += ";sprop-parameter-sets=Z2QACqyyDl8RJgIgAAADACAAAAMCgeJEyQ==,aOvATSyL";
  Stream informed(MediaKind::Video, options);
  informed.send(frameOf(annexB({idr(40)})), 3);
  const auto frame = informed.frame();
  REQUIRE(frame);
  CHECK(octets(frame->data.bytes()) == annexB({sps, pps, idr(40)}));
}

TEST_CASE("H.264: a frame whose first slice was lost is not taken for whole", "[rtp][h264]") {
  Stream stream(MediaKind::Video, mode1());
  stream.send(frameOf(annexB({sps, pps, idr(50)})), 1);
  REQUIRE(stream.frame());
  auto sent = stream.packetize(frameOf(annexB({slice(0x61, 80), slice(0x61, 80, false), slice(0x61, 80, false)})));
  REQUIRE(sent.size() == 3);
  stream.lose();
  stream.deliver(sent[1], 2);
  stream.deliver(sent[2], 2);
  CHECK(stream.frames().empty());
  CHECK(dropped(stream, FrameAssembler::Dropped::Incomplete) == 1);
  stream.send(frameOf(annexB({slice(0x61, 20)})), 3);
  CHECK(stream.frames().empty());
  CHECK(stream.assembler.needsKeyFrame());
}

TEST_CASE("H.265: frames pass as they are, aggregated and fragmented", "[rtp][h265]") {
  Stream stream("H265");
  for (std::size_t size = 4; size < 420; ++size) {
    CAPTURE(size);
    const auto bytes = annexB({vps5, sps5, pps5, slice5(20, size)});
    const auto sent = stream.packetize(frameOf(bytes), {100, 10, 5});
    CHECK((sent[0].payload[0] >> 1 & 0x3f) == 48);
    CHECK((sent[0].payload[1] & 7) == 1);
    stream.deliver(sent, static_cast<std::uint32_t>(size));
    const auto frame = stream.frame();
    REQUIRE(frame);
    CHECK(octets(frame->data.bytes()) == bytes);
    CHECK(frame->type == EncodedFrameType::Key);
    CHECK(frame->width == 98);
  }
  stream.send(frameOf(annexB({slice5(1, 333)})), 5000);
  const auto delta = stream.frame();
  REQUIRE(delta);
  CHECK(delta->type == EncodedFrameType::Delta);
  stream.send(frameOf(annexB({slice5(19, 30)})), 6000);
  const auto completed = stream.frame();
  REQUIRE(completed);
  CHECK(octets(completed->data.bytes()) == annexB({vps5, sps5, pps5, slice5(19, 30)}));
}

TEST_CASE("H.265: broken payloads are refused", "[rtp][h265]") {
  H265Depacketizer depacketizer("", "", "");
  auto error = [&](const char* payload) { return depacketizer.parse(hex(payload)).error(); };
  CHECK(error("4001") == PayloadError::Truncated);
  CHECK(error("620193") == PayloadError::Truncated);
  CHECK(error("6201d3aa") == PayloadError::Malformed);
  CHECK(error("6401aabb") == PayloadError::Unsupported);
  CHECK(error("6601aabb") == PayloadError::Malformed);
  CHECK(error("6001000440") == PayloadError::Truncated);
  CHECK(error("600100024001") == PayloadError::Malformed);
  for (const auto& record : parley::test::readVectorFile(PARLEY_STANDARDS, "rtp/h265.vec")) {
    const auto payload = hex(record.values.at("data"));
    if (payload.empty()) continue;
    std::vector<std::uint8_t> bytes;
    depacketizer.begin();
    if (depacketizer.parse(payload)) depacketizer.append(payload, bytes);
    CHECK(bytes.size() <= payload.size() * 5);
  }
}
