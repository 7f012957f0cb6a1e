#include "rtp/continuation.hpp"

#include <algorithm>

namespace parley::rtp {
namespace {

Rewriter::Target targetOf(std::uint16_t firstSequence, std::uint32_t firstTimestamp) {
  Rewriter::Target target;
  target.firstSequence = firstSequence;
  target.firstTimestamp = firstTimestamp;
  // Payload types are the owner's to map.
  for (std::size_t i = 0; i < target.payloadTypes.size(); ++i) target.payloadTypes[i] = static_cast<std::uint8_t>(i);
  return target;
}

}  // namespace

// --- ContinuedNumber ---

std::int64_t ContinuedNumber::unwrap(std::uint16_t value) const {
  return unwrapper_.peek(static_cast<std::uint16_t>(value << shift_)) >> shift_;
}

void ContinuedNumber::see(std::int64_t value) {
  highest_ = value;
  unwrapper_.unwrap(static_cast<std::uint16_t>(value << shift_));
}

std::optional<std::uint16_t> ContinuedNumber::map(std::uint16_t value) {
  const auto mask = static_cast<std::uint16_t>(0xffff >> shift_);
  if (!started_) {
    started_ = true;
    unwrapper_.reset();
    while (!skips_.empty()) skips_.pop();
    see(unwrap(value));
    offset_ = any_ ? lastOut_ + 1 - highest_ : 0;
    if (!any_) lastOut_ = highest_;
    any_ = true;
  }
  const std::int64_t at = unwrap(value);
  std::size_t before = skips_.size();
  while (before > 0 && skips_[before - 1] >= at) --before;
  if (before < skips_.size() && skips_[before] == at) return std::nullopt;
  if (at > highest_) see(at);
  const std::int64_t out = at + offset_ - static_cast<std::int64_t>(before);
  lastOut_ = std::max(lastOut_, out);
  return static_cast<std::uint16_t>(out & mask);
}

void ContinuedNumber::skip(std::uint16_t value) {
  if (!started_) return;
  const std::int64_t at = unwrap(value);
  if (at <= highest_) return;
  see(at);
  skips_.push(at);
  if (skips_.size() <= rememberedSkips) return;
  skips_.pop();
  --offset_;
}

// --- Continuation ---

Continuation::Continuation(std::uint16_t firstSequence, std::uint32_t firstTimestamp)
    : rewriter_(targetOf(firstSequence, firstTimestamp)) {}

void Continuation::begin(std::uint32_t source) {
  rewriter_.restart(source);
  for (auto* each : {&longPictureIds_, &shortPictureIds_, &tl0PicIdxs_, &frameNumbers_}) each->begin();
  temporalLayer_ = 0xff;
}

/// Down with the next frame, up where the layer can be entered: a frame that says so, or a key frame.
bool Continuation::wants(const Incoming& in) {
  const std::uint8_t most = in.maxTemporalLayer.value_or(0xff);
  const auto& fields = in.fields;
  if (!fields.temporalId) return true;
  if (fields.startsFrame) {
    temporalLayer_ = std::min(temporalLayer_, most);
    if (fields.startsKeyFrame || (fields.switchingUp && *fields.temporalId <= most &&
                                  *fields.temporalId == static_cast<std::uint8_t>(temporalLayer_ + 1)))
      temporalLayer_ = fields.startsKeyFrame ? most : *fields.temporalId;
  }
  return *fields.temporalId <= temporalLayer_;
}

std::optional<Continuation::Outgoing> Continuation::next(const Incoming& in) {
  const base::Bytes payload = in.packet.payload();
  const auto& fields = in.fields;
  auto& pictureIds = fields.longPictureId ? longPictureIds_ : shortPictureIds_;
  if (payload.empty() || !wants(in)) {
    rewriter_.skip(in.packet);
    if (!payload.empty() && fields.pictureIdAt != 0 && fields.compactPictureIds)
      pictureIds.skip(fields.pictureId(payload));
    return std::nullopt;
  }
  const auto numbers = rewriter_.next(in.packet, in.clockRate, in.at);
  if (!numbers) return std::nullopt;
  Outgoing out;
  out.sequenceNumber = numbers->sequenceNumber;
  out.timestamp = numbers->timestamp;
  if (fields.pictureIdAt != 0) {
    out.pictureId = pictureIds.map(fields.pictureId(payload));
    if (!out.pictureId) return std::nullopt;  // It came late: the rest of its picture was left out.
  }
  if (fields.tl0PicIdxAt != 0) {
    const auto index = tl0PicIdxs_.map(payload[fields.tl0PicIdxAt]);
    if (index) out.tl0PicIdx = static_cast<std::uint8_t>(*index);
  }
  if (in.frameNumber) out.frameNumber = frameNumbers_.map(*in.frameNumber);
  return out;
}

}  // namespace parley::rtp
