// The agent's wires: how packets get out and in, over sockets, relays (RFC 8656) and streams (RFC 6544).
#include "base/log.hpp"
#include "ice/agent.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace parley::ice {

// --- In ---

std::optional<Datagram> Agent::handle(const Datagram& datagram, Time now) {
  if (closed_) return std::nullopt;
  std::optional<Datagram> data;
  if (gatherer_.relayExpects(datagram)) {
    if (auto inner = gatherer_.unwrap(datagram, now)) data = receive(*inner, now);
  } else if (gatherer_.carriesOnly(datagram.socket)) {
    drops_.add(Drop::NotRelayed);  // RFC 8827 s.6.4: a direct answer would show the address that relaying hides.
  } else {
    data = receive(datagram, now);
    if (data) return data;  // No concern of ours: nothing else can have become due by it.
  }
  run(now);
  return data;
}

/// RFC 7983 s.7: STUN begins with 0 to 3. Anything else is returned.
std::optional<Datagram> Agent::receive(const Datagram& datagram, Time now) {
  if (!datagram.bytes.empty() && datagram.bytes[0] > 3) return datagram;
  if (!gatherer_.owns(datagram.socket) && !streams_.owns(datagram.socket)) {
    drops_.add(Drop::UnknownSocket);
    return std::nullopt;
  }
  auto message = stun::Message::parse(datagram.bytes);
  if (!message) {
    drops_.add(message.error() == stun::ParseError::FingerprintMismatch ? Drop::BadFingerprint : Drop::NotStun);
  } else if (message->method() != stun::Method::Binding) {
    drops_.add(Drop::UnknownMethod);
  } else {
    switch (message->messageClass()) {
      case stun::Class::Request: handleRequest(datagram, *message, now); break;
      case stun::Class::Indication: handleIndication(datagram, now); break;
      case stun::Class::SuccessResponse:
      case stun::Class::ErrorResponse:
        if (!gatherer_.handle(datagram, *message, now)) handleResponse(datagram, *message, now);
        break;
    }
  }
  return std::nullopt;
}

void Agent::handle(const StreamData& data, Time now) {
  if (closed_) return;
  const auto deliver = [&](const Datagram& datagram) {
    auto inner = receive(datagram, now);
    if (!inner) return;
    if (inner->bytes.size() > base::packetCapacity)
      drops_.add(Drop::TooLong);
    else
      outbox_.packet(Received{inner->socket, inner->from, pool_.make(inner->bytes)});
  };
  if (!gatherer_.handle(data, now, deliver) && !streams_.handle(data, deliver)) drops_.add(Drop::UnknownSocket);
  run(now);
}

// --- What becomes of sockets ---

void Agent::handle(const SocketBound& bound, Time now) {
  if (closed_) return;
  gatherer_.handle(bound, now);
  run(now);
}

void Agent::handle(const TcpConnected& connected, Time now) {
  if (closed_) return;
  if (!gatherer_.handle(connected, now)) {
    // The round trip of a check is not that of the connection.
    for (auto& check : checks_)
      if (check.path.socket == connected.socket) check.sentAt = now;
    streams_.connected(connected);
  }
  run(now);
}

void Agent::handle(const TcpAccepted& accepted, Time now) {
  if (!closed_ && gatherer_.listens(accepted.listener))
    streams_.accept(accepted, now);
  else
    outbox_.event(CloseSocket{accepted.socket});
  advance(now);
}

void Agent::handle(const StreamBacklog& backlog, Time now) {
  if (closed_) return;
  if (!gatherer_.handle(backlog)) streams_.backlog(backlog);
  run(now);
}

void Agent::handle(const SocketFailed& failed, Time now) {
  if (closed_) return;
  PARLEY_LOG(Info, "ice", "a socket failed: ", failed.reason);
  if (streams_.failed(failed))
    socketGone(failed.socket);
  else
    gatherer_.handle(failed, now);
  run(now);
}

void Agent::socketGone(SocketId socket) {
  Generation* wasInUse = nullptr;
  for (auto& one : generations_) {
    std::vector<Pair*> gone;
    for (const auto& pair : one->checklist.pairs())
      if (pair->path.socket == socket || one->locals[pair->local].socket == socket) gone.push_back(pair.get());
    for (Pair* pair : gone) {
      const bool inUse = pair == path_;
      failPair(*one, *pair);
      // Another network may come, for as long as consent would have lasted.
      if (inUse) {
        wasInUse = one.get();
        one->patienceUntil =
            std::max(one->patienceUntil == never ? now_ : one->patienceUntil, now_ + config_.consentExpiry);
      }
      one->proven.erase(pair->path);
      std::erase_if(checks_, [&](const Check& check) { return check.path.socket == pair->path.socket; });
    }
    std::erase_if(one->proven, [&](const auto& entry) { return entry.first.socket == socket; });
    for (LocalCandidate& local : one->locals) local.gone |= local.socket == socket;
  }
  std::erase_if(checks_, [&](const Check& check) { return check.path.socket == socket; });
  if (wasInUse) searchAgain(*wasInUse);
}

