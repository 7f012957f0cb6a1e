#pragma once

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::sctp::congestion {

/// Spreads packets over time: a bucket of one quantum that fills at the controller's rate. What is idle saves up no more
/// than the quantum, so that a restart is paced too.
///
/// Before each packet: `if (!pacer.allows(now))` wait until `pacer.next()`. After it: `onSent`. The last packet may
/// overdraw the bucket; the next waits for that.
class Pacer {
 public:
  /// From the controller, after each call that may have changed it. `rate` in bytes a second, not 0.
  void set(std::uint64_t rate, std::size_t quantum) {
    rate_ = rate;
    quantum_ = quantum;
  }
  /// Whole packets, as handed over.
  void onSent(std::size_t bytes, Time now);
  bool allows(Time now) const { return now >= next_; }
  /// When the next packet may leave; in the past if it may at once.
  Time next() const { return next_; }

 private:
  Duration timeFor(std::size_t bytes) const;

  std::uint64_t rate_ = 1'000'000;
  std::size_t quantum_ = 12'000;
  Time full_{};  ///< When the bucket is (or was) full.
  Time next_{};
};

}  // namespace parley::sctp::congestion
