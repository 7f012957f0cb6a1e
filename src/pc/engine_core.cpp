#include "pc/engine_core.hpp"

#include "sctp/stack.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

namespace parley::pc {
namespace {
/// The engine whose `advance` runs on this thread.
thread_local const EngineCore* runningHere = nullptr;
}  // namespace

void PeerHandle::post(std::function<void(Peer&, Time)> command) const {
  if (!core_) return;
  core_->post([core = core_, peer = peer_, command = std::move(command)](Time now) { core->withPeer(peer, command, now); });
}

void PeerHandle::close() const {
  post([](Peer& peer, Time now) { peer.close(now); });
}

EngineCore::EngineCore(const Engine::Options& options) : options_(options) {
  if (options.seed)
    random_ = std::make_unique<base::SeededRandom>(options.seed);
  else
    random_ = std::make_unique<base::SystemRandom>();
}

EngineCore::~EngineCore() { mailbox_->close(); }

// --- Any thread ---

PeerHandle EngineCore::makePeer(PeerConfig config, std::shared_ptr<PeerObserver> observer) {
  const PeerId id = ++lastPeer_;
  config.wallClockOffset = options_.wallClockOffset;
  post([this, id, config = std::move(config), observer = std::move(observer)](Time) {
    auto wake = [this, id, mailbox = mailbox_] {
      mailbox->post([this, id](Time) {
        if (auto* entry = find(id)) touch(id, *entry);
      });
    };
    usesUsrsctp_ |= config.sctpEngine == SctpEngine::Usrsctp;
    Entry entry;
    entry.peer = std::make_unique<Peer>(config, ids_, *random_, pool_, observer, std::move(wake));
    peers_.emplace(id, std::move(entry));
    ++statistics_.connections;
  });
  return PeerHandle(this, id);
}

void EngineCore::post(std::function<void()> task) {
  post([task = std::move(task)](Time) { task(); });
}

bool EngineCore::isCurrent() const {
  // Without a wake hook nobody but the caller drives the engine, so waiting for it would never end.
  return !mailbox_->hasWake() || runningHere == this;
}

// --- Inputs ---

EngineCore::Entry* EngineCore::find(PeerId id) {
  auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

template <class Id>
EngineCore::Entry* EngineCore::owner(std::unordered_map<Id, PeerId>& table, Id id, PeerId& peer) {
  auto found = table.find(id);
  if (found == table.end()) return nullptr;
  peer = found->second;
  return find(peer);
}

/// True if it is multicast DNS that asked.
template <class Input>
bool EngineCore::forMdns(const Input& input) {
  constexpr bool known = std::is_same_v<Input, Datagram> || std::is_same_v<Input, SocketBound> ||
                         std::is_same_v<Input, SocketFailed> || std::is_same_v<Input, InterfacesListed>;
  if constexpr (known) {
    if constexpr (requires { input.socket; }) {
      if (!mdns_.owns(input.socket)) return false;
    } else {
      if (!mdns_.owns(input.request)) return false;
    }
    if constexpr (std::is_same_v<Input, Datagram>) ++statistics_.datagramsReceived;
    mdns_.handle(input, now_);
    return true;
  } else {
    return false;
  }
}

/// True if the socket is one that several connections share.
template <class Input>
bool EngineCore::forMux(const Input& input) {
  if constexpr (std::is_same_v<Input, SocketBound> || std::is_same_v<Input, SocketFailed>) {
    if (!mux_.isShared(input.socket)) return false;
    mux_.handle(input);
    return true;
  } else if constexpr (std::is_same_v<Input, Datagram>) {
    if (!mux_.isShared(input.socket)) return false;
    ++statistics_.datagramsReceived;
    if (auto to = mux_.inbound(input)) {
      if (Entry* entry = find(to->first)) {
        entry->peer->handle(Datagram{to->second, input.from, input.bytes}, now_);
        touch(to->first, *entry);
      }
    } else {
      ++statistics_.datagramsUnroutable;
    }
    return true;
  } else {
    return false;
  }
}

void EngineCore::drainMux() {
  while (auto output = mux_.poll()) {
    if (auto* answer = std::get_if<PortMux::Answer>(&*output)) {
      Entry* entry = find(answer->peer);
      if (!entry) continue;
      std::visit([&](const auto& one) { entry->peer->handle(one, now_); }, answer->answer);
      touch(answer->peer, *entry);
    } else if (auto* bind = std::get_if<BindUdp>(&*output)) {
      outbox_.event(std::move(*bind));
    } else if (auto* close = std::get_if<CloseSocket>(&*output)) {
      outbox_.event(std::move(*close));
    }
  }
}

template <class Input>
void EngineCore::handle(const Input& input, Time now) {
  lastNow_ = now_ = std::max(now_, now);
  if (forMdns(input) || forMux(input)) return;
  PeerId id = 0;
  Entry* entry = nullptr;
  if constexpr (requires { input.socket; }) {
    entry = owner(sockets_, input.socket, id);
  } else {
    entry = owner(requests_, input.request, id);
    requests_.erase(input.request);
  }
  if constexpr (std::is_same_v<Input, Datagram>) {
    ++statistics_.datagramsReceived;
    if (!entry) ++statistics_.datagramsUnknownSocket;
  }
  if (!entry) return;
  entry->peer->handle(input, now_);
  touch(id, *entry);
}

template void EngineCore::handle(const Datagram&, Time);
template void EngineCore::handle(const SocketBound&, Time);
template void EngineCore::handle(const SocketFailed&, Time);
template void EngineCore::handle(const TcpConnected&, Time);
template void EngineCore::handle(const StreamData&, Time);
template void EngineCore::handle(const StreamBacklog&, Time);
template void EngineCore::handle(const InterfacesListed&, Time);
template void EngineCore::handle(const Resolved&, Time);

/// The connection belongs to the peer whose listener it came to. One that nobody wants is closed.
void EngineCore::handle(const TcpAccepted& accepted, Time now) {
  lastNow_ = now_ = std::max(now_, now);
  PeerId id = 0;
  Entry* entry = owner(sockets_, accepted.listener, id);
  if (!entry) {
    outbox_.event(CloseSocket{accepted.socket});
    return;
  }
  sockets_[accepted.socket] = id;
  entry->peer->handle(accepted, now_);
  touch(id, *entry);
}

void EngineCore::handle(const InterfacesChanged& changed, Time now) {
  lastNow_ = now_ = std::max(now_, now);
  mdns_.handle(changed, now_);
  for (auto& [id, entry] : peers_) {
    entry.peer->handle(changed, now_);
    touch(id, entry);
  }
}

void EngineCore::withPeer(PeerId id, const std::function<void(Peer&, Time)>& command, Time now) {
  Entry* entry = find(id);
  if (!entry || entry->peer->isClosed()) return;
  command(*entry->peer, now);
  touch(id, *entry);
}

// --- Outputs ---

void EngineCore::touch(PeerId id, Entry& entry) {
  if (std::exchange(entry.dirty, true)) return;
  dirty_.push(id);
}

/// Everything the peer had to say is out: note its new deadline, or forget it if it is closed.
void EngineCore::settle(PeerId id, Entry& entry) {
  entry.dirty = false;
  if (entry.peer->sharesPort())
    mux_.setUfrags(id, entry.peer->isClosed() ? std::vector<std::string>() : entry.peer->localUfrags());
  const Time next = entry.peer->isClosed() ? never : entry.peer->deadline();
  if (next != entry.scheduled) {
    if (entry.scheduled != never) deadlines_.erase({entry.scheduled, id});
    if (next != never) deadlines_.emplace(next, id);
    entry.scheduled = next;
  }
  if (!entry.peer->isClosed()) return;
  std::erase_if(requests_, [id](const auto& request) { return request.second == id; });
  peers_.erase(id);
  --statistics_.connections;
}

/// Answers and datagrams find their peer by the ids that its requests carried.
void EngineCore::remember(PeerId id, const Engine::Output& output) {
  if (std::holds_alternative<Transmit>(output))
    ++statistics_.datagramsSent;
  else if (auto* bind = std::get_if<BindUdp>(&output))
    sockets_[bind->socket] = id;
  else if (auto* listen = std::get_if<ListenTcp>(&output))
    sockets_[listen->socket] = id;
  else if (auto* connect = std::get_if<ConnectTcp>(&output))
    sockets_[connect->socket] = id;
  else if (auto* close = std::get_if<CloseSocket>(&output))
    sockets_.erase(close->socket);
  else if (auto* list = std::get_if<ListInterfaces>(&output))
    requests_[list->request] = id;
}

/// What goes to the host; the rest is for multicast DNS, which looks up the names that end in ".local" as well.
std::optional<Engine::Output> EngineCore::forHost(PeerId id, const Peer& peer, Peer::Output output) {
  return std::visit(
      [&](auto&& one) -> std::optional<Engine::Output> {
        using T = std::decay_t<decltype(one)>;
        if constexpr (std::is_same_v<T, ice::PublishName>) {
          mdns_.publish(one.name, one.address, now_);
        } else if constexpr (std::is_same_v<T, ice::WithdrawName>) {
          mdns_.withdraw(one.name, now_);
        } else {
          if constexpr (std::is_same_v<T, BindUdp>) {
            if (peer.sharesPort()) {
              mux_.bind(id, one);
              mux_.setUfrags(id, peer.localUfrags());
              return std::nullopt;
            }
          } else if constexpr (std::is_same_v<T, CloseSocket>) {
            if (mux_.isMember(one.socket)) {
              mux_.close(one.socket);
              return std::nullopt;
            }
          } else if constexpr (std::is_same_v<T, Transmit>) {
            if (mux_.isMember(one.socket)) one.socket = mux_.outbound(one);
          }
          if constexpr (std::is_same_v<T, Resolve>) {
            if (ice::isMdnsName(one.host)) {
              mdns_.resolve(one.request, one.host, now_);
              return std::nullopt;
            }
          }
          return Engine::Output(std::forward<decltype(one)>(one));
        }
        return std::nullopt;
      },
      std::move(output));
}

void EngineCore::drainMdns() {
  while (auto output = mdns_.poll()) {
    if (auto* resolved = std::get_if<Resolved>(&*output)) {
      handle(*resolved, now_);
      continue;
    }
    std::visit(
        [&](auto&& one) {
          using T = std::decay_t<decltype(one)>;
          if constexpr (!std::is_same_v<T, Resolved>) outbox_.event(std::forward<decltype(one)>(one));
        },
        std::move(*output));
  }
}

std::optional<Engine::Output> EngineCore::poll() {
  drainMdns();
  drainMux();
  if (auto output = outbox_.poll()) return output;
  while (!dirty_.empty()) {
    const PeerId id = dirty_.front();
    if (Entry* entry = find(id)) {
      if (auto asked = entry->peer->poll()) {
        if (auto* resolve = std::get_if<Resolve>(&*asked)) requests_[resolve->request] = id;
        if (auto output = forHost(id, *entry->peer, std::move(*asked))) {
          remember(id, *output);
          return output;
        }
        drainMdns();
        drainMux();
        if (auto output = outbox_.poll()) return output;
        continue;
      }
      dirty_.pop();
      settle(id, *entry);
    } else {
      dirty_.pop();
    }
  }
  return std::nullopt;
}

// --- Time ---

Time EngineCore::deadline() const {
  if (mailbox_->waiting()) return Time::min();
  const Time peers = std::min(mdns_.deadline(), deadlines_.empty() ? never : deadlines_.begin()->first);
  // One tick for all of usrsctp's associations of the process: whichever engine comes first advances it for all.
  return std::min(peers, usesUsrsctp_ && !peers_.empty() ? sctp::Stack::global().deadline() : never);
}

void EngineCore::runDue(Time now) {
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const PeerId id = deadlines_.begin()->second;
    deadlines_.erase(deadlines_.begin());
    Entry& entry = peers_.at(id);
    entry.scheduled = never;
    entry.peer->advance(now);
    touch(id, entry);
  }
}

void EngineCore::advance(Time now) {
  lastNow_ = now_ = std::max(now_, now);
  const EngineCore* outer = std::exchange(runningHere, this);
  mailbox_->run(now_);
  runDue(now_);
  mdns_.advance(now_);
  if (usesUsrsctp_ && !peers_.empty()) sctp::Stack::global().advance(now_);
  mailbox_->run(now_);  // what the timers told the façade, and what it answered
  runningHere = outer;
}

Engine::Statistics EngineCore::statistics() const { return statistics_; }

}  // namespace parley::pc

