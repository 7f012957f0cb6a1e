#pragma once

#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::rtp {

/// Decides when to ask for which missing packet (RFC 4585 s.6.2.1). Sequence numbers are unwrapped.
///
///   missing ──► waits as long as reordering took lately ──► asked ──► asked again each round trip and a quarter …
///      │                                                       │
///      └────────────── arrived, forgotten ◄────────────────────┘
class NackGenerator {
 public:
  /// The packets [first, end) were not there when a later one came.
  void missing(std::uint64_t first, std::uint64_t end, Time now);
  /// One of them came after all. False if it was not missing.
  bool arrived(std::uint64_t sequence, Time now);
  /// Nobody waits for those below `sequence` any more.
  void forget(std::uint64_t sequence);
  void setRoundTrip(Duration roundTrip) { roundTrip_ = roundTrip; }

  Time deadline() const { return next_; }
  /// Those to ask for now, ascending; they count as asked. Valid until the next call.
  const std::vector<std::uint16_t>& due(Time now);

  std::size_t waiting() const { return missing_.size(); }
  Duration reorderWait() const { return reorderWait_; }

 private:
  struct Missing {
    std::uint64_t sequence;
    Time noticed;
    Time ask;  ///< When to ask (again); `never` once it was asked for often enough.
    std::uint8_t asked = 0;
  };
  void schedule();

  std::vector<Missing> missing_;  ///< Ascending.
  std::vector<std::uint16_t> due_;
  Duration roundTrip_ = std::chrono::milliseconds(100);
  Duration reorderWait_{};
  Time next_ = never;
};

}  // namespace parley::rtp
