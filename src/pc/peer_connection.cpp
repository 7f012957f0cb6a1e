#include "pc/peer_connection.hpp"

#include "base/log.hpp"
#include "dtls/tls_client.hpp"
#include "dtls/tls_trust.hpp"
#include "sctp/native/init.hpp"

#include <algorithm>

namespace parley::pc {

namespace {

/// W3C s.4.4.1.6: at least 32 servers are looked at.
constexpr std::size_t maxIceServers = 64;

/// What the ICE agent can use of the servers. Throws for one that is not valid.
ice::Servers iceServers(Configuration& configuration) {
  using Transport = IceServerUrl::Transport;
  if (configuration.iceServers.size() > maxIceServers) configuration.iceServers.resize(maxIceServers);
  ice::Servers servers;
  for (const auto& server : configuration.iceServers) {
    const auto urls = validate(server);
    for (std::size_t i = 0; i < urls.size(); ++i) {
      const auto& url = urls[i];
      const bool turn = url.scheme == IceServerUrl::Scheme::Turn || url.scheme == IceServerUrl::Scheme::Turns;
      if (url.transport == Transport::Dtls || (!turn && url.transport != Transport::Udp)) {
        // Nobody has DTLS. And what STUN tells over TCP or TLS is the address of a connection, no candidate of ours.
        PARLEY_LOG(Info, "pc", "of no use to ICE: ", server.urls[i]);
      } else if (turn) {
        const auto transport = url.transport == Transport::Tls   ? ice::ServerTransport::Tls
                               : url.transport == Transport::Tcp ? ice::ServerTransport::Tcp
                                                                 : ice::ServerTransport::Udp;
        servers.turn.push_back({url.host, url.port, transport, server.username.value_or(""),
                                server.credential.value_or(""), server.urls[i]});
      } else {
        servers.stun.push_back({url.host, url.port, server.urls[i]});
      }
    }
  }
  servers.relayOnly = configuration.iceTransportPolicy == IceTransportPolicy::Relay;
  return servers;
}

/// Throws if the trust anchors are none. Without any, the system's are looked for when the first server wants TLS.
base::SecureStreamFactory secureStreams(const Configuration& configuration, Duration wallClockOffset) {
  if (const auto& anchors = configuration.extensions.trustAnchors; !anchors.empty()) {
    auto trust = dtls::TlsTrust::fromPem(anchors);
    if (!trust) throw Error(ErrorName::InvalidAccessError, "trustAnchors: " + trust.error());
    return dtls::tlsClients(std::move(*trust), wallClockOffset);
  }
  return [wallClockOffset](std::string_view name, base::PacketPool& pool,
                           Time now) -> std::unique_ptr<base::SecureStream> {
    static const auto trust = dtls::TlsTrust::system();
    if (trust) return dtls::tlsClients(*trust, wallClockOffset)(name, pool, now);
    PARLEY_LOG(Warning, "pc", "no TLS to TURN servers: ", trust.error());
    return nullptr;
  };
}

Certificate certificateFor(const Configuration& configuration, std::chrono::milliseconds sinceEpoch) {
  for (const auto& certificate : configuration.certificates)
    if (certificate.expires() <= sinceEpoch.count())
      throw Error(ErrorName::InvalidAccessError, "a certificate of the configuration has expired");
  if (!configuration.certificates.empty()) return configuration.certificates.front();
  return Certificate::generate({}, sinceEpoch);
}

ice::Config iceConfig(Configuration& configuration, Duration wallClockOffset) {
  const auto& extensions = configuration.extensions;
  ice::Config ice;
  ice.servers = iceServers(configuration);
  ice.secureStreams = secureStreams(configuration, wallClockOffset);
  ice.includeLoopback = extensions.includeLoopback;
  ice.firstPort = extensions.firstPort;
  ice.lastPort = extensions.lastPort;
  ice.usesAddress = extensions.usesAddress;
  ice.usesInterface = extensions.usesInterface;
  ice.addressPolicy = static_cast<ice::AddressPolicy>(extensions.addressPolicy);
  ice.hideAddresses = extensions.hideAddresses;
  ice.udp = extensions.udp;
  ice.tcp = static_cast<ice::TcpCandidates>(extensions.tcp);
  ice.lite = extensions.iceLite;
  ice.renomination = extensions.renomination;
  if (extensions.icePacing < std::chrono::milliseconds(5) || extensions.icePacing > std::chrono::seconds(1))
    throw Error(ErrorName::RangeError, "icePacing: from 5 ms (RFC 8445 s.14.2) to a second");
  ice.ta = extensions.icePacing;
  return ice;
}

PeerConfig peerConfig(const Configuration& configuration) {
  PeerConfig config;
  config.maxMessageSize = configuration.extensions.maxMessageSize;
  config.sharesPort = configuration.extensions.sharesPort;
  config.sctpStreams = configuration.extensions.sctpStreams;
  config.sctpEngine = configuration.extensions.sctpEngine;
  config.sctpCongestionControl = configuration.extensions.sctpCongestionControl;
  return config;
}

SessionConfig sessionConfig(const Configuration& configuration, const Certificate& certificate, base::Random& random) {
  SessionConfig config;
  if (configuration.extensions.sctpSnap && configuration.extensions.sctpEngine == SctpEngine::Native)
    config.makeSctpInit = [sctp = sctpConfig(peerConfig(configuration)), &random] {
      return sctp::native::makeInit(sctp, random);
    };
  config.fingerprints = certificate.shared()->fingerprints();
  config.maxMessageSize = configuration.extensions.maxMessageSize;
  config.iceLite = configuration.extensions.iceLite;
  config.renomination = configuration.extensions.renomination;
  config.icePacing = configuration.extensions.icePacing;
  // Packets of two transports to one address of the peer could not be told apart on a shared port.
  config.bundlePolicy = configuration.extensions.sharesPort ? BundlePolicy::MaxBundle : configuration.bundlePolicy;
  return config;
}

}  // namespace

std::shared_ptr<Connection> Connection::make(Engine& engine, Executor& executor, TaskQueue::Blocking blocking,
                                             Configuration configuration, std::shared_ptr<void> owner) {
  auto connection =
      std::make_shared<Connection>(engine, executor, blocking, std::move(configuration), std::move(owner));
  auto config = peerConfig(connection->configuration_);
  config.ice = iceConfig(connection->configuration_, connection->core_.wallClockOffset());
  if (connection->core_.secureStreams) config.ice.secureStreams = connection->core_.secureStreams;
  config.certificate = connection->certificate_.shared();
  connection->peer_ = connection->core_.makePeer(std::move(config), connection);
  if (const std::size_t size = connection->configuration_.iceCandidatePoolSize; size > 0)
    connection->peer_.post([size](Peer& peer, Time now) { peer.prepare(size, now); });
  return connection;
}

Connection::Connection(Engine& engine, Executor& executor, TaskQueue::Blocking blocking, Configuration configuration,
                       std::shared_ptr<void> owner)
    : shared_(std::make_shared<Shared>(std::make_shared<TaskQueue>(executor, blocking))),
      core_(engine.core()),
      owner_(std::move(owner)),
      certificate_(certificateFor(configuration, std::chrono::floor<std::chrono::milliseconds>(core_.wallClock()))),
      configuration_(std::move(configuration)),
      session_(sessionConfig(configuration_, certificate_, core_.random()), core_.random()),
      receiveBufferLimit_(configuration_.extensions.receiveBufferLimit) {}

void Connection::close() {
  std::vector<std::shared_ptr<parley::detail::AsyncState>> abandoned;
  std::deque<OperationsChain::Operation> operations;
  Dropped dropped;
  Channels channels;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) return;
    closed_ = true;
    session_.close();
    iceConnectionState_ = IceConnectionState::Closed;
    connectionState_ = PeerConnectionState::Closed;
    for (auto& [key, channel] : channels_) {
      channel->slots.readyState = DataChannelState::Closed;
      channel->drop(dropped);
    }
    channels.swap(channels_);
    for (const auto& transceiver : transceivers_) {
      transceiver->slots.direction = RtpTransceiverDirection::Stopped;
      transceiver->slots.currentDirection = RtpTransceiverDirection::Stopped;
      transceiver->rtpSender->slots.stopped = true;
      // W3C close(): without an event.
      transceiver->rtpReceiver->remote->core().slots.readyState = MediaStreamTrackState::Ended;
      transceiver->drop(dropped);
    }
    if (sctp_) {
      // The one event of closing that the W3C has: the state of the SCTP transport changes.
      if (sctp_->slots.state != SctpTransportState::Closed)
        post([changed = std::static_pointer_cast<const std::function<void()>>(sctp_->stateChange.take())](Connection&) {
          if (changed) (*changed)();
        });
      sctp_->close(dropped);
    }
    for (const auto& [id, transport] : transports_) transport->close(dropped);
    for (auto* handler :
         {&handlers.negotiationNeeded, &handlers.signalingStateChange, &handlers.iceConnectionStateChange,
          &handlers.iceGatheringStateChange, &handlers.connectionStateChange})
      dropped.push_back(handler->take());
    dropped.push_back(handlers.iceCandidate.take());
    dropped.push_back(handlers.iceCandidateError.take());
    dropped.push_back(handlers.dataChannel.take());
    dropped.push_back(handlers.track.take());
    operations = chain_.clear();
    for (const auto& pending : std::exchange(pending_, {}))
      if (auto state = pending.lock()) abandoned.push_back(std::move(state));
  }
  peer_.post([connection = weak_from_this()](Peer& peer, Time now) {
    if (const auto self = connection.lock())
      self->post([sample = Sample{peer.stats(), now}](Connection& closed) { closed.keepLastSample(sample); });
  });
  peer_.close();
  for (const auto& state : abandoned) state->abandon();
}

