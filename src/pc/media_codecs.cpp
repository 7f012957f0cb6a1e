#include "pc/media_codecs.hpp"

#include "pc/session_sections.hpp"
#include "sdp/fields.hpp"
#include "sdp/query.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace parley::pc {

namespace {

bool same(std::string_view a, std::string_view b) { return sdp::equalsIgnoringCase(a, b); }

std::uint32_t number(const std::optional<std::string>& text, int base, std::uint32_t otherwise) {
  std::uint32_t value = 0;
  if (!text) return otherwise;
  const auto* end = text->data() + text->size();
  return std::from_chars(text->data(), end, value, base).ptr == end ? value : otherwise;
}

// --- H.264 ---

/// RFC 6184 s.8.1: without profile-level-id, Baseline of level 1.
constexpr std::uint32_t defaultProfileLevelId = 0x42000A;

enum class H264Profile { ConstrainedBaseline, Baseline, Main, ConstrainedHigh, High, Other };

/// RFC 6184 s.8.1, table 5: several pairs of profile_idc and profile-iop mean one profile.
H264Profile h264Profile(std::uint32_t profileLevelId) {
  const auto idc = profileLevelId >> 16 & 0xFF, iop = profileLevelId >> 8 & 0xFF;
  const auto is = [&](std::uint32_t value, std::uint32_t mask, std::uint32_t bits) {
    return idc == value && (iop & mask) == bits;
  };
  if (is(0x42, 0x4F, 0x40) || is(0x4D, 0x8F, 0x80) || is(0x58, 0xCF, 0xC0)) return H264Profile::ConstrainedBaseline;
  if (is(0x42, 0x4F, 0x00) || is(0x58, 0xCF, 0x80)) return H264Profile::Baseline;
  if (is(0x4D, 0xAF, 0x00)) return H264Profile::Main;
  if (is(0x64, 0xFF, 0x0C)) return H264Profile::ConstrainedHigh;
  if (is(0x64, 0xFF, 0x00)) return H264Profile::High;
  return H264Profile::Other;
}

std::uint32_t profileLevelIdOf(std::string_view parameters) {
  return number(formatParameter(parameters, "profile-level-id"), 16, defaultProfileLevelId);
}

bool sameH264(std::string_view a, std::string_view b) {
  const auto mode = [](std::string_view text) { return number(formatParameter(text, "packetization-mode"), 10, 0); };
  const auto one = profileLevelIdOf(a), other = profileLevelIdOf(b);
  const bool sameProfile =
      h264Profile(one) == H264Profile::Other ? one >> 8 == other >> 8 : h264Profile(one) == h264Profile(other);
  return mode(a) == mode(b) && sameProfile;
}

bool sameValue(std::string_view a, std::string_view b, std::string_view name, std::uint32_t otherwise) {
  return number(formatParameter(a, name), 10, otherwise) == number(formatParameter(b, name), 10, otherwise);
}

/// What tells two configurations of one codec apart; everything else in a=fmtp is a wish or a limit.
bool sameConfiguration(std::string_view name, std::string_view a, std::string_view b) {
  if (same(name, "H264")) return sameH264(a, b);
  if (same(name, "VP9")) return sameValue(a, b, "profile-id", 0);  // RFC 9628 s.6.1
  if (same(name, "AV1")) return sameValue(a, b, "profile", 0);     // AV1 RTP s.7.2.3
  if (same(name, "H265")) return sameValue(a, b, "profile-id", 1) && sameValue(a, b, "tier-flag", 0);  // RFC 7798 s.7.1
  return true;
}

bool sameFormat(std::string_view nameA, std::uint32_t clockA, std::uint16_t channelsA, std::string_view nameB,
                std::uint32_t clockB, std::uint16_t channelsB) {
  const auto channels = [](std::uint16_t count) { return count == 0 ? 1 : count; };
  return same(nameA, nameB) && clockA == clockB && channels(channelsA) == channels(channelsB);
}

constexpr const char* sdesMid = "urn:ietf:params:rtp-hdrext:sdes:mid";
constexpr const char* absoluteSendTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
constexpr const char* transportSequence = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
constexpr const char* absoluteCaptureTime = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time";

}  // namespace

bool MediaCodec::isHelper() const {
  return same(name, "rtx") || same(name, "red") || same(name, "ulpfec") || same(name, "flexfec-03") ||
         same(name, "CN") || same(name, "telephone-event");
}

bool MediaCodec::isRepaired() const { return !isHelper() || same(name, "red"); }

