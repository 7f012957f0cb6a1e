#include "sctp/usrsctp_association.hpp"

#include "base/hash.hpp"
#include "base/machine.hpp"
#include "two_ends.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <set>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

static_assert(base::Machine<UsrsctpAssociation>);
static_assert(base::Machine<DataChannels>);

namespace {

bool bothUp(const TwoAssociations& two) {
  return two.a.has<Association::Connected>() && two.b.has<Association::Connected>();
}

}  // namespace

TEST_CASE("both ends connect at once and come up in two round trips") {
  auto two = twoAssociations();
  two.connect();
  REQUIRE(two.run(1s, [&] { return bothUp(two); }));
  CHECK(two.passed() <= 4 * two.delay);
  auto connected = two.a.all<Association::Connected>();
  REQUIRE(connected.size() == 1);
  CHECK(connected[0].inboundStreams == 256);
  CHECK(connected[0].outboundStreams == 256);
}

TEST_CASE("the end that connects later still comes up as if it had been first") {
  for (auto late : {1ms, 19ms, 20ms, 21ms, 40ms, 100ms, 700ms, 5000ms}) {
    auto two = twoAssociations();
    two.a->connect(two.now());
    two.run(late);
    two.b->connect(two.now());
    auto start = two.now();
    INFO("late by " << late.count() << " ms");
    REQUIRE(two.run(10s, [&] { return bothUp(two); }));
    CHECK(two.now() - start <= 4 * two.delay);
    two.run(1s);
    CHECK(two.a.events.size() == 1);
    CHECK(two.b.events.size() == 1);
  }
}

TEST_CASE("the association comes up and carries a message whichever packet of the set-up is lost") {
  // Loss of the n-th packet of one end, or of both ends' n-th.
  for (int lostByA = -1; lostByA < 6; ++lostByA)
    for (int lostByB = -1; lostByB < 6; ++lostByB) {
      INFO("A loses packet " << lostByA << ", B loses packet " << lostByB);
      auto two = twoAssociations();
      two.drop = [&](bool fromA, std::size_t index, base::Bytes) {
        return static_cast<int>(index) == (fromA ? lostByA : lostByB);
      };
      two.connect();
      REQUIRE(two.run(5s, [&] { return bothUp(two); }));
      auto bytes = pattern(100);
      REQUIRE(two.a->send(1, Ppid::Binary, bytes, {}, two.now()) == SendResult::Sent);
      REQUIRE(two.b->send(1, Ppid::Binary, bytes, {}, two.now()) == SendResult::Sent);
      REQUIRE(two.run(5s, [&] { return two.a.messages.size() == 1 && two.b.messages.size() == 1; }));
      CHECK(two.a.messages[0].bytes == bytes);
      CHECK_FALSE(two.a.has<Association::Failed>());
      CHECK_FALSE(two.b.has<Association::Failed>());
    }
}

TEST_CASE("set-up survives a path that loses half of all packets") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    base::SeededRandom random(seed);
    auto two = twoAssociations();
    two.drop = [&](bool, std::size_t, base::Bytes) { return random.below(2) == 0; };
    two.connect();
    REQUIRE(two.run(120s, [&] { return bothUp(two); }));
  }
}

TEST_CASE("set-up waits for a path that is not there for a minute") {
  auto two = twoAssociations();
  two.drop = [&](bool, std::size_t, base::Bytes) { return two.passed() < 60s; };
  two.connect();
  REQUIRE(two.run(70s, [&] { return bothUp(two); }));
}

TEST_CASE("the negotiated number of streams is what the smaller side offers") {
  auto small = bigConfig();
  small.streams = 16;
  auto two = twoAssociations(small);
  connectBoth(two);
  auto a = two.a.all<Association::Connected>().at(0);
  auto b = two.b.all<Association::Connected>().at(0);
  CHECK(a.outboundStreams == 16);
  CHECK(b.outboundStreams == 16);
  CHECK(two.a->send(15, Ppid::Binary, pattern(1), {}, two.now()) == SendResult::Sent);
  CHECK(two.a->send(16, Ppid::Binary, pattern(1), {}, two.now()) == SendResult::Invalid);
  CHECK(two.b->send(16, Ppid::Binary, pattern(1), {}, two.now()) == SendResult::Invalid);
}

