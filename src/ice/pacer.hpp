#pragma once

#include <parley/time.hpp>

namespace parley::ice {

/// RFC 8445 s.14.2: at least Ta between two new transactions, be they checks or gathering. The first one goes at once.
class Pacer {
 public:
  explicit Pacer(Duration ta) : ta_(ta) {}

  Duration ta() const { return ta_; }
  void setTa(Duration ta) { ta_ = ta; }

  Time next() const { return next_; }
  void sent(Time now) { next_ = now + ta_; }

  /// Whether the check that a check of the peer triggers may go at once. The response leaves at this moment to the same
  /// address: the NATs have the binding, which is what pacing is for (RFC 8445 s.B.1). Once in each Ta, so that a peer
  /// cannot make us send more than it asks, nor more than twice of what we would.
  bool mayFollow(Time now) const { return followed_ == Time::min() || now - followed_ >= ta_; }
  void followed(Time now) {
    followed_ = now;
    sent(now);
  }

 private:
  Duration ta_;
  Time next_ = Time::min();
  Time followed_ = Time::min();
};

}  // namespace parley::ice
