#pragma once

#include "pc/media_source.hpp"
#include "pc/media_stream.hpp"
#include "pc/media_track.hpp"
#include "pc/transports.hpp"

#include <parley/rtp_transceiver.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// \file
/// RTCRtpTransceiver and its two halves. Signalling's part of their state is in `Session`; what is here mirrors it, so
/// that it can be read when the session has forgotten the transceiver. All of it is guarded by the connection's mutex.

namespace parley::pc {

class Connection;
class RtpForwardingImpl;
class RtpSenderImpl;

/// RTCDTMFSender. The peer plays the tones and tells when each begins.
class DtmfSenderImpl final : public DtmfSender {
 public:
  DtmfSenderImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection, TransceiverId transceiver)
      : shared_(std::move(shared)), connection_(std::move(connection)), transceiver_(transceiver) {}

  void insertDtmf(const std::string& tones, std::uint32_t duration, std::uint32_t interToneGap) override;
  bool canInsertDtmf() const override;
  std::string toneBuffer() const override;
  void onToneChange(std::function<void(const std::string&)> handler) override {
    toneChange.set(*shared_, std::move(handler));
  }

  std::string tones;     ///< Not begun yet.
  bool playing = false;  ///< The end of the tones is still to be told.
  EventHandler<const std::string&> toneChange;

 private:
  const std::shared_ptr<Shared> shared_;
  const std::weak_ptr<Connection> connection_;
  const TransceiverId transceiver_;
};

class RtpSenderImpl final : public RtpSender, public FrameSink, public std::enable_shared_from_this<RtpSenderImpl> {
 public:
  RtpSenderImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection, TransceiverId transceiver,
                MediaKind kind);

  std::shared_ptr<MediaStreamTrack> track() const override;
  std::shared_ptr<DtlsTransport> transport() const override;
  RtpSendParameters getParameters() const override;
  Async<void> setParameters(RtpSendParameters parameters) override;
  Async<void> replaceTrack(std::shared_ptr<MediaStreamTrack> track) override;
  void setStreams(std::vector<std::shared_ptr<MediaStream>> streams) override;
  Async<StatsReport> getStats() override;
  std::shared_ptr<DtmfSender> dtmf() const override { return dtmf_; }
  void transform(Transform transform) override;

  void onTrackFrame(const EncodedFrame& frame) override;

  // --- For the connection ---

  const TransceiverId transceiver;
  const MediaKind kind;
  const std::weak_ptr<Connection>& connection() const { return connection_; }
  const std::shared_ptr<DtmfSenderImpl>& dtmfImpl() const { return dtmf_; }
  /// Moves this sink from one track to the other. Without the lock.
  void use(const std::shared_ptr<MediaStreamTrack>& before, const std::shared_ptr<MediaStreamTrack>& after);

  struct Slots {
    std::shared_ptr<MediaStreamTrack> track;
    std::shared_ptr<MediaSource> source;  ///< Of the track; shared by the senders that have it.
    std::shared_ptr<DtlsTransportImpl> transport;
    std::shared_ptr<const Transform> transform;
    /// [[LastReturnedParameters]]
    mutable std::optional<RtpSendParameters> lastParameters;
    bool stopped = false;
    std::weak_ptr<RtpForwardingImpl> forwarding;
  };
  Slots slots;

 private:
  const std::shared_ptr<Shared> shared_;
  const std::weak_ptr<Connection> connection_;
  const std::shared_ptr<DtmfSenderImpl> dtmf_;
};

class RtpReceiverImpl final : public RtpReceiver {
 public:
  RtpReceiverImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection, TransceiverId transceiver,
                  MediaKind kind, std::string trackId);

  std::shared_ptr<MediaStreamTrack> track() const override { return remote; }
  std::shared_ptr<DtlsTransport> transport() const override;
  RtpReceiveParameters getParameters() const override;
  std::vector<RtpContributingSource> getContributingSources() const override { return sources(slots.contributing); }
  std::vector<RtpContributingSource> getSynchronizationSources() const override {
    return sources(slots.synchronization);
  }
  Async<StatsReport> getStats() override;
  void transform(RtpSender::Transform transform) override;

  const std::shared_ptr<RemoteTrack> remote;
  const std::weak_ptr<Connection>& connection() const { return connection_; }
  TransceiverId transceiver() const { return transceiver_; }

  using Sources = std::map<std::uint32_t, RtpContributingSource>;
  struct Slots {
    std::shared_ptr<DtlsTransportImpl> transport;
    std::shared_ptr<const RtpSender::Transform> transform;
    Sources contributing, synchronization;
    /// [[AssociatedRemoteMediaStreams]]
    std::vector<std::shared_ptr<MediaStreamImpl>> streams;
  };
  Slots slots;
  /// Under the lock: a frame is given out.
  void count(const EncodedFrame& frame, double timestamp);

 private:
  std::vector<RtpContributingSource> sources(const Sources& from) const;

  const std::shared_ptr<Shared> shared_;
  const std::weak_ptr<Connection> connection_;
  const TransceiverId transceiver_;
};

class RtpTransceiverImpl final : public RtpTransceiver {
 public:
  RtpTransceiverImpl(std::shared_ptr<Shared> shared, std::weak_ptr<Connection> connection, TransceiverId transceiver,
                     MediaKind kind, std::string trackId);

  std::optional<std::string> mid() const override { return read(slots.mid); }
  std::shared_ptr<RtpSender> sender() const override { return rtpSender; }
  std::shared_ptr<RtpReceiver> receiver() const override { return rtpReceiver; }
  RtpTransceiverDirection direction() const override { return read(slots.direction); }
  void direction(RtpTransceiverDirection direction) override;
  std::optional<RtpTransceiverDirection> currentDirection() const override { return read(slots.currentDirection); }
  void stop() override;
  void setCodecPreferences(std::vector<RtpCodec> codecs) override;

  const TransceiverId id;
  const MediaKind kind;
  const std::shared_ptr<RtpSenderImpl> rtpSender;
  const std::shared_ptr<RtpReceiverImpl> rtpReceiver;
  struct Slots {
    std::optional<std::string> mid;
    RtpTransceiverDirection direction = RtpTransceiverDirection::SendRecv;
    std::optional<RtpTransceiverDirection> currentDirection;
    bool receives = false;  ///< [[FiredDirection]], as far as it matters here.
  };
  Slots slots;
  /// Under the lock: handlers of its objects are forgotten.
  void drop(Dropped& dropped);

 private:
  template <class Value>
  Value read(const Value& slot) const {
    std::lock_guard lock(shared_->mutex);
    return slot;
  }
  const std::shared_ptr<Shared> shared_;
  const std::weak_ptr<Connection> connection_;
};

}  // namespace parley::pc
