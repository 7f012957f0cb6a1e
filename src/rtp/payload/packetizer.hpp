#pragma once

#include "base/result.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace parley::rtp::payload {

/// What is agreed about one payload type, as far as its payload format needs it.
struct CodecOptions {
  /// As in a=rtpmap, in any case: "opus", "VP8", "red", "telephone-event", …
  std::string name = {};
  /// The value of a=fmtp, of the side that receives. Read: packetization-mode and sprop-parameter-sets of H.264,
  /// sprop-vps/sps/pps of H.265, the payload types of red.
  std::string parameters = {};
  /// Where a sender's own numbers begin (VP8's and VP9's PictureID; RFC 7741 s.4.2 wants it random).
  std::uint16_t firstPictureId = 0;
};

/// How many bytes the payloads of a frame may have. The first and the last packet may be smaller, for the extensions
/// that only they carry; a frame's only packet is both.
struct PayloadLimits {
  std::size_t maximum = 0;
  std::size_t firstReduction = 0;
  std::size_t lastReduction = 0;
};

enum class PacketizeError : std::uint8_t {
  EmptyFrame,
  /// The frame is not what its codec demands (no start code, an OBU longer than the frame, …).
  BadFrame,
  /// The format cannot split it (audio; a NAL unit in packetization mode 0), or the limit leaves no room for anything.
  TooLarge,
  Count,
};
std::string_view toString(PacketizeError error);

/// Makes the payloads of one stream's packets from frames. It holds its plan from frame to frame, so that packets cost
/// no allocation.
///
///   start(frame) ──► next × count ──► start(frame) …          (a start before the last `next` gives the rest up)
class Packetizer {
 public:
  virtual ~Packetizer() = default;

  /// Plans the payloads; returns how many, at least one. `frame` is used until its last `next`.
  virtual base::Result<std::size_t, PacketizeError> start(const EncodedFrame& frame, const PayloadLimits& limits) = 0;

  /// Appends the next payload to `packet`, whose headers are written, and returns its marker bit. Preconditions:
  /// payloads are left, and the packet has room for the limit given.
  virtual bool next(Packet& packet) = 0;
};

/// Null for a name that is no payload format of ours: rtx, ulpfec and flexfec among them, which carry no frames.
std::unique_ptr<Packetizer> makePacketizer(const CodecOptions& options);

}  // namespace parley::rtp::payload
