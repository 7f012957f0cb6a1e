#pragma once

#include "base/random.hpp"

#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

/// \file
/// A path with one bottleneck in virtual time, shared by flows that fill it: for what congestion control does. (sim/link
/// has the paths for what protocols do: jitter, reordering, duplication.)

namespace parley::bottleneck {

/// Losses that are not the queue's. In bursts: the two states of Gilbert and Elliott, in the bad one everything is lost.
struct Loss {
  double share = 0;        ///< Of packets, in the long run.
  double burst = 1;        ///< The mean length of a burst, packets. 1: each packet by itself.
};

struct PathConfig {
  double bitsPerSecond = 100e6;
  Duration rtt = std::chrono::milliseconds(50);  ///< Without the queue.
  double queueBytes = 625'000;                   ///< Drop-tail.
  Loss loss;                                     ///< In either direction.
  std::uint64_t seed = 1;

  double bdpBytes() const { return bitsPerSecond / 8 * std::chrono::duration<double>(rtt).count(); }
};

/// A packet of a flow that is only a model: numbers in place of bytes.
struct Segment {
  std::uint64_t number = 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;  ///< Of an acknowledgement: [first, last], newest first.
};

using Payload = std::variant<Packet, Segment>;

/// Two ends that talk over the path.
class Flow {
 public:
  virtual ~Flow() = default;
  virtual void start(Time now) = 0;
  /// From the sending end to the other (`forward`), or back.
  virtual void arrived(bool forward, Payload payload, Time now) = 0;
  virtual Time deadline() const = 0;
  virtual void advance(Time now) = 0;
  /// Bytes that the application at the far end has.
  virtual std::uint64_t received() const = 0;
};

/// The bottleneck is on the way forward; the way back has delay and losses only.
class Path {
 public:
  explicit Path(const PathConfig& config) : config_(config), random_(config.seed) {}

  /// `bytes`: with all headers, down to IP.
  void send(Flow& flow, bool forward, Payload payload, std::size_t bytes, Time now) {
    if (lost(forward, now)) return;
    Time leaves = now;
    if (forward) {
      free_ = std::max(free_, now);
      if (queuedBytes(now) + static_cast<double>(bytes) > config_.queueBytes) {
        ++queueDrops_;
        return;
      }
      free_ += Duration(static_cast<Duration::rep>(static_cast<double>(bytes) * 8e9 / config_.bitsPerSecond));
      leaves = free_;
    }
    (forward ? forward_ : back_).push_back({leaves + config_.rtt / 2, &flow, std::move(payload)});
  }

  double queuedBytes(Time now) const {
    return std::chrono::duration<double>(std::max(free_ - now, Duration{})).count() * config_.bitsPerSecond / 8;
  }
  Duration queueDelay(Time now) const { return std::max(free_ - now, Duration{}); }
  std::uint64_t queueDrops() const { return queueDrops_; }
  const PathConfig& config() const { return config_; }
  /// From now on; what is queued leaves as it would have.
  void setRate(double bitsPerSecond) { config_.bitsPerSecond = bitsPerSecond; }

  Time next() const {
    Time time = never;
    if (!forward_.empty()) time = forward_.front().at;
    if (!back_.empty()) time = std::min(time, back_.front().at);
    return time;
  }
  void deliver(Time now) {
    for (bool forward : {true, false}) {
      auto& queue = forward ? forward_ : back_;
      while (!queue.empty() && queue.front().at <= now) {
        auto item = std::move(queue.front());
        queue.pop_front();
        item.flow->arrived(forward, std::move(item.payload), now);
      }
    }
  }

 private:
  struct InFlight {
    Time at;
    Flow* flow;
    Payload payload;
  };

  bool lost(bool forward, Time now) {
    auto [share, burst] = config_.loss;
    if (share <= 0) return false;
    if (burst <= 1) return random_.unit() < share;
    // A burst is over in a while, also if nobody looks: otherwise a sender that sends a packet each time-out would make
    // it last for minutes.
    if (now - lastSent_[forward] > std::chrono::milliseconds(100)) bad_[forward] = false;
    lastSent_[forward] = now;
    // The bad state ends with 1/burst after each packet, and begins so often that it has its share.
    bool& bad = bad_[forward];
    bad = bad ? random_.unit() >= 1 / burst : random_.unit() < share / (1 - share) / burst;
    return bad;
  }

  PathConfig config_;
  base::SeededRandom random_;
  Time free_{};
  bool bad_[2] = {};
  Time lastSent_[2] = {};
  std::uint64_t queueDrops_ = 0;
  std::deque<InFlight> forward_, back_;
};

/// Runs the flows until `end`. `onTick` is called each `tick`, for measurements.
template <class OnTick>
void run(Path& path, const std::vector<Flow*>& flows, Time now, Time end, Duration tick, OnTick&& onTick) {
  Time nextTick = now + tick;
  while (true) {
    Time next = std::min(path.next(), nextTick);
    for (auto* flow : flows) next = std::min(next, flow->deadline());
    if (next >= end) return;
    now = std::max(now, next);
    path.deliver(now);
    for (auto* flow : flows)
      if (flow->deadline() <= now) flow->advance(now);
    if (nextTick <= now) {
      onTick(now);
      nextTick += tick;
    }
  }
}

}  // namespace parley::bottleneck
