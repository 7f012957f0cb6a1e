#include "base/packet_pool.hpp"
#include "host_loop.hpp"
#include "udp_fixture.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <support/catch.hpp>

#include <algorithm>
#include <string>
#include <utility>

using namespace parley;
using namespace parley::net::test;
using boost::asio::ip::tcp;

namespace {

const IpAddress loopback = IpAddress::v4(127, 0, 0, 1);

/// A connection between two sockets of one host.
struct TwoStreams {
  explicit TwoStreams(const IpAddress& address = loopback) {
    loop.ask(ListenTcp{SocketId{1}, address});
    listener = loop.next<SocketBound>().local;
    loop.ask(ConnectTcp{SocketId{2}, address, 0, 0, listener});
    // Which end hears of it first is the kernel's affair.
    if (!loop.runUntil([this] { return loop.core().answers.size() == 2; })) FAIL("not connected");
    for (auto& answer : std::exchange(loop.core().answers, {})) {
      if (auto* told = std::get_if<TcpAccepted>(&answer)) accepted = *told;
      if (auto* told = std::get_if<TcpConnected>(&answer)) connected = *told;
    }
  }

  void send(SocketId from, const Payload& bytes) { loop.ask(Transmit{from, {}, pool.make(bytes)}); }
  bool arrives(SocketId at, const Payload& bytes) {
    return loop.runUntil([&] { return loop.core().streams[at].size() >= bytes.size(); }) &&
           loop.core().streams[at] == bytes;
  }

  base::PacketPool pool;
  Loop loop;
  SocketAddress listener;
  TcpAccepted accepted;
  TcpConnected connected;
};

/// A peer that is not ours, and reads when it is told to.
struct Stranger {
  explicit Stranger(Loop& loop) : acceptor(io, {tcp::v4(), 0}), socket(io) {
    const SocketAddress address{loopback, acceptor.local_endpoint().port()};
    loop.ask(ConnectTcp{SocketId{2}, loopback, 0, 0, address});
    loop.next<TcpConnected>();
    acceptor.accept(socket);
  }

  /// All that is there. Then `error` says why there is no more.
  std::size_t readAll(std::uint8_t* to, std::size_t size) {
    socket.non_blocking(true);
    std::size_t got = 0;
    for (error = {}; !error && got < size;) got += socket.read_some(boost::asio::buffer(to + got, size - got), error);
    return got;
  }

