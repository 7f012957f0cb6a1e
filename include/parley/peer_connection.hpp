#pragma once

#include <parley/async.hpp>
#include <parley/certificate.hpp>
#include <parley/configuration.hpp>
#include <parley/data_channel.hpp>
#include <parley/engine.hpp>
#include <parley/enums.hpp>
#include <parley/executor.hpp>
#include <parley/ice_candidate.hpp>
#include <parley/media_stream.hpp>
#include <parley/rtp_transceiver.hpp>
#include <parley/session_description.hpp>
#include <parley/stats.hpp>
#include <parley/transports.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace parley {

class Runtime;

namespace pc {
class Connection;
}

/// RTCOfferOptions.
struct OfferOptions {
  bool iceRestart = false;
};

/// RTCAnswerOptions: none so far.
struct AnswerOptions {};

/// RTCLocalSessionDescriptionInit: a description, or less of one. What is not said is inferred from the signalling state.
struct LocalSessionDescriptionInit {
  std::optional<SdpType> type = std::nullopt;
  std::string sdp = {};

  LocalSessionDescriptionInit() = default;
  LocalSessionDescriptionInit(std::optional<SdpType> descriptionType, std::string text = {})
      : type(descriptionType), sdp(std::move(text)) {}
  LocalSessionDescriptionInit(const SessionDescription& description) : type(description.type), sdp(description.sdp) {}
};

/// RTCPeerConnectionIceErrorEvent.
struct IceCandidateError {
  std::optional<std::string> address;
  std::optional<std::uint16_t> port;
  std::string url;
  std::uint16_t errorCode = 0;  ///< Of STUN, or 701 if the server was not reached.
  std::string errorText;
};

/// RTCPeerConnection. The behaviour is that of https://www.w3.org/TR/webrtc/; docs/api.md tells where
/// it differs.
///
/// The handle is movable; destroying it closes the connection. Any thread may call the members, and each sees the
/// attributes as the tasks that have run left them. Handlers and continuations run on the connection's executor, one at
/// a time, never inside a call of these members. Each `on…` replaces the handler of before; an empty function removes it.
///
/// Closing or destroying the connection inside its own handlers is allowed. `close` drops all handlers, those of the
/// channels and transports too, so that one that holds its own connection does not keep it alive for ever. A handler
/// that was running on another thread meanwhile runs to its end. What a handler throws is logged as an error, and the
/// next one runs. A handle that was moved from may only be assigned to or destroyed.
class PARLEY_API PeerConnection {
 public:
  /// On the library's default runtime, which is made on first use and ends with its last connection. Handlers run on the
  /// runtime's thread for them. Defined with the runtime (`src/net`).
  PeerConnection();
  explicit PeerConnection(Configuration configuration);
  explicit PeerConnection(std::shared_ptr<Runtime> runtime, Configuration configuration = {});

  /// On an engine that the caller drives, for a program of one thread: handlers run inside `Engine::advance`, and a
  /// blocking `Async::get` is refused. The engine must outlive the connection.
  explicit PeerConnection(Engine& engine, Configuration configuration = {});
  /// The same with an executor of the caller's, which must outlive the connection as well.
  PeerConnection(Engine& engine, Executor& executor, Configuration configuration = {});
  /// The same; `owner` is held as long as this handle lives, and keeps alive what owns engine and executor. All throw
  /// SyntaxError for a URL that does not parse, InvalidAccessError for a TURN server without credentials or an expired
  /// certificate.
  PeerConnection(Engine& engine, Executor& executor, Configuration configuration, std::shared_ptr<void> owner);

  /// As `close`.
  ~PeerConnection();
  PeerConnection(PeerConnection&& other) noexcept;
  PeerConnection& operator=(PeerConnection&& other) noexcept;
  PeerConnection(const PeerConnection&) = delete;
  PeerConnection& operator=(const PeerConnection&) = delete;

