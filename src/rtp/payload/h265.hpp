#pragma once

#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/nal.hpp"
#include "rtp/payload/resolution.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace parley::rtp::payload {

/// H.265 s.7.3.2.2.1, as far as a stream's user cares.
struct H265Sps {
  std::uint32_t id = 0;
  std::uint32_t vpsId = 0;
  Resolution resolution;
};
/// `unit` with its header.
std::optional<H265Sps> readH265Sps(base::Bytes unit);

/// RFC 7798 without decoding order numbers (sprop-max-don-diff is 0): single NAL units, AP and FU.
class H265Packetizer final : public NalPacketizer {
 public:
  H265Packetizer();

 private:
  bool maySend(base::Bytes unit) const override;
  void writeAggregateHeader(std::span<const base::Bytes> units, base::MutableBytes out) const override;
  void writeFragmentHeader(base::Bytes unit, bool first, bool last, base::MutableBytes out) const override;
};

/// As H264Depacketizer: a key frame (IRAP picture) gets its parameter sets, or counts as incomplete.
class H265Depacketizer final : public Depacketizer {
 public:
  /// Each a list in Base64 as in a=fmtp; may be empty.
  H265Depacketizer(std::string_view vps, std::string_view sps, std::string_view pps);
  base::Result<PayloadInfo, PayloadError> parse(base::Bytes payload) const override;
  void begin() override { frame_.begin(); }
  bool append(base::Bytes payload, std::vector<std::uint8_t>& bytes) override;
  bool finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) override;

 private:
  void learn(base::Bytes unit);
  bool complete(base::Bytes slice, bool hasVps, bool hasSps, bool hasPps, std::vector<std::uint8_t>& bytes,
                EncodedFrame& frame) const;

  NalFrame frame_;
  ParameterSets sets_;
};

}  // namespace parley::rtp::payload
