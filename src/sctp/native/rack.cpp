#include "sctp/native/rack.hpp"

#include <algorithm>

namespace parley::sctp::native {

void Rack::acknowledged(const SentChunk& chunk, wire::UnwrappedTsn tsn, Time now) {
  const bool again = chunk.transmissions > 1;
  // RFC 8985 s.6.2 step 3.
  if (tsn > highest_) {
    highest_ = tsn;
  } else if (!again) {
    reordering_ = true;
  }
  const auto rtt = now - chunk.sent.sentAt;
  // Step 2: it is the first transmission that has arrived.
  if (again && rtt < minimumRtt_) return;
  if (chunk.packet >= newestOfSack_) {
    newestOfSack_ = chunk.packet;
    rtt_ = rtt;
  }
  newest_ = std::max(newest_, chunk.packet);
  if (!again) newestOnce_ = std::max(newestOnce_, chunk.packet);
}

bool Rack::duplicated(wire::UnwrappedTsn next) {
  if (!widenedUntil_) {
    widenedUntil_ = next;
    multiplier_ = std::min(multiplier_ + 1, widest);
    persist_ = persistence;
  }
  return resent_ > 0 && --resent_ == 0;
}

void Rack::enterRecovery(wire::UnwrappedTsn highestSent) {
  if (!recoveryEnd_) resent_ = 0;
  recoveryEnd_ = highestSent;
}

void Rack::cumulative(wire::UnwrappedTsn first) {
  if (widenedUntil_ && first >= *widenedUntil_) widenedUntil_.reset();
  if (!recoveryEnd_ || first <= *recoveryEnd_) return;
  recoveryEnd_.reset();
  if (persist_ > 0 && --persist_ == 0) multiplier_ = 1;
}

Duration Rack::reorderingWindow(Duration smoothedRtt) const {
  return std::min(multiplier_ * minimumRtt_ / 4, smoothedRtt);
}

}  // namespace parley::sctp::native
