#include "ice/gatherer.hpp"

#include "base/bytes.hpp"
#include "ice/addresses.hpp"
#include "ice/priority.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace parley::ice {

// --- From gathering to gathering ---

void Gatherer::cancel() {
  servers_.clear();
  probes_.clear();
  found_.clear();
  addresses_.clear();
  listing_.reset();
  phase_ = Phase::Idle;
}

void Gatherer::takeBack(Time now) {
  cancel();
  closeRelays([&](const Relayed& one) { return one.gathering == gathering_; }, now);
  for (auto& one : relays_) one->stale = false;
  for (auto& one : sockets_) {
    if (one.gathering == gathering_ && one.kind != Socket::Kind::Active) outbox_.event(CloseSocket{one.id});
    one.stale = false;
  }
  std::erase_if(sockets_, [&](const auto& one) { return one.gathering == gathering_; });
}

void Gatherer::start(Time now) {
  cancel();
  ++gathering_;
  relayOnly_ = config_.servers.relayOnly;
  phase_ = Phase::Listing;
  giveUpAt_ = now + config_.serverTimeout;
  listing_ = ids_.request();
  outbox_.event(ListInterfaces{*listing_});
  // Names are looked up while the host lists its interfaces: the two do not depend on each other.
  // RFC 8445 s.5.2: a lite agent has host candidates only.
  if (!relayOnly_ && !config_.lite)
    for (const auto& server : config_.servers.stun)
      servers_.push_back({server.host, server.port, server.url, {}, {}, {}});
  if (!config_.lite)
    for (const auto& server : config_.servers.turn)
      servers_.push_back({server.host, server.port, server.url, server, {}, {}});
  for (auto& server : servers_) resolve(server);
}

void Gatherer::resolve(Server& server) {
  if (auto literal = IpAddress::parse(server.host)) return found(server, {*literal});
  // One look-up for all URLs of a host.
  for (const auto& other : servers_)
    if (&other != &server && other.host == server.host && other.resolving) server.resolving = other.resolving;
  if (server.resolving) return;
  server.resolving = ids_.request();
  outbox_.event(Resolve{*server.resolving, server.host});
}

void Gatherer::closeStale(Time now) {
  closeRelays([](const Relayed& one) { return one.stale; }, now);
  for (const auto& one : sockets_)
    if (one.stale && one.kind != Socket::Kind::Active) outbox_.event(CloseSocket{one.id});
  std::erase_if(sockets_, [](const auto& one) { return one.stale; });
  std::erase_if(probes_, [&](const auto& probe) { return !owns(probe.socket); });
}

void Gatherer::close(Time now) {
  closeRelays([](const Relayed&) { return true; }, now);
  for (const auto& one : sockets_)
    if (one.kind != Socket::Kind::Active) outbox_.event(CloseSocket{one.id});
  for (const auto& [address, name] : names_) outbox_.event(WithdrawName{name});
  sockets_.clear();
  names_.clear();
  cancel();
}

// --- Addresses and sockets ---

void Gatherer::handle(const InterfacesListed& listed, Time) {
  if (!listing_ || listed.request != *listing_) return;
  listing_.reset();
  phase_ = Phase::Probing;
  for (auto& one : sockets_) one.stale = true;
  for (auto& one : relays_) one->stale = true;
  addresses_ = gatherableAddresses(listed.interfaces, config_);
  for (std::size_t i = 0; i < addresses_.size(); ++i) openAddress(addresses_[i], i);
  finishIfDone();
}

