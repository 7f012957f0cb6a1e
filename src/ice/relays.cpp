// The gatherer's relays: RFC 8445 s.5.1.1.2, RFC 8656.
#include "ice/addresses.hpp"
#include "ice/gatherer.hpp"
#include "ice/priority.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace parley::ice {

namespace {

/// RFC 8489 s.10 asks to notice loops; this ends the long ways as well.
constexpr std::size_t maxRedirections = 4;

/// How often an allocation is made again: a server that is restarted daily, for a week.
constexpr int maxLives = 7;

std::string_view toString(ServerTransport transport) {
  switch (transport) {
    case ServerTransport::Udp: return "udp";
    case ServerTransport::Tcp: return "tcp";
    case ServerTransport::Tls: return "tls";
  }
  return "";
}

}  // namespace

void Gatherer::addRelay(std::size_t server, const IpAddress& ip, std::size_t index, const IpAddress& local,
                        std::optional<SocketId> carrier) {
  const SocketAddress address{ip, servers_[server].port};
  const auto& wanted = *servers_[server].turn;
  for (auto& other : relays_) {
    const auto& settings = other->relay->settings();
    if (other->relay->isOver() || settings.address != address || settings.server.transport != wanted.transport)
      continue;
    if (carrier && settings.socket == *carrier) {
      // RFC 8656 s.5: one allocation on each 5-tuple. That of a socket which serves the next generation too serves on.
      if (std::exchange(other->stale, false) && other->found) relayedFound(*other);
      return;
    }
    if (!carrier && !other->stale && settings.local == local && settings.server.host == wanted.host) return;
  }
  const auto alive = std::count_if(relays_.begin(), relays_.end(), [](const auto& one) { return !one->stale; });
  if (static_cast<std::size_t>(alive) >= config_.maxRelays) return;

  auto one = std::make_unique<Relayed>();
  Relay::Settings settings;
  settings.server = wanted;
  settings.address = address;
  settings.certificateName = wanted.host;
  settings.socket = carrier ? *carrier : ids_.socket();
  settings.local = local;
  settings.secureStreams = config_.secureStreams;
  settings.schedule.rto = config_.minRto;
  one->relay = std::make_unique<Relay>(std::move(settings), ids_, random_, pool_);
  one->server = server;
  one->index = index;
  one->gathering = gathering_;
  one->asked.insert(address);
  relays_.push_back(std::move(one));
}

void Gatherer::startRelay(Relayed& one, Time now) {
  one.queued = false;
  one.relay->start(now);
  drain(one, now);
}

void Gatherer::drain(Relayed& one, Time now) {
  while (auto output = one.relay->poll()) {
    std::visit(
        [&](auto&& each) {
          using T = std::decay_t<decltype(each)>;
          if constexpr (std::is_same_v<T, Transmit>) {
            if (one.relay->isStream())
              outbox_.event(std::move(each));
            else
              outbox_.packet(std::move(each));
          } else if constexpr (std::is_same_v<T, Relay::Allocated>) {
            if (!one.stale) relayedFound(one);
            const Socket* carrier = socket(one.relay->settings().socket);
            // RFC 8445 s.5.1.1.2: the Allocate response tells the server-reflexive address of a UDP socket as well.
            if (carrier && carrier->bound && !one.stale)
              reflexiveFound(*carrier, one.server, one.relay->settings().server.url, one.relay->settings().address.ip,
                             each.mapped);
          } else if constexpr (std::is_same_v<T, Relay::PermissionFailed>) {
            outbox_.event(PeerRefused{one.relay->idOf(each.peer.family()), each.peer});
          } else if constexpr (std::is_same_v<T, Relay::Redirected>) {
            redirect(one, each, now);
          } else if constexpr (std::is_same_v<T, Relay::Failed>) {
            relayFailed(one, each.code, std::move(each.reason), now);
          } else {
            outbox_.event(std::move(each));
          }
        },
        std::move(*output));
  }
  finishIfDone();
}

