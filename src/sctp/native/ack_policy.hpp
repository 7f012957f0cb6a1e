#pragma once

#include <parley/time.hpp>

#include <chrono>

namespace parley::sctp::native {

/// Decides when a SACK is sent (RFC 9260 s.6.2, s.6.7).
///
///     nothing to acknowledge ──data──► pending (a timer runs; bundled with whatever goes) ──► due
///                                          every n-th packet, the timer, or a reason for haste ─┘
///
/// n is 2. While SACKs would follow each other within less than `thinBelow` it grows, up to `maxEvery`, so that
/// acknowledging takes no larger share of the processor and of the way back at 1 Gbit/s than at 50 Mbit/s. SCTP has no
/// way to tell the peer. It is not less because a peer may grow its window by one packet for each SACK (RFC 9260
/// s.7.2.1 with L = 1).
class AckPolicy {
 public:
  /// RFC 9260 s.6.2 allows 200 ms. The delay saves a SACK only for every second packet, but a lone packet's delay is in
  /// the peer's RTT and in what its tail-loss probe waits for. 25 ms is the default of QUIC (RFC 9000 s.18.2).
  static constexpr Duration delay = std::chrono::milliseconds(25);
  /// SACKs of every second packet come this close together at 4000 packets a second, 37 Mbit/s of 1152 bytes.
  static constexpr Duration thinBelow = std::chrono::microseconds(500);
  /// What thinned SACKs wait for a packet that does not come: longer than `maxEvery` packets take at the rate at which
  /// n gets there.
  static constexpr Duration thinDelay = std::chrono::milliseconds(2);
  static constexpr unsigned maxEvery = 8;
  /// Peers without RACK take a chunk for lost when three SACKs have missed it (RFC 9260 s.7.2.4); one more in case one
  /// is lost. After so many SACKs about the same gap, thinning holds for it as well.
  static constexpr unsigned missingReports = 4;

  /// What a packet brought.
  struct Arrival {
    bool data = false;  ///< DATA or FORWARD-TSN: something to acknowledge.
    bool duplicate = false;
    bool dropped = false;         ///< There was no room: the peer has to learn of the window (s.6.2).
    bool immediate = false;       ///< The I bit, or a RE-CONFIG request.
    bool gap = false;             ///< TSNs are missing.
    bool missingChanged = false;  ///< Others than before this packet.
  };
  void onPacket(const Arrival& arrival, Time now);
  /// The window has opened enough for the peer to be told.
  void onWindowOpened() { due_ = true; }
  /// Whatever the reason: at once. RFC 9260 s.9.2, while SHUTDOWN waits for its answer.
  void hurry() { due_ = true; }

  /// A SACK should be sent now.
  bool due() const { return due_; }
  /// One should be bundled with a packet that is sent anyway.
  bool pending() const { return due_ || packets_ > 0; }
  Time deadline() const { return due_ ? never : deadline_; }
  void advance(Time now);
  /// A SACK was sent.
  void onSent(Time now);

 private:
  bool due_ = false;
  bool anything_ = false;  ///< RFC 9260 s.5.1: the first DATA chunk of an association is acknowledged at once.
  unsigned packets_ = 0;   ///< With data, since the last SACK.
  unsigned every_ = 2;
  unsigned reports_ = 0;  ///< SACKs about the same missing TSNs.
  Time deadline_ = never;
  Time lastSent_{};
};

}  // namespace parley::sctp::native