/// Continual gathering: sockets on addresses that are gone are as good as closed, and new addresses are gathered as
/// part of the same generation. The old ones stay: an address that comes does not make another one worse.
void Gatherer::handle(const InterfacesChanged& changed, Time now) {
  if (gathering_ == 0 || phase_ == Phase::Listing) return;
  const auto isThere = [&](const IpAddress& ip) {
    return std::any_of(changed.interfaces.begin(), changed.interfaces.end(),
                       [&](const auto& one) { return one.address == ip; });
  };
  closeRelays([&](const Relayed& one) { return !isThere(one.relay->settings().local); }, now);
  std::vector<SocketId> gone;
  for (const auto& one : sockets_)
    if (!isThere(one.ip)) gone.push_back(one.id);
  for (SocketId id : gone) handle(SocketFailed{id, "the address is gone"}, now);
  // What a place held is not given to another address: its candidates' priorities would be taken twice.
  for (const auto& address : gatherableAddresses(changed.interfaces, config_)) {
    const bool known = std::any_of(sockets_.begin(), sockets_.end(),
                                   [&](const auto& one) { return !one.stale && one.ip == address; }) ||
                       std::any_of(relays_.begin(), relays_.end(), [&](const auto& one) {
                         return !one->stale && one->relay->settings().local == address;
                       });
    if (known || addresses_.size() >= 4 * config_.maxAddresses) continue;
    addresses_.push_back(address);
    if (phase_ == Phase::Idle) {
      resume(now);
      // A look-up that failed without a network may succeed with one.
      for (auto& server : servers_)
        if (server.addresses.empty() && !server.resolving) resolve(server);
    }
    openAddress(address, addresses_.size() - 1);
  }
  finishIfDone();
}

void Gatherer::resume(Time now) {
  if (phase_ != Phase::Idle) return;
  phase_ = Phase::Probing;
  giveUpAt_ = now + config_.serverTimeout;
  outbox_.event(GatheringResumed{});
}

void Gatherer::openAddress(const IpAddress& address, std::size_t index) {
  using Kind = Socket::Kind;
  if (config_.udp) open(Kind::Udp, address, index);
  if (!relayOnly_ && config_.tcp != TcpCandidates::None) open(Kind::Active, address, index);
  if (!relayOnly_ && config_.tcp == TcpCandidates::All) {
    open(Kind::Passive, address, index);
    open(Kind::SimultaneousOpen, address, index);
  }
  // Over TCP each relay has a connection of its own: there is no socket to wait for.
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    IpAddress ip;
    if (servers_[i].turn && servers_[i].turn->transport != ServerTransport::Udp && fitsServer(servers_[i], address, ip))
      addRelay(i, ip, index, address, std::nullopt);
  }
}

void Gatherer::open(Socket::Kind kind, const IpAddress& address, std::size_t index) {
  Socket one;
  one.kind = kind;
  one.id = ids_.socket();
  one.ip = address;
  one.index = index;
  one.gathering = gathering_;
  one.carriesOnly = relayOnly_;
  if (kind == Socket::Kind::Active) {
    // RFC 6544 s.4.5: what its port will be is not known; the discard port is written.
    one.bound = SocketAddress{address, 9};
    sockets_.push_back(one);
    hostFound(one);
    return;
  }
  sockets_.push_back(one);
  if (kind == Socket::Kind::Udp)
    outbox_.event(BindUdp{one.id, address, config_.firstPort, config_.lastPort});
  else
    outbox_.event(ListenTcp{one.id, address, config_.firstPort, config_.lastPort});
}

void Gatherer::handle(const SocketBound& bound, Time) {
  Socket* one = socket(bound.socket);
  if (!one || one->bound) return;
  one->bound = bound.local;
  if (phase_ == Phase::Probing && !one->stale) use(*one);
  finishIfDone();
}

void Gatherer::handle(const SocketFailed& failure, Time now) {
  for (std::size_t i = 0; i < relays_.size(); ++i) {  // To drain one may add another.
    if (relays_[i]->relay->settings().socket != failure.socket) continue;
    relays_[i]->relay->disconnected("The connection to the TURN server failed: " + failure.reason);
    drain(*relays_[i], now);
  }
  forgetRelays();
  Socket* one = socket(failure.socket);
  if (!one) return finishIfDone();
  const Socket gone = *one;
  std::erase_if(sockets_, [&](const auto& each) { return each.id == failure.socket; });
  std::erase_if(probes_, [&](const auto& each) { return each.socket == failure.socket; });
  if (gone.kind != Socket::Kind::Active) outbox_.event(CloseSocket{failure.socket});
  if (gone.bound) outbox_.event(SocketGone{gone.id});
  if (gone.onlyServer && !gone.bound && !gone.stale) {
    serverFailed(servers_[*gone.onlyServer].url, {}, 437,
                 "There is no other port for the TURN server: " + failure.reason);
    return finishIfDone();
  }
  // A range of ports may have none left: then the socket of the generation before serves this one as well.
  auto before = std::find_if(sockets_.begin(), sockets_.end(), [&](const auto& other) {
    return other.stale && other.bound && other.ip == gone.ip && other.kind == gone.kind;
  });
  if (!gone.bound && !gone.stale && phase_ == Phase::Probing && before != sockets_.end()) {
    before->stale = false;
    before->index = gone.index;
    before->carriesOnly = gone.carriesOnly;
    use(*before);
  }
  finishIfDone();
}

