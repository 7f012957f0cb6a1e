// A thousand connections behind one engine.

#include "sim/sanitized.hpp"
#include "sim/two_connections.hpp"

#include <chrono>
#include <ctime>
#include <fstream>

using namespace parley;
using namespace parley::sim;

namespace {

std::size_t residentBytes() {
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0, resident = 0;
  status >> pages >> resident;
  return resident * 4096;
}

double cpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

TEST_CASE("a thousand connections in one engine connect and talk and close") {
  constexpr int pairs = 500;
  World world(11);
  Host& host = world.addHost("all", {IpAddress::v4(10, 0, 0, 1)});
  const double cpuBefore = cpuSeconds();
  const std::size_t memoryBefore = residentBytes();
  std::vector<std::unique_ptr<End>> ends;
  for (int i = 0; i < 2 * pairs; ++i)
    ends.push_back(std::make_unique<End>(world, host, i % 2, Signalling(), Configuration()));
  for (int i = 0; i < pairs; ++i) {
    End& a = *ends[static_cast<std::size_t>(2 * i)];
    End& b = *ends[static_cast<std::size_t>(2 * i + 1)];
    a.connectTo(b);
    b.connectTo(a);
    a.createChannel("chat");
  }
  auto all = [&](auto holds) {
    for (auto& end : ends)
      if (!holds(*end)) return false;
    return true;
  };
  // Asked each 50 ms, for it looks at all of them.
  auto waitFor = [&](auto holds, Duration limit) {
    for (const Time until = world.now() + limit; world.now() < until; world.runFor(50ms))
      if (all(holds)) return true;
    return all(holds);
  };
  REQUIRE(waitFor([](End& end) { return end.isOpen("chat"); }, 10s));
  const double connected = seconds(world.elapsed());
  CHECK(host.engine().statistics().connections == 2 * pairs);

  for (auto& end : ends) end->channel("chat").channel->send("hello");
  REQUIRE(waitFor([](End& end) { return end.channel("chat").messages.size() == 1; }, 10s));
  const double cpuSetUp = cpuSeconds() - cpuBefore;
  const std::size_t memory = residentBytes() - memoryBefore;

  // Idle for half a minute, with consent checks.
  const double cpuIdleBefore = cpuSeconds();
  const auto datagramsBefore = world.datagrams();
  world.runFor(30s);
  const double cpuIdle = cpuSeconds() - cpuIdleBefore;
  CHECK(all([](End& end) { return end.pc().connectionState() == PeerConnectionState::Connected; }));
  // Each sends a check each 4 to 6 s and an answer to each of the other's.
  CHECK(world.datagrams() - datagramsBefore < 2 * pairs * 2 * 10);

  for (std::size_t i = 0; i < ends.size(); i += 2) ends[i]->close();
  REQUIRE(waitFor([](End& end) { return end.channel("chat").channel->readyState() == DataChannelState::Closed; }, 5s));
  for (auto& end : ends) end->close();
  world.runFor(2s);
  CHECK(host.engine().statistics().connections == 0);
  CHECK(host.engine().statistics().datagramsUnroutable == 0);
  CHECK(host.engine().core().packetsOutstanding() == 0);
  CHECK(host.engine().deadline() == never);
  CHECK(host.boundSockets().empty());
  std::printf(
      "  %d connections up after %.2f s (virtual); %.1f ms of CPU and %u KiB a connection; idle %.2f %% of a core\n",
      2 * pairs, connected, cpuSetUp * 1000 / (2 * pairs), static_cast<unsigned>(memory / 1024 / (2 * pairs)),
      cpuIdle / 30 * 100);
  if (!sanitized) CHECK(memory / (2 * pairs) < 400 * 1024);
}
