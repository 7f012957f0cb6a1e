#include "two_planes.hpp"

#include <memory>

using namespace parley;
using namespace parley::test;

TEST_CASE("frames arrive as they were, in order") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  play(planes, 60);
  planes.runFor(100ms);
  REQUIRE(planes.frames.size() == 60);
  for (std::size_t i = 0; i < 60; ++i) {
    CHECK(planes.frames[i].data.size() == 5000);
    CHECK(planes.frames[i].data.bytes()[4000] == i);
    CHECK(planes.frames[i].mimeType == "video/VP8");
  }
  CHECK(planes.frames[0].type == EncodedFrameType::Key);
  CHECK(planes.frames[0].width == 640);
  CHECK(planes.frames[1].rtpTimestamp - planes.frames[0].rtpTimestamp == 3000);
  CHECK(planes.frames[0].synchronizationSource == videoSsrc);
  REQUIRE(planes.flows.size() == 1);
  CHECK(planes.flows[0].flows);
  CHECK(planes.inbound().values.packetsLost == 0);
  CHECK(planes.inbound().values.nackCount == 0);
  CHECK(planes.inbound().cname == "a");
  CHECK(planes.planeB.stats().drops.total() == 0);
}

TEST_CASE("reports measure the round trip on both sides, and say what was received") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  play(planes, 150);
  const auto sent = planes.outbound().values;
  REQUIRE(sent.remote);
  REQUIRE(sent.remote->roundTripTime);
  CHECK(*sent.remote->roundTripTime >= 49ms);
  CHECK(*sent.remote->roundTripTime <= 52ms);
  CHECK(sent.remote->packetsLost == 0);
  // The receiver sends nothing, and measures by RRTR and DLRR.
  REQUIRE(planes.planeB.stats().roundTripTime);
  CHECK(*planes.planeB.stats().roundTripTime >= 49ms);
  CHECK(*planes.planeB.stats().roundTripTime <= 52ms);
  REQUIRE(planes.inbound().values.remote);
  CHECK(planes.inbound().values.remote->packetsSent > 500);
  // One report a second each way, not more.
  CHECK(planes.count[0][1] >= 3);
  CHECK(planes.count[0][1] <= 11);
}

TEST_CASE("a tenth of all packets lost: retransmission brings all of them back") {
  for (const bool rtx : {true, false}) {
    INFO("rtx " << rtx);
    TwoPlanes planes;
    // Of the first frame nothing: what comes before the first packet nobody can know of.
    planes.lose = [&](bool, bool rtcp, int number) { return !rtcp && number >= 5 && planes.random.below(10) == 0; };
    planes.planVideo(rtx);
    planes.connect();
    play(planes, 300);
    planes.runFor(1s);
    CHECK(planes.frames.size() >= 295);
    for (std::size_t i = 1; i < planes.frames.size(); ++i)
      CHECK(planes.frames[i].rtpTimestamp > planes.frames[i - 1].rtpTimestamp);
    CHECK(planes.outbound().values.retransmittedPacketsSent > 100);
    // No more often than needed: what is lost, and lost again, and a few that were asked for twice.
    CHECK(planes.outbound().values.retransmittedPacketsSent < 250);
    CHECK((planes.inbound().values.retransmittedPacketsReceived > 80) == rtx);
    CHECK(planes.inbound().values.pliCount <= 2);
  }
}

TEST_CASE("packets that overtake each other are put in order, and are not asked for again and again") {
  TwoPlanes planes;
  planes.delay = [&](bool toB, bool rtcp, int) {
    return toB && !rtcp && planes.random.below(4) == 0 ? Duration(6ms) : Duration(0ms);
  };
  planes.planVideo();
  planes.connect();
  play(planes, 300);
  planes.runFor(100ms);
  CHECK(planes.frames.size() == 300);
  CHECK(planes.inbound().values.packetsLost == 0);
  CHECK(planes.outbound().values.retransmittedPacketsSent < 30);
}

