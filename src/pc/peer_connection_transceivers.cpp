#include "pc/peer_connection.hpp"
#include "pc/send_encodings.hpp"
#include "sdp/fields.hpp"

#include <algorithm>
#include <utility>

/// \file
/// W3C s.5: transceivers, their senders and receivers, and the track events.

namespace parley::pc {

namespace {

RtpTransceiverDirection shown(sdp::Direction direction) {
  switch (direction) {
    case sdp::Direction::SendRecv: return RtpTransceiverDirection::SendRecv;
    case sdp::Direction::SendOnly: return RtpTransceiverDirection::SendOnly;
    case sdp::Direction::RecvOnly: return RtpTransceiverDirection::RecvOnly;
    case sdp::Direction::Inactive: return RtpTransceiverDirection::Inactive;
  }
  return RtpTransceiverDirection::Inactive;
}

sdp::Direction wanted(RtpTransceiverDirection direction) {
  const bool both = direction == RtpTransceiverDirection::SendRecv;
  return makeDirection(both || direction == RtpTransceiverDirection::SendOnly,
                       both || direction == RtpTransceiverDirection::RecvOnly);
}

/// RFC 8830 s.2: 1 to 64 token characters, or the line would be none.
bool isStreamId(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), sdp::isTokenChar);
}

std::vector<std::string> idsOf(const std::vector<std::shared_ptr<MediaStream>>& streams) {
  std::vector<std::string> ids;
  for (const auto& stream : streams) {
    if (!stream) continue;
    auto id = stream->id();
    if (!isStreamId(id)) throw Error(ErrorName::TypeError, "the stream's id cannot stand in a description");
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  return ids;
}

void checkTrack(const std::shared_ptr<MediaStreamTrack>& track, MediaKind kind) {
  if (!track) return;
  if (track->kind() != kind) throw Error(ErrorName::TypeError, "the track is of the other kind");
  if (!sourceOf(track)) throw Error(ErrorName::TypeError, "the track was not made by this library");
}

void endTrack(const std::shared_ptr<RemoteTrack>& track, std::vector<std::function<void()>>& actions) {
  if (std::exchange(track->core().slots.readyState, MediaStreamTrackState::Ended) == MediaStreamTrackState::Live)
    actions.push_back([track] { track->core().ended.fire(track->core().shared()); });
}

Error closedError() { return {ErrorName::InvalidStateError, "the connection is closed"}; }

}  // namespace

// --- Adding and removing ---

std::shared_ptr<RtpSender> Connection::addTrack(std::shared_ptr<MediaStreamTrack> track,
                                                const std::vector<std::shared_ptr<MediaStream>>& streams) {
  if (!track) throw Error(ErrorName::TypeError, "there is no track");
  checkTrack(track, track->kind());
  const auto kind = track->kind();
  auto ids = idsOf(streams);
  std::shared_ptr<RtpSenderImpl> sender;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) throw closedError();
    for (const auto& transceiver : transceivers_)
      if (transceiver->rtpSender->slots.track == track && !transceiver->rtpSender->slots.stopped)
        throw Error(ErrorName::InvalidAccessError, "a sender has this track already");
    for (const auto& transceiver : transceivers_) {
      const auto* known = session_.transceiver(transceiver->id);
      if (!known || known->kind != kind || known->stopping || known->hasSent || transceiver->rtpSender->slots.track)
        continue;
      session_.useForTrack(transceiver->id, std::move(ids));
      mirror(*transceiver, *session_.transceiver(transceiver->id));
      sender = transceiver->rtpSender;
      break;
    }
    if (!sender) {
      Session::NewTransceiver made;
      made.kind = kind;
      made.addedByTrack = true;
      made.streams = std::move(ids);
      sender = makeTransceiver(*session_.transceiver(session_.addTransceiver(std::move(made))))->rtpSender;
    }
    setTrack(*sender, track);
  }
  sender->use(nullptr, track);
  updateNegotiationNeeded();
  return sender;
}

