#include "sctp/native/received_tsns.hpp"

#include <algorithm>

namespace parley::sctp::native {
namespace {

/// What the 16 bits of a gap block can say.
constexpr std::int64_t reach = 65'535;

}  // namespace

std::vector<ReceivedTsns::Range>::const_iterator ReceivedTsns::rangeFrom(wire::UnwrappedTsn tsn) const {
  // Nearly always what comes is behind all that is there.
  if (ranges_.empty() || ranges_.back().last < tsn) return ranges_.end();
  return std::lower_bound(ranges_.begin(), ranges_.end(), tsn,
                          [](const Range& range, wire::UnwrappedTsn t) { return range.last < t; });
}

ReceivedTsns::Arrival ReceivedTsns::classify(wire::UnwrappedTsn tsn) const {
  if (tsn <= cumulative_) return Arrival::Duplicate;
  if (tsn.aheadOf(cumulative_) > reach) return Arrival::TooFar;
  if (tsn == cumulative_.next()) return Arrival::New;
  const auto after = rangeFrom(tsn);
  if (after != ranges_.end() && after->first <= tsn) return Arrival::Duplicate;
  if (ranges_.size() < maxRanges) return Arrival::New;
  // Only what makes no further range.
  const bool joinsNext = after != ranges_.end() && after->first == tsn.next();
  const bool joinsPrevious = after != ranges_.begin() && std::prev(after)->last.next() == tsn;
  return joinsNext || joinsPrevious ? Arrival::New : Arrival::TooFar;
}

ReceivedTsns::Arrival ReceivedTsns::record(wire::UnwrappedTsn tsn) {
  const auto arrival = classify(tsn);
  if (arrival == Arrival::Duplicate && duplicates_.size() < maxDuplicates) duplicates_.push_back(tsn.wrapped());
  if (arrival != Arrival::New) return arrival;

  if (tsn == cumulative_.next()) {
    cumulative_ = tsn;
    if (!ranges_.empty()) {
      ++version_;
      absorb();
    }
    return arrival;
  }
  const auto at = ranges_.begin() + (rangeFrom(tsn) - ranges_.cbegin());
  const bool joinsNext = at != ranges_.end() && at->first == tsn.next();
  const bool joinsPrevious = at != ranges_.begin() && std::prev(at)->last.next() == tsn;
  // What continues the last range leaves missing what was missing.
  if (!(joinsPrevious && at == ranges_.end())) ++version_;
  if (joinsNext && joinsPrevious) {
    std::prev(at)->last = at->last;
    ranges_.erase(at);
  } else if (joinsNext) {
    at->first = tsn;
  } else if (joinsPrevious) {
    std::prev(at)->last = tsn;
  } else {
    ranges_.insert(at, Range{tsn, tsn});
  }
  return arrival;
}

bool ReceivedTsns::forwardTo(wire::UnwrappedTsn tsn) {
  if (tsn <= cumulative_) return false;
  if (!ranges_.empty()) ++version_;
  cumulative_ = tsn;
  absorb();
  return true;
}

void ReceivedTsns::absorb() {
  auto gone = ranges_.begin();
  while (gone != ranges_.end() && gone->first <= cumulative_.next()) {
    cumulative_ = std::max(cumulative_, gone->last);
    ++gone;
  }
  ranges_.erase(ranges_.begin(), gone);
}

void ReceivedTsns::gapBlocks(std::vector<wire::GapBlock>& out, std::size_t most) const {
  out.clear();
  for (const auto& range : ranges_) {
    if (out.size() == most) break;
    out.push_back({static_cast<std::uint16_t>(range.first.aheadOf(cumulative_)),
                   static_cast<std::uint16_t>(range.last.aheadOf(cumulative_))});
  }
}

}  // namespace parley::sctp::native
