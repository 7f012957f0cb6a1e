#include "rtp/bandwidth/estimator.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>

namespace parley::rtp::bandwidth {

using namespace std::chrono_literals;

namespace {

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

void Estimator::sent(const Names& names, std::size_t bytes, Time now) {
  if (names.transportSequence) packets_.add(*names.transportSequence, bytes, probe_.id(), now);
  if (names.source) sources_.add(names.ssrc, names.sequence, bytes, probe_.id(), now);
  if (probe_.id() != 0) probe_.sent(bytes, now);
}

double Estimator::bitrate() const {
  return std::clamp(std::min(delayBased_, lossLimit_.value_or(delayBased_)), config_.least, config_.most);
}

bool Estimator::handle(const rtcp::TransportFeedback& feedback, Duration roundTrip, Time now) {
  return handle(packets_.match(feedback), roundTrip, now);
}

bool Estimator::handle(const rtcp::CongestionFeedback& feedback, Duration roundTrip, Time now) {
  return handle(sources_.match(feedback), roundTrip, now);
}

bool Estimator::handle(std::span<const PacketResult> results, Duration roundTrip, Time now) {
  const double before = bitrate();
  const bool knew = known_;
  if (results.empty()) return false;
  for (const PacketResult& each : results) {
    if (!each.arrived) continue;
    known_ = true;
    arrivals_.add(each.size, *each.arrived);
    trend_.add(each);
  }
  if (const auto proven = probe_.handle(results, now)) {
    if (*proven > delayBased_) {
      delayBased_ = std::min(*proven, config_.most);
      state_ = State::Hold;  // Until the next sign: what was proven for 15 ms is not exceeded at once.
    }
    // The path carried it: perhaps it carries more.
    if (*proven > 0.7 * probe_.bitrate()) nextProbe_ = now;
  }
  controlByDelay(roundTrip, now);
  controlByLoss(results, now);
  considerProbe(now);
  return bitrate() != before || known_ != knew;
}

/// s.5.5.
void Estimator::controlByDelay(Duration roundTrip, Time now) {
  const auto usage = trend_.usage();
  const double elapsed = std::min(seconds(now - updatedAt_.value_or(now)), 1.0);
  updatedAt_ = now;
  const auto throughput = arrivals_.rate();

  switch (usage) {
    case DelayTrend::Usage::Over: {
      // Again only when the decrease before can have shown, and then it is of the new throughput.
      const Duration pause = std::clamp<Duration>(roundTrip, 10ms, 200ms) + 100ms;
      if (throughput && (!decreasedAt_ || now - *decreasedAt_ >= pause)) decrease(*throughput, now);
      state_ = State::Hold;
      return;
    }
    case DelayTrend::Usage::Under:
      state_ = State::Hold;  // The queue drains: let it.
      return;
    case DelayTrend::Usage::Normal:
      if (state_ == State::Hold) {
        state_ = State::Increase;
        return;
      }
      break;
  }
  if (!throughput) return;
  // The path is another one than that which was full there.
  if (full_ && *throughput > *full_ + 3 * std::sqrt(fullVariance_ * *full_ * 1000)) full_.reset();

  double next = delayBased_;
  if (full_) {
    // Half a packet in a response time, of the size that packets have at 30 frames a second.
    const double frame = delayBased_ / 30;
    const double packet = frame / std::ceil(frame / (1200 * 8));
    const double response = 0.1 + seconds(roundTrip);
    next += std::max(1000 * elapsed, 0.5 * packet * std::min(elapsed / response, 1.0));
  } else {
    next *= std::pow(1.08, elapsed);
  }
  // What is not sent proves nothing; but it does not disprove what was proven before.
  const double bound = 1.5 * *throughput + 10'000;
  if (next > bound) next = std::max(delayBased_, std::min(next, bound));
  delayBased_ = std::min(next, config_.most);
}

void Estimator::decrease(double throughput, Time now) {
  decreasedAt_ = now;
  if (full_) {
    const double error = *full_ - throughput;
    *full_ = 0.95 * *full_ + 0.05 * throughput;
    // In kbit/s, relative to the average: between 1 and 7 % of a megabit, so that one value does not settle it.
    fullVariance_ =
        std::clamp(0.95 * fullVariance_ + 0.05 * error * error / 1e6 / std::max(*full_ / 1e3, 1.0), 0.4, 2.5);
    if (throughput < *full_ - 3 * std::sqrt(fullVariance_ * *full_ * 1000)) full_ = throughput;
  } else {
    full_ = throughput;
  }
  delayBased_ = std::max(config_.least, std::min(delayBased_, 0.85 * throughput));
  // A probe under way was of the path before; the next one waits for the queue.
  nextProbe_ = now + 5s;
}

/// s.6, over as many packets as say something about percents.
void Estimator::controlByLoss(std::span<const PacketResult> results, Time now) {
  if (!lossSince_) lossSince_ = now;
  for (const PacketResult& each : results) {
    ++told_;
    if (!each.arrived) ++lost_;
  }
  if (told_ < 20 || now - *lossSince_ < 200ms) return;
  const double lost = static_cast<double>(lost_) / static_cast<double>(told_);
  told_ = lost_ = 0;
  lossSince_ = now;
  if (lost > 0.1) {
    lossLimit_ = std::max(config_.least, bitrate() * (1 - 0.5 * lost));
  } else if (lost < 0.02 && lossLimit_) {
    *lossLimit_ *= 1.05;
    if (*lossLimit_ >= delayBased_) lossLimit_.reset();
  }
}

void Estimator::considerProbe(Time now) {
  if (!probe_.isIdle() || now < nextProbe_ || wanted_ < 1.1 * bitrate()) return;
  if (trend_.usage() != DelayTrend::Usage::Normal || lossLimit_) return;
  nextProbe_ = now + 5s;
  probe_.begin(std::min(1.1 * wanted_, 2 * bitrate()), now);
}

}  // namespace parley::rtp::bandwidth