void Connection::removeTrack(const std::shared_ptr<RtpSender>& sender) {
  std::shared_ptr<RtpSenderImpl> found;
  std::shared_ptr<MediaStreamTrack> track;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) throw closedError();
    for (const auto& transceiver : transceivers_)
      if (transceiver->rtpSender == sender) found = transceiver->rtpSender;
    const auto own = std::dynamic_pointer_cast<RtpSenderImpl>(sender);
    // One that was stopped is not in the list any more, and nothing is left to do.
    if (!found && own && own->slots.stopped) return;
    if (!found) throw Error(ErrorName::InvalidAccessError, "the sender is of another connection");
    track = setTrack(*found, nullptr);
    const auto* known = session_.transceiver(found->transceiver);
    if (!known || known->stopping || !track) return;
    session_.setDirection(found->transceiver, makeDirection(false, receives(known->direction)));
    mirror(*findTransceiver(found->transceiver), *known);
  }
  found->use(track, nullptr);
  updateNegotiationNeeded();
}

std::shared_ptr<RtpTransceiver> Connection::addTransceiver(MediaKind kind, std::shared_ptr<MediaStreamTrack> track,
                                                           RtpTransceiverInit init) {
  checkTrack(track, kind);
  if (init.direction == RtpTransceiverDirection::Stopped)
    throw Error(ErrorName::TypeError, "a transceiver cannot begin stopped");
  Session::NewTransceiver made;
  made.kind = kind;
  made.direction = wanted(init.direction);
  made.streams = idsOf(init.streams);
  made.encodings = validEncodings(kind, std::move(init.sendEncodings));
  std::shared_ptr<RtpTransceiverImpl> transceiver;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) throw closedError();
    transceiver = makeTransceiver(*session_.transceiver(session_.addTransceiver(std::move(made))));
    setTrack(*transceiver->rtpSender, track);
  }
  transceiver->rtpSender->use(nullptr, track);
  updateNegotiationNeeded();
  return transceiver;
}

std::vector<std::shared_ptr<RtpTransceiverImpl>> Connection::transceivers() const {
  std::lock_guard lock(shared_->mutex);
  return transceivers_;
}

std::shared_ptr<RtpTransceiverImpl> Connection::makeTransceiver(const Transceiver& transceiver) {
  auto trackId = transceiver.negotiated.remoteTrackId;
  auto made = std::make_shared<RtpTransceiverImpl>(shared_, weak_from_this(), transceiver.id, transceiver.kind,
                                                   trackId.empty() ? makeUuid() : std::move(trackId));
  mirror(*made, transceiver);
  transceivers_.push_back(made);
  return made;
}

std::shared_ptr<MediaStreamTrack> Connection::setTrack(RtpSenderImpl& sender, std::shared_ptr<MediaStreamTrack> track) {
  auto& slots = sender.slots;
  auto before = std::exchange(slots.track, std::move(track));
  if (before == slots.track) return before;
  slots.source.reset();
  if (!slots.track) return before;
  for (const auto& transceiver : transceivers_) {
    const auto& other = transceiver->rtpSender->slots;
    if (other.track == slots.track && other.source) slots.source = other.source;
  }
  if (!slots.source)
    slots.source =
        std::make_shared<MediaSource>(++lastSource_, sender.kind, slots.track->id(), Time(core_.wallClock()));
  return before;
}

std::shared_ptr<RtpTransceiverImpl> Connection::findTransceiver(TransceiverId id) const {
  for (const auto& transceiver : transceivers_)
    if (transceiver->id == id) return transceiver;
  return nullptr;
}

void Connection::mirror(RtpTransceiverImpl& to, const Transceiver& transceiver) const {
  auto& slots = to.slots;
  slots.mid = transceiver.negotiated.mid;
  slots.direction = transceiver.stopping ? RtpTransceiverDirection::Stopped : shown(transceiver.direction);
  slots.currentDirection.reset();
  if (transceiver.negotiated.currentDirection) slots.currentDirection = shown(*transceiver.negotiated.currentDirection);
  if (transceiver.stopped) slots.currentDirection = RtpTransceiverDirection::Stopped;
  const auto transport = slots.mid ? findTransport(session_.transportOf(transceiver)) : nullptr;
  to.rtpSender->slots.transport = transport;
  to.rtpReceiver->slots.transport = transport;
}

