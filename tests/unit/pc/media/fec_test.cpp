// FEC of video (RFC 5109 in RED), from frames to frames over a path that loses packets.

#include "two_planes.hpp"

using namespace parley;
using namespace parley::test;

namespace {

/// VP8 without requests for what is missing: only FEC can bring it back.
std::vector<pc::PlannedCodec> withoutNack() {
  auto codecs = withFec(videoCodecs(false));
  codecs[0].feedback = {{"nack", "pli"}};
  return codecs;
}

/// Thirty frames a second, or others, of one size; a key frame whenever the receiver wants one.
class Player {
 public:
  Player(TwoPlanes& planes, std::size_t size, Duration interval = 33ms)
      : planes_(planes), size_(size), interval_(interval) {}
  void play(int count) {
    for (int i = 0; i < count; ++i) {
      const auto number = static_cast<std::uint32_t>(sent_.size());
      const bool key = number == 0 || !planes_.wanted.empty();
      planes_.wanted.clear();
      sent_.push_back(vp8(key, number * 3000, size_, static_cast<std::uint8_t>(number)));
      planes_.send(sent_.back());
      planes_.runFor(interval_);
    }
  }
  /// Of those that B got, how many are not what was sent.
  int wrong() const {
    int wrong = 0;
    for (const auto& frame : planes_.frames) {
      const auto& sent = sent_.at((frame.rtpTimestamp - planes_.frames[0].rtpTimestamp) / 3000);
      const auto a = sent.data.bytes(), b = frame.data.bytes();
      wrong += !std::equal(a.begin(), a.end(), b.begin(), b.end());
    }
    return wrong;
  }

 private:
  TwoPlanes& planes_;
  std::size_t size_;
  Duration interval_;
  std::vector<EncodedFrame> sent_;
};

bool isMarked(std::span<const std::uint8_t> datagram) { return (datagram[1] & 0x80) != 0; }

}  // namespace

TEST_CASE("where nothing is sent again, FEC brings back most of what is lost") {
  for (const std::size_t size : {700u, 4'000u, 12'000u}) {
    CAPTURE(size);
    const auto lost = [&](bool fec) {
      TwoPlanes planes;
      planes.planVideo(fec ? withoutNack() : std::vector{withoutNack().front()}, false);
      planes.connect();
      Player player(planes, size);
      player.play(10);
      planes.lose = [&](bool toB, bool rtcp, int) { return toB && !rtcp && planes.random.below(20) == 0; };
      player.play(600);
      planes.runFor(1s);
      const auto& in = planes.inbound().values;
      CHECK((in.fecPacketsReceived > 0) == fec);
      CHECK((in.packetsRestored > 20) == fec);
      // Where two of a group are lost, parity is of no use.
      CHECK(4 * in.fecPacketsDiscarded <= in.fecPacketsReceived);
      REQUIRE(!planes.frames.empty());
      CHECK(player.wrong() == 0);
      CHECK(in.codec->mimeType == "video/VP8");
      return 610 - planes.frames.size();
    };
    const auto without = lost(false), with = lost(true);
    CAPTURE(without, with);
    CHECK(2 * with < without);
  }
}

TEST_CASE("FEC is waited for where it protects pictures that are far apart") {
  TwoPlanes planes;
  planes.planVideo(withoutNack(), false);
  planes.connect();
  Player player(planes, 700, 66ms);
  player.play(10);
  planes.lose = [&](bool toB, bool rtcp, int) { return toB && !rtcp && planes.random.below(100) == 0; };
  player.play(1500);
  planes.runFor(1s);
  const auto& in = planes.inbound().values;
  CHECK(in.packetsLost > 15);
  CHECK(in.packetsRestored > 10);
  CHECK(player.wrong() == 0);
  CHECK(planes.frames.size() > 1490);
}

TEST_CASE("FEC is not sent where retransmission is in time, nor where nothing is lost") {
  struct Case {
    Duration oneWay;
    bool lossy, fec;
  };
  for (const Case& each : {Case{25ms, true, false}, Case{120ms, true, true}, Case{120ms, false, false}}) {
    CAPTURE(each.oneWay.count(), each.lossy);
    TwoPlanes planes;
    planes.oneWay = each.oneWay;
    planes.lose = [&](bool toB, bool rtcp, int number) {
      return each.lossy && toB && !rtcp && number > 50 && planes.random.below(20) == 0;
    };
    planes.planVideo(withFec(videoCodecs()), true);
    planes.connect();
    Player player(planes, 4'000);
    player.play(600);
    planes.runFor(2s);
    CHECK(player.wrong() == 0);
    const auto in = planes.inbound().values;
    CHECK((in.fecPacketsReceived > 50) == each.fec);
    CHECK((in.fecPacketsReceived > 0) == each.fec);
    CHECK((in.packetsRestored > 10) == each.fec);
    // With both nothing is lost for good; and packets of FEC are repaired like others, in RED.
    CHECK(planes.frames.size() >= 598);
    CHECK(in.pliCount <= 1);
    if (each.fec) CHECK(in.retransmittedPacketsReceived > 0);
  }
}

// libwebrtc does not send FEC again: who waits for the number holds back pictures that are whole.
TEST_CASE("FEC that is lost does not hold up the pictures behind it") {
  TwoPlanes planes;
  planes.planVideo(withoutNack(), false);
  planes.connect();
  // Frames of one packet: what has no marker is FEC. It begins with the loss of one.
  bool lost = false;
  planes.loseDatagram = [&](std::span<const std::uint8_t>) {
    return planes.frames.size() == 40 && !std::exchange(lost, true);
  };
  Player player(planes, 700);
  player.play(100);
  REQUIRE(lost);
  REQUIRE(planes.inbound().values.fecPacketsReceived > 0);
  int fec = 0;
  planes.loseDatagram = [&](std::span<const std::uint8_t> datagram) { return !isMarked(datagram) && ++fec > 0; };
  const auto before = planes.frames.size();
  const auto dropped = planes.inbound().values.framesDropped;
  for (std::size_t i = 1; i <= 30; ++i) {
    player.play(1);
    CHECK(planes.frames.size() == before + i);
  }
  CHECK(fec > 5);
  CHECK(planes.inbound().values.framesDropped == dropped);
}

TEST_CASE("what FEC takes is not the encoder's") {
  TwoPlanes planes;
  auto codecs = withFec(videoCodecs(true, Arrivals::TransportWide));
  planes.planVideo(codecs, true, 2'000'000);
  planes.oneWay = 100ms;
  planes.connect();
  Player player(planes, 4'000);
  player.play(300);
  REQUIRE(!planes.bitrates.empty());
  const auto before = planes.bitrates.back().bitsPerSecond;
  planes.lose = [&](bool toB, bool rtcp, int) { return toB && !rtcp && planes.random.below(20) == 0; };
  player.play(300);
  REQUIRE(planes.inbound().values.fecPacketsReceived > 0);
  CHECK(planes.bitrates.back().bitsPerSecond < before);
}
