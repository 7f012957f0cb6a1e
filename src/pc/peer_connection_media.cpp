#include "pc/peer_connection.hpp"
#include "pc/rtp_forwarder.hpp"

#include <algorithm>
#include <utility>

/// \file
/// Frames, tones, and what the media data plane tells.

namespace parley::pc {

namespace {

/// Frames that may wait for their handlers: ten seconds of video and audio (30 and 50 a second), and some more. What is
/// beyond is dropped, up to the next key frame of the stream.
constexpr std::size_t maxUndeliveredFrames = 1024;

/// W3C s.7.2: the tones, with letters in upper case.
std::optional<std::string> normalizedTones(std::string tones) {
  for (char& tone : tones) {
    if (tone >= 'a' && tone <= 'd') tone = static_cast<char>(tone - 'a' + 'A');
    if (std::string_view("0123456789ABCD#*,").find(tone) == std::string_view::npos) return std::nullopt;
  }
  return tones;
}

}  // namespace

// --- To the peer ---

void Connection::countFrame(const RtpSenderImpl& sender, const EncodedFrame& frame) {
  std::lock_guard lock(shared_->mutex);
  const auto& source = sender.slots.source;
  if (!source) return;
  // Each sender of the track is told of the frame; the first of them counts it.
  const auto first = std::find_if(transceivers_.begin(), transceivers_.end(), [&](const auto& transceiver) {
    return transceiver->rtpSender->slots.source == source;
  });
  if (first != transceivers_.end() && (*first)->rtpSender.get() == &sender)
    source->count(frame, Time(core_.wallClock()));
}

void Connection::sendFrame(TransceiverId id, EncodedFrame frame) {
  // Shared, since a command is copied; the bytes are shared anyhow.
  auto shared = std::make_shared<EncodedFrame>(std::move(frame));
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) return;
    command(actions,
            [id, shared = std::move(shared)](Peer& peer, Time now) { peer.sendFrame(id, std::move(*shared), now); });
  }
  run(actions);
}

void Connection::requestKeyFrame(TransceiverId id, const std::string& rid) {
  update([&](Actions& actions) {
    command(actions, [id, rid](Peer& peer, Time now) { peer.requestKeyFrame(id, rid, now); });
  });
}

bool Connection::canInsertDtmf(TransceiverId id) const {
  std::lock_guard lock(shared_->mutex);
  return canInsertDtmfLocked(id);
}

bool Connection::canInsertDtmfLocked(TransceiverId id) const {
  const auto shown = findTransceiver(id);
  if (closed_ || !shown || !shown->rtpSender->slots.track || shown->rtpSender->slots.stopped) return false;
  const auto parameters = session_.sendParameters(id);
  return std::any_of(parameters.codecs.begin(), parameters.codecs.end(),
                     [](const auto& codec) { return codec.mimeType == "audio/telephone-event"; });
}

void Connection::insertDtmf(TransceiverId id, const std::string& tones, std::uint32_t duration,
                            std::uint32_t interToneGap) {
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    if (!canInsertDtmfLocked(id)) throw Error(ErrorName::InvalidStateError, "no tones can be sent");
    auto normalized = normalizedTones(tones);
    if (!normalized) throw Error(ErrorName::InvalidCharacterError, "tones are 0-9, A-D, #, * and a comma");
    const auto& dtmf = findTransceiver(id)->rtpSender->dtmfImpl();
    dtmf->tones = *normalized;
    if (dtmf->tones.empty() && !dtmf->playing) return;  // W3C: nothing is played, and no event says so.
    dtmf->playing = true;
    const auto milliseconds = [](std::uint32_t value, std::uint32_t least) {
      return std::chrono::milliseconds(std::clamp(value, least, 6000u));
    };
    command(actions, [id, tones = std::move(*normalized), length = milliseconds(duration, 40),
                      gap = milliseconds(interToneGap, 30)](Peer& peer, Time now) {
      peer.insertTones(id, tones, length, gap, now);
    });
  }
  run(actions);
}

// --- From the peer ---

/// The engine's thread.
bool Connection::takesFrame(const FrameReceived& received) {
  const std::pair stream(received.transceiver, received.frame.rid);
  if (undeliveredFrames_ >= maxUndeliveredFrames) {
    overrun_.insert(stream);
    return false;
  }
  if (received.frame.type != EncodedFrameType::Key && overrun_.contains(stream)) return false;
  overrun_.erase(stream);
  ++undeliveredFrames_;
  return true;
}

void Connection::take(FrameReceived& received) {
  --undeliveredFrames_;
  update([&](Actions& actions) {
    const auto shown = findTransceiver(received.transceiver);
    if (!shown) return;
    const std::chrono::duration<double, std::milli> timestamp = core_.wallClock();
    shown->rtpReceiver->count(received.frame, timestamp.count());
    auto frame = std::make_shared<EncodedFrame>(std::move(received.frame));
    actions.push_back([receiver = shown->rtpReceiver, transform = shown->rtpReceiver->slots.transform, frame] {
      std::optional<EncodedFrame> given = std::move(*frame);
      if (transform) TaskQueue::guard([&] { given = (*transform)(std::move(*given)); });
      if (given) receiver->remote->core().deliver(*given);
    });
  });
}

void Connection::take(KeyFrameWanted& wanted) {
  update([&](Actions& actions) {
    const auto shown = findTransceiver(wanted.transceiver);
    if (!shown || !shown->rtpSender->slots.track) return;
    actions.push_back([track = shown->rtpSender->slots.track, rid = wanted.rid] {
      if (auto* source = sourceOf(track)) source->keyFrameWanted(rid);
    });
  });
}

void Connection::take(SendBitrateChanged& changed) {
  update([&](Actions& actions) {
    const auto shown = findTransceiver(changed.transceiver);
    if (!shown) return;
    if (auto forwarding = shown->rtpSender->slots.forwarding.lock())
      actions.push_back(
          [forwarding = std::move(forwarding), rate = changed.bitsPerSecond] { forwarding->bitrateChanged(rate); });
    if (!shown->rtpSender->slots.track) return;
    actions.push_back([track = shown->rtpSender->slots.track, rate = changed.bitsPerSecond] {
      if (auto* source = sourceOf(track)) source->bitrateChanged(rate);
    });
  });
}

void Connection::take(SourceCollided& collided) {
  update([&](Actions& actions) {
    session_.changeSource(collided.transceiver, collided.ssrc);
    applyPlan(actions);
  });
}

void Connection::take(MediaFlows& changed) {
  update([&](Actions& actions) {
    const auto shown = findTransceiver(changed.transceiver);
    if (!shown || (changed.flows && !shown->slots.receives)) return;
    const auto& track = shown->rtpReceiver->remote;
    if (std::exchange(track->core().slots.muted, !changed.flows) == !changed.flows) return;
    actions.push_back([track, flows = changed.flows] {
      auto& core = track->core();
      (flows ? core.unmute : core.mute).fire(core.shared());
    });
  });
}

void Connection::take(TonePlayed& played) {
  update([&](Actions& actions) {
    const auto shown = findTransceiver(played.transceiver);
    if (!shown || !shown->rtpSender->dtmfImpl()) return;
    const auto& dtmf = shown->rtpSender->dtmfImpl();
    if (!played.tone.empty() && dtmf->tones.starts_with(played.tone)) dtmf->tones.erase(0, played.tone.size());
    dtmf->playing = !played.tone.empty();
    fireAt(actions, dtmf, &DtmfSenderImpl::toneChange, played.tone);
  });
}

}  // namespace parley::pc
