#pragma once

#include "pc/event_handler.hpp"

#include <parley/media_stream.hpp>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace parley::pc {

/// MediaStream. Streams of the peer share their connection's mutex, the application's have one of their own.
class MediaStreamImpl final : public MediaStream {
 public:
  MediaStreamImpl(std::shared_ptr<Shared> shared, std::string id) : shared_(std::move(shared)), id_(std::move(id)) {}

  std::string id() const override { return id_; }
  bool active() const override;
  std::vector<std::shared_ptr<MediaStreamTrack>> getTracks() const override;
  void addTrack(std::shared_ptr<MediaStreamTrack> track) override;
  void removeTrack(const std::shared_ptr<MediaStreamTrack>& track) override;
  void onAddTrack(std::function<void(std::shared_ptr<MediaStreamTrack>)> handler) override {
    trackAdded.set(*shared_, std::move(handler));
  }
  void onRemoveTrack(std::function<void(std::shared_ptr<MediaStreamTrack>)> handler) override {
    trackRemoved.set(*shared_, std::move(handler));
  }

  /// Guarded by the mutex.
  std::vector<std::shared_ptr<MediaStreamTrack>> tracks;
  EventHandler<std::shared_ptr<MediaStreamTrack>> trackAdded, trackRemoved;

 private:
  const std::shared_ptr<Shared> shared_;
  const std::string id_;
};

}  // namespace parley::pc
