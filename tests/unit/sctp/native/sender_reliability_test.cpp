// Partial reliability and stream resets of the sender.
#include "one_sender.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;
using namespace parley::sctp::native::test;

namespace {

const Reliability never_{.ordered = true, .maxRetransmits = 0, .maxPacketLifeTime = {}};
const Reliability once{.ordered = true, .maxRetransmits = 1, .maxPacketLifeTime = {}};
const Reliability brief{.ordered = true, .maxRetransmits = {}, .maxPacketLifeTime = 100};

std::size_t told(const OneSender& s) {
  std::size_t bytes = 0;
  for (const auto& sent : s.all<Association::Sent>()) bytes += sent.bytes;
  return bytes;
}

std::optional<SeenPacket> forwardIn(const std::vector<SeenPacket>& packets) {
  for (const auto& packet : packets)
    if (packet.forward) return packet;
  return std::nullopt;
}

}  // namespace

TEST_CASE("a message that may not be sent again is given up when it is lost, and the peer is told") {
  OneSender s;
  s.send(7, 100, never_);
  s.drain();
  for (int i = 0; i < 4; ++i) {
    s.send(1, 1'100);
    s.runUntilPacket(20ms);
  }
  s.now += 40ms;
  s.sack(999, {{1'001, 1'004}});
  auto seen = s.drain();
  auto forward = forwardIn(seen);
  REQUIRE(forward);
  CHECK(forward->forward == 1'000);
  CHECK(forward->skipped == std::vector<std::pair<std::uint16_t, std::uint32_t>>{{7, 0}});
  CHECK(tsns(seen).empty());
  s.now += 40ms;
  s.sack(1'004);
  CHECK(s.drain().empty());
  CHECK(s.sender.drained());
  CHECK(s.all<Association::Drained>().size() == 1);
}

TEST_CASE("a limited number of retransmissions is used up before a message is given up") {
  OneSender s;
  s.send(7, 100, once);
  s.drain();
  auto seen = s.run(20s);
  std::size_t again = 0;
  for (auto tsn : tsns(seen)) again += tsn == 1'000;
  CHECK(again == 1);
  auto forward = forwardIn(seen);
  REQUIRE(forward);
  CHECK(forward->forward == 1'000);
}

TEST_CASE("the word that a message was given up is repeated until the peer has it") {
  OneSender s;
  s.send(7, 100, never_);
  s.drain();
  auto seen = s.run(20s);
  int forwards = 0;
  for (const auto& packet : seen) forwards += packet.forward.has_value();
  CHECK(forwards >= 3);
  s.sack(1'000);
  CHECK(s.run(20s).empty());
  CHECK(s.sender.drained());
}

TEST_CASE("a FORWARD-TSN for what has arrived meanwhile is not sent") {
  OneSender s;
  s.send(7, 100, never_);
  s.drain();
  for (int i = 0; i < 4; ++i) {
    s.send(1, 1'100);
    s.runUntilPacket(20ms);
  }
  s.now += 40ms;
  s.sack(999, {{1'001, 1'004}});
  s.sack(1'004);
  CHECK_FALSE(s.sender.wantsPacket(s.now));
  CHECK(s.sender.drained());
}

TEST_CASE("all chunks of a message are given up at once, also those that arrived") {
  OneSender s;
  s.send(7, 5'000, never_);
  s.send(1, 5'000);
  s.run(40ms);
  s.now += 10ms;
  s.sack(999, {{1'001, 1'009}});
  auto forward = forwardIn(s.drain());
  REQUIRE(forward);
  // 5000 bytes are five chunks, the last of which fills its packet with the next message.
  CHECK(forward->forward == 1'004);
  CHECK(told(s) == 10'000);
}

TEST_CASE("what is given up half sent leaves a TSN behind that says so, and its rest counts as gone") {
  for (bool interleaving : {false, true}) {
    OneSender s(interleaving, OneSender::makeConfig(), 20'000);
    s.send(7, 100'000, brief);
    s.run(30ms);
    auto before = told(s);
    CHECK(before < 20'001);
    s.now += 10ms;
    // All that was sent has arrived, and the peer's window stays closed.
    s.window = 0;
    const auto last = s.sender.nextTsn().value - 1;
    s.sack(last);
    auto seen = s.run(200ms);
    auto forward = forwardIn(seen);
    REQUIRE(forward);
    CHECK(forward->forward == last + 1);
    CHECK(forward->skipped == std::vector<std::pair<std::uint16_t, std::uint32_t>>{{7, 0}});
    CHECK(told(s) == 100'000);
    s.sack(last + 1);
    CHECK(s.sender.drained());
    s.drain();
    CHECK(s.all<Association::Drained>().size() == 1);
  }
}

TEST_CASE("a message that is too old when it is lost is not sent again") {
  OneSender s;
  s.send(7, 100, brief);
  auto seen = s.run(20s);
  for (const auto& packet : seen)
    if (packet.at > s.now - 20s + 100ms) CHECK(packet.data.empty());
  auto forward = forwardIn(seen);
  REQUIRE(forward);
  CHECK(forward->forward == 1'000);
}

TEST_CASE("unordered messages are in no list of a FORWARD-TSN, and in that of an I-FORWARD-TSN") {
  for (bool interleaving : {false, true}) {
    OneSender s(interleaving);
    s.send(7, 100, {.ordered = false, .maxRetransmits = 0, .maxPacketLifeTime = {}});
    s.drain();
    auto forward = forwardIn(s.run(5s));
    REQUIRE(forward);
    CHECK(forward->skipped.size() == (interleaving ? 1 : 0));
  }
}

TEST_CASE("a FORWARD-TSN that would not fit into a packet is made in parts") {
  OneSender s(true);
  // 100 streams of 8 bytes, ordered and unordered.
  for (std::uint16_t stream = 0; stream < 100; ++stream)
    for (bool ordered : {true, false})
      s.send(stream, 10, {.ordered = ordered, .maxRetransmits = 0, .maxPacketLifeTime = {}});
  s.run(40ms);
  const auto last = s.sender.nextTsn().value - 1;
  REQUIRE(last == 1'199);
  auto forward = forwardIn(s.run(5s));
  REQUIRE(forward);
  CHECK(*forward->forward < last);
  CHECK(forward->size <= 1'152);
  s.sack(*forward->forward);
  auto rest = forwardIn(s.run(5s));
  REQUIRE(rest);
  CHECK(rest->forward == last);
}

TEST_CASE("where the peer does not know FORWARD-TSN every message is reliable") {
  Sender sender(OneSender::makeConfig(), 1);
  Sender::Start start;
  start.initialTsn = {1};
  start.peerWindow = 100'000;
  start.streams = 10;
  sender.start(start, Time{1s});
  REQUIRE(sender.send(1, Ppid::Binary, std::vector<std::uint8_t>(10), never_, Time{1s}) == SendResult::Sent);
  CHECK(sender.deadline() == never);
  // And every reset is refused.
  sender.resetStreams({1}, Time{1s});
  auto event = sender.poll();
  REQUIRE(event);
  CHECK(std::get<Association::OutgoingStreamsReset>(*event).refused);
}

TEST_CASE("a stream is reset when all of it has been acknowledged, and takes nothing meanwhile") {
  OneSender s;
  s.send(3, 100);
  s.send(4, 100);
  s.sender.resetStreams({3}, s.now);
  CHECK(s.send(3, 100) == SendResult::Invalid);
  auto seen = s.drain();
  REQUIRE(tsns(seen).size() == 2);
  CHECK_FALSE(seen[0].reset);
  s.now += 50ms;
  s.sack(1'001);
  seen = s.drain();
  REQUIRE(seen.size() == 1);
  REQUIRE(seen[0].reset);
  CHECK(seen[0].reset->request.value == firstTsn);
  CHECK(seen[0].reset->responseTo.value == 77);
  CHECK(seen[0].reset->lastTsn.value == 1'001);
  CHECK(seen[0].resetStreams == std::vector<std::uint16_t>{3});

  s.sender.handle(wire::ReconfigResponse{{firstTsn}, wire::ReconfigResult::Performed}, s.now);
  CHECK(s.run(10s).empty());
  REQUIRE(s.all<Association::OutgoingStreamsReset>().size() == 1);
  CHECK_FALSE(s.all<Association::OutgoingStreamsReset>()[0].refused);
  // It counts from zero again; the other one goes on.
  s.send(3, 10);
  s.send(4, 10);
  seen = s.drain();
  REQUIRE(seen[0].data.size() == 2);
  for (const auto& data : seen[0].data) CHECK(data.number == (data.stream == 3 ? 0u : 1u));
}

TEST_CASE("a reset is asked for again, the same way, until there is an answer") {
  OneSender s;
  s.sender.resetStreams({3, 5}, s.now);
  auto seen = s.run(20s);
  REQUIRE(seen.size() >= 5);
  for (const auto& packet : seen) {
    REQUIRE(packet.reset);
    CHECK(packet.reset->request.value == firstTsn);
    CHECK(packet.resetStreams == std::vector<std::uint16_t>{3, 5});
  }
  CHECK(seen[1].at - seen[0].at < seen.back().at - seen[seen.size() - 2].at);
  // Another one waits for the answer.
  s.sender.resetStreams({6}, s.now);
  CHECK(s.drain().empty());
  s.sender.handle(wire::ReconfigResponse{{firstTsn + 1}, wire::ReconfigResult::Performed}, s.now);
  CHECK(s.drain().empty());
  s.sender.handle(wire::ReconfigResponse{{firstTsn}, wire::ReconfigResult::Denied}, s.now);
  seen = s.drain();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].reset->request.value == firstTsn + 1);
  CHECK(seen[0].resetStreams == std::vector<std::uint16_t>{6});
  auto done = s.all<Association::OutgoingStreamsReset>();
  REQUIRE(done.size() == 1);
  CHECK(done[0].refused);
  CHECK(s.send(3, 10) == SendResult::Sent);
}

TEST_CASE("a peer that is not ready for a reset is asked again when it has all that was sent before") {
  OneSender s;
  s.send(4, 100);
  s.drain();
  s.sender.resetStreams({3}, s.now);
  REQUIRE(s.drain().size() == 1);
  s.sender.handle(wire::ReconfigResponse{{firstTsn}, wire::ReconfigResult::InProgress}, s.now);
  CHECK(s.drain().empty());
  s.now += 50ms;
  s.sack(1'000);
  auto seen = s.drain();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].reset->request.value == firstTsn);
  s.sender.handle(wire::ReconfigResponse{{firstTsn}, wire::ReconfigResult::Performed}, s.now);
  s.drain();
  CHECK(s.all<Association::OutgoingStreamsReset>().size() == 1);
}
