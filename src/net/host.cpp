#include "net/host.hpp"

#include "base/log.hpp"
#include "net/address.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

namespace parley::net {

namespace asio = boost::asio;

namespace {
/// Packets collected before they are given to the kernel: four calls of sendmmsg with GSO. More would only hold buffers.
constexpr std::size_t outgoingLimit = 1024;
}  // namespace

Time now() {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

Duration wallClockOffset() {
  const auto wall = std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch());
  return wall - now().time_since_epoch();
}

Host::Host(asio::io_context& io, Engine& engine, const Options& options)
    : io_(io), work_(asio::make_work_guard(io)), timer_(io), resolver_(io), engine_(engine), options_(options) {
#ifdef PARLEY_BATCHED_UDP
  if (!options_.plain) scratch_ = makeUdpScratch();
#endif
  outgoing_.reserve(outgoingLimit);
  engine_.setWake([this] { wake(); });
}

Host::~Host() = default;

void Host::finish() {
  engine_.advance(now());
  drain();
  finished_ = true;
  watcher_.reset();
  while (!sockets_.empty()) close(sockets_.begin()->first);
  io_.stop();  // Not merely out of work: a look-up of a host name counts as work until the system's resolver gives up.
}

// --- What wakes the loop ---

void Host::wake() {
  // Many posts, one cycle: each empties the engine's whole mailbox.
  if (woken_.exchange(true)) return;
  asio::post(io_, [this] {
    woken_.store(false);
    cycle();
  });
}

void Host::onDatagram(const Datagram& datagram) { engine_.handle(datagram, now()); }

void Host::onBatchEnd() { cycle(); }

void Host::onSocketFailed(SocketId socket, std::string_view reason) {
  sockets_.erase(socket);
  engine_.handle(SocketFailed{socket, std::string(reason)}, now());
  cycle();
}

void Host::onStreamData(const StreamData& data) { engine_.handle(data, now()); }

void Host::onStreamBacklog(const StreamBacklog& backlog) { engine_.handle(backlog, now()); }

void Host::onTcpConnected(const TcpConnected& connected) { engine_.handle(connected, now()); }

SocketId Host::onTcpAccepting() { return SocketId{nextAccepted_++}; }

void Host::onTcpAccepted(const TcpAccepted& accepted, std::shared_ptr<TcpStream> stream) {
  sockets_[accepted.socket] = std::move(stream);
  engine_.handle(accepted, now());
}

void Host::cycle() {
  if (finished_) return;
  engine_.advance(now());
  drain();
  arm();
}

void Host::arm() {
  const Time wanted = engine_.deadline();
  // To set a timer costs a system call. One that comes too early does no harm, and is set anew then; and a cycle that is
  // posted already will be here again.
  if (wanted >= armed_ || woken_) return;
  armed_ = wanted;
  const auto sinceEpoch = std::max(wanted, now()).time_since_epoch();
  timer_.expires_at(std::chrono::steady_clock::time_point(
      std::chrono::ceil<std::chrono::steady_clock::duration>(sinceEpoch)));
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // set to an earlier time
    armed_ = never;
    cycle();
  });
}

// --- What the engine asks for ---

void Host::drain() {
  while (auto output = engine_.poll())
    std::visit([this](auto& request) { perform(request); }, *output);
  flush();
}

void Host::perform(Transmit& transmit) {
  outgoing_.push_back(std::move(transmit));
  if (outgoing_.size() == outgoingLimit) flush();
}

/// Hands runs of packets for one socket to it.
void Host::flush() {
  for (auto first = outgoing_.begin(); first != outgoing_.end();) {
    const auto last = std::find_if(first, outgoing_.end(), [&](const auto& t) { return t.socket != first->socket; });
    if (auto socket = sockets_.find(first->socket); socket != sockets_.end())
      socket->second->send(std::span(&*first, static_cast<std::size_t>(last - first)));
    first = last;
  }
  outgoing_.clear();
}