void Gatherer::relayedFound(Relayed& one) {
  one.found = true;
  const auto& settings = one.relay->settings();
  for (auto family : {IpAddress::Family::V4, IpAddress::Family::V6}) {
    const auto relayed = one.relay->relayed(family);
    if (!relayed) continue;
    const SocketAddress base = relayLocal(one);
    LocalCandidate local;
    local.socket = one.relay->idOf(family);
    local.address = *relayed;
    local.url = settings.server.url;
    local.relayProtocol = settings.server.transport;
    local.candidate.type = CandidateType::Relayed;
    local.candidate.address = relayed->ip.toString();
    local.candidate.port = relayed->port;
    local.candidate.relatedAddress = base.ip.toString();
    local.candidate.relatedPort = base.port;
    local.candidate.priority = priorityOf(relayTypePreference(settings.server.transport),
                                          localPreference(one.index, 2 * one.server + (relayed->ip.isV4() ? 1 : 0)));
    local.candidate.foundation =
        foundation(CandidateType::Relayed, toString(settings.server.transport), relayed->ip, settings.address.ip);
    found(std::move(local));
  }
}

/// RFC 8839 s.5.1: of a relayed candidate the related address is the mapped one that the server saw; which nobody needs,
/// so that the base stands in for it, or nothing where that is secret.
SocketAddress Gatherer::relayLocal(const Relayed& one) const {
  const auto& settings = one.relay->settings();
  const Socket* carrier = socket(settings.socket);
  return shownBase(carrier && carrier->bound ? *carrier->bound : SocketAddress{settings.local, 9});
}

/// A relay in this one's place; over TCP on a connection of its own.
Gatherer::Relayed& Gatherer::succeed(const Relayed& one) {
  auto next = std::make_unique<Relayed>();
  Relay::Settings settings = one.relay->settings();
  if (one.relay->isStream()) settings.socket = ids_.socket();
  next->relay = std::make_unique<Relay>(std::move(settings), ids_, random_, pool_);
  next->server = one.server;
  next->index = one.index;
  next->gathering = one.gathering;
  next->asked = one.asked;
  next->lives = one.lives;
  relays_.push_back(std::move(next));
  return *relays_.back();
}

void Gatherer::redirect(Relayed& one, const Relay::Redirected& to, Time now) {
  const bool again = one.asked.contains(to.server) || one.asked.size() > maxRedirections;
  if (one.stale || one.found || again) return relayFailed(one, 300, "The TURN server leads in circles.", now);
  Relayed& next = succeed(one);
  next.relay->redirect(to);
  next.asked.insert(to.server);
}

void Gatherer::relayFailed(Relayed& one, int code, std::string reason, Time now) {
  if (one.found) socketsGone(one);
  if (one.stale || askElsewhere(one, code) || askAgain(one, code, now)) return;
  // W3C, icecandidateerror: 701 where there is no answer to have a code from.
  const Socket* carrier = socket(one.relay->settings().socket);
  serverFailed(one.relay->settings().server.url, carrier && carrier->bound ? *carrier->bound : SocketAddress{},
               code ? code : 701, std::move(reason));
}

/// RFC 8656 s.7.4: after a 437 another port may do, once. Somebody had this one before, and the server does not know yet
/// that the NAT in between has given it to us.
bool Gatherer::askElsewhere(const Relayed& one, int code) {
  if (code != 437 || one.found || one.gathering != gathering_ || phase_ == Phase::Idle) return false;
  if (one.relay->isStream()) {
    if (one.lives > 0) return false;
    ++succeed(one).lives;
    return true;
  }
  const Socket* carrier = socket(one.relay->settings().socket);
  if (!carrier || carrier->onlyServer) return false;
  Socket fresh;
  fresh.id = ids_.socket();
  fresh.ip = carrier->ip;
  fresh.index = carrier->index;
  fresh.gathering = gathering_;
  fresh.carriesOnly = true;
  fresh.onlyServer = one.server;
  sockets_.push_back(fresh);
  outbox_.event(BindUdp{fresh.id, fresh.ip, config_.firstPort, config_.lastPort});
  return true;
}