namespace parley {

Engine::Engine() : Engine(Options{}) {}
Engine::Engine(const Options& options) : core_(std::make_unique<pc::EngineCore>(options)) {}
Engine::~Engine() = default;

void Engine::handle(const Datagram& datagram, Time now) { core_->handle(datagram, now); }
void Engine::handle(const SocketBound& bound, Time now) { core_->handle(bound, now); }
void Engine::handle(const TcpConnected& connected, Time now) { core_->handle(connected, now); }
void Engine::handle(const TcpAccepted& accepted, Time now) { core_->handle(accepted, now); }
void Engine::handle(const StreamData& data, Time now) { core_->handle(data, now); }
void Engine::handle(const StreamBacklog& backlog, Time now) { core_->handle(backlog, now); }
void Engine::handle(const InterfacesChanged& changed, Time now) { core_->handle(changed, now); }
void Engine::handle(const SocketFailed& failed, Time now) { core_->handle(failed, now); }
void Engine::handle(const InterfacesListed& listed, Time now) { core_->handle(listed, now); }
void Engine::handle(const Resolved& resolved, Time now) { core_->handle(resolved, now); }
std::optional<Engine::Output> Engine::poll() { return core_->poll(); }
Time Engine::deadline() const { return core_->deadline(); }
void Engine::advance(Time now) { core_->advance(now); }
void Engine::post(std::function<void(Time)> task) { core_->post(std::move(task)); }
void Engine::setWake(std::function<void()> wake) { core_->setWake(std::move(wake)); }
Executor& Engine::executor() { return *core_; }
Engine::Statistics Engine::statistics() const { return core_->statistics(); }

}  // namespace parley