std::uint32_t Host::scopeOf(const IpAddress& local) const {
  const auto found = interfaces_.scopes.find(local);
  return found == interfaces_.scopes.end() ? 0 : found->second;
}

template <class Opened>
bool Host::keep(SocketId id, Opened opened) {
  if (!opened) {
    PARLEY_LOG(Debug, "net", opened.error());
    engine_.handle(SocketFailed{id, opened.error()}, now());
    return false;
  }
  sockets_[id] = std::move(*opened);
  return true;
}

void Host::perform(const BindUdp& request) {
  const std::uint32_t scope = scopeOf(request.local);
#ifdef PARLEY_BATCHED_UDP
  auto socket = options_.plain ? openPlain(io_, request, scope, options_.udp, *this)
                               : openBatched(io_, request, scope, options_.udp, *this, scratch_);
#else
  auto socket = openPlain(io_, request, scope, options_.udp, *this);
#endif
  if (keep(request.socket, std::move(socket)))
    engine_.handle(SocketBound{request.socket, sockets_[request.socket]->local()}, now());
}

void Host::perform(const BindMulticast& request) {
  if (keep(request.socket, openMulticast(io_, request, scopeOf(request.local), *this)))
    engine_.handle(SocketBound{request.socket, sockets_[request.socket]->local()}, now());
}

void Host::perform(const ListenTcp& request) {
  if (keep(request.socket, TcpListener::listen(io_, request, scopeOf(request.local), *this)))
    engine_.handle(SocketBound{request.socket, sockets_[request.socket]->local()}, now());
}

void Host::perform(const ConnectTcp& request) {
  keep(request.socket, TcpStream::connect(io_, request, scopeOf(request.local), *this));
}

void Host::perform(const CloseSocket& request) {
  flush();  // What was said before the end still goes out.
  close(request.socket);
}

void Host::close(SocketId id) {
  auto node = sockets_.extract(id);
  if (node.empty()) return;
  auto& socket = *node.mapped();
  socket.close();
  PARLEY_LOG(Debug, "net", socket.report());
}

void Host::perform(const ListInterfaces& request) {
  if (!watcher_) watcher_ = InterfaceWatcher::create(io_, [this] { onInterfacesChanged(); });
  interfaces_ = listInterfaces(io_);
  engine_.handle(InterfacesListed{request.request, interfaces_.interfaces}, now());
}

void Host::onInterfacesChanged() {
  InterfaceList list = listInterfaces(io_);
  const auto same = [](const NetworkInterface& a, const NetworkInterface& b) {
    return a.name == b.name && a.address == b.address && a.isDefaultRoute == b.isDefaultRoute;
  };
  if (std::equal(list.interfaces.begin(), list.interfaces.end(), interfaces_.interfaces.begin(),
                 interfaces_.interfaces.end(), same))
    return;
  interfaces_ = std::move(list);
  PARLEY_LOG(Debug, "net", "the interfaces have changed: ", interfaces_.interfaces.size(), " addresses");
  engine_.handle(InterfacesChanged{interfaces_.interfaces}, now());
  cycle();
}

void Host::perform(const Resolve& request) {
  if (auto literal = IpAddress::parse(request.host)) {
    engine_.handle(Resolved{request.request, {*literal}}, now());
    return;
  }
  ++lookups_;
  resolver_.async_resolve(request.host, "", [this, id = request.request, host = request.host](
                                                const boost::system::error_code& error, auto results) {
    --lookups_;
    if (finished_) return;
    if (error) PARLEY_LOG(Debug, "net", "no address for ", host, ": ", error.message());
    Resolved resolved{id, {}};
    for (const auto& result : results) {
      const IpAddress address = fromAsio(result.endpoint().address());
      if (std::find(resolved.addresses.begin(), resolved.addresses.end(), address) == resolved.addresses.end())
        resolved.addresses.push_back(address);
    }
    engine_.handle(resolved, now());
    cycle();
  });
}

}  // namespace parley::net
