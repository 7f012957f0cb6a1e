#pragma once

#include "base/hash.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/native/association.hpp"
#include "support/catch.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace parley::sctp::native::test {

using namespace std::chrono_literals;
using Packets = std::deque<std::vector<std::uint8_t>>;

inline base::PacketPool& pool() {
  static base::PacketPool pool;
  return pool;
}

/// One association of the native engine, with all that it has said.
struct NativeEnd {
  base::SeededRandom random;
  std::unique_ptr<Association> machine;
  Packets sent;
  std::vector<Association::Output> events;
  std::vector<Message> messages;
  std::function<void()> onEarly;  ///< `SendsEarly` was said.

  NativeEnd(const Config& config, std::uint64_t seed)
      : random(seed), machine(std::make_unique<Association>(config, random, pool())) {}
  NativeEnd(const NativeEnd&) = delete;
  NativeEnd& operator=(const NativeEnd&) = delete;
  Association* operator->() { return machine.get(); }

  void drain(Time now) {
    bool more = true;
    while (more) {
      more = false;
      while (auto output = machine->poll()) {
        more = true;
        if (auto* transmit = std::get_if<Association::Transmit>(&*output)) {
          auto bytes = transmit->packet.bytes();
          sent.emplace_back(bytes.begin(), bytes.end());
        } else {
          if (onEarly && std::holds_alternative<Association::SendsEarly>(*output)) onEarly();
          events.push_back(std::move(*output));
        }
      }
      while (auto message = machine->receive(now)) {
        more = true;
        messages.push_back(std::move(*message));
      }
    }
  }
  template <class E>
  const E* find() const {
    for (auto& event : events)
      if (auto* e = std::get_if<E>(&event)) return e;
    return nullptr;
  }
  bool up() const { return find<Association::Connected>() != nullptr; }
};

/// Two of them and the packets between, which arrive after 10 ms, in order.
struct TwoNative {
  NativeEnd a, b;
  Time now{1h};
  /// True drops the packet.
  std::function<bool(bool fromA, std::vector<std::uint8_t>& packet)> drop;
  std::size_t packets = 0;

  explicit TwoNative(const Config& first = {}, const Config& second = {}, std::uint64_t seed = 1)
      : a(first, seed), b(second, seed + 1'000) {}

  void connect() {
    a->connect(now);
    b->connect(now);
  }
  void drain() {
    a.drain(now);
    b.drain(now);
  }
  /// Runs for the time, 10 ms at a time.
  void run(Duration duration) {
    const auto end = now + duration;
    drain();
    while (now < end) {
      auto fromA = std::exchange(a.sent, {});
      auto fromB = std::exchange(b.sent, {});
      now += 10ms;
      a->advance(now);
      b->advance(now);
      deliver(fromA, true);
      deliver(fromB, false);
      drain();
      a->advance(now);
      b->advance(now);
      drain();
      REQUIRE(a->deadline() > now);
      REQUIRE(b->deadline() > now);
    }
  }
  void deliver(Packets& from, bool fromA) {
    for (auto& packet : from) {
      ++packets;
      if (drop && drop(fromA, packet)) continue;
      (fromA ? b : a)->handle(packet, now);
    }
  }
};

/// The first chunk's type.
inline int typeOf(const std::vector<std::uint8_t>& packet) { return packet.at(12); }
inline bool hasChunk(const std::vector<std::uint8_t>& packet, int type) {
  for (std::size_t at = 12; at + 4 <= packet.size(); at += (base::load16(&packet[at + 2]) + 3u) & ~3u)
    if (packet[at] == type) return true;
  return false;
}
inline std::vector<std::uint8_t> sealed(std::vector<std::uint8_t> packet) {
  for (int i = 8; i < 12; ++i) packet[i] = 0;
  auto sum = base::crc32c(packet);
  for (int i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(sum >> 8 * i);
  return packet;
}
inline std::vector<std::uint8_t> bytesOf(std::size_t size, std::uint8_t value = 7) {
  return std::vector<std::uint8_t>(size, value);
}

}  // namespace parley::sctp::native::test
