#include "ice/gatherer.hpp"

#include "ice/addresses.hpp"
#include "ice/priority.hpp"
#include "stun/message_builder.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

void Gatherer::cancel() {
  servers_.clear();
  probes_.clear();
  found_.clear();
  listing_.reset();
  phase_ = Phase::Idle;
}

void Gatherer::takeBack() {
  cancel();
  for (auto& one : sockets_) {
    if (one.gathering == gathering_) outbox_.event(CloseSocket{one.id});
    one.stale = false;
  }
  std::erase_if(sockets_, [&](const auto& one) { return one.gathering == gathering_; });
}

void Gatherer::start(Time now) {
  cancel();
  ++gathering_;
  phase_ = Phase::Listing;
  giveUpAt_ = now + config_.serverTimeout;
  listing_ = ids_.request();
  outbox_.event(ListInterfaces{*listing_});
  // Names are looked up while the host lists its interfaces: the two do not depend on each other.
  for (const auto& server : config_.stunServers) {
    Server one{server, std::nullopt, {}};
    if (auto literal = IpAddress::parse(server.host)) {
      one.addresses.push_back(*literal);
    } else {
      one.resolving = ids_.request();
      outbox_.event(Resolve{*one.resolving, server.host});
    }
    servers_.push_back(std::move(one));
  }
}

void Gatherer::handle(const InterfacesListed& listed) {
  if (!listing_ || listed.request != *listing_) return;
  listing_.reset();
  phase_ = Phase::Probing;
  auto addresses = gatherableAddresses(listed.interfaces, config_);
  for (auto& one : sockets_) one.stale = true;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    sockets_.push_back({ids_.socket(), addresses[i], i, gathering_, std::nullopt, false});
    outbox_.event(BindUdp{sockets_.back().id, addresses[i], config_.firstPort, config_.lastPort});
  }
  finishIfDone();
}

void Gatherer::handle(const SocketBound& bound) {
  Socket* one = socket(bound.socket);
  if (!one || one->bound) return;
  one->bound = bound.local;
  if (phase_ == Phase::Probing && !one->stale) hostFound(*one);
  finishIfDone();
}

bool Gatherer::handle(const SocketFailed& failure) {
  Socket* one = socket(failure.socket);
  if (!one) return false;
  const Socket gone = *one;
  std::erase_if(sockets_, [&](const auto& each) { return each.id == failure.socket; });
  std::erase_if(probes_, [&](const auto& each) { return each.socket == failure.socket; });
  outbox_.event(CloseSocket{failure.socket});
  // A range of ports may have none left: then the socket of the generation before serves this one as well.
  auto before = std::find_if(sockets_.begin(), sockets_.end(),
                             [&](const auto& other) { return other.stale && other.bound && other.ip == gone.ip; });
  if (!gone.bound && !gone.stale && phase_ == Phase::Probing && before != sockets_.end()) {
    before->stale = false;
    before->index = gone.index;
    hostFound(*before);
  }
  finishIfDone();
  return gone.bound.has_value();
}

void Gatherer::hostFound(const Socket& one) {
  LocalCandidate local;
  local.socket = one.id;
  local.address = *one.bound;
  local.candidate.type = CandidateType::Host;
  local.candidate.address = one.bound->ip.toString();
  local.candidate.port = one.bound->port;
  local.candidate.priority = candidatePriority(CandidateType::Host, localPreference(one.index));
  local.candidate.foundation = foundation(CandidateType::Host, one.ip, std::nullopt);
  found_.push_back(local);
  outbox_.event(std::move(local));
  for (std::size_t i = 0; i < servers_.size(); ++i) addProbes(one, i);
}

void Gatherer::handle(const Resolved& resolved) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto& server = servers_[i];
    if (!server.resolving || *server.resolving != resolved.request) continue;
    server.resolving.reset();
    server.addresses = resolved.addresses;
    if (resolved.addresses.empty())
      outbox_.event(CandidateFailed{{}, server.server.url, 701, "The name of the STUN server could not be resolved."});
    for (const auto& one : sockets_)
      if (one.bound && !one.stale && phase_ == Phase::Probing) addProbes(one, i);
  }
  finishIfDone();
}

