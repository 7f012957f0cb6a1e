#pragma once

#include "base/bytes.hpp"
#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/packetizer.hpp"
#include "rtp/payload/split.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::rtp::payload {

/// RFC 9628 s.4.2.
struct Vp9Descriptor {
  bool startOfFrame = false;  ///< B
  bool endOfFrame = false;    ///< E
  Vp9FrameInfo info = {};
  std::size_t size = 0;       ///< Bytes before the VP9 payload.

  static base::Result<Vp9Descriptor, PayloadError> parse(base::Bytes payload);
  /// Appends to `out`. A picture ID is always written with 15 bits.
  void write(std::vector<std::uint8_t>& out) const;
};

class Vp9Packetizer final : public Packetizer {
 public:
  explicit Vp9Packetizer(std::uint16_t firstPictureId) : pictureId_(firstPictureId & 0x7fff) {}
  base::Result<std::size_t, PacketizeError> start(const EncodedFrame& frame, const PayloadLimits& limits) override;
  bool next(Packet& packet) override;

 private:
  std::uint16_t pictureId_;
  FrameData data_;
  std::size_t offset_ = 0;
  bool endOfPicture_ = true;
  std::vector<std::uint8_t> first_;  ///< The first packet's descriptor, with the scalability structure.
  std::vector<std::uint8_t> other_;
  Split split_;
};

class Vp9Depacketizer final : public Depacketizer {
 public:
  base::Result<PayloadInfo, PayloadError> parse(base::Bytes payload) const override;
  void begin() override { started_ = false; }
  bool append(base::Bytes payload, std::vector<std::uint8_t>& bytes) override;
  bool finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) override;

 private:
  bool started_ = false;
  bool ended_ = false;
  Vp9FrameInfo info_;
};

}  // namespace parley::rtp::payload
