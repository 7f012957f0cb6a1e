#include "two_ends.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

namespace {

constexpr ChannelId one{1};
constexpr ChannelId two_{2};

Parameters labelled(std::string label, Reliability reliability = {}) {
  Parameters parameters;
  parameters.label = std::move(label);
  parameters.reliability = reliability;
  return parameters;
}

Parameters negotiated(std::uint16_t streamId, Reliability reliability = {}) {
  Parameters parameters;
  parameters.negotiated = true;
  parameters.streamId = streamId;
  parameters.reliability = reliability;
  return parameters;
}

SendResult sendText(TwoPeers& two, End<DataChannels>& end, ChannelId channel, std::string_view text) {
  return end->send(channel, true, base::asBytes(text), two.now());
}

/// The id that an end gave to the peer's last channel.
ChannelId incoming(const End<DataChannels>& end) {
  auto all = end.all<DataChannels::Incoming>();
  REQUIRE(!all.empty());
  return all.back().channel;
}

std::size_t drained(const End<DataChannels>& end, ChannelId channel) {
  std::size_t sum = 0;
  for (auto& event : end.all<DataChannels::Drained>())
    if (event.channel == channel) sum += event.bytes;
  return sum;
}

}  // namespace

TEST_CASE("a channel that was opened before the association is up opens with it") {
  auto two = twoPeers();
  Reliability reliability{false, 7, {}};
  auto parameters = labelled("chat", reliability);
  parameters.protocol = "proto";
  parameters.priority = 512;
  REQUIRE(two.a->open(one, parameters, two.now()));
  CHECK(two.a->streamId(one) == 0);
  CHECK(sendText(two, two.a, one, "early") == SendResult::Full);
  connectBoth(two);

  auto opened = two.a.all<DataChannels::Opened>();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].channel == one);
  CHECK(opened[0].streamId == 0);
  CHECK(two.a.all<DataChannels::AssociationUp>().at(0).maxChannels == 256);

  auto seen = two.b.all<DataChannels::Incoming>();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].channel >= firstIncomingChannel);
  CHECK(seen[0].parameters.label == "chat");
  CHECK(seen[0].parameters.protocol == "proto");
  CHECK(seen[0].parameters.priority == 512);
  CHECK(seen[0].parameters.reliability == reliability);
  CHECK(seen[0].parameters.streamId == 0);
  CHECK_FALSE(seen[0].parameters.negotiated);
  REQUIRE(two.b.all<DataChannels::Opened>().size() == 1);
}

TEST_CASE("a channel whose OPEN has left before the association is up can be closed, by both ends then") {
  auto two = twoPeers();
  REQUIRE(two.a->open(one, labelled("short"), two.now()));
  two.a->connect(two.now());
  two.b->connect(two.now());
  // INIT and INIT ACK: the OPEN of an engine that sends early is on its way, and nothing is up.
  two.run(2 * two.delay);
  CHECK(two.a.all<DataChannels::AssociationUp>().empty());
  two.a->close(one, two.now());
  two.run(5s);
  CHECK(two.a.all<DataChannels::Closed>().size() == 1);
  CHECK(two.b.all<DataChannels::Closed>().size() == two.b.all<DataChannels::Incoming>().size());
  // The stream is free again.
  REQUIRE(two.a->open(two_, labelled("next"), two.now()));
  CHECK(two.a->streamId(two_) == 0);
}

TEST_CASE("the client takes even streams and the server odd ones") {
  auto two = twoPeers();
  connectBoth(two);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    REQUIRE(two.a->open(ChannelId{i}, labelled("a"), two.now()));
    REQUIRE(two.b->open(ChannelId{i}, labelled("b"), two.now()));
  }
  CHECK(two.a->streamId(ChannelId{3}) == 4);
  CHECK(two.b->streamId(ChannelId{3}) == 5);
  two.run(1s);
  CHECK(two.a.all<DataChannels::Incoming>().size() == 3);
  CHECK(two.b.all<DataChannels::Incoming>().size() == 3);
}

