#include "sim/tcp.hpp"

#include "sim/world.hpp"

#include <vector>

namespace parley::sim {

void Tcp::connect(Host& host, const ConnectTcp& request, const SocketAddress& local, Nat* nat) {
  auto connection = std::make_shared<Connection>();
  connection->client.host = &host;
  connection->client.socket = request.socket;
  connection->client.local = local;
  connection->end.address = request.remote;
  connections_[{&host, request.socket}] = connection;
  Host* target = world_.hostAt(request.remote.ip);
  const bool sameNat = nat && target && target->nat() == nat;
  connection->client.address = nat && !sameNat ? nat->outbound(local, request.remote, world_.now()) : local;
  if (blocks && blocks(connection->client.address, request.remote)) return;
  world_.after(world_.delayFrom(local.ip), [this, connection, sameNat] { arrive(connection, sameNat); });
}

/// A connection that the other side has begun to open to the port that this one comes from.
std::shared_ptr<Tcp::Connection> Tcp::crossing(const Connection& connection) {
  for (const auto& [key, other] : connections_)
    if (!other->open && !other->client.closed && other->client.address == connection.end.address &&
        other->end.address == connection.client.address)
      return other;
  return nullptr;
}

void Tcp::arrive(std::shared_ptr<Connection> connection, bool sameNat) {
  End& client = connection->client;
  if (client.closed || connection->open || client.host->isOffline()) return;
  const SocketAddress to = connection->end.address;
  const auto answer = [this, connection](bool accepted) {
    world_.after(world_.delayFrom(connection->end.address.ip), [this, connection, accepted] {
      End& opener = connection->client;
      if (opener.closed || opener.host->isOffline()) return;
      if (!accepted) return failed(*opener.host, opener.socket, "connection refused");
      opener.host->tell(TcpConnected{opener.socket, opener.local, connection->end.address});
    });
  };
  if (auto server = servers_.find(to); server != servers_.end()) {
    connection->open = true;
    connection->server = &server->second;
    answer(true);
    connection->end.id = server->second.connected(
        client.address, [this, connection](base::Bytes bytes) { deliver(connection, true, bytes); });
    return;
  }
  Host* host = world_.hostAt(to.ip);
  if (!host || host->isOffline() || (host->nat() && !sameNat)) return;  // nobody there, or a NAT that lets nothing in
  if (const auto other = crossing(*connection)) {
    connection->open = other->open = true;
    ++simultaneousOpens_;
    connection->end = other->client;
    connections_[{host, connection->end.socket}] = connection;
    answer(true);
    return host->tell(TcpConnected{connection->end.socket, connection->end.local, client.address});
  }
  const auto listener = host->tcpListener(to);
  if (!listener) return answer(false);
  connection->open = true;
  End& end = connection->end;
  end.host = host;
  end.socket = SocketId{static_cast<std::uint32_t>(firstAcceptedSocket) + ++lastAccepted_};
  end.local = to;
  connections_[{host, end.socket}] = connection;
  answer(true);
  host->tell(TcpAccepted{*listener, end.socket, to, client.address});
}

void Tcp::write(Host& host, SocketId socket, base::Bytes bytes) {
  auto found = connections_.find({&host, socket});
  if (found == connections_.end()) return;
  const auto connection = found->second;
  const bool fromClient = connection->client.host == &host && connection->client.socket == socket;
  deliver(connection, !fromClient, bytes);
}

void Tcp::deliver(const std::shared_ptr<Connection>& connection, bool toClient, base::Bytes bytes) {
  bytes_ += bytes.size();
  const End& sender = toClient ? connection->end : connection->client;
  const SocketAddress& from = sender.host ? sender.local : sender.address;
  world_.after(world_.delayFrom(from.ip), [connection, toClient,
                                            copy = std::vector<std::uint8_t>(bytes.begin(), bytes.end())]() mutable {
    End& to = toClient ? connection->client : connection->end;
    if (to.closed) return;
    if (!to.host) return connection->server->data(to.id, copy);
    if (!to.host->isOffline()) to.host->tell(StreamData{to.socket, copy});
  });
}

void Tcp::close(Host& host, SocketId socket) {
  auto found = connections_.find({&host, socket});
  if (found == connections_.end()) return;
  const auto connection = found->second;
  const bool isClient = connection->client.host == &host && connection->client.socket == socket;
  End& mine = isClient ? connection->client : connection->end;
  forget(mine);
  const SocketAddress from = mine.local;
  world_.after(world_.delayFrom(from.ip), [this, connection, isClient] {
    End& other = isClient ? connection->end : connection->client;
    if (other.closed) return;
    if (!other.host) {
      other.closed = true;
      if (connection->server) connection->server->disconnected(other.id);
    } else if (!other.host->isOffline()) {
      failed(*other.host, other.socket, "closed by the other side");
      forget(other);
    }
  });
}

void Tcp::failed(Host& host, SocketId socket, const char* reason) { host.tell(SocketFailed{socket, reason}); }

void Tcp::forget(End& end) {
  end.closed = true;
  connections_.erase({end.host, end.socket});
}

}  // namespace parley::sim
