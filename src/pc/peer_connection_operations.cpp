#include "pc/peer_connection.hpp"

#include <algorithm>
#include <iterator>

/// \file
/// W3C s.4.4: the operations chain, descriptions, candidates, and the states that follow from them.

namespace parley::pc {

namespace {

std::exception_ptr toException(const SessionError& error) {
  if (error.sdpLineNumber) {
    RtcError::Init init;
    init.errorDetail = ErrorDetail::SdpSyntaxError;
    init.sdpLineNumber = static_cast<std::int32_t>(*error.sdpLineNumber);
    return std::make_exception_ptr(RtcError(init, error.message));
  }
  return std::make_exception_ptr(Error(error.name, error.message));
}

template <class T>
Async<T> rejected(const std::shared_ptr<TaskQueue>& tasks, ErrorName name, const std::string& message) {
  auto state = std::make_shared<parley::detail::AsyncValue<T>>(tasks);
  state->reject(std::make_exception_ptr(Error(name, message)));
  return Async<T>(state);
}

IceRole shown(ice::Role role) { return role == ice::Role::Controlling ? IceRole::Controlling : IceRole::Controlled; }

std::optional<IceParameters> shown(const std::optional<ice::Credentials>& credentials) {
  if (!credentials) return std::nullopt;
  return IceParameters{credentials->ufrag, credentials->pwd};
}

}  // namespace

// --- The operations chain ---

/// `operation` runs in a task of its own, without lock; nothing if the connection was closed meanwhile. With an empty
/// chain the W3C's steps run at once up to where they go "in parallel": what they refuse until there (`refusal`, under
/// the lock) is a promise that is rejected already.
template <class T>
Async<T> Connection::chain(
    std::function<std::optional<Outcome<typename parley::detail::AsyncValue<T>::Stored>>()> operation,
    const std::function<std::optional<SessionError>()>& refusal) {
  std::shared_ptr<parley::detail::AsyncValue<T>> promise;
  bool start = false;
  {
    std::lock_guard lock(shared_->mutex);
    if (!closed_ && refusal && chain_.empty())
      if (const auto refused = refusal()) return rejected<T>(shared_->tasks, refused->name, refused->message);
    if (!closed_) {
      promise = newAsync<T>();
      start = chain_.add([this, promise, operation = std::move(operation)] {
        auto outcome = operation();
        if (!outcome) return;
        // W3C: first the chain goes on ("upon fulfillment or rejection of p"), then the application's reactions run.
        finishOperation();
        if (*outcome)
          promise->resolve(std::move(**outcome));
        else
          promise->reject(toException(outcome->error()));
      });
    }
  }
  if (!promise) return rejected<T>(shared_->tasks, ErrorName::InvalidStateError, "the connection is closed");
  if (start) startOperation();
  return Async<T>(promise);
}

void Connection::startOperation() {
  post([](Connection& self) {
    OperationsChain::Operation operation;
    {
      std::lock_guard lock(self.shared_->mutex);
      if (self.closed_) return;
      operation = self.chain_.first();
    }
    operation();
  });
}

void Connection::finishOperation() {
  bool more = false, negotiation = false;
  OperationsChain::Operation done;  // Dies without the lock.
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) return;
    done = chain_.first();
    more = chain_.finish();
    negotiation = !more && chain_.takeUpdateNegotiationNeeded();
  }
  if (more) startOperation();
  if (negotiation) updateNegotiationNeeded();
}

void Connection::updateNegotiationNeeded() {
  const auto postpone = [this] {
    if (chain_.empty()) return false;
    chain_.updateNegotiationNeededWhenEmpty();
    return true;
  };
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_ || postpone()) return;
  }
  post([postpone](Connection& self) {
    self.update([&](Actions& actions) {
      if (postpone() || self.session_.state() != SignalingState::Stable) return;
      if (!self.session_.negotiationNeeded()) {
        self.negotiationNeeded_ = false;
        return;
      }
      if (std::exchange(self.negotiationNeeded_, true)) return;
      self.fire(actions, self.handlers.negotiationNeeded);
    });
  });
}

// --- The operations ---

Async<SessionDescription> Connection::createOffer(OfferOptions options) {
  return chain<SessionDescription>(
      [this, options]() -> std::optional<Outcome<SessionDescription>> {
        std::lock_guard lock(shared_->mutex);
        if (closed_) return std::nullopt;
        return session_.createOffer(options.iceRestart).map([](std::string sdp) {
          return SessionDescription{SdpType::Offer, std::move(sdp)};
        });
      },
      [this] { return session_.refusalToCreate(SdpType::Offer); });
}

