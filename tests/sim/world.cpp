#include "sim/world.hpp"

#include "support/virtual_globals.hpp"

#include <parley/log.hpp>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <utility>
#include <variant>

namespace parley::sim {

// --- Host ---

Host::Host(World& world, std::string name, std::vector<IpAddress> addresses, Nat* nat)
    : world_(world),
      name_(std::move(name)),
      addresses_(std::move(addresses)),
      nat_(nat),
      // The virtual clock starts at 1000 s; on the wall that is the year 2026.
      engine_(Engine::Options{std::chrono::seconds(1'767'225'600), world.random().u64() | 1}) {
  engine_.setWake([this] {
    if (std::exchange(wakes_, true)) return;
    world_.at(world_.now(), [this] {
      wakes_ = false;
      run();
    });
  });
}

void Host::setAddresses(std::vector<IpAddress> addresses) {
  for (const auto& address : addresses_) world_.hostsByAddress_.erase(address);
  addresses_ = std::move(addresses);
  for (const auto& address : addresses_) world_.hostsByAddress_[address] = this;
  for (auto it = bound_.begin(); it != bound_.end();) {
    if (std::find(addresses_.begin(), addresses_.end(), it->second.ip) == addresses_.end()) {
      answerLater(SocketFailed{it->first, "the address is gone"});
      listening_.erase(it->second);
      tcpListening_.erase(it->second);
      it = bound_.erase(it);
    } else {
      ++it;
    }
  }
  if (noticesChanges) answerLater(InterfacesChanged{interfaces()});
}

bool Host::has(const IpAddress& address) const {
  return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

Time Host::now() const { return world_.now(); }

std::vector<NetworkInterface> Host::interfaces() const {
  std::vector<NetworkInterface> all;
  bool v4 = false, v6 = false;
  for (std::size_t i = 0; i < addresses_.size(); ++i) {
    bool& known = addresses_[i].isV4() ? v4 : v6;
    all.push_back({"eth" + std::to_string(i), addresses_[i], knowsDefaultRoute && !std::exchange(known, true)});
  }
  return all;
}

void Host::run() {
  engine_.advance(world_.now());
  while (auto output = engine_.poll()) perform(*output);
  schedule();
}

void Host::schedule() {
  Time next = engine_.deadline();
  if (next == never) return;
  next = std::max(next, world_.now());
  if (wake_ <= next && wake_ > world_.now()) return;  // an earlier wake looks again
  wake_ = next;
  world_.at(next, [this, next] {
    if (wake_ == next) wake_ = never;
    run();
  });
}

template <class Answer>
void Host::answerLater(Answer answer) {
  world_.at(world_.now(), [this, answer = std::move(answer)] {
    engine_.handle(answer, world_.now());
    run();
  });
}

void Host::perform(Engine::Output& output) {
  if (auto* packet = std::get_if<Transmit>(&output)) {
    auto from = bound_.find(packet->socket);
    if (offline_) return;
    if (from != bound_.end())
      world_.send(from->second, packet->to, packet->packet.bytes(), nat_);
    else if (auto member = multicast_.find(packet->socket); member != multicast_.end())
      world_.multicast(*this, member->second, packet->to, packet->packet.bytes());
    else
      world_.tcp.write(*this, packet->socket, packet->packet.bytes());
  } else if (auto* request = std::get_if<BindUdp>(&output)) {
    bind(*request);
  } else if (auto* close = std::get_if<CloseSocket>(&output)) {
    if (auto socket = bound_.find(close->socket); socket != bound_.end()) {
      // Each of the two only if it is this socket: UDP and TCP have ports of their own.
      for (auto* table : {&listening_, &tcpListening_})
        if (auto at = table->find(socket->second); at != table->end() && at->second == close->socket) table->erase(at);
      bound_.erase(socket);
    }
    multicast_.erase(close->socket);
    world_.tcp.close(*this, close->socket);
  } else if (auto* member = std::get_if<BindMulticast>(&output)) {
    if (!has(member->local)) return answerLater(SocketFailed{member->socket, "no such address"});
    multicast_[member->socket] = *member;
    answerLater(SocketBound{member->socket, {member->local, member->group.port}});
  } else if (auto* listener = std::get_if<ListenTcp>(&output)) {
    listen(*listener);
  } else if (auto* connection = std::get_if<ConnectTcp>(&output)) {
    connect(*connection);
  } else if (auto* list = std::get_if<ListInterfaces>(&output)) {
    InterfacesListed answer{list->request, interfaces()};
    answerLater(std::move(answer));
  } else if (auto* resolve = std::get_if<Resolve>(&output)) {
    auto found = names.find(resolve->host);
    answerLater(Resolved{resolve->request, found == names.end() ? std::vector<IpAddress>{} : found->second});
  }
}

std::optional<std::uint16_t> Host::freePort(std::uint16_t first, std::uint16_t last, const IpAddress& ip, bool tcp) {
  const auto& taken = tcp ? tcpListening_ : listening_;
  for (std::uint32_t port = first ? first : nextPort_; port <= (last ? last : 65535u); ++port) {
    if (taken.contains({ip, static_cast<std::uint16_t>(port)})) continue;
    if (!first) nextPort_ = static_cast<std::uint16_t>(port == 65535 ? 49152 : port + 1);
    return static_cast<std::uint16_t>(port);
  }
  return std::nullopt;
}

void Host::bind(const BindUdp& request) {
  if (!has(request.local)) return answerLater(SocketFailed{request.socket, "no such address"});
  const auto port = freePort(request.firstPort, request.lastPort, request.local, false);
  if (!port) return answerLater(SocketFailed{request.socket, "no port is free"});
  const SocketAddress local{request.local, *port};
  bound_[request.socket] = local;
  listening_[local] = request.socket;
  answerLater(SocketBound{request.socket, local});
}

void Host::listen(const ListenTcp& request) {
  if (!has(request.local)) return answerLater(SocketFailed{request.socket, "no such address"});
  const auto port = freePort(request.firstPort, request.lastPort, request.local, true);
  if (!port) return answerLater(SocketFailed{request.socket, "no port is free"});
  const SocketAddress local{request.local, *port};
  bound_[request.socket] = local;
  tcpListening_[local] = request.socket;
  answerLater(SocketBound{request.socket, local});
}

void Host::connect(const ConnectTcp& request) {
  if (!has(request.local)) return answerLater(SocketFailed{request.socket, "no such address"});
  const auto port = request.firstPort ? request.firstPort : freePort(0, 0, request.local, true).value_or(1);
  if (!offline_) world_.tcp.connect(*this, request, {request.local, port}, nat_);
}

std::optional<SocketId> Host::tcpListener(const SocketAddress& local) const {
  auto found = tcpListening_.find(local);
  return found == tcpListening_.end() ? std::nullopt : std::optional(found->second);
}

void Host::receive(const SocketAddress& to, const SocketAddress& from, std::vector<std::uint8_t> bytes) {
  if (!offline_) inject(to, from, std::move(bytes));
}

void Host::inject(const SocketAddress& to, const SocketAddress& from, std::vector<std::uint8_t> bytes) {
  auto socket = listening_.find(to);
  if (socket == listening_.end()) return;
  engine_.handle(Datagram{socket->second, from, bytes}, world_.now());
  run();
}

std::vector<SocketAddress> Host::boundSockets() const {
  std::vector<SocketAddress> all;
  for (const auto& [address, socket] : listening_) all.push_back(address);
  return all;
}

// --- World ---

namespace {
bool tracing() {
  static const bool on = std::getenv("PARLEY_SIM_TRACE") != nullptr;
  return on;
}

/// usrsctp's clock is that of the process and knows no way back, so a world begins where the one before ended.
Time nextStart{std::chrono::seconds(1000)};
}  // namespace

World::World(std::uint64_t seed) : seed_(seed), random_(seed), start_(nextStart) {
  test::seedGlobals(seed);
  setNow(start_);
  if (tracing())
    setLogHandler(LogLevel::Trace, [this](const LogLine& line) {
      std::printf("%.6f %s: %s\n", std::chrono::duration<double>(elapsed()).count(), std::string(line.module).c_str(),
                  std::string(line.text).c_str());
    });
}

World::~World() {
  if (tracing()) setLogHandler(LogLevel::Warning);
  queue_ = {};  // its tasks may own what uses the engines
  nextStart = now_ + std::chrono::seconds(60);
}

void World::setNow(Time now) {
  now_ = now;
  test::setVirtualTime(now);
}

Host& World::addHost(std::string name, std::vector<IpAddress> addresses, Nat* nat) {
  for ([[maybe_unused]] const auto& address : addresses) assert(!hostsByAddress_.contains(address));
  auto host = std::make_unique<Host>(*this, std::move(name), addresses, nat);
  for (const auto& address : addresses) hostsByAddress_[address] = host.get();
  return *hosts_.emplace_back(std::move(host));
}

Nat& World::addNat(Nat::Behaviour behaviour, IpAddress external) {
  return *nats_.emplace_back(std::make_unique<Nat>(behaviour, external));
}

void World::addServer(const SocketAddress& address, Node& server) { servers_[address] = &server; }

void World::at(Time when, std::function<void()> task) {
  queue_.push({std::max(when, now_), ++events_, std::move(task)});
}

bool World::runUntil(const std::function<bool()>& done, Duration limit) {
  const Time end = now_ + limit;
  for (auto& host : hosts_) host->run();
  while (!done()) {
    if (queue_.empty() || queue_.top().at > end) {
      setNow(end);
      return done();
    }
    auto event = std::move(const_cast<Event&>(queue_.top()));
    queue_.pop();
    setNow(event.at);
    event.run();
  }
  return true;
}

void World::send(const SocketAddress& local, const SocketAddress& to, base::Bytes bytes, Nat* nat) {
  // A private address is reached directly only from behind the same NAT.
  const auto target = hostsByAddress_.find(to.ip);
  const bool sameNat = nat && target != hostsByAddress_.end() && target->second->nat() == nat;
  const SocketAddress from = nat && !sameNat ? nat->outbound(local, to, now_) : local;

  const Wire wire{now_, from, to, bytes, ++datagrams_};
  auto mix = [this](std::uint64_t value) { fingerprint_ = (fingerprint_ ^ value) * 1099511628211ull; };
  mix(static_cast<std::uint64_t>(now_.time_since_epoch().count()));
  mix(std::hash<SocketAddress>{}(from));
  mix(std::hash<SocketAddress>{}(to));
  for (auto b : bytes) mix(b);
  if (tracing())
    std::printf("%.6f %s -> %s: number %u, %u bytes, first %d\n", std::chrono::duration<double>(elapsed()).count(),
                from.toString().c_str(), to.toString().c_str(), static_cast<unsigned>(wire.number),
                static_cast<unsigned>(bytes.size()), bytes.empty() ? -1 : bytes[0]);
  if (trace) trace(wire);
  if (drop && drop(wire)) return;

  auto [link, isNew] =
      links_.try_emplace(local.ip, overrides_.contains(local.ip) ? overrides_.at(local.ip) : defaultLink_);
  auto arrivals = link->second.arrivals(bytes.size(), now_, random_);
  if (const auto more = copies ? copies(wire) : std::vector<Duration>{}; !arrivals.empty())
    for (Duration later : more) arrivals.push_back(arrivals.front() + later);
  const Duration held = hold ? hold(wire) : Duration{};
  for (Time arrival : arrivals)
    at(arrival + held,
       [this, from, to, copy = std::vector<std::uint8_t>(bytes.begin(), bytes.end()), sameNat]() mutable {
         if (!sameNat) {
           auto host = hostsByAddress_.find(to.ip);
           if (host != hostsByAddress_.end() && host->second->nat()) return;  // a private address, from outside
         }
         deliver(from, to, std::move(copy));
       });
}

/// A network of one link: all members hear it that are behind the same NAT, as all hosts without one are.
void World::multicast(Host& sender, const BindMulticast& member, const SocketAddress& to, base::Bytes bytes) {
  const SocketAddress from{member.local, member.group.port};
  for (auto& host : hosts_) {
    if (host->nat() != sender.nat()) continue;
    for (const auto& [socket, other] : host->multicast_) {
      if (other.socket == member.socket && host.get() == &sender) continue;
      if (to.ip.isMulticast() ? other.group != to : SocketAddress{other.local, other.group.port} != to) continue;
      after(delayFrom(member.local), [target = host.get(), id = socket, from,
                                      copy = std::vector<std::uint8_t>(bytes.begin(), bytes.end())]() mutable {
        if (!target->isOffline()) target->tell(Datagram{id, from, copy});
      });
    }
  }
}

void World::deliver(const SocketAddress& from, const SocketAddress& to, std::vector<std::uint8_t> bytes) {
  if (auto server = servers_.find(to); server != servers_.end())
    return server->second->receive(to, from, std::move(bytes));
  for (auto& nat : nats_) {
    if (nat->external() != to.ip) continue;
    if (from.ip == nat->external() && !nat->hairpins()) return;
    if (auto inside = nat->inbound(to.port, from, now_))
      if (auto host = hostsByAddress_.find(inside->ip); host != hostsByAddress_.end())
        host->second->receive(*inside, from, std::move(bytes));
    return;
  }
  if (auto host = hostsByAddress_.find(to.ip); host != hostsByAddress_.end())
    host->second->receive(to, from, std::move(bytes));
}

}  // namespace parley::sim