/// The path went with its socket. Pairs that worked long ago prove themselves again (their consent has expired). If none
/// is known to work, those have their turn that a nomination made needless, or that failed: networks change.
void Agent::searchAgain(Generation& generation) {
  if (!generation.isRunning()) return;
  for (const auto& pair : generation.checklist.pairs())
    if (pair->isValid() && pair->answeredAt + config_.consentExpiry <= now_) generation.checklist.trigger(*pair);
  if (generation.checklist.bestValid()) return;
  generation.checklist.forgetFailed();
  generation.relinkProven();
  pairUp(generation);
}

/// No check through this relay will reach the peer: better to know that now than after the time of a transaction.
void Agent::peerRefused(const PeerRefused& refused) {
  for (auto& one : generations_)
    for (const auto& pair : one->checklist.pairs())
      if (pair->path.socket == refused.socket && pair->path.remote.ip == refused.peer &&
          pair->state != PairState::Failed)
        failPair(*one, *pair);
}

void Agent::handle(const InterfacesListed& listed, Time now) {
  if (closed_) return;
  gatherer_.handle(listed, now);
  run(now);
}

void Agent::handle(const InterfacesChanged& changed, Time now) {
  if (closed_) return;
  gatherer_.handle(changed, now);
  run(now);
}

void Agent::handle(const Resolved& resolved, Time now) {
  if (closed_) return;
  auto naming =
      std::find_if(namings_.begin(), namings_.end(), [&](const auto& one) { return one.request == resolved.request; });
  if (naming == namings_.end()) {
    gatherer_.handle(resolved, now);
  } else {
    const Naming found = std::move(*naming);
    namings_.erase(naming);
    Generation* target = generation(found.generation);
    // draft-ietf-mmusic-mdns-ice-candidates s.3.2.1: a name with several addresses is ignored.
    if (target && target->isComplete() && resolved.addresses.size() == 1)
      takeAddress(*target, found.candidate, {resolved.addresses[0], found.candidate.port}, true, now);
    else
      drops_.add(Drop::UnusableCandidate);
    if (target) pairUp(*target);
  }
  run(now);
}

void Agent::drainStreams() {
  while (auto output = streams_.poll())
    std::visit([&](auto&& one) { outbox_.event(std::move(one)); }, std::move(*output));
}

/// RFC 6544 s.8: connections that no pair uses (any more) are closed.
void Agent::sweepStreams() {
  if (streams_.empty()) return;
  streams_.sweep([&](SocketId socket) {
    return std::any_of(generations_.begin(), generations_.end(), [&](const auto& one) {
      const auto& pairs = one->checklist.pairs();
      return std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
        return pair->path.socket == socket && pair->state != PairState::Failed;
      });
    });
  });
  drainStreams();
}

// --- Out ---

bool Agent::transmit(const PathKey& path, Packet packet, Time now) {
  if (gatherer_.isRelay(path.socket)) return gatherer_.relay(path.socket, path.remote, std::move(packet), now);
  if (streams_.owns(path.socket)) return streams_.send(path.socket, std::move(packet));
  return outbox_.packet(Transmit{path.socket, path.remote, std::move(packet)});
}

bool Agent::send(Packet packet, Time now) {
  if (!path_) return false;
  // A stream with a long queue loses packets, as any other link with a full queue does.
  if (gatherer_.isFull(path_->path.socket) || streams_.isFull(path_->path.socket)) return false;
  const bool sent = transmit(path_->path, std::move(packet), now);
  drainGatherer(now);
  return sent;
}

void Agent::countDiscarded(std::size_t bytes) {
  if (!path_) return;
  ++path_->packetsDiscarded;
  path_->bytesDiscarded += bytes;
}

// --- The packet path ---

bool Agent::mayReceive(SocketId socket, const SocketAddress& from) const {
  PathKey key{socket, from};
  return std::any_of(generations_.begin(), generations_.end(),
                     [&](const auto& one) { return one->proven.find(key) != one->proven.end(); });
}

std::optional<Agent::Path> Agent::sendPath() const {
  if (!path_) return std::nullopt;
  return Path{path_->path.socket, path_->path.remote, pathIsDirect_};
}

void Agent::countSent(std::size_t bytes, Time now) {
  if (!path_) return;
  ++path_->packetsSent;
  path_->bytesSent += bytes;
  path_->lastPacketSent = now;
}

void Agent::countReceived(SocketId socket, const SocketAddress& from, std::size_t bytes, Time now) {
  PathKey key{socket, from};
  for (std::size_t i = generations_.size(); i-- > 0;) {
    auto at = generations_[i]->proven.find(key);
    if (at == generations_[i]->proven.end() || !at->second) continue;
    Pair& pair = *at->second;
    ++pair.packetsReceived;
    pair.bytesReceived += bytes;
    pair.lastPacketReceived = now;
    if (&pair == path_) consent_.heard(now);
    return;
  }
}

}  // namespace parley::ice
