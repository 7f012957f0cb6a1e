#pragma once

#include <parley/enums.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace parley::pc {

/// The connection's name for a transceiver, from 1 on and never used twice. Commands to the peer and its events about
/// media say it: a mid comes late, may be lost by a rollback, and may be used again.
using TransceiverId = std::uint32_t;

/// RFC 4585 s.4.2: "nack" "pli", "ccm" "fir", "transport-cc" "", …
struct RtcpFeedback {
  std::string type;
  std::string parameter;
  bool operator==(const RtcpFeedback&) const = default;
};
/// When packets came, by the transport-wide numbers that they have; or by their own (RFC 8888).
inline const RtcpFeedback transportFeedback{"transport-cc", ""}, sourceFeedback{"ack", "ccfb"};

/// One payload type of a section, with all that was agreed about it. Codecs that carry or repair others are listed like
/// them; `apt` and the members of red tell what they belong to.
struct PlannedCodec {
  std::uint8_t payloadType = 0;
  std::string name;             ///< "opus", "VP8", "rtx", "red", "ulpfec", "telephone-event", …: as IANA spells it.
  std::uint32_t clockRate = 0;  ///< Hz
  std::uint16_t channels = 0;   ///< 0 for video.
  /// a=fmtp of who receives: the peer's for what we send, ours for what we receive. Empty if there is none.
  std::string parameters;
  std::vector<RtcpFeedback> feedback;
  /// Of "rtx": the payload type that it repairs (RFC 4588 s.8.6).
  std::optional<std::uint8_t> apt;
  bool operator==(const PlannedCodec&) const = default;

  bool isRtx() const { return apt.has_value(); }
};

/// RFC 8285: one id of a section. Its URI is compared byte by byte.
struct PlannedExtension {
  std::uint8_t id = 0;  ///< 1 to 14, or up to 255 where two-byte headers may be used.
  std::string uri;
  bool operator==(const PlannedExtension&) const = default;
};

/// One stream that we send.
struct PlannedEncoding {
  std::string rid;                       ///< Empty unless there are several (RFC 8853).
  std::uint32_t ssrc = 0;                ///< Ours for the life of the sender.
  std::optional<std::uint32_t> rtxSsrc;  ///< Only if rtx is agreed.
  /// False: nothing is sent on it, by setParameters or because the peer paused it ("~" in a=simulcast).
  bool active = true;
  std::optional<std::uint32_t> maxBitrate;  ///< bit/s
  std::optional<double> maxFramerate;       ///< frames/s
  std::optional<double> scaleResolutionDownBy;
  std::string scalabilityMode;  ///< "L1T3"; empty if nobody asked.
  bool operator==(const PlannedEncoding&) const = default;
};

/// What we send in a section.
struct PlannedSending {
  /// What the peer receives and we can send, in its order of preference. Never empty. The first one that is no helper
  /// (rtx, red, fec, telephone-event, CN) is what is sent unless the application sends frames of another.
  std::vector<PlannedCodec> codecs;
  std::vector<PlannedExtension> extensions;
  /// One, or one for each rid of simulcast in the order of a=simulcast. Never empty.
  std::vector<PlannedEncoding> encodings;
  /// The limit of b=AS or b=TIAS of the peer for all encodings together; bit/s.
  std::optional<std::uint64_t> maxBitrate;
  bool operator==(const PlannedSending&) const = default;
};

/// What the peer announced of a stream that it sends (a=ssrc, a=ssrc-group). Many peers announce nothing: streams are
/// then known by MID, RID or payload type when they come.
struct PlannedSource {
  std::uint32_t ssrc = 0;
  std::optional<std::uint32_t> rtxSsrc;  ///< The second of an a=ssrc-group:FID.
  std::optional<std::uint32_t> fecSsrc;  ///< The second of an a=ssrc-group:FEC-FR.
  std::string cname;
  bool operator==(const PlannedSource&) const = default;
};

/// What we receive in a section.
struct PlannedReceiving {
  /// What we announced, with the payload types that the peer sends.
  std::vector<PlannedCodec> codecs;
  std::vector<PlannedExtension> extensions;
  std::vector<PlannedSource> sources;
  /// The streams of simulcast that the peer sends, in its order; empty without simulcast.
  std::vector<std::string> rids;
  bool operator==(const PlannedReceiving&) const = default;
};

/// One section of audio or video that an exchange left in use. Its transceiver may neither send nor receive (hold).
struct PlannedMedia {
  TransceiverId transceiver = 0;
  /// RFC 9143 s.9.2: for the MID extension, and what a received MID names. Empty only if the peer knows no mids; there
  /// is one section then.
  std::string mid;
  MediaKind kind = MediaKind::Audio;
  std::optional<PlannedSending> sending;
  std::optional<PlannedReceiving> receiving;
  /// The peer takes RTCP of reduced size (RFC 5506).
  bool reducedSizeRtcp = false;
  /// The peer answers RRTR with DLRR (a=rtcp-xr:rcvr-rtt, RFC 3611 s.5.1).
  bool receiverRtt = false;
  bool operator==(const PlannedMedia&) const = default;
};

/// What the signalling plane wants of the media data plane: the whole of it, not a change to it. Part of TransportPlan.
///
/// Sending and receiving do not begin and end at once (RFC 9429 s.5.9 to 5.11): after our offer we may receive what it
/// offers before it is answered, so that an offered section can be here with `receiving` alone.
struct MediaPlan {
  std::vector<PlannedMedia> sections;
  /// RFC 3550 s.6.5.1: one for all streams of a connection (RFC 8834 s.4.9).
  std::string cname;
  /// Both sides said a=extmap-allow-mixed: one- and two-byte headers may follow each other in one stream.
  bool mixedExtensions = false;
  bool operator==(const MediaPlan&) const = default;
};

}  // namespace parley::pc
