#pragma once

#include "base/ring.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace parley::base {

/// What a machine has to say, in order. Packets are bounded: when `packetLimit` of them wait, a further one is refused
/// and counted. Events are never dropped; what can cause them is bounded by the machine that makes them.
template <class Output>
class Outbox {
 public:
  explicit Outbox(std::size_t packetLimit = 4096) : packetLimit_(packetLimit) {}

  void event(Output output) { queue_.push(Entry{std::move(output), false}); }

  /// False if the packet was dropped.
  bool packet(Output output) {
    if (packets_ >= packetLimit_) {
      ++dropped_;
      return false;
    }
    ++packets_;
    queue_.push(Entry{std::move(output), true});
    return true;
  }

  std::optional<Output> poll() {
    if (queue_.empty()) return std::nullopt;
    Entry entry = queue_.pop();
    if (entry.packet) --packets_;
    queue_.release(kept);
    return std::move(entry.output);
  }

  bool empty() const { return queue_.empty(); }
  std::size_t size() const { return queue_.size(); }
  /// Packets refused since the start.
  std::uint64_t dropped() const { return dropped_; }

 private:
  /// What a burst needs beyond this is given back after it: an outbox of a hundred bytes an entry keeps 13 kB at most.
  static constexpr std::size_t kept = 128;
  struct Entry {
    Output output{};
    bool packet = false;
  };
  base::Ring<Entry> queue_;
  std::size_t packets_ = 0;
  std::size_t packetLimit_;
  std::uint64_t dropped_ = 0;
};

}  // namespace parley::base
