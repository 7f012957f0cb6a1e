#pragma once

#include "rtp/bandwidth/sent_packets.hpp"
#include "rtp/rtcp/congestion_feedback.hpp"
#include "rtp/sequence.hpp"

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace parley::rtp::bandwidth {

/// The sender's side of RFC 8888: what went out with which SSRC and sequence number, until the receiver says when it
/// came. Packets have a number of all streams here, as transport-wide numbers are, which feedback is translated to.
class SentSources {
 public:
  void add(std::uint32_t ssrc, std::uint16_t sequence, std::size_t size, std::uint32_t probe, Time now);
  /// As `SentPackets::match`; in the order in which packets were sent.
  std::span<const PacketResult> match(const rtcp::CongestionFeedback& feedback);

 private:
  /// Of each SSRC: one and a half seconds of 25 Mbit/s.
  static constexpr std::size_t remembered = 4096;
  struct Sent {
    std::uint16_t sequence = 0;
    std::uint16_t number = 0;
    bool used = false;
  };
  using Source = std::vector<Sent>;  ///< By the sequence number.

  SentPackets packets_;
  std::uint16_t number_ = 0;
  std::map<std::uint32_t, Source> sources_;  ///< Our own, and those that were.
  Unwrapper<std::uint32_t> timestamps_;
};

}  // namespace parley::rtp::bandwidth
