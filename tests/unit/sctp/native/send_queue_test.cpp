#include "sctp/native/send_queue.hpp"
#include "support/catch.hpp"

#include <map>
#include <vector>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;
using namespace std::chrono_literals;

namespace {

constexpr Time now{100s};
constexpr std::size_t full = 1'000;

struct Queue {
  MessageStore messages;
  SendQueue queue{messages};

  explicit Queue(bool interleaving) { queue.setInterleaving(interleaving); }

  MessageId add(std::uint16_t stream, std::size_t size, bool limited = false, Time expires = never) {
    OutgoingMessage message;
    message.stream = stream;
    message.bytes.resize(size);
    message.limitedRetransmits = limited;
    message.expires = expires;
    auto id = messages.add(std::move(message));
    queue.add(id);
    return id;
  }
  std::optional<SendQueue::Fragment> take(std::size_t room = full, Time at = now) {
    if (!queue.ready(at)) return std::nullopt;
    auto fragment = queue.next(room, full);
    if (fragment) queue.produced(*fragment);
    return fragment;
  }
  /// The streams of the next `count` fragments.
  std::vector<int> streams(std::size_t count) {
    std::vector<int> order;
    while (order.size() < count) {
      auto fragment = take();
      if (!fragment) break;
      order.push_back(messages[fragment->message].stream);
    }
    return order;
  }
};

}  // namespace

