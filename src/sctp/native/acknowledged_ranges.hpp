#pragma once

#include "sctp/wire/sack_chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace parley::sctp::native {

/// What gap blocks have acknowledged so far, so that a SACK that repeats hundreds of them costs no more than what is
/// new in it: with a window of ten thousand packets and some loss, all else would be quadratic.
class AcknowledgedRanges {
 public:
  /// What comes by the SACK's gap blocks for the first time is visited, in ascending order. `next`: one more than the
  /// highest TSN that was sent; what is beyond is ignored, as is a block that is not behind the one before it.
  template <class Visit>
  void add(const wire::SackView& sack, wire::UnwrappedTsn cumulative, wire::UnwrappedTsn next, Visit visit) {
    if (sack.gapCount() == 0) return;
    merged_.clear();
    std::size_t known = 0;
    for (std::size_t i = 0; i < sack.gapCount(); ++i) {
      const auto gap = sack.gap(i);
      Range block{cumulative + gap.start, std::min(cumulative + gap.end, next - 1)};
      // The peer's blocks ascend; what does not cannot make this loop over the same again and again.
      if (!merged_.empty() && block.first <= merged_.back().last) block.first = merged_.back().last.next();
      if (block.last < block.first) continue;
      while (known < ranges_.size() && ranges_[known].last < block.first) push(ranges_[known++]);
      auto at = block.first;
      auto overlap = known;
      for (; overlap < ranges_.size() && ranges_[overlap].first <= block.last; ++overlap) {
        for (; at < ranges_[overlap].first; at = at.next()) visit(at);
        at = ranges_[overlap].last.next();
      }
      for (; at <= block.last; at = at.next()) visit(at);
      push(block);
      while (known < overlap) push(ranges_[known++]);
    }
    while (known < ranges_.size()) push(ranges_[known++]);
    ranges_.swap(merged_);
  }

  /// These are acknowledged cumulatively.
  void dropThrough(wire::UnwrappedTsn cumulative) {
    auto end =
        std::find_if(ranges_.begin(), ranges_.end(), [&](const Range& range) { return range.last > cumulative; });
    ranges_.erase(ranges_.begin(), end);
    if (!ranges_.empty()) ranges_.front().first = std::max(ranges_.front().first, cumulative.next());
  }

  bool empty() const { return ranges_.empty(); }
  void clear() { ranges_.clear(); }
  void trim() { ranges_ = merged_ = {}; }

 private:
  struct Range {
    wire::UnwrappedTsn first;
    wire::UnwrappedTsn last;
  };

  void push(const Range& range) {
    if (!merged_.empty() && range.first <= merged_.back().last.next()) {
      merged_.back().first = std::min(merged_.back().first, range.first);
      merged_.back().last = std::max(merged_.back().last, range.last);
    } else {
      merged_.push_back(range);
    }
  }

  std::vector<Range> ranges_;  ///< Ascending, with something between each two.
  std::vector<Range> merged_;  ///< Kept, so that nothing is allocated.
};

}  // namespace parley::sctp::native
