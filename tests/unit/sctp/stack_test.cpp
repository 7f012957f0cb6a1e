#include "sctp/stack.hpp"

#include "two_ends.hpp"

#include <atomic>
#include <deque>
#include <thread>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

TEST_CASE("who ticks for all wakes the owners of what came of it", "[usrsctp]") {
  auto& stack = Stack::global();
  std::atomic<int> woken{0};
  UsrsctpAssociation association(bigConfig(), UsrsctpAssociation::Ticks::ByHost, [&] { ++woken; });
  Time now{1h};
  setVirtualTime(now);
  association.connect(now);
  REQUIRE(std::holds_alternative<Association::Transmit>(association.poll().value()));
  CHECK_FALSE(association.poll());
  CHECK(association.deadline() == never);
  CHECK(woken == 0);

  // The INIT is not answered: the host's ticks send it again.
  while (woken == 0) {
    now = stack.deadline();
    REQUIRE(now < Time{1h + 2s});
    setVirtualTime(now);
    stack.advance(now);
    CHECK(stack.deadline() > now);
  }
  CHECK(now >= Time{1h + 490ms});
  CHECK(association.deadline() < now);
  REQUIRE(std::holds_alternative<Association::Transmit>(association.poll().value()));
  CHECK_FALSE(association.poll());
  CHECK(association.deadline() == never);
}

TEST_CASE("an older time changes nothing", "[usrsctp]") {
  auto two = twoAssociations();
  connectBoth(two);
  auto& stack = Stack::global();
  auto deadline = stack.deadline();
  stack.advance(two.now() - 1h);
  CHECK(stack.deadline() == deadline);
  two.a->advance(two.now() - 1h);
  two.a->send(0, Ppid::Binary, pattern(1), {}, two.now() - 1h);
  two.run(1s);
  CHECK(two.b.messages.size() == 1);
}

TEST_CASE("engines on several threads share the stack", "[usrsctp]") {
  std::atomic<int> complete{0};
  std::atomic<Duration::rep> clock{Duration(2h).count()};
  setVirtualTime(Time(2h));
  auto engine = [&](std::uint64_t seed) {
    base::SeededRandom random(seed);
    std::unique_ptr<Association> ends[2] = {std::make_unique<UsrsctpAssociation>(bigConfig()),
                                            std::make_unique<UsrsctpAssociation>(bigConfig())};
    std::deque<std::vector<std::uint8_t>> packets[2];
    auto now = [&] { return Time(Duration(clock.load())); };
    for (auto& end : ends) end->connect(now());
    std::size_t sent = 0, received = 0;
    const auto message = pattern(3'000, seed);
    for (int step = 0; step < 20'000 && received < 50; ++step) {
      for (int i = 0; i < 2; ++i) {
        ends[i]->advance(now());
        while (auto output = ends[i]->poll()) {
          auto* transmit = std::get_if<Association::Transmit>(&*output);
          if (!transmit || random.below(50) == 0) continue;
          auto bytes = transmit->packet.bytes();
          packets[1 - i].emplace_back(bytes.begin(), bytes.end());
        }
        for (; !packets[i].empty(); packets[i].pop_front()) ends[i]->handle(packets[i].front(), now());
      }
      while (sent < 50 && ends[0]->send(1, Ppid::Binary, message, {}, now()) == SendResult::Sent) ++sent;
      while (auto got = ends[1]->receive(now()))
        if (got->bytes == message) ++received;
      clock += Duration(1ms).count();
    }
    if (received == 50) ++complete;
  };
  std::thread first(engine, 1), second(engine, 2), third(engine, 3);
  first.join();
  second.join();
  third.join();
  CHECK(complete == 3);
}
