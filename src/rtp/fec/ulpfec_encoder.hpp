#pragma once

#include "base/bytes.hpp"
#include "rtp/fec/ulpfec.hpp"

#include <parley/time.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace parley::rtp::fec {

/// Decides when a stream needs FEC and how much, and makes it from groups of its packets.
///
/// A retransmission costs only what was lost, but comes a round trip later: with a short one, where the peer asks for
/// what it misses, there is no FEC. Otherwise there is as much as the peer's reports tell of loss. A group is what one
/// or more packets of FEC are made for; it is not closed for less than a whole one, but never waits longer than it
/// takes others to be sent again.
class UlpfecEncoder {
 public:
  /// What the peer's report says of the time since the one before. `asks`: it asks for what it misses.
  void report(double fractionLost, Duration roundTrip, bool asks);
  /// Packets are to be protected.
  bool on() const { return on_; }
  /// What FEC takes of the bitrate beside what it protects: 0.1 is a tenth of that.
  double overhead() const;

  /// The next packet of the stream as it is protected (see the namespace), while it is `on`.
  void add(base::Bytes packet);
  /// The FEC payloads that belong behind the packet that was added last; mostly none. Valid until the next `add`.
  std::span<const std::vector<std::uint8_t>> take(bool endOfFrame);

 private:
  std::span<const base::Bytes> members(std::size_t index, std::size_t count);

  bool on_ = false;
  double loss_ = 0;  ///< Smoothed.
  /// Packets of the group; their room stays.
  std::vector<std::vector<std::uint8_t>> packets_;
  std::size_t held_ = 0;
  int frames_ = 0;
  std::vector<std::vector<std::uint8_t>> payloads_;
  std::vector<base::Bytes> views_;
};

}  // namespace parley::rtp::fec