TEST_CASE("the ports on the wire are the negotiated ones and the checksum is right") {
  Config a = bigConfig();
  Config b = bigConfig();
  a.zeroChecksum = b.zeroChecksum = false;
  a.localPort = b.remotePort = 5000;
  a.remotePort = b.localPort = 6001;
  auto two = twoAssociations(a, b);
  two.drop = [&](bool fromA, std::size_t, base::Bytes packet) {
    CHECK(base::load16(packet.data()) == (fromA ? 5000 : 6001));
    CHECK(base::load16(packet.data() + 2) == (fromA ? 6001 : 5000));
    std::vector<std::uint8_t> zeroed(packet.begin(), packet.end());
    std::fill(zeroed.begin() + 8, zeroed.begin() + 12, std::uint8_t{0});
    auto sum = base::crc32c(zeroed);
    CHECK(packet[8] == (sum & 0xFF));
    CHECK(packet[11] == (sum >> 24));
    return false;
  };
  connectBoth(two);
  CHECK(bothUp(two));
}

TEST_CASE("the INIT is small and names only what WebRTC has a use for") {
  auto two = twoAssociations();
  std::vector<std::uint8_t> init;
  two.drop = [&](bool, std::size_t, base::Bytes packet) {
    if (init.empty()) init.assign(packet.begin(), packet.end());
    return false;
  };
  two.connect();
  two.run(10ms);
  REQUIRE(init.size() >= 32);
  CHECK(init[12] == 1);  // INIT
  CHECK(base::load16(&init[24 + 0]) == 256 + 0);
  std::set<int> parameters;
  std::set<int> extensions;
  for (std::size_t at = 32; at + 4 <= init.size();) {
    auto length = base::load16(&init[at + 2]);
    parameters.insert(base::load16(&init[at]));
    if (base::load16(&init[at]) == 0x8008)
      for (std::size_t i = 4; i < length; ++i) extensions.insert(init[at + i]);
    at += (length + 3u) & ~3u;
  }
  INFO(base::toHex(init));
  // RFC 8261 s.6.1: no addresses. RFC 3758 s.3.1: 0xC000. RFC 5061 s.4.2.7: 0x8008. RFC 9653 s.4: 0x8001.
  CHECK(parameters == (runsNative() ? std::set<int>{0x8001, 0x8008, 0xC000} : std::set<int>{0x8008, 0xC000}));
  CHECK(extensions == (runsNative() ? std::set<int>{0x40, 0x82, 0xC0, 0xC2} : std::set<int>{0x82, 0xC0}));
}