TEST_CASE("a key frame that is lost for good is asked for, and the stream goes on with the next") {
  TwoPlanes planes;
  int rtp = 0;
  planes.lose = [&](bool toB, bool rtcp, int) { return toB && !rtcp && rtp++ < 5; };
  auto receives = section(video, "v", MediaKind::Video), sends = receives;
  auto codecs = videoCodecs(false);
  codecs[0].feedback = {{"nack", "pli"}};
  sends.sending = pc::PlannedSending{codecs, extensions(), {{}}, std::nullopt};
  sends.sending->encodings[0].ssrc = videoSsrc;
  receives.receiving = pc::PlannedReceiving{codecs, extensions(), {}, {}};
  planes.plan({sends}, {receives});
  planes.connect();
  play(planes, 30);
  planes.runFor(100ms);
  CHECK(planes.inbound().values.pliCount == 1);
  REQUIRE(planes.frames.size() > 20);
  CHECK(planes.frames[0].type == EncodedFrameType::Key);
  CHECK(planes.outbound().values.nackCount == 0);
}

TEST_CASE("where PLI was not agreed on, FIR asks for a key frame") {
  TwoPlanes planes;
  auto receives = section(video, "v", MediaKind::Video), sends = receives;
  auto codecs = videoCodecs(false);
  codecs[0].feedback = {{"ccm", "fir"}};
  sends.sending = pc::PlannedSending{codecs, extensions(), {{}}, std::nullopt};
  sends.sending->encodings[0].ssrc = videoSsrc;
  receives.receiving = pc::PlannedReceiving{codecs, extensions(), {}, {}};
  planes.plan({sends}, {receives});
  planes.connect();
  planes.send(vp8(false, 3000, 500, 0));
  planes.runFor(150ms);
  REQUIRE(planes.wanted.size() == 1);
  CHECK(planes.wanted[0].transceiver == video);
  CHECK(planes.outbound().values.firCount == 1);
  CHECK(planes.outbound().values.pliCount == 0);
}

TEST_CASE("requests while no key frame comes are rare") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  for (std::uint32_t i = 0; i < 300; ++i) {
    planes.send(vp8(false, 3000 * (i + 1), 500, 0));
    planes.runFor(33ms);
  }
  CHECK(planes.frames.empty());
  CHECK(planes.inbound().values.pliCount >= 5);
  CHECK(planes.inbound().values.pliCount <= 10);
}

TEST_CASE("frame numbers of the dependency descriptor wrap without a hole, and a frame lost there is noticed") {
  using namespace rtp::extension;
  // One layer, each frame refers to the one before.
  auto structure = std::make_shared<DependencyStructure>();
  FrameDependencies key, delta;
  key.indications = delta.indications = {DecodeTargetIndication::Switch};
  delta.differences[delta.differenceCount++] = 1;
  structure->templates = {key, delta};
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  const auto sendFrame = [&](std::uint16_t number, bool first) {
    DependencyDescriptor descriptor;
    descriptor.structure = structure;
    descriptor.bringsStructure = first;
    descriptor.frameNumber = number;
    descriptor.dependencies = first ? key : delta;
    descriptor.templateId = first ? 0 : 1;
    auto frame = vp8(first, 3000u * number, 500, static_cast<std::uint8_t>(number));
    frame.dependencyDescriptor.resize(dependencyDescriptorSize(descriptor));
    writeDependencyDescriptor(descriptor, frame.dependencyDescriptor);
    planes.send(frame);
    planes.runFor(33ms);
  };
  const bool lost = GENERATE(false, true);
  for (std::uint32_t i = 0; i < 8; ++i)
    if (const auto number = static_cast<std::uint16_t>(0xfffc + i); !lost || number != 0) sendFrame(number, i == 0);
  planes.runFor(100ms);
  CHECK(planes.frames.size() == (lost ? 4 : 8));
  CHECK(planes.wanted.empty() == !lost);
}

