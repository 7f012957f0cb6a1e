#include "helpers.hpp"
#include "rtp/payload/vp8.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

using namespace parley;
using namespace parley::rtp::payload;
using namespace parley::rtp::payload::test;
using Dropped = FrameAssembler::Dropped;

namespace {

EncodedFrame key(std::size_t size = 50) { return frameOf(vp8Frame(true, size)); }
EncodedFrame delta(std::size_t size = 50) { return frameOf(vp8Frame(false, size)); }

EncodedFrame layered(bool isKey, std::uint16_t picture, std::uint8_t tl0, std::uint8_t temporal, bool sync) {
  Vp8FrameInfo info;
  info.pictureId = picture;
  info.tl0PicIdx = tl0;
  info.temporalId = temporal;
  info.layerSync = sync;
  return frameOf(vp8Frame(isKey, 40), info);
}

std::vector<unsigned> pictures(const std::vector<EncodedFrame>& frames) {
  std::vector<unsigned> ids;
  for (const auto& frame : frames) ids.push_back(std::get<Vp8FrameInfo>(frame.codec).pictureId.value());
  return ids;
}

}  // namespace

TEST_CASE("Frames: nothing is given out before a key frame, which is asked for once", "[rtp][frames]") {
  Stream stream("VP8");
  stream.send(delta(), 1);
  stream.send(delta(), 2);
  CHECK(stream.frames().empty());
  CHECK(stream.keyFrameRequests == 1);
  CHECK(stream.assembler.needsKeyFrame());
  stream.send(key(), 3);
  stream.send(delta(), 4);
  CHECK(stream.frames().size() == 2);
  CHECK_FALSE(stream.assembler.needsKeyFrame());
  CHECK(dropped(stream, Dropped::NotDecodable) == 2);
  CHECK(stream.assembler.framesAssembled() == 4);
  CHECK(stream.assembler.keyFramesAssembled() == 1);
}

TEST_CASE("Frames: one lost packet drops its frame and those that depend on it", "[rtp][frames]") {
  Stream stream("VP8");
  stream.send(key(500), 1);
  stream.send(delta(), 2);
  REQUIRE(stream.frames().size() == 2);
  const auto broken = stream.packetize(delta(500));
  for (std::size_t i = 0; i < broken.size(); ++i)
    if (i == 2)
      stream.lose();
    else
      stream.deliver(broken[i], 3);
  stream.send(delta(), 4);
  CHECK(stream.frames().empty());
  CHECK(dropped(stream, Dropped::Incomplete) == 1);
  CHECK(stream.keyFrameRequests == 1);
  stream.send(delta(), 5);
  stream.send(key(300), 6);
  stream.send(delta(), 7);
  CHECK(stream.frames().size() == 2);
  CHECK(stream.keyFrameRequests == 1);
}

TEST_CASE("Frames: whatever single packet of a stream is lost, no frame is given out with a hole", "[rtp][frames]") {
  for (const char* codec : {"VP8", "VP9"}) {
    for (std::size_t lost = 0; lost < 24; ++lost) {
      CAPTURE(codec, lost);
      Stream stream(codec);
      std::size_t index = 0;
      std::vector<Octets> sent;
      for (std::uint32_t t = 0; t < 6; ++t) {
        auto bytes = vp8Frame(t % 3 == 0, 350, t + 1);
        sent.push_back(bytes);
        auto frame = frameOf(std::move(bytes));
        frame.type = t % 3 == 0 ? EncodedFrameType::Key : EncodedFrameType::Delta;
        for (const auto& one : stream.packetize(frame))
          if (index++ == lost)
            stream.lose();
          else
            stream.deliver(one, t * 3000);
      }
      const auto frames = stream.frames();
      REQUIRE(index == 24);
      std::size_t expected = 6;
      if (lost / 4 < 6) expected = lost / 4 < 3 ? 3 + lost / 4 : lost / 4;
      CHECK(frames.size() == expected);
      for (const auto& frame : frames) CHECK(octets(frame.data.bytes()) == sent[frame.rtpTimestamp / 3000]);
    }
  }
}

