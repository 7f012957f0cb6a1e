#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "rtp/payload/packetizer.hpp"

#include <parley/encoded_frame.hpp>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace parley::rtp::payload {

enum class PayloadError : std::uint8_t {
  Truncated,
  /// A value that the payload format does not allow.
  Malformed,
  /// A part of the format that WebRTC does not use (interleaving, decoding order numbers, PACI).
  Unsupported,
  Count,
};
std::string_view toString(PayloadError error);

/// What one payload says of the frame that it belongs to.
struct PayloadInfo {
  /// Nothing of the frame is before this packet: its first packet for certain, even if the packets before were lost.
  bool startsFrame = false;
  /// It cannot be the first packet of a frame.
  bool continues = false;
  /// Nothing of the frame is behind this packet (VP9). Most formats leave it to the marker bit.
  bool endsFrame = false;
};

/// Puts the payloads of one stream's packets together to frames, one after the other: its owner gives it the packets of
/// a frame in order and without a gap, and says when the frame is over.
///
///   begin ──► (parse, append) × n ──► finish ──► begin …
class Depacketizer {
 public:
  virtual ~Depacketizer() = default;

  /// Reads one payload of at least one byte; changes nothing.
  virtual base::Result<PayloadInfo, PayloadError> parse(base::Bytes payload) const = 0;

  /// Forgets the frame in work.
  virtual void begin() = 0;
  /// Appends what the payload carries to the frame's bytes. Precondition: `parse` took it. False if it does not
  /// continue what came before (a fragment of another NAL unit): the frame is lost.
  virtual bool append(base::Bytes payload, std::vector<std::uint8_t>& bytes) = 0;
  /// Ends the frame: may still change the bytes, and fills type, size, codec and layers of `frame`. False if the frame
  /// is incomplete. `frame.data` is for the caller.
  virtual bool finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) = 0;
};

/// Null as for makePacketizer, and for red, whose packets hold several frames (see red.hpp).
std::unique_ptr<Depacketizer> makeDepacketizer(const CodecOptions& options);

}  // namespace parley::rtp::payload
