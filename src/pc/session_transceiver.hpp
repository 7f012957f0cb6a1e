#pragma once

#include "pc/media_plan.hpp"
#include "sdp/attributes.hpp"

#include <parley/rtp_parameters.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// What signalling knows of an RTCRtpTransceiver.

namespace parley::pc {

// --- Directions (RFC 3264 s.6.1) ---

constexpr bool sends(sdp::Direction direction) {
  return direction == sdp::Direction::SendRecv || direction == sdp::Direction::SendOnly;
}
constexpr bool receives(sdp::Direction direction) {
  return direction == sdp::Direction::SendRecv || direction == sdp::Direction::RecvOnly;
}
constexpr sdp::Direction makeDirection(bool send, bool receive) {
  return send      ? receive ? sdp::Direction::SendRecv : sdp::Direction::SendOnly
         : receive ? sdp::Direction::RecvOnly
                   : sdp::Direction::Inactive;
}
/// As the other side sees it.
constexpr sdp::Direction reversed(sdp::Direction direction) {
  return makeDirection(receives(direction), sends(direction));
}
constexpr sdp::Direction intersection(sdp::Direction a, sdp::Direction b) {
  return makeDirection(sends(a) && sends(b), receives(a) && receives(b));
}

/// One of [[SendEncodings]] and the streams that carry it.
struct SendEncoding {
  RtpEncodingParameters parameters;
  std::uint32_t ssrc = 0;
  std::uint32_t rtxSsrc = 0;
  bool pausedByPeer = false;  ///< "~" in the peer's a=simulcast.
};

/// The W3C's slots that decide on descriptions.
///
///   (added) ──createOffer, setLocal / setRemote(offer)──► associated ──answer──► negotiated ──stop(), rejected──► gone
///       ▲                                                     │
///       └──────────────────────── rollback ───────────────────┘
struct Transceiver {
  TransceiverId id = 0;
  MediaKind kind = MediaKind::Audio;

  // What the application wants; no rollback changes it.
  sdp::Direction direction = sdp::Direction::SendRecv;
  bool createdByPeer = false;         ///< By its offer: a rollback of that removes it, unless addTrack took it.
  bool addedByTrack = false;          ///< By addTrack: a section of the peer may take it (RFC 9429 s.5.10).
  std::string trackId;                ///< In a=msid; for the life of the sender.
  std::vector<std::string> streams;   ///< Ids of the streams that we send it in.
  std::vector<RtpCodec> preferences;  ///< Of setCodecPreferences; empty: the default.
  bool stopping = false;
  bool stopped = false;  ///< The peer has rejected its section, if only in an offer: no rollback brings it back.
  bool hasSent = false;  ///< It was negotiated to send: addTrack takes another one.

  /// What descriptions said; a rollback brings back what was.
  struct Negotiated {
    std::optional<std::string> mid;
    std::optional<std::size_t> section;
    std::optional<sdp::Direction> currentDirection;
    /// [[FiredDirection]]: what the track events are about.
    sdp::Direction firedDirection = sdp::Direction::Inactive;
    std::vector<std::string> remoteStreams;  ///< The peer's a=msid.
    std::string remoteTrackId;               ///< Empty if the peer does not say one.
    std::vector<SendEncoding> encodings;     ///< Never empty.
  };
  Negotiated negotiated;
};

/// [[AssociatedRemoteMediaStreams]] and the track's id, as a section says.
struct DescribedTrack {
  std::vector<std::string> streams;
  std::string trackId;
  bool described = false;  ///< Streams or their absence ("-") are named.
};

}  // namespace parley::pc
