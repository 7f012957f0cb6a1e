#pragma once

#include <parley/encoded_frame.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace parley::rtp::payload {

/// Decides for each complete frame of a video stream whether a decoder that got what was accepted before can decode it.
///
/// As long as nothing is missing it can. After a gap it depends on what the frames tell of their references, from the
/// best to the worst: explicit references (dependency descriptor, VP9's flexible mode), temporal layers with TL0PICIDX
/// (VP8, VP9), consecutive picture IDs; if none of them, it takes a key frame.
class DecodeChain {
 public:
  enum class Verdict : std::uint8_t {
    Decodable,
    /// Skip it; others behind it may be decodable.
    Skip,
    /// Skip it and ask for a key frame: this layer does not recover without one.
    NeedsKeyFrame,
  };

  /// `gap`: packets or frames are missing between the frame accepted last and this one. `explicitReferences`: the
  /// frame's `frameId` and `dependencies` are all that counts.
  Verdict judge(const EncodedFrame& frame, bool gap, bool explicitReferences);

  /// No key frame has come yet, or nothing can be decoded before the next one.
  bool blocked() const { return blocked_; }

 private:
  Verdict judgeReferences(const EncodedFrame& frame);
  Verdict judgeVp8(const EncodedFrame& frame, const Vp8FrameInfo& info, bool gap);
  Verdict judgeVp9(const EncodedFrame& frame, const Vp9FrameInfo& info, bool gap);
  Verdict judgeTemporal(std::uint8_t temporalId, std::uint8_t tl0PicIdx, bool gap);
  void reset();
  void remember(std::uint64_t id);
  bool knows(std::uint64_t id) const;

  static constexpr std::uint64_t noId = ~std::uint64_t{0};
  /// Differences of frame ids have 12 bits at most, but encoders keep 8 buffers: what is referenced is recent.
  static constexpr std::size_t memory = 128;

  bool blocked_ = true;
  std::array<std::uint64_t, memory> accepted_{};
  std::size_t next_ = 0;

  std::optional<std::uint16_t> pictureId_;
  std::optional<std::uint8_t> tl0PicIdx_;
  /// Nothing that frames of this temporal layer refer to is missing.
  std::array<bool, 8> temporalIntact_{};
  std::array<bool, 8> spatialIntact_{};
  std::optional<std::uint8_t> lastSpatial_;  ///< Of the picture `pictureId_`.
};

}  // namespace parley::rtp::payload
