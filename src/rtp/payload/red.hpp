#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/packetizer.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace parley::rtp::payload {

/// One frame in a packet of redundant audio (RFC 2198 s.3).
struct RedBlock {
  std::uint8_t payloadType = 0;
  /// How much earlier than the packet's timestamp; 0 for the primary one, which is the last. At most 16383.
  std::uint16_t timestampOffset = 0;
  base::Bytes data = {};
};

/// The blocks of a payload, the primary one last.
base::Result<void, PayloadError> parseRed(base::Bytes payload, std::vector<RedBlock>& blocks);

/// The payload types in a=fmtp of red ("111/111"): the primary one, then those of the redundant ones. Nothing if it is
/// no such list.
std::optional<std::vector<std::uint8_t>> readRedParameters(std::string_view parameters);

/// Each packet carries its frame and as many of those before it as the parameters name, if they fit.
class RedPacketizer final : public Packetizer {
 public:
  explicit RedPacketizer(std::vector<std::uint8_t> payloadTypes);
  base::Result<std::size_t, PacketizeError> start(const EncodedFrame& frame, const PayloadLimits& limits) override;
  bool next(Packet& packet) override;

 private:
  struct Earlier {
    std::uint32_t timestamp = 0;
    FrameData data;
  };
  std::vector<std::uint8_t> payloadTypes_;
  std::deque<Earlier> earlier_;  ///< The oldest first.
  std::size_t first_ = 0;        ///< The first of `earlier_` that goes with the frame.
  std::uint32_t timestamp_ = 0;
  FrameData data_;
  bool marker_ = false;
};

}  // namespace parley::rtp::payload
