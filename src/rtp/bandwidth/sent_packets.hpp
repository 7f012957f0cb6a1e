#pragma once

#include "rtp/bandwidth/packet_result.hpp"
#include "rtp/rtcp/transport_feedback.hpp"
#include "rtp/sequence.hpp"

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace parley::rtp::bandwidth {

/// The sender's side of transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01): what
/// went out under which number, until the receiver says when it came.
///
/// A table with a place for each of the last numbers, which doubles while packets younger than `patience` would be
/// overwritten: nothing is allocated in the steady state, and a connection that sends no such packets has no table.
class SentPackets {
 public:
  void add(std::uint16_t number, std::size_t size, std::uint32_t probe, Time now);

  /// What the feedback says of packets that are known and that were not told to have come before. In the order of their
  /// numbers; valid until the next call. A packet that did not come may still be told to have come, later.
  std::span<const PacketResult> match(const rtcp::TransportFeedback& feedback);

  /// The same in steps, for feedback that has other names for packets (`SentSources`).
  void beginMatch() { results_.clear(); }
  /// `at`: none if the packet did not come, or nobody knows when.
  void matchOne(std::uint16_t number, bool received, std::optional<Duration> at);
  std::vector<PacketResult>& results() { return results_; }

 private:
  static constexpr std::size_t least = 128;
  /// 100 Mbit/s are 8300 packets in a second.
  static constexpr std::size_t most = 8192;
  /// Feedback comes each 50 to 250 ms, a round trip later.
  static constexpr Duration patience = std::chrono::seconds(1);

  struct Entry {
    std::int64_t number = -1;
    Time sent{};
    std::uint32_t size = 0;
    std::uint32_t probe = 0;
    bool arrived = false;
    bool missing = false;  ///< Was told of.
  };
  Entry& at(std::int64_t number) { return entries_[static_cast<std::size_t>(number) & (entries_.size() - 1)]; }
  void grow();

  std::vector<Entry> entries_;
  SequenceUnwrapper numbers_;
  std::int64_t newest_ = -1;
  std::optional<std::int64_t> reference_;  ///< Of the feedback before, unwrapped, in units of 64 ms.
  std::vector<PacketResult> results_;
};

}  // namespace parley::rtp::bandwidth
