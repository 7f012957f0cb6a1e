// What the sender may send and take: windows, the buffer, packets, I-DATA.
#include "one_sender.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;
using namespace parley::sctp::native::test;

TEST_CASE("nothing is taken before the start, for unknown streams, empty, or beyond the peer's limit") {
  Sender sender(OneSender::makeConfig(), 1);
  CHECK(sender.send(0, Ppid::Binary, {1}, {}, Time{1s}) == SendResult::Invalid);
  OneSender s;
  CHECK(s.send(100, 1) == SendResult::Invalid);
  CHECK(s.send(1, 0) == SendResult::Invalid);
  CHECK(s.send(1, 1'000'001) == SendResult::Invalid);
  std::vector<std::uint8_t> bytes{1, 2, 3};
  CHECK(s.sender.send(100, Ppid::Binary, std::move(bytes), {}, s.now) == SendResult::Invalid);
  CHECK(bytes.size() == 3);
}

TEST_CASE("a full buffer says so, and when there is room again") {
  Config config = OneSender::makeConfig();
  config.sendBuffer = 100'000;
  OneSender s(false, config);
  int taken = 0;
  while (s.send(1, 10'000) == SendResult::Sent) ++taken;
  CHECK(taken == 9);
  s.drain();
  CHECK(s.all<Association::Writable>().empty());
  for (std::uint32_t tsn = 1'000; tsn < 1'009; ++tsn) {
    s.now += 10ms;
    s.sack(tsn);
    s.run(1ms);
  }
  CHECK(s.all<Association::Writable>().size() == 1);
  CHECK(s.send(1, 10'000) == SendResult::Sent);
  CHECK(s.send(1, 10'000) == SendResult::Full);
}

TEST_CASE("tiny messages are bounded by what they take, not by their bytes") {
  Config config = OneSender::makeConfig();
  config.sendBuffer = 1'000'000;
  OneSender s(false, config);
  int taken = 0;
  while (s.send(1, 1) == SendResult::Sent) ++taken;
  CHECK(taken < 5'000);
  CHECK(taken > 2'000);
}

TEST_CASE("a message larger than the buffer is taken when nothing else waits") {
  Config config = OneSender::makeConfig();
  config.sendBuffer = 10'000;
  OneSender s(false, config);
  CHECK(s.send(1, 50'000) == SendResult::Sent);
  CHECK(s.send(1, 1) == SendResult::Full);
}

TEST_CASE("what is sent is told of once, when it leaves") {
  OneSender s;
  s.send(1, 100);
  s.send(2, 200);
  s.drain();
  auto sent = s.all<Association::Sent>();
  REQUIRE(sent.size() == 2);
  CHECK(sent[0].stream == 1);
  CHECK(sent[0].bytes == 100);
  CHECK(sent[1].bytes == 200);
  s.run(5s);  // It is sent again and again.
  CHECK(s.all<Association::Sent>().size() == 2);
}

TEST_CASE("small messages share a packet, and large ones fill theirs") {
  OneSender s;
  for (int i = 0; i < 10; ++i) s.send(1, 90);
  s.send(1, 5'000);
  auto seen = s.run(40ms);
  REQUIRE(seen.size() >= 5);
  // Ten of 16 + 92 bytes leave 60: too little for a piece of the next one.
  CHECK(seen[0].data.size() == 10);
  for (std::size_t i = 1; i + 1 < seen.size(); ++i) CHECK(seen[i].size == 1'152);
  std::size_t bytes = 0;
  for (const auto& packet : seen)
    for (const auto& data : packet.data) bytes += data.payload.size();
  CHECK(bytes == 5'900);
}

TEST_CASE("the congestion window is exceeded by less than a packet, and paced") {
  OneSender s;
  s.send(1, 500'000);
  AssociationStats stats;
  s.sender.fillStats(stats);
  std::size_t bytes = 0;
  auto seen = s.drain();
  const auto burst = seen.size();
  for (auto& packet : s.run(45ms)) seen.push_back(packet);
  for (const auto& packet : seen) bytes += packet.size - 12;
  CHECK(bytes >= stats.congestionWindow);
  CHECK(bytes < stats.congestionWindow + 1'140);
  CHECK(burst < seen.size());
}

TEST_CASE("the peer's window is kept, also while chunks are lost") {
  OneSender s(false, OneSender::makeConfig(), 5'000);
  s.send(1, 100'000);
  auto seen = s.run(20ms);
  std::size_t bytes = 0;
  for (const auto& packet : seen)
    for (const auto& data : packet.data) bytes += data.payload.size();
  CHECK(bytes <= 5'000);
  CHECK(bytes > 3'000);
  s.now += 50ms;
  s.window = 2'000;
  s.sack(1'000);
  CHECK(s.run(1ms).empty());
}

TEST_CASE("a closed window is probed with growing pauses, and its opening seen by an acknowledgement") {
  OneSender s(false, OneSender::makeConfig(), 2'000);
  s.send(1, 100'000);
  s.run(20ms);
  s.now += 50ms;
  s.window = 0;
  s.sack(s.sender.nextTsn().value - 1);
  CHECK(s.drain().empty());
  const auto from = s.now;
  std::vector<Time> probes;
  const auto cumulative = s.sender.nextTsn().value - 1;
  AssociationStats before;
  s.sender.fillStats(before);
  while (s.now < from + 60s) {
    for (const auto& packet : s.runUntilPacket(10s)) {
      probes.push_back(packet.at);
      CHECK(packet.data.size() == 1);
      s.sack(cumulative);  // It has no room, but it is there.
    }
  }
  REQUIRE(probes.size() > 10);
  CHECK(probes.size() < 30);
  CHECK(probes[0] - from >= 200ms);
  CHECK(s.sender.timeoutsInRow() <= 1);
  AssociationStats stats;
  s.sender.fillStats(stats);
  CHECK(stats.congestionWindow >= before.congestionWindow);

  s.window = 100'000;
  s.sack(cumulative);
  CHECK_FALSE(s.runUntilPacket(10s).empty());
}

TEST_CASE("what a closed window had no room for goes again as soon as it opens") {
  OneSender s(false, OneSender::makeConfig(), 10'000);
  s.send(1, 5'000);
  s.run(40ms);
  s.window = 0;
  s.sack(1'001);  // And has thrown the rest away.
  for (int i = 0; i < 20; ++i) {
    s.run(1s);
    s.sack(1'001);
  }
  s.window = 10'000;
  s.sack(1'001);
  const auto opened = s.now;
  auto again = s.run(20ms);
  REQUIRE_FALSE(again.empty());
  CHECK(again[0].at == opened);
  CHECK(tsns(again) == std::vector<std::uint32_t>{1'002, 1'003, 1'004});
}

TEST_CASE("a window of less than a packet is filled, one piece for each acknowledgement") {
  OneSender s(false, OneSender::makeConfig(), 600);
  s.send(1, 3'000);
  std::size_t bytes = 0;
  for (int i = 0; i < 5; ++i) {
    auto seen = s.run(50ms);
    REQUIRE(seen.size() == 1);
    bytes += seen[0].data[0].payload.size();
    s.window = 600;
    s.sack(seen[0].data[0].tsn);
  }
  CHECK(bytes == 3'000);
}

TEST_CASE("with I-DATA a small message passes a large one, without I-DATA it waits") {
  for (bool interleaving : {true, false}) {
    OneSender s(interleaving);
    s.send(1, 200'000);
    s.drain();
    s.send(2, 10);
    s.now += 50ms;
    s.sack(s.sender.nextTsn().value - 1);
    bool passed = false;
    for (const auto& packet : s.run(45ms))
      for (const auto& data : packet.data) {
        if (data.stream != 2) continue;
        passed = true;
        CHECK(data.number == 0);
      }
    CHECK(passed == interleaving);
  }
}

TEST_CASE("fragments of I-DATA are numbered, and messages of a stream too") {
  OneSender s(true);
  s.send(1, 2'000);
  s.send(1, 10, {.ordered = false, .maxRetransmits = {}, .maxPacketLifeTime = {}});
  s.send(1, 10);
  std::vector<SeenData> all;
  for (auto& packet : s.run(20ms))
    for (auto& data : packet.data) all.push_back(data);
  REQUIRE(all.size() == 4);
  CHECK(all[0].number == 0);
  CHECK(all[1].number == 0);
  CHECK(all[1].fsn == 1);
  CHECK(all[2].flags.unordered);
  CHECK(all[2].number == 0);
  CHECK(all[3].number == 1);
}

TEST_CASE("when the packet size shrinks, new chunks do, and old ones get the packet they need") {
  OneSender s;
  s.send(1, 1'100);
  REQUIRE(s.drain().size() == 1);
  s.sender.setMaxPacket(600);
  s.maxPacket = 600;
  while (s.sender.timeoutsInRow() == 0 && s.sender.oversizeNeeded() == 0) {
    s.now = s.sender.deadline();
    s.sender.advance(s.now);
    s.drain();
  }
  s.sack(1'000);
  s.send(1, 1'100);
  for (const auto& packet : s.run(20ms)) CHECK(packet.size <= 600);
}

TEST_CASE("TSNs wrap around") {
  Sender sender(OneSender::makeConfig(), 1);
  base::PacketPool pool;
  Sender::Start start;
  start.initialTsn = {0xffff'ffff};
  start.peerWindow = 100'000;
  start.streams = 10;
  start.rtt = 50ms;
  Time now{1s};
  sender.start(start, now);
  sender.send(1, Ppid::Binary, std::vector<std::uint8_t>(5'000), {}, now);
  while (sender.wantsPacket(now)) {
    wire::PacketBuilder builder(pool, {1, 1, 1}, 1'152);
    sender.fill(builder, {}, now);
  }
  CHECK(sender.nextTsn().value < 10);
  const auto last = sender.nextTsn() - 1;
  const auto bytes = wire::toBytes(wire::Sack{last, 100'000, {}, {}});
  CHECK(sender.handle(*wire::SackView::parse(*wire::chunkFrom(bytes)), now + 50ms));
  CHECK_FALSE(sender.outstanding());
}

TEST_CASE("a sender that is idle gives its memory back after a while and then sleeps") {
  OneSender s;
  s.send(1, 100'000);
  while (!s.sender.drained()) {
    s.run(50ms);
    s.sack(s.sender.nextTsn().value - 1);
  }
  s.run(10s);
  CHECK(s.sender.deadline() == never);
}

TEST_CASE("no more TSNs are outstanding than gap blocks can tell of") {
  auto config = OneSender::makeConfig();
  config.congestionControl = CongestionControl::TolerantCubic;
  config.sendBuffer = 100'000'000;
  OneSender s(false, config, 100'000'000);
  for (int i = 0; i < 80'000; ++i) REQUIRE(s.send(1, 1) == SendResult::Sent);
  // All arrives but the first, whatever is sent.
  std::uint32_t last = firstTsn;
  for (int i = 0; i < 2'000 && last < firstTsn + 65'534; ++i) {
    s.run(1ms);
    last = s.sender.nextTsn().value - 1;
    REQUIRE(s.sack(firstTsn - 1, {{firstTsn + 1, last}}));
  }
  CHECK(last == firstTsn + 65'534);
  CHECK(s.sack(last));
  CHECK_FALSE(s.run(50ms).empty());
}