void Connection::end() {
  close();
  shared_->tasks->detach();
  std::shared_ptr<void> owner;
  std::lock_guard lock(shared_->mutex);
  owner.swap(owner_);
}

// --- Attributes ---

IceGatheringState Connection::iceGatheringState() const {
  std::lock_guard lock(shared_->mutex);
  return iceGatheringState_;
}

IceConnectionState Connection::iceConnectionState() const {
  std::lock_guard lock(shared_->mutex);
  return iceConnectionState_;
}

PeerConnectionState Connection::connectionState() const {
  std::lock_guard lock(shared_->mutex);
  return connectionState_;
}

std::shared_ptr<SctpTransport> Connection::sctp() const {
  std::lock_guard lock(shared_->mutex);
  return sctp_;
}

Configuration Connection::getConfiguration() const {
  std::lock_guard lock(shared_->mutex);
  return configuration_;
}

void Connection::setConfiguration(Configuration configuration) {
  const auto refuse = [](const char* what) {
    throw Error(ErrorName::InvalidModificationError, std::string(what) + " cannot change");
  };
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) throw Error(ErrorName::InvalidStateError, "the connection is closed");
    if (configuration.certificates.empty()) configuration.certificates = configuration_.certificates;
    if (configuration.certificates != configuration_.certificates) refuse("the certificates of a connection");
    if (configuration.bundlePolicy != configuration_.bundlePolicy) refuse("bundlePolicy");
    if (configuration.rtcpMuxPolicy != configuration_.rtcpMuxPolicy) refuse("rtcpMuxPolicy");
    if (configuration.iceCandidatePoolSize != configuration_.iceCandidatePoolSize && localDescriptionWasSet_)
      refuse("iceCandidatePoolSize, once there was a local description,");
    auto servers = iceServers(configuration);
    configuration.extensions = configuration_.extensions;
    const std::size_t prepared = localDescriptionWasSet_ ? 0 : configuration.iceCandidatePoolSize;
    configuration_ = std::move(configuration);
    command(actions, [servers = std::move(servers), prepared](Peer& peer, Time now) {
      peer.setServers(servers, now);
      peer.prepare(prepared, now);
    });
  }
  run(actions);
}

