// Who a packet is of: SSRCs and RIDs, and what becomes of them (RFC 3550 s.6.6 and s.8.2, RFC 8852).
#include "two_planes.hpp"

#include <iterator>
#include <map>
#include <set>
#include <string>

using namespace parley;
using namespace parley::test;

TEST_CASE("of simulcast, nothing is done with a stream before it says its name, and all is well then") {
  TwoPlanes planes;
  auto receives = section(video, "v", MediaKind::Video), sends = receives;
  std::vector<pc::PlannedEncoding> encodings(2);
  for (std::size_t i = 0; i < 2; ++i) {
    encodings[i].rid = i == 0 ? "hi" : "lo";
    encodings[i].ssrc = static_cast<std::uint32_t>(0x100 + 2 * i);
    encodings[i].rtxSsrc = encodings[i].ssrc + 1;
  }
  // The names come late: at first the sender writes no header extensions.
  sends.sending = pc::PlannedSending{videoCodecs(), {}, encodings, std::nullopt};
  receives.receiving = pc::PlannedReceiving{videoCodecs(), extensions(), {}, {"hi", "lo"}};
  planes.plan({sends}, {receives});
  planes.connect();
  std::uint32_t number = 0;
  const auto sendSome = [&](int count, bool key) {
    for (int i = 0; i < count; ++i, ++number) {
      for (const char* rid : {"hi", "lo"}) {
        auto frame = vp8(key && i == 0, 3000 * (number + 1), 2500, static_cast<std::uint8_t>(number));
        frame.rid = rid;
        planes.send(frame);
      }
      planes.runFor(33ms);
    }
  };
  sendSome(10, true);
  CHECK(planes.frames.empty());
  CHECK(planes.planeB.stats().inbound.empty());
  CHECK(planes.planeB.stats().drops[pc::MediaDrop::NoSection] > 0);

  // In the middle of a group of pictures: a key frame of each is asked for.
  sends.sending->extensions = extensions();
  planes.plan({sends}, {receives});
  planes.wanted.clear();
  sendSome(10, false);
  CHECK(planes.frames.empty());
  std::set<std::string> wanted;
  for (const auto& each : planes.wanted) wanted.insert(each.rid);
  CHECK(wanted == std::set<std::string>{"hi", "lo"});
  sendSome(10, true);
  planes.runFor(200ms);
  std::map<std::string, int> got;
  for (const auto& frame : planes.frames) ++got[frame.rid];
  CHECK(got["hi"] == 10);
  CHECK(got["lo"] == 10);
}

TEST_CASE("a stream that was announced and begins without its name has it when a packet says it") {
  TwoPlanes planes;
  auto receives = section(video, "v", MediaKind::Video), sends = receives;
  std::vector<pc::PlannedEncoding> encodings(1);
  encodings[0].rid = "hi";
  encodings[0].ssrc = videoSsrc;
  sends.sending = pc::PlannedSending{videoCodecs(), {}, encodings, std::nullopt};
  receives.receiving = pc::PlannedReceiving{videoCodecs(), extensions(), {{videoSsrc, {}, {}, "theirs"}}, {"hi", "lo"}};
  planes.plan({sends}, {receives});
  planes.connect();
  const auto sendOne = [&](std::uint8_t number) {
    auto frame = vp8(number == 0, 3000u * number, 500, number);
    frame.rid = "hi";
    planes.send(frame);
    planes.runFor(50ms);
  };
  sendOne(0);
  REQUIRE(planes.frames.size() == 1);
  CHECK(planes.frames[0].rid.empty());
  sends.sending->extensions = extensions();
  planes.plan({sends}, {receives});
  sendOne(1);
  REQUIRE(planes.frames.size() == 2);
  CHECK(planes.frames[1].rid == "hi");
  CHECK(planes.inbound().rid == "hi");
}

