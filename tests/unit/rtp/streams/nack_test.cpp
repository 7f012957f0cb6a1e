#include "base/packet_pool.hpp"
#include "rtp/key_frame_requests.hpp"
#include "rtp/nack_generator.hpp"
#include "rtp/packet_history.hpp"
#include "rtp/round_trip.hpp"
#include "support/catch.hpp"

#include <array>
#include <chrono>
#include <vector>

using namespace parley;
using namespace parley::rtp;
using namespace std::chrono_literals;
using Numbers = std::vector<std::uint16_t>;

namespace {
constexpr Time t0{1s};
}

TEST_CASE("a missing packet is asked for at once, and again after a round trip and a quarter") {
  NackGenerator nack;
  nack.setRoundTrip(80ms);
  nack.missing(5, 7, t0);
  CHECK(nack.deadline() == t0);
  CHECK(nack.due(t0) == Numbers{5, 6});
  CHECK(nack.due(t0 + 99ms).empty());
  CHECK(nack.arrived(5, t0 + 82ms));
  CHECK(nack.deadline() == t0 + 100ms);
  CHECK(nack.due(t0 + 100ms) == Numbers{6});
  CHECK_FALSE(nack.arrived(5, t0 + 101ms));
}

TEST_CASE("nobody is asked more than ten times") {
  NackGenerator nack;
  nack.missing(1, 2, t0);
  int asked = 0;
  for (Time at = t0; nack.deadline() != never; at = nack.deadline()) asked += static_cast<int>(nack.due(at).size());
  CHECK(asked == 10);
  CHECK(nack.waiting() == 1);
  nack.forget(2);
  CHECK(nack.waiting() == 0);
}

TEST_CASE("where packets overtake each other, requests wait as long as that takes") {
  NackGenerator nack;
  nack.setRoundTrip(100ms);
  nack.missing(1, 2, t0);
  nack.due(t0);
  nack.arrived(1, t0 + 8ms);  // Much sooner than an answer could be here.
  CHECK(nack.reorderWait() == 10ms);  // And a margin.
  nack.missing(3, 4, t0 + 20ms);
  CHECK(nack.deadline() == t0 + 30ms);
  // And at once again when it stops.
  for (std::uint64_t i = 10; i < 400; i += 2) {
    nack.missing(i, i + 1, t0);
    nack.due(t0 + 30ms);
  }
  CHECK(nack.reorderWait() < 100us);
}

TEST_CASE("numbers that are asked for wrap around") {
  NackGenerator nack;
  nack.missing(0x1fffe, 0x20002, t0);
  CHECK(nack.due(t0) == Numbers{0xfffe, 0xffff, 0, 1});
}

TEST_CASE("an outage is asked for only as far as it is worth it") {
  NackGenerator nack;
  nack.missing(0, 50'000, t0);
  CHECK(nack.waiting() == 1000);
  CHECK(nack.due(t0).front() == 49'000);
}

TEST_CASE("history gives a packet again, but not twice within a round trip, and not after a second") {
  base::PacketPool pool;
  PacketHistory history;
  for (std::uint16_t i = 0; i < 10; ++i) {
    const std::array<std::uint8_t, 1> bytes{static_cast<std::uint8_t>(i)};
    history.add(static_cast<std::uint16_t>(65530 + i), pool.make(bytes), t0 + i * 10ms);
  }
  const Packet* packet = nullptr;
  REQUIRE(history.find(65533, 50ms, t0 + 100ms, packet) == PacketHistory::Found::Yes);
  CHECK(packet->data()[0] == 3);
  REQUIRE(history.find(2, 50ms, t0 + 100ms, packet) == PacketHistory::Found::Yes);
  CHECK(packet->data()[0] == 8);
  CHECK(history.find(65533, 50ms, t0 + 149ms, packet) == PacketHistory::Found::TooSoon);
  CHECK(history.find(65533, 50ms, t0 + 150ms, packet) == PacketHistory::Found::Yes);
  CHECK(history.find(4, 50ms, t0 + 100ms, packet) == PacketHistory::Found::Unknown);
  CHECK(history.find(65529, 50ms, t0 + 100ms, packet) == PacketHistory::Found::Unknown);
  CHECK(history.find(65533, 50ms, t0 + 1031ms, packet) == PacketHistory::Found::Unknown);
  CHECK(history.find(65534, 50ms, t0 + 1031ms, packet) == PacketHistory::Found::Yes);
}

TEST_CASE("history holds no more packets than it may") {
  base::PacketPool pool;
  PacketHistory history({1s, 3});
  for (std::uint16_t i = 0; i < 10; ++i) history.add(i, pool.make(), t0);
  CHECK(history.size() == 3);
  CHECK(pool.outstanding() == 3);
  const Packet* packet = nullptr;
  CHECK(history.find(6, 0ms, t0, packet) == PacketHistory::Found::Unknown);
  CHECK(history.find(7, 0ms, t0, packet) == PacketHistory::Found::Yes);
}

TEST_CASE("a key frame is asked for at once, rarely, and until it comes") {
  KeyFrameRequests requests;
  CHECK(requests.deadline() == never);
  requests.need(t0);
  CHECK(requests.due(t0, 30ms));
  CHECK_FALSE(requests.due(t0 + 199ms, 30ms));
  CHECK(requests.due(t0 + 200ms, 30ms));
  CHECK(requests.due(t0 + 600ms, 30ms));
  CHECK(requests.deadline() == t0 + 1400ms);
  requests.satisfied();
  CHECK(requests.deadline() == never);
  // Needed again right behind: not more than five a second.
  requests.need(t0 + 650ms);
  CHECK(requests.deadline() == t0 + 800ms);
}

TEST_CASE("requests of a peer within a round trip are one key frame, and a FIR repeated is none") {
  KeyFrameDemand demand;
  CHECK(demand.pictureLoss(100ms, t0));
  CHECK_FALSE(demand.pictureLoss(100ms, t0 + 90ms));
  CHECK(demand.pictureLoss(100ms, t0 + 110ms));
  CHECK(demand.fullIntra(7, 100ms, t0 + 300ms));
  CHECK_FALSE(demand.fullIntra(7, 100ms, t0 + 3s));
  CHECK(demand.fullIntra(8, 100ms, t0 + 3s));
}

TEST_CASE("the round trip of RFC 3550's example") {
  // Figure 2: A 0xb710:8000, LSR 0xb705:2000, DLSR 0x0005:4000: 6.125 s.
  CHECK(RoundTrip::of(0xb7108000, 0xb7052000, 0x00054000) == Duration(6'125'000'000));
  CHECK_FALSE(RoundTrip::of(0xb7108000, 0, 0x00054000));
  CHECK_FALSE(RoundTrip::of(0xb7052000, 0xb7108000, 0));
}
