#include "pc/peer_connection.hpp"

#include <algorithm>
#include <initializer_list>
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
          for (const auto id : added->transports) {
            const auto transport = added->candidate ? findTransport(id) : nullptr;
            if (transport) transport->ice->slots.remoteCandidates.push_back(IceCandidate(candidate));
            command(actions, [id, remote = added->candidate](Peer& peer, Time now) {
              if (remote)
                peer.addRemoteCandidate(id, *remote, now);
              else
                peer.endOfRemoteCandidates(id, now);
            });
          }
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
    for (const auto& described : result.remoteCandidates) {
      for (const auto& candidate : described.candidates) peer.addRemoteCandidate(described.transport, candidate, now);
      if (described.end) peer.endOfRemoteCandidates(described.transport, now);
    }
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
  // What was rolled back, rejected, or bundled with another. Its objects are of no more use to anybody.
  Dropped dropped;
  if (sctp_ && !session_.hasSctpTransport()) {
    sctp_->close(dropped);
    sctp_ = nullptr;
    dtlsRole_.reset();
  }
  std::erase_if(transports_, [&](const auto& known) {
    const bool gone = std::none_of(result.plan.begin(), result.plan.end(),
                                   [&](const TransportPlan& plan) { return plan.id == known.first; });
    if (gone) known.second->close(dropped);
    return gone;
  });
  if (!dropped.empty()) actions.push_back([dropped = std::move(dropped)] {});

  for (const auto& plan : result.plan) {
    auto& transport = transports_[plan.id];
    if (!transport)
      transport = std::make_shared<DtlsTransportImpl>(shared_, std::make_shared<IceTransportImpl>(shared_));
    auto& ice = transport->ice->slots;
    if (ice.role == IceRole::Unknown) ice.role = shown(plan.ice.role);
    const auto local = shown(plan.ice.local), remote = shown(plan.ice.remote);
    if (local != ice.localParameters) ice.localCandidates.clear();
    if (remote != ice.remoteParameters) ice.remoteCandidates.clear();
    ice.localParameters = local;
    ice.remoteParameters = remote;
    for (const auto& described : result.remoteCandidates)
      for (const auto& candidate : described.candidates)
        if (described.transport == plan.id)
          if (auto known = shownCandidate(plan.id, candidate, remote ? remote->usernameFragment : "", {}))
            ice.remoteCandidates.push_back(*known);
  }

  const auto dataTransport = findTransport(session_.transportOfData());
  if (!dataTransport || !session_.hasSctpTransport()) return;
  if (!sctp_) sctp_ = std::make_shared<SctpTransportImpl>(shared_, dataTransport);
  sctp_->dtls = dataTransport;
  for (const auto& plan : result.plan) {
    if (!plan.sctp || !plan.dtls) continue;
    // "Update the data max message size", with what we take for what we can send: both are one buffer's size.
    const std::size_t ours = configuration_.extensions.maxMessageSize;
    sctp_->slots.maxMessageSize = std::min(plan.sctp->remoteMaxMessageSize, ours);
    dtlsRole_ = plan.dtls->role;
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
  const auto gathering = deriveGatheringState();
  const bool gatheringChanged = std::exchange(iceGatheringState_, gathering) != gathering;
  const auto connection = deriveIceState();
  const bool iceChanged = std::exchange(iceConnectionState_, connection) != connection;
  const auto aggregate = deriveConnectionState();
  const bool connectionChanged = std::exchange(connectionState_, aggregate) != aggregate;

  if (gatheringChanged) fire(actions, handlers.iceGatheringStateChange);
  if (iceChanged) fire(actions, handlers.iceConnectionStateChange);
  if (connectionChanged) fire(actions, handlers.connectionStateChange);
  if (gatheringChanged && gathering == IceGatheringState::Complete)
    fire(actions, handlers.iceCandidate, std::optional<IceCandidate>());
}

template <class Is>
bool Connection::anyTransport(Is is) const {
  return std::any_of(transports_.begin(), transports_.end(), [&](const auto& each) { return is(*each.second); });
}

/// W3C s.4.3.2
IceGatheringState Connection::deriveGatheringState() const {
  const auto any = [&](IceGathererState state) {
    return anyTransport([state](const DtlsTransportImpl& one) { return one.ice->slots.gatheringState == state; });
  };
  if (any(IceGathererState::Gathering)) return IceGatheringState::Gathering;
  return transports_.empty() || any(IceGathererState::New) ? IceGatheringState::New : IceGatheringState::Complete;
}

/// W3C s.4.3.4, in the order of its rows.
IceConnectionState Connection::deriveIceState() const {
  using enum IceTransportState;
  const auto any = [&](std::initializer_list<IceTransportState> states) {
    return anyTransport([states](const DtlsTransportImpl& one) {
      return std::find(states.begin(), states.end(), one.ice->slots.state) != states.end();
    });
  };
  if (any({Failed})) return IceConnectionState::Failed;
  if (any({Disconnected})) return IceConnectionState::Disconnected;
  if (!any({Checking, Connected, Completed})) return IceConnectionState::New;
  if (any({New, Checking})) return IceConnectionState::Checking;
  return any({Connected}) ? IceConnectionState::Connected : IceConnectionState::Completed;
}

/// W3C s.4.3.3, in the order of its rows.
PeerConnectionState Connection::deriveConnectionState() const {
  using enum PeerConnectionState;
  const auto any = [&](std::initializer_list<DtlsTransportState> states) {
    return anyTransport([states](const DtlsTransportImpl& one) {
      return std::find(states.begin(), states.end(), one.slots.state) != states.end();
    });
  };
  const auto ice = deriveIceState();
  const bool dtlsWaits = any({DtlsTransportState::New, DtlsTransportState::Connecting});
  const bool dtlsIdle =
      !any({DtlsTransportState::Connecting, DtlsTransportState::Connected, DtlsTransportState::Failed});
  if (ice == IceConnectionState::Failed || any({DtlsTransportState::Failed})) return Failed;
  if (ice == IceConnectionState::Disconnected) return Disconnected;
  if (ice == IceConnectionState::New && dtlsIdle) return New;
  if ((ice == IceConnectionState::Connected || ice == IceConnectionState::Completed) && !dtlsWaits) return Connected;
  return Connecting;
}

}  // namespace parley::pc
