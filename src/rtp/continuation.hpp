#pragma once

#include "base/ring.hpp"
#include "rtp/packet.hpp"
#include "rtp/payload/layer_fields.hpp"
#include "rtp/rewriter.hpp"
#include "rtp/sequence.hpp"

#include <parley/time.hpp>

#include <cstdint>
#include <optional>

namespace parley::rtp {

/// A number of a payload (picture ID, TL0PICIDX, frame number) that goes on when its source changes. Numbers that are
/// left out leave no gap.
class ContinuedNumber {
 public:
  /// At most 16.
  explicit ContinuedNumber(unsigned bits) : shift_(16 - bits) {}
  /// The next value is another source's first.
  void begin() { started_ = false; }
  /// Nothing for one that was left out.
  std::optional<std::uint16_t> map(std::uint16_t value);
  void skip(std::uint16_t value);

 private:
  static constexpr std::size_t rememberedSkips = 64;  ///< Pictures; reordering is over after a few.
  std::int64_t unwrap(std::uint16_t value) const;
  void see(std::int64_t value);

  unsigned shift_;
  bool started_ = false, any_ = false;
  SequenceUnwrapper unwrapper_;  ///< Of values in the highest bits.
  std::int64_t highest_ = 0, offset_ = 0, lastOut_ = 0;
  base::Ring<std::int64_t> skips_;
};

/// What makes one stream of packets of several sources, one after the other: `Rewriter` for the headers, and the same
/// for what payload formats number. It also leaves out temporal layers.
///
///   begin ──► next (key frame) ──► next … ──► begin (another source) ──► next (key frame) …
class Continuation {
 public:
  Continuation(std::uint16_t firstSequence, std::uint32_t firstTimestamp);

  /// `source`'s next packet follows what was forwarded before.
  void begin(std::uint32_t source);
  bool follows(std::uint32_t source) const { return rewriter_.source() == source; }

  struct Incoming {
    const PacketView& packet;
    const payload::LayerFields& fields;
    std::uint32_t clockRate = 90000;
    /// When it was captured, or else when it came.
    Time at{};
    std::optional<std::uint8_t> maxTemporalLayer;
    /// Of its dependency descriptor.
    std::optional<std::uint16_t> frameNumber;
  };
  struct Outgoing {
    std::uint16_t sequenceNumber = 0;
    std::uint32_t timestamp = 0;
    std::optional<std::uint16_t> pictureId, frameNumber;
    std::optional<std::uint8_t> tl0PicIdx;
  };
  /// Nothing: it is not to be forwarded.
  std::optional<Outgoing> next(const Incoming& in);

 private:
  bool wants(const Incoming& in);

  Rewriter rewriter_;
  ContinuedNumber longPictureIds_{15}, shortPictureIds_{7}, tl0PicIdxs_{8}, frameNumbers_{16};
  /// The highest temporal layer that is forwarded now.
  std::uint8_t temporalLayer_ = 0xff;
};

}  // namespace parley::rtp