TEST_CASE("Frames: packets of padding and of unknown payload types lose nothing", "[rtp][frames]") {
  Stream stream("VP8");
  stream.send(key(), 1);
  MediaPacket padding;
  padding.sequence = stream.sequence++;
  stream.assembler.handle(padding, stream.now);
  MediaPacket unknown = padding;
  unknown.sequence = stream.sequence++;
  unknown.payloadType = 97;
  const Octets one{1};
  unknown.payload = one;
  stream.assembler.handle(unknown, stream.now);
  stream.send(delta(), 2);
  CHECK(stream.frames().size() == 2);
  CHECK(dropped(stream, Dropped::UnknownPayloadType) == 1);
}

TEST_CASE("Frames: lost padding does no harm where picture IDs show that no picture is missing", "[rtp][frames]") {
  Stream stream("VP8");
  stream.send(key(), 1);
  stream.lose(5);
  stream.send(delta(), 2);
  CHECK(stream.frames().size() == 2);
  CHECK(stream.keyFrameRequests == 0);
}

TEST_CASE("Frames: a frame whose marker bit is missing ends where the next begins", "[rtp][frames]") {
  Stream stream("VP8");
  auto first = stream.packetize(key(300));
  first.back().marker = false;
  stream.deliver(first, 1);
  CHECK(stream.frames().empty());
  stream.send(delta(), 2);
  const auto frames = stream.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].data.size() == 300);
  CHECK(frames[0].endOfPicture);
}

TEST_CASE("Frames: what is old, broken or too large is dropped and counted", "[rtp][frames]") {
  Stream stream(MediaKind::Video, {"VP8", {}, 0}, {1000, 4});
  stream.send(key(), 1);
  stream.sequence -= 1;
  stream.send(delta(), 1);
  CHECK(dropped(stream, Dropped::OldPacket) == 1);
  stream.deliver({hex("80"), true}, 2);
  CHECK(dropped(stream, Dropped::Malformed) == 1);
  stream.send(key(1200), 3);
  CHECK(dropped(stream, Dropped::TooLarge) == 1);
  REQUIRE(stream.frames().size() == 1);
  for (std::uint32_t t = 4; t < 10; ++t) stream.send(key(), t);
  CHECK(dropped(stream, Dropped::NotPolled) == 2);
  const auto frames = stream.frames();
  REQUIRE(frames.size() == 4);
  CHECK(frames[0].rtpTimestamp == 6);
}

TEST_CASE("Frames: of temporal layers only those suffer that a loss concerns", "[rtp][frames]") {
  Stream stream("VP8");
  // T0 T2 T1 T2, as encoders of three layers send them; the T2 frame behind the key frame is lost.
  stream.send(layered(true, 10, 1, 0, false), 1);
  stream.lose();
  stream.send(layered(false, 12, 1, 1, true), 3);
  stream.send(layered(false, 13, 1, 2, false), 4);
  stream.send(layered(false, 14, 2, 0, false), 5);
  stream.send(layered(false, 15, 2, 2, true), 6);
  CHECK(pictures(stream.frames()) == std::vector<unsigned>{10, 12, 14, 15});
  CHECK(stream.keyFrameRequests == 0);
  CHECK(dropped(stream, Dropped::NotDecodable) == 1);

  SECTION("and a lost frame of the base layer takes a key frame") {
    stream.send(layered(false, 16, 2, 1, false), 7);
    stream.lose();  // 17, T0, TL0PICIDX 3
    stream.send(layered(false, 18, 3, 1, true), 8);
    stream.send(layered(false, 19, 4, 0, false), 9);
    stream.send(layered(true, 20, 5, 0, false), 10);
    CHECK(pictures(stream.frames()) == std::vector<unsigned>{16, 20});
    CHECK(stream.keyFrameRequests == 1);
  }
  SECTION("TL0PICIDX wraps") {
    std::size_t frames = 0;
    for (unsigned i = 0; i < 300; ++i) {
      stream.lose();
      stream.send(layered(false, static_cast<std::uint16_t>(17 + 2 * i), static_cast<std::uint8_t>(3 + i), 0, false),
                  100 + i);
      frames += stream.frames().size();
    }
    CHECK(frames == 300);
  }
}

