#pragma once

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>

namespace parley::sctp::congestion {

/// Spreads packets over time in runs of a quantum: a run goes out as long as the bucket has anything in it, and the
/// next waits until the bucket is full again, so that packets leave in runs (for GSO) and a timer fires once a run.
/// After idleness, or if the host wakes late, one more quantum is there, no more: a restart is paced too.
///
/// Before each packet with DATA: `if (!pacer.allows(now))` wait until `pacer.next()`; after it `onSent`. Packets
/// without DATA are not paced.
class Pacer {
 public:
  /// From the controller, after each call that may have changed it. `rate` in bytes a second, not 0.
  void set(std::uint64_t rate, std::size_t quantum, Time now);
  /// Bytes of DATA chunks, counted as for the controller. The last packet of a run may overdraw the bucket.
  void onSent(std::size_t bytes, Time now);
  bool allows(Time now) const { return now >= next_; }
  /// When the next packet may leave; in the past if it may at once.
  Time next() const { return next_; }

 private:
  void settle(Time now);

  std::uint64_t rate_ = 1'000'000;
  double quantum_ = 0;
  double level_ = 0;  ///< Bytes in the bucket at `settledAt_`; negative if overdrawn, up to two quanta.
  bool waiting_ = false;
  Time settledAt_{};
  Time next_{};
};

}  // namespace parley::sctp::congestion
