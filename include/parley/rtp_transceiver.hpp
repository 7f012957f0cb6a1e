#pragma once

#include <parley/async.hpp>
#include <parley/encoded_frame.hpp>
#include <parley/enums.hpp>
#include <parley/media_stream.hpp>
#include <parley/rtp_parameters.hpp>
#include <parley/stats.hpp>
#include <parley/transports.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// \file
/// What `PeerConnection::addTrack` and `addTransceiver` make, and what the peer's sections become. The connection holds
/// them; handles may be dropped. Threads and handlers are as for `DataChannel`.

namespace parley {

/// RTCRtpTransceiverInit.
struct RtpTransceiverInit {
  RtpTransceiverDirection direction = RtpTransceiverDirection::SendRecv;
  /// The peer's track is in streams with the ids of these.
  std::vector<std::shared_ptr<MediaStream>> streams = {};
  /// More than one: simulcast, each with a rid of its own.
  std::vector<RtpEncodingParameters> sendEncodings = {};
};

/// RTCDTMFSender.
class PARLEY_API DtmfSender {
 public:
  virtual ~DtmfSender() = default;

  /// Plays 0-9, A-D, # and *; "," is a pause of two seconds. Replaces what was not played yet. Milliseconds: `duration`
  /// is kept within 40 and 6000, `interToneGap` within 30 and 6000. Throws InvalidStateError unless `canInsertDtmf`,
  /// InvalidCharacterError for other characters.
  virtual void insertDtmf(const std::string& tones, std::uint32_t duration = 100, std::uint32_t interToneGap = 70) = 0;
  virtual bool canInsertDtmf() const = 0;
  virtual std::string toneBuffer() const = 0;

  /// A tone begins; an empty string when all were played.
  virtual void onToneChange(std::function<void(const std::string& tone)> handler) = 0;
};

/// RTCRtpSender.
class PARLEY_API RtpSender {
 public:
  virtual ~RtpSender() = default;

  virtual std::shared_ptr<MediaStreamTrack> track() const = 0;
  /// Null until the section is described. Another one once it is bundled with other sections.
  virtual std::shared_ptr<DtlsTransport> transport() const = 0;
  /// What can be sent, of all connections.
  static RtpCapabilities getCapabilities(MediaKind kind);

  virtual RtpSendParameters getParameters() const = 0;
  virtual Async<void> setParameters(RtpSendParameters parameters) = 0;
  /// Without negotiation. Null: sends nothing. TypeError for a track of the other kind.
  virtual Async<void> replaceTrack(std::shared_ptr<MediaStreamTrack> track) = 0;
  virtual void setStreams(std::vector<std::shared_ptr<MediaStream>> streams) = 0;
  /// What is about this sender, and what that refers to.
  virtual Async<StatsReport> getStats() = 0;
  /// Null for video.
  virtual std::shared_ptr<DtmfSender> dtmf() const = 0;

  using Transform = std::function<std::optional<EncodedFrame>(EncodedFrame)>;
  /// webrtc-encoded-transform, as a function: each frame passes it before it is packetized; nothing drops the frame.
  /// Called on the thread that writes the frame. An empty function ends it.
  virtual void transform(Transform transform) = 0;
};

/// RTCRtpReceiver.
class PARLEY_API RtpReceiver {
 public:
  virtual ~RtpReceiver() = default;

  virtual std::shared_ptr<MediaStreamTrack> track() const = 0;
  virtual std::shared_ptr<DtlsTransport> transport() const = 0;
  static RtpCapabilities getCapabilities(MediaKind kind);

  virtual RtpReceiveParameters getParameters() const = 0;
  /// Of the last ten seconds, the latest first.
  virtual std::vector<RtpContributingSource> getContributingSources() const = 0;
  virtual std::vector<RtpContributingSource> getSynchronizationSources() const = 0;
  virtual Async<StatsReport> getStats() = 0;

  /// Each frame passes it before the track gives it out, on the connection's executor.
  virtual void transform(RtpSender::Transform transform) = 0;
};

/// RTCRtpTransceiver.
class PARLEY_API RtpTransceiver {
 public:
  virtual ~RtpTransceiver() = default;

  /// Null until negotiated, or at least described.
  virtual std::optional<std::string> mid() const = 0;
  virtual std::shared_ptr<RtpSender> sender() const = 0;
  virtual std::shared_ptr<RtpReceiver> receiver() const = 0;
  /// What we want.
  virtual RtpTransceiverDirection direction() const = 0;
  /// Throws InvalidStateError if stopping, TypeError for "stopped".
  virtual void direction(RtpTransceiverDirection direction) = 0;
  /// What was negotiated; null before.
  virtual std::optional<RtpTransceiverDirection> currentDirection() const = 0;
  virtual void stop() = 0;
  /// An order among `RtpReceiver::getCapabilities`; what is not named is not offered. Empty: the default. Throws
  /// InvalidModificationError for codecs that we do not have, or none that carries media.
  virtual void setCodecPreferences(std::vector<RtpCodec> codecs) = 0;
};

/// RTCTrackEvent.
struct TrackEvent {
  std::shared_ptr<RtpReceiver> receiver;
  std::shared_ptr<MediaStreamTrack> track;
  std::vector<std::shared_ptr<MediaStream>> streams;
  std::shared_ptr<RtpTransceiver> transceiver;
};

}  // namespace parley
