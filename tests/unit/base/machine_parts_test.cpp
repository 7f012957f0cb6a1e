#include "base/counters.hpp"
#include "base/ids.hpp"
#include "base/machine.hpp"
#include "base/outbox.hpp"
#include "base/result.hpp"
#include "base/timers.hpp"
#include "support/catch.hpp"

#include <parley/error.hpp>

#include <memory>
#include <set>
#include <string>

using namespace parley;
using namespace parley::base;
using namespace std::chrono_literals;

namespace {

enum class Name { First, Second, Third, Count };
const Time start = Time() + 1h;

struct Minimal {
  using Output = int;
  std::optional<int> poll() { return std::nullopt; }
  Time deadline() const { return never; }
  void advance(Time) {}
};
struct WithoutDeadline {
  using Output = int;
  std::optional<int> poll() { return std::nullopt; }
  void advance(Time) {}
};
static_assert(Machine<Minimal>);
static_assert(!Machine<WithoutDeadline>);

}  // namespace

TEST_CASE("an outbox gives events and packets in the order they were made") {
  Outbox<std::string> outbox;
  outbox.event("a");
  CHECK(outbox.packet("b"));
  outbox.event("c");
  CHECK(outbox.size() == 3);
  CHECK(outbox.poll() == "a");
  CHECK(outbox.poll() == "b");
  CHECK(outbox.poll() == "c");
  CHECK_FALSE(outbox.poll());
  CHECK(outbox.empty());
}

TEST_CASE("an outbox bounds packets, counts what it refuses, and never drops events") {
  Outbox<int> outbox(2);
  CHECK(outbox.packet(1));
  CHECK(outbox.packet(2));
  CHECK_FALSE(outbox.packet(3));
  for (int i = 0; i < 100; ++i) outbox.event(10 + i);
  CHECK_FALSE(outbox.packet(4));
  CHECK(outbox.dropped() == 2);
  CHECK(outbox.size() == 102);
  CHECK(outbox.poll() == 1);
  CHECK(outbox.packet(5));  // room again
  CHECK_FALSE(outbox.packet(6));
  CHECK(outbox.poll() == 2);
  CHECK(outbox.poll() == 10);  // an event's leaving makes no room for packets
  CHECK(outbox.packet(7));
  CHECK_FALSE(outbox.packet(8));
  CHECK(outbox.dropped() == 4);
}

TEST_CASE("an outbox carries what can only be moved") {
  Outbox<std::unique_ptr<int>> outbox;
  outbox.packet(std::make_unique<int>(7));
  CHECK(**outbox.poll() == 7);
}

TEST_CASE("timers tell the next deadline and its name") {
  Timers<Name> timers;
  CHECK(timers.next() == never);
  timers.set(Name::Second, start + 2s);
  timers.set(Name::Third, start + 1s);
  CHECK(timers.next() == start + 1s);
  CHECK(timers.nextName() == Name::Third);
  CHECK(timers.running(Name::Second));
  CHECK_FALSE(timers.running(Name::First));
  timers.setIfSooner(Name::Third, start + 5s);
  CHECK(timers.at(Name::Third) == start + 1s);
  timers.setIfSooner(Name::Third, start + 500ms);
  CHECK(timers.at(Name::Third) == start + 500ms);
  timers.setIfSooner(Name::First, start + 3s);
  CHECK(timers.at(Name::First) == start + 3s);
  timers.stop(Name::Third);
  CHECK(timers.nextName() == Name::Second);
  timers.stopAll();
  CHECK(timers.next() == never);
}

TEST_CASE("a timer expires once, at its time and not before") {
  Timers<Name> timers;
  timers.set(Name::First, start);
  CHECK_FALSE(timers.expired(Name::First, start - 1ns));
  CHECK_FALSE(timers.expired(Name::Second, start));
  CHECK(timers.expired(Name::First, start));
  CHECK_FALSE(timers.expired(Name::First, start + 1h));
  CHECK(timers.next() == never);
}

TEST_CASE("counters count by reason") {
  Counters<Name> counters;
  CHECK(counters.total() == 0);
  counters.add(Name::First);
  counters.add(Name::Third, 5);
  CHECK(counters[Name::First] == 1);
  CHECK(counters[Name::Second] == 0);
  CHECK(counters[Name::Third] == 5);
  CHECK(counters.total() == 6);
}

TEST_CASE("ids of sockets and requests come from one sequence") {
  IdSource ids;
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 100; ++i) {
    seen.insert(static_cast<std::uint32_t>(ids.socket()));
    seen.insert(static_cast<std::uint32_t>(ids.request()));
  }
  CHECK(seen.size() == 200);
  CHECK(seen.count(0) == 0);  // a default-constructed id names nothing
}

TEST_CASE("a result is a value or the reason why there is none") {
  auto half = [](int n) -> Result<int, std::string> {
    if (n % 2) return unexpected(std::string("odd"));
    return n / 2;
  };
  CHECK(half(4).value() == 2);
  CHECK(half(3).error() == "odd");
}

TEST_CASE("errors have the names of DOMException") {
  CHECK(toString(ErrorName::InvalidStateError) == "InvalidStateError");
  CHECK(toString(ErrorName::TypeError) == "TypeError");
  Error error(ErrorName::OperationError, "It failed.");
  CHECK(error.name() == ErrorName::OperationError);
  CHECK(std::string(error.what()) == "It failed.");
}
