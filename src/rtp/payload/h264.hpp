#pragma once

#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/nal.hpp"
#include "rtp/payload/resolution.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::rtp::payload {

/// H.264 s.7.3.2.1.1, as far as a stream's user cares.
struct H264Sps {
  std::uint32_t id = 0;
  std::uint32_t profileLevelId = 0;
  Resolution resolution;
};
/// `unit` with its header.
std::optional<H264Sps> readH264Sps(base::Bytes unit);

/// RFC 6184. Packetization mode 0 sends single NAL units only; mode 1 STAP-A and FU-A as well.
class H264Packetizer final : public NalPacketizer {
 public:
  explicit H264Packetizer(unsigned packetizationMode);

 private:
  bool maySend(base::Bytes unit) const override;
  void writeAggregateHeader(std::span<const base::Bytes> units, base::MutableBytes out) const override;
  void writeFragmentHeader(base::Bytes unit, bool first, bool last, base::MutableBytes out) const override;
};

/// Takes whatever modes 0 and 1 may send. A key frame (IDR) without its parameter sets gets those that came before, or
/// that the SDP has told (sprop-parameter-sets); one whose sets nobody knows counts as incomplete.
class H264Depacketizer final : public Depacketizer {
 public:
  explicit H264Depacketizer(std::string_view spropParameterSets);
  base::Result<PayloadInfo, PayloadError> parse(base::Bytes payload) const override;
  void begin() override { frame_.begin(); }
  bool append(base::Bytes payload, std::vector<std::uint8_t>& bytes) override;
  bool finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) override;

 private:
  void learn(base::Bytes unit);
  bool complete(base::Bytes slice, bool hasSps, bool hasPps, std::vector<std::uint8_t>& bytes,
                EncodedFrame& frame) const;

  NalFrame frame_;
  ParameterSets sets_;
};

}  // namespace parley::rtp::payload
