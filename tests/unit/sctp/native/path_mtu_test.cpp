#include "base/random.hpp"
#include "sctp/native/path_mtu.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <vector>

using namespace parley;
using namespace parley::sctp::native;
using namespace std::chrono_literals;

namespace {

/// A path that carries packets up to `limit`.
struct Path {
  PathMtu mtu{1'152, 1'432};
  std::size_t limit = 1'432;
  base::SeededRandom random{1};
  Time now{1h};
  std::vector<std::size_t> probes;

  void run(Duration duration) {
    const auto end = now + duration;
    while (mtu.deadline() <= end) {
      now = std::max(now, mtu.deadline());
      auto probe = mtu.onTimer(100ms, random, now);
      if (!probe) continue;
      probes.push_back(probe->size);
      if (probe->size <= limit) mtu.onHeartbeatAck(probe->info, now + 50ms);
    }
    now = end;
  }
};

}  // namespace

TEST_CASE("a path that carries the ceiling is found out with one probe") {
  Path path;
  path.mtu.start(path.now);
  path.run(1s);
  CHECK(path.mtu.current() == 1'432);
  CHECK(path.probes == std::vector<std::size_t>{1'432});
  CHECK(path.mtu.deadline() == never);
}

TEST_CASE("nothing is probed before it is started, nor where there is no higher ceiling") {
  Path path;
  path.run(1h);
  CHECK(path.probes.empty());
  PathMtu fixed(1'152, 0);
  fixed.start(path.now);
  CHECK(fixed.deadline() == never);
  CHECK(fixed.current() == 1'152);
}

TEST_CASE("whatever the path carries is found to within 16 bytes, each size probed three times at most") {
  for (std::size_t limit = 1'100; limit <= 1'500; limit += 4) {
    Path path;
    path.limit = limit;
    path.mtu.start(path.now);
    path.run(300s);
    INFO("limit " << limit);
    const auto found = path.mtu.current();
    CHECK(found % 4 == 0);
    if (limit >= 1'432)
      CHECK(found == 1'432);
    else if (limit < 1'152 + 16)
      CHECK(found == 1'152);
    else
      CHECK((found <= limit && found + 20 > limit));
    for (auto size : path.probes) CHECK(std::count(path.probes.begin(), path.probes.end(), size) <= 3);
  }
}

TEST_CASE("a path that has become wider is found out after ten minutes") {
  Path path;
  path.limit = 1'200;
  path.mtu.start(path.now);
  path.run(300s);
  CHECK(path.mtu.current() < 1'432);
  path.limit = 1'500;
  path.run(700s);
  CHECK(path.mtu.current() == 1'432);
}

TEST_CASE("a black hole leads back to the base, and the search begins anew a minute later") {
  Path path;
  path.mtu.start(path.now);
  path.run(1s);
  path.limit = 1'300;
  CHECK(path.mtu.onBlackHole(path.now));
  CHECK(path.mtu.current() == 1'152);
  CHECK_FALSE(path.mtu.onBlackHole(path.now));
  path.run(59s);
  CHECK(path.mtu.current() == 1'152);
  path.run(100s);
  CHECK((path.mtu.current() > 1'280 && path.mtu.current() <= 1'300));
}

TEST_CASE("the ACK of an older probe says nothing") {
  Path path;
  path.mtu.start(path.now);
  auto first = path.mtu.onTimer(100ms, path.random, path.now);
  REQUIRE(first);
  path.now = path.mtu.deadline();
  auto second = path.mtu.onTimer(100ms, path.random, path.now);
  REQUIRE(second);
  CHECK_FALSE(path.mtu.onHeartbeatAck(first->info, path.now));
  CHECK(path.mtu.current() == 1'152);
  CHECK(path.mtu.onHeartbeatAck(second->info, path.now));
  CHECK(path.mtu.current() == 1'432);
}
