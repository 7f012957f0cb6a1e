#include "two_ends.hpp"

#include <algorithm>
#include <set>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

namespace {

/// Sends all of these from A, as room allows, and says whether B had `wanted` of them in time.
template <class Two>
bool sendAll(Two& two, const std::vector<std::vector<std::uint8_t>>& messages, const Reliability& reliability,
             Duration limit, std::size_t wanted) {
  std::size_t next = 0;
  auto push = [&] {
    while (next < messages.size()) {
      auto result = two.a->send(1, Ppid::Binary, messages[next], reliability, two.now());
      if (result == SendResult::Full) return;
      REQUIRE(result == SendResult::Sent);
      ++next;
    }
  };
  two.a.onEvent = [&](const Association::Output& event) {
    if (std::holds_alternative<Association::Writable>(event)) push();
  };
  push();
  bool done = two.run(limit, [&] { return next == messages.size() && two.b.messages.size() >= wanted; });
  two.a.onEvent = {};
  return done;
}

std::size_t sentBytes(const TwoAssociations& two) {
  std::size_t sum = 0;
  for (auto& sent : two.a.all<Association::Sent>()) sum += sent.bytes;
  return sum;
}

}  // namespace

TEST_CASE("messages of every size from 1 byte to 256 KiB arrive whole and in order") {
  auto two = twoAssociations();
  connectBoth(two);
  std::vector<std::vector<std::uint8_t>> messages;
  for (std::size_t size : {1u, 2u, 3u, 4u, 5u, 1'000u, 1'123u, 1'124u, 1'125u, 2'248u, 2'249u, 16'384u, 65'535u, 65'536u,
                           65'537u, 100'000u, 262'143u, 262'144u})
    messages.push_back(pattern(size, size));
  REQUIRE(sendAll(two, messages, {}, 20s, messages.size()));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CHECK(two.b.messages[i].bytes == messages[i]);
    CHECK(two.b.messages[i].stream == 1);
    CHECK(two.b.messages[i].ppid == Ppid::Binary);
  }
}

