#pragma once

#include <parley/time.hpp>

namespace parley::ice {

/// RFC 8445 s.14.2: at least Ta between two new transactions, be they checks or gathering. The first one goes at once.
class Pacer {
 public:
  explicit Pacer(Duration ta) : ta_(ta) {}

  Time next() const { return next_; }
  void sent(Time now) { next_ = now + ta_; }

 private:
  Duration ta_;
  Time next_ = Time::min();
};

}  // namespace parley::ice
