#pragma once

#include "base/bytes.hpp"

#include <parley/io.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace parley::sim {

class Host;
class Nat;
class World;

/// TCP of the simulated network, as far as its users see it: a connection takes a round trip, bytes arrive in order and
/// never get lost, a port where nobody listens refuses, and a firewall or NAT in the way says nothing at all. Two that open a
/// connection to each other's port at the same time have one (RFC 9293 s.3.5, "simultaneous open").
class Tcp {
 public:
  explicit Tcp(World& world) : world_(world) {}

  /// A server of the simulation: gets connections, and writes by what it was given.
  struct Server {
    using Write = std::function<void(base::Bytes)>;
    std::function<std::uint32_t(const SocketAddress& remote, Write write)> connected;
    std::function<void(std::uint32_t id, base::MutableBytes bytes)> data;
    std::function<void(std::uint32_t id)> disconnected;
  };
  void addServer(const SocketAddress& address, Server server) { servers_[address] = std::move(server); }

  /// True: what would open a connection from here (behind all NATs of its side) to there gets lost.
  std::function<bool(const SocketAddress& from, const SocketAddress& to)> blocks;
  /// Bytes written so far, for tests that must see something go by TCP.
  std::uint64_t bytes() const { return bytes_; }

  int simultaneousOpens() const { return simultaneousOpens_; }

  // --- For hosts ---
  void connect(Host& host, const ConnectTcp& request, const SocketAddress& local, Nat* nat);
  void write(Host& host, SocketId socket, base::Bytes bytes);
  /// Ends the connection, if it is one.
  void close(Host& host, SocketId socket);

 private:
  struct End {
    Host* host = nullptr;  ///< None: a server's.
    SocketId socket{};
    SocketAddress address;  ///< As the other end sees it.
    SocketAddress local;
    std::uint32_t id = 0;  ///< The server's.
    bool closed = false;
  };
  struct Connection {
    End client, end;
    Server* server = nullptr;
    bool open = false;  ///< Somebody has answered.
  };
  using Key = std::pair<Host*, SocketId>;

  void arrive(std::shared_ptr<Connection> connection, bool hasNat);
  std::shared_ptr<Connection> crossing(const Connection& connection);
  void deliver(const std::shared_ptr<Connection>& connection, bool toClient, base::Bytes bytes);
  void failed(Host& host, SocketId socket, const char* reason);
  void forget(End& end);

  World& world_;
  std::map<SocketAddress, Server> servers_;
  std::map<Key, std::shared_ptr<Connection>> connections_;
  std::uint32_t lastAccepted_ = 0;
  std::uint64_t bytes_ = 0;
  int simultaneousOpens_ = 0;
};

}  // namespace parley::sim
