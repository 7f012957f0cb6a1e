#include "base/packet_pool.hpp"

#include "support/catch.hpp"

#include <algorithm>
#include <memory>
#include <thread>
#include <vector>

using namespace parley;
using namespace parley::base;

TEST_CASE("a packet starts empty, with room on both sides") {
  PacketPool pool;
  auto packet = pool.make();
  REQUIRE(packet);
  CHECK(packet.empty());
  CHECK(packet.headroom() == packetHeadroom);
  CHECK(packet.tailroom() == packetCapacity);
  packet.append(asBytes("body"));
  auto front = packet.prepend(4);
  std::ranges::copy(asBytes("head"), front.begin());
  CHECK(asText(packet.bytes()) == "headbody");
  CHECK(packet.headroom() == packetHeadroom - 4);
  CHECK(packet.tailroom() == packetCapacity - 4);
  packet.truncate(6);
  CHECK(asText(packet.bytes()) == "headbo");
  packet.append({});
  CHECK(packet.size() == 6);
}

TEST_CASE("a packet holds exactly its capacity, and a header in front of it") {
  PacketPool pool;
  std::vector<std::uint8_t> full(packetCapacity, 7);
  auto packet = pool.make(full);
  CHECK(packet.tailroom() == 0);
  std::ranges::fill(packet.prepend(packetHeadroom), std::uint8_t{8});
  CHECK(packet.headroom() == 0);
  CHECK(packet.size() == packetHeadroom + packetCapacity);
  CHECK(std::ranges::count(packet.bytes(), 7) == static_cast<std::ptrdiff_t>(packetCapacity));
}

TEST_CASE("no packet is empty and has no room") {
  Packet none;
  CHECK_FALSE(none);
  CHECK(none.empty());
  CHECK(none.bytes().empty());
  CHECK(none.tailroom() == 0);
  CHECK(none.headroom() == 0);
  none.reset();
}

TEST_CASE("a packet that was moved from is no packet") {
  PacketPool pool;
  auto first = pool.make(asBytes("abc"));
  Packet second = std::move(first);
  CHECK_FALSE(first);
  CHECK(first.bytes().empty());
  CHECK(asText(second.bytes()) == "abc");
  Packet third = pool.make(asBytes("xyz"));
  third = std::move(second);
  CHECK_FALSE(second);
  CHECK(second.bytes().empty());
  CHECK(asText(third.bytes()) == "abc");
  CHECK(pool.outstanding() == 1);
  auto& self = third;
  third = std::move(self);
  CHECK(asText(third.bytes()) == "abc");
}

TEST_CASE("buffers are used again") {
  PacketPool pool;
  const auto* address = pool.make(asBytes("abc")).data();
  auto again = pool.make();
  CHECK(again.data() == address);
  CHECK(again.empty());
  CHECK(again.headroom() == packetHeadroom);
}

TEST_CASE("the pool counts what is outside") {
  PacketPool pool(2);
  CHECK(pool.outstanding() == 0);
  std::vector<Packet> packets;
  for (int i = 0; i < 10; ++i) packets.push_back(pool.make());
  CHECK(pool.outstanding() == 10);
  packets.resize(3);
  CHECK(pool.outstanding() == 3);
  packets.clear();
  CHECK(pool.outstanding() == 0);
  for (int i = 0; i < 10; ++i) packets.push_back(pool.make());  // two kept ones and eight new ones
  CHECK(pool.outstanding() == 10);
}

TEST_CASE("packets outlive their pool") {
  auto pool = std::make_unique<PacketPool>();
  auto packet = pool->make(asBytes("still here"));
  auto other = pool->make();
  pool.reset();
  CHECK(asText(packet.bytes()) == "still here");
}

TEST_CASE("packets come back from any thread") {
  constexpr int rounds = 200, batch = 50, threads = 3;
  PacketPool pool(64);
  for (int round = 0; round < rounds; ++round) {
    std::vector<std::vector<Packet>> shares(threads);
    for (int i = 0; i < batch; ++i)
      for (auto& share : shares) share.push_back(pool.make(asBytes("payload")));
    std::vector<std::thread> workers;
    std::vector<int> intact(threads);
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([share = std::move(shares[static_cast<std::size_t>(t)]),
                            &count = intact[static_cast<std::size_t>(t)]]() mutable {
        for (auto& packet : share) {
          count += asText(packet.bytes()) == "payload";
          packet.reset();
        }
      });
    // The pool's own thread goes on meanwhile.
    for (int i = 0; i < batch; ++i) pool.make(asBytes("mine"));
    for (auto& worker : workers) worker.join();
    for (int count : intact) REQUIRE(count == batch);
    REQUIRE(pool.outstanding() == 0);
  }
}

TEST_CASE("the last packet may come back after the pool's end, from another thread") {
  for (int round = 0; round < 100; ++round) {
    auto pool = std::make_unique<PacketPool>();
    std::vector<std::thread> workers;
    for (int t = 0; t < 2; ++t)
      workers.emplace_back([packet = pool->make(asBytes("x"))]() mutable { packet.reset(); });
    pool.reset();
    for (auto& worker : workers) worker.join();
  }
}
