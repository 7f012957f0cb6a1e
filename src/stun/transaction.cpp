#include "stun/transaction.hpp"

namespace parley::stun {

Transaction::Transaction(Time sentAt, const Schedule& schedule)
    : schedule_(schedule), sentAt_(sentAt), interval_(schedule.rto) {
  deadline_ = sentAt + (schedule_.requests > 1 ? interval_ : schedule_.rto * schedule_.lastWait);
}

Transaction Transaction::reliable(Time sentAt) {
  Transaction transaction(sentAt);
  transaction.schedule_.requests = 1;
  transaction.deadline_ = sentAt + std::chrono::milliseconds(39'500);
  return transaction;
}

Transaction::Action Transaction::advance(Time now) {
  if (now < deadline_) return Action::None;
  if (sent_ >= schedule_.requests) {
    deadline_ = never;
    return Action::TimedOut;
  }
  ++sent_;
  interval_ *= 2;
  deadline_ = now + (sent_ < schedule_.requests ? interval_ : schedule_.rto * schedule_.lastWait);
  return Action::Retransmit;
}

}  // namespace parley::stun
