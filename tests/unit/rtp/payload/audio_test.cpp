#include "helpers.hpp"
#include "rtp/payload/red.hpp"
#include "rtp/payload/telephone_event.hpp"

using namespace parley;
using namespace parley::rtp::payload;
using namespace parley::rtp::payload::test;
using namespace std::chrono_literals;

TEST_CASE("Audio: a packet is a frame, and the marker bit begins a talkspurt", "[rtp][audio]") {
  for (const char* name : {"opus", "PCMU", "PCMA", "G722", "CN", "telephone-event"}) {
    Stream stream(MediaKind::Audio, {name, {}, 0});
    auto frame = frameOf(noise(80));
    frame.startsTalkspurt = true;
    stream.send(frame, 960);
    stream.lose(3);
    frame.startsTalkspurt = false;
    stream.send(frame, 4800);
    const auto frames = stream.frames();
    REQUIRE(frames.size() == 2);
    CHECK(frames[0].kind == MediaKind::Audio);
    CHECK(frames[0].type == EncodedFrameType::Key);
    CHECK(frames[0].startsTalkspurt);
    CHECK_FALSE(frames[1].startsTalkspurt);
    CHECK(octets(frames[1].data.bytes()) == noise(80));
    CHECK(frames[1].sequenceNumber == static_cast<std::uint16_t>(65530 + 4));
    CHECK(stream.packetizer->start(frameOf(noise(101)), {100, 0, 0}).error() == PacketizeError::TooLarge);
  }
}

TEST_CASE("Formats: names are compared without case, and those that carry no frames have none", "[rtp][audio]") {
  CHECK(makePacketizer({"OPUS", {}, 0}));
  CHECK(makeDepacketizer({"av1", {}, 0}));
  for (const char* name : {"rtx", "ulpfec", "flexfec-03", "speex", ""}) {
    CHECK_FALSE(makePacketizer({name, {}, 0}));
    CHECK_FALSE(makeDepacketizer({name, {}, 0}));
  }
  CHECK_FALSE(makePacketizer({"red", "", 0}));
  CHECK_FALSE(makePacketizer({"red", "111/", 0}));
  CHECK_FALSE(makePacketizer({"red", "111;5", 0}));
  CHECK_FALSE(makePacketizer({"red", "200", 0}));
}

TEST_CASE("RED: the layout of RFC 2198 section 3", "[rtp][red]") {
  auto packetizer = makePacketizer({"red", "5/7", 0});
  auto first = frameOf(hex("aabb"));
  first.rtpTimestamp = 1000;
  CHECK(payloadsOf(*packetizer, first, {100, 0, 0})[0].payload == hex("05aabb"));
  auto second = frameOf(hex("ccdd"));
  second.rtpTimestamp = 1160;
  // F=1 PT=7, offset 160, length 2; F=0 PT=5.
  const auto payload = payloadsOf(*packetizer, second, {100, 0, 0})[0].payload;
  CHECK(payload == hex("87028002" "05" "aabb" "ccdd"));
  std::vector<RedBlock> blocks;
  REQUIRE(parseRed(payload, blocks));
  REQUIRE(blocks.size() == 2);
  CHECK(blocks[0].payloadType == 7);
  CHECK(blocks[0].timestampOffset == 160);
  CHECK(octets(blocks[0].data) == hex("aabb"));
  CHECK(blocks[1].payloadType == 5);
  CHECK(octets(blocks[1].data) == hex("ccdd"));
}

TEST_CASE("RED: broken payloads are refused", "[rtp][red]") {
  std::vector<RedBlock> blocks;
  for (const char* payload : {"", "87", "870280", "87028002", "8702800205aa"}) {
    CAPTURE(payload);
    CHECK_FALSE(parseRed(hex(payload), blocks));
  }
  CHECK_FALSE(parseRed(Octets(4 * 40, 0x80) + hex("05"), blocks));
}

TEST_CASE("RED: a copy that is too old, too large or does not fit stays at home", "[rtp][red]") {
  auto packetizer = makePacketizer({"red", "111/111/111", 0});
  auto send = [&](std::size_t size, std::uint32_t timestamp, std::size_t limit = 1400) {
    auto frame = frameOf(noise(size));
    frame.rtpTimestamp = timestamp;
    const auto sent = payloadsOf(*packetizer, frame, {limit, 0, 0});
    std::vector<RedBlock> blocks;
    REQUIRE(parseRed(sent[0].payload, blocks));
    return blocks.size();
  };
  CHECK(send(100, 0) == 1);
  CHECK(send(100, 960) == 2);
  CHECK(send(100, 1920) == 3);
  CHECK(send(100, 2880, 250) == 2);
  CHECK(send(1100, 3840) == 3);
  CHECK(send(100, 4800) == 1);    // 1100 bytes do not fit ten bits.
  CHECK(send(100, 30000) == 1);   // 25200 does not fit fourteen.
}

