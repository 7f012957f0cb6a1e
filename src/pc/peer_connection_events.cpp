#include "pc/peer_connection.hpp"
#include "pc/utf8.hpp"

#include <algorithm>

/// \file
/// What the data plane tells: each event becomes one task (W3C s.5.6, s.5.5, s.6).

namespace parley::pc {

namespace {

/// What a message counts for beside its bytes, so that empty ones are bounded too.
constexpr std::size_t messageOverhead = sizeof(PeerEvent);

DtlsTransportState shown(dtls::State state) {
  switch (state) {
    case dtls::State::New: return DtlsTransportState::New;
    case dtls::State::Connecting: return DtlsTransportState::Connecting;
    case dtls::State::Connected: return DtlsTransportState::Connected;
    case dtls::State::Closed: return DtlsTransportState::Closed;
    case dtls::State::Failed: return DtlsTransportState::Failed;
  }
  return DtlsTransportState::New;
}

}  // namespace

IceTransportState shown(ice::State state) {
  switch (state) {
    case ice::State::New: return IceTransportState::New;
    case ice::State::Checking: return IceTransportState::Checking;
    case ice::State::Connected: return IceTransportState::Connected;
    case ice::State::Completed: return IceTransportState::Completed;
    case ice::State::Disconnected: return IceTransportState::Disconnected;
    case ice::State::Failed: return IceTransportState::Failed;
    case ice::State::Closed: return IceTransportState::Closed;
  }
  return IceTransportState::New;
}

// --- On the engine's thread ---

void Connection::onPeerEvent(PeerEvent event) {
  if (const auto* message = std::get_if<ChannelMessage>(&event))
    undelivered_ += message->bytes.size() + messageOverhead;
  if (const auto* received = std::get_if<FrameReceived>(&event))
    if (!takesFrame(*received)) return;
  shared_->tasks->post([self = shared_from_this(), event = std::move(event)]() mutable {
    std::visit([&](auto& happened) { self->take(happened); }, event);
  });
}

bool Connection::wantsMessages() const { return undelivered_ < receiveBufferLimit_; }

// --- ICE ---

void Connection::take(TransportEvent& happened) {
  std::visit([&](auto& event) { take(happened.transport, event); }, happened.event);
}

std::shared_ptr<DtlsTransportImpl> Connection::findTransport(std::optional<TransportId> id) const {
  const auto found = id ? transports_.find(*id) : transports_.end();
  return found == transports_.end() ? nullptr : found->second;
}

/// The transport, if candidates with this user name fragment are of the generation that the local description is about.
std::shared_ptr<DtlsTransportImpl> Connection::findGeneration(TransportId id, const std::string& ufrag) const {
  auto transport = findTransport(id);
  if (!transport) return nullptr;
  const auto& local = transport->ice->slots.localParameters;
  return local && local->usernameFragment == ufrag ? transport : nullptr;
}

std::optional<IceCandidate> Connection::shownCandidate(TransportId id, const ice::Candidate& candidate,
                                                       const std::string& ufrag, const std::string& url,
                                                       std::optional<ice::ServerTransport> relayProtocol) const {
  const auto section = session_.transportSection(id);
  if (!section) return std::nullopt;
  IceCandidateInit init;
  auto labelled = candidate;
  // RFC 8838 s.13: a trickled candidate says its generation itself; not every signalling carries usernameFragment.
  if (!labelled.ufrag() && !ufrag.empty()) labelled.extensions.emplace_back("ufrag", ufrag);
  init.candidate = ice::toString(labelled);
  init.sdpMid = section->mid;
  init.sdpMLineIndex = section->index;
  if (!ufrag.empty()) init.usernameFragment = ufrag;
  if (!url.empty()) init.url = url;
  if (relayProtocol) init.relayProtocol = static_cast<IceServerTransportProtocol>(*relayProtocol);
  return IceCandidate(std::move(init));
}

void Connection::take(TransportId id, ice::CandidateFound& found) {
  update([&](Actions& actions) {
    const auto transport = findGeneration(id, found.ufrag);
    if (!transport) return;
    session_.localCandidate(found.ufrag, found.candidate);
    auto candidate = shownCandidate(id, found.candidate, found.ufrag, found.url, found.relayProtocol);
    if (!candidate) return;
    transport->ice->slots.localCandidates.push_back(*candidate);
    fire(actions, handlers.iceCandidate, candidate);
  });
}

void Connection::take(TransportId, ice::CandidateFailed& failed) {
  update([&](Actions& actions) {
    IceCandidateError error;
    if (failed.local.port != 0) {
      error.address = failed.local.ip.toString();
      error.port = failed.local.port;
    }
    error.url = failed.url;
    error.errorCode = static_cast<std::uint16_t>(failed.code);
    error.errorText = failed.text;
    fire(actions, handlers.iceCandidateError, error);
  });
}

void Connection::take(TransportId id, ice::GatheringChanged& changed) {
  if (changed.state == ice::GatheringState::New) return;
  if (changed.state == ice::GatheringState::Complete) return gatheringComplete(id, changed.ufrag);
  update([&](Actions& actions) {
    const auto transport = findGeneration(id, changed.ufrag);
    if (!transport) return;
    const auto& ice = transport->ice;
    if (ice->slots.gatheringState == IceGathererState::Gathering) return;
    ice->slots.gatheringState = IceGathererState::Gathering;
    fireAt(actions, ice, &IceTransportImpl::gatheringStateChange);
    updateStates(actions);
  });
}

/// Two tasks, as the W3C has it: the generation's end, then the transport's, which may be that of all gathering.
void Connection::gatheringComplete(TransportId id, const std::string& ufrag) {
  post([id, ufrag](Connection& self) {
    self.update([&](Actions& actions) {
      const auto transport = self.findGeneration(id, ufrag);
      if (!transport) return;
      const auto& ice = transport->ice;
      ice->slots.gatheringState = IceGathererState::Complete;
      self.fireAt(actions, ice, &IceTransportImpl::gatheringStateChange);
      self.updateStates(actions);
    });
  });
  update([&](Actions& actions) {
    if (!findGeneration(id, ufrag)) return;
    session_.localEndOfCandidates(ufrag);
    const auto section = session_.transportSection(id);
    if (!section) return;
    IceCandidateInit end;
    end.sdpMid = section->mid;
    end.sdpMLineIndex = section->index;
    end.usernameFragment = ufrag;
    fire(actions, handlers.iceCandidate, std::optional(IceCandidate(std::move(end))));
  });
}

void Connection::take(TransportId id, ice::StateChanged& changed) {
  update([&](Actions& actions) {
    const auto transport = findTransport(id);
    if (!transport) return;
    const auto& ice = transport->ice;
    ice->slots.state = shown(changed.state);
    // W3C: whoever hears of "connected" finds the pair that is used, nominated or not.
    if (changed.provisional) selectPair(id, changed.provisional->local, changed.provisional->remote, actions);
    fireAt(actions, ice, &IceTransportImpl::stateChange);
    updateStates(actions);
  });
}

void Connection::take(TransportId id, ice::SelectedPairChanged& changed) {
  update([&](Actions& actions) { selectPair(id, changed.local, changed.remote, actions); });
}

void Connection::selectPair(TransportId id, const ice::Candidate& local, const ice::Candidate& remote,
                            Actions& actions) {
  const auto transport = findTransport(id);
  if (!transport) return;
  const auto& ice = transport->ice;
  const auto ufrag = [](const std::optional<IceParameters>& parameters) {
    return parameters ? parameters->usernameFragment : std::string();
  };
  auto shownLocal = shownCandidate(id, local, ufrag(ice->slots.localParameters), {});
  auto shownRemote = shownCandidate(id, remote, ufrag(ice->slots.remoteParameters), {});
  if (!shownLocal || !shownRemote) return;
  const auto& before = ice->slots.selectedPair;
  if (before && before->local == *shownLocal && before->remote == *shownRemote) return;
  ice->slots.selectedPair = IceCandidatePair{std::move(*shownLocal), std::move(*shownRemote)};
  fireAt(actions, ice, &IceTransportImpl::selectedCandidatePairChange);
}

void Connection::take(TransportId id, ice::RoleChanged& changed) {
  update([&](Actions&) {
    const auto transport = findTransport(id);
    if (!transport) return;
    transport->ice->slots.role = changed.role == ice::Role::Controlling ? IceRole::Controlling : IceRole::Controlled;
  });
}

// --- DTLS and SCTP ---

void Connection::take(TransportId id, DtlsStateChanged& changed) {
  update([&](Actions& actions) {
    const auto dtls = findTransport(id);
    if (!dtls) return;
    const auto state = shown(changed.state);
    if (dtls->slots.state == state) return;
    dtls->slots.state = state;
    if (state == DtlsTransportState::Connected) dtls->slots.remoteCertificates = {changed.remoteCertificate};
    if (state == DtlsTransportState::Failed) {
      RtcError::Init init;
      init.errorDetail = changed.wrongFingerprint ? ErrorDetail::FingerprintFailure : ErrorDetail::DtlsFailure;
      init.receivedAlert = changed.receivedAlert;
      init.sentAlert = changed.sentAlert;
      fireAt(actions, dtls, &DtlsTransportImpl::error, RtcError(init, changed.reason));
    }
    fireAt(actions, dtls, &DtlsTransportImpl::stateChange);
    updateStates(actions);
  });
}

void Connection::take(SctpConnected& connected) {
  update([&](Actions& actions) {
    if (!sctp_) return;
    sctp_->slots.state = SctpTransportState::Connected;
    sctp_->slots.maxChannels = connected.maxChannels;
    const Channels channels = channels_;
    for (const auto& [key, channel] : channels)
      if (channel->slots.id && *channel->slots.id >= connected.maxChannels)
        channelFailed(channel, "the channel's id is beyond the streams of the association", actions);
    // Before the open events, which have tasks of their own.
    actions.insert(actions.begin(), [shared = shared_, sctp = sctp_] { sctp->stateChange.fire(*shared); });
  });
}

void Connection::take(SctpClosed& closed) {
  update([&](Actions& actions) {
    const auto state = closed.anotherFollows ? SctpTransportState::Connecting : SctpTransportState::Closed;
    if (!sctp_ || sctp_->slots.state == state) return;
    sctp_->slots.state = state;
    sctp_->slots.maxChannels.reset();
    fireAt(actions, sctp_, &SctpTransportImpl::stateChange);
  });
}

// --- Channels ---

void Connection::take(ChannelIncoming& incoming) {
  update([&](Actions& actions) {
    auto parameters = incoming.parameters;
    parameters.label = repairUtf8(std::move(parameters.label));
    parameters.protocol = repairUtf8(std::move(parameters.protocol));
    auto channel = makeChannel(incoming.channel, std::move(parameters));
    channel->slots.opened = true;
    // Open, so that the handler can send; the open event follows with ChannelOpened.
    channel->slots.readyState = DataChannelState::Open;
    ++channelsOpened_;
    channels_.emplace(incoming.channel, channel);
    if (channel->slots.id) channelIds_.insert(*channel->slots.id);
    fire(actions, handlers.dataChannel, std::shared_ptr<DataChannel>(channel));
  });
}

void Connection::take(ChannelOpened& opened) {
  update([&](Actions& actions) {
    auto channel = find(opened.channel);
    if (!channel) return;
    if (!channel->slots.id) {
      channel->slots.id = opened.stream;
      channelIds_.insert(opened.stream);
    }
    auto& state = channel->slots.readyState;
    if (state == DataChannelState::Closing || state == DataChannelState::Closed) return;
    if (std::exchange(state, DataChannelState::Open) != DataChannelState::Open) ++channelsOpened_;
    fireAt(actions, channel, &DataChannelImpl::open);
  });
}

void Connection::take(ChannelClosing& closing) {
  update([&](Actions& actions) {
    auto channel = find(closing.channel);
    if (!channel || channel->slots.readyState == DataChannelState::Closing) return;
    channel->slots.readyState = DataChannelState::Closing;
    fireAt(actions, channel, &DataChannelImpl::closing);
  });
}

void Connection::take(ChannelClosed& closed) {
  update([&](Actions& actions) {
    auto channel = find(closed.channel);
    if (!channel) return;
    std::optional<RtcError> error;
    if (!closed.error.empty()) {
      RtcError::Init init;
      init.errorDetail = ErrorDetail::SctpFailure;
      if (closed.cause) init.sctpCauseCode = *closed.cause;
      error = RtcError(init, closed.error);
    }
    channelClosed(channel, error, actions);
  });
}

void Connection::take(ChannelMessage& message) {
  const std::size_t size = message.bytes.size() + messageOverhead;
  update([&](Actions& actions) {
    auto channel = find(message.channel);
    if (!channel || channel->slots.readyState != DataChannelState::Open) return;
    Message shown;
    if (message.text)
      shown = repairUtf8(std::string(message.bytes.begin(), message.bytes.end()));
    else
      shown = std::move(message.bytes);
    actions.push_back([shared = shared_, channel, shown = std::move(shown)]() mutable {
      channel->message.fire(*shared, std::move(shown));
    });
  });
  const std::size_t before = undelivered_.fetch_sub(size);
  if (before >= receiveBufferLimit_ && before - size < receiveBufferLimit_)
    update([&](Actions& actions) { command(actions, [](Peer& peer, Time now) { peer.resume(now); }); });
}

void Connection::take(ChannelDrained& drained) {
  update([&](Actions& actions) {
    auto channel = find(drained.channel);
    if (!channel) return;
    auto& slots = channel->slots;
    const std::size_t before = slots.bufferedAmount;
    slots.bufferedAmount -= std::min(before, drained.bytes);
    if (before > slots.lowThreshold && slots.bufferedAmount <= slots.lowThreshold)
      fireAt(actions, channel, &DataChannelImpl::bufferedAmountLow);
  });
}

}  // namespace parley::pc
