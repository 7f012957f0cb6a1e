#include "base/random.hpp"
#include "net/address.hpp"
#include "udp_fixture.hpp"

#include <boost/asio/buffer.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <cerrno>

using namespace parley;
using namespace parley::net;
using namespace parley::net::test;

namespace {

const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);

/// Sends all payloads to `to`, at most as many at a time as a default receive buffer holds, and compares what comes.
void sendAndCompare(UdpFixture& net, UdpSocket& from, const SocketAddress& to, const std::vector<Payload>& payloads) {
  constexpr std::size_t atATime = 64;
  net.received.clear();
  for (std::size_t sent = 0; sent < payloads.size();) {
    std::vector<Transmit> batch;
    while (sent < payloads.size() && batch.size() < atATime) batch.push_back(net.transmit(to, payloads[sent++]));
    from.send(batch);
    REQUIRE(net.receive(sent));
  }
  REQUIRE(net.received.size() == payloads.size());
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    CAPTURE(i, payloads[i].size());
    REQUIRE(net.received[i].payload == payloads[i]);
    REQUIRE(net.received[i].from == from.local());
  }
}

bool hasIpv6Loopback() {
  UdpFixture net;
  return net.tryOpen(backends().front(), *IpAddress::parse("::1")).has_value();
}

}  // namespace

TEST_CASE("datagrams of all sizes arrive one by one, equal and in order") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend);
  const std::vector<std::size_t> sizes{1200, 1200, 1200, 700, 1200, 1, 0, 0, 1, 1, 1, 1400, 1300, 1300, 1301, 1300, 1600,
                                       1600, 2,    2,    1,   1};
  std::vector<Payload> payloads;
  for (std::size_t size : sizes) payloads.push_back(payload(size, payloads.size()));
  sendAndCompare(net, *a, b->local(), payloads);
  sendAndCompare(net, *b, a->local(), payloads);
}

TEST_CASE("random mixes of sizes and run lengths arrive equal and in order") {
  const auto backend = GENERATE(from_range(backends()));
  const std::uint64_t seed = GENERATE(1, 2, 3);
  CAPTURE(backend.name, seed);
  base::SeededRandom random(seed);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend);
  std::vector<Payload> payloads;
  while (payloads.size() < 400) {
    const auto size = static_cast<std::size_t>(random.below(1600));
    for (auto run = random.below(100); run > 0; --run) payloads.push_back(payload(size, payloads.size()));
  }
  sendAndCompare(net, *a, b->local(), payloads);
}

TEST_CASE("packets to several destinations in turn each reach their own") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend), c = net.open(backend);
  std::vector<Transmit> batch;
  for (std::size_t i = 0; i < 60; ++i)
    batch.push_back(net.transmit(i % 7 < 4 ? b->local() : c->local(), payload(1000, i)));
  a->send(batch);
  REQUIRE(net.receive(60));
  for (std::size_t i = 0; i < 60; ++i) {
    const SocketId expected{i % 7 < 4 ? 2u : 3u};
    CHECK(std::any_of(net.received.begin(), net.received.end(),
                      [&](auto& r) { return r.socket == expected && r.payload == payload(1000, i); }));
  }
}

#ifdef PARLEY_BATCHED_UDP

TEST_CASE("a run of equal packets costs one system call, and comes in one") {
  UdpFixture net;
  const Backend both{"", true, true, true};
  auto a = net.open(both), b = net.open(both);
  // 54 * 1200 is the most that fits into 65 507 bytes; the shorter one ends the run.
  std::vector<Payload> payloads(53, payload(1200, 1));
  payloads.push_back(payload(800, 2));
  sendAndCompare(net, *a, b->local(), payloads);
  CHECK(a->counters()[UdpCounter::SendCalls] == 1);
  CHECK(a->counters()[UdpCounter::Sent] == 54);
  CHECK(b->counters()[UdpCounter::ReceiveCalls] == 1);
  CHECK(b->counters()[UdpCounter::Received] == 54);
}

TEST_CASE("without segmentation many packets still cost one system call") {
  UdpFixture net;
  const Backend none{"", true, false, false};
  auto a = net.open(none), b = net.open(none);
  sendAndCompare(net, *a, b->local(), std::vector<Payload>(64, payload(1200, 1)));
  CHECK(a->counters()[UdpCounter::SendCalls] == 1);
  CHECK(b->counters()[UdpCounter::ReceiveCalls] <= 5);
}

