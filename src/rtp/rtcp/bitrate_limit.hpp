#pragma once

#include "rtp/rtcp/feedback.hpp"
#include "rtp/rtcp/records.hpp"

#include <cstddef>
#include <cstdint>

namespace parley::rtp::rtcp {

/// draft-alvestrand-rmcat-remb-03 s.2.2: what the receiver believes the path carries, for all these streams together.
struct Remb {
  std::uint32_t sender = 0;
  std::uint64_t bitrate = 0;  ///< bit/s. 18 bits of it go on the wire, the rest is rounded down.
  Records<std::uint32_t> ssrcs = {};  ///< At most 255 are written.

  /// By format and by its name "REMB": other application layer feedback has the same format.
  static bool matches(const PacketView& packet);
  static base::Result<Remb, ParseError> parse(const PacketView& packet);
  std::size_t size() const;
  void write(base::MutableBytes room) const;
};

/// RFC 5104 s.4.2.1.1: a limit for one stream, and what the receiver counts as overhead of a packet.
struct BitrateLimit {
  std::uint32_t ssrc = 0;         ///< TMMBR: who shall obey. TMMBN: whose request it is.
  std::uint64_t bitrate = 0;      ///< bit/s. 17 bits of it go on the wire, the rest is rounded down.
  std::uint16_t packetOverhead = 0;  ///< Octets; 9 bits.

  static constexpr std::size_t wireSize = 8;
  static BitrateLimit read(const std::uint8_t* at);
  void write(std::uint8_t* at) const;
  bool operator==(const BitrateLimit&) const = default;
};

/// RFC 5104 s.4.2.1: a request to send no more than this.
struct Tmmbr {
  std::uint32_t sender = 0;
  Records<BitrateLimit> limits = {};

  static bool matches(const PacketView& packet) {
    return isFeedback(packet, Type::TransportFeedback, transport_format::tmmbr);
  }
  static base::Result<Tmmbr, ParseError> parse(const PacketView& packet);
  std::size_t size() const { return headerSize + FeedbackSources::wireSize + limits.wireSize(); }
  void write(base::MutableBytes room) const;
};

/// RFC 5104 s.4.2.2: the sender's answer: the requests that bind it, none if there are none.
struct Tmmbn {
  std::uint32_t sender = 0;
  Records<BitrateLimit> limits = {};

  static bool matches(const PacketView& packet) {
    return isFeedback(packet, Type::TransportFeedback, transport_format::tmmbn);
  }
  static base::Result<Tmmbn, ParseError> parse(const PacketView& packet);
  std::size_t size() const { return headerSize + FeedbackSources::wireSize + limits.wireSize(); }
  void write(base::MutableBytes room) const;
};

}  // namespace parley::rtp::rtcp
