#pragma once

#include <parley/enums.hpp>
#include <parley/export.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// \file
/// Tracks and streams (https://www.w3.org/TR/mediacapture-streams/). What flows in them are encoded frames: an
/// application has its own encoder or decoder, or none at all (forwarding, recording, files).
///
/// Any thread may call the members. Handlers of a remote track run on its connection's executor, those of an
/// `EncodedTrack` on the executor of the connection whose peer asked.

namespace parley {

struct EncodedFrame;

/// MediaStreamTrack.
class PARLEY_API MediaStreamTrack {
 public:
  virtual ~MediaStreamTrack() = default;

  virtual MediaKind kind() const = 0;
  virtual std::string id() const = 0;
  virtual std::string label() const = 0;
  /// False: frames are dropped instead of being sent or given out.
  virtual bool enabled() const = 0;
  virtual void enabled(bool on) = 0;
  /// A remote track is muted until the peer sends, and while it does not.
  virtual bool muted() const = 0;
  virtual MediaStreamTrackState readyState() const = 0;
  /// Ends the track, without an ended event.
  virtual void stop() = 0;

  virtual void onMute(std::function<void()> handler) = 0;
  virtual void onUnmute(std::function<void()> handler) = 0;
  virtual void onEnded(std::function<void()> handler) = 0;

  /// Not of the W3C: each frame, complete and in the order of decoding. The reference is good for the call. A remote track
  /// can also be given to a sender (`addTrack`, `replaceTrack`), which then sends what is received.
  virtual void onFrame(std::function<void(const EncodedFrame&)> handler) = 0;
  /// Not of the W3C: asks who encodes for a key frame (PLI or FIR to the peer of a remote track; an `EncodedTrack` fires
  /// `onKeyFrameRequest`). Repetitions within a round trip are one.
  virtual void requestKeyFrame() = 0;
};

/// A track that the application feeds. It may be given to senders of several connections: each frame goes to all.
class PARLEY_API EncodedTrack : public MediaStreamTrack {
 public:
  static std::shared_ptr<EncodedTrack> create(MediaKind kind, std::string label = {});

  /// Sends a frame, or one layer of it: `EncodedFrame::rid` says which stream of simulcast it is. It is dropped, and
  /// counted in the statistics, while nothing is negotiated or the codec of the frame is not among the negotiated ones.
  virtual void write(EncodedFrame frame) = 0;

  /// A receiver has lost what later frames refer to. The stream of simulcast, or empty if there is only one.
  virtual void onKeyFrameRequest(std::function<void(const std::string& rid)> handler) = 0;
  /// The bit rate that the path takes, bit/s, for all streams of this track together.
  virtual void onTargetBitrate(std::function<void(std::uint64_t bitsPerSecond)> handler) = 0;
};

/// MediaStream: tracks that belong together.
class PARLEY_API MediaStream {
 public:
  virtual ~MediaStream() = default;
  /// No id: a random UUID.
  static std::shared_ptr<MediaStream> create(std::vector<std::shared_ptr<MediaStreamTrack>> tracks = {},
                                             std::optional<std::string> id = std::nullopt);

  virtual std::string id() const = 0;
  /// Whether a track is live.
  virtual bool active() const = 0;
  virtual std::vector<std::shared_ptr<MediaStreamTrack>> getTracks() const = 0;
  std::vector<std::shared_ptr<MediaStreamTrack>> getAudioTracks() const { return tracksOf(MediaKind::Audio); }
  std::vector<std::shared_ptr<MediaStreamTrack>> getVideoTracks() const { return tracksOf(MediaKind::Video); }
  std::shared_ptr<MediaStreamTrack> getTrackById(const std::string& id) const;
  virtual void addTrack(std::shared_ptr<MediaStreamTrack> track) = 0;
  virtual void removeTrack(const std::shared_ptr<MediaStreamTrack>& track) = 0;

  /// Fire for what the peer changes, not for `addTrack` and `removeTrack`.
  virtual void onAddTrack(std::function<void(std::shared_ptr<MediaStreamTrack>)> handler) = 0;
  virtual void onRemoveTrack(std::function<void(std::shared_ptr<MediaStreamTrack>)> handler) = 0;

 private:
  std::vector<std::shared_ptr<MediaStreamTrack>> tracksOf(MediaKind kind) const;
};

}  // namespace parley
