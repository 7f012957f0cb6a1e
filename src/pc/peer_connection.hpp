#pragma once

#include "pc/data_channel.hpp"
#include "pc/engine_core.hpp"
#include "pc/event_handler.hpp"
#include "pc/ice_server_url.hpp"
#include "pc/media_stats.hpp"
#include "pc/operations_chain.hpp"
#include "pc/rtp_transceiver.hpp"
#include "pc/session.hpp"
#include "pc/task_queue.hpp"
#include "pc/transports.hpp"

#include <parley/peer_connection.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace parley::pc {

/// The W3C's name of it.
IceTransportState shown(ice::State state);

/// What a `PeerConnection` handle is a handle on: the W3C's internal slots, and its algorithms.
///
///     application ──► member functions ──┐                          ┌──► Session (decides on descriptions)
///                                        ├─► tasks on the executor ─┤
///     Peer (engine) ──► onPeerEvent ─────┘                          └──► handlers, continuations; commands to the Peer
///
/// Each task takes the shared mutex, changes the slots, collects what has to happen outside (`Actions`: commands,
/// events, destructors of the application's objects), lets go, and does that. Member functions read slots under the
/// mutex and queue tasks.
///
/// peer_connection.cpp: life and attributes · …_operations.cpp: the operations chain · …_events.cpp: what the peer says
/// · …_channels.cpp: data channels · …_transceivers.cpp, …_media.cpp: media · …_stats.cpp: statistics.
class Connection final : public PeerObserver, public std::enable_shared_from_this<Connection> {
 public:
  /// Throws what the W3C's constructor throws.
  static std::shared_ptr<Connection> make(Engine& engine, Executor& executor, TaskQueue::Blocking blocking,
                                          Configuration configuration, std::shared_ptr<void> owner);
  Connection(Engine& engine, Executor& executor, TaskQueue::Blocking blocking, Configuration configuration,
             std::shared_ptr<void> owner);

  // --- The handle's members, any thread ---

  void close();
  /// The handle is gone: closes, and does not use executor and owner any more.
  void end();

  Async<SessionDescription> createOffer(OfferOptions options);
  Async<SessionDescription> createAnswer();
  Async<void> setLocalDescription(LocalSessionDescriptionInit description);
  Async<void> setRemoteDescription(SessionDescription description);
  Async<void> addIceCandidate(IceCandidateInit candidate);
  void restartIce();
  Configuration getConfiguration() const;
  void setConfiguration(Configuration configuration);
  std::shared_ptr<DataChannel> createDataChannel(std::string label, DataChannelInit init);
  /// Of one sender or receiver, or of all.
  Async<StatsReport> getStats(std::optional<StatsSelector> selector = std::nullopt);
  Async<StatsReport> getStats(const std::shared_ptr<MediaStreamTrack>& track);
  std::shared_ptr<RtpSender> addTrack(std::shared_ptr<MediaStreamTrack> track,
                                      const std::vector<std::shared_ptr<MediaStream>>& streams);
  void removeTrack(const std::shared_ptr<RtpSender>& sender);
  std::shared_ptr<RtpTransceiver> addTransceiver(MediaKind kind, std::shared_ptr<MediaStreamTrack> track,
                                                 RtpTransceiverInit init);
  /// In the order of adding.
  std::vector<std::shared_ptr<RtpTransceiverImpl>> transceivers() const;

  /// Reads the session under the mutex.
  template <class Read>
  auto readSession(Read read) const {
    std::lock_guard lock(shared_->mutex);
    return read(session_);
  }
  IceGatheringState iceGatheringState() const;
  IceConnectionState iceConnectionState() const;
  PeerConnectionState connectionState() const;
  std::shared_ptr<SctpTransport> sctp() const;

  struct Handlers {
    EventHandler<> negotiationNeeded, signalingStateChange, iceConnectionStateChange, iceGatheringStateChange,
        connectionStateChange;
    EventHandler<const std::optional<IceCandidate>&> iceCandidate;
    EventHandler<const IceCandidateError&> iceCandidateError;
    EventHandler<std::shared_ptr<DataChannel>> dataChannel;
    EventHandler<const TrackEvent&> track;
  };
  Handlers handlers;
  const Shared& shared() const { return *shared_; }

