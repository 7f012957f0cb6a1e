#pragma once

#include "rtp/frame_rate.hpp"

#include <parley/time.hpp>

#include <cstdint>
#include <optional>
#include <string>

/// \file
/// What streams know of themselves, with the names of webrtc-stats. Plain values; times are the engine's.

namespace parley::rtp {

/// Of "codec": what was sent or received last.
struct CodecInUse {
  std::string mimeType;
  std::uint8_t payloadType = 0;
  std::uint32_t clockRate = 0;
  std::uint16_t channels = 0;  ///< 0 for video.
  std::string parameters;      ///< Of a=fmtp.
};

/// Of "outbound-rtp", and of "remote-inbound-rtp" below it: what the peer reports.
struct OutboundStats {
  std::uint64_t packetsSent = 0;  ///< Retransmissions included, as are the bytes.
  std::uint64_t bytesSent = 0;    ///< Payload without headers and padding.
  std::uint64_t headerBytesSent = 0;
  std::uint64_t retransmittedPacketsSent = 0, retransmittedBytesSent = 0;
  /// What the application handed over to be sent on this stream.
  std::uint64_t framesEncoded = 0, keyFramesEncoded = 0;
  std::uint64_t framesSent = 0;
  std::uint64_t framesDropped = 0;  ///< Not of webrtc-stats: the payload format or the circuit breaker refused them.
  std::uint32_t nackCount = 0, pliCount = 0, firCount = 0;
  std::uint16_t frameWidth = 0, frameHeight = 0;
  FrameRate frameRate;  ///< Of what was handed over.
  std::optional<CodecInUse> codec;

  struct Remote {
    std::int32_t packetsLost = 0;
    std::uint64_t packetsReceived = 0;
    double jitter = 0;        ///< Seconds.
    double fractionLost = 0;  ///< Of the last interval.
    std::optional<Duration> roundTripTime;
    Duration totalRoundTripTime{};
    std::uint64_t roundTripTimeMeasurements = 0;
    Time timestamp{};
  };
  std::optional<Remote> remote;
};

/// Of "inbound-rtp", and of "remote-outbound-rtp" below it: what the peer says that it sent.
struct InboundStats {
  std::uint64_t packetsReceived = 0;
  std::int64_t packetsLost = 0;
  double jitter = 0;                ///< Seconds.
  std::uint64_t bytesReceived = 0;  ///< Payload without headers and padding.
  std::uint64_t headerBytesReceived = 0;
  std::uint64_t packetsDiscarded = 0;  ///< Came too late.
  /// Of a payload type that was not agreed on, or RED that holds nothing of one that was. Not of webrtc-stats.
  std::uint64_t packetsRefused = 0;
  bool rtx = false;                    ///< Negotiated: only then retransmissions can be told from others.
  std::uint64_t retransmittedPacketsReceived = 0, retransmittedBytesReceived = 0;
  bool fec = false;  ///< Negotiated.
  std::uint64_t fecPacketsReceived = 0, fecBytesReceived = 0;
  std::uint64_t fecPacketsDiscarded = 0;  ///< Those that could not be used.
  std::uint64_t packetsRestored = 0;      ///< By FEC. Not of webrtc-stats.
  std::uint64_t framesReceived = 0, keyFramesReceived = 0, framesDropped = 0;
  std::uint32_t nackCount = 0, pliCount = 0, firCount = 0;
  std::uint16_t frameWidth = 0, frameHeight = 0;
  std::optional<Time> lastPacketReceived;
  std::optional<CodecInUse> codec;

  struct Remote {
    std::uint64_t packetsSent = 0, bytesSent = 0;  ///< Beyond the 32 bits of the reports.
    std::uint64_t reportsSent = 0;
    std::uint64_t remoteTimestamp = 0;  ///< NTP.
    /// By DLRR (RFC 3611 s.4.5); only if one came with the latest report.
    std::optional<Duration> roundTripTime;
    Duration totalRoundTripTime{};
    std::uint64_t roundTripTimeMeasurements = 0;
    Time timestamp{};
  };
  std::optional<Remote> remote;
};

}  // namespace parley::rtp