void Gatherer::use(Socket& one) {
  if (!one.carriesOnly) hostFound(one);
  if (one.onlyServer)
    askServer(one, *one.onlyServer);
  else if (one.kind == Socket::Kind::Udp)
    askServers(one);
}

void Gatherer::hostFound(const Socket& one) {
  LocalCandidate local;
  local.socket = one.id;
  local.address = *one.bound;
  local.candidate.type = CandidateType::Host;
  local.candidate.address = one.ip.toString();
  local.candidate.port = one.bound->port;
  if (one.kind == Socket::Kind::Udp) {
    local.candidate.priority = candidatePriority(CandidateType::Host, localPreference(one.index));
  } else {
    local.candidate.transport = "tcp";
    local.candidate.tcpType = one.kind == Socket::Kind::Active    ? "active"
                              : one.kind == Socket::Kind::Passive ? "passive"
                                                                  : "so";
    local.candidate.priority = priorityOf(tcpTypePreference(CandidateType::Host),
                                          tcpLocalPreference(local.candidate.tcpType, localPreference(one.index)));
  }
  // An active candidate that gets nowhere says nothing of two that open at once: they do not wait for each other.
  local.candidate.foundation =
      foundation(CandidateType::Host, local.candidate.transport + local.candidate.tcpType, one.ip, std::nullopt);
  // RFC 8828 s.5.2, mode 3: a public address is what the Internet sees anyway.
  if (config_.addressPolicy == AddressPolicy::PublicOnly && (one.ip.isPrivate() || one.ip.isLinkLocal())) {
    local.signalled = false;
    local.candidate.address = IpAddress::any(one.ip.family()).toString();
  } else if (config_.hideAddresses) {
    local.candidate.address = nameOf(one.ip);
  }
  found(std::move(local));
}

void Gatherer::found(LocalCandidate local) {
  found_.push_back(local);
  outbox_.event(std::move(local));
}

/// draft-ietf-mmusic-mdns-ice-candidates s.3.1.1: a version 4 UUID (RFC 4122 s.4.4) for each address.
std::string Gatherer::nameOf(const IpAddress& address) {
  auto [at, isNew] = names_.try_emplace(address);
  if (!isNew) return at->second;
  std::array<std::uint8_t, 16> bits;
  random_.fill(bits);
  bits[6] = static_cast<std::uint8_t>((bits[6] & 0x0f) | 0x40);
  bits[8] = static_cast<std::uint8_t>((bits[8] & 0x3f) | 0x80);
  const std::string hex = base::toHex(bits);
  at->second = hex.substr(0, 8) + '-' + hex.substr(8, 4) + '-' + hex.substr(12, 4) + '-' + hex.substr(16, 4) + '-' +
               hex.substr(20) + ".local";
  outbox_.event(PublishName{at->second, address});
  return at->second;
}

SocketAddress Gatherer::shownBase(const SocketAddress& base) const {
  // RFC 8839 s.9.1: 0.0.0.0 (or ::) and port 9 where they are secret.
  if (relayOnly_ || hidesHosts()) return {IpAddress::any(base.ip.family()), 9};
  return base;
}

// --- Servers ---

void Gatherer::handle(const Resolved& resolved, Time) {
  bool ours = false;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    auto& server = servers_[i];
    if (!server.resolving || *server.resolving != resolved.request) continue;
    server.resolving.reset();
    found(server, resolved.addresses);
    ours = true;
    if (phase_ != Phase::Probing) continue;
    if (server.turn && server.turn->transport != ServerTransport::Udp) {
      for (std::size_t index = 0; index < addresses_.size(); ++index)
        if (IpAddress ip; fitsServer(server, addresses_[index], ip)) addRelay(i, ip, index, addresses_[index], {});
    } else {
      for (const auto& one : sockets_)
        if (one.bound && !one.stale && one.kind == Socket::Kind::Udp && !one.onlyServer) askServer(one, i);
    }
  }
  if (ours) finishIfDone();
}