  Async<SessionDescription> createOffer(OfferOptions options = {});
  Async<SessionDescription> createAnswer(AnswerOptions options = {});
  /// Without argument: makes the offer or the answer that the signalling state asks for, and sets it.
  Async<void> setLocalDescription(LocalSessionDescriptionInit description = {});
  Async<void> setRemoteDescription(SessionDescription description);
  /// Null means, like a candidate with an empty line and neither mid nor index, that no more candidates come.
  Async<void> addIceCandidate(std::optional<IceCandidateInit> candidate = std::nullopt);
  Async<void> addIceCandidate(const IceCandidate& candidate);

  std::optional<SessionDescription> localDescription() const;
  std::optional<SessionDescription> currentLocalDescription() const;
  std::optional<SessionDescription> pendingLocalDescription() const;
  std::optional<SessionDescription> remoteDescription() const;
  std::optional<SessionDescription> currentRemoteDescription() const;
  std::optional<SessionDescription> pendingRemoteDescription() const;

  SignalingState signalingState() const;
  IceGatheringState iceGatheringState() const;
  IceConnectionState iceConnectionState() const;
  PeerConnectionState connectionState() const;
  std::optional<bool> canTrickleIceCandidates() const;

  void restartIce();
  Configuration getConfiguration() const;
  void setConfiguration(Configuration configuration);
  void close();

  /// Null until SCTP was negotiated.
  std::shared_ptr<SctpTransport> sctp() const;
  std::shared_ptr<DataChannel> createDataChannel(std::string label, DataChannelInit init = {});

  /// The track goes to the peer: by a transceiver that is free for it, or by a new one. InvalidAccessError if a sender
  /// has it already.
  std::shared_ptr<RtpSender> addTrack(std::shared_ptr<MediaStreamTrack> track,
                                      std::vector<std::shared_ptr<MediaStream>> streams = {});
  /// Ends sending; the section stays.
  void removeTrack(const std::shared_ptr<RtpSender>& sender);
  std::shared_ptr<RtpTransceiver> addTransceiver(std::shared_ptr<MediaStreamTrack> track, RtpTransceiverInit init = {});
  std::shared_ptr<RtpTransceiver> addTransceiver(MediaKind kind, RtpTransceiverInit init = {});
  std::vector<std::shared_ptr<RtpSender>> getSenders() const;
  std::vector<std::shared_ptr<RtpReceiver>> getReceivers() const;
  std::vector<std::shared_ptr<RtpTransceiver>> getTransceivers() const;

  /// With a track: what is about the one sender or receiver that has it, and what that refers to. Rejected with
  /// InvalidAccessError if none has it, or several. After `close` the report is of the moment of closing.
  Async<StatsReport> getStats(std::shared_ptr<MediaStreamTrack> selector = nullptr);

  /// A certificate for `Configuration::certificates`. The first is defined with the runtime and uses the default one's
  /// executor and the system's clock; the second settles on `engine.executor()` by the engine's clock.
  static Async<Certificate> generateCertificate(const KeygenAlgorithm& algorithm = {});
  static Async<Certificate> generateCertificate(Engine& engine, const KeygenAlgorithm& algorithm = {});

  void onNegotiationNeeded(std::function<void()> handler);
  /// A candidate; then one with an empty line when its generation has no more; then null when gathering is complete.
  void onIceCandidate(std::function<void(const std::optional<IceCandidate>&)> handler);
  void onIceCandidateError(std::function<void(const IceCandidateError&)> handler);
  void onSignalingStateChange(std::function<void()> handler);
  void onIceConnectionStateChange(std::function<void()> handler);
  void onIceGatheringStateChange(std::function<void()> handler);
  void onConnectionStateChange(std::function<void()> handler);
  /// A channel that the peer made. Handlers that are set on it in here miss nothing.
  void onDataChannel(std::function<void(std::shared_ptr<DataChannel>)> handler);
  /// The peer sends, or is about to. Handlers that are set on the track in here miss nothing.
  void onTrack(std::function<void(const TrackEvent&)> handler);

 private:
  std::shared_ptr<pc::Connection> connection_;
};

}  // namespace parley