TEST_CASE("two minutes of silence and a wrap of all numbers later the stream still goes") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  // Small frames, many: 70 000 packets wrap the sequence numbers, of SRTP as well.
  for (std::uint32_t i = 0; i < 70'000; ++i) {
    planes.send(vp8(i == 0, 0xffff0000 + i * 90, 100, static_cast<std::uint8_t>(i)));
    planes.runFor(1ms);
  }
  planes.runFor(100ms);
  CHECK(planes.frames.size() == 70'000);
  planes.runFor(120s);
  const auto before = planes.frames.size();
  planes.send(vp8(true, 5, 3000, 1));
  planes.runFor(100ms);
  CHECK(planes.frames.size() == before + 1);
  // It stopped, and flows again.
  REQUIRE(planes.flows.size() == 3);
  CHECK_FALSE(planes.flows[1].flows);
  CHECK(planes.flows[2].flows);
}

TEST_CASE("an outage of two seconds costs what was in it, and a key frame") {
  TwoPlanes planes;
  bool out = false;
  planes.lose = [&](bool, bool, int) { return out; };
  planes.planVideo();
  planes.connect();
  play(planes, 60);
  out = true;
  play(planes, 60, 60);
  out = false;
  planes.frames.clear();
  play(planes, 90, 120);
  planes.runFor(1s);
  CHECK(planes.frames.size() >= 60);
  CHECK(planes.inbound().values.pliCount >= 1);
}

TEST_CASE("packets that arrive before the keys are held, as many as it may be") {
  TwoPlanes planes;
  planes.planVideo();
  std::vector<std::vector<std::uint8_t>> datagrams;
  TwoPlanes sender;  // Its keys are the same.
  sender.planVideo();
  sender.connect();
  dtls::SrtpKeys keys;
  keys.profile = dtls::SrtpProfile::AeadAes128Gcm;
  keys.localKey = std::vector<std::uint8_t>(16, 3);
  keys.localSalt = std::vector<std::uint8_t>(12, 4);
  keys.remoteKey = std::vector<std::uint8_t>(16, 1);
  keys.remoteSalt = std::vector<std::uint8_t>(12, 2);
  sender.planeA.sendFrame(video, vp8(true, 3000, 5000, 7), sender.now);
  while (auto output = sender.planeA.poll())
    if (auto* packet = std::get_if<MediaPlane::Transmit>(&*output)) {
      std::vector<std::uint8_t> bytes(packet->packet.bytes().begin(), packet->packet.bytes().end());
      planes.planeB.handle(bytes, planes.now);
    }
  planes.settle();
  CHECK(planes.frames.empty());
  planes.planeB.start(keys, planes.now);
  planes.settle();
  REQUIRE(planes.frames.size() == 1);
  CHECK(planes.frames[0].data.size() == 5000);
}

