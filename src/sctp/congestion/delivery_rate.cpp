#include "sctp/congestion/delivery_rate.hpp"

#include <algorithm>

namespace parley::sctp::congestion {

SentState DeliveryRate::onSent(std::size_t bytes, std::size_t inFlight, Time now) {
  // Nothing else was in flight: what is acknowledged from now on was delivered between now and then.
  if (inFlight <= bytes) firstSentAt_ = deliveredAt_ = now;
  SentState state;
  state.sentAt = now;
  state.firstSentAt = firstSentAt_;
  state.deliveredAt = deliveredAt_;
  state.delivered = delivered_;
  state.lost = lost_;
  state.inFlight = static_cast<std::uint32_t>(inFlight);
  state.applicationLimited = applicationLimited();
  return state;
}

void DeliveryRate::onDelivered(const SentState& state, std::size_t bytes, Time now) {
  delivered_ += bytes;
  deliveredAt_ = now;
  // Chunks come in the order of their TSNs, so that of two sent at the same time the later one is the newer.
  if (hasNewest_ && state.sentAt < newest_.sentAt) return;
  hasNewest_ = true;
  newest_ = state;
  firstSentAt_ = state.sentAt;
}

RateSample DeliveryRate::sample(Duration minRtt) {
  if (applicationLimitedUntil_ != 0 && delivered_ > applicationLimitedUntil_) applicationLimitedUntil_ = 0;
  RateSample sample;
  if (!hasNewest_) return sample;
  hasNewest_ = false;
  sample.hasData = true;
  sample.applicationLimited = newest_.applicationLimited;
  sample.priorDelivered = newest_.delivered;
  sample.delivered = delivered_ - newest_.delivered;
  sample.lost = lost_ - newest_.lost;
  sample.inFlightAtSend = newest_.inFlight;
  sample.newestSentAt = newest_.sentAt;

  // The longer of the time over which it was sent and that over which it was acknowledged, so that neither a burst of
  // ours nor one of acknowledgements looks like a fast path (draft s.4.1.1.4).
  auto interval = std::max(newest_.sentAt - newest_.firstSentAt, deliveredAt_ - newest_.deliveredAt);
  if (interval < minRtt) return sample;
  // Both ends in one process, within one reading of the clock: as fast as it gets, not unknown.
  interval = std::max<Duration>(interval, std::chrono::microseconds(1));
  sample.bytesPerSecond = static_cast<double>(sample.delivered) / std::chrono::duration<double>(interval).count();
  return sample;
}

void DeliveryRate::onApplicationLimited(std::size_t inFlight) {
  applicationLimitedUntil_ = std::max<std::uint64_t>(delivered_ + inFlight, 1);
}

}  // namespace parley::sctp::congestion
