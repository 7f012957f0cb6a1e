#pragma once

#include "sctp/native/outstanding.hpp"
#include "sctp/wire/serial.hpp"

#include <parley/time.hpp>

#include <cstdint>
#include <optional>

namespace parley::sctp::native {

/// Finds out by time what was lost (RFC 8985 s.6): a chunk is, if one that was sent later has arrived, and either a
/// reordering window more than a round trip has gone by since it was sent, or, as long as the path has not been seen to
/// reorder, three packets that were sent later have arrived or a loss is being repaired anyway. So lost retransmissions
/// are found out too, without a time-out. A decider: `Sender` marks what it finds.
///
/// An episode of loss ("recovery") lasts until all that was outstanding at its beginning is acknowledged.
class Rack {
 public:
  /// A SACK begins. `minimumRtt`: zero if unknown.
  void begin(Duration minimumRtt) {
    minimumRtt_ = minimumRtt;
    newestOfSack_ = 0;
  }
  /// This chunk is newly acknowledged, by gap block or cumulatively.
  void acknowledged(const SentChunk& chunk, wire::UnwrappedTsn tsn, Time now);
  /// The packet that was sent last of those that arrived, 0 if none did.
  std::uint64_t newest() const { return newest_; }
  /// The highest TSN that the peer is known to have.
  wire::UnwrappedTsn highest() const { return highest_; }
  /// The peer got this one twice, as far as it is known because of a retransmission of ours: the reordering window is
  /// too small. `next`: one more than the highest TSN that was sent. True if by now all that was sent again in the
  /// episode was so in vain (RFC 3708).
  bool duplicated(wire::UnwrappedTsn next);
  void retransmitted() { ++resent_; }

  bool recovering() const { return recoveryEnd_.has_value(); }
  void enterRecovery(wire::UnwrappedTsn highestSent);
  /// The time-out that began the episode was in vain: what came back was what had been sent first, not what was sent
  /// again and seemed to have overtaken the rest.
  void undo() {
    newest_ = newestOnce_;
    recoveryEnd_.reset();
  }
  /// Everything below `first` is acknowledged.
  void cumulative(wire::UnwrappedTsn first);

  /// Calls `lost(tsn)` for each chunk that is; it has to be marked in the call. Returns when to look again.
  template <class Lost>
  Time detect(const Outstanding& outstanding, Duration smoothedRtt, Time now, Lost lost) const {
    const auto window = reorderingWindow(smoothedRtt);
    for (auto tsn = outstanding.firstInFlight(); !Outstanding::isEnd(tsn);) {
      const auto& chunk = outstanding[tsn];
      // In the order in which they were sent: what is behind this is not overtaken either, nor is its time over.
      if (chunk.packet >= newest_) return never;
      const bool overtaken = !reordering_ && (recovering() || newest_ - chunk.packet >= overtakers);
      const auto over = chunk.sent.sentAt + rtt_ + window;
      if (!overtaken && over > now) return over;
      const auto after = wire::UnwrappedTsn{chunk.after};
      lost(tsn);
      tsn = after;
    }
    return never;
  }
  /// RFC 8985 s.6.3: whether T3 marks this one: it has had the time that an acknowledgement takes.
  bool overdue(const SentChunk& chunk, Duration smoothedRtt, Time now) const {
    return chunk.sent.sentAt + rtt_ + reorderingWindow(smoothedRtt) <= now;
  }

 private:
  /// RFC 8985 s.3.2: DupThresh, and RFC 9002 s.6.1.1: counted in packets, which may have many chunks.
  static constexpr std::uint64_t overtakers = 3;
  /// RFC 8985 s.6.2 step 4: a window that was widened is kept for so many episodes.
  static constexpr int persistence = 16;
  /// The smoothed round trip ends the window anyway.
  static constexpr int widest = 64;

  Duration reorderingWindow(Duration smoothedRtt) const;

  Duration minimumRtt_{};
  Duration rtt_{};                ///< RACK.rtt
  std::uint64_t newest_ = 0;      ///< The packet that was sent last of those that arrived: RACK.segment.
  std::uint64_t newestOnce_ = 0;  ///< The same of those whose chunks were sent once.
  std::uint64_t newestOfSack_ = 0;
  wire::UnwrappedTsn highest_{0};  ///< RACK.fack
  bool reordering_ = false;
  int multiplier_ = 1;
  int persist_ = 0;
  std::optional<wire::UnwrappedTsn> widenedUntil_;  ///< RACK.dsack_round
  std::optional<wire::UnwrappedTsn> recoveryEnd_;
  std::uint64_t resent_ = 0;  ///< Chunks sent again in this episode, less those that had arrived.
};

}  // namespace parley::sctp::native
