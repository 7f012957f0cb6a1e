#include "stun/transaction.hpp"

#include "support/catch.hpp"

#include <vector>

using namespace parley;
using namespace parley::stun;
using namespace std::chrono_literals;

namespace {

const Time start = Time() + 1h;

/// Lets the transaction run at its deadlines; returns them in ms after the start, the last being the timeout.
std::vector<long long> run(Transaction transaction) {
  std::vector<long long> times;
  for (int i = 0; i < 100; ++i) {
    Time at = transaction.deadline();
    auto action = transaction.advance(at);
    times.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(at - start).count());
    if (action == Transaction::Action::TimedOut) return times;
    CHECK(action == Transaction::Action::Retransmit);
  }
  FAIL("it does not end");
  return times;
}

}  // namespace

TEST_CASE("a request is repeated at the times of RFC 8489 s.6.2.1 and fails after 39.5 s") {
  CHECK(run(Transaction(start)) == std::vector<long long>{500, 1500, 3500, 7500, 15500, 31500, 39500});
}

TEST_CASE("the schedule follows its configuration") {
  CHECK(run(Transaction(start, {100ms, 3, 4})) == std::vector<long long>{100, 300, 700});
  CHECK(run(Transaction(start, {100ms, 1, 4})) == std::vector<long long>{400});
}

TEST_CASE("over a reliable transport a request is sent once and fails after 39.5 s") {
  auto transaction = Transaction::reliable(start);
  CHECK(run(transaction) == std::vector<long long>{39500});
  CHECK(transaction.sent() == 1);
}

TEST_CASE("before its deadline a transaction has nothing to do") {
  Transaction transaction(start);
  CHECK(transaction.advance(start) == Transaction::Action::None);
  CHECK(transaction.advance(start + 499ms) == Transaction::Action::None);
  CHECK(transaction.advance(start - 1h) == Transaction::Action::None);
  CHECK(transaction.deadline() == start + 500ms);
  CHECK(transaction.sent() == 1);
}

TEST_CASE("a late caller repeats the request once, not in a burst") {
  Transaction transaction(start);
  Time late = start + 10s;
  CHECK(transaction.advance(late) == Transaction::Action::Retransmit);
  CHECK(transaction.advance(late) == Transaction::Action::None);
  CHECK(transaction.deadline() == late + 1s);
  CHECK(transaction.sent() == 2);
  CHECK(transaction.sentAt() == start);
}

TEST_CASE("after its timeout a transaction waits for nothing") {
  Transaction transaction(start, {500ms, 1, 16});
  CHECK(transaction.advance(start + 8s) == Transaction::Action::TimedOut);
  CHECK(transaction.deadline() == never);
  CHECK(transaction.advance(start + 1000h) == Transaction::Action::None);
}
