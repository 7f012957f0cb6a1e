#include "sctp/native/ack_policy.hpp"

#include <algorithm>

namespace parley::sctp::native {

void AckPolicy::onPacket(const Arrival& arrival, Time now) {
  if (!arrival.data && !arrival.duplicate && !arrival.dropped && !arrival.immediate) return;
  ++packets_;
  if (arrival.missingChanged) reports_ = 0;
  const bool thinned = every_ > 2;
  // RFC 9260 s.6.7: at once while TSNs are missing. Under load, once the peer must have noticed, not each time.
  const bool reportGap = arrival.missingChanged || (arrival.gap && (!thinned || reports_ < missingReports));
  const bool haste = arrival.dropped || arrival.immediate || arrival.duplicate || reportGap || !anything_;
  anything_ = true;
  if (haste || packets_ >= every_) {
    due_ = true;
  } else if (deadline_ == never) {
    deadline_ = now + (thinned ? thinDelay : delay);
  }
}

void AckPolicy::advance(Time now) {
  if (now < deadline_) return;
  deadline_ = never;
  due_ = true;
  every_ = 2;
}

void AckPolicy::onSent(Time now) {
  if (packets_ >= every_) {
    const auto since = now - lastSent_;
    if (since < thinBelow) every_ = std::min(2 * every_, maxEvery);
    if (since > 2 * thinBelow) every_ = std::max(every_ / 2, 2u);
  }
  if (reports_ < missingReports) ++reports_;
  lastSent_ = now;
  packets_ = 0;
  due_ = false;
  deadline_ = never;
}

}  // namespace parley::sctp::native