// --- What the application changes ---

void Connection::setDirection(RtpTransceiverImpl& transceiver, RtpTransceiverDirection direction) {
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) throw closedError();
    const auto* known = session_.transceiver(transceiver.id);
    if (!known || known->stopping) throw Error(ErrorName::InvalidStateError, "the transceiver is stopped");
    if (transceiver.slots.direction == direction) return;
    session_.setDirection(transceiver.id, wanted(direction));
    mirror(transceiver, *known);
  }
  updateNegotiationNeeded();
}

void Connection::stop(RtpTransceiverImpl& transceiver) {
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) throw closedError();
    if (transceiver.slots.direction == RtpTransceiverDirection::Stopped) return;
    auto shown = findTransceiver(transceiver.id);
    session_.stop(transceiver.id);
    transceiver.slots.direction = RtpTransceiverDirection::Stopped;
    transceiver.rtpSender->slots.stopped = true;
    // W3C "stop sending and receiving": the track ends in a task of its own.
    post([track = transceiver.rtpReceiver->remote](Connection& self) {
      self.update([&](Actions& then) { endTrack(track, then); });
    });
    if (!session_.transceiver(transceiver.id)) std::erase(transceivers_, shown);
    applyPlan(actions);
  }
  run(actions);
  updateNegotiationNeeded();
}

void Connection::setCodecPreferences(TransceiverId id, std::vector<RtpCodec> codecs) {
  std::lock_guard lock(shared_->mutex);
  if (auto refused = session_.setPreferences(id, std::move(codecs))) throw Error(refused->name, refused->message);
}

void Connection::setStreams(TransceiverId id, const std::vector<std::shared_ptr<MediaStream>>& streams) {
  auto ids = idsOf(streams);
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) throw closedError();
    session_.setStreams(id, std::move(ids));
  }
  updateNegotiationNeeded();
}

Async<void> Connection::setParameters(const std::shared_ptr<RtpSenderImpl>& sender, RtpSendParameters parameters) {
  Actions actions;
  std::shared_ptr<parley::detail::AsyncValue<void>> promise;
  {
    std::lock_guard lock(shared_->mutex);
    promise = newAsync<void>();
    try {
      const auto* known = session_.transceiver(sender->transceiver);
      if (closed_ || !known || known->stopping) throw Error(ErrorName::InvalidStateError, "the transceiver is stopped");
      auto& last = sender->slots.lastParameters;
      if (!last) throw Error(ErrorName::InvalidStateError, "getParameters comes first");
      session_.setEncodings(sender->transceiver, changedEncodings(sender->kind, *last, parameters));
      last.reset();
      applyPlan(actions);
    } catch (const Error&) {
      promise->reject(std::current_exception());
    }
  }
  run(actions);
  if (!promise->isSettled()) post([promise](Connection&) { promise->resolve({}); });
  return Async<void>(promise);
}

Async<void> Connection::replaceTrack(const std::shared_ptr<RtpSenderImpl>& sender,
                                     std::shared_ptr<MediaStreamTrack> track) {
  try {
    checkTrack(track, sender->kind);
  } catch (const Error&) {  // W3C: before anything is chained.
    auto promise = newAsync<void>();
    promise->reject(std::current_exception());
    return Async<void>(promise);
  }
  const auto refusal = [&]() -> std::optional<SessionError> {
    if (!sender->slots.stopped) return std::nullopt;
    return SessionError{ErrorName::InvalidStateError, "the transceiver is stopped"};
  };
  return chain<void>(
      [this, sender, track = std::move(track)]() -> std::optional<Outcome<std::monostate>> {
        std::shared_ptr<MediaStreamTrack> before;
        {
          std::lock_guard lock(shared_->mutex);
          if (closed_) return std::nullopt;
          if (sender->slots.stopped)
            return base::unexpected(SessionError{ErrorName::InvalidStateError, "the transceiver is stopped"});
          before = setTrack(*sender, track);
        }
        sender->use(before, track);
        return Outcome<std::monostate>();
      },
      refusal);
}

