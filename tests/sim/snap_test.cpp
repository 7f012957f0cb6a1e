// draft-hancke-tsvwg-snap: the association begins without a handshake.
#include "sim/two_connections.hpp"

using namespace parley;
using namespace parley::sim;

namespace {

Duration timeToOpen(bool first, bool second) {
  TwoConnections::Options options;
  options.link.delay = 50ms;
  options.a.extensions.sctpSnap = first;
  options.b.extensions.sctpSnap = second;
  TwoConnections pair(options);
  REQUIRE(pair.open("data"));
  pair.a.channel("data").channel->send("hello");
  REQUIRE(pair.world.runUntil([&] { return pair.b.channel("data").messages.size() == 1; }, 5s));
  return pair.world.elapsed();
}

}  // namespace

TEST_CASE("SNAP on both sides saves round trips of a hundred milliseconds, and on one side harms nothing") {
  if (parley::test::sctpEngine() != SctpEngine::Native) return;
  const auto without = timeToOpen(false, false);
  const auto with = timeToOpen(true, true);
  INFO("without " << seconds(without) << " s, with " << seconds(with) << " s");
  CHECK(with + 100ms <= without);
  CHECK(timeToOpen(true, false) <= without + 10ms);
  CHECK(timeToOpen(false, true) <= without + 10ms);
}
