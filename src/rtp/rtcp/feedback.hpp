#pragma once

#include "rtp/rtcp/compound.hpp"

#include <cstddef>
#include <cstdint>

namespace parley::rtp::rtcp {

/// The formats (FMT) of feedback packets of either kind (RFC 4585 s.6.2 and 6.3, RFC 5104 s.4, RFC 8888 s.3.1,
/// draft-holmer-rmcat-transport-wide-cc-extensions-01 s.3.1).
namespace transport_format {
inline constexpr std::uint8_t nack = 1;
inline constexpr std::uint8_t tmmbr = 3;
inline constexpr std::uint8_t tmmbn = 4;
inline constexpr std::uint8_t congestion = 11;
inline constexpr std::uint8_t transportWide = 15;
}  // namespace transport_format
namespace payload_format {
inline constexpr std::uint8_t pli = 1;
inline constexpr std::uint8_t fir = 4;
inline constexpr std::uint8_t application = 15;
}  // namespace payload_format

/// RFC 4585 s.6.1: what each feedback packet begins with, behind its header.
struct FeedbackSources {
  std::uint32_t sender = 0;  ///< The SSRC of who gives the feedback.
  std::uint32_t media = 0;   ///< The stream that it is about; 0 where the contents name the streams.

  static constexpr std::size_t wireSize = 8;
  static FeedbackSources read(const std::uint8_t* at) { return {base::load32(at), base::load32(at + 4)}; }
  void write(std::uint8_t* at) const {
    base::store32(at, sender);
    base::store32(at + 4, media);
  }
};

inline bool isFeedback(const PacketView& packet, Type type, std::uint8_t format) {
  return packet.type == type && packet.count == format;
}

}  // namespace parley::rtp::rtcp
