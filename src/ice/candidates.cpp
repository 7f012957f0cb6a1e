// The agent's candidates and pairs: RFC 8445 s.5.1, 6.1.2, 7.2.5.3.1 and 7.3.1.3, RFC 8838 s.10 and s.11.
#include "ice/agent.hpp"

#include "ice/priority.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

namespace {

bool canSendTo(const SocketAddress& address) {
  const auto& ip = address.ip;
  return address.port != 0 && !ip.isUnspecified() && !ip.isMulticast() && !ip.isV4Mapped() && !ip.isV4Compatible() &&
         ip != IpAddress::v4(255, 255, 255, 255);
}

/// RFC 8445 s.6.1.2.2: the same family, and IPv6 link-local addresses only among themselves.
bool canPair(const IpAddress& local, const IpAddress& remote) {
  if (local.family() != remote.family()) return false;
  return !local.isV6() || local.isLinkLocal() == remote.isLinkLocal();
}

}  // namespace

void Agent::addLocal(Generation& generation, LocalCandidate local, Time now) {
  local.id = ++lastId_;
  // RFC 8838 s.10: paired only after it was conveyed, which the event does.
  outbox_.event(CandidateFound{local.candidate, generation.local->ufrag, local.url});
  generation.locals.push_back(std::move(local));
  if (!generation.isComplete()) return;
  newsFor(generation, now);
  pairUp(generation);
  acceptEarly(generation, now);
}

void Agent::newsFor(Generation& generation, Time now) {
  // RFC 8863 s.4 lets this timer stand in for the end of candidates, which a peer need not send: it is given up on when
  // there was nothing new for as long as one check takes.
  if (!generation.remoteEnded) generation.patienceUntil = now + config_.patience;
}

void Agent::takeRemote(Generation& generation, const Candidate& candidate, Time now) {
  if (auto ufrag = candidate.ufrag(); ufrag && *ufrag != generation.remote->ufrag) {
    drops_.add(Drop::WrongGeneration);
    return;
  }
  auto address = candidate.socketAddress();
  if (!candidate.isUdp() || candidate.component != 1 || !address || !canSendTo(*address)) {
    drops_.add(Drop::UnusableCandidate);
    return;
  }
  if (addRemote(generation, candidate, *address)) newsFor(generation, now);
}

std::optional<std::size_t> Agent::addRemote(Generation& generation, Candidate candidate, const SocketAddress& address) {
  auto& remotes = generation.remotes;
  auto at = std::find_if(remotes.begin(), remotes.end(), [&](const auto& one) { return one.address == address; });
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
      generation.checklist.update(
          *pair, generation.locals[pair->local].candidate.foundation + ':' + at->candidate.foundation,
          at->candidate.priority);
  }
  return index;
}

void Agent::pairUp(Generation& generation) {
  if (!generation.isRunning() || generation.selected) return;
  struct Possible {
    std::size_t local, remote;
    std::uint64_t priority;
  };
  std::vector<Possible> possible;
  for (std::size_t l = 0; l < generation.locals.size(); ++l) {
    const auto& local = generation.locals[l];
    // RFC 8445 s.6.1.2.4: reflexive candidates are replaced by their base, whose pairs exist then.
    if (local.candidate.type != CandidateType::Host) continue;
    for (std::size_t r = 0; r < generation.remotes.size(); ++r) {
      const auto& remote = generation.remotes[r];
      // RFC 8445 s.7.3.1.3: a peer-reflexive candidate is paired only with where its request came in.
      if (remote.candidate.type == CandidateType::PeerReflexive || !canPair(local.address.ip, remote.address.ip) ||
          generation.checklist.find({local.socket, remote.address}))
        continue;
      auto mine = local.candidate.priority, theirs = remote.candidate.priority;
      possible.push_back({l, r, role_ == Role::Controlling ? pairPriority(mine, theirs) : pairPriority(theirs, mine)});
    }
  }
  // From the top, so that the best pair of each foundation is the one that is not frozen (RFC 8445 s.6.1.2.6).
  std::stable_sort(possible.begin(), possible.end(),
                   [](const auto& a, const auto& b) { return a.priority > b.priority; });
  for (const auto& one : possible) makePair(generation, one.local, one.remote);
}

Pair* Agent::makePair(Generation& generation, std::size_t local, std::size_t remote) {
  const auto& mine = generation.locals[local];
  const auto& theirs = generation.remotes[remote];
  Pair pair;
  pair.path = {mine.socket, theirs.address};
  pair.local = pair.validLocal = local;
  pair.remote = remote;
  pair.foundation = mine.candidate.foundation + ':' + theirs.candidate.foundation;
  pair.localPriority = mine.candidate.priority;
  pair.remotePriority = theirs.candidate.priority;
  bool wasFull = generation.checklist.pairs().size() >= config_.maxPairs;
  Pair* added = generation.checklist.add(std::move(pair));
  if (wasFull) generation.relinkProven();
  return added;
}

std::optional<std::size_t> Agent::baseOf(const Generation& generation, SocketId socket) const {
  for (std::size_t i = 0; i < generation.locals.size(); ++i)
    if (generation.locals[i].socket == socket && generation.locals[i].candidate.type == CandidateType::Host) return i;
  return std::nullopt;
}

std::size_t Agent::learnMapped(Generation& generation, const Check& check, std::size_t base,
                               const SocketAddress& mapped) {
  auto& locals = generation.locals;
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
  local.candidate.relatedAddress = locals[base].address.ip.toString();
  local.candidate.relatedPort = locals[base].address.port;
  local.candidate.priority = check.priority;
  local.candidate.foundation = gatherer_.foundation(CandidateType::PeerReflexive, locals[base].address.ip, std::nullopt);
  locals.push_back(std::move(local));
  return locals.size() - 1;
}

}  // namespace parley::ice
