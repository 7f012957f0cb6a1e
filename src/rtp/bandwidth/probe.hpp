#pragma once

#include "rtp/bandwidth/packet_result.hpp"

#include <parley/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace parley::rtp::bandwidth {

/// Finds out whether the path carries more than is sent: for 15 ms packets leave at the rate in question, and their
/// arrivals tell. Only asked when somebody could use more, for what is sent is sent twice.
///
///   Idle ── begin ──► Sending ── 15 ms, at least 5 packets ──► Waiting ── all are told of, or a second has passed ──►
///   Idle
class Probe {
 public:
  bool isIdle() const { return state_ == State::Idle; }
  void begin(double bitrate, Time now) { *this = Probe(id_ + 1, bitrate, now); }

  /// When the next packet of it shall leave.
  Time deadline() const { return state_ == State::Sending ? next_ : never; }
  /// What packets that leave now belong to; 0: nothing.
  std::uint32_t id() const { return state_ == State::Sending ? id_ : 0; }
  /// A packet left as part of it.
  void sent(std::size_t bytes, Time now) {
    ++packets_;
    bytes_ += bytes;
    next_ = std::max(next_, now) +
            std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(bytes) * 8e9 / bitrate_));
    if (packets_ >= leastPackets && next_ - begun_ >= length) finishSending(now);
  }
  /// There is nothing to send as part of it.
  void abandon() { state_ = State::Idle; }

  /// What the path carried, in bits a second, when that is known.
  std::optional<double> handle(std::span<const PacketResult> results, Time now) {
    if (state_ == State::Idle) return std::nullopt;
    for (const PacketResult& each : results) {
      if (each.probe != id_ || !each.arrived) continue;
      if (arrived_ == 0 || each.sent < firstSent_) firstSent_ = each.sent;
      if (arrived_ == 0 || each.sent > lastSent_) lastSent_ = each.sent, lastSentSize_ = each.size;
      if (arrived_ == 0 || *each.arrived < firstArrived_) firstArrived_ = *each.arrived, firstArrivedSize_ = each.size;
      if (arrived_ == 0 || *each.arrived > lastArrived_) lastArrived_ = *each.arrived;
      ++arrived_;
      arrivedBytes_ += each.size;
    }
    if (state_ != State::Waiting) return std::nullopt;
    const bool all = arrived_ >= packets_;
    if (!all && now < giveUpAt_) return std::nullopt;
    state_ = State::Idle;
    // Four of five have to come, or it says nothing but that packets are lost.
    if (arrived_ * 5 < packets_ * 4 || lastArrived_ <= firstArrived_ || lastSent_ <= firstSent_) return std::nullopt;
    const auto rate = [](std::size_t bytes, Duration time) {
      return static_cast<double>(bytes) * 8 / std::chrono::duration<double>(time).count();
    };
    const double sending = rate(arrivedBytes_ - lastSentSize_, lastSent_ - firstSent_);
    const double receiving = rate(arrivedBytes_ - firstArrivedSize_, lastArrived_ - firstArrived_);
    // Slower than it was sent: that is the path's rate, and a little less lets the queue drain.
    return receiving < 0.9 * sending ? 0.95 * receiving : std::min(sending, receiving);
  }

  double bitrate() const { return bitrate_; }
  Probe() = default;

 private:
  enum class State { Idle, Sending, Waiting };
  static constexpr Duration length = std::chrono::milliseconds(15);
  static constexpr std::size_t leastPackets = 5;
  static constexpr Duration patience = std::chrono::seconds(1);

  Probe(std::uint32_t id, double bitrate, Time now)
      : state_(State::Sending), id_(id), bitrate_(bitrate), begun_(now), next_(now) {}
  void finishSending(Time now) {
    state_ = State::Waiting;
    giveUpAt_ = now + patience;
  }

  State state_ = State::Idle;
  std::uint32_t id_ = 0;
  double bitrate_ = 0;
  Time begun_{}, next_ = never, giveUpAt_ = never;
  std::size_t packets_ = 0, bytes_ = 0;
  std::size_t arrived_ = 0, arrivedBytes_ = 0, lastSentSize_ = 0, firstArrivedSize_ = 0;
  Time firstSent_{}, lastSent_{};
  Duration firstArrived_{}, lastArrived_{};
};

}  // namespace parley::rtp::bandwidth