  // --- For DataChannelImpl, any thread ---

  void send(DataChannelImpl& channel, bool text, std::vector<std::uint8_t> bytes);
  void closeChannel(DataChannelImpl& channel);

  // --- For transceivers and what they have, any thread ---

  void setDirection(RtpTransceiverImpl& transceiver, RtpTransceiverDirection direction);
  void stop(RtpTransceiverImpl& transceiver);
  void setCodecPreferences(TransceiverId id, std::vector<RtpCodec> codecs);
  void setStreams(TransceiverId id, const std::vector<std::shared_ptr<MediaStream>>& streams);
  Async<void> setParameters(const std::shared_ptr<RtpSenderImpl>& sender, RtpSendParameters parameters);
  Async<void> replaceTrack(const std::shared_ptr<RtpSenderImpl>& sender, std::shared_ptr<MediaStreamTrack> track);
  /// The track of a sender has made a frame, whether it is sent or not.
  void countFrame(const RtpSenderImpl& sender, const EncodedFrame& frame);
  void sendFrame(TransceiverId id, EncodedFrame frame);
  void requestKeyFrame(TransceiverId id, const std::string& rid);
  void insertDtmf(TransceiverId id, const std::string& tones, std::uint32_t duration, std::uint32_t interToneGap);
  bool canInsertDtmf(TransceiverId id) const;

  // --- For forwarding, any thread ---

  const PeerHandle& peer() const { return peer_; }
  const std::shared_ptr<Shared>& sharedState() const { return shared_; }
  bool isClosed() const {
    std::lock_guard lock(shared_->mutex);
    return closed_;
  }
  /// Runs it on the engine's thread; nothing once closed.
  void peerCommand(std::function<void(Peer& peer, Time now)> toRun) {
    update([&](Actions& actions) { command(actions, std::move(toRun)); });
  }
  /// The same for who wants an answer; rejected once closed.
  template <class T, class Ask>
  Async<T> askPeer(Ask ask);

  // --- PeerObserver, the engine's thread ---

  void onPeerEvent(PeerEvent event) override;
  bool wantsMessages() const override;

 private:
  /// What follows from a change of slots, in order, once the mutex is free.
  using Actions = std::vector<std::function<void()>>;
  template <class T>
  using Outcome = base::Result<T, SessionError>;

  // peer_connection.cpp
  void post(std::function<void(Connection&)> task);
  static void run(Actions& actions);
  /// Runs `change(actions)` under the mutex and then the actions; nothing once closed.
  template <class Change>
  void update(Change change);
  template <class... Args, class... Values>
  void fire(Actions& actions, EventHandler<Args...>& handler, Values... values);
  template <class Owner, class... Args, class... Values>
  void fireAt(Actions& actions, const std::shared_ptr<Owner>& owner, EventHandler<Args...> Owner::*handler,
              Values... values);
  using PeerCommand = std::function<void(Peer& peer, Time now)>;
  void command(Actions& actions, PeerCommand command);
  template <class T>
  std::shared_ptr<parley::detail::AsyncValue<T>> newAsync();
  void remember(const std::shared_ptr<parley::detail::AsyncState>& state);

  // peer_connection_operations.cpp
  template <class T>
  Async<T> chain(std::function<std::optional<Outcome<typename parley::detail::AsyncValue<T>::Stored>>()> operation,
                 const std::function<std::optional<SessionError>()>& refusal = {});
  void startOperation();
  void finishOperation();
  void updateNegotiationNeeded();
  std::optional<Outcome<std::monostate>> describe(const std::function<Outcome<Applied>()>& apply);
  void applied(const Applied& result, Actions& actions);
  void updateTransports(const Applied& result, Actions& actions);
  void assignChannelIds(Actions& actions);
  void updateStates(Actions& actions);
  IceGatheringState deriveGatheringState() const;
  IceConnectionState deriveIceState() const;
  PeerConnectionState deriveConnectionState() const;
  template <class Is>
  bool anyTransport(Is is) const;

