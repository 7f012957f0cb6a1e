#pragma once

#include "base/bytes.hpp"
#include "base/counters.hpp"
#include "base/ring.hpp"
#include "rtp/payload/decode_chain.hpp"
#include "rtp/payload/depacketizer.hpp"
#include "rtp/payload/red.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace parley::rtp::payload {

/// What the dependency descriptor (or any other source) says of the frame that a packet belongs to.
struct FrameDependency {
  bool startOfFrame = false;
  bool endOfFrame = false;
  /// Unwrapped.
  std::uint64_t frameId = 0;
  /// Frames before it that it needs, as differences of ids. In use for the call.
  std::span<const std::uint16_t> differences = {};
  bool keyFrame = false;
  std::uint8_t spatialIndex = 0;
  std::uint8_t temporalIndex = 0;
};

/// One packet for the assembler, with what its header and its extensions say. The spans are in use for the call.
struct MediaPacket {
  /// Unwrapped, and greater than that of the packet before. One that is left out will not come any more.
  std::uint64_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  std::uint8_t payloadType = 0;
  bool marker = false;
  /// Empty for a packet of nothing but padding, which has to be given as well: else it looks lost.
  base::Bytes payload = {};

  std::span<const std::uint32_t> csrcs = {};
  std::string_view rid = {};
  std::optional<std::uint8_t> audioLevel = std::nullopt;
  std::optional<bool> voiceActivity = std::nullopt;
  std::optional<std::uint16_t> rotation = std::nullopt;
  std::optional<std::uint64_t> senderCaptureTime = std::nullopt;
  std::optional<std::int64_t> senderCaptureTimeOffset = std::nullopt;
  std::optional<FrameDependency> dependency = std::nullopt;
  base::Bytes dependencyDescriptor = {};
};

/// Makes frames from the packets of one incoming stream, in decode order. It waits for nothing: who reorders and
/// retransmits is before it, and what it has not got when the next packet comes is lost. Frames that miss a packet, or
/// a frame that they depend on, are dropped.
///
///                first packet of a frame              last packet: decodable? ──► frame
///         Idle ──────────────────────────► Assembling ────────────────────────────────────► Idle
///          │ gap                              ▲  │ gap, contradiction, too large
///          └───────► Skipping ◄───────────────┼──┘
///                       └─────────────────────┘ certain beginning, or the next timestamp without a gap
class FrameAssembler {
 public:
  struct Limits {
    /// A key frame of 4K at the quality that cameras give has 1 to 2 MB.
    std::size_t frameBytes = 8 * 1024 * 1024;
    /// Frames that wait for `poll`; the oldest goes first.
    std::size_t frames = 256;
  };

  enum class Dropped : std::uint8_t {
    UnknownPayloadType,
    OldPacket,
    Malformed,      ///< The payload breaks its format.
    Incomplete,     ///< Frames with a packet missing, or whose parts do not fit.
    NotDecodable,   ///< Frames that depend on something missing.
    TooLarge,       ///< Frames beyond `Limits::frameBytes`.
    NotPolled,      ///< Frames beyond `Limits::frames`.
    Count,
  };

  /// Something is missing that only a key frame can replace. Said once until a key frame comes; `needsKeyFrame` is true
  /// meanwhile, for whoever repeats the request.
  struct KeyFrameNeeded {};

  using Output = std::variant<EncodedFrame, KeyFrameNeeded>;

  explicit FrameAssembler(MediaKind kind);
  FrameAssembler(MediaKind kind, Limits limits);
  ~FrameAssembler();

  /// The payload types that the stream may have. `mimeType` is what frames will say ("video/VP8"). Packets of audio of
  /// type "red" are unpacked to those that it names.
  void setCodec(std::uint8_t payloadType, std::string mimeType, const CodecOptions& options);
  void removeCodec(std::uint8_t payloadType);

  void handle(const MediaPacket& packet, Time now);
  std::optional<Output> poll();

  bool needsKeyFrame() const { return needsKeyFrame_; }
  const base::Counters<Dropped>& dropped() const { return dropped_; }
  /// webrtc-stats: framesReceived, keyFramesDecoded's counterpart before a decoder.
  std::uint64_t framesAssembled() const { return framesAssembled_; }
  std::uint64_t keyFramesAssembled() const { return keyFramesAssembled_; }

 private:
  struct Codec {
    std::string mimeType;
    std::unique_ptr<Depacketizer> depacketizer;  ///< Null for red.
  };
  enum class State : std::uint8_t { Idle, Assembling, Skipping };

  void handleVideo(const MediaPacket& packet, Codec& codec, bool gap, Time now);
  void handleAudio(const MediaPacket& packet, Codec& codec, bool redundant, Time now);
  void handleRed(const MediaPacket& packet, bool gap, Time now);
  void beginFrame(const MediaPacket& packet, Codec& codec);
  void abandon(Dropped reason);
  void finishFrame(bool endOfPicture);
  void describe(const MediaPacket& packet, const Codec& codec);
  void emit(EncodedFrame frame);
  void wantKeyFrame();

  MediaKind kind_;
  Limits limits_;
  std::array<std::unique_ptr<Codec>, 128> codecs_;
  std::optional<std::uint64_t> lastSequence_;
  std::optional<std::uint32_t> timestamp_;  ///< Of the last packet of video.
  bool gapSinceFrame_ = false;              ///< Packets are missing since the frame that was judged last.

  State state_ = State::Idle;
  Codec* current_ = nullptr;  ///< Of the frame in work, and `frame_`, `dependency_`, `bytes_` as well.
  EncodedFrame frame_;
  std::optional<FrameDependency> dependency_;
  std::vector<std::uint8_t> bytes_;
  std::size_t payloadBytes_ = 0;

  DecodeChain chain_;
  bool needsKeyFrame_ = false;
  std::optional<std::uint32_t> newestAudio_;
  std::vector<RedBlock> blocks_;

  base::Ring<std::optional<Output>> outputs_;
  std::size_t framesWaiting_ = 0;
  base::Counters<Dropped> dropped_;
  std::uint64_t framesAssembled_ = 0;
  std::uint64_t keyFramesAssembled_ = 0;
};

}  // namespace parley::rtp::payload
