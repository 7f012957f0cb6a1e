#pragma once

#include "rtp/rtcp/feedback.hpp"
#include "rtp/rtcp/records.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace parley::rtp::rtcp {

/// A lost packet, and a bit for each of the 16 that follow it: the lowest for the next one.
struct NackItem {
  std::uint16_t packetId = 0;
  std::uint16_t followingLost = 0;

  static constexpr std::size_t wireSize = 4;
  static NackItem read(const std::uint8_t* at) { return {base::load16(at), base::load16(at + 2)}; }
  void write(std::uint8_t* at) const {
    base::store16(at, packetId);
    base::store16(at + 2, followingLost);
  }
  bool operator==(const NackItem&) const = default;
};

/// Packs sequence numbers, in ascending order (over the wrap), into as few items as it takes; `items` is replaced.
void packNackItems(std::span<const std::uint16_t> lost, std::vector<NackItem>& items);

/// RFC 4585 s.6.2.1: packets of `media` that did not come.
struct Nack {
  std::uint32_t sender = 0;
  std::uint32_t media = 0;
  Records<NackItem> items = {};

  static bool matches(const PacketView& packet) {
    return isFeedback(packet, Type::TransportFeedback, transport_format::nack);
  }
  static base::Result<Nack, ParseError> parse(const PacketView& packet);
  std::size_t size() const { return headerSize + FeedbackSources::wireSize + items.wireSize(); }
  void write(base::MutableBytes room) const;

  /// Calls `function(sequenceNumber)` for each lost packet: at most 17 for each item.
  template <class Function>
  void forEachLost(Function function) const {
    for (NackItem item : items) {
      function(item.packetId);
      for (unsigned i = 0; i < 16; ++i)
        if (item.followingLost >> i & 1) function(static_cast<std::uint16_t>(item.packetId + i + 1));
    }
  }
};

}  // namespace parley::rtp::rtcp
