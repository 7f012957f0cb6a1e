// Loss recovery of the sender: RACK, tail-loss probes, time-outs and their undoing.
#include "one_sender.hpp"

#include <algorithm>
#include <set>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;
using namespace parley::sctp::native::test;

namespace {

/// One message of a packet each, all in flight, as fast as they are paced.
void sendPackets(OneSender& s, int count) {
  for (int i = 0; i < count; ++i) {
    REQUIRE(s.send(1, 1'100) == SendResult::Sent);
    REQUIRE(s.runUntilPacket(20ms).size() == 1);
  }
}

bool contains(const std::vector<std::uint32_t>& list, std::uint32_t tsn) {
  return std::find(list.begin(), list.end(), tsn) != list.end();
}

}  // namespace

TEST_CASE("a chunk that three later packets have overtaken is sent again at once, and once") {
  OneSender s;
  sendPackets(s, 6);
  s.now += 50ms;
  CHECK(s.sack(999, {{1'001, 1'001}}));
  CHECK(s.drain().empty());
  s.sack(999, {{1'001, 1'002}});
  CHECK(s.drain().empty());
  s.sack(999, {{1'001, 1'003}});
  CHECK(tsns(s.drain()) == std::vector<std::uint32_t>{1'000});
  s.sack(999, {{1'001, 1'004}});
  s.sack(999, {{1'001, 1'005}});
  CHECK(s.drain().empty());
}

TEST_CASE("with fewer packets behind it a lost chunk is found after the reordering window") {
  OneSender s;
  const auto first = s.now;
  sendPackets(s, 1);
  sendPackets(s, 1);
  const auto second = s.now;
  s.now = second + 50ms;
  s.sack(999, {{1'001, 1'001}});
  CHECK(s.drain().empty());
  auto again = s.runUntilPacket(1s);
  REQUIRE(tsns(again) == std::vector<std::uint32_t>{1'000});
  // RFC 8985 s.6.2: a round trip, and a quarter of the smallest one.
  CHECK(again[0].at - first == 62'500us);
}

TEST_CASE("many chunks of one packet count as one that overtakes") {
  OneSender s;
  sendPackets(s, 1);
  for (int i = 0; i < 10; ++i) s.send(1, 50);
  REQUIRE(s.runUntilPacket(20ms).size() == 1);
  s.now += 50ms;
  s.sack(999, {{1'001, 1'010}});
  CHECK(s.drain().empty());
}

TEST_CASE("a retransmission that is lost is found by what was sent after it") {
  OneSender s;
  sendPackets(s, 6);
  s.now += 50ms;
  s.sack(999, {{1'001, 1'005}});
  REQUIRE(tsns(s.drain()) == std::vector<std::uint32_t>{1'000});
  s.run(1ms);
  sendPackets(s, 3);
  s.now += 50ms;
  s.sack(999, {{1'001, 1'008}});
  CHECK(tsns(s.drain()) == std::vector<std::uint32_t>{1'000});
  AssociationStats stats;
  s.sender.fillStats(stats);
  CHECK(stats.timeouts == 0);
  CHECK(stats.chunksRetransmitted == 2);
}

TEST_CASE("a path that has been seen to reorder gets time before a chunk counts as lost") {
  OneSender s;
  sendPackets(s, 3);
  s.now += 50ms;
  s.sack(999, {{1'001, 1'001}});
  s.sack(1'001);  // 1000 was late, and was sent once.
  s.sack(1'002);
  s.drain();
  sendPackets(s, 6);
  s.now += 50ms;
  s.sack(1'002, {{1'004, 1'008}});
  CHECK(s.drain().empty());
  CHECK(tsns(s.runUntilPacket(1s)) == std::vector<std::uint32_t>{1'003});
}

TEST_CASE("reports of chunks that came twice widen the reordering window") {
  auto window = [](bool duplicate) {
    OneSender s;
    sendPackets(s, 5);
    s.now += 50ms;
    s.sack(999, {{1'001, 1'004}});
    REQUIRE(tsns(s.drain()) == std::vector<std::uint32_t>{1'000});
    s.now += 10ms;
    s.sack(1'004, {}, duplicate ? std::vector<std::uint32_t>{1'000} : std::vector<std::uint32_t>{});
    sendPackets(s, 2);
    s.now += 50ms;
    auto before = s.now;
    s.sack(1'004, {{1'006, 1'006}});
    auto again = s.runUntilPacket(1s);
    REQUIRE(tsns(again) == std::vector<std::uint32_t>{1'005});
    return again[0].at - before;
  };
  CHECK(window(true) > window(false) + 5ms);
}

TEST_CASE("a lost tail is probed for after two round trips, and repaired without a time-out") {
  OneSender s;
  sendPackets(s, 5);
  auto sent = s.now;
  s.now += 50ms;
  s.sack(1'001);
  auto probe = s.runUntilPacket(5s);
  REQUIRE(tsns(probe) == std::vector<std::uint32_t>{1'004});
  CHECK(probe[0].at - sent <= 160ms);
  CHECK(probe[0].data[0].flags.immediate);
  s.now += 50ms;
  s.sack(1'001, {{1'004, 1'004}});
  auto repair = s.run(20ms);
  CHECK(tsns(repair) == std::vector<std::uint32_t>{1'002, 1'003});
  s.now += 50ms;
  s.sack(1'004);
  AssociationStats stats;
  s.sender.fillStats(stats);
  CHECK(stats.timeouts == 0);
  CHECK(s.sender.drained());
}

TEST_CASE("a probe that repairs the only loss tells congestion control of it") {
  auto windowAfter = [](bool twice) {
    OneSender s;
    sendPackets(s, 8);
    s.now += 50ms;
    s.sack(1'006);
    AssociationStats before;
    s.sender.fillStats(before);
    REQUIRE(tsns(s.runUntilPacket(5s)) == std::vector<std::uint32_t>{1'007});
    s.now += 60ms;
    s.sack(1'007, {}, twice ? std::vector<std::uint32_t>{1'007} : std::vector<std::uint32_t>{});
    AssociationStats after;
    s.sender.fillStats(after);
    return std::pair(before.congestionWindow, after.congestionWindow);
  };
  auto [before, lost] = windowAfter(false);
  CHECK(lost < before);
  auto [same, late] = windowAfter(true);
  CHECK(late >= same);
}

TEST_CASE("a lone message that is lost comes after two round trips, because it asks for its acknowledgement") {
  OneSender s;
  s.send(1, 10);
  auto first = s.drain();
  REQUIRE(first.size() == 1);
  CHECK(first[0].data[0].flags.immediate);
  auto probe = s.runUntilPacket(5s);
  REQUIRE(tsns(probe) == std::vector<std::uint32_t>{1'000});
  CHECK(probe[0].at - first[0].at == 100ms);
}

TEST_CASE("what is sent all the time does not ask for acknowledgements all the time") {
  OneSender s;
  int immediate = 0;
  for (int i = 0; i < 100; ++i) {
    s.send(1, 10);
    for (const auto& packet : s.run(1ms))
      for (const auto& data : packet.data) immediate += data.flags.immediate;
    s.sack(static_cast<std::uint32_t>(1'000 + i));
  }
  CHECK(immediate >= 1);
  CHECK(immediate <= 20);
}

TEST_CASE("without any answer the time-out doubles up to its limit, one packet each time") {
  OneSender s;
  sendPackets(s, 10);
  auto seen = s.run(60s);
  std::vector<Duration> pauses;
  for (std::size_t i = 1; i < seen.size(); ++i) {
    CHECK(seen[i].data.size() == 1);
    if (seen[i].at != seen[i - 1].at) pauses.push_back(seen[i].at - seen[i - 1].at);
  }
  REQUIRE(pauses.size() > 8);
  CHECK(pauses.back() == RtoEstimator::most);
  CHECK(pauses.front() >= 200ms);
  for (std::size_t i = 2; i < pauses.size(); ++i) CHECK(pauses[i] >= pauses[i - 1]);
  CHECK(s.sender.timeoutsInRow() >= 8);
  // All of it arrives in the end.
  CHECK(seen.back().data[0].tsn == 1'000);
  s.sack(1'009);
  CHECK(s.sender.timeoutsInRow() == 0);
  CHECK(s.sender.drained());
}

TEST_CASE("a time-out in vain, seen by acknowledgements that go on, is undone (RFC 5682)") {
  OneSender s;
  sendPackets(s, 10);
  AssociationStats before;
  s.sender.fillStats(before);
  s.run(1'500ms);
  AssociationStats collapsed;
  s.sender.fillStats(collapsed);
  REQUIRE(collapsed.timeouts >= 1);
  REQUIRE(collapsed.congestionWindow < before.congestionWindow);
  // The path was slow for once: what was sent first is acknowledged now.
  for (int i = 0; i < 5; ++i) s.send(1, 1'100);
  s.sack(1'001);
  auto fresh = tsns(s.run(20ms));
  // Only new data, so that the next acknowledgement says which it is.
  REQUIRE_FALSE(fresh.empty());
  CHECK(*std::min_element(fresh.begin(), fresh.end()) >= 1'010);
  CHECK(fresh.size() <= 2);
  s.sack(1'003);
  AssociationStats after;
  s.sender.fillStats(after);
  CHECK(after.congestionWindow >= before.congestionWindow);
  // What was not acknowledged yet is in flight again, not sent again.
  auto next = tsns(s.run(20ms));
  for (auto tsn : next) CHECK(tsn >= 1'010);
}

TEST_CASE("a time-out that was right is not undone") {
  OneSender s;
  sendPackets(s, 10);
  s.run(500ms);
  AssociationStats collapsed;
  s.sender.fillStats(collapsed);
  REQUIRE(collapsed.timeouts == 1);
  for (int i = 0; i < 5; ++i) s.send(1, 1'100);
  s.now += 50ms;
  s.sack(1'000);
  auto fresh = tsns(s.run(20ms));
  REQUIRE(fresh.size() == 2);
  CHECK(fresh[0] == 1'010);
  s.now += 50ms;
  // Only the new chunks have arrived.
  s.sack(1'000, {{1'010, 1'011}});
  auto again = tsns(s.run(20ms));
  CHECK(contains(again, 1'001));
  AssociationStats after;
  s.sender.fillStats(after);
  CHECK(after.congestionWindow < 10 * 1'140);
}

TEST_CASE("an acknowledgement that is faster than the path shows that the time-out was in vain") {
  OneSender s;
  sendPackets(s, 4);
  AssociationStats before;
  s.sender.fillStats(before);
  while (s.sender.timeoutsInRow() == 0) s.runUntilPacket(5s);
  s.now += 5ms;
  s.sack(1'000);
  AssociationStats after;
  s.sender.fillStats(after);
  CHECK(after.congestionWindow >= before.congestionWindow);
}

TEST_CASE("a path that became faster than it ever was costs a time-out or two, not one for each packet") {
  OneSender s;
  sendPackets(s, 10);
  // All of it was lost. What is sent again arrives, and is acknowledged sooner than the smallest round trip that is known.
  const Time lost = s.now;
  std::set<std::uint32_t> there;
  std::uint32_t cumulative = 999;
  while (!s.sender.drained() && s.now < lost + 60s) {
    for (const auto tsn : tsns(s.runUntilPacket(10s))) there.insert(tsn);
    s.now += 1ms;
    while (there.contains(cumulative + 1)) ++cumulative;
    if (cumulative >= 1'000) s.sack(cumulative);
  }
  CHECK(s.sender.drained());
  CHECK(s.now - lost < 3s);
}

TEST_CASE("a report that the first chunk came twice shows that the time-out was in vain") {
  OneSender s;
  sendPackets(s, 4);
  AssociationStats before;
  s.sender.fillStats(before);
  while (s.sender.timeoutsInRow() == 0) s.runUntilPacket(5s);
  s.now += 60ms;
  s.sack(1'000, {}, {1'000});
  AssociationStats after;
  s.sender.fillStats(after);
  CHECK(after.congestionWindow >= before.congestionWindow);
}

TEST_CASE("a peer that forgets what it had acknowledged by gap blocks gets it again") {
  OneSender s;
  sendPackets(s, 4);
  s.now += 50ms;
  s.sack(1'000, {{1'002, 1'003}});
  s.sack(1'001);  // And 1002, which it had, is missing.
  auto seen = tsns(s.run(10s));
  CHECK(contains(seen, 1'002));
  s.sack(1'003);
  CHECK(s.sender.drained());
}

TEST_CASE("acknowledgements of what was never sent are refused and change nothing") {
  OneSender s;
  sendPackets(s, 2);
  CHECK_FALSE(s.sack(1'002));
  CHECK_FALSE(s.sack(999u + 0x7fff'ffffu));
  CHECK(s.sack(1'000, {{1'001, 1'400}}));
  CHECK(s.sack(500));
  CHECK(s.sack(1'001));
  CHECK(s.sender.drained());
}

TEST_CASE("losses all over a large window are repaired in one round trip, each once") {
  Config config = OneSender::makeConfig();
  config.sendBuffer = 10'000'000;
  OneSender s(false, config, 10'000'000);
  for (int i = 0; i < 9; ++i) s.send(1, 1'000'000);
  // Slow start, until a thousand packets are in flight.
  std::uint32_t highest = 0;
  std::uint32_t cumulative = 999;
  while (true) {
    for (auto tsn : tsns(s.run(50ms))) highest = std::max(highest, tsn);
    if (highest - cumulative > 1'000) break;
    cumulative = highest;
    s.sack(cumulative);
  }
  // Every tenth of them is lost.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
  std::size_t lost = 0;
  for (auto tsn = cumulative + 1; tsn + 10 <= highest; tsn += 10) {
    ranges.emplace_back(tsn + 1, tsn + 9);
    ++lost;
  }
  const auto last = ranges.back().second;
  s.sack(cumulative, ranges);
  // Less than the two round trips after which it would probe.
  auto seen = tsns(s.run(90ms));
  std::size_t again = 0;
  for (auto tsn : seen) again += tsn <= last;
  CHECK(again == lost);
  AssociationStats stats;
  s.sender.fillStats(stats);
  CHECK(stats.timeouts == 0);
}

TEST_CASE("a peer whose SACKs tell of twenty gaps only gets what it lacks by more than one gap a time-out") {
  // RFC 9260 s.6.7: a SACK tells of the lowest gaps that fit. Each second of 200 packets is lost, and each eighth once
  // more as it is sent again: then nothing that comes to the peer is news in its SACKs.
  OneSender s(false, OneSender::makeConfig(), 10'000'000);
  std::vector<std::uint32_t> have;
  std::uint32_t cumulative = firstTsn - 1;
  const auto take = [&](std::uint32_t tsn) {
    if (tsn > cumulative && !contains(have, tsn)) have.push_back(tsn);
    while (contains(have, cumulative + 1)) have.erase(std::find(have.begin(), have.end(), ++cumulative));
  };
  const auto tell = [&] {
    std::sort(have.begin(), have.end());
    std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges;
    for (auto tsn : have) {
      if (!ranges.empty() && ranges.back().second + 1 == tsn) {
        ranges.back().second = tsn;
      } else if (ranges.size() < 20) {
        ranges.emplace_back(tsn, tsn);
      } else {
        break;
      }
    }
    s.sack(cumulative, ranges);
  };
  // A window for 200 packets.
  for (int i = 0; i < 200; ++i) REQUIRE(s.send(1, 1'100) == SendResult::Sent);
  std::uint32_t sent = 0;
  while (sent < 400 && cumulative < firstTsn + 99) {
    auto packets = s.runUntilPacket(1s);
    REQUIRE_FALSE(packets.empty());
    s.now += 1ms;
    for (auto tsn : tsns(packets)) {
      take(tsn);
      sent = std::max(sent, tsn - firstTsn);
    }
    tell();
  }
  // From here on each second packet is lost, the first of all among them; and once more as it is sent again.
  for (int i = 0; i < 300; ++i) REQUIRE(s.send(1, 1'100) == SendResult::Sent);
  std::vector<std::uint32_t> lostOnce, lostTwice;
  for (int i = 0; i < 2'000 && cumulative < firstTsn + 499; ++i) {
    auto packets = s.runUntilPacket(5s);
    s.now += 25ms;
    s.sender.advance(s.now);
    for (auto tsn : tsns(packets)) {
      if (tsn < firstTsn + 200 && tsn % 2 == 0 && !contains(lostOnce, tsn)) {
        lostOnce.push_back(tsn);
      } else if (tsn < firstTsn + 200 && tsn % 2 == 0 && !contains(lostTwice, tsn)) {
        lostTwice.push_back(tsn);
      } else {
        take(tsn);
        tell();
      }
    }
  }
  CHECK(cumulative == firstTsn + 499);
  AssociationStats stats;
  s.sender.fillStats(stats);
  CHECK(stats.timeouts <= 1);
}