Async<SessionDescription> Connection::createAnswer() {
  return chain<SessionDescription>(
      [this]() -> std::optional<Outcome<SessionDescription>> {
        std::lock_guard lock(shared_->mutex);
        if (closed_) return std::nullopt;
        return session_.createAnswer().map([](std::string sdp) {
          return SessionDescription{SdpType::Answer, std::move(sdp)};
        });
      },
      [this] { return session_.refusalToCreate(SdpType::Answer); });
}

Async<void> Connection::setLocalDescription(LocalSessionDescriptionInit description) {
  const auto refusal = [&] { return session_.refusalOfLocal(description.type, description.sdp); };
  return chain<void>(
      [this, description]() -> std::optional<Outcome<std::monostate>> {
        return describe([&] {
          localDescriptionWasSet_ = true;
          return session_.setLocal(description.type, description.sdp);
        });
      },
      refusal);
}

Async<void> Connection::setRemoteDescription(SessionDescription description) {
  return chain<void>([this, description = std::move(description)]() -> std::optional<Outcome<std::monostate>> {
    // An offer that the state does not permit rolls ours back first (perfect negotiation), with the events of that.
    const bool rollback = readSession([&](const Session& session) { return session.needsRollback(description.type); });
    if (rollback) {
      auto undone = describe([&] { return session_.setLocal(SdpType::Rollback); });
      if (!undone || !*undone) return undone;
    }
    return describe([&] { return session_.setRemote(description.type, description.sdp); });
  });
}

Async<void> Connection::addIceCandidate(IceCandidateInit candidate) {
  if (!candidate.candidate.empty() && !candidate.sdpMid && !candidate.sdpMLineIndex)
    return rejected<void>(shared_->tasks, ErrorName::TypeError, "the candidate has neither sdpMid nor sdpMLineIndex");
  return chain<void>(
      [this, candidate = std::move(candidate)]() -> std::optional<Outcome<std::monostate>> {
        Actions actions;
        {
          std::lock_guard lock(shared_->mutex);
          if (closed_) return std::nullopt;
          auto added = session_.addRemoteCandidate(candidate);
          if (!added) return base::unexpected(added.error());
          if (added->candidate) {
            if (dtls_) dtls_->ice->slots.remoteCandidates.push_back(IceCandidate(candidate));
            command(actions,
                    [remote = *added->candidate](Peer& peer, Time now) { peer.addRemoteCandidate(remote, now); });
          }
          if (added->endOfCandidates) command(actions, [](Peer& peer, Time now) { peer.endOfRemoteCandidates(now); });
        }
        run(actions);
        return Outcome<std::monostate>();
      },
      [this] { return session_.refusalOfCandidates(); });
}

void Connection::restartIce() {
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) return;
    session_.restartIce();
  }
  updateNegotiationNeeded();
}

// --- "Set the session description" ---

/// Applies a description and fires what follows. Nothing if the connection is closed, before or by a handler.
std::optional<Connection::Outcome<std::monostate>> Connection::describe(
    const std::function<Outcome<Applied>()>& apply) {
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) return std::nullopt;
    auto result = apply();
    if (!result) return base::unexpected(result.error());
    applied(*result, actions);
  }
  run(actions);
  std::lock_guard lock(shared_->mutex);
  if (closed_) return std::nullopt;
  return Outcome<std::monostate>();
}

void Connection::applied(const Applied& result, Actions& actions) {
  command(actions, [result](Peer& peer, Time now) {
    peer.apply(result.plan, now);
    for (const auto& candidate : result.remoteCandidates) peer.addRemoteCandidate(candidate, now);
    if (result.remoteEndOfCandidates) peer.endOfRemoteCandidates(now);
  });

  Actions channelEvents;  // Behind signalingstatechange.
  updateTransports(result, actions);
  Actions mediaEvents;
  updateTransceivers(result, mediaEvents);
  if (result.dataSectionRemoved) closeChannels(channelEvents);
  if (result.type == SdpType::Answer || result.type == SdpType::PrAnswer) assignChannelIds(channelEvents);

  if (session_.state() == SignalingState::Stable) {
    negotiationNeeded_ = false;
    actions.push_back([this] { updateNegotiationNeeded(); });
  }
  if (result.signalingStateChanged) fire(actions, handlers.signalingStateChange);
  std::move(mediaEvents.begin(), mediaEvents.end(), std::back_inserter(actions));
  std::move(channelEvents.begin(), channelEvents.end(), std::back_inserter(actions));
  // A rollback takes the states of its transports away in a task of their own, as if the transports had told.
  if (result.type == SdpType::Rollback)
    post([](Connection& self) { self.update([&](Actions& then) { self.updateStates(then); }); });
  else
    updateStates(actions);
}

