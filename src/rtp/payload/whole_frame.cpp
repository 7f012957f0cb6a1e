#include "rtp/payload/whole_frame.hpp"

namespace parley::rtp::payload {

base::Result<std::size_t, PacketizeError> WholeFramePacketizer::start(const EncodedFrame& frame,
                                                                      const PayloadLimits& limits) {
  if (frame.data.empty()) return base::unexpected(PacketizeError::EmptyFrame);
  if (frame.data.size() + limits.firstReduction + limits.lastReduction > limits.maximum)
    return base::unexpected(PacketizeError::TooLarge);
  data_ = frame.data;
  // RFC 3551 s.4.1: the marker bit of audio begins a talkspurt; RFC 4733 s.2.2.1: an event.
  marker_ = frame.startsTalkspurt;
  return 1;
}

bool WholeFramePacketizer::next(Packet& packet) {
  packet.append(data_.bytes());
  data_ = {};
  return marker_;
}

base::Result<PayloadInfo, PayloadError> WholeFrameDepacketizer::parse(base::Bytes) const {
  return PayloadInfo{true, false, true};
}

bool WholeFrameDepacketizer::append(base::Bytes payload, std::vector<std::uint8_t>& bytes) {
  bytes.assign(payload.begin(), payload.end());
  return true;
}

bool WholeFrameDepacketizer::finish(std::vector<std::uint8_t>&, EncodedFrame& frame) {
  frame.type = EncodedFrameType::Key;
  return true;
}

}  // namespace parley::rtp::payload
