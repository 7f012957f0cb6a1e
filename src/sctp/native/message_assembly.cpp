#include "sctp/native/message_assembly.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

bool MessageAssembly::has(std::uint32_t index) const {
  return index < joined_ || std::any_of(ahead_.begin(), ahead_.end(), [index](const Range& range) {
           return range.first <= index && index <= range.last;
         });
}

void MessageAssembly::join(base::Bytes fragment, bool end) {
  ++joined_;
  complete_ = end;
  if (tooLarge_) return;
  if (filled_ + fragment.size() > limit_) {  // Nothing is ahead: it has its place within the limit.
    tooLarge_ = true;
    bytes_ = {};
    return;
  }
  if (ahead_.empty()) {
    bytes_.insert(bytes_.end(), fragment.begin(), fragment.end());
    unit_ = fragment.size();
  } else {
    std::copy(fragment.begin(), fragment.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(filled_));
  }
  filled_ += fragment.size();
  if (ahead_.empty() || ahead_.front().first != joined_) return;
  const auto range = ahead_.front();
  ahead_.erase(ahead_.begin());
  filled_ = offsetOf(range.last) + (range.end ? range.endSize : unit_);
  joined_ = range.last + 1;
  complete_ = range.end;
}

bool MessageAssembly::place(std::uint32_t index, base::Bytes fragment, bool end, std::size_t most) {
  if (!regular_ || tooLarge_) return false;
  const auto unit = unit_ == 0 && !end ? fragment.size() : unit_;
  if (unit == 0 || (end ? fragment.size() > unit : fragment.size() != unit)) return false;
  const auto at = filled_ + (index - joined_) * unit;
  if (at + fragment.size() > std::min(most, limit_)) return false;

  // It is the last one mostly.
  auto next = ahead_.end();
  while (next != ahead_.begin() && std::prev(next)->first > index) --next;
  const bool behind = next != ahead_.begin();
  if (end && next != ahead_.end()) return false;
  if (behind && std::prev(next)->end) return false;
  const bool joinsBehind = behind && std::prev(next)->last + 1 == index;
  const bool joinsNext = next != ahead_.end() && next->first == index + 1;
  if (joinsBehind) {
    auto& range = *std::prev(next);
    range.last = index;
    range.end = end;
    range.endSize = fragment.size();
    if (joinsNext) {
      range.last = next->last;
      range.end = next->end;
      range.endSize = next->endSize;
      ahead_.erase(next);
    }
  } else if (joinsNext) {
    next->first = index;
  } else {
    if (ahead_.size() == mostRanges) return false;
    ahead_.insert(next, Range{index, index, end, fragment.size()});
  }
  unit_ = unit;
  if (at >= bytes_.size()) {
    bytes_.resize(at);
    bytes_.insert(bytes_.end(), fragment.begin(), fragment.end());
  } else {
    std::copy(fragment.begin(), fragment.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return true;
}

std::vector<std::uint8_t> MessageAssembly::take() {
  if (bytes_.capacity() > 2 * bytes_.size()) bytes_.shrink_to_fit();
  return std::exchange(bytes_, {});
}

}  // namespace parley::sctp::native