TEST_CASE("Frames: picture IDs of 7 and of 15 bits wrap without a hole, and a picture lost there is noticed",
          "[rtp][frames]") {
  const bool isLong = GENERATE(false, true);
  CAPTURE(isLong);
  const unsigned period = isLong ? 0x8000 : 0x80;
  Stream stream("VP8");
  unsigned id = period - 3;
  // Packets of padding are lost before each, so that only the picture IDs show that no picture is missing.
  const auto send = [&](bool isKey, std::uint32_t timestamp) {
    const unsigned value = id % period;
    Octets payload = hex("9080");  // X and S; I
    if (isLong) payload.push_back(static_cast<std::uint8_t>(0x80 | value >> 8));
    payload.push_back(static_cast<std::uint8_t>(value));
    stream.lose();
    stream.deliver({payload + vp8Frame(isKey, 40), true}, timestamp);
    ++id;
  };
  for (unsigned i = 0; i < 6; ++i) send(i == 0, i);
  CHECK(pictures(stream.frames()) == std::vector<unsigned>{period - 3, period - 2, period - 1, 0, 1, 2});
  CHECK(stream.keyFrameRequests == 0);

  id = period - 1;
  send(true, 10);
  ++id;  // 0 is lost.
  send(false, 12);
  CHECK(pictures(stream.frames()) == std::vector<unsigned>{period - 1});
  CHECK(stream.keyFrameRequests == 1);
}

TEST_CASE("Frames: the dependency descriptor says where frames begin and end and what they need", "[rtp][frames]") {
  Stream stream("AV1");
  // One element each: an OBU of type frame.
  const Sent packet{hex("1030141e28"), false};
  auto send = [&](std::uint64_t id, std::vector<std::uint16_t> differences, std::uint8_t spatial, std::uint8_t temporal,
                  std::uint32_t timestamp) {
    FrameDependency dependency;
    dependency.startOfFrame = dependency.endOfFrame = true;
    dependency.frameId = id;
    dependency.differences = differences;
    dependency.keyFrame = differences.empty();
    dependency.spatialIndex = spatial;
    dependency.temporalIndex = temporal;
    stream.dependency = dependency;
    stream.deliver({packet.payload, spatial == 1}, timestamp);
  };
  send(100, {}, 0, 0, 1);
  send(101, {1}, 1, 0, 1);
  auto frames = stream.frames();
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].frameId == 100);
  CHECK_FALSE(frames[0].endOfPicture);
  CHECK(frames[1].dependencies == std::vector<std::uint64_t>{100});
  CHECK(frames[1].spatialIndex == 1);
  CHECK(frames[1].endOfPicture);
  stream.lose(2);  // 102 and 103, temporal layer 1
  send(104, {4}, 0, 0, 3);
  send(105, {1, 4}, 1, 0, 3);
  send(106, {4}, 0, 1, 4);  // Depends on 102.
  send(108, {4}, 0, 0, 5);
  frames = stream.frames();
  REQUIRE(frames.size() == 3);
  CHECK(frames[2].frameId == 108);
  CHECK(stream.keyFrameRequests == 0);
}

TEST_CASE("Frames: what a packet's header and extensions say is in its frame", "[rtp][frames]") {
  Stream stream("VP8");
  const auto sent = stream.packetize(key());
  const std::uint32_t csrcs[] = {5, 6};
  MediaPacket packet;
  packet.sequence = 0x1ffff;
  packet.timestamp = 4;
  packet.ssrc = 99;
  packet.payloadType = 96;
  packet.marker = true;
  packet.payload = sent[0].payload;
  packet.csrcs = csrcs;
  packet.rid = "hi";
  packet.rotation = std::uint16_t{90};
  packet.senderCaptureTime = 77;
  stream.assembler.handle(packet, Time{std::chrono::seconds(3)});
  const auto frame = stream.frame();
  REQUIRE(frame);
  CHECK(frame->synchronizationSource == 99);
  CHECK(frame->contributingSources == std::vector<std::uint32_t>{5, 6});
  CHECK(frame->rid == "hi");
  CHECK(frame->rotation == 90);
  CHECK(frame->senderCaptureTime == 77u);
  CHECK(frame->receiveTime == Time{std::chrono::seconds(3)});
  CHECK(frame->sequenceNumber == 0xffff);
  CHECK(frame->payloadType == 96);
}

