#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace parley::sctp::native {

/// How much may wait on the receiving side, and what the peer is told of it (a_rwnd; RFC 9260 s.6.2).
///
/// What waits counts with the memory that it takes besides its bytes, so that a peer that sends single bytes cannot
/// make us hold a hundred times the window.
class ReceiveWindow {
 public:
  /// For each message or fragment that waits: a node of a map (40 + 72 bytes) or a place in a queue (40), and the least
  /// that an allocation takes (32).
  static constexpr std::size_t overhead = 128;
  /// Less is announced as nothing (the silly window syndrome, RFC 1122 s.4.2.3.3): a packet's worth.
  static constexpr std::size_t leastAnnounced = 1'500;

  ReceiveWindow(std::size_t capacity, std::size_t largestMessage)
      : capacity_(capacity), most_(std::max(4 * capacity, capacity + largestMessage)) {}

  std::size_t capacity() const { return capacity_; }
  /// Messages that are all there, and wait for nothing but the application.
  void holdReady(std::size_t bytes) { ready_ += bytes + overhead; }
  void releaseReady(std::size_t bytes) { ready_ -= bytes + overhead; }
  /// Fragments, and messages that wait for earlier ones.
  void hold(std::size_t bytes) { unready_ += bytes + overhead; }
  void release(std::size_t bytes) { unready_ -= bytes + overhead; }
  /// As `hold` for bytes that join others which are held already.
  void resize(std::size_t before, std::size_t after) { unready_ = unready_ - before + after; }

  std::size_t used() const { return ready_ + unready_; }

  /// Whether a chunk may be taken. A missing one, with a TSN below the highest, is what the others wait for, and honest
  /// peers have kept room for it: it may go over the capacity by as much again.
  bool admits(std::size_t bytes, bool missing) const {
    const auto limit = ready_ == 0 ? most() : missing ? 2 * capacity_ : capacity_;
    return used() + bytes + overhead <= limit;
  }
  /// a_rwnd.
  std::uint32_t available() const {
    auto free = used() < capacity_ ? capacity_ - used() : 0;
    if (ready_ == 0 && used() < most()) free = std::max(free, std::min(capacity_ / 4, most() - used()));
    return free < leastAnnounced ? 0 : static_cast<std::uint32_t>(std::min<std::size_t>(free, UINT32_MAX));
  }
  /// A SACK with `available()` has been sent.
  void announced() { announced_ = available(); }
  /// RFC 9260 s.6.2: worth a SACK of its own is a window that has opened by a quarter of the whole since the last one.
  bool worthAnnouncing() const {
    const auto now = available();
    return now > announced_ && now - announced_ >= capacity_ / 4;
  }
  /// Nothing waits for the application and yet there is no room: the peer has begun more messages at once than we hold,
  /// and none of them can ever be finished.
  bool exhausted() const { return ready_ == 0 && available() == 0; }

 private:
  /// Messages that are interleaved (RFC 8260) may fill the window with beginnings, and nothing that the application
  /// does would open it again. As long as nothing waits for the application they may therefore take four times as much,
  /// or what the largest message needs.
  std::size_t most() const { return most_; }

  std::size_t capacity_;
  std::size_t most_;
  std::size_t ready_ = 0;
  std::size_t unready_ = 0;
  std::uint32_t announced_ = 0;
};

}  // namespace parley::sctp::native
