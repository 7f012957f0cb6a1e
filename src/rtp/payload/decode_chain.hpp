#pragma once

#include <parley/encoded_frame.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::rtp::payload {

/// Decides for each complete frame of a video stream whether a decoder that got what was accepted before can decode it.
///
/// As long as nothing is missing it can. After a gap it depends on what the frames tell of their references, from the
/// best to the worst: explicit references (dependency descriptor, VP9's flexible mode), temporal layers with TL0PICIDX
/// (VP8, VP9), consecutive picture IDs; if none of them, it takes a key frame.
///
///            key frame                     something is missing that all later frames may need
///   Blocked ───────────► following the chain ─────────────────────────────────────────────────► Blocked
class DecodeChain {
 public:
  enum class Verdict : std::uint8_t {
    Decodable,
    /// Skip it; others behind it may be decodable.
    Skip,
    /// Skip it and ask for a key frame: this layer does not recover without one.
    NeedsKeyFrame,
  };

  /// `gap`: packets are missing between the frame judged last and this one. `explicitReferences`: the frame's `frameId`
  /// and `dependencies` are all that counts.
  Verdict judge(const EncodedFrame& frame, bool gap, bool explicitReferences);

  /// No key frame has come yet, or nothing can be decoded before the next one.
  bool blocked() const { return blocked_; }

 private:
  static constexpr std::size_t layers = 8;

  /// The frames accepted last, by id. Encoders keep 8 buffers: what is referenced is recent, and older ids would be
  /// mistaken for new ones where they wrap (7 bits of VP9).
  class Memory {
   public:
    void clear() { count_ = 0; }
    void add(std::uint64_t id) { ids_[count_++ % ids_.size()] = id; }
    bool has(std::uint64_t id) const;

   private:
    std::array<std::uint64_t, 64> ids_{};
    std::size_t count_ = 0;
  };

  void start(const EncodedFrame& frame);
  Verdict block();
  Verdict judgeReferences(const EncodedFrame& frame);
  Verdict judgeVp8(const Vp8FrameInfo& info, bool gap);
  Verdict judgeVp9(const Vp9FrameInfo& info, bool gap);
  Verdict judgeVp9Base(const Vp9FrameInfo& info, bool gap);
  bool isIntactVp9Layer(const Vp9FrameInfo& info);
  Verdict judgeBaseLayer(std::uint8_t tl0PicIdx, bool gap);
  bool isIntact(std::size_t temporalId) const;

  bool blocked_ = true;
  Memory frames_;    ///< Of the dependency descriptor.
  Memory pictures_;  ///< VP9: picture ID and spatial layer.

  std::optional<std::uint16_t> pictureId_;  ///< Of the frame judged last.
  std::uint8_t spatialId_ = 0;
  std::optional<std::uint8_t> tl0PicIdx_;
  /// Nothing that frames of this layer may refer to is missing. The base layers have `blocked_`.
  std::array<bool, layers> temporalIntact_{};
  std::array<bool, layers> spatialIntact_{};
};

}  // namespace parley::rtp::payload