TEST_CASE("a section on hold goes on with its numbers when it sends again") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  play(planes, 30);
  planes.runFor(100ms);
  const auto held = section(video, "v", MediaKind::Video);
  auto receives = held;
  receives.receiving = pc::PlannedReceiving{videoCodecs(), extensions(), {}, {}};
  planes.plan({held}, {receives});
  planes.send(vp8(true, 300'000, 500, 1));
  planes.runFor(100ms);
  CHECK(planes.frames.size() == 30);
  CHECK(planes.planeA.stats().drops[pc::MediaDrop::NotSending] == 1);
  planes.planVideo();
  planes.send(vp8(true, 400'000, 500, 1));
  planes.runFor(100ms);
  CHECK(planes.frames.size() == 31);
  CHECK(planes.inbound().values.packetsLost == 0);
  CHECK(planes.planeB.stats().received.total() == 0);
}

TEST_CASE("audio arrives with its level, and without any wait for what was lost") {
  TwoPlanes planes;
  auto sends = section(audio, "a", MediaKind::Audio), receives = sends;
  const std::vector<pc::PlannedCodec> codecs{codec(111, "opus", 48000, 2)};
  pc::PlannedEncoding encoding;
  encoding.ssrc = audioSsrc;
  sends.sending = pc::PlannedSending{codecs, extensions(), {encoding}, std::nullopt};
  receives.receiving = pc::PlannedReceiving{codecs, extensions(), {}, {}};
  planes.plan({sends}, {receives});
  planes.connect();
  planes.lose = [](bool toB, bool rtcp, int number) { return toB && !rtcp && number % 10 == 5; };
  for (std::uint32_t i = 0; i < 100; ++i) {
    auto frame = opus(960 * (i + 1), static_cast<std::uint8_t>(i));
    frame.audioLevel = 30;
    frame.voiceActivity = true;
    planes.send(frame, audio);
    planes.runFor(20ms);
  }
  planes.runFor(100ms);
  REQUIRE(planes.frames.size() == 90);
  CHECK(planes.frames[50].audioLevel == 30);
  CHECK(planes.frames[50].voiceActivity == true);
  CHECK(planes.frames[50].kind == MediaKind::Audio);
  CHECK(planes.inbound().values.packetsLost == 10);
  CHECK(planes.inbound().values.nackCount == 0);
  // 0.1 of what was sent, in the report of it.
  REQUIRE(planes.outbound().values.remote);
  CHECK(planes.outbound().values.remote->fractionLost > 0.05);
  CHECK(planes.outbound().values.remote->fractionLost < 0.15);
}

TEST_CASE("redundancy that is preferred brings back audio that was lost, without a request") {
  TwoPlanes planes;
  const bool preferred = GENERATE(true, false);
  auto sends = section(audio, "a", MediaKind::Audio), receives = sends;
  auto red = codec(63, "red", 48000, 2);
  red.parameters = "111/111";
  std::vector<pc::PlannedCodec> codecs{codec(111, "opus", 48000, 2), red};
  if (preferred) std::swap(codecs[0], codecs[1]);
  pc::PlannedEncoding encoding;
  encoding.ssrc = audioSsrc;
  sends.sending = pc::PlannedSending{codecs, extensions(), {encoding}, std::nullopt};
  receives.receiving = pc::PlannedReceiving{codecs, extensions(), {}, {}};
  planes.plan({sends}, {receives});
  planes.connect();
  planes.lose = [](bool toB, bool rtcp, int number) { return toB && !rtcp && number % 3 == 1; };
  for (std::uint8_t i = 0; i < 90; ++i) {
    planes.send(opus(960u * i, i), audio);
    planes.runFor(20ms);
  }
  planes.runFor(1s);
  CHECK(planes.frames.size() == (preferred ? 90 : 60));
  std::size_t restored = 0;
  for (std::size_t i = 0; i < planes.frames.size(); ++i) {
    const EncodedFrame& frame = planes.frames[i];
    restored += frame.redundant;
    CHECK(frame.mimeType == "audio/opus");
    if (preferred) CHECK(frame.data.bytes()[0] == i);
  }
  CHECK(restored == (preferred ? 30 : 0));
}

TEST_CASE("a peer from which nothing comes back is not sent to for ever") {
  TwoPlanes planes;
  planes.lose = [](bool toB, bool, int) { return !toB; };
  planes.planVideo();
  planes.connect();
  play(planes, 30 * 20);
  CHECK(planes.planeA.stats().drops[pc::MediaDrop::CircuitOpen] > 100);
  const int sent = planes.count[1][0];
  play(planes, 30, 600);
  CHECK(planes.count[1][0] == sent);
}

TEST_CASE("frames tell when they were captured, and those between them know it too") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  const Time first = planes.now;
  for (std::uint32_t i = 0; i < 60; ++i) {
    auto frame = vp8(i == 0, i * 3000, 500, static_cast<std::uint8_t>(i));
    frame.captureTime = first + i * 33333333ns;
    planes.send(frame);
    planes.runFor(33ms);
  }
  planes.runFor(100ms);
  REQUIRE(planes.frames.size() == 60);
  for (int i = 1; i < 60; ++i) {
    REQUIRE(planes.frames[static_cast<std::size_t>(i)].senderCaptureTime);
    const auto since = rtp::unixFromNtp({*planes.frames[static_cast<std::size_t>(i)].senderCaptureTime}) -
                       rtp::unixFromNtp({*planes.frames[0].senderCaptureTime});
    CHECK(std::chrono::abs(since - i * 33333333ns) < 1ms);
  }
  // Three in two seconds carry it.
  CHECK(planes.outbound().values.headerBytesSent < 60 * 40);
}

TEST_CASE("damaged and random datagrams are dropped and change nothing") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  for (int i = 0; i < 2000; ++i) {
    std::vector<std::uint8_t> bytes(planes.random.below(200) + 1);
    planes.random.fill(bytes);
    bytes[0] = static_cast<std::uint8_t>(0x80 | (bytes[0] & 0x3f));
    planes.planeB.handle(bytes, planes.now);
  }
  planes.settle();
  CHECK(planes.frames.empty());
  CHECK(planes.planeB.stats().inbound.empty());
  CHECK(planes.planeB.stats().received.total() == 2000);
}

TEST_CASE("feedback on arrivals goes back each fiftieth of a second while packets come") {
  const auto arrivals = GENERATE(Arrivals::TransportWide, Arrivals::Rfc8888);
  TwoPlanes planes;
  planes.planVideo(true, arrivals);
  planes.connect();
  play(planes, 60);
  // 30 frames a second, and 50 ms from the first packet that waits: each second frame, and a report now and then.
  CHECK(planes.count[0][1] >= 29);
  CHECK(planes.count[0][1] <= 35);
  const int before = planes.count[0][1];
  planes.runFor(10s);
  CHECK(planes.count[0][1] - before <= 15);
}

TEST_CASE("by feedback on arrivals the sender learns what the path carries, and probes for what it wants") {
  const auto arrivals = GENERATE(Arrivals::TransportWide, Arrivals::Rfc8888);
  TwoPlanes planes;
  planes.planVideo(true, arrivals);
  planes.connect();
  CHECK_FALSE(planes.planeA.stats().availableOutgoingBitrate);
  play(planes, 60);
  REQUIRE(planes.planeA.stats().availableOutgoingBitrate);
  const double modest = *planes.planeA.stats().availableOutgoingBitrate;
  CHECK(modest < 1e6);
  REQUIRE_FALSE(planes.bitrates.empty());
  CHECK(planes.bitrates.back().transceiver == video);
  planes.planVideo(true, arrivals, 5'000'000);
  play(planes, 90);
  // This path has no bottleneck: each probe is answered as fast as it was sent.
  CHECK(*planes.planeA.stats().availableOutgoingBitrate > 4e6);
  CHECK(planes.bitrates.back().bitsPerSecond > 4'000'000);
  CHECK(planes.outbound().values.retransmittedPacketsSent >= 5);
  // What was sent twice is not shown twice.
  CHECK(planes.frames.size() == 150);
}

TEST_CASE("tones are played one after the other, and told") {
  TwoPlanes planes;
  auto sends = section(audio, "a", MediaKind::Audio), receives = sends;
  const std::vector<pc::PlannedCodec> codecs{codec(111, "opus", 48000, 2), codec(110, "telephone-event", 48000)};
  pc::PlannedEncoding encoding;
  encoding.ssrc = audioSsrc;
  sends.sending = pc::PlannedSending{codecs, extensions(), {encoding}, std::nullopt};
  receives.receiving = pc::PlannedReceiving{codecs, extensions(), {}, {}};
  planes.plan({sends}, {receives});
  planes.connect();
  planes.send(opus(960, 1), audio);
  planes.planeA.insertTones(audio, "1,#", 100ms, 70ms, planes.now);
  planes.settle();
  CHECK(planes.tones == std::vector<std::string>{"1"});
  planes.runFor(1s);
  CHECK(planes.tones == std::vector<std::string>{"1", ","});
  planes.runFor(5s);
  CHECK(planes.tones == std::vector<std::string>{"1", ",", "#", ""});
  int events = 0;
  for (const auto& frame : planes.frames)
    if (frame.mimeType == "audio/telephone-event") ++events;
  CHECK(events >= 2);
}
