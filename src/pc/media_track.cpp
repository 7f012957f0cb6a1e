#include "pc/media_track.hpp"

#include "base/random.hpp"
#include "pc/peer_connection.hpp"

#include <algorithm>

namespace parley::pc {

void TrackCore::enable(bool on) {
  std::lock_guard lock(shared_->mutex);
  slots.enabled = on;
}

void TrackCore::stop() {
  std::lock_guard lock(shared_->mutex);
  slots.readyState = MediaStreamTrackState::Ended;
}

void TrackCore::attach(const std::shared_ptr<FrameSink>& sink) {
  std::lock_guard lock(shared_->mutex);
  std::erase_if(slots.sinks, [](const auto& weak) { return weak.expired(); });
  slots.sinks.push_back(sink);
}

void TrackCore::detach(const FrameSink* sink) {
  std::lock_guard lock(shared_->mutex);
  std::erase_if(slots.sinks, [&](const auto& weak) {
    const auto held = weak.lock();
    return !held || held.get() == sink;
  });
}

void TrackCore::deliver(const EncodedFrame& delivered) const {
  std::vector<std::shared_ptr<FrameSink>> sinks;
  {
    std::lock_guard lock(shared_->mutex);
    if (!slots.enabled || slots.readyState == MediaStreamTrackState::Ended) return;
    for (const auto& weak : slots.sinks)
      if (auto sink = weak.lock()) sinks.push_back(std::move(sink));
  }
  for (const auto& sink : sinks) sink->onTrackFrame(delivered);
  frame.fire(*shared_, delivered);
}

void TrackCore::drop(Dropped& dropped) {
  for (auto* handler : {&mute, &unmute, &ended}) dropped.push_back(handler->take());
  dropped.push_back(frame.take());
}

TrackSource* sourceOf(const std::shared_ptr<MediaStreamTrack>& track) { return dynamic_cast<TrackSource*>(track.get()); }

EncodedTrackImpl::EncodedTrackImpl(MediaKind kind, std::string label)
    // It belongs to no connection and has no tasks: a mutex is all that it shares.
    : TrackBase(std::make_shared<Shared>(nullptr), kind, makeUuid(), std::move(label)) {}

void EncodedTrackImpl::write(EncodedFrame written) {
  written.kind = core_.kind;
  core_.deliver(written);
}

RemoteTrack::RemoteTrack(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection,
                         TransceiverId transceiver, MediaKind kind, std::string id)
    : TrackBase(std::move(shared), kind, std::move(id), {}),
      connection_(std::move(connection)),
      transceiver_(transceiver) {
  core_.slots.muted = true;
}

void RemoteTrack::keyFrameWanted(const std::string& rid) {
  if (auto connection = connection_.lock()) connection->requestKeyFrame(transceiver_, rid);
}

std::string makeUuid() {
  base::SystemRandom random;
  constexpr std::string_view hex = "0123456789abcdef";
  auto text = random.text(36, hex);
  for (const std::size_t at : {8u, 13u, 18u, 23u}) text[at] = '-';
  text[14] = '4';
  text[19] = hex[8 + random.u64() % 4];
  return text;
}

}  // namespace parley::pc

namespace parley {

std::shared_ptr<EncodedTrack> EncodedTrack::create(MediaKind kind, std::string label) {
  return std::make_shared<pc::EncodedTrackImpl>(kind, std::move(label));
}

}  // namespace parley
