#pragma once

#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/obu.hpp"
#include "rtp/payload/packetizer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::rtp::payload {

/// The RTP payload format for AV1. A payload is an aggregation header and OBU elements (OBUs or fragments of them).
class Av1Packetizer final : public Packetizer {
 public:
  base::Result<std::size_t, PacketizeError> start(const EncodedFrame& frame, const PayloadLimits& limits) override;
  bool next(Packet& packet) override;

 private:
  /// A piece of an OBU without its size.
  struct Element {
    std::size_t obu = 0;
    std::size_t offset = 0;
    std::size_t size = 0;
  };
  struct Payload {
    std::size_t first = 0;  ///< Index of its first element.
    std::size_t count = 0;
  };

  bool plan(const PayloadLimits& limits);
  bool mayFollow(const Payload& payload, const Obu& obu) const;
  void writeElement(const Element& element, Packet& packet) const;

  FrameData data_;
  std::vector<Obu> obus_;
  std::vector<Element> elements_;
  std::vector<Payload> payloads_;
  std::size_t next_ = 0;
  bool newSequence_ = false;
  bool endOfPicture_ = true;
};

class Av1Depacketizer final : public Depacketizer {
 public:
  base::Result<PayloadInfo, PayloadError> parse(base::Bytes payload) const override;
  void begin() override;
  bool append(base::Bytes payload, std::vector<std::uint8_t>& bytes) override;
  bool finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) override;

 private:
  bool appendObu(base::Bytes element, std::vector<std::uint8_t>& bytes);

  std::vector<std::uint8_t> fragment_;  ///< Of an OBU that continues in the next packet.
  bool continues_ = false;
  bool newSequence_ = false;
  bool sequenceHeader_ = false;
  std::optional<bool> keyFrame_;
  std::optional<Resolution> resolution_;
};

}  // namespace parley::rtp::payload
