#pragma once

#include <parley/time.hpp>

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace parley::rtp {

/// Puts the packets of one stream in order. It never stalls: its owner says how long a gap may block what is behind it,
/// and a gap that would need more room than there is ends at once.
///
/// Sequence numbers are unwrapped. No memory but for what waits behind a gap: a stream without loss costs nothing.
template <class T>
class ReorderBuffer {
 public:
  /// 2048 packets of 1200 bytes are half a second at 40 Mbit/s.
  explicit ReorderBuffer(std::size_t capacity = 2048) : capacity_(capacity) {}

  enum class Inserted : std::uint8_t {
    Taken,
    Duplicate,
    TooLate,  ///< What is behind it was given out already.
  };

  /// The first packet is where the stream begins.
  Inserted insert(std::uint64_t sequence, T value, Time now) {
    if (!started_) restart(sequence);
    if (sequence < next_) return Inserted::TooLate;
    while (sequence - next_ >= capacity_) makeRoom(sequence);
    if (sequence >= end_) {
      reserve(static_cast<std::size_t>(sequence - next_) + 1);
      for (; end_ <= sequence; ++end_) slot(end_) = Slot{std::nullopt, now};
    }
    Slot& place = slot(sequence);
    if (place.value) return Inserted::Duplicate;
    place.value = std::move(value);
    ++held_;
    return Inserted::Taken;
  }

  struct Item {
    std::uint64_t sequence;
    T value;
  };
  /// The next in order, if it is there.
  std::optional<Item> pop() {
    if (held_ == 0 || !slot(next_).value) return std::nullopt;
    Item item{next_, std::move(*slot(next_).value)};
    slot(next_).value.reset();
    ++next_;
    --held_;
    return item;
  }

  /// The first of those that wait for which `wanted` is true.
  template <class Predicate>
  const T* find(Predicate wanted) const {
    if (held_ == 0) return nullptr;
    for (auto sequence = next_; sequence < end_; ++sequence)
      if (const auto& value = slot(sequence).value; value && wanted(*value)) return &*value;
    return nullptr;
  }

  /// Since when the next in order has been missing, with others behind it; `never` if it is not.
  Time blockedSince() const { return held_ == 0 || slot(next_).value ? never : slot(next_).noticed; }
  /// Gives up what is missing before the first packet that is there.
  void skip() {
    if (held_ == 0) return;
    while (!slot(next_).value) ++next_;
  }

  /// Drops everything; the stream goes on with `sequence`.
  void restart(std::uint64_t sequence) {
    for (auto& each : slots_) each = Slot{};
    held_ = 0;
    next_ = end_ = sequence;
    started_ = true;
  }

  /// What is missing below it was given up, or given out.
  std::uint64_t next() const { return next_; }
  std::size_t held() const { return held_; }
  bool started() const { return started_; }
  /// What is next was given out by another way. Precondition: nothing waits.
  void pass() {
    assert(held_ == 0);
    end_ = ++next_;
  }

 private:
  struct Slot {
    std::optional<T> value;
    Time noticed{};  ///< When a later packet came.
  };
  Slot& slot(std::uint64_t sequence) { return slots_[static_cast<std::size_t>(sequence) & (slots_.size() - 1)]; }
  const Slot& slot(std::uint64_t sequence) const {
    return slots_[static_cast<std::size_t>(sequence) & (slots_.size() - 1)];
  }

  /// Precondition: `sequence` does not fit. Drops at least one packet, or all gaps.
  void makeRoom(std::uint64_t sequence) {
    if (held_ == 0) {
      next_ = end_ = sequence;
      return;
    }
    if (slot(next_).value) {  // The owner did not take what was in order.
      slot(next_).value.reset();
      --held_;
      ++next_;
      return;
    }
    skip();
  }

  void reserve(std::size_t count) {
    if (count <= slots_.size()) return;
    std::size_t size = slots_.empty() ? 16 : slots_.size();
    while (size < count) size *= 2;
    std::vector<Slot> larger(size);
    for (std::uint64_t i = next_; i < end_; ++i)
      larger[static_cast<std::size_t>(i) & (size - 1)] = std::move(slot(i));
    slots_.swap(larger);
  }

  std::size_t capacity_;
  std::vector<Slot> slots_;  ///< A ring of [next_, end_), of a power of two.
  std::uint64_t next_ = 0, end_ = 0;
  std::size_t held_ = 0;
  bool started_ = false;
};

}  // namespace parley::rtp