TEST_CASE("Frames: the orientation that only the last packet has is the frame's", "[rtp][frames]") {
  Stream stream("VP8");
  const auto sent = stream.packetize(key(300));
  for (const auto& one : sent) {
    MediaPacket packet;
    packet.sequence = stream.sequence++;
    packet.payloadType = 96;
    packet.marker = one.marker;
    packet.payload = one.payload;
    if (one.marker) packet.rotation = std::uint16_t{270};
    stream.assembler.handle(packet, stream.now);
  }
  const auto frame = stream.frame();
  REQUIRE(frame);
  CHECK(frame->rotation == 270);
}

TEST_CASE("Frames: the captured streams of the collection give frames without a hole", "[rtp][frames]") {
  struct Case {
    const char* file;
    const char* codec;
  };
  for (const auto& c : {Case{"vp8/vp8.rtpdump", "VP8"}, Case{"vp9/vp9.rtpdump", "VP9"}}) {
    const auto path = std::string(PARLEY_STANDARDS) + "/vectors/corpora/rtpdump-corpus/" + c.file;
    if (!std::ifstream(PARLEY_STANDARDS "/README.md")) {
      WARN("no collection at " PARLEY_STANDARDS ": " << c.file << " is NOT checked");
      continue;
    }
    CAPTURE(path);
    std::ifstream in(path, std::ios::binary);
    REQUIRE(in);
    const std::vector<char> text((std::istreambuf_iterator<char>(in)), {});
    const auto file = octets(base::asBytes({text.data(), text.size()}));
    const auto newline = std::find(file.begin(), file.end(), '\n');
    REQUIRE(newline != file.end());
    base::Reader reader(base::Bytes(file).subspan(static_cast<std::size_t>(newline - file.begin()) + 1 + 16));

    Stream stream(c.codec);
    std::uint64_t packets = 0;
    std::uint64_t markers = 0;
    std::optional<std::uint16_t> last;
    std::uint64_t sequence = 0;
    std::vector<EncodedFrame> frames;
    while (reader.remaining() >= 8) {
      const std::size_t length = reader.u16() - 8u;
      reader.u16();
      reader.u32();
      const auto bytes = reader.take(length);
      if (bytes.size() < 12 || (bytes[0] & 0xc0) != 0x80 || (bytes[1] >= 192 && bytes[1] < 224)) continue;
      std::size_t header = 12 + 4 * (bytes[0] & 15u);
      if ((bytes[0] & 0x10) != 0) header += 4 + 4 * base::load16(&bytes[header + 2]);
      std::size_t padding = (bytes[0] & 0x20) != 0 ? bytes.back() : 0;
      REQUIRE(header + padding <= bytes.size());
      const auto number = base::load16(&bytes[2]);
      if (last) sequence += static_cast<std::uint16_t>(number - *last);
      last = number;
      if (packets == 0) stream.assembler.setCodec(bytes[1] & 0x7f, std::string("video/") + c.codec, {c.codec, {}, 0});
      MediaPacket packet;
      packet.sequence = sequence;
      packet.timestamp = base::load32(&bytes[4]);
      packet.payloadType = bytes[1] & 0x7f;
      packet.marker = (bytes[1] & 0x80) != 0;
      packet.payload = bytes.subspan(header, bytes.size() - header - padding);
      stream.assembler.handle(packet, stream.now);
      for (auto& frame : stream.frames()) frames.push_back(std::move(frame));
      ++packets;
      if (packet.marker) ++markers;
    }
    CHECK(packets > 50);
    CHECK(markers > 0);
    CHECK(frames.size() == markers);
    REQUIRE_FALSE(frames.empty());
    CHECK(frames[0].type == EncodedFrameType::Key);
    CHECK(frames[0].width > 0);
  }
}
