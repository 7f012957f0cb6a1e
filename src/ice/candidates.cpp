// The agent's candidates and pairs: RFC 8445 s.5.1, 6.1.2, 7.2.5.3.1 and 7.3.1.3, RFC 8838 s.10 and s.11.
#include "ice/agent.hpp"

#include "ice/priority.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

namespace {

/// draft-ietf-mmusic-mdns-ice-candidates s.7.1: names could be used to make many multicast messages.
constexpr std::size_t maxNamings = 32;

bool canSendTo(const SocketAddress& address) {
  const auto& ip = address.ip;
  return address.port != 0 && !ip.isUnspecified() && !ip.isMulticast() && !ip.isV4Mapped() && !ip.isV4Compatible() &&
         ip != IpAddress::v4(255, 255, 255, 255);
}

}  // namespace

/// RFC 8445 s.6.1.2.2: the same family, and IPv6 link-local addresses only among themselves. RFC 6544 s.6.2: who is
/// active reaches who is passive, and two that can open at once reach each other; passive ones wait for what comes.
bool Agent::canPair(const LocalCandidate& local, const RemoteCandidate& remote) const {
  if (local.address.ip.family() != remote.address.ip.family()) return false;
  if (local.address.ip.isV6() && local.address.ip.isLinkLocal() != remote.address.ip.isLinkLocal()) return false;
  // draft-ietf-mmusic-mdns-ice-candidates s.3.3.2: a TURN server shall not hear of addresses that were hidden.
  if (local.candidate.type == CandidateType::Relayed && remote.named) return false;
  if (local.candidate.isUdp() || remote.candidate.isUdp()) return local.candidate.isUdp() && remote.candidate.isUdp();
  const auto& mine = local.candidate.tcpType;
  const auto& theirs = remote.candidate.tcpType;
  return (mine == "active" && theirs == "passive") || (mine == "so" && theirs == "so");
}

bool Agent::isPaired(Generation& generation, std::size_t local, std::size_t remote) const {
  const auto& mine = generation.locals[local];
  if (mine.candidate.isUdp()) return generation.checklist.find({mine.socket, generation.remotes[remote].address});
  const auto& pairs = generation.checklist.pairs();
  return std::any_of(pairs.begin(), pairs.end(),
                     [&](const auto& pair) { return pair->local == local && pair->remote == remote; });
}

void Agent::addLocal(Generation& generation, LocalCandidate local, Time now) {
  local.id = ++lastId_;
  local.late = generation.resumed;
  // RFC 8838 s.10: paired only after it was conveyed, which the event does.
  if (local.signalled)
    outbox_.event(CandidateFound{local.candidate, generation.local->ufrag, local.url, local.relayProtocol});
  generation.locals.push_back(std::move(local));
  if (!generation.isComplete()) return;
  newsFor(generation, now);
  pairUp(generation);
  acceptEarly(generation, now);
}

void Agent::newsFor(Generation& generation, Time now) {
  // RFC 8863 s.4 lets this timer stand in for the end of candidates, which a peer need not send: it is given up on when
  // there was nothing new for as long as one check takes.
  if (!generation.remoteEnded || generation.resumed) generation.patienceUntil = now + config_.patience;
}

void Agent::takeRemote(Generation& generation, const Candidate& candidate, Time now) {
  if (auto ufrag = candidate.ufrag(); ufrag && *ufrag != generation.remote->ufrag) {
    drops_.add(Drop::WrongGeneration);
    return;
  }
  const bool tcp = candidate.transport == "tcp" && config_.tcp != TcpCandidates::None;
  if (!(tcp || candidate.isUdp()) || candidate.component != 1) {
    drops_.add(Drop::UnusableCandidate);
  } else if (auto address = candidate.socketAddress()) {
    takeAddress(generation, candidate, *address, false, now);
  } else {
    resolve(generation, candidate);
  }
}

void Agent::takeAddress(Generation& generation, const Candidate& candidate, const SocketAddress& address, bool named,
                        Time now) {
  if (!canSendTo(address)) {
    drops_.add(Drop::UnusableCandidate);
    return;
  }
  const bool late = generation.remoteEnded && generation.wasSelected;
  auto index = addRemote(generation, candidate, address);
  if (!index) return;
  generation.remotes[*index].named = named;
  generation.remotes[*index].late |= late;
  newsFor(generation, now);
}

/// draft-ietf-mmusic-mdns-ice-candidates s.3.2.1. Other names than those of multicast DNS are ignored (RFC 8839 s.5.1).
void Agent::resolve(Generation& generation, const Candidate& candidate) {
  if (!isMdnsName(candidate.address) || namings_.size() >= maxNamings) {
    drops_.add(Drop::UnusableCandidate);
    return;
  }
  namings_.push_back({ids_.request(), generation.serial, candidate});
  outbox_.event(Resolve{namings_.back().request, candidate.address});
}

std::optional<std::size_t> Agent::addRemote(Generation& generation, Candidate candidate, const SocketAddress& address) {
  auto& remotes = generation.remotes;
  auto at = std::find_if(remotes.begin(), remotes.end(), [&](const auto& one) {
    return one.address == address && one.candidate.transport == candidate.transport;
  });
  auto index = static_cast<std::size_t>(at - remotes.begin());
  if (at == remotes.end()) {
    if (remotes.size() >= config_.maxRemoteCandidates) {
      drops_.add(Drop::RemoteCandidateLimit);
      return std::nullopt;
    }
    remotes.push_back({std::move(candidate), address, ++lastId_});
    return index;
  }
  if (at->candidate.type == CandidateType::PeerReflexive && candidate.type != CandidateType::PeerReflexive) {
    // RFC 8445 s.7.3.1.3: now its foundation is known, and its priority.
    at->candidate = std::move(candidate);
    std::vector<Pair*> affected;
    for (const auto& pair : generation.checklist.pairs())
      if (pair->remote == index) affected.push_back(pair.get());
    for (Pair* pair : affected)
      generation.checklist.update(*pair,
                                  generation.locals[pair->local].candidate.foundation + ':' + at->candidate.foundation,
                                  at->candidate.priority);
  }
  return index;
}

