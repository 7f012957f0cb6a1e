#pragma once

#include "ice/pair.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace parley::ice {

/// The pairs of one generation and the decision which of them is checked next (RFC 8445 s.6.1, RFC 8838 s.12). It sends
/// nothing: the agent asks `takeNext` when a check may go out and reports what became of it.
///
///                    same foundation succeeded,              takeNext()            response
///     add() ─► Frozen ─────────────────────────► Waiting ─────────────► InProgress ────────► Succeeded
///         └──────────────────────────────────────►  ▲                      │  │
///           top of its foundation                   └── trigger() ─────────┘  └── time-out ─► Failed
///
/// Pairs live until the list discards them; pointers are good until the next `add` or `conclude`, ids for ever.
class Checklist {
 public:
  explicit Checklist(std::size_t limit) : limit_(limit) {}

  /// Takes the pair in and gives it a priority. A Frozen one becomes Waiting unless its foundation keeps it back. Null if
  /// there is one on the same path already, or no room: a full list discards failed pairs first, then a pending one of
  /// lower priority (RFC 8838 s.10, s.11).
  Pair* add(Pair pair);
  Pair* find(const PathKey& path);
  Pair* byId(std::uint32_t id);

  /// RFC 8445 s.6.1.4.2: whether a check could go out now, and for which pair. The pair is InProgress after that.
  bool hasNext() const;
  Pair* takeNext();
  /// A check for this one goes out now.
  void take(Pair& pair);
  /// RFC 8445 s.7.3.1.4: puts the pair into the triggered-check queue.
  void trigger(Pair& pair);
  /// RFC 8445 s.7.2.5.3.3: also unfreezes the pairs of its foundation.
  void succeed(Pair& pair);
  void fail(Pair& pair);
  /// New priorities for a new role (RFC 8445 s.6.1.2.3).
  void setControlling(bool controlling);
  /// New candidate data for a pair: a peer-reflexive candidate was signalled after all.
  void update(Pair& pair, std::string foundation, std::uint32_t remotePriority);

  /// The valid pair of the highest priority, nominated ones first.
  Pair* bestValid();
  /// The same, whether nominated or not, but not this one.
  Pair* bestOtherThan(const Pair& pair);
  /// Pairs that are checked or about to be: the load that RFC 8445 s.14.3 scales the RTO with.
  std::size_t active() const;
  /// True if a pair that would be better than `pair` may still become valid.
  bool hasBetterUnfinished(const Pair& pair) const;
  std::size_t betterWaiting(const Pair& pair) const;
  /// No pair left of which something may come.
  bool exhausted() const;
  /// RFC 8445 s.8.1.2: a pair was nominated, the pending ones are dropped. Where renomination is possible those that
  /// would be better stay.
  void conclude(const Pair& nominated, bool keepBetter);
  /// Failed pairs may be added anew, but those that lost consent (RFC 7675 s.5.1).
  void forgetFailed();
  /// Stops all checks: every pair that is not valid is Failed.
  void abandon();

  const std::vector<std::unique_ptr<Pair>>& pairs() const { return pairs_; }

 private:
  bool makeRoomFor(std::uint64_t priority);
  bool canThaw(const Pair& pair) const;
  std::uint64_t priorityOf(const Pair& pair) const;
  void sort();

  std::size_t limit_;
  bool controlling_ = true;
  std::uint32_t lastId_ = 0;
  std::vector<std::unique_ptr<Pair>> pairs_;  // highest priority first
  std::deque<std::uint32_t> triggered_;
  /// An honest path needs two: the one that the peer's check triggers, and its repetition after a role conflict.
  static constexpr int maxTriggeredInARow = 2;
  int triggeredInARow_ = 0;
};

}  // namespace parley::ice
