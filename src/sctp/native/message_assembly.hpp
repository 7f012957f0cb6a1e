#pragma once

#include "base/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::sctp::native {

/// The bytes of a message that comes in fragments. Senders cut messages into pieces of one size, the last one excepted,
/// so that the place of a fragment is known before those in front of it are there, and each is copied once:
///
///     0 1 2 · 4 5 · · 8
///     └joined       ahead
///
/// What has no such place (another size, too far ahead) is refused, and for the caller to keep until its turn. What was
/// given a place that turns out to be wrong is given back (`evict`), once for each message.
class MessageAssembly {
 public:
  /// A message that gets larger than `limit` bytes is thrown away.
  explicit MessageAssembly(std::size_t limit) : limit_(limit) {}

  /// How many fragments are there from the first one on without a gap.
  std::uint32_t joined() const { return joined_; }
  /// The last of these is the end of the message.
  bool complete() const { return complete_; }
  bool tooLarge() const { return tooLarge_; }
  /// The memory that is held, gaps included.
  std::size_t held() const { return bytes_.size(); }
  /// Whether fragment `index` is there.
  bool has(std::uint32_t index) const;
  /// Up to which fragment something is there.
  std::uint32_t extent() const { return ahead_.empty() ? joined_ : ahead_.back().last + 1; }

  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  /// Whether fragment `joined()` may join while what is ahead keeps its place. If not, `evict` first.
  bool fits(base::Bytes fragment, bool end) const { return ahead_.empty() || (!end && fragment.size() == unit_); }
  /// Takes fragment `joined()`, and what is ahead directly behind it. It has to fit.
  void join(base::Bytes fragment, bool end);
  /// Gives fragment `index`, which is behind a gap, its place, if that is known and within `most` bytes.
  bool place(std::uint32_t index, base::Bytes fragment, bool end, std::size_t most);
  /// Gives back what is ahead: `take(index, bytes, end)` for each. Nothing is placed ahead from now on.
  template <class Take>
  void evict(Take take) {
    for (const auto& range : ahead_) {
      for (auto index = range.first; index <= range.last; ++index) {
        const bool end = range.end && index == range.last;
        take(index, base::Bytes(bytes_.data() + offsetOf(index), end ? range.endSize : unit_), end);
      }
    }
    ahead_.clear();
    bytes_.resize(filled_);
    regular_ = false;
  }
  /// The message. Nothing may be ahead.
  std::vector<std::uint8_t> take();

 private:
  /// Fragments without a gap.
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    bool end = false;         ///< `last` is the end of the message.
    std::size_t endSize = 0;  ///< Its size, if so.
  };
  /// So many gaps have to do: beyond them lies what a peer would do that sends every other fragment only.
  static constexpr std::size_t mostRanges = 64;

  std::size_t offsetOf(std::uint32_t index) const { return filled_ + (index - joined_) * unit_; }

  std::size_t limit_;
  std::size_t filled_ = 0;  ///< Bytes of what has joined.
  std::size_t unit_ = 0;    ///< The size of a fragment; 0: not known.
  std::uint32_t joined_ = 0;
  bool complete_ = false;
  bool tooLarge_ = false;
  bool regular_ = true;  ///< All fragments seem to have one size.
  std::vector<std::uint8_t> bytes_;
  std::vector<Range> ahead_;  ///< In order. There is a gap in front of each.
};

}  // namespace parley::sctp::native