/// What names stand for; "turn:123" is 0.0.0.123, to which nothing can be sent (RFC 1122 s.3.2.1.3).
void Gatherer::found(Server& server, std::vector<IpAddress> addresses) {
  const bool resolved = !addresses.empty();
  std::erase_if(addresses, [](const IpAddress& ip) {
    return ip.isMulticast() || ip.isUnspecified() || (ip.isV4() && ip.bytes()[0] == 0);
  });
  server.addresses = std::move(addresses);
  if (!server.addresses.empty()) return;
  const std::string kind = server.turn ? "TURN" : "STUN";
  serverFailed(server.url, {}, 701,
               resolved ? "The " + kind + " server has no address that can be reached."
                        : "The name of the " + kind + " server could not be resolved.");
}

/// One address of each family: the others are the same server. A socket on loopback cannot reach a server elsewhere,
/// and is reached by nobody through its mapped address.
bool Gatherer::fitsServer(const Server& server, const IpAddress& local, IpAddress& chosen) const {
  for (const auto& ip : server.addresses) {
    if (ip.family() != local.family() || ip.isLoopback() != local.isLoopback()) continue;
    chosen = ip;
    return true;
  }
  return false;
}

void Gatherer::askServers(const Socket& one) {
  for (std::size_t i = 0; i < servers_.size(); ++i) askServer(one, i);
}

void Gatherer::askServer(const Socket& one, std::size_t server) {
  IpAddress ip;
  if (!fitsServer(servers_[server], one.ip, ip)) return;
  if (!servers_[server].turn)
    addProbe(one, server, ip);
  else if (servers_[server].turn->transport == ServerTransport::Udp)
    addRelay(server, ip, one.index, one.ip, one.id);
}

void Gatherer::reflexiveFound(const Socket& one, std::size_t server, const std::string& url, const IpAddress& serverIp,
                              const SocketAddress& mapped) {
  if (one.carriesOnly) return;
  // RFC 8445 s.5.1.3: redundant if the address and the base are those of another candidate; unless that one does not
  // tell the address.
  const bool redundant = std::any_of(found_.begin(), found_.end(), [&](const auto& other) {
    return other.socket == one.id && other.address == mapped && other.candidate.address == mapped.ip.toString();
  });
  if (redundant) return;
  const SocketAddress base = shownBase(*one.bound);
  LocalCandidate local;
  local.socket = one.id;
  local.address = mapped;
  local.url = url;
  local.candidate.type = CandidateType::ServerReflexive;
  local.candidate.address = mapped.ip.toString();
  local.candidate.port = mapped.port;
  local.candidate.relatedAddress = base.ip.toString();
  local.candidate.relatedPort = base.port;
  local.candidate.priority = candidatePriority(CandidateType::ServerReflexive, localPreference(one.index, server));
  local.candidate.foundation = foundation(CandidateType::ServerReflexive, "udp", one.ip, serverIp);
  found(std::move(local));
}

void Gatherer::serverFailed(const std::string& url, const SocketAddress& local, int code, std::string text) {
  // W3C, icecandidateerror: a local address that no candidate shows is not shown here either.
  const bool secret = relayOnly_ || hidesHosts();
  outbox_.event(CandidateFailed{secret ? SocketAddress{} : local, url, code, std::move(text)});
}

// --- Slots, time and the end ---

bool Gatherer::wantsSlot() const {
  return std::any_of(probes_.begin(), probes_.end(),
                     [](const auto& probe) { return probe.state == Probe::State::Queued; }) ||
         std::any_of(relays_.begin(), relays_.end(), [](const auto& one) { return one->queued; });
}

void Gatherer::sendNext(Time now) {
  auto probe =
      std::find_if(probes_.begin(), probes_.end(), [](const auto& one) { return one.state == Probe::State::Queued; });
  if (probe != probes_.end()) {
    probe->state = Probe::State::Sent;
    probe->id = stun::randomTransactionId(random_);
    // RFC 8445 s.14.3: RTO = MAX(500 ms, Ta x number of server-reflexive candidates).
    stun::Transaction::Schedule schedule;
    schedule.rto = std::max(config_.minRto, config_.ta * static_cast<std::int64_t>(probes_.size()));
    probe->transaction.emplace(now, schedule);
    transmit(*probe);
    return;
  }
  auto relay = std::find_if(relays_.begin(), relays_.end(), [](const auto& one) { return one->queued; });
  if (relay != relays_.end()) startRelay(**relay, now);
}