void Gatherer::addProbes(const Socket& one, std::size_t server) {
  // A socket on loopback cannot reach a server elsewhere, and is reached by nobody through its mapped address.
  for (const auto& ip : servers_[server].addresses) {
    if (ip.family() != one.ip.family() || ip.isLoopback() != one.ip.isLoopback()) continue;
    Probe probe;
    probe.socket = one.id;
    probe.server = server;
    probe.to = {ip, servers_[server].server.port};
    probes_.push_back(std::move(probe));
    return;  // One address of each family: the others are the same server.
  }
}

bool Gatherer::wantsSlot() const {
  return std::any_of(probes_.begin(), probes_.end(),
                     [](const auto& probe) { return probe.state == Probe::State::Queued; });
}

void Gatherer::sendNext(Time now) {
  auto at = std::find_if(probes_.begin(), probes_.end(),
                         [](const auto& probe) { return probe.state == Probe::State::Queued; });
  if (at == probes_.end()) return;
  at->state = Probe::State::Sent;
  at->id = stun::randomTransactionId(random_);
  // RFC 8445 s.14.3: RTO = MAX(500 ms, Ta x number of server-reflexive candidates).
  stun::Transaction::Schedule schedule;
  schedule.rto = std::max(config_.minRto, config_.ta * static_cast<std::int64_t>(probes_.size()));
  at->transaction.emplace(now, schedule);
  transmit(*at);
}

void Gatherer::transmit(const Probe& probe) {
  stun::MessageBuilder request(pool_, stun::Class::Request, stun::Method::Binding, probe.id);
  outbox_.packet(Transmit{probe.socket, probe.to, request.addFingerprint().finish()});
}

bool Gatherer::handle(const Datagram& datagram, const stun::Message& message, Time now) {
  auto id = message.transactionId();
  auto at = std::find_if(probes_.begin(), probes_.end(), [&](const auto& probe) {
    return probe.state != Probe::State::Queued && probe.id == id && probe.socket == datagram.socket &&
           probe.to == datagram.from;
  });
  if (at == probes_.end()) return false;
  auto mapped = message.xorMappedAddress();
  if (!mapped) mapped = message.mappedAddress();
  if (at->state == Probe::State::Answered) {
    if (mapped) at->keepAliveAt = now + config_.serverKeepAlive;
    return true;
  }
  if (at->state != Probe::State::Sent) return true;
  if (message.messageClass() == stun::Class::SuccessResponse && mapped) {
    answered(*at, *mapped, now);
  } else {
    auto error = message.errorCode();
    failed(*at, error ? error->code : 701, error ? std::string(error->reason) : "The server's response has no address.");
  }
  finishIfDone();
  return true;
}

void Gatherer::answered(Probe& probe, const SocketAddress& mapped, Time now) {
  probe.state = Probe::State::Answered;
  probe.transaction.reset();
  probe.keepAliveAt = now + config_.serverKeepAlive;
  const Socket* one = socket(probe.socket);
  if (!one || !one->bound) return;
  // RFC 8445 s.5.1.3: redundant if the address and the base are those of another candidate.
  bool redundant = std::any_of(found_.begin(), found_.end(), [&](const auto& other) {
    return other.socket == probe.socket && other.address == mapped;
  });
  if (redundant) return;

  LocalCandidate local;
  local.socket = probe.socket;
  local.address = mapped;
  local.url = servers_[probe.server].server.url;
  local.candidate.type = CandidateType::ServerReflexive;
  local.candidate.address = mapped.ip.toString();
  local.candidate.port = mapped.port;
  local.candidate.relatedAddress = one->bound->ip.toString();
  local.candidate.relatedPort = one->bound->port;
  local.candidate.priority =
      candidatePriority(CandidateType::ServerReflexive, localPreference(one->index, probe.server));
  local.candidate.foundation = foundation(CandidateType::ServerReflexive, one->ip, probe.to.ip);
  found_.push_back(local);
  outbox_.event(std::move(local));
}

void Gatherer::failed(Probe& probe, int code, std::string text) {
  probe.state = Probe::State::Failed;
  probe.transaction.reset();
  SocketAddress local;
  if (const Socket* one = socket(probe.socket); one && one->bound) local = *one->bound;
  outbox_.event(CandidateFailed{local, servers_[probe.server].server.url, code, std::move(text)});
}

