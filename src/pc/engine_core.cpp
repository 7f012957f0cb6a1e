#include "pc/engine_core.hpp"

#include "sctp/stack.hpp"

#include <algorithm>
#include <type_traits>

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

template <class Input>
void EngineCore::handle(const Input& input, Time now) {
  lastNow_ = now_ = std::max(now_, now);
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
  dirty_.push_back(id);
}

/// Everything the peer had to say is out: note its new deadline, or forget it if it is closed.
void EngineCore::settle(PeerId id, Entry& entry) {
  entry.dirty = false;
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
  else if (auto* resolve = std::get_if<Resolve>(&output))
    requests_[resolve->request] = id;
}

std::optional<Engine::Output> EngineCore::poll() {
  if (auto output = outbox_.poll()) return output;
  while (!dirty_.empty()) {
    const PeerId id = dirty_.front();
    if (Entry* entry = find(id)) {
      if (auto output = entry->peer->poll()) {
        remember(id, *output);
        return output;
      }
      dirty_.pop_front();
      settle(id, *entry);
    } else {
      dirty_.pop_front();
    }
  }
  return std::nullopt;
}

// --- Time ---

Time EngineCore::deadline() const {
  if (mailbox_->waiting()) return Time::min();
  const Time peers = deadlines_.empty() ? never : deadlines_.begin()->first;
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
