#pragma once

#include "base/bytes.hpp"
#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/packetizer.hpp"
#include "rtp/payload/split.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace parley::rtp::payload {

/// RFC 7741 s.4.2.
struct Vp8Descriptor {
  bool startOfPartition = false;  ///< S
  std::uint8_t partition = 0;     ///< PID
  bool longPictureId = false;     ///< 15 bits on the wire, not 7.
  Vp8FrameInfo info = {};
  std::size_t size = 0;           ///< Bytes before the VP8 payload.

  static base::Result<Vp8Descriptor, PayloadError> parse(base::Bytes payload);
  /// At most 6 bytes. A picture ID is always written with 15 bits.
  std::size_t write(std::array<std::uint8_t, 6>& out) const;
};

/// Each packet is a piece of one partition, the first: the header's boundaries between partitions are no use to anybody
/// who drops incomplete frames (RFC 7741 s.4.4 allows it).
class Vp8Packetizer final : public Packetizer {
 public:
  explicit Vp8Packetizer(std::uint16_t firstPictureId) : pictureId_(firstPictureId & 0x7fff) {}
  base::Result<std::size_t, PacketizeError> start(const EncodedFrame& frame, const PayloadLimits& limits) override;
  bool next(Packet& packet) override;

 private:
  std::uint16_t pictureId_;
  FrameData data_;
  std::size_t offset_ = 0;
  bool endOfPicture_ = true;
  std::array<std::uint8_t, 6> descriptor_{};
  std::size_t descriptorSize_ = 0;
  Split split_;
};

class Vp8Depacketizer final : public Depacketizer {
 public:
  base::Result<PayloadInfo, PayloadError> parse(base::Bytes payload) const override;
  void begin() override { first_ = true; }
  bool append(base::Bytes payload, std::vector<std::uint8_t>& bytes) override;
  bool finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) override;

 private:
  bool first_ = true;
  Vp8FrameInfo info_;
};

}  // namespace parley::rtp::payload
