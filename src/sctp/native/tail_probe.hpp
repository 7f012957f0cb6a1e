#pragma once

#include "sctp/native/outstanding.hpp"

#include <optional>

namespace parley::sctp::native {

/// Tail-loss probes (RFC 8985 s.7): if an acknowledgement is overdue, one packet is sent to get one, so that RACK may
/// find out what is lost before T3 collapses the window. Unlike the RFC it also probes while a loss is being repaired:
/// of a retransmission that was lost with nothing behind it, only a time-out would tell otherwise. And where the peer has
/// gaps it probes with the lowest chunk: a SACK tells of the lowest gaps only (of 280 in a packet, of 20 in dcSCTP's), so
/// that new data behind more of them would be acknowledged by nothing.
class TailProbe {
 public:
  /// s.7.3: one at a time, and a measurement of the round trip between two of them; or the answer to the last, for among
  /// retransmissions there are no measurements.
  bool allowed() const { return !outstanding_ && measured_; }
  void measured() { measured_ = true; }
  void forget() { outstanding_.reset(); }

  /// `retransmission`: it was this chunk again, not new data.
  void sent(wire::UnwrappedTsn tsn, bool retransmission) {
    outstanding_ = tsn;
    retransmission_ = retransmission;
    duplicated_ = false;
    measured_ = false;
  }
  /// The peer got a chunk twice. True if it was the one that probed.
  bool duplicated(wire::UnwrappedTsn tsn) {
    if (outstanding_ != tsn) return false;
    duplicated_ = true;
    return true;
  }
  /// An earlier decision that the probe had repaired a loss was wrong.
  bool takeRepairInVain(wire::UnwrappedTsn tsn) {
    if (repaired_ != tsn) return false;
    repaired_.reset();
    return true;
  }
  /// s.7.4.2, at the end of a SACK. True if the probe has repaired the only loss, of which congestion control has to
  /// know.
  bool repaired(wire::UnwrappedTsn first, bool tooFast) {
    if (!outstanding_ || first <= *outstanding_) return false;
    const bool repair = retransmission_ && !duplicated_ && !tooFast;
    repaired_ = repair ? outstanding_ : std::nullopt;
    measured_ |= !tooFast;
    outstanding_.reset();
    return repair;
  }
  std::optional<wire::UnwrappedTsn> outstanding() const { return outstanding_; }

 private:
  std::optional<wire::UnwrappedTsn> outstanding_;  ///< TLP.end_seq
  std::optional<wire::UnwrappedTsn> repaired_;
  bool retransmission_ = false;
  bool duplicated_ = false;
  bool measured_ = true;
};

}  // namespace parley::sctp::native