  boost::asio::io_context io;
  tcp::acceptor acceptor;
  tcp::socket socket;
  boost::system::error_code error;
};

Payload concatenation(const std::vector<Payload>& parts) {
  Payload all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::uint16_t freePort() {
  boost::asio::io_context io;
  return tcp::acceptor(io, {tcp::v4(), 0}).local_endpoint().port();
}

}  // namespace

TEST_CASE("a TCP connection tells both ends the same addresses, and the accepted one has an id of the host's") {
  TwoStreams streams;
  CHECK(streams.accepted.listener == SocketId{1});
  CHECK(streams.accepted.socket >= firstAcceptedSocket);
  CHECK(streams.accepted.local == streams.listener);
  CHECK(streams.connected.remote == streams.listener);
  CHECK(streams.accepted.remote == streams.connected.local);
}

TEST_CASE("bytes go both ways over TCP, in order and whole") {
  TwoStreams streams;
  std::vector<Payload> there, back;
  for (std::size_t i = 0; i < 200; ++i) {
    there.push_back(payload(1 + i * 7 % 1400, i));
    back.push_back(payload(1 + i * 11 % 1200, i + 1000));
    streams.send(SocketId{2}, there.back());
    streams.send(streams.accepted.socket, back.back());
  }
  CHECK(streams.arrives(streams.accepted.socket, concatenation(there)));
  CHECK(streams.arrives(SocketId{2}, concatenation(back)));
}

TEST_CASE("TCP works over IPv6") {
  Loop probe;
  probe.ask(ListenTcp{SocketId{1}, *IpAddress::parse("::1")});
  probe.runUntil([&] { return !probe.core().answers.empty(); });
  if (std::holds_alternative<SocketFailed>(probe.core().answers.front())) {
    WARN("this machine has no IPv6: not tested");
    return;
  }
  TwoStreams streams(*IpAddress::parse("::1"));
  streams.send(SocketId{2}, payload(1000, 1));
  CHECK(streams.arrives(streams.accepted.socket, payload(1000, 1)));
}

TEST_CASE("nobody listens: the connection fails and says to whom it was meant") {
  Loop loop;
  const auto port = freePort();
  loop.ask(ConnectTcp{SocketId{1}, loopback, 0, 0, {loopback, port}});
  const auto failed = loop.next<SocketFailed>();
  CHECK(failed.socket == SocketId{1});
  CHECK(failed.reason.find(std::to_string(port)) != std::string::npos);
}

TEST_CASE("a connection cannot start from an address that is not ours") {
  Loop loop;
  loop.ask(ConnectTcp{SocketId{1}, IpAddress::v4(192, 0, 2, 1), 0, 0, {loopback, 9}});
  CHECK(loop.next<SocketFailed>().socket == SocketId{1});
}

TEST_CASE("the end of the other side ends a stream, after all that it said") {
  Loop loop;
  Stranger stranger(loop);
  const Payload last = payload(50'000, 3);
  boost::asio::write(stranger.socket, boost::asio::buffer(last));
  stranger.socket.close();
  const auto failed = loop.next<SocketFailed>();
  CHECK(failed.socket == SocketId{2});
  CHECK(failed.reason == "the other side closed the connection");
  CHECK(loop.core().streams[SocketId{2}] == last);
}

TEST_CASE("a reset ends a stream") {
  Loop loop;
  Stranger stranger(loop);
  stranger.socket.set_option(boost::asio::socket_base::linger(true, 0));
  stranger.socket.close();
  CHECK(loop.next<SocketFailed>().socket == SocketId{2});
}

TEST_CASE("a stream that nobody reads tells that it is full, and that it has room again") {
  Loop loop;
  Stranger stranger(loop);
  base::PacketPool pool;
  std::size_t sent = 0;
  const Payload part = payload(1400, 1);
  const auto isFull = [&] {
    return std::any_of(loop.core().answers.begin(), loop.core().answers.end(), [](const auto& answer) {
      const auto* backlog = std::get_if<StreamBacklog>(&answer);
      return backlog && backlog->full;
    });
  };
  // The kernel takes some megabytes on loopback; the limit of the queue is behind 128 KiB of our own.
  while (!isFull() && sent < 32'000'000) {
    for (int i = 0; i < 16; ++i, sent += part.size()) loop.ask(Transmit{SocketId{2}, {}, pool.make(part)});
    loop.io.poll();
    loop.io.restart();
  }
  REQUIRE(isFull());
  loop.core().answers.clear();

  Payload received(sent);
  std::size_t got = 0;
  REQUIRE(loop.runUntil([&] {
    got += stranger.readAll(received.data() + got, sent - got);
    return got == sent;
  }));
  const auto backlog = loop.next<StreamBacklog>();
  CHECK(backlog.socket == SocketId{2});
  CHECK_FALSE(backlog.full);
  for (std::size_t at = 0; at < sent; at += part.size())
    REQUIRE(std::equal(part.begin(), part.end(), received.begin() + static_cast<std::ptrdiff_t>(at)));
}

TEST_CASE("a stream that is given more than it can ever write fails, and the memory of it goes") {
  Loop loop;
  Stranger stranger(loop);
  base::PacketPool pool;
  const auto failed = [&] {
    return std::any_of(loop.core().answers.begin(), loop.core().answers.end(),
                       [](const auto& answer) { return std::holds_alternative<SocketFailed>(answer); });
  };
  for (std::size_t sent = 0; !failed() && sent < 64'000'000;) {
    for (int i = 0; i < 64; ++i, sent += 1400) loop.ask(Transmit{SocketId{2}, {}, pool.make(payload(1400, 1))});
    loop.io.poll();
    loop.io.restart();
  }
  CHECK(failed());
}

TEST_CASE("what was given to a stream before it was closed still arrives") {
  Loop loop;
  Stranger stranger(loop);
  base::PacketPool pool;
  Payload all;
  for (std::size_t i = 0; i < 1000; ++i) {
    const Payload part = payload(1400, i);
    all.insert(all.end(), part.begin(), part.end());
    loop.ask(Transmit{SocketId{2}, {}, pool.make(part)});
  }
  // To close a socket with unread bytes would reset the connection.
  boost::asio::write(stranger.socket, boost::asio::buffer(payload(10, 1)));
  loop.ask(CloseSocket{SocketId{2}});

  Payload received(all.size() + 1);
  std::size_t got = 0;
  REQUIRE(loop.runUntil([&] {
    got += stranger.readAll(received.data() + got, received.size() - got);
    return stranger.error != boost::asio::error::would_block;
  }));
  CHECK(stranger.error == boost::asio::error::eof);
  received.resize(got);
  CHECK(received == all);
  CHECK(loop.core().streams[SocketId{2}].size() <= 10);
}

TEST_CASE("a closed stream is not heard of any more, nor one that was closed while it connected") {
  Loop loop;
  Stranger stranger(loop);
  loop.core().answers.clear();
  loop.ask(CloseSocket{SocketId{2}});
  loop.ask(ConnectTcp{SocketId{3}, loopback, 0, 0, {loopback, stranger.acceptor.local_endpoint().port()}});
  loop.ask(CloseSocket{SocketId{3}});
  stranger.socket.close();
  loop.ask(ListInterfaces{RequestId{1}});
  loop.runUntil([&] { return !loop.core().answers.empty(); });
  CHECK(loop.core().answers.size() == 1);
  CHECK(std::holds_alternative<InterfacesListed>(loop.core().answers.front()));
}

TEST_CASE("a listener's port is of the range, and another listener does not get the same one") {
  const auto port = freePort();
  Loop loop;
  loop.ask(ListenTcp{SocketId{1}, loopback, port, port});
  CHECK(loop.next<SocketBound>().local == SocketAddress{loopback, port});
  loop.ask(ListenTcp{SocketId{2}, loopback, port, port});
  CHECK(loop.next<SocketFailed>().socket == SocketId{2});
}

TEST_CASE("a connection may start from the port that a listener has, as simultaneous open needs it") {
  TwoStreams streams;
  Loop& loop = streams.loop;
  Loop other;
  other.ask(ListenTcp{SocketId{1}, loopback});
  const auto target = other.next<SocketBound>().local;
  loop.ask(ConnectTcp{SocketId{3}, loopback, streams.listener.port, streams.listener.port, target});
  const auto connected = loop.next<TcpConnected>();
  CHECK(connected.local == streams.listener);
  // And the listener goes on.
  loop.ask(ConnectTcp{SocketId{4}, loopback, 0, 0, streams.listener});
  CHECK(loop.next<TcpAccepted>().listener == SocketId{1});
}

TEST_CASE("the end of a listener does not end what it accepted") {
  TwoStreams streams;
  streams.loop.ask(CloseSocket{SocketId{1}});
  streams.send(SocketId{2}, payload(100, 1));
  CHECK(streams.arrives(streams.accepted.socket, payload(100, 1)));
}
