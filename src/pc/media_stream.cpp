#include "pc/media_stream.hpp"

#include "pc/media_track.hpp"

#include <algorithm>

namespace parley::pc {

bool MediaStreamImpl::active() const {
  const auto all = getTracks();
  return std::any_of(all.begin(), all.end(),
                     [](const auto& track) { return track->readyState() == MediaStreamTrackState::Live; });
}

std::vector<std::shared_ptr<MediaStreamTrack>> MediaStreamImpl::getTracks() const {
  std::lock_guard lock(shared_->mutex);
  return tracks;
}

void MediaStreamImpl::addTrack(std::shared_ptr<MediaStreamTrack> track) {
  std::lock_guard lock(shared_->mutex);
  if (track && std::find(tracks.begin(), tracks.end(), track) == tracks.end()) tracks.push_back(std::move(track));
}

void MediaStreamImpl::removeTrack(const std::shared_ptr<MediaStreamTrack>& track) {
  std::lock_guard lock(shared_->mutex);
  std::erase(tracks, track);
}

}  // namespace parley::pc

namespace parley {

std::shared_ptr<MediaStream> MediaStream::create(std::vector<std::shared_ptr<MediaStreamTrack>> tracks,
                                                 std::optional<std::string> id) {
  auto stream = std::make_shared<pc::MediaStreamImpl>(std::make_shared<pc::Shared>(nullptr),
                                                      id.has_value() ? std::move(*id) : pc::makeUuid());
  for (auto& track : tracks) stream->addTrack(std::move(track));
  return stream;
}

std::shared_ptr<MediaStreamTrack> MediaStream::getTrackById(const std::string& id) const {
  for (auto& track : getTracks())
    if (track->id() == id) return track;
  return nullptr;
}

std::vector<std::shared_ptr<MediaStreamTrack>> MediaStream::tracksOf(MediaKind kind) const {
  auto tracks = getTracks();
  std::erase_if(tracks, [&](const auto& track) { return track->kind() != kind; });
  return tracks;
}

}  // namespace parley
