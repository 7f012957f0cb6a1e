#include "ice/streams.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

namespace {
/// What may wait for a connection: the check that opens it, and the answer to one of the peer's.
constexpr std::size_t maxWaiting = 4;
}  // namespace

void Streams::plan(const ConnectTcp& request) {
  Stream& stream = streams_[request.socket];
  stream.request = request;
  stream.remote = request.remote;
}

void Streams::accept(const TcpAccepted& accepted, Time now) {
  const auto unproven = std::count_if(streams_.begin(), streams_.end(),
                                      [](const auto& each) { return each.second.unprovenUntil != never; });
  if (static_cast<std::size_t>(unproven) >= config_.maxUnprovenStreams) {
    outbox_.event(CloseSocket{accepted.socket});
    return;
  }
  Stream& stream = streams_[accepted.socket];
  stream.state = State::Open;
  stream.remote = accepted.remote;
  stream.listener = accepted.listener;
  stream.unprovenUntil = now + config_.streamPatience;
}

void Streams::connected(const TcpConnected& connected) {
  auto at = streams_.find(connected.socket);
  if (at == streams_.end() || at->second.state != State::Connecting) return;
  at->second.state = State::Open;
  for (auto& packet : std::exchange(at->second.waiting, {})) send(connected.socket, std::move(packet));
}

bool Streams::failed(const SocketFailed& failure) {
  if (!owns(failure.socket)) return false;
  close(failure.socket);
  return true;
}

void Streams::backlog(const StreamBacklog& backlog) {
  if (auto at = streams_.find(backlog.socket); at != streams_.end()) at->second.full = backlog.full;
}

bool Streams::isFull(SocketId socket) const {
  auto at = streams_.find(socket);
  return at != streams_.end() && at->second.full;
}

bool Streams::handle(const StreamData& data, const Deliver& deliver) {
  auto at = streams_.find(data.socket);
  if (at == streams_.end()) return false;
  if (at->second.state != State::Open) return true;
  Stream& stream = at->second;
  stream.deframer.push(data.bytes);
  while (auto message = stream.deframer.next()) deliver(Datagram{data.socket, stream.remote, *message});
  if (stream.deframer.error()) close(data.socket);
  return true;
}

bool Streams::send(SocketId socket, Packet packet) {
  auto at = streams_.find(socket);
  if (at == streams_.end()) return false;
  Stream& stream = at->second;
  if (stream.state == State::Open) {
    stun::frameRfc4571(packet);
    outbox_.event(Transmit{socket, stream.remote, std::move(packet)});  // A stream must not have gaps.
    return true;
  }
  if (stream.state == State::Planned) {
    stream.state = State::Connecting;
    outbox_.event(stream.request);
  }
  if (stream.waiting.size() >= maxWaiting) return false;
  stream.waiting.push_back(std::move(packet));
  return true;
}

void Streams::prove(SocketId socket) {
  if (auto at = streams_.find(socket); at != streams_.end()) at->second.unprovenUntil = never;
}

std::optional<SocketId> Streams::listener(SocketId socket) const {
  auto at = streams_.find(socket);
  return at == streams_.end() ? std::nullopt : at->second.listener;
}

void Streams::close(SocketId socket) {
  auto node = streams_.extract(socket);
  if (!node.empty() && node.mapped().state != State::Planned) outbox_.event(CloseSocket{socket});
}

void Streams::sweep(const std::function<bool(SocketId)>& isUsed) {
  std::vector<SocketId> unused;
  for (const auto& [id, stream] : streams_)
    if (stream.unprovenUntil == never && !isUsed(id)) unused.push_back(id);
  for (SocketId id : unused) close(id);
}

void Streams::closeAll() {
  while (!streams_.empty()) close(streams_.begin()->first);
}

Time Streams::deadline() const {
  Time at = never;
  for (const auto& [id, stream] : streams_) at = std::min(at, stream.unprovenUntil);
  return at;
}

void Streams::advance(Time now) {
  std::vector<SocketId> over;
  for (const auto& [id, stream] : streams_)
    if (stream.unprovenUntil <= now) over.push_back(id);
  for (SocketId id : over) close(id);
}

}  // namespace parley::ice