TEST_CASE("a device that refuses segmentation gets the packets one by one from then on") {
  const int error = GENERATE(EIO, EINVAL, EMSGSIZE, EOPNOTSUPP);
  UdpFixture net;
  const Backend both{"", true, true, true};
  auto a = net.open(both), b = net.open(both);
  kernelScript.refusesRuns = error;
  std::vector<Payload> payloads{payload(5, 0)};  // goes through before the run that does not
  for (std::size_t i = 1; i < 50; ++i) payloads.push_back(payload(1200, i));
  sendAndCompare(net, *a, b->local(), payloads);
  sendAndCompare(net, *a, b->local(), payloads);
  CHECK(a->counters()[UdpCounter::SegmentationRefused] == 1);
  CHECK(a->counters()[UdpCounter::Sent] == 100);
}

TEST_CASE("a real kernel that refuses segmentation is noticed as well") {
  UdpFixture net;
  const Backend both{"", true, true, true};
  auto a = net.open(both), b = net.open(both);
  const int on = 1;  // Linux segments only what has a checksum.
  REQUIRE(::setsockopt(a->nativeHandle(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on) == 0);
  sendAndCompare(net, *a, b->local(), std::vector<Payload>(30, payload(1200, 1)));
  CHECK(a->counters()[UdpCounter::SegmentationRefused] == 1);
}

TEST_CASE("a call that takes some of the messages is followed by one for the rest") {
  UdpFixture net;
  const Backend none{"", true, false, false};
  auto a = net.open(none), b = net.open(none);
  kernelScript.sends = {{0, 3}, {EINTR, 0}, {0, 1}};
  std::vector<Payload> payloads;
  for (std::size_t i = 0; i < 10; ++i) payloads.push_back(payload(100, i));
  sendAndCompare(net, *a, b->local(), payloads);
  CHECK(a->counters()[UdpCounter::SendCalls] == 4);
}

#endif

TEST_CASE("packets that find the kernel's buffer full wait, and keep their order") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend);
  kernelScript.sends = {{0, 1}, {EAGAIN, 0}, {EAGAIN, 0}};
  std::vector<Transmit> batch;
  std::vector<Payload> payloads;
  for (std::size_t i = 0; i < 40; ++i) payloads.push_back(payload(200 + i / 10, i));
  for (std::size_t i = 0; i < 30; ++i) batch.push_back(net.transmit(b->local(), payloads[i]));
  a->send(batch);
  batch.clear();
  for (std::size_t i = 30; i < 40; ++i) batch.push_back(net.transmit(b->local(), payloads[i]));
  a->send(batch);
  REQUIRE(net.runUntil([&] { return net.received.size() == 40 && a->counters()[UdpCounter::Sent] == 40; }));
  for (std::size_t i = 0; i < 40; ++i) CHECK(net.received[i].payload == payloads[i]);
  CHECK(a->counters()[UdpCounter::WaitedForRoom] > 0);
}

TEST_CASE("the packets that wait are bounded, and the newest are dropped") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend);
  kernelScript.alwaysFails = EAGAIN;
  std::vector<Transmit> batch;
  for (std::size_t i = 0; i < backlogLimit + 100; ++i) batch.push_back(net.transmit(b->local(), payload(10, i)));
  a->send(batch);
  CHECK(a->counters()[UdpCounter::DroppedBacklogFull] == 100);
  batch.clear();
  CHECK(net.pool.outstanding() == backlogLimit);
  a->close();
  a.reset();
  net.io.poll();
  CHECK(net.pool.outstanding() == 0);
}

TEST_CASE("an error of one destination loses its packet and no other") {
  const auto backend = GENERATE(from_range(backends()));
  const int error = GENERATE(EPERM, ENETUNREACH, EHOSTUNREACH, ECONNREFUSED, ENOBUFS);
  CAPTURE(backend.name, error);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend);
  kernelScript.sends = {{error, 0}};
  std::vector<Transmit> batch;
  batch.push_back(net.transmit(b->local(), payload(7, 1)));
  batch.push_back(net.transmit(b->local(), payload(9, 2)));
  a->send(batch);
  REQUIRE(net.receive(1));
  CHECK(net.received[0].payload == payload(9, 2));
  CHECK(a->counters()[UdpCounter::DroppedSendError] == 1);
  CHECK(net.failure.empty());
}

TEST_CASE("packets to a port where nobody listens do no harm") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend);
  auto gone = net.open(backend);
  const SocketAddress nobody = gone->local();
  gone->close();
  for (int i = 0; i < 100; ++i) {
    std::vector<Transmit> batch;
    batch.push_back(net.transmit(nobody, payload(100, 1)));
    a->send(batch);
  }
  sendAndCompare(net, *a, b->local(), {payload(100, 2)});
  sendAndCompare(net, *b, a->local(), {payload(100, 3)});
  CHECK(net.failure.empty());
}

