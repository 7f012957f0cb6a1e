#include "rtp/reorder_buffer.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <vector>

using namespace parley;
using namespace std::chrono_literals;
using Buffer = rtp::ReorderBuffer<int>;

namespace {

std::vector<int> drain(Buffer& buffer) {
  std::vector<int> values;
  while (auto item = buffer.pop()) values.push_back(item->value);
  return values;
}
constexpr Time t0{1s};

}  // namespace

TEST_CASE("what comes in order goes at once, and what does not waits for what is missing") {
  Buffer buffer;
  buffer.insert(100, 0, t0);
  CHECK(drain(buffer) == std::vector<int>{0});
  buffer.insert(103, 3, t0 + 1ms);
  buffer.insert(102, 2, t0 + 2ms);
  CHECK(drain(buffer).empty());
  CHECK(buffer.blockedSince() == t0 + 1ms);
  buffer.insert(101, 1, t0 + 3ms);
  CHECK(drain(buffer) == std::vector<int>{1, 2, 3});
  CHECK(buffer.blockedSince() == never);
}

TEST_CASE("a gap that is given up lets the next packets out, and comes too late afterwards") {
  Buffer buffer;
  buffer.insert(1, 1, t0);
  drain(buffer);
  buffer.insert(4, 4, t0);
  buffer.insert(7, 7, t0 + 5ms);
  buffer.skip();
  CHECK(drain(buffer) == std::vector<int>{4});
  CHECK(buffer.blockedSince() == t0 + 5ms);
  CHECK(buffer.insert(2, 2, t0) == Buffer::Inserted::TooLate);
  buffer.skip();
  CHECK(drain(buffer) == std::vector<int>{7});
}

TEST_CASE("a packet that waits is a duplicate the second time") {
  Buffer buffer;
  buffer.insert(1, 1, t0);
  drain(buffer);
  CHECK(buffer.insert(3, 3, t0) == Buffer::Inserted::Taken);
  CHECK(buffer.insert(3, 9, t0) == Buffer::Inserted::Duplicate);
  buffer.insert(2, 2, t0);
  CHECK(drain(buffer) == std::vector<int>{2, 3});
}

TEST_CASE("a packet far ahead ends the gaps that it has no room for") {
  Buffer buffer(8);
  buffer.insert(1, 1, t0);
  drain(buffer);
  buffer.insert(3, 3, t0);
  buffer.insert(5, 5, t0);
  buffer.insert(11, 11, t0);  // 3 … 10 would be eight: 2 is given up, then 3 goes out to make room.
  CHECK(buffer.held() <= 8);
  CHECK(buffer.insert(1'000'000, 100, t0) == Buffer::Inserted::Taken);
  CHECK(drain(buffer) == std::vector<int>{100});
  CHECK(buffer.held() == 0);
}

TEST_CASE("a thousand packets in any order within the capacity come out in order") {
  Buffer buffer(64);
  buffer.insert(0, 0, t0);
  std::vector<int> out = drain(buffer);
  for (int block = 0; block < 20; ++block)
    for (int i = 49; i >= 0; --i) {
      const int value = 1 + block * 50 + i;
      buffer.insert(static_cast<std::uint64_t>(value), value, t0);
      for (int v : drain(buffer)) out.push_back(v);
    }
  REQUIRE(out.size() == 1001);
  for (int i = 0; i < 1001; ++i) REQUIRE(out[static_cast<std::size_t>(i)] == i);
}