TEST_CASE("no packet is larger than the configured MTU and full ones come close to it") {
  for (std::size_t mtu : {600u, 1152u, 1400u}) {
    auto config = bigConfig();
    config.mtu = mtu;
    auto two = twoAssociations(config, config);
    connectBoth(two);
    two.a->send(0, Ppid::Binary, pattern(100'000), {}, two.now());
    two.run(2s);
    REQUIRE(two.b.messages.size() == 1);
    CHECK(two.a.largestPacket <= mtu);
    CHECK(two.a.largestPacket > mtu - 8);
    CHECK(two.a->stats().mtu == mtu);
  }
}

TEST_CASE("shutdown delivers what was sent and closes both ends") {
  auto two = twoAssociations();
  connectBoth(two);
  two.a->send(3, Ppid::Binary, pattern(200'000), {}, two.now());
  two.a->shutdown(two.now());
  CHECK(two.a->send(3, Ppid::Binary, pattern(1), {}, two.now()) == SendResult::Invalid);
  two.run(5s);
  CHECK(two.a.has<Association::Closed>());
  CHECK(two.b.has<Association::Closed>());
  REQUIRE(two.b.messages.size() == 1);
  CHECK(two.b.messages[0].bytes == pattern(200'000));
}

TEST_CASE("both ends shut down at once") {
  auto two = twoAssociations();
  connectBoth(two);
  two.a->shutdown(two.now());
  two.b->shutdown(two.now());
  two.run(5s);
  CHECK(two.a.has<Association::Closed>());
  CHECK(two.b.has<Association::Closed>());
}

TEST_CASE("an abort tells the other end and says nothing here") {
  auto two = twoAssociations();
  connectBoth(two);
  two.a.events.clear();
  two.a->abort(two.now());
  two.run(1s);
  CHECK(two.a.events.empty());
  REQUIRE(two.b.all<Association::Failed>().size() == 1);
  CHECK(two.b->send(0, Ppid::Binary, pattern(1), {}, two.now()) == SendResult::Invalid);
}

TEST_CASE("shutdown and abort before and during set-up end quietly") {
  for (bool connected : {false, true})
    for (bool aborts : {false, true}) {
      auto two = twoAssociations();
      if (connected) two.connect();
      if (aborts)
        two.a->abort(two.now());
      else
        two.a->shutdown(two.now());
      two.run(1s);
      CHECK_FALSE(two.a.has<Association::Connected>());
      CHECK(two.a->deadline() == never);
    }
}

TEST_CASE("time stands still when the last association is gone", "[usrsctp]") {
  {
    auto two = twoAssociations();
    connectBoth(two);
  }
  auto& stack = Stack::global();
  // Until what is being buried is gone.
  for (int i = 0; i < 2'000 && stack.deadline() != never; ++i) stack.advance(stack.deadline());
  CHECK(stack.deadline() == never);
  auto two = twoAssociations();
  two.run(3600s);
  connectBoth(two);
  CHECK(bothUp(two));
}

TEST_CASE("an idle association ticks slowly and is as awake as ever when something comes", "[usrsctp]") {
  auto two = twoAssociations();
  connectBoth(two);
  two.run(20s);
  auto& stack = Stack::global();
  auto next = stack.deadline();
  stack.advance(next);
  CHECK(stack.deadline() - next == Stack::quietTick);
  two.run(next - two.now());
  auto start = two.now();
  std::size_t seen = two.a.packetsSent;
  // The first packet is lost: T3 must run at its normal pace.
  two.drop = [&](bool fromA, std::size_t index, base::Bytes) { return fromA && index == seen; };
  two.a->send(0, Ppid::Binary, pattern(10), {}, two.now());
  CHECK(stack.deadline() - two.now() <= Stack::tick);
  REQUIRE(two.run(5s, [&] { return two.b.messages.size() == 1; }));
  CHECK(two.now() - start > 300ms);
  CHECK(two.now() - start < 700ms);
}

namespace {

/// What `run` returns in a process of its own.
std::uint64_t inProcess(const std::function<std::uint64_t()>& run) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  auto child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto result = run();
    auto written = write(ends[1], &result, sizeof result);
    _exit(written == sizeof result ? 0 : 1);
  }
  std::uint64_t result = 0;
  REQUIRE(read(ends[0], &result, sizeof result) == sizeof result);
  close(ends[0]);
  close(ends[1]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  return result;
}

}  // namespace

TEST_CASE("the same seed gives the same packets") {
  auto run = [](std::uint64_t seed) {
    seedGlobals(seed);
    base::SeededRandom random(seed);
    auto two = twoAssociations();
    two.drop = [&](bool, std::size_t, base::Bytes) { return random.below(10) == 0; };
    connectBoth(two);
    for (int i = 0; i < 50; ++i) two.a->send(1, Ppid::Binary, pattern(5'000), {}, two.now());
    two.run(20s);
    return two.b.messages.size() == 50 ? two.digest() : 0;
  };
  auto first = inProcess([&] { return run(7); });
  CHECK(first != 0);
  CHECK(inProcess([&] { return run(7); }) == first);
  CHECK(inProcess([&] { return run(8); }) != first);
}
