#pragma once

#include "pc/event_handler.hpp"
#include "pc/media_plan.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/media_stream.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// \file
/// Tracks. What a track is made of is `TrackCore`; the application's and the peer's differ in who makes the frames.
///
///   EncodedTrack::write ───┐                          ┌──► senders (FrameSink) ──► Peer::sendFrame
///                          ├──► TrackCore::deliver ───┤
///   Peer ─► FrameReceived ─┘                          └──► onFrame

namespace parley::pc {

class Connection;

/// Who sends the frames of a track.
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  /// On the thread that writes the frame, without a lock.
  virtual void onTrackFrame(const EncodedFrame& frame) = 0;
};

/// The state of one track, guarded by `shared().mutex`.
///
///     live ──stop(), the end of what feeds it──► ended
class TrackCore {
 public:
  TrackCore(std::shared_ptr<Shared> shared, MediaKind trackKind, std::string trackId, std::string trackLabel)
      : kind(trackKind), id(std::move(trackId)), label(std::move(trackLabel)), shared_(std::move(shared)) {}

  const MediaKind kind;
  const std::string id;
  const std::string label;

  /// Guarded by the mutex.
  struct Slots {
    bool enabled = true;
    bool muted = false;
    MediaStreamTrackState readyState = MediaStreamTrackState::Live;
    std::vector<std::weak_ptr<FrameSink>> sinks;
  };
  Slots slots;
  EventHandler<> mute, unmute, ended;
  EventHandler<const EncodedFrame&> frame;

  const Shared& shared() const { return *shared_; }
  template <class Value>
  Value read(const Value& slot) const {
    std::lock_guard lock(shared_->mutex);
    return slot;
  }
  void enable(bool on);
  void stop();
  void attach(const std::shared_ptr<FrameSink>& sink);
  void detach(const FrameSink* sink);
  /// To everybody; without lock. Nothing while the track is disabled or ended.
  void deliver(const EncodedFrame& frame) const;
  /// Under the lock.
  void drop(Dropped& dropped);

 private:
  const std::shared_ptr<Shared> shared_;
};

/// What the library asks of a track; all tracks of its own are one of these.
class TrackSource {
 public:
  virtual ~TrackSource() = default;
  virtual TrackCore& core() = 0;
  /// A receiver of what we send needs a key frame, or the path takes another rate. In a task, without lock.
  virtual void keyFrameWanted(const std::string& rid) = 0;
  virtual void bitrateChanged(std::uint64_t bitsPerSecond) = 0;
};

/// The library's side of a track; null for an implementation of somebody else's.
TrackSource* sourceOf(const std::shared_ptr<MediaStreamTrack>& track);

/// MediaStreamTrack's members over a core.
template <class Interface>
class TrackBase : public Interface, public TrackSource {
 public:
  TrackBase(std::shared_ptr<Shared> shared, MediaKind kind, std::string id, std::string label)
      : core_(std::move(shared), kind, std::move(id), std::move(label)) {}

  MediaKind kind() const override { return core_.kind; }
  std::string id() const override { return core_.id; }
  std::string label() const override { return core_.label; }
  bool enabled() const override { return core_.read(core_.slots.enabled); }
  void enabled(bool on) override { core_.enable(on); }
  bool muted() const override { return core_.read(core_.slots.muted); }
  MediaStreamTrackState readyState() const override { return core_.read(core_.slots.readyState); }
  void stop() override { core_.stop(); }
  void onMute(std::function<void()> handler) override { core_.mute.set(core_.shared(), std::move(handler)); }
  void onUnmute(std::function<void()> handler) override { core_.unmute.set(core_.shared(), std::move(handler)); }
  void onEnded(std::function<void()> handler) override { core_.ended.set(core_.shared(), std::move(handler)); }
  void onFrame(std::function<void(const EncodedFrame&)> handler) override {
    core_.frame.set(core_.shared(), std::move(handler));
  }

  TrackCore& core() override { return core_; }

 protected:
  TrackCore core_;
};

class EncodedTrackImpl final : public TrackBase<EncodedTrack> {
 public:
  EncodedTrackImpl(MediaKind kind, std::string label);

  void write(EncodedFrame frame) override;
  void requestKeyFrame() override { keyFrameWanted({}); }
  void onKeyFrameRequest(std::function<void(const std::string&)> handler) override {
    keyFrame_.set(core_.shared(), std::move(handler));
  }
  void onTargetBitrate(std::function<void(std::uint64_t)> handler) override {
    bitrate_.set(core_.shared(), std::move(handler));
  }

  void keyFrameWanted(const std::string& rid) override { keyFrame_.fire(core_.shared(), rid); }
  void bitrateChanged(std::uint64_t bitsPerSecond) override { bitrate_.fire(core_.shared(), bitsPerSecond); }

 private:
  EventHandler<const std::string&> keyFrame_;
  EventHandler<std::uint64_t> bitrate_;
};

/// The track of a receiver. Its state is guarded by its connection's mutex.
class RemoteTrack final : public TrackBase<MediaStreamTrack> {
 public:
  RemoteTrack(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection, TransceiverId transceiver,
              MediaKind kind, std::string id);

  void requestKeyFrame() override { keyFrameWanted({}); }
  /// Who is sent this track has lost something: we ask for what it was made of.
  void keyFrameWanted(const std::string& rid) override;
  /// We do not make the frames.
  void bitrateChanged(std::uint64_t) override {}

 private:
  const std::weak_ptr<Connection> connection_;
  const TransceiverId transceiver_;
};

/// A random id as RFC 9562 s.5.4 writes it.
std::string makeUuid();

}  // namespace parley::pc
