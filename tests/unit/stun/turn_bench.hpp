#pragma once

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sim/turn_service.hpp"
#include "stun/deframer.hpp"
#include "stun/message.hpp"
#include "stun/message_builder.hpp"
#include "stun/turn_client.hpp"
#include "support/catch.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::stun::test {

using namespace std::chrono_literals;
using Bytes = std::vector<std::uint8_t>;

inline const IpAddress relayV4 = *IpAddress::parse("198.51.100.7");
inline const IpAddress relayV6 = *IpAddress::parse("2001:db8::7");
inline const SocketAddress alice = *SocketAddress::parse("192.0.2.1:50000");
inline const SocketAddress bob = *SocketAddress::parse("203.0.113.9:40000");
inline const SocketAddress bobV6 = *SocketAddress::parse("[2001:db8::9]:40000");

inline sim::TurnService::Config bothFamilies() {
  sim::TurnService::Config config;
  config.v4 = relayV4;
  config.v6 = relayV6;
  return config;
}

inline TurnClient::Config credentials() {
  TurnClient::Config config;
  config.username = "user";
  config.password = "secret";
  return config;
}

/// A client and a server, with 10 ms of way between them, in virtual time.
struct TurnBench {
  explicit TurnBench(TurnClient::Config clientConfig = credentials(), sim::TurnService::Config config = bothFamilies(),
                     std::uint64_t seed = 1)
      : random(seed),
        service(std::move(config)),
        reliable(clientConfig.reliable),
        from{alice, reliable ? 1u : 0u},
        client(std::move(clientConfig), random, pool) {
    service.toClient = [this](const sim::TurnService::Client& to, base::Bytes bytes) {
      REQUIRE(to == from);
      toClient(Bytes(bytes.begin(), bytes.end()));
    };
    service.toPeer = [this](const SocketAddress& relayed, const SocketAddress& peer, base::Bytes bytes) {
      relayedOut.push_back({relayed, peer, Bytes(bytes.begin(), bytes.end())});
    };
  }

  static constexpr Duration oneWay = 10ms, roundTrip = 2 * oneWay;

  /// Lets virtual time pass, in which client and server talk.
  void run(Duration duration) {
    const Time end = now + duration;
    for (;;) {
      drain();
      Time next = client.deadline();
      if (!wire.empty()) next = std::min(next, wire.begin()->first);
      if (next > end) break;
      now = std::max(now, next);
      while (!wire.empty() && wire.begin()->first <= now) {
        auto deliver = std::move(wire.begin()->second);
        wire.erase(wire.begin());
        deliver();
      }
      client.advance(now);
    }
    now = end;
  }

  void drain() {
    while (auto output = client.poll()) {
      if (auto* transmit = std::get_if<TurnClient::Transmit>(&*output)) {
        REQUIRE(transmit->packet);
        const auto bytes = transmit->packet.bytes();
        sent.push_back({now, Bytes(bytes.begin(), bytes.end())});
        if (loseUp && loseUp(sent.back().second)) continue;
        wire.emplace(now + oneWay, [this, copy = sent.back().second]() mutable { atServer(std::move(copy)); });
      } else if (auto* event = std::get_if<TurnClient::Allocated>(&*output)) {
        allocated = *event;
      } else if (auto* failure = std::get_if<TurnClient::Failed>(&*output)) {
        REQUIRE_FALSE(failed);
        failed = *failure;
      } else if (auto* redirect = std::get_if<TurnClient::Redirected>(&*output)) {
        redirected = *redirect;
      } else if (auto* refusal = std::get_if<TurnClient::PermissionFailed>(&*output)) {
        refused.push_back(*refusal);
      } else {
        released = true;
      }
    }
    client.advance(now);
    REQUIRE(client.deadline() > now);
  }

  /// Allocates; the allocation stands after it.
  void allocate() {
    client.start(now);
    run(2 * roundTrip);
    REQUIRE(allocated);
  }

  bool send(const SocketAddress& peer, base::Bytes payload) { return client.send(peer, pool.make(payload), now); }
  bool send(const SocketAddress& peer, std::string_view payload) { return send(peer, base::asBytes(payload)); }
  /// Something that is STUN, as a connectivity check is.
  bool sendCheck(const SocketAddress& peer) { return client.send(peer, check(), now); }
  Packet check() {
    return MessageBuilder(pool, Class::Request, Method::Binding, randomTransactionId(random)).addFingerprint().finish();
  }
  /// `peer` sends to the client's relayed address.
  void fromPeer(const SocketAddress& peer, std::string_view payload) {
    REQUIRE(allocated);
    for (const auto& relayed : allocated->relayed)
      if (relayed.ip.family() == peer.ip.family()) service.fromPeer(relayed, peer, base::asBytes(payload), now);
  }
  /// As if the server had sent it.
  std::optional<TurnClient::Received> handle(Bytes& message) { return client.handle(message, now); }

  int count(Method method) const {
    const auto found = service.requests.find(method);
    return found == service.requests.end() ? 0 : found->second;
  }
  int sentOf(Class messageClass, Method method) const {
    int n = 0;
    for (const auto& [at, bytes] : sent)
      if (auto message = Message::parse(bytes)) n += message->is(messageClass, method);
    return n;
  }

  struct RelayedOut {
    SocketAddress relayed, peer;
    Bytes payload;
  };

  base::SeededRandom random;
  base::PacketPool pool;
  sim::TurnService service;
  bool reliable;
  sim::TurnService::Client from;
  TurnClient client;
  Time now{1000s};

  std::vector<std::pair<Time, Bytes>> sent;
  std::vector<RelayedOut> relayedOut;
  std::vector<std::pair<SocketAddress, std::string>> received;
  std::optional<TurnClient::Allocated> allocated;
  std::optional<TurnClient::Failed> failed;
  std::optional<TurnClient::Redirected> redirected;
  std::vector<TurnClient::PermissionFailed> refused;
  bool released = false;

  /// True loses the message.
  std::function<bool(const Bytes&)> loseUp, loseDown;
  /// Bytes of a stream arrive in pieces of this size.
  std::size_t pieces = 7;

 private:
  void atServer(Bytes bytes) {
    if (!reliable) return service.fromClient(from, bytes, now);
    for (std::size_t at = 0; at < bytes.size(); at += pieces) {
      up.push(base::MutableBytes(bytes).subspan(at, std::min(pieces, bytes.size() - at)));
      while (auto message = up.next()) service.fromClient(from, *message, now);
    }
  }
  void toClient(Bytes bytes) {
    if (loseDown && loseDown(bytes)) return;
    wire.emplace(now + oneWay, [this, bytes]() mutable {
      if (!reliable) return take(bytes);
      for (std::size_t at = 0; at < bytes.size(); at += pieces) {
        down.push(base::MutableBytes(bytes).subspan(at, std::min(pieces, bytes.size() - at)));
        while (auto message = down.next()) take(*message);
      }
    });
  }
  void take(base::MutableBytes message) {
    if (const auto data = client.handle(message, now))
      received.emplace_back(data->peer, std::string(base::asText(data->payload)));
  }

  std::multimap<Time, std::function<void()>> wire;
  StreamDeframer up{Framing::Turn}, down{Framing::Turn};
};

}  // namespace parley::stun::test