void Agent::pairUp(Generation& generation) {
  if (!generation.isRunning() || config_.lite) return;
  struct Possible {
    std::size_t local, remote;
    std::uint64_t priority;
  };
  std::vector<Possible> possible;
  for (std::size_t l = 0; l < generation.locals.size(); ++l) {
    const auto& local = generation.locals[l];
    // RFC 8445 s.6.1.2.4: reflexive candidates are replaced by their base, whose pairs exist then.
    if (!local.isBase() || local.gone) continue;
    for (std::size_t r = 0; r < generation.remotes.size(); ++r) {
      const auto& remote = generation.remotes[r];
      // RFC 8445 s.7.3.1.3: a peer-reflexive candidate is paired only with where its request came in.
      if (remote.candidate.type == CandidateType::PeerReflexive || !canPair(local, remote) ||
          isPaired(generation, l, r))
        continue;
      auto mine = local.candidate.priority, theirs = remote.candidate.priority;
      const auto priority = role_ == Role::Controlling ? pairPriority(mine, theirs) : pairPriority(theirs, mine);
      // After the nomination: ways that are new, and better ones if another nomination is possible.
      if (generation.selected && !local.late && !remote.late &&
          !(renominates(generation) && priority > generation.selected->priority))
        continue;
      possible.push_back({l, r, priority});
    }
  }
  // From the top, so that the best pair of each foundation is the one that is not frozen (RFC 8445 s.6.1.2.6).
  std::stable_sort(possible.begin(), possible.end(),
                   [](const auto& a, const auto& b) { return a.priority > b.priority; });
  for (const auto& one : possible) makePair(generation, one.local, one.remote, now_);
}

Pair* Agent::makePair(Generation& generation, std::size_t local, std::size_t remote, Time now,
                      std::optional<SocketId> stream) {
  const auto& mine = generation.locals[local];
  const auto& theirs = generation.remotes[remote];
  Pair pair;
  pair.path = {stream.value_or(mine.socket), theirs.address};
  if (!mine.candidate.isUdp() && !stream) {
    pair.path.socket = ids_.socket();
    const bool fromListener = mine.candidate.tcpType == "so";  // RFC 6544 s.7.1: from the port that was signalled
    streams_.plan({pair.path.socket, mine.address.ip, fromListener ? mine.address.port : config_.firstPort,
                   fromListener ? mine.address.port : config_.lastPort, theirs.address});
  }
  // The permission is asked for now, and not with the first check: the peer's may come before that.
  if (mine.candidate.type == CandidateType::Relayed) gatherer_.permit(mine.socket, theirs.address.ip, now);
  pair.local = pair.validLocal = local;
  pair.remote = remote;
  pair.foundation = mine.candidate.foundation + ':' + theirs.candidate.foundation;
  // What becomes of the ways that were there before says nothing about a new one.
  if (mine.late || theirs.late) pair.state = PairState::Waiting;
  pair.localPriority = mine.candidate.priority;
  pair.remotePriority = theirs.candidate.priority;
  bool wasFull = generation.checklist.pairs().size() >= config_.maxPairs;
  Pair* added = generation.checklist.add(std::move(pair));
  if (wasFull) generation.relinkProven();
  return added;
}

std::optional<std::size_t> Agent::baseOf(Generation& generation, const PathKey& path) const {
  if (const Pair* pair = generation.checklist.find(path)) return pair->local;
  const SocketId socket = streams_.listener(path.socket).value_or(path.socket);
  for (std::size_t i = 0; i < generation.locals.size(); ++i)
    if (generation.locals[i].socket == socket && generation.locals[i].isBase()) return i;
  return std::nullopt;
}

std::size_t Agent::learnMapped(Generation& generation, const Check& check, std::size_t base,
                               const SocketAddress& mapped) {
  auto& locals = generation.locals;
  // RFC 6544 s.4.5: the port of an active candidate is not signalled. Without a NAT it is the same candidate.
  if (!locals[base].candidate.isUdp() && locals[base].address.ip == mapped.ip) return base;
  for (std::size_t i = 0; i < locals.size(); ++i)
    if (locals[i].socket == check.path.socket && locals[i].address == mapped) return i;
  // A NAT that gives each check another address makes one candidate for each pair at most.
  if (locals.size() >= config_.maxPairs + config_.maxAddresses) return base;

  // RFC 8445 s.7.2.5.3.1: a peer-reflexive candidate. It is not signalled: its pair exists.
  LocalCandidate local;
  local.socket = check.path.socket;
  local.address = mapped;
  local.id = ++lastId_;
  local.candidate.type = CandidateType::PeerReflexive;
  local.candidate.address = mapped.ip.toString();
  local.candidate.port = mapped.port;
  const SocketAddress shown = gatherer_.shownBase(locals[base].address);
  local.candidate.relatedAddress = shown.ip.toString();
  local.candidate.relatedPort = shown.port;
  local.candidate.priority = check.priority;
  local.candidate.transport = locals[base].candidate.transport;
  local.candidate.tcpType = locals[base].candidate.tcpType;
  local.relayProtocol = locals[base].relayProtocol;
  local.candidate.foundation = gatherer_.foundation(CandidateType::PeerReflexive, local.candidate.transport,
                                                    locals[base].address.ip, std::nullopt);
  locals.push_back(std::move(local));
  return locals.size() - 1;
}

}  // namespace parley::ice
