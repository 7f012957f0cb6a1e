#pragma once

#include <parley/enums.hpp>
#include <parley/export.hpp>
#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace parley {

/// The bytes of one frame: immutable and shared, so that a frame can go to many connections without a copy. One
/// allocation holds count and bytes.
class PARLEY_API FrameData {
 public:
  FrameData() = default;
  /// A copy of `bytes`.
  explicit FrameData(std::span<const std::uint8_t> bytes);
  /// Takes the vector as it is: nothing is copied.
  explicit FrameData(std::vector<std::uint8_t> bytes);

  std::span<const std::uint8_t> bytes() const { return {bytes_.get(), size_}; }
  const std::uint8_t* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  std::shared_ptr<const std::uint8_t> bytes_;
  std::size_t size_ = 0;
};

/// RTCEncodedVideoFrameType without "empty". Each frame of audio is a key frame.
enum class EncodedFrameType : std::uint8_t { Key, Delta };

/// What RFC 7741's payload descriptor says of a frame. A sender that leaves out all of it gets a picture ID of its own.
struct Vp8FrameInfo {
  std::optional<std::uint16_t> pictureId = std::nullopt;  ///< 15 bits.
  std::optional<std::uint8_t> tl0PicIdx = std::nullopt;
  std::optional<std::uint8_t> temporalId = std::nullopt;  ///< 0 … 3.
  bool layerSync = false;                                 ///< Y: depends on nothing but temporal layer 0.
  std::optional<std::uint8_t> keyIdx = std::nullopt;      ///< 0 … 31.
  bool nonReference = false;                              ///< N: no frame depends on this one.
};

/// RFC 9628: one frame is one spatial layer of a picture.
struct Vp9FrameInfo {
  /// One picture of a group of pictures (PG).
  struct Picture {
    std::uint8_t temporalId = 0;
    bool switchingUpPoint = false;
    std::vector<std::uint8_t> differences = {};  ///< Reference indices (P_DIFF), at most 3.
  };
  struct Resolution {
    std::uint16_t width = 0;
    std::uint16_t height = 0;
  };
  /// SS, the scalability structure.
  struct Structure {
    std::uint8_t spatialLayers = 1;             ///< 1 … 8.
    std::vector<Resolution> resolutions = {};   ///< None, or one for each spatial layer.
    std::optional<std::vector<Picture>> group = std::nullopt;
  };

  std::optional<std::uint16_t> pictureId = std::nullopt;  ///< 15 bits.
  /// P: the frame is predicted from an earlier picture. Without a layer index a key frame is not, others are.
  bool interPicture = false;
  bool notReferenceForUpperLayers = false;  ///< Z
  /// True: the temporal references of each frame are in `differences` (F).
  bool flexibleMode = false;
  std::vector<std::uint8_t> differences = {};
  std::optional<std::uint8_t> temporalId = std::nullopt;
  std::optional<std::uint8_t> spatialId = std::nullopt;
  bool switchingUpPoint = false;
  bool interLayer = false;  ///< D: depends on the lower spatial layer of the same picture.
  std::optional<std::uint8_t> tl0PicIdx = std::nullopt;  ///< Not in flexible mode.
  std::optional<Structure> structure = std::nullopt;
};

/// How H.264's NAL units (Annex B: each after 00 00 00 01) travelled.
struct H264FrameInfo {
  /// The profile_idc, constraint flags and level_idc of the frame's sequence parameter set, if it has one.
  std::optional<std::uint32_t> profileLevelId = std::nullopt;
};

/// One temporal unit: OBUs of the low-overhead format, each with its size, without temporal delimiters.
struct Av1FrameInfo {
  bool newCodedVideoSequence = false;
};

using CodecFrameInfo = std::variant<std::monostate, Vp8FrameInfo, Vp9FrameInfo, H264FrameInfo, Av1FrameInfo>;

/// One frame as an encoder makes it and a decoder wants it, with what RTCEncodedVideoFrame and RTCEncodedAudioFrame say
/// of it. Video: one coded picture (VP9: one spatial layer of it; AV1: one temporal unit). Audio: one packet's worth.
///
/// A sender fills `data`, `rtpTimestamp` or `captureTime`, `type`, and whatever else it knows; the connection fills the
/// identifiers of RTP. Whatever a receiver does not know is empty.
struct EncodedFrame {
  MediaKind kind = MediaKind::Video;
  /// "video/VP8", "audio/opus", "audio/telephone-event", … as in the codec capabilities.
  std::string mimeType = {};
  EncodedFrameType type = EncodedFrameType::Delta;
  FrameData data = {};

  /// In units of the codec's clock, which is 90 kHz for video.
  std::uint32_t rtpTimestamp = 0;
  /// Outgoing: when the frame was captured, in the engine's time. The peer is told (abs-capture-time).
  std::optional<Time> captureTime = std::nullopt;
  /// Incoming: when the last packet of the frame came.
  std::optional<Time> receiveTime = std::nullopt;
  /// The capturer's wall clock when it captured the frame, an NTP timestamp (abs-capture-time). Incoming; and outgoing of a
  /// frame that is passed on, where it counts instead of `captureTime`.
  std::optional<std::uint64_t> senderCaptureTime = std::nullopt;
  /// With it: what the sender thinks its clock is behind the capturer's, in NTP units.
  std::optional<std::int64_t> senderCaptureTimeOffset = std::nullopt;
  std::optional<Duration> duration = std::nullopt;

  std::uint32_t synchronizationSource = 0;
  std::vector<std::uint32_t> contributingSources = {};
  std::optional<std::uint8_t> payloadType = std::nullopt;
  /// Incoming: of the frame's first packet.
  std::optional<std::uint16_t> sequenceNumber = std::nullopt;
  /// The simulcast encoding.
  std::string rid = {};

  // Audio.
  /// RFC 6464: 0 is the loudest, 127 silence (-dBov).
  std::optional<std::uint8_t> audioLevel = std::nullopt;
  std::optional<bool> voiceActivity = std::nullopt;
  /// The first after silence: the marker bit (RFC 3551 s.4.1); of a telephone event: its first packet.
  bool startsTalkspurt = false;
  /// Restored from a redundant copy (RFC 2198): its own packet was lost or late.
  bool redundant = false;

  // Video.
  std::uint16_t width = 0;   ///< Pixels; 0 if not known. Key frames tell.
  std::uint16_t height = 0;
  std::optional<std::uint16_t> rotation = std::nullopt;  ///< Degrees clockwise: 0, 90, 180 or 270.
  /// Increases in decode order, where the codec or the dependency descriptor numbers frames.
  std::optional<std::uint64_t> frameId = std::nullopt;
  std::vector<std::uint64_t> dependencies = {};
  std::optional<std::uint8_t> spatialIndex = std::nullopt;
  std::optional<std::uint8_t> temporalIndex = std::nullopt;
  /// False for the lower spatial layers of a picture, whose last frame carries the marker bit.
  bool endOfPicture = true;
  /// The dependency descriptor of the frame's first packet as it is on the wire; the start and end flags mean nothing.
  std::vector<std::uint8_t> dependencyDescriptor = {};

  CodecFrameInfo codec = {};
};

}  // namespace parley