// --- Tasks ---

void Connection::post(std::function<void(Connection&)> task) {
  shared_->tasks->post([self = shared_from_this(), task = std::move(task)] { task(*self); });
}

void Connection::run(Actions& actions) {
  for (auto& action : actions) action();
}

void Connection::command(Actions& actions, PeerCommand command) {
  // The engine may be alive by our owner alone, and another thread may be in `end`.
  actions.push_back(
      [peer = peer_, owner = owner_, command = std::move(command)]() mutable { peer.post(std::move(command)); });
}

void Connection::remember(const std::shared_ptr<parley::detail::AsyncState>& state) {
  // What is done is forgotten now and then, so that the list stays as short as what is pending.
  if (pending_.size() >= 16 && (pending_.size() & (pending_.size() - 1)) == 0)
    std::erase_if(pending_, [](const auto& weak) {
      auto known = weak.lock();
      return !known || known->isSettled();
    });
  pending_.push_back(state);
}

}  // namespace parley::pc

// --- The handle ---

namespace parley {

PeerConnection::PeerConnection(Engine& engine, Configuration configuration)
    : connection_(pc::Connection::make(engine, engine.executor(), pc::TaskQueue::Blocking::Never,
                                       std::move(configuration), nullptr)) {}

PeerConnection::PeerConnection(Engine& engine, Executor& executor, Configuration configuration)
    : PeerConnection(engine, executor, std::move(configuration), nullptr) {}

PeerConnection::PeerConnection(Engine& engine, Executor& executor, Configuration configuration,
                               std::shared_ptr<void> owner)
    : connection_(pc::Connection::make(engine, executor, pc::TaskQueue::Blocking::Elsewhere, std::move(configuration),
                                       std::move(owner))) {}

PeerConnection::~PeerConnection() {
  if (connection_) connection_->end();
}

PeerConnection::PeerConnection(PeerConnection&& other) noexcept = default;

PeerConnection& PeerConnection::operator=(PeerConnection&& other) noexcept {
  if (this != &other) {
    if (connection_) connection_->end();
    connection_ = std::move(other.connection_);
  }
  return *this;
}

Async<SessionDescription> PeerConnection::createOffer(OfferOptions options) {
  return connection_->createOffer(options);
}
Async<SessionDescription> PeerConnection::createAnswer(AnswerOptions) { return connection_->createAnswer(); }
Async<void> PeerConnection::setLocalDescription(LocalSessionDescriptionInit description) {
  return connection_->setLocalDescription(std::move(description));
}
Async<void> PeerConnection::setRemoteDescription(SessionDescription description) {
  return connection_->setRemoteDescription(std::move(description));
}
Async<void> PeerConnection::addIceCandidate(std::optional<IceCandidateInit> candidate) {
  return connection_->addIceCandidate(candidate.value_or(IceCandidateInit{}));
}
Async<void> PeerConnection::addIceCandidate(const IceCandidate& candidate) {
  return connection_->addIceCandidate(candidate.toJson());
}

std::optional<SessionDescription> PeerConnection::localDescription() const {
  return connection_->readSession([](const pc::Session& session) {
    auto pending = session.pendingLocal();
    return pending ? pending : session.currentLocal();
  });
}
std::optional<SessionDescription> PeerConnection::currentLocalDescription() const {
  return connection_->readSession([](const pc::Session& session) { return session.currentLocal(); });
}
std::optional<SessionDescription> PeerConnection::pendingLocalDescription() const {
  return connection_->readSession([](const pc::Session& session) { return session.pendingLocal(); });
}
std::optional<SessionDescription> PeerConnection::remoteDescription() const {
  return connection_->readSession([](const pc::Session& session) {
    auto pending = session.pendingRemote();
    return pending ? pending : session.currentRemote();
  });
}
std::optional<SessionDescription> PeerConnection::currentRemoteDescription() const {
  return connection_->readSession([](const pc::Session& session) { return session.currentRemote(); });
}
std::optional<SessionDescription> PeerConnection::pendingRemoteDescription() const {
  return connection_->readSession([](const pc::Session& session) { return session.pendingRemote(); });
}

SignalingState PeerConnection::signalingState() const {
  return connection_->readSession([](const pc::Session& session) { return session.state(); });
}
IceGatheringState PeerConnection::iceGatheringState() const { return connection_->iceGatheringState(); }
IceConnectionState PeerConnection::iceConnectionState() const { return connection_->iceConnectionState(); }
PeerConnectionState PeerConnection::connectionState() const { return connection_->connectionState(); }
std::optional<bool> PeerConnection::canTrickleIceCandidates() const {
  return connection_->readSession([](const pc::Session& session) { return session.canTrickleIceCandidates(); });
}

void PeerConnection::restartIce() { connection_->restartIce(); }
Configuration PeerConnection::getConfiguration() const { return connection_->getConfiguration(); }
void PeerConnection::setConfiguration(Configuration configuration) {
  connection_->setConfiguration(std::move(configuration));
}
void PeerConnection::close() { connection_->close(); }
std::shared_ptr<SctpTransport> PeerConnection::sctp() const { return connection_->sctp(); }
std::shared_ptr<DataChannel> PeerConnection::createDataChannel(std::string label, DataChannelInit init) {
  return connection_->createDataChannel(std::move(label), std::move(init));
}
std::shared_ptr<RtpSender> PeerConnection::addTrack(std::shared_ptr<MediaStreamTrack> track,
                                                    std::vector<std::shared_ptr<MediaStream>> streams) {
  return connection_->addTrack(std::move(track), streams);
}
void PeerConnection::removeTrack(const std::shared_ptr<RtpSender>& sender) { connection_->removeTrack(sender); }
std::shared_ptr<RtpTransceiver> PeerConnection::addTransceiver(std::shared_ptr<MediaStreamTrack> track,
                                                               RtpTransceiverInit init) {
  if (!track) throw Error(ErrorName::TypeError, "there is no track");
  const auto kind = track->kind();
  return connection_->addTransceiver(kind, std::move(track), std::move(init));
}
std::shared_ptr<RtpTransceiver> PeerConnection::addTransceiver(MediaKind kind, RtpTransceiverInit init) {
  return connection_->addTransceiver(kind, nullptr, std::move(init));
}
std::vector<std::shared_ptr<RtpSender>> PeerConnection::getSenders() const {
  std::vector<std::shared_ptr<RtpSender>> all;
  for (const auto& transceiver : connection_->transceivers()) all.push_back(transceiver->rtpSender);
  return all;
}
std::vector<std::shared_ptr<RtpReceiver>> PeerConnection::getReceivers() const {
  std::vector<std::shared_ptr<RtpReceiver>> all;
  for (const auto& transceiver : connection_->transceivers()) all.push_back(transceiver->rtpReceiver);
  return all;
}
std::vector<std::shared_ptr<RtpTransceiver>> PeerConnection::getTransceivers() const {
  const auto all = connection_->transceivers();
  return {all.begin(), all.end()};
}
Async<StatsReport> PeerConnection::getStats(std::shared_ptr<MediaStreamTrack> selector) {
  return selector ? connection_->getStats(selector) : connection_->getStats();
}

Async<Certificate> PeerConnection::generateCertificate(Engine& engine, const KeygenAlgorithm& algorithm) {
  // On a queue of its own: there is no connection that could be closed meanwhile.
  auto queue = std::make_shared<pc::TaskQueue>(engine.executor(), pc::TaskQueue::Blocking::Elsewhere);
  auto state = std::make_shared<detail::AsyncValue<Certificate>>(queue);
  queue->post([queue, state, algorithm, &core = engine.core()] {
    try {
      const auto sinceEpoch = std::chrono::floor<std::chrono::milliseconds>(core.wallClock());
      state->resolve(Certificate::generate(algorithm, sinceEpoch));
    } catch (const Error&) {
      state->reject(std::current_exception());
    }
    queue->detach();
  });
  return Async<Certificate>(state);
}

void PeerConnection::onNegotiationNeeded(std::function<void()> handler) {
  connection_->handlers.negotiationNeeded.set(connection_->shared(), std::move(handler));
}
void PeerConnection::onIceCandidate(std::function<void(const std::optional<IceCandidate>&)> handler) {
  connection_->handlers.iceCandidate.set(connection_->shared(), std::move(handler));
}
void PeerConnection::onIceCandidateError(std::function<void(const IceCandidateError&)> handler) {
  connection_->handlers.iceCandidateError.set(connection_->shared(), std::move(handler));
}
void PeerConnection::onSignalingStateChange(std::function<void()> handler) {
  connection_->handlers.signalingStateChange.set(connection_->shared(), std::move(handler));
}
void PeerConnection::onIceConnectionStateChange(std::function<void()> handler) {
  connection_->handlers.iceConnectionStateChange.set(connection_->shared(), std::move(handler));
}
void PeerConnection::onIceGatheringStateChange(std::function<void()> handler) {
  connection_->handlers.iceGatheringStateChange.set(connection_->shared(), std::move(handler));
}
void PeerConnection::onConnectionStateChange(std::function<void()> handler) {
  connection_->handlers.connectionStateChange.set(connection_->shared(), std::move(handler));
}
void PeerConnection::onDataChannel(std::function<void(std::shared_ptr<DataChannel>)> handler) {
  connection_->handlers.dataChannel.set(connection_->shared(), std::move(handler));
}

void PeerConnection::onTrack(std::function<void(const TrackEvent&)> handler) {
  connection_->handlers.track.set(connection_->shared(), std::move(handler));
}

}  // namespace parley
