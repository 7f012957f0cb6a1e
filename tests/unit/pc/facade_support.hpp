#pragma once

#include "support/catch.hpp"

#include <parley/log.hpp>
#include <parley/peer_connection.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// What the tests of the façade share: one engine in virtual time, whose host joins its sockets in memory.

namespace parley::test {

using namespace std::chrono_literals;

/// A network of one machine: each datagram arrives a millisecond later. The clock goes on from test to test, because
/// usrsctp has one for the whole process.
class Loop {
 public:
  Loop() { engine.advance(now()); }

  // Of the seed: which reports a test loses is the same in each run.
  Engine engine{Engine::Options{std::chrono::hours(24 * 365 * 56), 1}};

  static Time& now() {
    static Time time{std::chrono::seconds(1000)};
    return time;
  }

  /// Runs until `done`, or for `limit`. Whether it came true.
  bool runUntil(const std::function<bool()>& done, Duration limit = 10s) {
    const Time end = now() + limit;
    for (;;) {
      step();
      if (done()) return true;
      Time next = std::min(engine.deadline(), end);
      if (!wire_.empty()) next = std::min(next, wire_.begin()->first);
      if (now() >= end) return false;
      now() = std::max(next, now() + 1us);
    }
  }
  void runFor(Duration duration) {
    runUntil([] { return false; }, duration);
  }
  /// Runs the tasks that wait, without letting time pass.
  void settle() {
    for (int i = 0; i < 50; ++i) step();
  }
  template <class T>
  bool runUntilSettled(const Async<T>& async) {
    return runUntil([&] { return async.isSettled(); });
  }
  /// The value, or what it was rejected with is thrown.
  template <class T>
  T result(const Async<T>& async) {
    REQUIRE(runUntilSettled(async));
    return async.get();
  }

  /// That the engine has open.
  std::size_t socketCount() const { return sockets_.size(); }

  /// True loses the datagram.
  std::function<bool()> drop;
  /// The port loses all that it sends and receives.
  std::optional<std::uint16_t> deadPort;

 private:
  struct InFlight {
    SocketAddress from, to;
    std::vector<std::uint8_t> bytes;
  };

  void step() {
    engine.advance(now());
    perform();
    while (!wire_.empty() && wire_.begin()->first <= now()) {
      InFlight datagram = std::move(wire_.begin()->second);
      wire_.erase(wire_.begin());
      for (const auto& [socket, address] : sockets_)
        if (address == datagram.to) {
          engine.handle(Datagram{socket, datagram.from, datagram.bytes}, now());
          break;
        }
    }
    // Answers leave before time goes on: no deadline waits for them.
    perform();
  }
  void perform() {
    while (auto output = engine.poll()) std::visit([&](auto& request) { perform(request); }, *output);
  }
  void perform(Transmit& packet) {
    const auto from = sockets_.find(packet.socket);
    if (from == sockets_.end() || (drop && drop())) return;
    if (deadPort == from->second.port || deadPort == packet.to.port) return;
    const auto bytes = packet.packet.bytes();
    wire_.emplace(now() + 1ms, InFlight{from->second, packet.to, {bytes.begin(), bytes.end()}});
  }
  void perform(BindUdp& request) {
    const SocketAddress local{request.local, ++lastPort_};
    sockets_[request.socket] = local;
    engine.handle(SocketBound{request.socket, local}, now());
  }
  // Its network has UDP alone.
  void perform(BindMulticast& request) { engine.handle(SocketFailed{request.socket, "only UDP here"}, now()); }
  void perform(ListenTcp& request) { engine.handle(SocketFailed{request.socket, "only UDP here"}, now()); }
  void perform(ConnectTcp& request) { engine.handle(SocketFailed{request.socket, "only UDP here"}, now()); }
  void perform(CloseSocket& request) { sockets_.erase(request.socket); }
  void perform(ListInterfaces& request) {
    engine.handle(InterfacesListed{request.request, {{"sim0", IpAddress::v4(10, 0, 0, 1)}}}, now());
  }
  void perform(Resolve& request) { engine.handle(Resolved{request.request, {}}, now()); }

  std::map<SocketId, SocketAddress> sockets_;
  std::multimap<Time, InFlight> wire_;
  std::uint16_t lastPort_ = 40000;
};

/// Without the active candidates for TCP: each address is one candidate.
inline Configuration udpAlone() {
  Configuration configuration;
  configuration.extensions.tcp = IceTcp::Off;
  return configuration;
}

/// Two connections that trickle their candidates to each other.
struct Pair {
  explicit Pair(Configuration first = {}, Configuration second = {}) : a(loop.engine, first), b(loop.engine, second) {
    trickle(a, b);
    trickle(b, a);
  }
  static void trickle(PeerConnection& from, PeerConnection& to) {
    from.onIceCandidate([&to](const std::optional<IceCandidate>& candidate) {
      if (candidate) to.addIceCandidate(*candidate).onRejected([](const Error&) {});
    });
  }
  /// One exchange, each step when the one before is done.
  void exchange() {
    loop.result(a.setLocalDescription());
    loop.result(b.setRemoteDescription(*a.localDescription()));
    loop.result(b.setLocalDescription());
    loop.result(a.setRemoteDescription(*b.localDescription()));
  }
  /// A channel from a to b, open on both sides.
  void connect(DataChannelInit init = {}) {
    ours = a.createDataChannel("channel", init);
    if (init.negotiated)
      theirs = b.createDataChannel("channel", init);
    else
      b.onDataChannel([this](std::shared_ptr<DataChannel> channel) { theirs = std::move(channel); });
    exchange();
    REQUIRE(loop.runUntil([&] {
      return ours->readyState() == DataChannelState::Open && theirs && theirs->readyState() == DataChannelState::Open;
    }));
  }

  Loop loop;
  PeerConnection a, b;
  std::shared_ptr<DataChannel> ours, theirs;
};

template <class Call>
std::optional<ErrorName> thrownBy(Call call) {
  try {
    call();
  } catch (const Error& error) {
    CHECK(std::string(error.what()).size() > 10);
    return error.name();
  }
  return std::nullopt;
}

}  // namespace parley::test

/// Catch2 prints the words of the error, not a number.
#define CHECK_THROWN(expression, expected)                                                \
  do {                                                                                    \
    auto thrown_ = ::parley::test::thrownBy([&] { static_cast<void>(expression); });      \
    CHECK((thrown_ ? std::string(::parley::toString(*thrown_)) : "none") ==               \
          std::string(::parley::toString(::parley::ErrorName::expected)));                \
  } while (false)