TEST_CASE("RED: a lost frame is restored once, in its place", "[rtp][red]") {
  Stream stream(MediaKind::Audio, {"opus", {}, 0});
  stream.packetizer = makePacketizer({"red", "96/96/96", 0});
  stream.assembler.setCodec(63, "audio/red", {"red", "96/96/96", 0});
  std::uint64_t sequence = 5;
  auto send = [&](std::uint32_t timestamp, bool arrives) {
    auto frame = frameOf(noise(20, timestamp));
    frame.rtpTimestamp = timestamp;
    const auto sent = stream.packetize(frame)[0];
    MediaPacket packet;
    packet.sequence = sequence++;
    packet.timestamp = timestamp;
    packet.payloadType = 63;
    packet.payload = sent.payload;
    packet.audioLevel = std::uint8_t{40};
    if (arrives) stream.assembler.handle(packet, stream.now);
  };
  send(0xfffffc40, true);
  send(0, true);
  send(960, false);
  send(1920, false);
  send(2880, true);
  send(3840, true);
  const auto frames = stream.frames();
  REQUIRE(frames.size() == 6);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const auto timestamp = static_cast<std::uint32_t>(0xfffffc40 + 960 * i);
    CHECK(frames[i].rtpTimestamp == timestamp);
    CHECK(octets(frames[i].data.bytes()) == noise(20, timestamp));
    CHECK(frames[i].redundant == (i == 2 || i == 3));
    CHECK(frames[i].sequenceNumber.has_value() != frames[i].redundant);
    CHECK(frames[i].audioLevel.has_value() != frames[i].redundant);
    CHECK(frames[i].mimeType == "audio/opus");
  }
}

TEST_CASE("Telephone events: four octets as RFC 4733 section 2.3 has them", "[rtp][dtmf]") {
  const TelephoneEvent event{11, true, 7, 0x1234};
  CHECK(octets(event.write()) == hex("0b871234"));
  const auto read = TelephoneEvent::parse(hex("0b871234"));
  REQUIRE(read);
  CHECK(read->event == 11);
  CHECK(read->end);
  CHECK(read->volume == 7);
  CHECK(read->duration == 0x1234);
  CHECK_FALSE(TelephoneEvent::parse(hex("0b8712")));
  CHECK(dtmfEvent('9') == 9);
  CHECK(dtmfEvent('#') == 11);
  CHECK(dtmfEvent('d') == 15);
  CHECK_FALSE(dtmfEvent(','));
  CHECK(dtmfTone(10) == '*');
  CHECK_FALSE(dtmfTone(16));
}

namespace {

struct Played {
  std::vector<std::pair<Duration, EncodedFrame>> reports;
  std::optional<Duration> finished;
};

Played run(TelephoneEventSender& sender, Time begin) {
  Played played;
  for (Time now = begin;;) {
    sender.advance(now);
    while (auto output = sender.poll()) {
      if (auto* frame = std::get_if<EncodedFrame>(&*output))
        played.reports.emplace_back(now - begin, std::move(*frame));
      else
        played.finished = now - begin;
    }
    if (sender.deadline() == never) return played;
    REQUIRE(sender.deadline() > now);
    now = sender.deadline();
  }
}

}  // namespace

TEST_CASE("Telephone events: an event is reported while it lasts and its end three times", "[rtp][dtmf]") {
  TelephoneEventSender sender(8000);
  const Time begin{5s};
  sender.play(3, 120ms, 10, 777, begin);
  const auto played = run(sender, begin);
  const std::vector<std::pair<Duration, unsigned>> due = {{50ms, 400}, {100ms, 800}, {120ms, 960}, {170ms, 960}, {220ms, 960}};
  REQUIRE(played.reports.size() == due.size());
  for (std::size_t i = 0; i < due.size(); ++i) {
    const auto& [at, frame] = played.reports[i];
    const auto event = TelephoneEvent::parse(frame.data.bytes());
    REQUIRE(event);
    CHECK(at == due[i].first);
    CHECK(event->duration == due[i].second);
    CHECK(event->event == 3);
    CHECK(event->end == (i >= 2));
    CHECK(frame.rtpTimestamp == 777);
    CHECK(frame.startsTalkspurt == (i == 0));
  }
  CHECK(played.finished == Duration(220ms));
  CHECK_FALSE(sender.playing());
}

TEST_CASE("Telephone events: an event of more than 65535 units goes on in another segment", "[rtp][dtmf]") {
  TelephoneEventSender sender(48000);
  sender.play(1, 2s, 10, 0xfffffff0, Time{});
  const auto played = run(sender, Time{});
  std::uint64_t total = 0;
  std::uint32_t timestamp = 0xfffffff0;
  unsigned longest = 0;
  for (const auto& [at, frame] : played.reports) {
    const auto event = TelephoneEvent::parse(frame.data.bytes());
    if (frame.rtpTimestamp != timestamp) {
      CHECK(longest == 0xffff);
      CHECK(frame.rtpTimestamp - timestamp == 0xffff);
      total += longest;
      timestamp = frame.rtpTimestamp;
      longest = 0;
    }
    CHECK(event->duration >= longest);
    longest = event->duration;
  }
  CHECK(total + longest == 96000);
}

TEST_CASE("Telephone events: an event can be cut short", "[rtp][dtmf]") {
  TelephoneEventSender sender(8000);
  sender.play(1, 6s, 10, 0, Time{});
  sender.advance(Time{60ms});
  sender.stop(Time{75ms});
  const auto played = run(sender, Time{75ms});
  REQUIRE(played.finished);
  CHECK(TelephoneEvent::parse(played.reports.back().second.data.bytes())->duration == 600);
}