TEST_CASE("a datagram too large for the buffer is dropped whole") {
  UdpFixture net;
  auto b = net.open(backends().front());
  boost::asio::ip::udp::socket raw(net.io, {boost::asio::ip::address_v4::loopback(), 0});
  raw.send_to(boost::asio::buffer(Payload(20'000, 1)), toAsio(b->local()));
  raw.send_to(boost::asio::buffer(Payload(9'000, 2)), toAsio(b->local()));
  REQUIRE(net.receive(1));
  CHECK(net.received[0].payload == Payload(9'000, 2));
  CHECK(b->counters()[UdpCounter::DroppedTruncated] == 1);
}

TEST_CASE("after close nothing is delivered, not even the rest of a batch") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend);
  net.onEach = [&] {
    if (net.received.size() == 3) b->close();
  };
  std::vector<Transmit> batch;
  for (std::size_t i = 0; i < 20; ++i) batch.push_back(net.transmit(b->local(), payload(500, i)));
  a->send(batch);
  REQUIRE(net.receive(3));
  a->close();
  net.io.restart();
  net.io.run();  // ends: no socket waits for anything any more
  CHECK(net.received.size() == 3);
}

TEST_CASE("a flood on one socket leaves room for others") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto a = net.open(backend), b = net.open(backend);
  // Whenever something comes, more is sent: without a limit per wake-up the socket would never give way.
  net.onEach = [&] {
    std::vector<Transmit> again;
    for (std::size_t i = 0; i < 2 && net.received.size() < 100'000; ++i)
      again.push_back(net.transmit(b->local(), payload(50, i)));
    a->send(again);
  };
  std::vector<Transmit> first;
  first.push_back(net.transmit(b->local(), payload(50, 0)));
  a->send(first);
  bool served = false;
  boost::asio::steady_timer timer(net.io, std::chrono::steady_clock::now());
  timer.async_wait([&](const boost::system::error_code&) { served = true; });
  REQUIRE(net.runUntil([&] { return served; }));
  CHECK(net.received.size() < 100'000);
}

TEST_CASE("a port range is used up, and then the bind fails and says so") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  std::vector<std::shared_ptr<UdpSocket>> sockets;
  std::uint16_t first = 0;
  // Some four ports in a row that nobody uses.
  for (std::uint16_t base = 21'000; base < 29'000 && sockets.size() < 4; base += 4) {
    for (auto& socket : sockets) socket->close();
    sockets.clear();
    first = base;
    for (int i = 0; i < 4; ++i)
      if (auto socket = net.tryOpen(backend, loopback, base, static_cast<std::uint16_t>(base + 3))) sockets.push_back(*socket);
  }
  REQUIRE(sockets.size() == 4);
  std::vector<std::uint16_t> ports;
  for (auto& socket : sockets) ports.push_back(socket->local().port);
  std::sort(ports.begin(), ports.end());
  for (std::uint16_t i = 0; i < 4; ++i) CHECK(ports[i] == first + i);

  const auto last = static_cast<std::uint16_t>(first + 3);
  auto fifth = net.tryOpen(backend, loopback, first, last);
  REQUIRE(!fifth);
  CHECK(fifth.error().find("127.0.0.1:" + std::to_string(first) + "-" + std::to_string(last)) != std::string::npos);

  sockets[2]->close();
  auto again = net.tryOpen(backend, loopback, first, last);
  REQUIRE(again);
  CHECK((*again)->local() == sockets[2]->local());
}

TEST_CASE("what cannot be bound is refused with a reason") {
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto foreign = net.tryOpen(backend, IpAddress::v4(192, 0, 2, 1));
  REQUIRE(!foreign);
  CHECK(foreign.error().find("cannot bind 192.0.2.1:0") == 0);
  CHECK(!net.tryOpen(backend, loopback, 5000, 4000));
}

TEST_CASE("IPv6 works, and a socket for IPv6 does not take IPv4") {
  if (!hasIpv6Loopback()) {
    WARN("no IPv6 on loopback here: left out");
    return;
  }
  const auto backend = GENERATE(from_range(backends()));
  CAPTURE(backend.name);
  UdpFixture net;
  auto a = net.open(backend, *IpAddress::parse("::1")), b = net.open(backend, *IpAddress::parse("::1"));
  std::vector<Payload> payloads;
  for (std::size_t i = 0; i < 20; ++i) payloads.push_back(payload(1000, i));
  sendAndCompare(net, *a, b->local(), payloads);

  auto any6 = net.open(backend, IpAddress::any(IpAddress::Family::V6));
  auto sameOn4 = net.tryOpen(backend, loopback, any6->local().port, any6->local().port);
  CHECK(sameOn4.has_value());
}