const std::vector<MediaCodec>& mediaCodecs(MediaKind kind) {
  // The numbers are those that browsers use; the static ones are RFC 3551's.
  static const std::vector<MediaCodec> audio = {
      {"opus", 48000, 2, "minptime=10;useinbandfec=1", 111},
      {"red", 48000, 2, "", 63},
      {"G722", 8000, 1, "", 9},
      {"PCMU", 8000, 1, "", 0},
      {"PCMA", 8000, 1, "", 8},
      {"CN", 8000, 1, "", 13},
      {"telephone-event", 48000, 1, "0-15", 110},
      {"telephone-event", 8000, 1, "0-15", 126},
  };
  const auto h264 = [](const char* profile, int mode, std::uint8_t payloadType) {
    return MediaCodec{
        "H264", 90000, 0,
        "level-asymmetry-allowed=1;packetization-mode=" + std::to_string(mode) + ";profile-level-id=" + profile,
        payloadType};
  };
  static const std::vector<MediaCodec> video = {
      {"VP8", 90000, 0, "", 96},
      {"VP9", 90000, 0, "profile-id=0", 98},
      {"VP9", 90000, 0, "profile-id=2", 100},
      h264("42e01f", 1, 102),
      h264("42e01f", 0, 104),
      h264("42001f", 1, 106),
      h264("42001f", 0, 108),
      h264("4d001f", 1, 112),
      h264("4d001f", 0, 114),
      h264("64001f", 1, 116),
      h264("64001f", 0, 118),
      {"AV1", 90000, 0, "level-idx=5;profile=0;tier=0", 45},
      {"H265", 90000, 0, "level-id=93;profile-id=1;tier-flag=0;tx-mode=SRST", 49},
      {"red", 90000, 0, "", 120},
      {"ulpfec", 90000, 0, "", 122},
      // RFC 4588: a number for each codec that is repaired, which is the next one where that is free.
      {"rtx", 90000, 0, "", 97},
  };
  return kind == MediaKind::Audio ? audio : video;
}

