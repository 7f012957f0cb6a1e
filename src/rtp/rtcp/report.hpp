#pragma once

#include "rtp/ntp.hpp"
#include "rtp/rtcp/compound.hpp"
#include "rtp/rtcp/records.hpp"

#include <cstddef>
#include <cstdint>

namespace parley::rtp::rtcp {

/// RFC 3550 s.6.4.1: what one receiver says of one source.
struct ReportBlock {
  std::uint32_t ssrc = 0;                      ///< The source that it is about.
  std::uint8_t fractionLost = 0;               ///< Of 256, since the report before.
  std::int32_t cumulativeLost = 0;             ///< 24 bits with a sign; cut to that when written.
  std::uint32_t extendedHighestSequence = 0;
  std::uint32_t jitter = 0;                    ///< In units of the source's RTP clock.
  std::uint32_t lastSenderReport = 0;          ///< LSR: `NtpTime::middle` of the last SR; 0 for none.
  std::uint32_t delaySinceLastSenderReport = 0;  ///< DLSR: units of 2^-16 s.

  static constexpr std::size_t wireSize = 24;
  static ReportBlock read(const std::uint8_t* at);
  void write(std::uint8_t* at) const;
};

/// The count of a header has five bits; whoever has more blocks writes more packets.
inline constexpr std::size_t maximumReports = 31;

/// RFC 3550 s.6.4.1.
struct SenderReport {
  std::uint32_t ssrc = 0;
  NtpTime ntp;
  std::uint32_t rtpTimestamp = 0;
  std::uint32_t packetCount = 0;
  std::uint32_t octetCount = 0;
  Records<ReportBlock> reports = {};

  static bool matches(const PacketView& packet) { return packet.type == Type::SenderReport; }
  /// Profile-specific extensions are ignored. Precondition: matches(packet); so for all of these.
  static base::Result<SenderReport, ParseError> parse(const PacketView& packet);
  std::size_t size() const;
  void write(base::MutableBytes room) const;
};

/// RFC 3550 s.6.4.2.
struct ReceiverReport {
  std::uint32_t ssrc = 0;
  Records<ReportBlock> reports = {};

  static bool matches(const PacketView& packet) { return packet.type == Type::ReceiverReport; }
  static base::Result<ReceiverReport, ParseError> parse(const PacketView& packet);
  std::size_t size() const;
  void write(base::MutableBytes room) const;
};

}  // namespace parley::rtp::rtcp