TEST_CASE("empty messages and those beyond the peer's limit are refused and harm nothing") {
  auto config = bigConfig();
  config.remoteMaxMessageSize = 1'000;
  auto two = twoAssociations(config);
  connectBoth(two);
  CHECK(two.a->send(0, Ppid::Binary, base::Bytes{}, {}, two.now()) == SendResult::Invalid);
  CHECK(two.a->send(0, Ppid::Binary, pattern(1'001), {}, two.now()) == SendResult::Invalid);
  CHECK(two.a->send(0, Ppid::Binary, pattern(1'000), {}, two.now()) == SendResult::Sent);
  two.run(1s);
  REQUIRE(two.b.messages.size() == 1);
  CHECK(two.b.messages[0].bytes.size() == 1'000);
}

TEST_CASE("nothing is sent before the association is up") {
  auto two = twoAssociations();
  CHECK(two.a->send(0, Ppid::Binary, pattern(1), {}, two.now()) == SendResult::Invalid);
  two.connect();
  CHECK(two.a->send(0, Ppid::Binary, pattern(1), {}, two.now()) == SendResult::Invalid);
}

TEST_CASE("reliable messages arrive complete under loss, ordered and unordered") {
  for (auto loss : {0u, 1u, 5u, 20u})
    for (bool ordered : {true, false}) {
      INFO("loss " << loss << " %, ordered " << ordered);
      base::SeededRandom random(loss + 1);
      auto two = twoAssociations();
      connectBoth(two);
      two.drop = [&](bool, std::size_t, base::Bytes) { return random.below(100) < loss; };
      std::vector<std::vector<std::uint8_t>> messages;
      for (int i = 0; i < 200; ++i) messages.push_back(pattern(1 + random.below(5'000), 1'000 + i));
      REQUIRE(sendAll(two, messages, {.ordered = ordered, .maxRetransmits = {}, .maxPacketLifeTime = {}}, 600s, 200));
      REQUIRE(two.b.messages.size() == 200);
      std::multiset<std::vector<std::uint8_t>> sent(messages.begin(), messages.end());
      std::multiset<std::vector<std::uint8_t>> received;
      for (auto& message : two.b.messages) received.insert(message.bytes);
      CHECK(received == sent);
      if (ordered)
        for (std::size_t i = 0; i < 200; ++i) REQUIRE(two.b.messages[i].bytes == messages[i]);
    }
}

TEST_CASE("unordered messages overtake one that was lost") {
  auto two = twoAssociations();
  connectBoth(two);
  auto first = two.a.packetsSent;
  two.drop = [&](bool fromA, std::size_t index, base::Bytes) { return fromA && index == first; };
  Reliability unordered{.ordered = false, .maxRetransmits = {}, .maxPacketLifeTime = {}};
  two.a->send(1, Ppid::Binary, pattern(10, 1), unordered, two.now());
  two.run(1ms);
  two.a->send(1, Ppid::Binary, pattern(10, 2), unordered, two.now());
  two.run(5s);
  REQUIRE(two.b.messages.size() == 2);
  CHECK(two.b.messages[0].bytes == pattern(10, 2));
}

TEST_CASE("messages of limited reliability are given up, whole, and the rest is in order") {
  Reliability once{.ordered = true, .maxRetransmits = 0, .maxPacketLifeTime = {}};
  Reliability brief{.ordered = true, .maxRetransmits = {}, .maxPacketLifeTime = 100};
  for (auto& reliability : {once, brief})
    for (std::size_t size : {100u, 5'000u}) {
      INFO("size " << size << ", by retransmits " << reliability.maxRetransmits.has_value());
      base::SeededRandom random(3);
      auto two = twoAssociations();
      connectBoth(two);
      two.drop = [&](bool fromA, std::size_t, base::Bytes) { return fromA && random.below(10) == 0; };
      std::size_t total = 0;
      for (std::uint8_t i = 0; i < 100; ++i) {
        std::vector<std::uint8_t> message(size, i);
        total += size;
        REQUIRE(two.a->send(1, Ppid::Binary, message, reliability, two.now()) == SendResult::Sent);
        two.run(50ms);
      }
      two.drop = {};
      two.run(20s);
      CHECK(two.b.messages.size() < 100);
      CHECK(two.b.messages.size() > 10);
      int last = -1;
      for (auto& message : two.b.messages) {
        REQUIRE(message.bytes.size() == size);
        REQUIRE(std::all_of(message.bytes.begin(), message.bytes.end(), [&](auto b) { return b == message.bytes[0]; }));
        CHECK(message.bytes[0] > last);
        last = message.bytes[0];
      }
      CHECK(two.a.has<Association::Drained>());
      CHECK(sentBytes(two) <= total);
      // The association is as good as before.
      two.b.messages.clear();
      REQUIRE(two.a->send(1, Ppid::Binary, pattern(5), {}, two.now()) == SendResult::Sent);
      two.run(1s);
      REQUIRE(two.b.messages.size() == 1);
    }
}

TEST_CASE("messages that expire before they could be sent are told of as gone") {
  auto two = twoAssociations();
  connectBoth(two);
  // Nothing is acknowledged, so that the window fills and the rest waits here until it is too old.
  two.drop = [&](bool, std::size_t, base::Bytes) { return true; };
  Reliability brief{.ordered = false, .maxRetransmits = {}, .maxPacketLifeTime = 200};
  std::size_t total = 0;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(two.a->send(1, Ppid::Binary, pattern(10'000), brief, two.now()) == SendResult::Sent);
    total += 10'000;
  }
  two.run(10s);
  two.drop = {};
  two.run(30s);
  CHECK(two.a.has<Association::Drained>());
  // Of a message that was cut into chunks not all are told of; `Drained` says that no more is to come.
  CHECK(sentBytes(two) <= total);
  CHECK(sentBytes(two) > total * 9 / 10);
}

TEST_CASE("what is sent is told of once, whatever is retransmitted") {
  base::SeededRandom random(5);
  auto two = twoAssociations();
  connectBoth(two);
  two.drop = [&](bool, std::size_t, base::Bytes) { return random.below(5) == 0; };
  std::vector<std::vector<std::uint8_t>> messages(50, pattern(7'777));
  REQUIRE(sendAll(two, messages, {}, 300s, 50));
  CHECK(sentBytes(two) == 50 * 7'777);
}

TEST_CASE("a reader that does not read stops the sender and nothing is lost") {
  auto two = twoAssociations();
  connectBoth(two);
  two.b.reads = false;
  std::size_t taken = 0;
  auto message = [](std::size_t i) { return pattern(10'000 + i % 100, i); };
  while (two.a->send(1, Ppid::Binary, message(taken), {}, two.now()) == SendResult::Sent) {
    ++taken;
    two.run(5ms);
    REQUIRE(taken < 1'000);
  }
  two.run(60s);
  while (two.a->send(1, Ppid::Binary, message(taken), {}, two.now()) == SendResult::Sent) ++taken;
  two.run(60s);
  REQUIRE(two.a->send(1, Ppid::Binary, message(taken), {}, two.now()) == SendResult::Full);
  // Two buffers and what is in between: bounded.
  CHECK(taken * 10'000 > 2 * 2'097'152 - 300'000);
  CHECK(taken * 10'000 < 2 * 2'097'152 + 300'000);
  CHECK(two.a->stats().peerReceiveWindow < 300'000);

  two.a.events.clear();
  two.b.reads = true;
  REQUIRE(two.run(60s, [&] { return two.b.messages.size() == taken; }));
  for (std::size_t i = 0; i < taken; ++i) REQUIRE(two.b.messages[i].bytes == message(i));
  CHECK(two.a.has<Association::Writable>());
}

TEST_CASE("a million small messages that nobody reads take bounded memory") {
  auto two = twoAssociations();
  connectBoth(two);
  two.b.reads = false;
  std::size_t taken = 0;
  for (int i = 0; i < 1'000; ++i) {
    for (int j = 0; j < 1'000; ++j) {
      if (two.a->send(1, Ppid::Binary, pattern(1), {}, two.now()) != SendResult::Sent) break;
      ++taken;
    }
    two.run(20ms);
  }
  // At most 10 240 wait on each side, unsent, in flight and unread.
  CHECK(taken <= 3 * 10'240 + 2'000);
  two.b.reads = true;
  two.run(120s);
  CHECK(two.b.messages.size() == taken);
}

TEST_CASE("a message larger than the receive window arrives in parts and is put together") {
  auto small = bigConfig();
  small.receiveBuffer = 65'536;
  auto two = twoAssociations(bigConfig(), small);
  connectBoth(two);
  std::vector<std::vector<std::uint8_t>> messages{pattern(262'144, 1), pattern(10, 2), pattern(200'000, 3)};
  REQUIRE(sendAll(two, messages, {}, 60s, 3));
  for (std::size_t i = 0; i < 3; ++i) CHECK(two.b.messages[i].bytes == messages[i]);
}

TEST_CASE("a message that is larger than we take is thrown away and told of") {
  auto small = bigConfig();
  small.maxMessageSize = 10'000;
  for (std::size_t window : {65'536u, 2'097'152u}) {
    small.receiveBuffer = window;
    auto two = twoAssociations(bigConfig(), small);
    connectBoth(two);
    std::vector<std::vector<std::uint8_t>> messages{pattern(10'000, 1), pattern(10'001, 2), pattern(262'144, 3),
                                                    pattern(10'000, 4)};
    REQUIRE(sendAll(two, messages, {}, 60s, 2));
    two.run(1s);
    REQUIRE(two.b.messages.size() == 2);
    CHECK(two.b.messages[0].bytes == messages[0]);
    CHECK(two.b.messages[1].bytes == messages[3]);
    CHECK(two.b.all<Association::MessageTooLarge>().size() == 2);
  }
}

TEST_CASE("a path that is gone for two minutes breaks nothing, and it goes on within RTO.Max") {
  auto two = twoAssociations();
  connectBoth(two);
  auto gone = two.now();
  two.drop = [&](bool, std::size_t, base::Bytes) { return two.now() < gone + 120s; };
  two.a->send(1, Ppid::Binary, pattern(50'000), {}, two.now());
  REQUIRE(two.run(130s, [&] { return two.b.messages.size() == 1; }));
  CHECK(two.now() - gone < 126s);
}

TEST_CASE("statistics show the path") {
  auto two = twoAssociations();
  two.delay = 50ms;
  connectBoth(two);
  two.a->send(1, Ppid::Binary, pattern(200'000), {}, two.now());
  two.run(5s);
  auto stats = two.a->stats();
  REQUIRE(stats.smoothedRtt);
  CHECK(*stats.smoothedRtt >= 95ms);
  CHECK(*stats.smoothedRtt <= 130ms);
  CHECK(stats.congestionWindow >= 10 * 1'140);
  CHECK(stats.peerReceiveWindow > 1'500'000);
  CHECK(stats.unacknowledgedChunks == 0);
  CHECK(stats.packetsSent == two.a.packetsSent);
  CHECK(stats.packetsReceived == two.b.packetsSent);
}