  // peer_connection_events.cpp
  void take(TransportEvent& happened);
  void take(TransportId id, ice::CandidateFound& found);
  void take(TransportId id, ice::CandidateFailed& failed);
  void take(TransportId id, ice::GatheringChanged& changed);
  void take(TransportId id, ice::StateChanged& changed);
  void take(TransportId id, ice::SelectedPairChanged& changed);
  void selectPair(TransportId id, const ice::Candidate& local, const ice::Candidate& remote, Actions& actions);
  void take(TransportId id, ice::RoleChanged& changed);
  void take(TransportId id, DtlsStateChanged& changed);
  void take(SctpConnected& connected);
  void take(SctpClosed& closed);
  void take(ChannelIncoming& incoming);
  void take(ChannelOpened& opened);
  void take(ChannelClosing& closing);
  void take(ChannelClosed& closed);
  void take(ChannelMessage& message);
  void take(ChannelDrained& drained);
  // peer_connection_media.cpp
  void take(FrameReceived& received);
  void take(KeyFrameWanted& wanted);
  void take(SendBitrateChanged& changed);
  void take(SourceCollided& collided);
  void take(MediaFlows& changed);
  void take(TonePlayed& played);
  /// Null for one that is not described any more.
  std::shared_ptr<DtlsTransportImpl> findTransport(std::optional<TransportId> id) const;
  std::shared_ptr<DtlsTransportImpl> findGeneration(TransportId id, const std::string& ufrag) const;
  std::optional<IceCandidate> shownCandidate(TransportId id, const ice::Candidate& candidate, const std::string& ufrag,
                                             const std::string& url,
                                             std::optional<ice::ServerTransport> relayProtocol = {}) const;
  void gatheringComplete(TransportId id, const std::string& ufrag);

  // peer_connection_transceivers.cpp
  std::shared_ptr<RtpTransceiverImpl> makeTransceiver(const Transceiver& transceiver);
  /// Gives the track that the sender had.
  std::shared_ptr<MediaStreamTrack> setTrack(RtpSenderImpl& sender, std::shared_ptr<MediaStreamTrack> track);
  std::shared_ptr<RtpTransceiverImpl> findTransceiver(TransceiverId id) const;
  void mirror(RtpTransceiverImpl& shown, const Transceiver& transceiver) const;
  void updateTransceivers(const Applied& result, Actions& actions);
  void transceiverGone(const std::shared_ptr<RtpTransceiverImpl>& gone, Actions& actions);
  void setRemoteStreams(const std::shared_ptr<RtpTransceiverImpl>& shown, const std::vector<std::string>& ids,
                        Actions& actions);
  bool canInsertDtmfLocked(TransceiverId id) const;
  void applyPlan(Actions& actions);
  bool takesFrame(const FrameReceived& received);

  // peer_connection_channels.cpp
  using Channels = std::map<sctp::ChannelId, std::shared_ptr<DataChannelImpl>>;
  std::shared_ptr<DataChannelImpl> makeChannel(sctp::ChannelId key, sctp::Parameters parameters);
  std::shared_ptr<DataChannelImpl> find(sctp::ChannelId key) const;
  std::optional<std::uint16_t> freeChannelId() const;
  void openInPeer(const std::shared_ptr<DataChannelImpl>& channel, Actions& actions);
  void channelFailed(const std::shared_ptr<DataChannelImpl>& channel, const std::string& reason, Actions& actions);
  void closeChannels(Actions& actions);
  void channelClosed(const std::shared_ptr<DataChannelImpl>& channel, const std::optional<RtcError>& error,
                     Actions& actions);

  // peer_connection_stats.cpp
  /// What statistics need of the slots, copied under the mutex.
  struct StatsInput;
  /// What the data plane says, and when.
  struct Sample {
    Peer::Stats stats;
    Time at{};
  };
  StatsInput statsInput() const;
  static StatsReport report(const StatsInput& input, const Sample& sample, Duration wallClockOffset,
                            const std::optional<StatsSelector>& selector);
  void keepLastSample(Sample sample);