void Connection::updateTransports(const Applied& result, Actions& actions) {
  // What was rolled back, or rejected by an answer. Its objects are of no more use to anybody.
  Dropped dropped;
  if (sctp_ && !session_.hasSctpTransport()) {
    sctp_->close(dropped);
    sctp_ = nullptr;
    dtlsRole_.reset();
  }
  if (dtls_ && !session_.hasTransport()) {
    dtls_->close(dropped);
    dtls_ = nullptr;
  }
  if (!dropped.empty()) actions.push_back([dropped = std::move(dropped)] {});
  if (!session_.hasTransport()) return;
  if (!dtls_) dtls_ = std::make_shared<DtlsTransportImpl>(shared_, std::make_shared<IceTransportImpl>(shared_));
  if (!sctp_ && session_.hasSctpTransport()) sctp_ = std::make_shared<SctpTransportImpl>(shared_, dtls_);

  auto& ice = dtls_->ice->slots;
  if (ice.role == IceRole::Unknown) ice.role = shown(result.plan.ice.role);
  const auto local = shown(result.plan.ice.local), remote = shown(result.plan.ice.remote);
  if (local != ice.localParameters) ice.localCandidates.clear();
  if (remote != ice.remoteParameters) ice.remoteCandidates.clear();
  ice.localParameters = local;
  ice.remoteParameters = remote;
  for (const auto& candidate : result.remoteCandidates)
    if (auto known = shownCandidate(candidate, remote ? remote->usernameFragment : "", {}))
      ice.remoteCandidates.push_back(*known);

  if (sctp_ && result.plan.sctp && result.plan.dtls) {
    // "Update the data max message size", with what we take for what we can send: both are one buffer's size.
    const std::size_t ours = configuration_.extensions.maxMessageSize;
    sctp_->slots.maxMessageSize = std::min(result.plan.sctp->remoteMaxMessageSize, ours);
    dtlsRole_ = result.plan.dtls->role;
  }
}

/// "For each RTCDataChannel with a null id: give it a new ID generated according to RFC 8832."
void Connection::assignChannelIds(Actions& actions) {
  if (!dtlsRole_) return;
  Channels unnamed;
  for (const auto& [key, channel] : channels_)
    if (!channel->slots.id && channel->slots.readyState == DataChannelState::Connecting) unnamed.emplace(key, channel);
  for (const auto& [key, channel] : unnamed) {
    if (const auto id = freeChannelId()) {
      channel->slots.id = *id;
      channelIds_.insert(*id);
      openInPeer(channel, actions);
    } else {
      channelFailed(channel, "no channel id is left", actions);
    }
  }
}

/// Derives the aggregated states and fires for those that changed.
void Connection::updateStates(Actions& actions) {
  const auto* ice = dtls_ ? &dtls_->ice->slots : nullptr;
  const auto dtls = dtls_ ? dtls_->slots.state : DtlsTransportState::New;

  const auto gathering = ice ? static_cast<IceGatheringState>(ice->gatheringState) : IceGatheringState::New;
  const bool gatheringChanged = std::exchange(iceGatheringState_, gathering) != gathering;

  auto connection = IceConnectionState::New;
  if (ice && ice->state != IceTransportState::Closed) connection = static_cast<IceConnectionState>(ice->state);
  const bool iceChanged = std::exchange(iceConnectionState_, connection) != connection;

  const auto aggregate = deriveConnectionState(connection, dtls);
  const bool connectionChanged = std::exchange(connectionState_, aggregate) != aggregate;

  if (gatheringChanged) fire(actions, handlers.iceGatheringStateChange);
  if (iceChanged) fire(actions, handlers.iceConnectionStateChange);
  if (connectionChanged) fire(actions, handlers.connectionStateChange);
}

/// W3C s.4.3.3, the rows of RTCPeerConnectionState in their order, for one transport.
PeerConnectionState Connection::deriveConnectionState(IceConnectionState ice, DtlsTransportState dtls) {
  using enum PeerConnectionState;
  const bool dtlsIdle = dtls == DtlsTransportState::New || dtls == DtlsTransportState::Closed;
  const bool dtlsDone = dtls == DtlsTransportState::Connected || dtls == DtlsTransportState::Closed;
  if (ice == IceConnectionState::Closed) return Closed;
  if (ice == IceConnectionState::Failed || dtls == DtlsTransportState::Failed) return Failed;
  if (ice == IceConnectionState::Disconnected) return Disconnected;
  if (ice == IceConnectionState::New && dtlsIdle) return New;
  if ((ice == IceConnectionState::Connected || ice == IceConnectionState::Completed) && dtlsDone) return Connected;
  return Connecting;
}

static_assert(static_cast<int>(IceGathererState::Complete) == static_cast<int>(IceGatheringState::Complete));
static_assert(static_cast<int>(IceTransportState::Failed) == static_cast<int>(IceConnectionState::Failed));

}  // namespace parley::pc
