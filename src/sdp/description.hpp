#pragma once

#include "sdp/attributes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// A session description as a tree of values (RFC 8866 s.5). Two trees are equal if they say the same in one order.

namespace parley::sdp {

/// RFC 8866 s.5.2
struct Origin {
  std::string username = "-";
  std::uint64_t sessionId = 0;  ///< RFC 9429 s.5.2.1 keeps it below 2^63.
  std::uint64_t sessionVersion = 0;
  Connection address;
  bool operator==(const Origin&) const = default;
};

/// RFC 8866 s.5.8
struct Bandwidth {
  std::string type;         ///< "AS", "TIAS", …
  std::uint64_t value = 0;  ///< In the type's unit: kbit/s for AS, bit/s for TIAS.
  bool operator==(const Bandwidth&) const = default;
};

/// RFC 8866 s.5.9 to 5.11; WebRTC's is "0 0". The values of r= and z= are checked and kept as text.
struct Timing {
  std::uint64_t start = 0;
  std::uint64_t stop = 0;
  std::vector<std::string> repeats;
  std::optional<std::string> zones;
  bool operator==(const Timing&) const = default;
};

/// RFC 8866 s.5.14
struct MediaSection {
  std::string kind;  ///< "audio", "video", "application", …
  std::uint16_t port = 0;
  std::optional<std::uint32_t> portCount;
  std::string protocol;              ///< "UDP/TLS/RTP/SAVPF", "UDP/DTLS/SCTP", …
  std::vector<std::string> formats;  ///< Payload types of RTP, "webrtc-datachannel" of SCTP.
  std::optional<std::string> title;
  std::vector<Connection> connections;
  std::vector<Bandwidth> bandwidths;
  std::optional<std::string> key;
  std::vector<Attribute> attributes;
  bool operator==(const MediaSection&) const = default;

  /// Formats are RTP payload types.
  bool isRtp() const;
  /// Today's or the older way to say SCTP over DTLS.
  bool isSctp() const;
};

struct Description {
  std::uint64_t version = 0;
  Origin origin;
  std::string sessionName = "-";
  std::optional<std::string> information;
  std::optional<std::string> uri;
  std::vector<std::string> emails;
  std::vector<std::string> phones;
  std::optional<Connection> connection;
  std::vector<Bandwidth> bandwidths;
  std::vector<Timing> timings = std::vector<Timing>(1);  ///< At least one.
  std::optional<std::string> key;
  std::vector<Attribute> attributes;
  std::vector<MediaSection> media;
  bool operator==(const Description&) const = default;
};

}  // namespace parley::sdp