  const std::shared_ptr<Shared> shared_;
  EngineCore& core_;
  /// For `end`: what keeps engine and executor alive.
  std::shared_ptr<void> owner_;
  const Certificate certificate_;
  PeerHandle peer_;

  // Guarded by the mutex.
  Configuration configuration_;
  bool closed_ = false;
  bool localDescriptionWasSet_ = false;
  Session session_;
  OperationsChain chain_;
  bool negotiationNeeded_ = false;
  /// What close() abandons.
  std::vector<std::weak_ptr<parley::detail::AsyncState>> pending_;

  IceGatheringState iceGatheringState_ = IceGatheringState::New;
  IceConnectionState iceConnectionState_ = IceConnectionState::New;
  PeerConnectionState connectionState_ = PeerConnectionState::New;
  /// Those that are described.
  std::map<TransportId, std::shared_ptr<DtlsTransportImpl>> transports_;
  std::shared_ptr<SctpTransportImpl> sctp_;

  /// [[DataChannels]]: those that are not closed.
  Channels channels_;
  std::set<std::uint16_t> channelIds_;
  std::uint32_t lastChannel_ = 0;
  std::uint32_t channelsOpened_ = 0;  ///< Those that ever were in state "open".
  bool channelWasCreated_ = false;
  /// Known once an answer was applied.
  std::optional<dtls::Role> dtlsRole_;

  std::vector<std::shared_ptr<RtpTransceiverImpl>> transceivers_;
  std::uint32_t lastSource_ = 0;  ///< The number of the latest `MediaSource`.
  /// Of the peer, by id, as long as somebody has them.
  std::map<std::string, std::weak_ptr<MediaStreamImpl>> remoteStreams_;

  /// Frames on their way to their handlers.
  std::atomic<std::size_t> undeliveredFrames_{0};
  /// Whose frames were too many: they begin again with a key frame. The engine's thread only.
  std::set<std::pair<TransceiverId, std::string>> overrun_;

  /// Of the moment when the connection closed, and who waits for it.
  std::unique_ptr<const Sample> lastSample_;
  std::vector<std::function<void(const Sample&)>> awaitingSample_;

  /// Bytes of messages on their way to their handlers.
  std::atomic<std::size_t> undelivered_{0};
  const std::size_t receiveBufferLimit_;
};

// --- Templates ---

template <class Change>
void Connection::update(Change change) {
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) return;
    change(actions);
  }
  run(actions);
}

template <class... Args, class... Values>
void Connection::fire(Actions& actions, EventHandler<Args...>& handler, Values... values) {
  actions.push_back([this, &handler, values...] { handler.fire(*shared_, values...); });
}

template <class Owner, class... Args, class... Values>
void Connection::fireAt(Actions& actions, const std::shared_ptr<Owner>& owner, EventHandler<Args...> Owner::*handler,
                        Values... values) {
  actions.push_back([shared = shared_, owner, handler, values...] { ((*owner).*handler).fire(*shared, values...); });
}

/// An operation of a connection that is gone.
template <class T>
Async<T> rejected() {
  auto state = std::make_shared<parley::detail::AsyncValue<T>>(nullptr);
  state->reject(std::make_exception_ptr(Error(ErrorName::InvalidStateError, "the connection is closed")));
  return Async<T>(state);
}

template <class T, class Ask>
Async<T> Connection::askPeer(Ask ask) {
  Actions actions;
  std::shared_ptr<parley::detail::AsyncValue<T>> promise;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) return rejected<T>();
    promise = newAsync<T>();
    command(actions, [self = shared_from_this(), promise, ask](Peer& peer, Time now) {
      self->post([promise, answer = ask(peer, now)](Connection&) { promise->resolve(answer); });
    });
  }
  run(actions);
  return Async<T>(promise);
}

template <class T>
std::shared_ptr<parley::detail::AsyncValue<T>> Connection::newAsync() {
  auto state = std::make_shared<parley::detail::AsyncValue<T>>(shared_->tasks);
  remember(state);
  return state;
}

}  // namespace parley::pc
