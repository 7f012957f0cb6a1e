#pragma once

#include "pc/media_plan.hpp"
#include "sdp/description.hpp"

#include <parley/rtp_parameters.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// \file
/// The codecs whose frames we can carry, and how those of a description compare with them.

namespace parley::pc {

/// One configuration of a codec, as we offer it.
struct MediaCodec {
  std::string name;
  std::uint32_t clockRate = 0;
  std::uint16_t channels = 0;  ///< 0 for video.
  std::string parameters;      ///< a=fmtp; that of "red" and "rtx" depends on payload types and is not here.
  /// The number that we would like; other numbers are used where the peer has said others.
  std::uint8_t payloadType = 0;

  /// It carries no media of its own: retransmission, redundancy, tones, silence.
  bool isHelper() const;
  /// RFC 4588: what is sent as this may be lost and sent again. RED too, which is what libwebrtc sends video in.
  bool isRepaired() const;
};

/// In our order of preference. "rtx" is in it once, for all that it repairs.
const std::vector<MediaCodec>& mediaCodecs(MediaKind kind);
/// Header extensions with the ids that we would like.
const std::vector<PlannedExtension>& mediaExtensions(MediaKind kind);
/// a=rtcp-fb for a codec of ours.
const std::vector<RtcpFeedback>& mediaFeedback(MediaKind kind);
/// W3C getCapabilities.
RtpCapabilities mediaCapabilities(MediaKind kind);

/// "video/VP8" of a codec's name.
std::string mimeType(MediaKind kind, std::string_view name);
/// W3C "codec match": two dictionaries mean the same codec.
bool sameCodec(const RtpCodec& a, const RtpCodec& b);
/// The dictionary of one of ours.
RtpCodec toRtpCodec(MediaKind kind, const MediaCodec& codec);

/// One value of a=fmtp, without case; none if it is not there.
std::optional<std::string> formatParameter(std::string_view parameters, std::string_view name);

/// The kind of a media section; none for what is neither audio nor video over RTP.
std::optional<MediaKind> kindOf(const sdp::MediaSection& section);
/// The formats of a media section in the order of the m-line; what has no a=rtpmap and no static meaning is left out.
std::vector<PlannedCodec> codecsOf(const sdp::MediaSection& section);

/// Whether a format of a description is this configuration (RFC 3264 s.6.1; RFC 6184 s.8.2.2, RFC 9628 s.7, RFC 7798 s.7.1,
/// AV1 s.7.2). "rtx" and "red" match by name and clock; what they belong to is for the caller.
bool matches(const PlannedCodec& described, const MediaCodec& ours);
/// The same for formats of two descriptions.
bool matches(const PlannedCodec& a, const PlannedCodec& b);
/// What we say in an answer for a format that matches.
std::string answeredParameters(const PlannedCodec& offered, const MediaCodec& ours);

/// Whether we could accept the section: not rejected, and one format that carries media is ours.
bool hasKnownCodec(const sdp::MediaSection& section);

}  // namespace parley::pc
