#pragma once

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/data_channels.hpp"
#include "sctp/native/association.hpp"
#include "sctp/usrsctp_association.hpp"
#include "support/catch.hpp"
#include "support/sctp_engine.hpp"
#include "support/virtual_globals.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <type_traits>
#include <variant>
#include <vector>

namespace parley::sctp::test {

using namespace std::chrono_literals;
using parley::test::seedGlobals;
using parley::test::setVirtualTime;

/// One of two machines of the same kind, with all that it has said.
template <class M>
struct End {
  using Output = typename M::Output;
  using MessageType = typename decltype(std::declval<M&>().receive(Time{}))::value_type;

  std::unique_ptr<M> machine;
  bool reads = true;
  std::vector<Output> events;  ///< Without packets.
  std::vector<MessageType> messages;
  std::function<void(const Output&)> onEvent;
  std::size_t packetsSent = 0;
  std::size_t largestPacket = 0;

  M* operator->() { return machine.get(); }

  template <class E>
  std::vector<E> all() const {
    std::vector<E> found;
    for (auto& event : events)
      if (auto* e = std::get_if<E>(&event)) found.push_back(*e);
    return found;
  }
  template <class E>
  bool has() const {
    return !all<E>().empty();
  }
};

/// Two machines and the path between them, in virtual time.
template <class M>
class TwoEnds {
 public:
  End<M> a, b;
  Duration delay = 20ms;
  /// True drops the packet: which end sends, the how-manieth packet of this end (from 0), and its bytes.
  std::function<bool(bool fromA, std::size_t index, base::Bytes packet)> drop;

  TwoEnds(std::unique_ptr<M> first, std::unique_ptr<M> second) {
    a.machine = std::move(first);
    b.machine = std::move(second);
    // Time goes on from test to test, as it does for the one usrsctp.
    now_ = started_ = std::exchange(nextStart(), nextStart() + 24h);
    setVirtualTime(now_);
  }

  Time now() const { return now_; }
  Duration passed() const { return now_ - started_; }

  void connect() {
    a->connect(now_);
    b->connect(now_);
  }

  /// Runs until nothing is under way, the time is over, or `until` holds (then it returns true).
  bool run(Duration duration, const std::function<bool()>& until = {}) {
    auto end = now_ + duration;
    while (true) {
      drain();
      if (until && until()) return true;
      auto next = std::min(a->deadline(), b->deadline());
      if (!flying_.empty()) next = std::min(next, flying_.top().at);
      if (next > end) break;
      now_ = std::max(now_, next);
      setVirtualTime(now_);
      if (!flying_.empty() && flying_.top().at <= now_) {
        auto packet = flying_.top();
        flying_.pop();
        (packet.toA ? a : b)->handle(packet.bytes, now_);
      } else {
        a->advance(now_);
        b->advance(now_);
        drain();
        // The contract of base::Machine.
        REQUIRE(a->deadline() > now_);
        REQUIRE(b->deadline() > now_);
      }
    }
    now_ = end;
    setVirtualTime(now_);
    return false;
  }

  /// The digest of every packet that was sent, in order.
  std::uint64_t digest() const { return digest_; }

 private:
  struct Flying {
    Time at;
    std::uint64_t order;
    bool toA;
    std::vector<std::uint8_t> bytes;
    bool operator<(const Flying& other) const { return std::tie(at, order) > std::tie(other.at, other.order); }
  };

  void drain() {
    bool more = true;
    while (more) {
      more = drainEnd(a, true);
      more = drainEnd(b, false) || more;
    }
  }

  bool drainEnd(End<M>& end, bool isA) {
    bool any = false;
    while (true) {
      bool some = false;
      while (auto output = end.machine->poll()) {
        some = true;
        if (auto* transmit = std::get_if<typename M::Transmit>(&*output)) {
          send(end, isA, transmit->packet.bytes());
        } else {
          // Only one engine says it, and it is no more than a permission.
          if constexpr (std::is_same_v<M, sctp::Association>)
            if (std::holds_alternative<sctp::Association::SendsEarly>(*output)) continue;
          end.events.push_back(std::move(*output));
          if (end.onEvent) end.onEvent(end.events.back());
        }
      }
      if (end.reads)
        if (auto message = end.machine->receive(now_)) {
          some = true;
          end.messages.push_back(std::move(*message));
        }
      if (!some) return any;
      any = true;
    }
  }

  void send(End<M>& end, bool isA, base::Bytes bytes) {
    for (auto byte : bytes) digest_ = (digest_ ^ byte) * 1099511628211u;
    end.largestPacket = std::max(end.largestPacket, bytes.size());
    auto index = end.packetsSent++;
    if (drop && drop(isA, index, bytes)) return;
    flying_.push(Flying{now_ + delay, order_++, !isA, {bytes.begin(), bytes.end()}});
  }

  static Time& nextStart() {
    static Time next{1s};
    return next;
  }

  Time now_;
  Time started_;
  std::priority_queue<Flying> flying_;
  std::uint64_t order_ = 0;
  std::uint64_t digest_ = 14695981039346656037u;
};

using TwoAssociations = TwoEnds<Association>;
using TwoPeers = TwoEnds<DataChannels>;

inline bool runsNative() { return parley::test::sctpEngine() == SctpEngine::Native; }

/// Of the native associations of a process.
inline base::PacketPool& packetPool() {
  static base::PacketPool pool;
  return pool;
}
/// Starts with the seed that `seedGlobals` gave.
inline base::Random& random() {
  static base::SystemRandom source;  // Which the tests have seeded.
  return source;
}

/// With the engine that this run is for.
inline std::unique_ptr<Association> makeAssociation(const Config& config = {}) {
  if (runsNative()) return std::make_unique<native::Association>(config, random(), packetPool());
  return std::make_unique<UsrsctpAssociation>(config);
}

inline Config bigConfig() {
  Config config;
  config.remoteMaxMessageSize = 262'144;
  return config;
}

inline TwoAssociations twoAssociations(const Config& a = bigConfig(), const Config& b = bigConfig()) {
  return TwoAssociations(makeAssociation(a), makeAssociation(b));
}

inline TwoPeers twoPeers(const Config& a = bigConfig(), const Config& b = bigConfig()) {
  return TwoPeers(std::make_unique<DataChannels>(makeAssociation(a), a, true),
                  std::make_unique<DataChannels>(makeAssociation(b), b, false));
}

/// Both ends are up, and all of their start-up is over.
template <class Two>
void connectBoth(Two& two) {
  two.connect();
  two.run(1s);
}

inline std::vector<std::uint8_t> pattern(std::size_t size, std::uint64_t seed = 1) {
  std::vector<std::uint8_t> bytes(size);
  base::SeededRandom(seed).fill(bytes);
  return bytes;
}

}  // namespace parley::sctp::test
