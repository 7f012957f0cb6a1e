#include "sctp/native/heartbeat.hpp"

#include <algorithm>

namespace parley::sctp::native {

void Heartbeat::onTraffic(Duration rto, Time now) {
  if (interval_ == Duration::max()) return;
  due_ = now + interval_ + rto;
}

Heartbeat::Info Heartbeat::send(Duration rto, base::Random& random, Time now) {
  if (asked_) ++unanswered_;
  Info info;
  random.fill(info);
  asked_ = info;
  sentAt_ = now;
  // RFC 9260 s.8.3: the RTO doubles with each that is not answered, and is spread by half of itself each way. Five
  // doublings are enough beside an interval of tens of seconds.
  auto backedOff = rto * (1 << std::min(unanswered_, 5u));
  auto spread = Duration(static_cast<Duration::rep>(static_cast<double>(backedOff.count()) * (random.unit() - 0.5)));
  due_ = now + interval_ + backedOff + spread;
  return info;
}

std::optional<Duration> Heartbeat::onAck(base::Bytes info, Time now) {
  if (!asked_ || !std::equal(info.begin(), info.end(), asked_->begin(), asked_->end())) return std::nullopt;
  asked_.reset();
  unanswered_ = 0;
  return now - sentAt_;
}

}  // namespace parley::sctp::native
