#include "rtp/payload/frame_assembler.hpp"

#include <utility>

namespace parley::rtp::payload {

FrameAssembler::FrameAssembler(MediaKind kind) : FrameAssembler(kind, Limits()) {}
FrameAssembler::FrameAssembler(MediaKind kind, Limits limits) : kind_(kind), limits_(limits) {}
FrameAssembler::~FrameAssembler() = default;

void FrameAssembler::setCodec(std::uint8_t payloadType, std::string mimeType, const CodecOptions& options) {
  removeCodec(payloadType);
  if (payloadType >= codecs_.size()) return;
  auto codec = std::make_unique<Codec>();
  codec->mimeType = std::move(mimeType);
  codec->depacketizer = makeDepacketizer(options);
  codecs_[payloadType] = std::move(codec);
}

void FrameAssembler::removeCodec(std::uint8_t payloadType) {
  if (payloadType >= codecs_.size()) return;
  if (current_ == codecs_[payloadType].get()) {
    if (state_ == State::Assembling) abandon(Dropped::Incomplete);
    current_ = nullptr;
  }
  codecs_[payloadType].reset();
}

void FrameAssembler::handle(const MediaPacket& packet, Time now) {
  if (lastSequence_ && packet.sequence <= *lastSequence_) {
    dropped_.add(Dropped::OldPacket);
    return;
  }
  const bool gap = !lastSequence_ || packet.sequence != *lastSequence_ + 1;
  lastSequence_ = packet.sequence;
  if (kind_ == MediaKind::Video && gap) {
    gapSinceFrame_ = true;
    if (state_ == State::Assembling) abandon(Dropped::Incomplete);
    state_ = State::Skipping;
  }
  if (packet.payload.empty()) return;

  auto* codec = packet.payloadType < codecs_.size() ? codecs_[packet.payloadType].get() : nullptr;
  if (codec == nullptr) {
    dropped_.add(Dropped::UnknownPayloadType);
    return;
  }
  if (kind_ == MediaKind::Video) {
    if (codec->depacketizer) handleVideo(packet, *codec, gap, now);
  } else if (codec->depacketizer) {
    handleAudio(packet, *codec, false, now);
  } else {
    handleRed(packet, gap, now);
  }
}

void FrameAssembler::handleVideo(const MediaPacket& packet, Codec& codec, bool gap, Time now) {
  const bool newTimestamp = !timestamp_ || packet.timestamp != *timestamp_;
  const auto parsed = codec.depacketizer->parse(packet.payload);
  if (!parsed) {
    dropped_.add(Dropped::Malformed);
    gapSinceFrame_ = true;
    if (state_ == State::Assembling) abandon(Dropped::Incomplete);
    state_ = State::Skipping;
    timestamp_ = packet.timestamp;
    return;
  }
  // The dependency descriptor knows better than the payload where frames begin and end.
  const auto& dependency = packet.dependency;
  const bool starts = dependency ? dependency->startOfFrame : parsed->startsFrame;
  const bool continues = dependency ? !dependency->startOfFrame : parsed->continues;
  const bool ends = packet.marker || (dependency ? dependency->endOfFrame : parsed->endsFrame);

  // Nothing is missing, and another frame begins: the one before had no marker bit, but is whole.
  if (state_ == State::Assembling &&
      (newTimestamp || &codec != current_ || (dependency && dependency->startOfFrame)))
    finishFrame(newTimestamp);

  if (state_ != State::Assembling) {
    const bool fresh = !gap && (state_ == State::Idle || newTimestamp);
    timestamp_ = packet.timestamp;
    if (continues || !(starts || fresh)) {
      // The beginning of the frame is what is missing. It counts once.
      if (state_ != State::Skipping || newTimestamp) dropped_.add(Dropped::Incomplete);
      state_ = State::Skipping;
      gapSinceFrame_ = true;
      if (chain_.blocked()) wantKeyFrame();
      return;
    }
    beginFrame(packet, codec);
  }
  frame_.receiveTime = now;
  // 3GPP TS 26.114 s.7.4.5: the orientation is in the last packet of a frame.
  if (packet.rotation) frame_.rotation = packet.rotation;
  payloadBytes_ += packet.payload.size();
  if (payloadBytes_ > limits_.frameBytes) return abandon(Dropped::TooLarge);
  if (!codec.depacketizer->append(packet.payload, bytes_)) return abandon(Dropped::Incomplete);
  if (ends) finishFrame(packet.marker);
}

void FrameAssembler::beginFrame(const MediaPacket& packet, Codec& codec) {
  state_ = State::Assembling;
  current_ = &codec;
  bytes_.clear();
  payloadBytes_ = 0;
  codec.depacketizer->begin();
  describe(packet, codec);
}

/// Gives up the frame in work, with what follows of it.
void FrameAssembler::abandon(Dropped reason) {
  dropped_.add(reason);
  state_ = State::Skipping;
  gapSinceFrame_ = true;
  if (chain_.blocked()) wantKeyFrame();
}

void FrameAssembler::finishFrame(bool endOfPicture) {
  if (!current_->depacketizer->finish(bytes_, frame_)) {
    abandon(Dropped::Incomplete);
    state_ = State::Idle;
    return;
  }
  state_ = State::Idle;
  frame_.endOfPicture = endOfPicture;
  if (dependency_) {
    if (dependency_->keyFrame) frame_.type = EncodedFrameType::Key;
    frame_.frameId = dependency_->frameId;
    frame_.spatialIndex = dependency_->spatialIndex;
    frame_.temporalIndex = dependency_->temporalIndex;
  }
  const bool key = frame_.type == EncodedFrameType::Key;
  ++framesAssembled_;
  if (key) ++keyFramesAssembled_;
  const auto verdict = chain_.judge(frame_, std::exchange(gapSinceFrame_, false), dependency_.has_value());
  if (verdict != DecodeChain::Verdict::Decodable) {
    dropped_.add(Dropped::NotDecodable);
    if (verdict == DecodeChain::Verdict::NeedsKeyFrame) wantKeyFrame();
    return;
  }
  if (key) needsKeyFrame_ = false;
  frame_.data = FrameData(base::Bytes(bytes_));
  emit(std::move(frame_));
}

void FrameAssembler::handleAudio(const MediaPacket& packet, Codec& codec, bool redundant, Time now) {
  if (!codec.depacketizer->parse(packet.payload)) {
    dropped_.add(Dropped::Malformed);
    return;
  }
  codec.depacketizer->begin();
  describe(packet, codec);
  bytes_.clear();
  if (!codec.depacketizer->append(packet.payload, bytes_) || !codec.depacketizer->finish(bytes_, frame_)) {
    dropped_.add(Dropped::Malformed);
    return;
  }
  frame_.receiveTime = now;
  frame_.startsTalkspurt = packet.marker;
  frame_.redundant = redundant;
  // The sequence number of a redundant copy's own packet is not known.
  if (redundant) frame_.sequenceNumber.reset();
  frame_.data = FrameData(base::Bytes(bytes_));
  if (!newestAudio_ || static_cast<std::int32_t>(packet.timestamp - *newestAudio_) > 0) newestAudio_ = packet.timestamp;
  ++framesAssembled_;
  ++keyFramesAssembled_;
  emit(std::move(frame_));
}

void FrameAssembler::handleRed(const MediaPacket& packet, bool gap, Time now) {
  if (!parseRed(packet.payload, blocks_)) {
    dropped_.add(Dropped::Malformed);
    return;
  }
  for (const auto& block : blocks_) {
    const bool primary = &block == &blocks_.back();
    const auto timestamp = packet.timestamp - block.timestampOffset;
    // A copy of a frame that came, or of one before the first, is no use.
    const bool isNew = newestAudio_ && static_cast<std::int32_t>(timestamp - *newestAudio_) > 0;
    if ((!primary && !(gap && isNew)) || block.data.empty()) continue;
    auto* codec = codecs_[block.payloadType].get();
    if (codec == nullptr || !codec->depacketizer) {
      dropped_.add(Dropped::UnknownPayloadType);
      continue;
    }
    MediaPacket inner = packet;
    inner.payloadType = block.payloadType;
    inner.timestamp = timestamp;
    inner.payload = block.data;
    if (!primary) {
      inner.marker = false;
      inner.audioLevel.reset();
      inner.voiceActivity.reset();
      inner.senderCaptureTime.reset();
      inner.senderCaptureTimeOffset.reset();
    }
    handleAudio(inner, *codec, !primary, now);
  }
}

/// Begins `frame_` with what the packet's header and extensions say of it.
void FrameAssembler::describe(const MediaPacket& packet, const Codec& codec) {
  frame_ = EncodedFrame();
  frame_.kind = kind_;
  frame_.mimeType = codec.mimeType;
  frame_.rtpTimestamp = packet.timestamp;
  frame_.synchronizationSource = packet.ssrc;
  frame_.contributingSources.assign(packet.csrcs.begin(), packet.csrcs.end());
  frame_.payloadType = packet.payloadType;
  frame_.sequenceNumber = static_cast<std::uint16_t>(packet.sequence);
  frame_.rid = packet.rid;
  frame_.audioLevel = packet.audioLevel;
  frame_.voiceActivity = packet.voiceActivity;
  frame_.senderCaptureTime = packet.senderCaptureTime;
  frame_.senderCaptureTimeOffset = packet.senderCaptureTimeOffset;
  frame_.dependencyDescriptor.assign(packet.dependencyDescriptor.begin(), packet.dependencyDescriptor.end());
  dependency_ = packet.dependency;
  if (!dependency_) return;
  for (auto difference : dependency_->differences)
    if (difference <= dependency_->frameId) frame_.dependencies.push_back(dependency_->frameId - difference);
  dependency_->differences = {};  // They are the packet's.
}

void FrameAssembler::emit(EncodedFrame frame) {
  while (framesWaiting_ >= limits_.frames) {
    auto oldest = outputs_.pop();
    if (std::holds_alternative<EncodedFrame>(*oldest)) {
      --framesWaiting_;
      dropped_.add(Dropped::NotPolled);
    } else {
      outputs_.push(std::move(oldest));
    }
  }
  ++framesWaiting_;
  outputs_.push(std::move(frame));
}

void FrameAssembler::wantKeyFrame() {
  if (std::exchange(needsKeyFrame_, true)) return;
  outputs_.push(KeyFrameNeeded{});
}

std::optional<FrameAssembler::Output> FrameAssembler::poll() {
  if (outputs_.empty()) return std::nullopt;
  auto output = outputs_.pop();
  if (std::holds_alternative<EncodedFrame>(*output)) --framesWaiting_;
  return output;
}

}  // namespace parley::rtp::payload