TEST_CASE("a message is cut into fragments that fill packets, numbered, its first and last marked") {
  Queue q(true);
  q.add(3, 2'500);
  auto first = q.take();
  REQUIRE(first);
  CHECK(first->beginning);
  CHECK_FALSE(first->end);
  CHECK(first->length == 1'000);
  CHECK(first->number == 0);
  auto second = q.take();
  CHECK(second->offset == 1'000);
  CHECK(second->number == 1);
  CHECK_FALSE(second->beginning);
  auto third = q.take();
  CHECK(third->length == 500);
  CHECK(third->end);
  CHECK_FALSE(q.take());
  CHECK(q.queue.empty());
}

TEST_CASE("the rest of a packet is filled unless the piece would be small, or could be lost with another packet") {
  Queue q(true);
  q.add(1, 900);
  CHECK_FALSE(q.take(100));
  CHECK(q.take(400)->length == 400);
  CHECK(q.take(full)->length == 500);
  q.add(1, 900, true);
  CHECK_FALSE(q.take(400));
  CHECK(q.take(full)->length == 900);
  // What no packet could hold is cut in any case.
  q.add(1, 1'500, true);
  CHECK(q.take(400)->length == 400);
}

TEST_CASE("without interleaving a message is finished before the next one begins") {
  Queue q(false);
  q.add(1, 3'000);
  CHECK(q.streams(1) == std::vector<int>{1});
  q.add(2, 10);
  q.add(3, 10);
  CHECK(q.streams(9) == std::vector<int>{1, 1, 2, 3});
}

TEST_CASE("with interleaving a small message waits for one fragment of a large one at most") {
  Queue q(true);
  q.add(1, 100'000);
  q.streams(5);
  q.add(2, 10);
  auto order = q.streams(2);
  CHECK((order[0] == 2 || order[1] == 2));
}

TEST_CASE("streams share by priority, with and without interleaving") {
  for (bool interleaving : {true, false}) {
    Queue q(interleaving);
    const std::map<int, std::uint16_t> priorities{{1, 128}, {2, 256}, {3, 512}, {4, 1'024}};
    for (auto [stream, priority] : priorities) q.queue.setPriority(static_cast<std::uint16_t>(stream), priority);
    for (int i = 0; i < 100; ++i)
      for (auto [stream, priority] : priorities) q.add(static_cast<std::uint16_t>(stream), 2'000);
    std::map<int, int> count;
    for (int stream : q.streams(150)) ++count[stream];
    // 15 parts of 10 fragments.
    CHECK(std::abs(count[1] - 10) <= 2);
    CHECK(std::abs(count[2] - 20) <= 2);
    CHECK(std::abs(count[3] - 40) <= 3);
    CHECK(std::abs(count[4] - 80) <= 4);
  }
}

TEST_CASE("a stream that was silent has saved nothing up") {
  Queue q(true);
  for (int i = 0; i < 200; ++i) q.add(1, 1'000);
  q.streams(100);
  for (int i = 0; i < 100; ++i) q.add(2, 1'000);
  std::map<int, int> count;
  for (int stream : q.streams(40)) ++count[stream];
  CHECK(std::abs(count[1] - 20) <= 1);
}

TEST_CASE("ordered and unordered messages count by themselves, and only what is begun is counted") {
  Queue q(true);
  auto expired = q.add(1, 10, false, now - 1ms);
  auto first = q.add(1, 10);
  auto second = q.add(1, 10);
  auto unordered = q.add(1, 10);
  q.messages[unordered].unordered = true;
  REQUIRE(q.take()->message == first);
  REQUIRE(q.take()->message == second);
  REQUIRE(q.take()->message == unordered);
  CHECK(q.messages[first].number == 0);
  CHECK(q.messages[second].number == 1);
  CHECK(q.messages[unordered].number == 0);
  auto given = q.queue.takeGivenUp();
  REQUIRE(given);
  CHECK(given->message == expired);
  CHECK(given->unsent == 10);
  CHECK_FALSE(given->begun);
}

TEST_CASE("what expires is given up wherever it waits") {
  Queue q(true);
  q.add(1, 2'000);
  auto middle = q.add(1, 10, false, now + 5ms);
  q.add(1, 20, false, now + 50ms);
  auto last = q.add(1, 30, false, now + 5ms);
  q.take();
  CHECK(q.queue.expire(now) == now + 10ms);
  CHECK_FALSE(q.queue.takeGivenUp());
  CHECK(q.queue.expire(now + 5ms) == now + 50ms);
  CHECK(q.queue.takeGivenUp()->message == last);
  CHECK(q.queue.takeGivenUp()->message == middle);
  CHECK_FALSE(q.queue.takeGivenUp());
  // The queue is whole.
  q.add(1, 40);
  CHECK(q.take()->length == 1'000);
  CHECK(q.take()->length == 20);
  CHECK(q.take()->length == 40);
  CHECK(q.queue.empty());
}

TEST_CASE("a message that was begun and has expired is given up with what is left of it") {
  Queue q(false);
  auto id = q.add(1, 2'500, false, now + 5ms);
  q.add(2, 10);
  q.take();
  auto next = q.take(full, now + 5ms);
  CHECK(q.messages[next->message].stream == 2);
  auto given = q.queue.takeGivenUp();
  CHECK(given->message == id);
  CHECK(given->begun);
  CHECK(given->unsent == 1'500);
}

TEST_CASE("a stream that is reset begins anew, even if it was in the schedule") {
  Queue q(true);
  q.add(1, 10, false, now + 1ms);
  q.queue.expire(now + 1ms);
  CHECK(q.queue.quiet(1));
  q.queue.reset(1);
  CHECK_FALSE(q.take());
  auto id = q.add(1, 10);
  q.take();
  CHECK(q.messages[id].number == 0);
}

TEST_CASE("no more messages are begun than the peer can hold until one is finished, but small ones pass") {
  Queue q(true);
  q.queue.setMostBegun(10'000);
  q.add(1, 4'000);
  q.add(2, 4'000);
  q.add(3, 4'000);
  q.add(4, 500);
  CHECK(q.streams(8) == std::vector<int>{1, 2, 4, 1, 2, 2, 1, 1});
  // The first is finished; the third has its turn, and what it has missed.
  CHECK(q.streams(3) == std::vector<int>{3, 3, 3});
  while (q.take()) {
  }
  CHECK(q.queue.empty());
}

TEST_CASE("a message larger than all that may be begun goes alone") {
  Queue q(true);
  q.queue.setMostBegun(1'000);
  q.add(1, 2'000);
  q.add(2, 2'000);
  CHECK(q.streams(4) == std::vector<int>{1, 1, 2, 2});
}

TEST_CASE("what is held back goes on when the message in its way expires or is dropped") {
  Queue q(true);
  q.queue.setMostBegun(1'000);
  const auto first = q.add(1, 3'000, false, now + 1s);
  q.add(2, 3'000);
  CHECK(q.streams(2) == std::vector<int>{1, 1});
  SECTION("expired") {
    CHECK(q.take(full, now + 2s));
    CHECK(q.queue.takeGivenUp()->message == first);
  }
  SECTION("dropped") {
    CHECK(q.queue.drop(first) == 1'000);
  }
  CHECK(q.take()->message != first);
}
