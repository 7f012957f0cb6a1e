#pragma once

#include "base/bytes.hpp"

#include <parley/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace parley::stun {

/// How messages lie in a byte stream.
enum class Framing : std::uint8_t {
  Turn,     ///< STUN messages and ChannelData padded to four bytes, one after the other (RFC 8656 s.3.1, s.12.5).
  Rfc4571,  ///< Each packet behind its length in two bytes: ICE-TCP (RFC 6544 s.3).
};

/// Cuts a byte stream into messages.
///
///     deframer.push(bytes);
///     while (auto message = deframer.next()) use(*message);
///
/// A message that lies whole in what was pushed is returned in place; only one that was split is copied. What a message
/// borrows ends with the next call. At most one message (65,557 bytes) is ever kept.
class StreamDeframer {
 public:
  /// Why a stream cannot be read on: nothing in it would tell where the next message starts.
  enum class Error : std::uint8_t {
    NotStun,  ///< Neither STUN (first two bits, magic cookie, length) nor a channel number of RFC 8656 s.12.
  };

  explicit StreamDeframer(Framing framing) : framing_(framing) {}

  /// The next bytes of the stream. They must stay, and `next` be called until it returns nothing, before the next
  /// `push`.
  void push(base::MutableBytes bytes);
  /// The next whole message, without framing and padding (a ChannelData message keeps its header: it is the channel
  /// number). Empty frames of RFC 4571 are skipped.
  std::optional<base::MutableBytes> next();
  /// Once set, `next` returns nothing any more, and the stream is to be closed.
  std::optional<Error> error() const { return error_; }
  /// Bytes that wait for the rest of their message.
  std::size_t pending() const { return kept_.size(); }

 private:
  /// The size of the frame that starts with these bytes: of its header and payload, and with its padding.
  struct Extent {
    std::size_t header = 0;   ///< bytes in front that are not part of the message
    std::size_t message = 0;
    std::size_t padding = 0;
  };
  static constexpr std::size_t neededFor(Framing framing) { return framing == Framing::Turn ? 4 : 2; }
  std::optional<Extent> extentOf(base::Bytes start);

  Framing framing_;
  std::optional<Error> error_;
  base::MutableBytes pushed_;         ///< borrowed; what of it was not looked at yet
  std::vector<std::uint8_t> kept_;    ///< the start of a message that was split
  std::vector<std::uint8_t> joined_;  ///< the split message that was returned last
};

std::string_view toString(StreamDeframer::Error error);

/// Puts the length in front of a packet that goes out over ICE-TCP (RFC 4571 s.2). Precondition: two bytes of headroom,
/// and at most 65535 of payload.
void frameRfc4571(Packet& packet);

/// RFC 8656 s.12.5: over a stream, ChannelData is padded to a multiple of four bytes, which its length does not count.
/// Precondition: three bytes of tailroom.
void padChannelData(Packet& packet);

}  // namespace parley::stun
