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
  Turn,  ///< STUN messages and ChannelData padded to four bytes, one after the other (RFC 8656 s.12.5). `TurnClient`
         ///< writes them so if it is told that its transport is reliable.
  Rfc4571,  ///< Each packet behind its length in two bytes: ICE-TCP (RFC 6544 s.3).
};

/// Cuts a byte stream into messages.
///
///     deframer.push(bytes);
///     while (auto message = deframer.next()) use(*message);
///     if (deframer.error()) close the stream
///
/// A message that lies whole in what was pushed is returned in place; only one that was split is copied, and it alone
/// is ever kept (65,552 bytes at most). What is returned may be changed in place, and is borrowed until the next call.
class StreamDeframer {
 public:
  /// Why a stream cannot be read on: nothing in it would tell where the next message starts.
  enum class Error : std::uint8_t {
    NotTurn,  ///< Neither STUN (first byte, magic cookie, length) nor ChannelData (RFC 8656 s.12).
  };

  explicit StreamDeframer(Framing framing) : framing_(framing) {}

  /// The next bytes of the stream. `next` is to be called until it returns nothing before the bytes go away.
  void push(base::MutableBytes bytes);
  /// The next whole message, without framing and padding; one of ChannelData with its header, which names the channel.
  /// Empty frames of RFC 4571 are skipped.
  std::optional<base::MutableBytes> next();
  /// Once set, `next` returns nothing any more. Frames of RFC 4571 have no errors: any two bytes are a length.
  std::optional<Error> error() const { return error_; }
  /// Bytes that wait for the rest of their message.
  std::size_t pending() const { return returned_ ? 0 : kept_.size(); }

 private:
  struct Frame {
    std::size_t front = 0;  ///< Bytes ahead of the message.
    std::size_t message = 0;
    std::size_t padding = 0;
    std::size_t size() const { return front + message + padding; }
  };
  /// Of the frame that starts here; nothing while that cannot be told yet, or if it is an error.
  std::optional<Frame> frameOf(base::Bytes start);

  Framing framing_;
  std::optional<Error> error_;
  base::MutableBytes pushed_;       ///< What of it was not taken yet.
  std::vector<std::uint8_t> kept_;  ///< A message that was split, as far as it came.
  bool returned_ = false;           ///< What is in `kept_` is whole and was returned.
};

std::string_view toString(StreamDeframer::Error error);

/// Puts its length in front of a packet that goes out over ICE-TCP. Precondition: two bytes of headroom, and a size of
/// at most 65,535.
void frameRfc4571(Packet& packet);

}  // namespace parley::stun
