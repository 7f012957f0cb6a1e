#pragma once

#include "rtp/rtcp/feedback.hpp"
#include "rtp/rtcp/records.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace parley::rtp::rtcp {

/// RFC 8888 s.3.1: what is said of one packet.
struct PacketMetric {
  /// Arrival time offset: how long before the report's timestamp the packet came, in units of 2^-10 s.
  static constexpr std::uint16_t offsetTooLarge = 0x1ffe;     ///< 8 s or longer ago.
  static constexpr std::uint16_t offsetUnavailable = 0x1fff;  ///< Not known, or after the timestamp.

  bool received = false;
  std::uint8_t ecn = 0;  ///< Two bits as in the IP header (RFC 3168 s.5).
  std::uint16_t arrivalOffset = 0;

  static constexpr std::size_t wireSize = 2;
  static PacketMetric read(const std::uint8_t* at);
  void write(std::uint8_t* at) const;
  bool operator==(const PacketMetric&) const = default;
};

/// What is said of one stream: a metric for each packet from `beginSequence` on.
struct StreamMetrics {
  std::uint32_t ssrc = 0;
  std::uint16_t beginSequence = 0;
  Records<PacketMetric> metrics = {};
};

/// RFC 8888 s.3.1: which packets of each stream came when. Either as read, or to be written from `streams`.
class CongestionFeedback {
 public:
  /// RFC 8888 s.3.1: more metrics of one stream go into several packets.
  static constexpr std::size_t maximumMetrics = 16384;

  /// To be written. The streams, of at most `maximumMetrics` each, must live as long as this. `timestamp`: the middle of
  /// the NTP timestamp of the moment when the report is made.
  CongestionFeedback(std::uint32_t sender, std::span<const StreamMetrics> streams, std::uint32_t timestamp)
      : sender_(sender), timestamp_(timestamp), streams_(streams) {}

  static bool matches(const PacketView& packet) {
    return isFeedback(packet, Type::TransportFeedback, transport_format::congestion);
  }
  static base::Result<CongestionFeedback, ParseError> parse(const PacketView& packet);
  std::size_t size() const;
  void write(base::MutableBytes room) const;

  std::uint32_t sender() const { return sender_; }
  std::uint32_t timestamp() const { return timestamp_; }

  /// Calls `function(StreamMetrics)` for each stream.
  template <class Function>
  void forEach(Function function) const {
    for (const StreamMetrics& stream : streams_) function(stream);
    base::Bytes rest = wire_;
    StreamMetrics stream;
    while (!rest.empty() && next(rest, stream)) function(stream);
  }

 private:
  /// False if it does not fit.
  static bool next(base::Bytes& rest, StreamMetrics& stream);
  CongestionFeedback(std::uint32_t sender, std::uint32_t timestamp, base::Bytes wire)
      : sender_(sender), timestamp_(timestamp), wire_(wire) {}

  std::uint32_t sender_;
  std::uint32_t timestamp_;
  std::span<const StreamMetrics> streams_;
  base::Bytes wire_;
};

}  // namespace parley::rtp::rtcp
