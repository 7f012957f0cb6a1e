#include "rtp/circuit_breaker.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace parley::rtp {
namespace {

using namespace std::chrono_literals;

/// s.4.1: three times Td, which is the fixed minimum of 5 s.
constexpr Duration silence = 3 * 5s;
/// s.4.2: k.
constexpr int reportsWithoutProgress = 5;
/// Reports of early packets come each few milliseconds; five of those tell of a moment. s.5 lets them count as they come;
/// here those within a second, which is the regular interval, are one sample.
constexpr Duration sampleInterval = 1s;
/// s.4.3: CB_INTERVAL = ceil(3 * min(max(10 G Tf, 10 Tr, 3 Tdr), max(15, 3 Td)) / (3 Tdr)); with Tdr of 1 s and frames and
/// round trips of up to 0.5 s it is between 3 and 5; with groups of frames up to 15. Ten are more than any of our own
/// congestion controller's reactions take.
constexpr std::size_t congestionIntervals = 10;
constexpr Duration longestPause = 240s;

}  // namespace

bool CircuitBreaker::allows(Time now) {
  if (!open()) return true;
  if (now < openUntil_) return false;
  openUntil_ = Time::min();
  return true;
}

void CircuitBreaker::sent(std::size_t bytes, Time now) {
  if (silentUntil_ == never) silentUntil_ = now + silence;
  sentSinceReport_ = true;
  bytes_ += bytes;
  ++packets_;
}

void CircuitBreaker::heard(Time now) {
  if (silentUntil_ != never) silentUntil_ = now + silence;
}

void CircuitBreaker::report(std::uint8_t fractionLost, std::uint32_t extendedHighest, Duration roundTrip, Time now) {
  heard(now);
  if (lastReport_ && now - *lastReport_ < sampleInterval) return;
  const auto since = lastReport_;
  // A smaller number is progress too: the receiver began to count anew.
  const bool progress = !since || extendedHighest != highest_;
  lastReport_ = now;
  highest_ = extendedHighest;
  const std::uint64_t bytes = std::exchange(bytes_, 0), packets = std::exchange(packets_, 0);
  if (!std::exchange(sentSinceReport_, false) || open() || !since) return;

  withoutProgress_ = progress ? 0 : withoutProgress_ + 1;
  if (withoutProgress_ >= reportsWithoutProgress) return trip(Cause::MediaTimeout, now);
  if (!progress) return;

  const Duration interval = now - *since;
  packetSize_ = static_cast<double>(bytes) / static_cast<double>(packets);
  intervals_.push({interval, fractionLost / 256.0});
  if (intervals_.size() <= congestionIntervals) return;
  intervals_.pop();
  if (congested(static_cast<double>(bytes) / std::chrono::duration<double>(interval).count(), roundTrip))
    trip(Cause::Congestion, now);
}

/// s.4.3: more than ten times what a TCP would send, by X = s / (Tr * sqrt(2 b p / 3)) with b = 1.
bool CircuitBreaker::congested(double bytesPerSecond, Duration roundTrip) const {
  double lost = 0, total = 0;
  for (std::size_t i = 0; i < intervals_.size(); ++i) {
    const double seconds = std::chrono::duration<double>(intervals_[i].duration).count();
    lost += intervals_[i].lost * seconds;
    total += seconds;
  }
  if (lost == 0 || total == 0) return false;
  const double tr = std::chrono::duration<double>(std::max<Duration>(roundTrip, 1ms)).count();
  return bytesPerSecond > 10 * packetSize_ / (tr * std::sqrt(2 * (lost / total) / 3));
}

void CircuitBreaker::idle() {
  silentUntil_ = never;
  sentSinceReport_ = false;
  withoutProgress_ = 0;
}

std::optional<CircuitBreaker::Cause> CircuitBreaker::poll() { return std::exchange(cause_, std::nullopt); }

void CircuitBreaker::advance(Time now) {
  if (silentUntil_ <= now) trip(Cause::RtcpTimeout, now);
}

void CircuitBreaker::trip(Cause cause, Time now) {
  pause_ = pause_ == Duration{} ? silence : std::min(pause_ * 2, longestPause);
  openUntil_ = now + pause_;
  cause_ = cause;
  idle();
  while (!intervals_.empty()) intervals_.pop();
}

}  // namespace parley::rtp