TEST_CASE("of simulcast each stream is known by its rid, and repaired by its own repair stream") {
  TwoPlanes planes;
  auto receives = section(video, "v", MediaKind::Video), sends = receives;
  std::vector<pc::PlannedEncoding> encodings(3);
  const std::string rids[] = {"hi", "mid", "lo"};
  for (std::size_t i = 0; i < 3; ++i) {
    encodings[i].rid = rids[i];
    encodings[i].ssrc = static_cast<std::uint32_t>(0x100 + 2 * i);
    encodings[i].rtxSsrc = encodings[i].ssrc + 1;
  }
  sends.sending = pc::PlannedSending{videoCodecs(), extensions(), encodings, std::nullopt};
  receives.receiving = pc::PlannedReceiving{videoCodecs(), extensions(), {}, {"hi", "mid", "lo"}};
  planes.plan({sends}, {receives});
  planes.connect();
  planes.lose = [&](bool toB, bool rtcp, int) { return toB && !rtcp && planes.random.below(20) == 0; };
  for (std::uint32_t i = 0; i < 100; ++i) {
    for (const auto& rid : rids) {
      auto frame = vp8(i % 30 == 0, 3000 * (i + 1), 2500, static_cast<std::uint8_t>(i));
      frame.rid = rid;
      planes.send(frame);
    }
    planes.runFor(33ms);
  }
  planes.runFor(1s);
  std::map<std::string, int> got;
  for (const auto& frame : planes.frames) ++got[frame.rid];
  for (const auto& rid : rids) CHECK(got[rid] > 90);
  CHECK(planes.planeB.stats().inbound.size() == 3);

  // They end and begin again, as when libwebrtc switches a layer off and on: the same SSRCs, whose names are known.
  planes.planeA.sayBye();
  planes.settle();
  planes.runFor(100ms);
  CHECK(planes.planeB.stats().inbound.empty());
  planes.frames.clear();
  for (std::uint32_t i = 0; i < 60; ++i) {
    for (const auto& rid : rids) {
      auto frame = vp8(i % 30 == 0, 3000 * (i + 301), 2500, static_cast<std::uint8_t>(i + 100));
      frame.rid = rid;
      planes.send(frame);
    }
    planes.runFor(33ms);
  }
  planes.runFor(1s);
  got.clear();
  for (const auto& frame : planes.frames) ++got[frame.rid];
  CHECK(got.size() == 3);
  for (const auto& rid : rids) CHECK(got[rid] > 50);
  for (const auto& each : planes.planeB.stats().inbound) {
    CHECK(std::count(std::begin(rids), std::end(rids), each.rid) == 1);
    CHECK(each.values.retransmittedPacketsReceived > 0);
  }

  // Asking for one asks for one.
  planes.wanted.clear();
  planes.planeB.requestKeyFrame(video, "lo", planes.now);
  planes.settle();
  planes.runFor(200ms);
  REQUIRE(planes.wanted.size() == 1);
  CHECK(planes.wanted[0].rid == "lo");
}