const std::vector<PlannedExtension>& mediaExtensions(MediaKind kind) {
  // One id means one extension in a whole bundle (RFC 9143 s.12).
  static const std::vector<PlannedExtension> audio = {
      {1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"},
      {2, absoluteSendTime},
      {3, transportSequence},
      {4, sdesMid},
      {9, absoluteCaptureTime},
      {12, "urn:ietf:params:rtp-hdrext:csrc-audio-level"},
  };
  static const std::vector<PlannedExtension> video = {
      {14, "urn:ietf:params:rtp-hdrext:toffset"},
      {2, absoluteSendTime},
      {13, "urn:3gpp:video-orientation"},
      {3, transportSequence},
      {5, "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"},
      {6, "http://www.webrtc.org/experiments/rtp-hdrext/video-content-type"},
      {4, sdesMid},
      {10, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"},
      {11, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"},
      {7, "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"},
      {8, "http://www.webrtc.org/experiments/rtp-hdrext/video-layers-allocation00"},
      {9, absoluteCaptureTime},
  };
  return kind == MediaKind::Audio ? audio : video;
}

const std::vector<RtcpFeedback>& mediaFeedback(MediaKind kind) {
  static const std::vector<RtcpFeedback> audio = {transportFeedback, sourceFeedback, {"nack", ""}};
  static const std::vector<RtcpFeedback> video = {{"goog-remb", ""}, transportFeedback, sourceFeedback,
                                                  {"ccm", "fir"},    {"nack", ""},      {"nack", "pli"}};
  return kind == MediaKind::Audio ? audio : video;
}

std::string mimeType(MediaKind kind, std::string_view name) {
  return std::string(toString(kind)) + "/" + std::string(name);
}

RtpCodec toRtpCodec(MediaKind kind, const MediaCodec& codec) {
  RtpCodec shown;
  shown.mimeType = mimeType(kind, codec.name);
  shown.clockRate = codec.clockRate;
  if (codec.channels > 0) shown.channels = codec.channels;
  // An application has no use for the events that we take ("0-15"); browsers do not show them either.
  if (!same(codec.name, "telephone-event")) shown.sdpFmtpLine = codec.parameters;
  return shown;
}

RtpCapabilities mediaCapabilities(MediaKind kind) {
  RtpCapabilities capabilities;
  for (const auto& codec : mediaCodecs(kind)) capabilities.codecs.push_back(toRtpCodec(kind, codec));
  for (const auto& extension : mediaExtensions(kind)) capabilities.headerExtensions.push_back({extension.uri});
  return capabilities;
}

bool sameCodec(const RtpCodec& a, const RtpCodec& b) {
  const auto slash = a.mimeType.find('/');
  const auto name = slash == std::string::npos ? a.mimeType : a.mimeType.substr(slash + 1);
  return same(a.mimeType, b.mimeType) && a.clockRate == b.clockRate &&
         a.channels.value_or(1) == b.channels.value_or(1) && sameConfiguration(name, a.sdpFmtpLine, b.sdpFmtpLine);
}

std::optional<std::string> formatParameter(std::string_view parameters, std::string_view name) {
  while (!parameters.empty()) {
    auto one = sdp::takeUntil(parameters, ';');
    one.remove_prefix(std::min(one.find_first_not_of(' '), one.size()));
    const auto equals = one.find('=');
    if (!same(one.substr(0, equals), name)) continue;
    if (equals == std::string_view::npos) return "";
    one.remove_prefix(equals + 1);
    return std::string(one.substr(0, one.find_last_not_of(' ') + 1));
  }
  return std::nullopt;
}

std::optional<MediaKind> kindOf(const sdp::MediaSection& section) {
  if (!section.isRtp()) return std::nullopt;
  if (section.kind == "audio") return MediaKind::Audio;
  if (section.kind == "video") return MediaKind::Video;
  return std::nullopt;
}

std::vector<PlannedCodec> codecsOf(const sdp::MediaSection& section) {
  std::vector<PlannedCodec> codecs;
  for (const auto& format : section.formats) {
    const auto payloadType = number(format, 10, 128);
    if (payloadType > 127) continue;
    PlannedCodec codec;
    codec.payloadType = static_cast<std::uint8_t>(payloadType);
    // RFC 3551 s.6; a=rtpmap of a static type may be missing (RFC 8866 s.6.6).
    if (section.kind == "audio" && (payloadType == 0 || payloadType == 8 || payloadType == 9 || payloadType == 13)) {
      codec.name = payloadType == 0 ? "PCMU" : payloadType == 8 ? "PCMA" : payloadType == 9 ? "G722" : "CN";
      codec.clockRate = 8000;
      codec.channels = 1;
    }
    for (const auto* map : sdp::all<sdp::Rtpmap>(section.attributes)) {
      if (map->payloadType != payloadType) continue;
      codec.name = map->encoding;
      codec.clockRate = map->clockRate;
      const auto channels = map->parameters.empty() ? 1 : std::min(number(map->parameters, 10, 1), 255u);
      codec.channels = section.kind == "audio" ? static_cast<std::uint16_t>(channels) : std::uint16_t{0};
      break;
    }
    if (codec.name.empty()) continue;
    for (const auto* fmtp : sdp::all<sdp::Fmtp>(section.attributes))
      if (fmtp->format == format) codec.parameters = fmtp->parameters;
    for (const auto* feedback : sdp::all<sdp::RtcpFb>(section.attributes))
      if (!feedback->payloadType || *feedback->payloadType == payloadType)
        codec.feedback.push_back({feedback->type, feedback->parameters});
    if (same(codec.name, "rtx")) {
      const auto apt = number(formatParameter(codec.parameters, "apt"), 10, 128);
      if (apt > 127) continue;
      codec.apt = static_cast<std::uint8_t>(apt);
    }
    codecs.push_back(std::move(codec));
  }
  return codecs;
}

bool matches(const PlannedCodec& described, const MediaCodec& ours) {
  return sameFormat(described.name, described.clockRate, described.channels, ours.name, ours.clockRate,
                    ours.channels) &&
         sameConfiguration(ours.name, described.parameters, ours.parameters);
}

bool matches(const PlannedCodec& a, const PlannedCodec& b) {
  return sameFormat(a.name, a.clockRate, a.channels, b.name, b.clockRate, b.channels) &&
         sameConfiguration(a.name, a.parameters, b.parameters);
}

std::string answeredParameters(const PlannedCodec& offered, const MediaCodec& ours) {
  if (!same(ours.name, "H264")) return ours.parameters;
  // RFC 6184 s.8.2.2: the offered profile, and the level of each side its own if both allow that, else the lower one.
  const auto theirs = profileLevelIdOf(offered.parameters), mine = profileLevelIdOf(ours.parameters);
  const bool asymmetric = number(formatParameter(offered.parameters, "level-asymmetry-allowed"), 10, 0) == 1;
  const auto level = asymmetric ? mine & 0xFF : std::min(mine & 0xFF, theirs & 0xFF);
  constexpr std::string_view digits = "0123456789abcdef";
  std::string id;
  for (int shift = 20; shift >= 0; shift -= 4) id += digits[((theirs & 0xFFFF00) | level) >> shift & 0xF];
  const auto mode = formatParameter(ours.parameters, "packetization-mode").value_or("0");
  return std::string(asymmetric ? "level-asymmetry-allowed=1;" : "") + "packetization-mode=" + mode +
         ";profile-level-id=" + id;
}

bool hasKnownCodec(const sdp::MediaSection& section) {
  const auto kind = kindOf(section);
  if (!kind || isRejected(section)) return false;
  const auto& ours = mediaCodecs(*kind);
  const auto described = codecsOf(section);
  return std::any_of(described.begin(), described.end(), [&](const PlannedCodec& codec) {
    return std::any_of(ours.begin(), ours.end(),
                       [&](const MediaCodec& one) { return !one.isHelper() && matches(codec, one); });
  });
}

}  // namespace parley::pc
