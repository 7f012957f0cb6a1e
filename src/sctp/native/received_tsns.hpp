#pragma once

#include "sctp/wire/sack_chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <cstddef>
#include <vector>

namespace parley::sctp::native {

/// Which TSNs have come: all up to the cumulative one, and ranges behind it (RFC 9260 s.6.2, s.6.7).
///
/// Bounded: a gap block reaches 65535 TSNs far, so that a TSN further off could not be acknowledged and is not taken;
/// and there are at most `maxRanges` ranges. (A sender that keeps more than 65535 chunks outstanding loses them.)
class ReceivedTsns {
 public:
  /// A random loss of 6 % within the 65535 TSNs that a gap block reaches makes 4096 ranges. They take 64 KiB.
  static constexpr std::size_t maxRanges = 4'096;
  /// Duplicates that one SACK reports. More than a packet's worth says nothing more to anyone.
  static constexpr std::size_t maxDuplicates = 32;

  enum class Arrival {
    New,        ///< Was recorded.
    Duplicate,  ///< Was there, and will be reported.
    TooFar,     ///< Cannot be recorded: to be dropped.
  };

  explicit ReceivedTsns(wire::Tsn initial) : cumulative_(wire::UnwrappedTsn::first(initial) - 1) {}

  wire::UnwrappedTsn unwrap(wire::Tsn tsn) const { return cumulative_.nearest(tsn); }
  /// What `record` would say. Nothing changes.
  Arrival classify(wire::UnwrappedTsn tsn) const;
  Arrival record(wire::UnwrappedTsn tsn);
  /// FORWARD-TSN: all up to `tsn` counts as received. False if it did already.
  bool forwardTo(wire::UnwrappedTsn tsn);

  wire::UnwrappedTsn cumulative() const { return cumulative_; }
  /// The highest that has come.
  wire::UnwrappedTsn highest() const { return ranges_.empty() ? cumulative_ : ranges_.back().last; }
  bool hasGap() const { return !ranges_.empty(); }
  std::size_t rangeCount() const { return ranges_.size(); }
  /// A number that changes whenever another set of TSNs is missing below the highest: a gap opened, or one was filled.
  std::uint64_t missingSetVersion() const { return version_; }

  /// Writes the lowest gap blocks, at most `most`, into `out`.
  void gapBlocks(std::vector<wire::GapBlock>& out, std::size_t most) const;
  const std::vector<wire::Tsn>& duplicates() const { return duplicates_; }
  /// They have been reported.
  void clearDuplicates() { duplicates_.clear(); }

 private:
  struct Range {
    wire::UnwrappedTsn first;
    wire::UnwrappedTsn last;
  };
  /// The first range that ends at `tsn` or behind it.
  std::vector<Range>::const_iterator rangeFrom(wire::UnwrappedTsn tsn) const;
  /// The ranges that touch the cumulative TSN become part of what it stands for.
  void absorb();

  wire::UnwrappedTsn cumulative_;
  std::vector<Range> ranges_;  ///< In order, neither overlapping nor touching.
  std::vector<wire::Tsn> duplicates_;
  std::uint64_t version_ = 0;
};

}  // namespace parley::sctp::native
