#pragma once

#include "pc/media_plan.hpp"

#include <parley/encoded_frame.hpp>

#include <cstdint>
#include <string>

/// \file
/// What the media data plane tells the façade. The commands the other way are `Peer::sendFrame`, `requestKeyFrame` and
/// `insertTones`.

namespace parley::pc {

/// A complete frame, in decoding order; its rid and SSRCs are filled.
struct FrameReceived {
  TransceiverId transceiver = 0;
  EncodedFrame frame;
};

/// PLI or FIR for a stream of ours (rate-limited), or a new receiver.
struct KeyFrameWanted {
  TransceiverId transceiver = 0;
  std::string rid;  ///< Empty unless there is simulcast.
};

/// What all streams of a transceiver together may send; only when it changed by more than a few per cent.
struct SendBitrateChanged {
  TransceiverId transceiver = 0;
  std::uint64_t bitsPerSecond = 0;
};

/// RFC 3550 s.8.2: the peer uses an SSRC with which we send, or its repair stream's. It was ended, and goes on with another
/// one as soon as the plan has it; the old one must not be used again.
struct SourceCollided {
  TransceiverId transceiver = 0;
  std::uint32_t ssrc = 0;
};

/// RTP of the transceiver has come for the first time, or again after a pause (true: "unmute"), or has stopped coming
/// (BYE, timeout).
struct MediaFlows {
  TransceiverId transceiver = 0;
  bool flows = false;
};

/// A tone of `insertTones` begins; an empty one when the last has ended.
struct TonePlayed {
  TransceiverId transceiver = 0;
  std::string tone;
};

}  // namespace parley::pc
