#pragma once

#include <parley/enums.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// \file
/// The W3C's dictionaries about RTP (https://www.w3.org/TR/webrtc/, section 5.2). A member without value is absent.

namespace parley {

/// RTCRtpCodec.
struct RtpCodec {
  std::string mimeType = {};  ///< "video/VP8"; compared without case.
  std::uint32_t clockRate = 0;
  std::optional<std::uint16_t> channels = std::nullopt;  ///< Of audio.
  /// What stands behind the payload type in a=fmtp: "profile-id=0"; empty if absent.
  std::string sdpFmtpLine = {};

  bool operator==(const RtpCodec&) const = default;
};

/// RTCRtpCodecParameters.
struct RtpCodecParameters : RtpCodec {
  std::uint8_t payloadType = 0;

  bool operator==(const RtpCodecParameters&) const = default;
};

/// RTCRtpHeaderExtensionCapability.
struct RtpHeaderExtensionCapability {
  std::string uri = {};

  bool operator==(const RtpHeaderExtensionCapability&) const = default;
};

/// RTCRtpCapabilities: what there is to choose from, in our order of preference.
struct RtpCapabilities {
  std::vector<RtpCodec> codecs = {};
  std::vector<RtpHeaderExtensionCapability> headerExtensions = {};
};

/// RTCRtpHeaderExtensionParameters.
struct RtpHeaderExtensionParameters {
  std::string uri = {};
  std::uint16_t id = 0;
  bool encrypted = false;

  bool operator==(const RtpHeaderExtensionParameters&) const = default;
};

/// RTCRtcpParameters.
struct RtcpParameters {
  std::string cname = {};
  bool reducedSize = false;

  bool operator==(const RtcpParameters&) const = default;
};

/// RTCRtpEncodingParameters.
struct RtpEncodingParameters {
  /// 1 to 255 letters, digits, "-" or "_"; empty: none. Read-only once the sender exists.
  std::string rid = {};
  /// False: nothing is sent of it.
  bool active = true;
  /// Which of the negotiated codecs; absent: the first.
  std::optional<RtpCodec> codec = std::nullopt;
  std::optional<std::uint32_t> maxBitrate = std::nullopt;  ///< bit/s, for the application's encoder to keep.
  std::optional<double> maxFramerate = std::nullopt;       ///< Of video.
  /// Of video, at least 1. Frames are encoded by the application, which looks here for what it shall encode.
  std::optional<double> scaleResolutionDownBy = std::nullopt;
  std::optional<std::string> scalabilityMode = std::nullopt;  ///< webrtc-svc: "L1T3".
  PriorityType priority = PriorityType::Low;                  ///< webrtc-priority.
  PriorityType networkPriority = PriorityType::Low;

  bool operator==(const RtpEncodingParameters&) const = default;
};

/// RTCRtpParameters.
struct RtpParameters {
  std::vector<RtpHeaderExtensionParameters> headerExtensions = {};
  RtcpParameters rtcp = {};
  /// In the order of preference.
  std::vector<RtpCodecParameters> codecs = {};

  bool operator==(const RtpParameters&) const = default;
};

/// RTCRtpSendParameters. `setParameters` takes what `getParameters` gave, with other encodings.
struct RtpSendParameters : RtpParameters {
  std::string transactionId = {};
  std::vector<RtpEncodingParameters> encodings = {};

  bool operator==(const RtpSendParameters&) const = default;
};

/// RTCRtpReceiveParameters.
struct RtpReceiveParameters : RtpParameters {};

/// RTCRtpContributingSource; RTCRtpSynchronizationSource is the same.
struct RtpContributingSource {
  double timestamp = 0;  ///< Milliseconds since 1970: when the last frame of it was given out.
  std::uint32_t source = 0;
  /// 0 to 1, linear, from the header extension for it; absent if the peer does not send that.
  std::optional<double> audioLevel = std::nullopt;
  std::uint32_t rtpTimestamp = 0;
};

}  // namespace parley
