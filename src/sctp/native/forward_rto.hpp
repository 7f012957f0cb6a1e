#pragma once

#include "sctp/wire/serial.hpp"

#include <parley/time.hpp>

#include <cstdint>

namespace parley::sctp::native {

/// Finds out whether T3 has expired in vain, because the path was slow for once (F-RTO, RFC 5682 s.3, whose version
/// with SACK this is): then what was sent before it goes on arriving, although it was not sent again.
///
///     idle ──T3──► first ──SACK moves the cumulative TSN on──► second ──SACK acknowledges the rest──► in vain
///                   │ anything else: no                          │ anything else: no
///                   └──► idle                                    └──► idle
///
/// In `second` only new data is sent, two packets of it, so that the next SACK says which it is.
///
/// There are two shorter ways to the same finding: an acknowledgement of the repeated chunk that comes faster than any
/// path could be (as RFC 8985 s.6.2 step 2 has it), and the peer's report that it got that one twice (RFC 3708). The first
/// is believed once, until a round trip has been measured again: where paths become faster than they ever were, all that
/// is sent again seems too fast, and each time-out would give one packet.
class ForwardRto {
 public:
  enum class Finding { None, InVain };
  /// What a SACK has said.
  struct Evidence {
    bool cumulativeMoved = false;
    bool oldAcknowledged = false;  ///< Something newly, that was last sent before T3 expired.
    bool anythingAcknowledged = false;
    bool tooFast = false;  ///< A repeated chunk, within less than the smallest round trip.
    bool headDuplicated = false;
    wire::UnwrappedTsn first;  ///< The lowest outstanding TSN after it.
    bool mayProbe = false;     ///< There is new data to send, and the peer has room for it.
  };

  /// T3 has expired. `lastPacket`: the last packet with DATA before; `next`: one more than the highest TSN sent. A
  /// repeated time-out says nothing new: what it is about stays what the first one was about.
  void expired(wire::UnwrappedTsn head, wire::UnwrappedTsn next, std::uint64_t lastPacket) {
    if (state_ == State::Idle) {
      next_ = next;
      lastPacket_ = lastPacket;
    }
    head_ = head;
    state_ = State::First;
  }
  void cancel() { state_ = State::Idle; }
  /// A round trip of something that was sent once: the smallest one is known anew.
  void measured() { believesSpeed_ = true; }
  Finding consider(const Evidence& evidence);

  bool active() const { return state_ != State::Idle; }
  /// One packet goes out when T3 has expired (RFC 9260 s.6.3.3 E3), and no other until there is an answer.
  bool onlyHead() const { return state_ == State::First; }
  /// Nothing may be sent again, and of new data `newPackets` at most.
  bool onlyNew() const { return state_ == State::Second; }
  unsigned newPackets() const { return newPackets_; }
  void sentNewPacket() { --newPackets_; }
  std::uint64_t lastPacket() const { return lastPacket_; }
  wire::UnwrappedTsn head() const { return head_; }

 private:
  enum class State : std::uint8_t { Idle, First, Second };
  State state_ = State::Idle;
  bool believesSpeed_ = true;
  unsigned newPackets_ = 0;
  wire::UnwrappedTsn head_;
  wire::UnwrappedTsn next_;
  std::uint64_t lastPacket_ = 0;
};

inline ForwardRto::Finding ForwardRto::consider(const Evidence& evidence) {
  if (state_ == State::Idle) return Finding::None;
  const bool tooFast = evidence.tooFast && believesSpeed_;
  if (tooFast || evidence.headDuplicated) {
    if (tooFast) believesSpeed_ = false;
    state_ = State::Idle;
    return Finding::InVain;
  }
  const bool nothing = !evidence.anythingAcknowledged && !evidence.cumulativeMoved;
  if (nothing && state_ == State::First) return Finding::None;
  // In `second` a SACK that says nothing new is an answer, too (RFC 5682 s.2.1 step 3a): a peer with more gaps than its
  // SACKs have room for cannot tell of the new data, and would be waited for in vain.
  const auto was = state_;
  state_ = State::Idle;
  if (was == State::Second) return evidence.oldAcknowledged ? Finding::InVain : Finding::None;
  // All of it at once is what a SACK says after a loss of SACKs, too.
  if (evidence.cumulativeMoved && evidence.first < next_ && evidence.mayProbe) {
    state_ = State::Second;
    newPackets_ = 2;
  }
  return Finding::None;
}

}  // namespace parley::sctp::native