TEST_CASE("BYE ends the stream, and what comes then is a new one") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  play(planes, 10);
  planes.planeA.sayBye();
  planes.settle();
  planes.runFor(100ms);
  CHECK(planes.planeB.stats().inbound.empty());
  REQUIRE(planes.flows.size() == 2);
  CHECK_FALSE(planes.flows[1].flows);
  planes.send(vp8(true, 400'000, 500, 1));
  planes.runFor(100ms);
  REQUIRE(planes.flows.size() == 3);
  CHECK(planes.flows[2].flows);
  CHECK(planes.frames.size() == 11);
}

TEST_CASE("what a BYE has overtaken does not begin the stream again") {
  TwoPlanes planes;
  planes.planVideo();
  planes.connect();
  play(planes, 10);
  // The first of three packets takes another way.
  std::vector<std::uint8_t> late;
  planes.loseDatagram = [&](std::span<const std::uint8_t> datagram) {
    if (!late.empty() || rtp::looksLikeRtcp(datagram)) return false;
    late.assign(datagram.begin(), datagram.end());
    return true;
  };
  planes.send(vp8(false, 400'000, 2500, 1));
  planes.planeA.sayBye();
  planes.settle();
  planes.runFor(100ms);
  REQUIRE(planes.flows.size() == 2);
  planes.planeB.handle(late, planes.now);
  planes.settle();
  CHECK(planes.flows.size() == 2);
  CHECK(planes.planeB.stats().drops[pc::MediaDrop::AfterBye] == 1);
}

namespace {

/// Both send and receive, with these SSRCs.
void planBoth(TwoPlanes& planes, std::uint32_t ofA, std::uint32_t ofB) {
  auto a = section(video, "v", MediaKind::Video), b = a;
  pc::PlannedEncoding encoding;
  encoding.ssrc = ofA;
  a.sending = pc::PlannedSending{videoCodecs(false), extensions(), {encoding}, std::nullopt};
  encoding.ssrc = ofB;
  b.sending = pc::PlannedSending{videoCodecs(false), extensions(), {encoding}, std::nullopt};
  a.receiving = b.receiving = pc::PlannedReceiving{videoCodecs(false), extensions(), {}, {}};
  planes.plan({a}, {b});
}

}  // namespace

TEST_CASE("an SSRC that both use is given up by whom it is heard, and free for the other") {
  TwoPlanes planes;
  planBoth(planes, videoSsrc, videoSsrc);
  planes.connect();
  planes.send(vp8(true, 3000, 500, 1));
  planes.runFor(50ms);
  CHECK(planes.frames.empty());
  CHECK(planes.planeB.stats().drops[pc::MediaDrop::OwnSsrc] == 1);
  REQUIRE(planes.collided[1].size() == 1);
  CHECK(planes.collided[1][0].transceiver == video);
  CHECK(planes.collided[1][0].ssrc == videoSsrc);
  CHECK(planes.collided[0].empty());
  planBoth(planes, videoSsrc, 4711);
  planes.send(vp8(true, 6000, 500, 2));
  planes.runFor(50ms);
  REQUIRE(planes.frames.size() == 1);
  CHECK(planes.frames[0].synchronizationSource == videoSsrc);
  CHECK(planes.collided[1].size() == 1);
}

TEST_CASE("a stream that gives its SSRC up says BYE, asks for a key frame and goes on with another one") {
  TwoPlanes planes;
  planBoth(planes, videoSsrc, 4711);
  planes.connect();
  play(planes, 5);
  REQUIRE(planes.frames.size() >= 4);
  // B begins to use A's.
  planBoth(planes, videoSsrc, videoSsrc);
  planes.frames.clear();
  planes.planeB.sendFrame(video, vp8(true, 3000, 500, 1), planes.now);
  planes.settle();
  planes.runFor(50ms);
  REQUIRE(planes.collided[0].size() == 1);
  CHECK_FALSE(planes.wanted.empty());
  // B heard of it by A's reports, and has given it up as well. Until there is another one nothing is sent.
  CHECK(planes.collided[1].size() == 1);
  planBoth(planes, videoSsrc, videoSsrc);
  planes.send(vp8(true, 6000, 500, 3));
  planes.runFor(50ms);
  CHECK(planes.frames.empty());
  CHECK(planes.planeA.stats().drops[pc::MediaDrop::NotSending] == 1);
  planBoth(planes, 4712, 4713);
  planes.send(vp8(true, 9000, 500, 3));
  planes.planeB.sendFrame(video, vp8(true, 6000, 500, 2), planes.now);
  planes.settle();
  planes.runFor(100ms);
  std::set<std::uint32_t> sources;
  for (const auto& frame : planes.frames) sources.insert(frame.synchronizationSource);
  CHECK(sources == std::set<std::uint32_t>{4712, 4713});
}

TEST_CASE("a peer that sends back what it gets does not make us change for ever") {
  TwoPlanes planes;
  for (std::uint32_t ssrc = 100; ssrc < 110; ++ssrc) {
    planBoth(planes, ssrc, ssrc);
    if (ssrc == 100) planes.connect();
    planes.send(vp8(true, 3000 * ssrc, 500, 1));
    planes.runFor(50ms);
  }
  CHECK(planes.collided[1].size() == 3);
  CHECK(planes.planeB.stats().drops[pc::MediaDrop::OwnSsrc] == 10);
}