Time Gatherer::deadline() const {
  Time at = phase_ == Phase::Idle ? never : giveUpAt_;
  for (const auto& probe : probes_) {
    if (probe.transaction) at = std::min(at, probe.transaction->deadline());
    at = std::min(at, probe.keepAliveAt);
  }
  for (const auto& one : relays_) at = std::min(at, one->relay->deadline());
  return at;
}

void Gatherer::advance(Time now) {
  advanceProbes(now);
  for (std::size_t i = 0; i < relays_.size(); ++i) {
    if (relays_[i]->relay->deadline() > now) continue;
    relays_[i]->relay->advance(now);
    drain(*relays_[i], now);
  }
  forgetRelays();
  if (phase_ != Phase::Idle && giveUpAt_ <= now) {
    for (auto& probe : probes_)
      if (probe.state == Probe::State::Queued || probe.state == Probe::State::Sent)
        failed(probe, 701, "The STUN server did not answer in time.");
    for (auto& one : relays_) {
      if (one->stale || one->found) continue;
      relayFailed(*one, 0, "The TURN server did not answer in time.", now);
      closeRelay(*one, now);
    }
    forgetRelays();
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      if (!servers_[i].resolving) continue;
      servers_[i].resolving.reset();
      serverFailed(
          servers_[i].url, {}, 701,
          std::string("The ") + (servers_[i].turn ? "TURN" : "STUN") + " server's name was not resolved in time.");
    }
    listing_.reset();
    done();
  }
  finishIfDone();
}

void Gatherer::finishIfDone() {
  if (phase_ != Phase::Probing) return;
  bool binding =
      std::any_of(sockets_.begin(), sockets_.end(), [](const auto& one) { return !one.bound && !one.stale; });
  bool probing = std::any_of(probes_.begin(), probes_.end(), [](const auto& probe) {
    return probe.state == Probe::State::Queued || probe.state == Probe::State::Sent;
  });
  bool relaying = std::any_of(relays_.begin(), relays_.end(),
                              [](const auto& one) { return !one->stale && !one->found && !one->relay->isOver(); });
  bool resolving = std::any_of(servers_.begin(), servers_.end(), [](const auto& one) { return one.resolving; });
  // A name without an address that could ask has nothing to wait for.
  bool canAsk = std::any_of(sockets_.begin(), sockets_.end(), [](const auto& one) { return !one.stale; }) ||
                (!config_.udp && !addresses_.empty());
  if (binding || probing || relaying || (resolving && canAsk)) return;
  done();
}

void Gatherer::done() {
  phase_ = Phase::Idle;
  outbox_.event(GatheringDone{});
}

Gatherer::Socket* Gatherer::socket(SocketId id) {
  auto at = std::find_if(sockets_.begin(), sockets_.end(), [&](const auto& one) { return one.id == id; });
  return at == sockets_.end() ? nullptr : &*at;
}

const Gatherer::Socket* Gatherer::socket(SocketId id) const { return const_cast<Gatherer*>(this)->socket(id); }

bool Gatherer::owns(SocketId id) const { return socket(id) || isRelay(id); }

bool Gatherer::carriesOnly(SocketId id) const {
  const Socket* one = socket(id);
  return one && one->carriesOnly;
}

bool Gatherer::listens(SocketId id) const {
  const Socket* one = socket(id);
  return one && (one->kind == Socket::Kind::Passive || one->kind == Socket::Kind::SimultaneousOpen);
}

std::string Gatherer::foundation(CandidateType type, std::string_view transport, const IpAddress& base,
                                 const std::optional<IpAddress>& server) {
  // RFC 8445 s.5.1.1.3: equal if type, base, server and transport are. Numbers in order of appearance say nothing about
  // the addresses behind them, as a hash would.
  std::string key = std::string(toString(type)) + ' ' + std::string(transport) + ' ' + base.toString() + ' ' +
                    (server ? server->toString() : "");
  auto [at, isNew] = foundations_.try_emplace(key, std::to_string(foundations_.size() + 1));
  return at->second;
}

}  // namespace parley::ice
