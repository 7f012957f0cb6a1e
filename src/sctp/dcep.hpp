#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "sctp/association.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::sctp::dcep {

/// DATA_CHANNEL_OPEN (RFC 8832 s.5.1).
struct Open {
  Reliability reliability;
  std::uint16_t priority = 256;
  std::string label;
  std::string protocol;

  bool operator==(const Open&) const = default;
};

/// DATA_CHANNEL_ACK (RFC 8832 s.5.2).
struct Ack {
  bool operator==(const Ack&) const = default;
};

using Message = std::variant<Open, Ack>;

enum class ParseError {
  Empty,
  UnknownType,
  UnknownChannelType,
  Truncated,       ///< The lengths go beyond the message.
  TrailingOctets,  ///< The message goes beyond the lengths.
};
std::string_view toString(ParseError error);

/// A limit above 65535 is taken as 65535, the largest that the W3C's attributes can say.
base::Result<Message, ParseError> parse(base::Bytes bytes);
/// Precondition: label and protocol have at most 65535 bytes each.
std::vector<std::uint8_t> write(const Message& message);

}  // namespace parley::sctp::dcep
