#include "rtp/reception.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace parley::rtp {
namespace {

/// RFC 3550 A.1 takes 3000 for MAX_DROPOUT: a minute of audio, or three seconds of video at 10 Mbit/s. MAX_MISORDER is 100
/// there, but retransmissions without RTX come a round trip late: at 50 Mbit/s and 300 ms those are 1500 packets.
constexpr std::int32_t maxDropout = 3000;
constexpr std::int32_t maxMisorder = 3000;
/// The first packet is number 2^32 + its own: what comes late from before it, or wraps downwards, stays positive, and the
/// low 32 bits are RFC 3550's extended number, whose cycles begin with zero.
constexpr std::uint64_t origin = std::uint64_t{1} << 32;

}  // namespace

Reception::Arrival Reception::handle(std::uint16_t sequence, std::uint32_t timestamp, std::uint32_t clockRate, Time now) {
  Order order = Order::Newest;
  if (received_ == 0) {
    restart(sequence);
  } else {
    const auto step = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(highest_));
    if (step >= maxDropout || step <= -maxMisorder) {
      // RFC 3550 A.1: two packets in a row from elsewhere, and the source is there.
      if (stray_ != sequence) {
        stray_ = static_cast<std::uint16_t>(sequence + 1);
        return {Order::Stray, 0};
      }
      earlierReceived_ += received_;
      earlierLost_ += lost();
      // Counting goes on from there, so that later numbers are always greater ones.
      const std::uint64_t before = highest_;
      restart(sequence);
      while (base_ <= before) base_ += 0x10000;
      highest_ = base_;
      order = Order::Restarted;
    } else if (step > 0) {
      highest_ += static_cast<std::uint64_t>(step);
    } else {
      ++received_;
      const std::uint64_t late = highest_ - static_cast<std::uint64_t>(-step);
      base_ = std::min(base_, late);
      return {Order::Late, late};
    }
  }
  stray_.reset();
  ++received_;
  measureJitter(timestamp, clockRate, now);
  return {order, highest_};
}

void Reception::restart(std::uint16_t sequence) {
  base_ = highest_ = origin + sequence;
  received_ = 0;
  expectedPrior_ = receivedPrior_ = 0;
  clockRate_ = 0;
}

std::int64_t Reception::lost() const {
  return received_ == 0 ? 0 : static_cast<std::int64_t>(highest_ - base_ + 1) - static_cast<std::int64_t>(received_);
}

/// RFC 3550 A.8.
void Reception::measureJitter(std::uint32_t timestamp, std::uint32_t clockRate, Time now) {
  if (clockRate == clockRate_) {
    const double apart = std::chrono::duration<double>(now - lastArrival_).count() * clockRate;
    const double d = std::abs(apart - static_cast<std::int32_t>(timestamp - lastTimestamp_));
    jitter_ += (d - jitter_) / 16;
  } else if (clockRate_ != 0) {
    // RFC 7160 s.4.1: the jitter so far counts on, in the new unit.
    jitter_ = jitter_ / clockRate_ * clockRate;
  }
  clockRate_ = clockRate;
  lastTimestamp_ = timestamp;
  lastArrival_ = now;
}

/// RFC 3550 A.3.
Reception::Report Reception::report() {
  const std::uint64_t expected = highest_ - base_ + 1;
  const auto expectedNow = static_cast<std::int64_t>(expected - expectedPrior_);
  const auto receivedNow = static_cast<std::int64_t>(received_ - receivedPrior_);
  const std::int64_t lostNow = expectedNow - receivedNow;
  expectedPrior_ = expected;
  receivedPrior_ = received_;

  Report report;
  if (expectedNow > 0 && lostNow > 0) report.fractionLost = static_cast<std::uint8_t>((lostNow * 256 - 1) / expectedNow);
  report.cumulativeLost = static_cast<std::int32_t>(std::clamp<std::int64_t>(lost(), -0x800000, 0x7fffff));
  report.extendedHighest = static_cast<std::uint32_t>(highest_);
  report.jitter = static_cast<std::uint32_t>(std::min(jitter_, 4294967295.0));
  return report;
}

}  // namespace parley::rtp
