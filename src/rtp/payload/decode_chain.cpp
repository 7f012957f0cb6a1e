#include "rtp/payload/decode_chain.hpp"

#include <algorithm>

namespace parley::rtp::payload {
namespace {

/// RFC 7741 s.4.2, RFC 9628 s.4.2: it wraps at 7 or 15 bits, whichever the sender uses.
bool follows(std::uint16_t id, std::uint16_t previous) {
  return id == ((previous + 1) & 0x7fff) || (previous == 0x7f && id == 0);
}

std::uint64_t pictureKey(std::uint16_t pictureId, std::uint8_t spatialId) {
  return std::uint64_t{pictureId} << 3 | (spatialId & 7u);
}

}  // namespace

bool DecodeChain::Memory::has(std::uint64_t id) const {
  const auto end = ids_.begin() + static_cast<std::ptrdiff_t>(std::min(count_, ids_.size()));
  return std::find(ids_.begin(), end, id) != end;
}

DecodeChain::Verdict DecodeChain::block() {
  blocked_ = true;
  return Verdict::NeedsKeyFrame;
}

void DecodeChain::start(const EncodedFrame& frame) {
  blocked_ = false;
  frames_.clear();
  pictures_.clear();
  temporalIntact_.fill(true);
  spatialIntact_.fill(true);
  pictureId_.reset();
  tl0PicIdx_.reset();
  spatialId_ = 0;
  if (frame.frameId) frames_.add(*frame.frameId);
  if (const auto* vp8 = std::get_if<Vp8FrameInfo>(&frame.codec)) {
    pictureId_ = vp8->pictureId;
    tl0PicIdx_ = vp8->tl0PicIdx;
  } else if (const auto* vp9 = std::get_if<Vp9FrameInfo>(&frame.codec)) {
    pictureId_ = vp9->pictureId;
    tl0PicIdx_ = vp9->tl0PicIdx;
    if (vp9->pictureId) pictures_.add(pictureKey(*vp9->pictureId, 0));
  }
}

DecodeChain::Verdict DecodeChain::judge(const EncodedFrame& frame, bool gap, bool explicitReferences) {
  if (frame.type == EncodedFrameType::Key) {
    start(frame);
    return Verdict::Decodable;
  }
  if (blocked_) return Verdict::NeedsKeyFrame;
  if (explicitReferences) return judgeReferences(frame);
  if (const auto* vp8 = std::get_if<Vp8FrameInfo>(&frame.codec)) return judgeVp8(*vp8, gap);
  if (const auto* vp9 = std::get_if<Vp9FrameInfo>(&frame.codec)) return judgeVp9(*vp9, gap);
  return gap ? block() : Verdict::Decodable;
}

DecodeChain::Verdict DecodeChain::judgeReferences(const EncodedFrame& frame) {
  const bool complete = std::ranges::all_of(frame.dependencies, [this](auto id) { return frames_.has(id); });
  if (complete) {
    if (frame.frameId) frames_.add(*frame.frameId);
    return Verdict::Decodable;
  }
  // A frame of a higher temporal layer is soon replaced by one of the base layer.
  return frame.temporalIndex.value_or(0) > 0 ? Verdict::Skip : Verdict::NeedsKeyFrame;
}

DecodeChain::Verdict DecodeChain::judgeBaseLayer(std::uint8_t tl0PicIdx, bool gap) {
  const bool next = tl0PicIdx_ && tl0PicIdx == static_cast<std::uint8_t>(*tl0PicIdx_ + 1);
  if (gap && !next) return block();
  tl0PicIdx_ = tl0PicIdx;
  return Verdict::Decodable;
}

bool DecodeChain::isIntact(std::size_t temporalId) const {
  return std::all_of(temporalIntact_.begin(), temporalIntact_.begin() + static_cast<std::ptrdiff_t>(temporalId) + 1,
                     [](bool intact) { return intact; });
}

DecodeChain::Verdict DecodeChain::judgeVp8(const Vp8FrameInfo& info, bool gap) {
  // Consecutive pictures: the packets that are missing were none of a picture.
  if (gap && pictureId_ && info.pictureId && follows(*info.pictureId, *pictureId_)) gap = false;
  pictureId_ = info.pictureId;
  if (!info.temporalId || !info.tl0PicIdx) return gap ? block() : Verdict::Decodable;

  const std::size_t temporal = *info.temporalId;
  if (gap) std::fill(temporalIntact_.begin() + 1, temporalIntact_.end(), false);
  if (temporal == 0) return judgeBaseLayer(*info.tl0PicIdx, gap);
  // RFC 7741 s.4.2, TL0PICIDX: "indicates which base layer frame the current image depends on".
  if (gap && tl0PicIdx_ != info.tl0PicIdx) return block();
  // Y: "depends only on the base layer".
  if (info.layerSync) temporalIntact_[temporal] = true;
  return info.layerSync || isIntact(temporal) ? Verdict::Decodable : Verdict::Skip;
}

DecodeChain::Verdict DecodeChain::judgeVp9(const Vp9FrameInfo& info, bool gap) {
  const auto spatial = static_cast<std::uint8_t>(info.spatialId.value_or(0) & 7);
  if (gap) {
    const bool samePicture = pictureId_ && info.pictureId == pictureId_;
    const bool nextPicture = pictureId_ && info.pictureId && follows(*info.pictureId, *pictureId_);
    if (samePicture && spatial == spatialId_ + 1) {
      gap = false;
    } else {
      // Upper layers may have been lost behind the frame before, even if the base layer goes on without a gap.
      const std::size_t firstLost = nextPicture && spatial == 0 ? spatialId_ + std::size_t{1} : 1;
      std::fill(spatialIntact_.begin() + static_cast<std::ptrdiff_t>(std::min(firstLost, layers)), spatialIntact_.end(),
                false);
      if ((nextPicture && spatial == 0) || samePicture) gap = false;
    }
  }
  pictureId_ = info.pictureId;
  spatialId_ = spatial;

  const auto verdict = spatial == 0 ? judgeVp9Base(info, gap)
                       : isIntactVp9Layer(info) ? Verdict::Decodable
                       : info.temporalId.value_or(0) > 0 ? Verdict::Skip
                                                         : Verdict::NeedsKeyFrame;
  if (verdict == Verdict::Decodable && info.pictureId) pictures_.add(pictureKey(*info.pictureId, spatial));
  return verdict;
}

/// RFC 9628 s.4.2 on the lowest spatial layer.
DecodeChain::Verdict DecodeChain::judgeVp9Base(const Vp9FrameInfo& info, bool gap) {
  const std::size_t temporal = info.temporalId.value_or(0) & 7u;
  if (info.flexibleMode && info.pictureId && !info.differences.empty()) {
    const bool complete = std::ranges::all_of(info.differences, [&](unsigned difference) {
      const unsigned id = *info.pictureId;
      const auto reference = static_cast<std::uint16_t>((id - difference) & 0x7fff);
      const auto shortReference = static_cast<std::uint16_t>((id - difference) & 0x7f);
      return pictures_.has(pictureKey(reference, 0)) || (id <= 0x7f && pictures_.has(pictureKey(shortReference, 0)));
    });
    if (complete) return Verdict::Decodable;
    return temporal > 0 ? Verdict::Skip : Verdict::NeedsKeyFrame;
  }
  if (!info.tl0PicIdx) return gap ? block() : Verdict::Decodable;
  if (gap) std::fill(temporalIntact_.begin() + 1, temporalIntact_.end(), false);
  if (temporal == 0) {
    const auto verdict = judgeBaseLayer(*info.tl0PicIdx, gap);
    if (verdict != Verdict::Decodable) return verdict;
  } else {
    if (gap && tl0PicIdx_ != info.tl0PicIdx) return block();
    if (!isIntact(temporal)) return Verdict::Skip;
  }
  // U: higher temporal layers will not depend on anything of theirs before this picture.
  if (info.switchingUpPoint)
    std::fill(temporalIntact_.begin() + static_cast<std::ptrdiff_t>(temporal) + 1, temporalIntact_.end(), true);
  return Verdict::Decodable;
}

/// An upper spatial layer: needs the layer below if it says so (D), and the earlier pictures of its own layer (P).
bool DecodeChain::isIntactVp9Layer(const Vp9FrameInfo& info) {
  const auto spatial = static_cast<std::uint8_t>(info.spatialId.value_or(0) & 7);
  if (!info.interPicture) spatialIntact_[spatial] = true;
  const bool below = !info.interLayer || !info.pictureId ||
                     pictures_.has(pictureKey(*info.pictureId, static_cast<std::uint8_t>(spatial - 1)));
  if (!below) spatialIntact_[spatial] = false;
  return spatialIntact_[spatial];
}

}  // namespace parley::rtp::payload
