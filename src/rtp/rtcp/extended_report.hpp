#pragma once

#include "rtp/ntp.hpp"
#include "rtp/rtcp/compound.hpp"
#include "rtp/rtcp/records.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::rtp::rtcp {

/// RFC 3611 s.4.5: the answer to one receiver's RRTR.
struct DlrrItem {
  std::uint32_t ssrc = 0;                   ///< Of the receiver that asked.
  std::uint32_t lastReceiverReport = 0;     ///< LRR: the middle of its NTP timestamp.
  std::uint32_t delaySinceLastReceiverReport = 0;  ///< DLRR: units of 2^-16 s.

  static constexpr std::size_t wireSize = 12;
  static DlrrItem read(const std::uint8_t* at) {
    return {base::load32(at), base::load32(at + 4), base::load32(at + 8)};
  }
  void write(std::uint8_t* at) const {
    base::store32(at, ssrc);
    base::store32(at + 4, lastReceiverReport);
    base::store32(at + 8, delaySinceLastReceiverReport);
  }
};

/// RFC 3611, of which receivers that send nothing need this much to measure the round trip. Of several blocks of one kind
/// the first counts; other kinds are ignored.
struct ExtendedReport {
  std::uint32_t ssrc = 0;
  std::optional<NtpTime> receiverReferenceTime = std::nullopt;  ///< RRTR, s.4.4.
  Records<DlrrItem> dlrr = {};                                  ///< s.4.5; not written if empty.

  static bool matches(const PacketView& packet) { return packet.type == Type::ExtendedReport; }
  static base::Result<ExtendedReport, ParseError> parse(const PacketView& packet);
  std::size_t size() const;
  void write(base::MutableBytes room) const;
};

}  // namespace parley::rtp::rtcp
