#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace parley::dtls {

/// The repetitions of the flight that waits for an answer (RFC 6347 s.4.2.4), made in advance.
///
/// OpenSSL retransmits when its own timer has expired, and that timer reads the system's clock, while a machine's only
/// clock is the one it is told. So the clock is taken out of it: by `DTLS_set_timer_cb` the timer of a new flight
/// expires at once. As soon as OpenSSL finds nothing to read it writes the flight again, each time with new record
/// numbers, and what it writes is kept here instead of being sent. After `repetitions` the timer is set to never. The
/// endpoint sends the copies when its own deadlines come.
class Flight {
 public:
  /// OpenSSL gives up at the 13th timeout of a flight. Nine, from 100 ms on and doubling, span 51 s.
  static constexpr std::size_t repetitions = 9;

  /// A new flight: the copies of the last are forgotten.
  void begin() {
    clear();
    fresh_ = true;
  }
  /// What OpenSSL writes from now on is the next copy. False if that is the last one wanted.
  bool beginCopy() {
    copying_ = true;
    copies_.emplace_back();
    return copies_.size() < repetitions;
  }
  bool copying() const { return copying_; }
  void add(base::Bytes datagram) { copies_.back().emplace_back(datagram.begin(), datagram.end()); }
  void endCopies() { copying_ = false; }

  /// True once for each flight.
  bool takeFresh() {
    bool fresh = fresh_;
    fresh_ = false;
    return fresh;
  }
  /// The datagrams of the next repetition; none when all were used.
  std::vector<std::vector<std::uint8_t>> next() {
    if (used_ == copies_.size()) return {};
    return std::move(copies_[used_++]);
  }
  void clear() { *this = Flight{}; }

 private:
  std::vector<std::vector<std::vector<std::uint8_t>>> copies_;
  std::size_t used_ = 0;
  bool copying_ = false;
  bool fresh_ = false;
};

}  // namespace parley::dtls