/// Continual gathering: an allocation that the server has lost (it was restarted), or whose connection broke, is made
/// again for the same generation. A server that does not answer has nothing to give.
bool Gatherer::askAgain(const Relayed& one, int code, Time now) {
  const bool answers = one.relay->isStream() || code == 437;
  if (!one.found || !answers || one.lives >= maxLives || one.gathering != gathering_) return false;
  ++succeed(one).lives;
  resume(now);
  return true;
}

void Gatherer::socketsGone(const Relayed& one) {
  for (auto family : {IpAddress::Family::V4, IpAddress::Family::V6}) outbox_.event(SocketGone{one.relay->idOf(family)});
}

void Gatherer::closeRelay(Relayed& one, Time now) {
  if (one.found && !one.relay->isOver()) socketsGone(one);
  if (!one.queued) one.relay->close(now);
  while (auto output = one.relay->poll())
    std::visit(
        [&](auto&& each) {
          using T = std::decay_t<decltype(each)>;
          if constexpr (std::is_same_v<T, Transmit> || std::is_same_v<T, CloseSocket>) outbox_.event(std::move(each));
        },
        std::move(*output));
}

void Gatherer::closeRelays(const std::function<bool(const Relayed&)>& which, Time now) {
  for (auto& one : relays_)
    if (which(*one)) closeRelay(*one, now);
  std::erase_if(relays_, [&](const auto& one) { return which(*one); });
}

void Gatherer::forgetRelays() {
  std::erase_if(relays_, [](const auto& one) { return one->relay->isOver(); });
}

Gatherer::Relayed* Gatherer::relayOf(SocketId id) {
  for (auto& one : relays_)
    if (one->relay->owns(id)) return one.get();
  return nullptr;
}

bool Gatherer::isRelay(SocketId id) const {
  return std::any_of(relays_.begin(), relays_.end(), [&](const auto& one) { return one->relay->owns(id); });
}

bool Gatherer::relayExpects(const Datagram& datagram) const {
  return std::any_of(relays_.begin(), relays_.end(),
                     [&](const auto& one) { return !one->queued && one->relay->expects(datagram); });
}

std::optional<Datagram> Gatherer::unwrap(const Datagram& datagram, Time now) {
  for (auto& one : relays_) {
    if (one->queued || !one->relay->expects(datagram)) continue;
    auto inner = one->relay->handle(datagram, now);
    drain(*one, now);
    forgetRelays();
    return inner;
  }
  return std::nullopt;
}

bool Gatherer::relay(SocketId id, const SocketAddress& peer, Packet packet, Time now) {
  Relayed* one = relayOf(id);
  if (!one) return false;
  const bool sent = one->relay->send(peer, std::move(packet), now);
  drain(*one, now);
  return sent;
}

void Gatherer::permit(SocketId id, const IpAddress& peer, Time now) {
  if (Relayed* one = relayOf(id)) {
    one->relay->permit(peer, now);
    drain(*one, now);
  }
}

void Gatherer::probeRelay(SocketId id, Time now) {
  if (Relayed* one = relayOf(id)) {
    one->relay->probe(now);
    drain(*one, now);
    forgetRelays();
  }
}

bool Gatherer::handle(const TcpConnected& connected, Time now) {
  for (auto& one : relays_) {
    if (!one->relay->isStream() || one->relay->settings().socket != connected.socket) continue;
    one->relay->connected(now);
    drain(*one, now);
    forgetRelays();
    return true;
  }
  return false;
}

bool Gatherer::handle(const StreamData& data, Time now, const Relay::Deliver& deliver) {
  for (auto& one : relays_) {
    if (!one->relay->isStream() || one->relay->settings().socket != data.socket) continue;
    one->relay->handle(data, now, deliver);
    drain(*one, now);
    forgetRelays();
    return true;
  }
  return false;
}

bool Gatherer::isFull(SocketId id) {
  const Relayed* one = relayOf(id);
  return one && one->relay->isFull();
}

bool Gatherer::handle(const StreamBacklog& backlog) {
  for (auto& one : relays_) {
    if (!one->relay->isStream() || one->relay->settings().socket != backlog.socket) continue;
    one->relay->backlog(backlog.full);
    return true;
  }
  return false;
}

}  // namespace parley::ice
