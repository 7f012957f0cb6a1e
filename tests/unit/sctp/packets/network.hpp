#pragma once

#include "base/hash.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/native/association.hpp"
#include "sctp/usrsctp_association.hpp"
#include "sctp/wire/chunk.hpp"
#include "sctp/wire/packet_view.hpp"
#include "support/catch.hpp"
#include "support/virtual_globals.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace parley::sctp::test {

using namespace std::chrono_literals;
using PacketBytes = std::vector<std::uint8_t>;

enum class Engine { Native, Usrsctp };

/// Gives the packet its right checksum.
inline PacketBytes sealed(PacketBytes packet) {
  const auto sum = wire::checksumOf(packet);
  for (unsigned i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(sum >> (8 * i));
  return packet;
}

/// The chunks of a packet with their padding.
inline std::vector<PacketBytes> chunksOf(const PacketBytes& packet) {
  std::vector<PacketBytes> chunks;
  wire::ChunkReader reader(base::Bytes(packet).subspan(wire::commonHeaderSize));
  while (auto chunk = reader.next()) {
    chunks.emplace_back(chunk->whole.begin(), chunk->whole.end());
    chunks.back().resize(wire::padded(chunks.back().size()));
  }
  return chunks;
}

inline PacketBytes packetOf(const PacketBytes& header, const std::vector<PacketBytes>& chunks) {
  PacketBytes packet(header.begin(), header.begin() + wire::commonHeaderSize);
  for (const auto& chunk : chunks) packet.insert(packet.end(), chunk.begin(), chunk.end());
  return sealed(std::move(packet));
}

/// One end with all that it has said.
struct Side {
  std::unique_ptr<Association> association;
  std::vector<Association::Output> events{};  ///< Without packets.
  std::vector<Message> messages{};
  bool reads = true;
  std::size_t packets = 0;  ///< That it has sent.

  Association* operator->() { return association.get(); }
  template <class E>
  std::size_t count() const {
    return static_cast<std::size_t>(
        std::count_if(events.begin(), events.end(), [](const auto& e) { return std::holds_alternative<E>(e); }));
  }
  template <class E>
  bool has() const {
    return count<E>() > 0;
  }
};

/// Two ends of either engine and the path between them, in virtual time.
class Network {
 public:
  /// What comes out of the path for one packet: nothing if it is lost.
  struct Arrival {
    Duration delay;
    PacketBytes bytes;
  };
  using Path = std::function<std::vector<Arrival>(std::size_t from, std::size_t index, const PacketBytes& packet)>;

  static constexpr Duration delay = 10ms;

  std::array<Side, 2> sides;
  Path path;

  Network(const Config& config, std::uint64_t seed, Engine a = Engine::Native, Engine b = Engine::Native)
      : Network(config, config, seed, a, b) {}
  Network(const Config& first, const Config& second, std::uint64_t seed, Engine a, Engine b) : random_(seed) {
    parley::test::seedGlobals(seed);
    // usrsctp lives as long as the process, and its time with it.
    now_ = std::exchange(nextStart(), nextStart() + 24h);
    parley::test::setVirtualTime(now_);
    sides[0].association = make(a, first);
    sides[1].association = make(b, second);
  }

  Time now() const { return now_; }
  void connect() {
    for (auto& side : sides) side->connect(now_);
  }
  bool run(Duration duration, const std::function<bool()>& until = {}) {
    const auto end = now_ + duration;
    while (true) {
      drain();
      if (until && until()) return true;
      auto next = std::min(sides[0]->deadline(), sides[1]->deadline());
      for (const auto& packet : flying_) next = std::min(next, packet.at);
      if (next > end) break;
      now_ = std::max(now_, next);
      parley::test::setVirtualTime(now_);
      const auto first = std::min_element(flying_.begin(), flying_.end(), [](const Flying& x, const Flying& y) {
        return std::tie(x.at, x.order) < std::tie(y.at, y.order);
      });
      if (first != flying_.end() && first->at <= now_) {
        const auto packet = std::move(*first);
        flying_.erase(first);
        sides[packet.to]->handle(packet.bytes, now_);
        continue;
      }
      for (auto& side : sides) side->advance(now_);
      drain();
      // The contract of base::Machine.
      for (auto& side : sides) REQUIRE(side->deadline() > now_);
    }
    now_ = end;
    parley::test::setVirtualTime(now_);
    return false;
  }

 private:
  struct Flying {
    Time at;
    std::uint64_t order;
    std::size_t to;
    PacketBytes bytes;
  };

  std::unique_ptr<Association> make(Engine engine, const Config& config) {
    if (engine == Engine::Usrsctp) return std::make_unique<UsrsctpAssociation>(config);
    return std::make_unique<native::Association>(config, random_, pool_);
  }

  void drain() {
    for (unsigned rounds = 0;; ++rounds) {
      REQUIRE(rounds < 10'000);
      bool any = false;
      for (std::size_t i = 0; i < 2; ++i) any = drainSide(i) || any;
      if (!any) return;
    }
  }
  bool drainSide(std::size_t i) {
    auto& side = sides[i];
    bool any = false;
    while (auto output = side->poll()) {
      any = true;
      if (auto* transmit = std::get_if<Association::Transmit>(&*output)) {
        const auto bytes = transmit->packet.bytes();
        send(i, PacketBytes(bytes.begin(), bytes.end()));
      } else {
        side.events.push_back(std::move(*output));
      }
    }
    while (side.reads) {
      auto message = side->receive(now_);
      if (!message) break;
      any = true;
      side.messages.push_back(std::move(*message));
    }
    return any;
  }
  void send(std::size_t from, PacketBytes packet) {
    const auto index = sides[from].packets++;
    auto arrivals = path ? path(from, index, packet) : std::vector<Arrival>{{delay, std::move(packet)}};
    for (auto& arrival : arrivals) flying_.push_back({now_ + arrival.delay, order_++, 1 - from, std::move(arrival.bytes)});
  }

  static Time& nextStart() {
    static Time next{1s};
    return next;
  }

  base::SeededRandom random_;
  base::PacketPool pool_;
  Time now_;
  std::vector<Flying> flying_;
  std::uint64_t order_ = 0;
};

inline Message numbered(std::uint16_t stream, std::uint32_t number, std::size_t size) {
  Message message{stream, Ppid::Binary, std::vector<std::uint8_t>(std::max<std::size_t>(size, 4))};
  base::SeededRandom(number + 1).fill(message.bytes);
  base::store32(message.bytes.data(), number);
  return message;
}

}  // namespace parley::sctp::test