Time Gatherer::deadline() const {
  Time at = phase_ == Phase::Idle ? never : giveUpAt_;
  for (const auto& probe : probes_) {
    if (probe.transaction) at = std::min(at, probe.transaction->deadline());
    at = std::min(at, probe.keepAliveAt);
  }
  return at;
}

void Gatherer::advance(Time now) {
  for (auto& probe : probes_) {
    if (probe.transaction) {
      switch (probe.transaction->advance(now)) {
        case stun::Transaction::Action::None: break;
        case stun::Transaction::Action::Retransmit: transmit(probe); break;
        case stun::Transaction::Action::TimedOut: failed(probe, 701, "The STUN server did not answer."); break;
      }
    }
    if (probe.keepAliveAt <= now) {
      // RFC 8445 s.5.1.1.4: a new request refreshes the binding; a lost one is made up for by the next.
      probe.id = stun::randomTransactionId(random_);
      probe.keepAliveAt = now + config_.serverKeepAlive;
      transmit(probe);
    }
  }
  if (phase_ != Phase::Idle && giveUpAt_ <= now) {
    for (auto& probe : probes_)
      if (probe.state == Probe::State::Queued || probe.state == Probe::State::Sent)
        failed(probe, 701, "The STUN server did not answer in time.");
    for (auto& server : servers_) {
      if (!server.resolving) continue;
      server.resolving.reset();
      outbox_.event(CandidateFailed{{}, server.server.url, 701, "The STUN server's name was not resolved in time."});
    }
    listing_.reset();
    phase_ = Phase::Idle;
    outbox_.event(GatheringDone{});
  }
  finishIfDone();
}

void Gatherer::finishIfDone() {
  if (phase_ != Phase::Probing) return;
  bool binding = std::any_of(sockets_.begin(), sockets_.end(), [](const auto& one) { return !one.bound && !one.stale; });
  bool probing = std::any_of(probes_.begin(), probes_.end(), [](const auto& probe) {
    return probe.state == Probe::State::Queued || probe.state == Probe::State::Sent;
  });
  bool resolving = std::any_of(servers_.begin(), servers_.end(), [](const auto& one) { return one.resolving; });
  // A name without a socket that could ask has nothing to wait for.
  if (binding || probing || (resolving && !sockets_.empty())) return;
  phase_ = Phase::Idle;
  outbox_.event(GatheringDone{});
}

void Gatherer::closeStale() {
  if (phase_ == Phase::Listing) return;  // Which are stale is known once the list is there.
  for (const auto& one : sockets_)
    if (one.stale) outbox_.event(CloseSocket{one.id});
  std::erase_if(sockets_, [](const auto& one) { return one.stale; });
}

void Gatherer::stopKeepAlive() {
  for (auto& probe : probes_) probe.keepAliveAt = never;
}

void Gatherer::close() {
  for (const auto& one : sockets_) outbox_.event(CloseSocket{one.id});
  sockets_.clear();
  probes_.clear();
  servers_.clear();
  listing_.reset();
  phase_ = Phase::Idle;
}

Gatherer::Socket* Gatherer::socket(SocketId id) {
  auto at = std::find_if(sockets_.begin(), sockets_.end(), [&](const auto& one) { return one.id == id; });
  return at == sockets_.end() ? nullptr : &*at;
}

bool Gatherer::owns(SocketId id) const {
  return std::any_of(sockets_.begin(), sockets_.end(), [&](const auto& one) { return one.id == id; });
}

std::optional<SocketAddress> Gatherer::boundAddress(SocketId id) const {
  for (const auto& one : sockets_)
    if (one.id == id) return one.bound;
  return std::nullopt;
}

std::string Gatherer::foundation(CandidateType type, const IpAddress& base, const std::optional<IpAddress>& server) {
  // RFC 8445 s.5.1.1.3: equal if type, base and server are. Numbers in order of appearance say nothing about the
  // addresses behind them, as a hash would.
  std::string key = std::string(toString(type)) + ' ' + base.toString() + ' ' + (server ? server->toString() : "");
  auto [at, isNew] = foundations_.try_emplace(key, std::to_string(foundations_.size() + 1));
  return at->second;
}

}  // namespace parley::ice
