#pragma once

#include <parley/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace parley::rtp {

/// The receiver's side: when to ask for a key frame. It asks at once, and again while none comes: after two round trips
/// (the request's way, a frame's time to be encoded, and its way), then after twice as long, up to two seconds.
///
///   Satisfied ── need ──► due ──► Waiting ── interval ──► due …
///       ▲                             │
///       └──────── satisfied ◄─────────┘
class KeyFrameRequests {
 public:
  void need(Time now) {
    if (due_ != never) return;
    // Right after a key frame was asked for and came, the next request waits its turn: RFC 5104 s.3.5.1 wants them rare.
    due_ = asked_ ? std::max(now, *asked_ + minInterval) : now;
  }
  void satisfied() {
    due_ = never;
    interval_ = Duration{};
  }
  bool needed() const { return due_ != never; }
  Time deadline() const { return due_; }

  /// True: ask now.
  bool due(Time now, Duration roundTrip) {
    if (due_ > now) return false;
    asked_ = now;
    interval_ = interval_ == Duration{} ? std::max(minInterval, 2 * roundTrip) : std::min(interval_ * 2, maxInterval);
    due_ = now + interval_;
    return true;
  }

 private:
  /// Five key frames a second are as much as any path bears.
  static constexpr Duration minInterval = std::chrono::milliseconds(200);
  static constexpr Duration maxInterval = std::chrono::seconds(2);

  Time due_ = never;
  std::optional<Time> asked_;
  Duration interval_{};
};

/// The sender's side: which requests of the peer become one key frame.
class KeyFrameDemand {
 public:
  /// A PLI (RFC 4585 s.6.3.1). True: tell the encoder.
  bool pictureLoss(Duration roundTrip, Time now) { return told(roundTrip, now); }
  /// A FIR (RFC 5104 s.4.3.1.2): one number is one request, however often it is repeated.
  bool fullIntra(std::uint8_t number, Duration roundTrip, Time now) {
    if (number_ == number) return false;
    number_ = number;
    return told(roundTrip, now);
  }

 private:
  /// A request that comes within a round trip of another was sent before the other's key frame was seen.
  bool told(Duration roundTrip, Time now) {
    if (at_ && now - *at_ < std::clamp<Duration>(roundTrip, std::chrono::milliseconds(50), std::chrono::seconds(1)))
      return false;
    at_ = now;
    return true;
  }
  std::optional<std::uint8_t> number_;
  std::optional<Time> at_;
};

}  // namespace parley::rtp
