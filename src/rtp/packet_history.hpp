#pragma once

#include "base/ring.hpp"

#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace parley::rtp {

/// The packets of one SSRC as they were sent, before encryption, for as long as somebody may ask for them again.
class PacketHistory {
 public:
  struct Limits {
    /// A request later than this comes too late to play: receivers wait a second at most.
    Duration age = std::chrono::seconds(1);
    /// Each takes a buffer of the pool: 1200 * 1664 bytes are 2 MB, or one second at 11 Mbit/s.
    std::size_t packets = 1200;
  };

  PacketHistory() : PacketHistory(Limits{}) {}
  explicit PacketHistory(Limits limits) : limits_(limits) {}

  /// In any order: a forwarder's packets come as the origin's do. Those that are older than all that are kept, and those
  /// before a jump of more than `Limits::packets`, are not kept.
  void add(std::uint16_t sequence, Packet packet, Time now) {
    expire(now);
    if (entries_.empty()) first_ = sequence;
    const auto ahead = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(first_ + entries_.size()));
    if (ahead < 0) {
      const auto index = static_cast<std::uint16_t>(sequence - first_);
      if (index < entries_.size() && !entries_[index].packet) entries_[index] = {std::move(packet), now, Time::min()};
      // A stream that begins again below its numbers is none of ours.
      return;
    }
    if (static_cast<std::size_t>(ahead) >= limits_.packets) {
      clear();
      first_ = sequence;
    } else {
      for (std::int16_t i = 0; i < ahead; ++i) append({Packet(), now, Time::min()});
    }
    append({std::move(packet), now, Time::min()});
  }

  enum class Found : std::uint8_t { Yes, Unknown, TooSoon };
  /// To send it again. TooSoon: what was sent last cannot have been missed yet, because it was sent less than a round
  /// trip ago; two requests crossed it.
  Found find(std::uint16_t sequence, Duration roundTrip, Time now, const Packet*& packet) {
    expire(now);
    const auto index = static_cast<std::uint16_t>(sequence - first_);
    if (index >= entries_.size()) return Found::Unknown;
    Entry& entry = entries_[index];
    if (!entry.packet) return Found::Unknown;
    if (entry.resent != Time::min() && now - entry.resent < roundTrip) return Found::TooSoon;
    entry.resent = now;
    packet = &entry.packet;
    return Found::Yes;
  }

  /// The largest of the last few; null if there is none.
  const Packet* largestOfLast() const {
    const Packet* largest = nullptr;
    for (std::size_t i = entries_.size() - std::min<std::size_t>(entries_.size(), 16); i < entries_.size(); ++i)
      if (!largest || entries_[i].packet.size() > largest->size()) largest = &entries_[i].packet;
    return largest;
  }

  std::size_t size() const { return entries_.size(); }
  void clear() {
    while (!entries_.empty()) entries_.pop();
  }

 private:
  struct Entry {
    Packet packet;  ///< None: it was not sent yet, while later ones were.
    Time sent{};
    Time resent = Time::min();
  };
  void append(Entry entry) {
    if (entries_.size() == limits_.packets) {
      entries_.pop();
      ++first_;
    }
    entries_.push(std::move(entry));
  }
  void expire(Time now) {
    while (!entries_.empty() && now - entries_.front().sent > limits_.age) {
      entries_.pop();
      ++first_;
    }
  }

  Limits limits_;
  base::Ring<Entry> entries_;
  std::uint16_t first_ = 0;  ///< The sequence number of the oldest.
};

}  // namespace parley::rtp