TEST_CASE("text and binary messages and empty ones arrive as what they are") {
  auto two = twoPeers();
  two.a->open(one, labelled("x"), two.now());
  connectBoth(two);
  auto big = pattern(262'144);
  CHECK(sendText(two, two.a, one, "hello") == SendResult::Sent);
  CHECK(sendText(two, two.a, one, "") == SendResult::Sent);
  CHECK(two.a->send(one, false, base::Bytes{}, two.now()) == SendResult::Sent);
  CHECK(two.a->send(one, false, big, two.now()) == SendResult::Sent);
  two.run(5s);
  auto channel = incoming(two.b);
  auto& got = two.b.messages;
  REQUIRE(got.size() == 4);
  CHECK((got[0].text && base::asText(got[0].bytes) == "hello" && got[0].channel == channel));
  CHECK((got[1].text && got[1].bytes.empty()));
  CHECK((!got[2].text && got[2].bytes.empty()));
  CHECK((!got[3].text && got[3].bytes == big));
  CHECK(two.b->send(channel, true, base::asBytes("back"), two.now()) == SendResult::Sent);
  two.run(1s);
  REQUIRE(two.a.messages.size() == 1);
  CHECK(two.a.messages[0].channel == one);
  CHECK(drained(two.a, one) == 5 + 262'144);

  auto stats = two.a->stats();
  REQUIRE(stats.channels.size() == 1);
  CHECK(stats.channels[0].second.messagesSent == 4);
  CHECK(stats.channels[0].second.bytesSent == 5 + 262'144);
  CHECK(stats.channels[0].second.messagesReceived == 1);
  CHECK(stats.channels[0].second.bytesReceived == 4);
}

TEST_CASE("messages can follow the OPEN at once, in order even on an unordered channel until the ACK") {
  auto two = twoPeers();
  connectBoth(two);
  auto first = two.a.packetsSent;
  std::vector<bool> unordered;
  two.drop = [&](bool fromA, std::size_t index, base::Bytes packet) {
    for (std::size_t at = 12; at + 16 <= packet.size(); at += (base::load16(&packet[at + 2]) + 3u) & ~3u)
      if (fromA && (packet[at] == 0 || packet[at] == 0x40) && index != first) unordered.push_back(packet[at + 1] & 4);
    return fromA && index == first;  // The OPEN is lost.
  };
  REQUIRE(two.a->open(one, labelled("x", {false, {}, {}}), two.now()));
  CHECK(sendText(two, two.a, one, "first") == SendResult::Sent);
  two.run(1ms);
  CHECK(sendText(two, two.a, one, "second") == SendResult::Sent);
  two.run(5s);
  REQUIRE(two.b.messages.size() == 2);
  CHECK(std::find(unordered.begin(), unordered.end(), true) == unordered.end());
  unordered.clear();
  CHECK(sendText(two, two.a, one, "third") == SendResult::Sent);
  two.run(1s);
  CHECK(unordered == std::vector<bool>{true});
  CHECK(two.b->drops().total() == 0);
}

TEST_CASE("negotiated channels need no OPEN and carry messages from the start") {
  auto two = twoPeers();
  REQUIRE(two.a->open(one, negotiated(7), two.now()));
  REQUIRE(two.b->open(two_, negotiated(7), two.now()));
  connectBoth(two);
  CHECK_FALSE(two.b.has<DataChannels::Incoming>());
  CHECK(sendText(two, two.a, one, "x") == SendResult::Sent);
  two.run(1s);
  REQUIRE(two.b.messages.size() == 1);
  CHECK(two.b.messages[0].channel == two_);
}

TEST_CASE("streams that cannot be are refused and those beyond the peer's limit fail when it is known") {
  auto small = bigConfig();
  small.streams = 8;
  auto two = twoPeers(bigConfig(), small);
  CHECK_FALSE(two.a->open(one, negotiated(65'535), two.now()));
  REQUIRE(two.a->open(one, negotiated(7), two.now()));
  CHECK_FALSE(two.a->open(one, negotiated(9), two.now()));
  CHECK_FALSE(two.a->open(two_, negotiated(7), two.now()));
  REQUIRE(two.a->open(two_, negotiated(8), two.now()));
  connectBoth(two);
  auto failed = two.a.all<DataChannels::ChannelFailed>();
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].channel == two_);
  CHECK_FALSE(two.a->open(two_, negotiated(8), two.now()));
  // Even streams below 8: 0, 2, 4, 6.
  for (std::uint32_t i = 10; i < 14; ++i) CHECK(two.a->open(ChannelId{i}, labelled("x"), two.now()));
  CHECK_FALSE(two.a->open(ChannelId{14}, labelled("x"), two.now()));
}

TEST_CASE("messages beyond the peer's limit are refused and the channel lives on") {
  auto config = bigConfig();
  config.remoteMaxMessageSize = 100;
  auto two = twoPeers(config);
  two.a->open(one, labelled("x"), two.now());
  connectBoth(two);
  CHECK(two.a->send(one, false, pattern(101), two.now()) == SendResult::Invalid);
  CHECK(two.a->send(one, false, pattern(100), two.now()) == SendResult::Sent);
  two.run(1s);
  CHECK(two.b.messages.size() == 1);
}

TEST_CASE("close delivers what was sent, tells the peer, and frees id and stream on both sides") {
  auto two = twoPeers();
  two.a->open(one, labelled("x"), two.now());
  connectBoth(two);
  auto peer = incoming(two.b);
  two.a->send(one, false, pattern(200'000), two.now());
  two.a->close(one, two.now());
  CHECK(sendText(two, two.a, one, "late") == SendResult::Invalid);
  two.run(5s);
  REQUIRE(two.b.messages.size() == 1);
  CHECK(two.b.messages[0].bytes == pattern(200'000));
  REQUIRE(two.b.all<DataChannels::Closing>().size() == 1);
  CHECK(two.b.all<DataChannels::Closing>()[0].channel == peer);
  CHECK(two.b.all<DataChannels::Closed>().at(0).channel == peer);
  CHECK(two.a.all<DataChannels::Closed>().at(0).channel == one);
  CHECK_FALSE(two.a.has<DataChannels::Closing>());
  CHECK(two.a->stats().channels.empty());
  CHECK(two.b->stats().channels.empty());
  REQUIRE(two.a->open(one, labelled("again"), two.now()));
  CHECK(two.a->streamId(one) == 0);
  sendText(two, two.a, one, "hi");
  two.run(1s);
  CHECK(two.b.messages.size() == 2);
}

TEST_CASE("both ends close one channel at once, under loss too") {
  for (auto loss : {0u, 10u, 30u})
    for (bool isNegotiated : {false, true}) {
      INFO("loss " << loss << " %, negotiated " << isNegotiated);
      base::SeededRandom random(loss + 9);
      auto two = twoPeers();
      ChannelId peer = two_;
      two.a->open(one, isNegotiated ? negotiated(3) : labelled("x"), two.now());
      if (isNegotiated) two.b->open(two_, negotiated(3), two.now());
      connectBoth(two);
      if (!isNegotiated) peer = incoming(two.b);
      two.drop = [&](bool, std::size_t, base::Bytes) { return random.below(100) < loss; };
      two.a->close(one, two.now());
      two.b->close(peer, two.now());
      two.run(60s);
      CHECK(two.a.all<DataChannels::Closed>().size() == 1);
      CHECK(two.b.all<DataChannels::Closed>().size() == 1);
      CHECK(two.a->stats().channels.empty());
      CHECK(two.b->stats().channels.empty());
    }
}

TEST_CASE("a channel that is closed before the association is up was never there") {
  auto two = twoPeers();
  two.a->open(one, labelled("x"), two.now());
  two.a->close(one, two.now());
  connectBoth(two);
  CHECK(two.a.all<DataChannels::Closed>().size() == 1);
  CHECK_FALSE(two.b.has<DataChannels::Incoming>());
}

TEST_CASE("the peer's OPEN and close right behind it are both seen") {
  auto two = twoPeers();
  connectBoth(two);
  two.a->open(one, labelled("x"), two.now());
  sendText(two, two.a, one, "only");
  two.a->close(one, two.now());
  two.run(5s);
  REQUIRE(two.b.messages.size() == 1);
  CHECK(two.b.all<DataChannels::Incoming>().size() == 1);
  CHECK(two.b.all<DataChannels::Closed>().size() == 1);
  CHECK(two.a.all<DataChannels::Closed>().size() == 1);
}

TEST_CASE("thousands of channels are opened, used and closed on few streams, under loss") {
  auto config = bigConfig();
  config.streams = 16;
  base::SeededRandom random(4);
  auto two = twoPeers(config, config);
  two.delay = 1ms;
  connectBoth(two);
  two.drop = [&](bool, std::size_t, base::Bytes) { return random.below(100) == 0; };
  std::uint32_t next = 1;
  std::size_t closedByPeer = 0;
  for (int round = 0; round < 400; ++round) {
    std::vector<ChannelId> mine;
    for (int i = 0; i < 8; ++i) {
      ChannelId id{next++};
      if (!two.a->open(id, labelled("c"), two.now())) break;
      REQUIRE(sendText(two, two.a, id, "x") == SendResult::Sent);
      mine.push_back(id);
    }
    REQUIRE(mine.size() == 8);
    auto before = two.b.all<DataChannels::Incoming>().size();
    if (round % 2 == 0) {
      for (auto id : mine) two.a->close(id, two.now());
    } else {
      REQUIRE(two.run(20s, [&] { return two.b.messages.size() >= 8; }));
      for (auto& message : two.b.messages) two.b->close(message.channel, two.now());
      closedByPeer += 8;
    }
    REQUIRE(two.run(20s, [&] { return two.a->stats().channels.empty() && two.b->stats().channels.empty(); }));
    REQUIRE(two.b.all<DataChannels::Incoming>().size() - before == 8);
    CHECK(two.b.messages.size() == 8);
    two.b.messages.clear();
    two.b.events.clear();
    two.a.events.clear();
  }
  CHECK(closedByPeer == 1'600);
  CHECK(two.a->drops().total() == 0);
}

TEST_CASE("the buffered amount comes to zero on channels of limited reliability whatever is lost") {
  for (auto& reliability : {Reliability{false, 0, {}}, Reliability{true, {}, 50}}) {
    base::SeededRandom random(8);
    auto two = twoPeers();
    two.a->open(one, labelled("x", reliability), two.now());
    connectBoth(two);
    two.drop = [&](bool, std::size_t, base::Bytes) { return random.below(3) == 0; };
    std::size_t total = 0;
    for (int i = 0; i < 50; ++i) {
      if (two.a->send(one, false, pattern(9'000), two.now()) == SendResult::Sent) total += 9'000;
      two.run(10ms);
    }
    CHECK(two.run(600s, [&] { return drained(two.a, one) == total; }));
    two.run(60s);
    CHECK(drained(two.a, one) == total);
    CHECK(two.b.messages.size() < 50);
  }
}

TEST_CASE("a full buffer refuses, says when there is room, and loses nothing; control messages get through") {
  auto two = twoPeers();
  two.a->open(one, labelled("x"), two.now());
  connectBoth(two);
  std::size_t sent = 0;
  const std::size_t wanted = 100;
  auto push = [&] {
    while (sent < wanted) {
      auto result = two.a->send(one, false, pattern(100'000, sent), two.now());
      if (result == SendResult::Full) return;
      REQUIRE(result == SendResult::Sent);
      ++sent;
    }
  };
  push();
  REQUIRE(sent < wanted);
  REQUIRE(two.a->open(two_, labelled("second"), two.now()));
  two.a.onEvent = [&](const DataChannels::Output& output) {
    if (std::holds_alternative<DataChannels::Writable>(output)) push();
  };
  REQUIRE(two.run(60s, [&] { return two.b.messages.size() == wanted; }));
  for (std::size_t i = 0; i < wanted; ++i) REQUIRE(two.b.messages[i].bytes == pattern(100'000, i));
  two.run(1s);
  CHECK(drained(two.a, one) == wanted * 100'000);
  CHECK(two.b.all<DataChannels::Incoming>().size() == 2);
}

TEST_CASE("channels share the path by their priority, as RFC 8831 s.6.4 has it", "[native]") {
  for (const bool interleaving : {true, false}) {
    INFO("interleaving " << interleaving);
    auto config = bigConfig();
    config.interleaving = interleaving;
    config.sendBuffer = 4'194'304;
    auto two = twoPeers(config, config);
    // Extra low, low, medium, high.
    const std::uint16_t priorities[] = {128, 256, 512, 1'024};
    for (unsigned i = 0; i < 4; ++i) {
      auto parameters = labelled("x");
      parameters.priority = priorities[i];
      two.a->open(ChannelId{i + 1}, parameters, two.now());
    }
    connectBoth(two);
    std::size_t received[4] = {};
    for (int n = 0; n < 100; ++n)
      for (unsigned i = 0; i < 4; ++i)
        REQUIRE(two.a->send(ChannelId{i + 1}, false, std::vector<std::uint8_t>(5'000, static_cast<std::uint8_t>(i)),
                            two.now()) == SendResult::Sent);
    REQUIRE(two.run(10s, [&] { return two.b.messages.size() >= 150; }));
    for (std::size_t i = 0; i < 150; ++i) ++received[two.b.messages[i].bytes.at(0)];
    // 15 parts of ten messages.
    CHECK(std::abs(static_cast<int>(received[0]) - 10) <= 2);
    CHECK(std::abs(static_cast<int>(received[1]) - 20) <= 2);
    CHECK(std::abs(static_cast<int>(received[2]) - 40) <= 3);
    CHECK(std::abs(static_cast<int>(received[3]) - 80) <= 4);
    // Nobody starves.
    REQUIRE(two.run(60s, [&] { return two.b.messages.size() == 400; }));
  }
}

TEST_CASE("events and messages come in their order, and a reader that stops holds the peer up") {
  auto two = twoPeers();
  connectBoth(two);
  two.b.reads = false;
  two.a->open(one, labelled("x"), two.now());
  for (int i = 0; i < 30; ++i) two.a->send(one, false, pattern(100'000), two.now());
  two.a->close(one, two.now());
  two.run(30s);
  CHECK(two.b.has<DataChannels::Incoming>());
  CHECK_FALSE(two.b.has<DataChannels::Closing>());
  two.b.reads = true;
  std::size_t atClosing = 0;
  two.b.onEvent = [&](const DataChannels::Output& output) {
    if (std::holds_alternative<DataChannels::Closing>(output)) atClosing = two.b.messages.size();
  };
  two.run(30s);
  CHECK(two.b.has<DataChannels::Closed>());
  CHECK(atClosing == two.b.messages.size());
  CHECK(two.b.messages.size() >= 20);
  two.b.onEvent = {};
}

TEST_CASE("a message larger than we take ends its channel and no other") {
  auto small = bigConfig();
  small.maxMessageSize = 1'000;
  auto two = twoPeers(bigConfig(), small);
  two.a->open(one, labelled("bad"), two.now());
  two.a->open(two_, labelled("good"), two.now());
  connectBoth(two);
  two.a->send(one, false, pattern(100'000), two.now());
  two.a->send(two_, false, pattern(1'000), two.now());
  two.run(10s);
  REQUIRE(two.b.all<DataChannels::ChannelFailed>().size() == 1);
  REQUIRE(two.b.messages.size() == 1);
  REQUIRE(two.a.all<DataChannels::Closed>().size() == 1);
  CHECK(two.a.all<DataChannels::Closed>()[0].channel == one);
  CHECK(sendText(two, two.a, two_, "still") == SendResult::Sent);
  two.run(1s);
  CHECK(two.b.messages.size() == 2);
}

TEST_CASE("every channel is told when the association ends") {
  for (bool aborts : {true, false}) {
    auto two = twoPeers();
    two.a->open(one, labelled("x"), two.now());
    two.b->open(two_, labelled("y"), two.now());
    connectBoth(two);
    if (aborts)
      two.a->abort(two.now());
    else
      two.a->shutdown(two.now());
    two.run(5s);
    if (aborts) {
      REQUIRE(two.b.all<DataChannels::ChannelFailed>().size() == 2);
      CHECK(two.b.all<DataChannels::ChannelFailed>()[0].cause == 12);  // RFC 9260 s.3.3.10.12: by its user
      CHECK(two.b.all<DataChannels::Failed>().size() == 1);
      CHECK_FALSE(two.a.has<DataChannels::Failed>());
    } else {
      CHECK(two.b.all<DataChannels::Closed>().size() == 2);
      CHECK(two.b.has<DataChannels::AssociationClosed>());
      CHECK(two.a.has<DataChannels::AssociationClosed>());
    }
    CHECK_FALSE(two.b->open(ChannelId{9}, labelled("z"), two.now()));
    CHECK(sendText(two, two.b, two_, "x") == SendResult::Invalid);
  }
}
