#pragma once

#include "rtp/payload/packetizer.hpp"

#include <algorithm>
#include <cstddef>

namespace parley::rtp::payload {

/// Cuts a number of bytes into as few parts as fit the limits, of sizes as even as they can be: a small last packet
/// would cost as much header as a full one, and even packets pace better.
class Split {
 public:
  /// `overhead` bytes are taken by a header in each part, `firstOverhead` more in the first. False if it cannot be.
  bool plan(std::size_t bytes, const PayloadLimits& limits, std::size_t overhead, std::size_t firstOverhead = 0) {
    const std::size_t first = limits.firstReduction + firstOverhead;
    const std::size_t last = limits.lastReduction;
    if (limits.maximum <= overhead) return false;
    const std::size_t room = limits.maximum - overhead;
    if (bytes == 0) return false;
    first_ = first;
    last_ = last;
    left_ = bytes;
    if (bytes + first + last <= room) {
      count_ = parts_ = 1;
      return true;
    }
    if (first >= room || last >= room) return false;
    const std::size_t ends = (room - first) + (room - last);
    const std::size_t between = bytes > ends ? (bytes - ends + room - 1) / room : 0;
    count_ = parts_ = 2 + between;
    return bytes >= count_;
  }

  std::size_t count() const { return count_; }

  /// The size of the next part. Precondition: there is one.
  std::size_t next() {
    const bool isFirst = parts_ == count_;
    const std::size_t reduction = isFirst && parts_ > 1 ? first_ : 0;
    if (parts_ == 1) {
      parts_ = 0;
      return left_;
    }
    // What the reductions take counts as bytes, so that all packets, not all parts, have the same size.
    const std::size_t weight = left_ + reduction + last_;
    const std::size_t share = (weight + parts_ - 1) / parts_;
    const std::size_t most = left_ - (parts_ - 1);
    const std::size_t size = std::clamp<std::size_t>(share > reduction ? share - reduction : 1, 1, most);
    left_ -= size;
    --parts_;
    return size;
  }

 private:
  std::size_t first_ = 0;
  std::size_t last_ = 0;
  std::size_t left_ = 0;
  std::size_t count_ = 0;
  std::size_t parts_ = 0;
};

}  // namespace parley::rtp::payload
