#include "base/packet_pool.hpp"
#include "host_loop.hpp"
#include "udp_fixture.hpp"

#include <support/catch.hpp>

#include <algorithm>

using namespace parley;
using namespace parley::net::test;

namespace {

const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);
/// Of mDNS' group, on another port: a responder of this machine shall not be bothered.
const SocketAddress group{IpAddress::v4(224, 0, 0, 251), 53530};

bool heard(Loop& loop, SocketId socket, const Payload& bytes) {
  return std::any_of(loop.core().datagrams.begin(), loop.core().datagrams.end(),
                     [&](const auto& datagram) { return datagram.socket == socket && datagram.bytes == bytes; });
}

}  // namespace

TEST_CASE("all sockets that joined a group hear what is sent to it, the sender too") {
  Loop loop;
  base::PacketPool pool;
  for (std::uint32_t id : {1u, 2u}) {
    loop.ask(BindMulticast{SocketId{id}, loopback, group});
    CHECK(loop.next<SocketBound>().local == SocketAddress{loopback, group.port});
  }
  loop.ask(Transmit{SocketId{1}, group, pool.make(payload(100, 1))});
  REQUIRE(loop.runUntil([&] {
    return heard(loop, SocketId{1}, payload(100, 1)) && heard(loop, SocketId{2}, payload(100, 1));
  }));
  for (const auto& datagram : loop.core().datagrams) CHECK(datagram.from == SocketAddress{loopback, group.port});
}

TEST_CASE("a socket that joined a group hears what is sent to its own address") {
  Loop loop;
  base::PacketPool pool;
  loop.ask(BindMulticast{SocketId{1}, loopback, group});
  loop.next<SocketBound>();
  loop.ask(BindUdp{SocketId{2}, loopback});
  const auto other = loop.next<SocketBound>().local;
  loop.ask(Transmit{SocketId{2}, {loopback, group.port}, pool.make(payload(50, 2))});
  REQUIRE(loop.runUntil([&] { return heard(loop, SocketId{1}, payload(50, 2)); }));
  CHECK(loop.core().datagrams.front().from == other);
}

TEST_CASE("a group of the other family cannot be joined, nor at an address that is not ours") {
  Loop loop;
  loop.ask(BindMulticast{SocketId{1}, *IpAddress::parse("::1"), group});
  CHECK(loop.next<SocketFailed>().socket == SocketId{1});
  loop.ask(BindMulticast{SocketId{2}, IpAddress::v4(192, 0, 2, 1), group});
  CHECK(loop.next<SocketFailed>().socket == SocketId{2});
}
