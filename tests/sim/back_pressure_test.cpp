// Memory stays bounded at both ends, whatever the application does.

#include "sim/two_connections.hpp"

#include <deque>

using namespace parley;
using namespace parley::sim;

namespace {

/// Runs its tasks in the world's time, or not at all while it is blocked: the thread of an application that hangs.
class BlockableExecutor final : public Executor {
 public:
  explicit BlockableExecutor(World& world) : world_(world) {}
  void post(std::function<void()> task) override {
    tasks_.push_back(std::move(task));
    if (!blocked_) schedule();
  }
  bool isCurrent() const override { return true; }
  void setBlocked(bool blocked) {
    blocked_ = blocked;
    if (!blocked) schedule();
  }

 private:
  void schedule() {
    if (std::exchange(scheduled_, true)) return;
    world_.at(world_.now(), [this] {
      scheduled_ = false;
      while (!tasks_.empty() && !blocked_) {
        auto task = std::move(tasks_.front());
        tasks_.pop_front();
        task();
      }
    });
  }
  World& world_;
  std::deque<std::function<void()>> tasks_;
  bool blocked_ = false, scheduled_ = false;
};

constexpr std::size_t mebibyte = 1'048'576;

}  // namespace

TEST_CASE("a receiver whose handlers do not run bounds what is on its way and nothing is lost") {
  World world(3);
  Host& hostA = world.addHost("a", {IpAddress::v4(10, 0, 0, 1)});
  Host& hostB = world.addHost("b", {IpAddress::v4(10, 0, 0, 2)});
  BlockableExecutor executor(world);
  Configuration configuration;
  configuration.extensions.receiveBufferLimit = 256 * 1024;
  End a(world, hostA, false, {}, {}), b(world, hostB, true, {}, configuration, &executor);
  a.connectTo(b);
  b.connectTo(a);
  auto& sent = a.createChannel("bulk");
  REQUIRE(world.runUntil([&] { return a.isOpen("bulk") && b.isOpen("bulk"); }, 5s));

  executor.setBlocked(true);
  constexpr std::uint32_t count = 960;
  constexpr std::size_t size = 16'384, total = count * size;  // 15 MiB, below the limit of a channel
  for (std::uint32_t i = 0; i < count; ++i) sent.channel->send(pattern(i, size));
  CHECK(sent.channel->bufferedAmount() == total);
  world.runFor(60s);
  const std::size_t left = total - sent.channel->bufferedAmount();
  INFO("left " << left << " bytes");
  // The façade's limit and one message more, SCTP's receive window, and what the path holds.
  CHECK(left <= 256 * 1024 + size + 2 * mebibyte + mebibyte / 2);
  CHECK(left >= mebibyte);
  CHECK(b.channel("bulk").messages.empty());
  CHECK(hostA.engine().core().packetsOutstanding() < 5'000);
  CHECK(hostB.engine().core().packetsOutstanding() < 5'000);

  executor.setBlocked(false);
  REQUIRE(world.runUntil([&] { return b.channel("bulk").messages.size() == count; }, 120s));
  for (std::uint32_t i = 0; i < count; ++i) CHECK(indexOf(b.channel("bulk").messages[i]) == i);
  REQUIRE(world.runUntil([&] { return sent.channel->bufferedAmount() == 0; }, 10s));
}

TEST_CASE("a receiver that hangs does not stop consent or the other way") {
  World world(4);
  Host& hostA = world.addHost("a", {IpAddress::v4(10, 0, 0, 1)});
  Host& hostB = world.addHost("b", {IpAddress::v4(10, 0, 0, 2)});
  BlockableExecutor executor(world);
  End a(world, hostA, false, {}, {}), b(world, hostB, true, {}, {}, &executor);
  a.connectTo(b);
  b.connectTo(a);
  auto& sent = a.createChannel("bulk");
  REQUIRE(world.runUntil([&] { return a.isOpen("bulk") && b.isOpen("bulk"); }, 5s));
  executor.setBlocked(true);
  for (std::uint32_t i = 0; i < 500; ++i) sent.channel->send(pattern(i, 16'384));
  b.channel("bulk").channel->send("the other way");
  world.runFor(120s);
  CHECK(sent.messages.size() == 1);
  CHECK(a.pc().connectionState() == PeerConnectionState::Connected);
  CHECK(a.count("connectionstate disconnected") == 0);
  executor.setBlocked(false);
  REQUIRE(world.runUntil([&] { return b.channel("bulk").messages.size() == 500; }, 120s));
}

TEST_CASE("bufferedAmount falls as bytes leave and bufferedamountlow fires once for each fall below the threshold") {
  TwoConnections::Options options;
  options.link.bitsPerSecond = 8'000'000;  // a megabyte in a second
  TwoConnections pair(options);
  REQUIRE(pair.open("bulk"));
  auto& log = pair.a.channel("bulk");
  auto& channel = *log.channel;
  channel.bufferedAmountLowThreshold(500'000);
  for (int round = 1; round <= 2; ++round) {
    for (std::uint32_t i = 0; i < 256; ++i) channel.send(pattern(i, 16'384));  // 4 MiB
    CHECK(channel.bufferedAmount() == 4 * mebibyte);
    std::size_t before = channel.bufferedAmount();
    pair.world.runFor(500ms);
    // SCTP takes what its send buffer holds; the rest has not left.
    CHECK(channel.bufferedAmount() < before);
    CHECK(channel.bufferedAmount() >= mebibyte);
    bool monotonic = true;
    for (int step = 0; step < 3000 && channel.bufferedAmount(); ++step) {
      before = channel.bufferedAmount();
      pair.world.runFor(10ms);
      monotonic = monotonic && channel.bufferedAmount() <= before;
      if (channel.bufferedAmount() > 500'000) CHECK(log.low == round - 1);
    }
    PARLEY_SHOW(pair);
    CHECK(monotonic);
    CHECK(channel.bufferedAmount() == 0);
    CHECK(log.low == round);
  }
  REQUIRE(pair.world.runUntil([&] { return pair.b.channel("bulk").messages.size() == 512; }, 30s));
}

TEST_CASE("a send beyond the limit is an OperationError and the channel lives on") {
  TwoConnections::Options options;
  options.a.extensions.sendBufferLimit = 100'000;
  TwoConnections pair(options);
  REQUIRE(pair.open("chat"));
  auto& channel = *pair.a.channel("chat").channel;
  channel.send(std::string(60'000, 'x'));
  try {
    channel.send(std::string(60'000, 'y'));
    FAIL("it was taken");
  } catch (const Error& error) {
    CHECK(error.name() == ErrorName::OperationError);
  }
  CHECK(channel.bufferedAmount() == 60'000);
  REQUIRE(pair.world.runUntil([&] { return channel.bufferedAmount() == 0; }, 5s));
  channel.send(std::string(60'000, 'z'));
  REQUIRE(pair.world.runUntil([&] { return pair.b.channel("chat").messages.size() == 2; }, 5s));
  CHECK(std::get<std::string>(pair.b.channel("chat").messages[1]) == std::string(60'000, 'z'));
}

TEST_CASE("an application that sends whenever it is told to fills the path") {
  TwoConnections::Options options;
  options.link.delay = 5ms;
  options.link.bitsPerSecond = 50'000'000;
  TwoConnections pair(options);
  REQUIRE(pair.open("bulk"));
  pair.b.channel("bulk").keepMessages = false;
  auto& channel = *pair.a.channel("bulk").channel;
  channel.bufferedAmountLowThreshold(mebibyte);
  constexpr std::size_t total = 20 * mebibyte;
  std::size_t given = 0;
  auto fill = [&] {
    while (given < total && channel.bufferedAmount() < 4 * mebibyte) {
      channel.send(std::vector<std::uint8_t>(65'536, 'x'));
      given += 65'536;
    }
  };
  channel.onBufferedAmountLow(fill);
  const Time start = pair.world.now();
  fill();
  REQUIRE(pair.world.runUntil([&] { return pair.b.channel("bulk").bytes == total; }, 60s));
  const double megabits = static_cast<double>(total) * 8 / seconds(pair.world.now() - start) / 1e6;
  std::printf("  %.1f Mbit/s over a path of 50\n", megabits);
  CHECK(megabits > 35);
}
