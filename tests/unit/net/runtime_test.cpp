#include "base/packet_pool.hpp"
#include "fake_engine.hpp"
#include "host_loop.hpp"

#include <boost/asio/io_context.hpp>
#include <parley/runtime.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>

using namespace parley;
using net::test::Loop;
using namespace std::chrono_literals;

namespace {

const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);

/// The process's threads with names of ours.
std::vector<std::string> threadsOfOurs() {
  std::vector<std::string> names;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string name;
    if (std::getline(file, name) && name.starts_with("parley")) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

/// A thread that was joined may stay in the list for a moment: the kernel wakes who joins before it takes the task away.
bool threadsOfOursEnd() {
  const auto limit = std::chrono::steady_clock::now() + 5s;
  while (!threadsOfOurs().empty()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("the host binds, sends, receives and closes for the engine") {
  const bool plain = GENERATE(false, true);
  CAPTURE(plain);
  Loop loop(plain);
  base::PacketPool pool;
  loop.ask(BindUdp{SocketId{1}, loopback, 0, 0});
  const auto first = loop.answer<SocketBound>();
  CHECK(first.socket == SocketId{1});
  loop.ask(BindUdp{SocketId{2}, loopback, 0, 0});
  const auto second = loop.answer<SocketBound>();
  CHECK(first.local.port != 0);
  CHECK(first.local.port != second.local.port);

  const std::vector<std::uint8_t> bytes(900, 7);
  for (int i = 0; i < 30; ++i) loop.ask(Transmit{SocketId{1}, second.local, pool.make(bytes)});
  loop.ask(CloseSocket{SocketId{1}});  // what was said before still goes out
  loop.ask(Transmit{SocketId{1}, second.local, pool.make(bytes)});
  loop.ask(Transmit{SocketId{99}, second.local, pool.make(bytes)});
  REQUIRE(loop.runUntil([&] { return loop.core().datagrams.size() >= 30; }));
  for (auto& datagram : loop.core().datagrams) {
    CHECK(datagram.socket == SocketId{2});
    CHECK(datagram.from == first.local);
    CHECK(datagram.bytes == bytes);
  }
  loop.io.run_for(20ms);
  CHECK(loop.core().datagrams.size() == 30);
  CHECK(pool.outstanding() == 0);
}

TEST_CASE("a failing bind is answered with its reason") {
  Loop loop;
  loop.ask(BindUdp{SocketId{5}, IpAddress::v4(192, 0, 2, 1), 0, 0});
  const auto failed = loop.answer<SocketFailed>();
  CHECK(failed.socket == SocketId{5});
  CHECK(failed.reason.find("192.0.2.1") != std::string::npos);
}

TEST_CASE("the interfaces are listed for the engine") {
  Loop loop;
  loop.ask(ListInterfaces{RequestId{3}});
  const auto listed = loop.answer<InterfacesListed>();
  CHECK(listed.request == RequestId{3});
  CHECK(std::any_of(listed.interfaces.begin(), listed.interfaces.end(), [](auto& i) { return i.address == loopback; }));
}

TEST_CASE("localhost resolves to loopback, an address to itself, and nonsense to nothing") {
  Loop loop;
  loop.ask(Resolve{RequestId{1}, "localhost"});
  const auto local = loop.answer<Resolved>();
  REQUIRE(!local.addresses.empty());
  for (const auto& address : local.addresses) CHECK(address.isLoopback());

  loop.ask(Resolve{RequestId{2}, "192.0.2.7"});
  CHECK(loop.answer<Resolved>().addresses == std::vector{IpAddress::v4(192, 0, 2, 7)});

  loop.ask(Resolve{RequestId{3}, "no such host, as it has spaces"});
  CHECK(loop.answer<Resolved>().addresses.empty());
  CHECK(loop.host.lookups() == 0);
}

TEST_CASE("the engine's deadline is kept, also when it moves") {
  Loop loop;
  std::vector<Time> fired;
  const Time start = net::now();
  loop.core().onTimer = [&](Time now) { fired.push_back(now); };
  loop.engine.post([&](Time) { loop.core().timer = start + 40ms; });
  loop.engine.post([&](Time) { loop.core().timer = start + 10ms; });
  REQUIRE(loop.runUntil([&] { return fired.size() == 1; }));
  CHECK(fired[0] >= start + 10ms);

  // Later than what the host waits for already: it wakes once in vain, and not early for the engine.
  loop.engine.post([&](Time) { loop.core().timer = start + 50ms; });
  loop.engine.post([&](Time) { loop.core().timer = start + 90ms; });
  REQUIRE(loop.runUntil([&] { return fired.size() == 2; }));
  CHECK(fired[1] >= start + 90ms);
}

TEST_CASE("many posts make one cycle, and an idle loop makes none") {
  Loop loop;
  std::atomic<int> ran{0};
  for (int i = 0; i < 1000; ++i) loop.engine.post([&](Time) { ++ran; });
  REQUIRE(loop.runUntil([&] { return ran == 1000; }));
  CHECK(loop.core().advances == 1);
  loop.io.run_for(20ms);
  CHECK(loop.core().advances == 1);
}

TEST_CASE("the wall clock is what the offset makes of the host's") {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  const auto ours = net::now().time_since_epoch() + net::wallClockOffset();
  CHECK(std::chrono::abs(ours - wall) < 1s);
}

TEST_CASE("a runtime has two threads, and none when it is gone") {
  REQUIRE(threadsOfOursEnd());
  auto runtime = Runtime::create();
  std::promise<void> up;
  runtime->engine().post([&](Time) { runtime->executor().post([&] { up.set_value(); }); });
  up.get_future().wait();
  CHECK(threadsOfOurs() == std::vector<std::string>{"parley-handlers", "parley-loop"});
  runtime.reset();
  CHECK(threadsOfOursEnd());
}

TEST_CASE("tasks run in order on the callback thread, and not on the loop's") {
  auto runtime = Runtime::create();
  std::vector<int> order;
  std::promise<std::pair<std::thread::id, bool>> handlers;
  std::promise<std::thread::id> loop;
  CHECK(!runtime->executor().isCurrent());
  for (int i = 0; i < 100; ++i) runtime->executor().post([&order, i] { order.push_back(i); });
  runtime->executor().post([&] { handlers.set_value({std::this_thread::get_id(), runtime->executor().isCurrent()}); });
  runtime->engine().post([&](Time) { loop.set_value(std::this_thread::get_id()); });
  const auto [thread, current] = handlers.get_future().get();
  CHECK(current);
  CHECK(thread != loop.get_future().get());
  REQUIRE(order.size() == 100);
  CHECK(std::is_sorted(order.begin(), order.end()));
}

TEST_CASE("a runtime starts and ends many times, with tasks under way") {
  for (int i = 0; i < 50; ++i) {
    auto runtime = Runtime::create();
    auto ran = std::make_shared<std::atomic<int>>(0);
    for (int j = 0; j < i; ++j) {
      runtime->executor().post([ran] { ++*ran; });
      runtime->engine().post([ran](Time) { ++*ran; });
    }
    runtime.reset();
    CHECK(*ran == 2 * i);
  }
}

TEST_CASE("what the engine says last still goes out when the runtime ends") {
  Loop receiver;
  receiver.ask(BindUdp{SocketId{1}, loopback, 0, 0});
  const auto to = receiver.answer<SocketBound>().local;
  base::PacketPool pool;
  auto runtime = Runtime::create();
  auto& core = runtime->engine().core();
  runtime->engine().post([&](Time) {
    core.outputs.push_back(BindUdp{SocketId{1}, loopback, 0, 0});
    core.onAnswer = [&] {
      core.outputs.push_back(Transmit{SocketId{1}, to, pool.make(std::vector<std::uint8_t>{1, 2, 3})});
      core.outputs.push_back(CloseSocket{SocketId{1}});
    };
  });
  runtime.reset();
  REQUIRE(receiver.runUntil([&] { return !receiver.core().datagrams.empty(); }));
  CHECK(receiver.core().datagrams[0].bytes == std::vector<std::uint8_t>{1, 2, 3});
}

TEST_CASE("the last owner may let go on any thread, the runtime's own too") {
  const std::string where = GENERATE("handler", "loop", "other thread");
  CAPTURE(where);
  for (int i = 0; i < 30; ++i) {
    std::promise<void> released, destroyed;
    auto runtime = Runtime::create();
    Engine& engine = runtime->engine();
    Executor& executor = runtime->executor();
    engine.core().onDestroyed = [&] { destroyed.set_value(); };
    std::promise<std::shared_ptr<Runtime>> handOver;
    auto owner = handOver.get_future().share();
    auto release = [&released, owner = std::move(owner)]() mutable {
      owner.wait();
      // The only other owner is in the shared state of the future, which goes first.
      auto last = std::move(const_cast<std::shared_ptr<Runtime>&>(owner.get()));
      last.reset();
      released.set_value();
    };
    std::thread other;
    if (where == "handler") executor.post(release);
    if (where == "loop") engine.post([release](Time) mutable { release(); });
    if (where == "other thread") other = std::thread(release);
    handOver.set_value(std::move(runtime));
    released.get_future().wait();
    destroyed.get_future().wait();
    if (other.joinable()) other.join();
  }
}

TEST_CASE("the shared runtime is one for all who hold it, and ends with the last of them") {
  auto a = Runtime::shared();
  auto b = Runtime::shared();
  CHECK(a == b);
  std::weak_ptr<Runtime> watch = a;
  a.reset();
  CHECK(!watch.expired());
  b.reset();
  CHECK(watch.expired());
  CHECK(Runtime::shared());
}
