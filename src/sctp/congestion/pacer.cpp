#include "sctp/congestion/pacer.hpp"

#include <algorithm>
#include <cmath>

namespace parley::sctp::congestion {

void Pacer::set(std::uint64_t rate, std::size_t quantum, Time now) {
  if (rate == rate_ && static_cast<double>(quantum) == quantum_) return;
  if (quantum_ == 0) {
    // The first call: the bucket is full.
    level_ = static_cast<double>(quantum);
    settledAt_ = now;
  }
  settle(now);
  rate_ = rate;
  quantum_ = static_cast<double>(quantum);
  // What waits, waits at the new rate: a rate measured too low must not hold up the one that replaces it.
  if (waiting_) {
    double seconds = std::max(0.0, quantum_ - level_) / static_cast<double>(rate_);
    next_ = now + Duration(static_cast<Duration::rep>(std::ceil(seconds * 1e9)));
  }
}

void Pacer::onSent(std::size_t bytes, Time now) {
  settle(now);
  level_ -= static_cast<double>(bytes);
  waiting_ = level_ <= 0;
  if (!waiting_) return;
  double seconds = (quantum_ - level_) / static_cast<double>(rate_);
  next_ = now + Duration(static_cast<Duration::rep>(std::ceil(seconds * 1e9)));
}

void Pacer::settle(Time now) {
  if (now > settledAt_) {
    double seconds = std::chrono::duration<double>(now - settledAt_).count();
    level_ = std::min(2 * quantum_, level_ + seconds * static_cast<double>(rate_));
    settledAt_ = now;
  }
  if (now >= next_) waiting_ = false;
}

}  // namespace parley::sctp::congestion
