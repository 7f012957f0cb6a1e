#include "ice/checklist.hpp"

#include "support/catch.hpp"

using namespace parley;
using namespace parley::ice;

namespace {

/// A pair on its own path, of the priority (the same on both sides) and the foundation.
Pair* add(Checklist& list, std::uint32_t priority, std::string foundation) {
  static std::uint16_t port = 1;
  Pair pair;
  pair.path = {SocketId{1}, {IpAddress::v4(192, 0, 2, 1), ++port}};
  pair.foundation = std::move(foundation);
  pair.localPriority = pair.remotePriority = priority;
  return list.add(std::move(pair));
}

}  // namespace

TEST_CASE("At first the best pair of each foundation waits and the others are frozen") {
  Checklist list(100);
  Pair* a1 = add(list, 90, "a");
  Pair* a2 = add(list, 80, "a");
  Pair* b1 = add(list, 70, "b");
  Pair* b2 = add(list, 60, "b");
  CHECK(a1->state == PairState::Waiting);
  CHECK(a2->state == PairState::Frozen);
  CHECK(b1->state == PairState::Waiting);
  CHECK(b2->state == PairState::Frozen);
  CHECK(list.takeNext() == a1);
  CHECK(list.takeNext() == b1);
  SECTION("frozen pairs stay so while one of their foundation is under way") {
    CHECK_FALSE(list.hasNext());
    CHECK(list.takeNext() == nullptr);
  }
  SECTION("a success thaws its foundation") {
    list.succeed(*b1);
    CHECK(b2->state == PairState::Waiting);
    CHECK(a2->state == PairState::Frozen);
    CHECK(list.takeNext() == b2);
  }
  SECTION("a failure does not, but frees the foundation for the next slot") {
    list.fail(*a1);
    CHECK(a2->state == PairState::Frozen);
    CHECK(list.hasNext());
    CHECK(list.takeNext() == a2);
  }
}

TEST_CASE("A pair that comes later waits on top of its foundation or behind a success, as RFC 8838 says") {
  Checklist list(100);
  Pair* first = add(list, 50, "a");
  CHECK(add(list, 60, "a")->state == PairState::Waiting);  // rule 1: the top
  CHECK(add(list, 40, "a")->state == PairState::Frozen);   // rule 3
  list.succeed(*first);
  CHECK(add(list, 30, "a")->state == PairState::Waiting);  // rule 2: behind a success
}

TEST_CASE("Triggered checks go first, in their order, and each once") {
  Checklist list(100);
  Pair* high = add(list, 90, "a");
  Pair* low = add(list, 10, "b");
  Pair* frozen = add(list, 20, "a");
  list.trigger(*low);
  list.trigger(*frozen);
  list.trigger(*low);
  CHECK(list.takeNext() == low);
  CHECK(list.takeNext() == frozen);
  CHECK(list.takeNext() == high);
  CHECK(list.takeNext() == nullptr);
}

TEST_CASE("A full list discards failed pairs first, then worse ones, and refuses what is worse than all") {
  Checklist list(3);
  Pair* a = add(list, 90, "a");
  add(list, 80, "b");
  add(list, 70, "c");
  CHECK(add(list, 60, "d") == nullptr);
  list.fail(*a);
  CHECK(add(list, 60, "d") != nullptr);
  CHECK(list.pairs().size() == 3);
  CHECK(add(list, 95, "e") != nullptr);
  CHECK(list.pairs().size() == 3);
  CHECK(list.pairs().back()->priority > 70);
  for (int i = 0; i < 3; ++i) list.takeNext();
  CHECK(add(list, 99, "f") == nullptr);  // What is under way is not given up.
}

TEST_CASE("Two pairs on one path are one") {
  Checklist list(100);
  Pair* one = add(list, 5, "a");
  Pair twin;
  twin.path = one->path;
  CHECK(list.add(twin) == nullptr);
}

TEST_CASE("A change of role orders the pairs anew") {
  Checklist list(100);
  list.setControlling(true);
  Pair pair;
  pair.localPriority = 10;
  pair.remotePriority = 20;
  Pair* one = list.add(pair);
  auto before = one->priority;
  list.setControlling(false);
  CHECK(one->priority == before + 1);  // G > D now
}

TEST_CASE("A nomination drops what is pending and ends what is under way") {
  Checklist list(100);
  Pair* valid = add(list, 50, "a");
  Pair* underWay = add(list, 40, "b");
  add(list, 30, "c");
  list.trigger(*underWay);
  list.takeNext();
  list.succeed(*valid);
  list.conclude(*list.bestValid(), false);
  CHECK(list.pairs().size() == 2);
  CHECK(list.exhausted());
  CHECK(list.bestValid() == valid);
  list.succeed(*underWay);
  CHECK(list.bestValid() == valid);
  underWay->nominated = true;
  CHECK(list.bestValid() == underWay);  // Nominated before better.
}
