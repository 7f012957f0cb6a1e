#pragma once

#include <parley/time.hpp>

namespace parley::stun {

/// The retransmission schedule of one request (RFC 8489 s.6.2.1), as a value. The owner sends the request when it makes
/// the transaction, and stops asking once a response came.
///
///               Retransmit, Rc - 1 times
///                    ┌──────┐
///     (sent) ──► Waiting ◄──┘ ── Rm × RTO after the last one ──► TimedOut
class Transaction {
 public:
  struct Schedule {
    /// RFC 8489 s.6.2.1: "greater than or equal to 500 ms"; ICE computes its own (RFC 8445 s.14.3).
    Duration rto = std::chrono::milliseconds(500);
    /// Rc: how many requests are sent in all.
    int requests = 7;
    /// Rm: how many RTOs to wait after the last. 0.5 s × (1 + 2 + 4 + 8 + 16 + 32 + 16) = 39.5 s in all.
    int lastWait = 16;
  };

  enum class Action { None, Retransmit, TimedOut };

  Transaction(Time sentAt, const Schedule& schedule);
  explicit Transaction(Time sentAt) : Transaction(sentAt, Schedule()) {}
  /// RFC 8489 s.6.2.2: over TCP or TLS a request is sent once, and fails after Ti = 39.5 s, the sum above.
  static Transaction reliable(Time sentAt);

  /// When `advance` has something to say next; `never` once it said TimedOut.
  Time deadline() const { return deadline_; }
  /// What is to be done now. After Retransmit the next interval runs from `now`, twice as long: a late caller does not
  /// send a burst.
  Action advance(Time now);

  /// Requests sent so far. A response to a transaction with one request gives a round-trip time (Karn's rule).
  int sent() const { return sent_; }
  Time sentAt() const { return sentAt_; }

 private:
  Schedule schedule_;
  Time sentAt_;
  Time deadline_;
  Duration interval_;
  int sent_ = 1;
};

}  // namespace parley::stun