/// The data plane hears at once of what needs no negotiation.
void Connection::applyPlan(Actions& actions) {
  command(actions, [plan = session_.plan()](Peer& peer, Time now) { peer.apply(plan, now); });
}

// --- What descriptions change ---

void Connection::updateTransceivers(const Applied& result, Actions& actions) {
  const auto known = transceivers_;
  for (const auto& transceiver : known)
    if (!session_.transceiver(transceiver->id)) transceiverGone(transceiver, actions);

  for (const auto& transceiver : session_.transceivers()) {
    auto shown = findTransceiver(transceiver.id);
    if (!shown) shown = makeTransceiver(transceiver);
    mirror(*shown, transceiver);
    const bool received = std::exchange(shown->slots.receives, receives(transceiver.negotiated.firedDirection));
    auto& core = shown->rtpReceiver->remote->core();
    // W3C "process the removal of a remote track".
    if (received && !shown->slots.receives && !std::exchange(core.slots.muted, true))
      actions.push_back([track = shown->rtpReceiver->remote] { track->core().mute.fire(track->core().shared()); });
    setRemoteStreams(shown, transceiver.negotiated.remoteStreams, actions);
    // W3C: what the peer rejects is stopped at once; it is gone with the answer.
    if (transceiver.stopped && !std::exchange(shown->rtpSender->slots.stopped, true))
      endTrack(shown->rtpReceiver->remote, actions);
  }
  for (const auto id : result.tracks) {
    const auto shown = findTransceiver(id);
    if (!shown) continue;
    TrackEvent event{shown->rtpReceiver, shown->rtpReceiver->remote, {}, shown};
    for (const auto& stream : shown->rtpReceiver->slots.streams) event.streams.push_back(stream);
    fire(actions, handlers.track, event);
  }
}

/// Stopped for good, or rolled back.
void Connection::transceiverGone(const std::shared_ptr<RtpTransceiverImpl>& gone, Actions& actions) {
  std::erase(transceivers_, gone);
  gone->slots.direction = RtpTransceiverDirection::Stopped;
  gone->slots.currentDirection = RtpTransceiverDirection::Stopped;
  gone->slots.mid.reset();
  gone->rtpSender->slots.stopped = true;
  setRemoteStreams(gone, {}, actions);
  endTrack(gone->rtpReceiver->remote, actions);
  actions.push_back([sender = gone->rtpSender] { sender->use(sender->track(), nullptr); });
}

/// W3C "set the associated remote streams".
void Connection::setRemoteStreams(const std::shared_ptr<RtpTransceiverImpl>& shown, const std::vector<std::string>& ids,
                                  Actions& actions) {
  const std::shared_ptr<MediaStreamTrack> track = shown->rtpReceiver->remote;
  std::vector<std::shared_ptr<MediaStreamImpl>> streams;
  for (const auto& id : ids) {
    auto& known = remoteStreams_[id];
    auto stream = known.lock();
    if (!stream) known = stream = std::make_shared<MediaStreamImpl>(shared_, id);
    streams.push_back(std::move(stream));
  }
  auto& before = shown->rtpReceiver->slots.streams;
  const auto has = [](const auto& list, const auto& stream) {
    return std::find(list.begin(), list.end(), stream) != list.end();
  };
  for (const auto& stream : before)
    if (!has(streams, stream) && std::erase(stream->tracks, track) > 0)
      fireAt(actions, stream, &MediaStreamImpl::trackRemoved, track);
  for (const auto& stream : streams)
    if (!has(stream->tracks, track)) {
      stream->tracks.push_back(track);
      fireAt(actions, stream, &MediaStreamImpl::trackAdded, track);
    }
  before = std::move(streams);
  std::erase_if(remoteStreams_, [](const auto& entry) { return entry.second.expired(); });
}

}  // namespace parley::pc
