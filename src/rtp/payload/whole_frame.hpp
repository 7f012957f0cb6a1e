#pragma once

#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/packetizer.hpp"

namespace parley::rtp::payload {

/// The formats that put a frame into one packet as it is: Opus (RFC 7587), G.711, G.722 and their like (RFC 3551),
/// comfort noise (RFC 3389), telephone events (RFC 4733).
class WholeFramePacketizer final : public Packetizer {
 public:
  base::Result<std::size_t, PacketizeError> start(const EncodedFrame& frame, const PayloadLimits& limits) override;
  bool next(Packet& packet) override;

 private:
  FrameData data_;
  bool marker_ = false;
};

class WholeFrameDepacketizer final : public Depacketizer {
 public:
  base::Result<PayloadInfo, PayloadError> parse(base::Bytes payload) const override;
  void begin() override {}
  bool append(base::Bytes payload, std::vector<std::uint8_t>& bytes) override;
  bool finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) override;
};

}  // namespace parley::rtp::payload
