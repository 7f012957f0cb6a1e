#pragma once

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "base/secure_stream.hpp"
#include "ice/config.hpp"
#include "stun/deframer.hpp"
#include "stun/turn_client.hpp"

#include <parley/io.hpp>
#include <parley/time.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace parley::ice {

/// One allocation on a TURN server and the way to it: a UDP socket that host candidates use as well, or a TCP connection
/// of its own, with TLS over it or not.
///
///   start ─► (Connecting ─► Securing ─►) Allocating ─► Allocated
///                  └─────────────┴────────────┴────────────┴──► Failed
///
/// To the rest of the agent each relayed address is a socket: datagrams of peers come from `SocketId`s that no host
/// knows, and `send` takes packets for them. The pool, the ids and the random source outlive it.
class Relay {
 public:
  struct Settings {
    TurnServer server;
    SocketAddress address;  ///< Of the server.
    /// The name that its certificate has to prove (RFC 8489 s.10: after a redirection it may be another one).
    std::string certificateName;
    SocketId socket{};  ///< UDP: the socket. TCP: an id for the connection, which `start` opens.
    IpAddress local;    ///< The address that it starts from.
    base::SecureStreamFactory secureStreams;
    stun::Transaction::Schedule schedule;
  };

  using Allocated = stun::TurnClient::Allocated;
  using Redirected = stun::TurnClient::Redirected;
  using Failed = stun::TurnClient::Failed;
  /// What is sent to this peer from now on is dropped.
  using PermissionFailed = stun::TurnClient::PermissionFailed;
  using Output = std::variant<Transmit, ConnectTcp, CloseSocket, Allocated, PermissionFailed, Redirected, Failed>;

  /// Called for each datagram of a peer. The bytes are borrowed.
  using Deliver = std::function<void(const Datagram&)>;

  Relay(Settings settings, base::IdSource& ids, base::Random& random, base::PacketPool& pool);

  /// Before `start`: the server that another one named (RFC 8489 s.10).
  void redirect(const Redirected& to);
  void start(Time now);
  /// Frees the allocation, and closes the connection if it has its own. Nothing more comes of it.
  void close(Time now);

  // --- The way to the server ---

  void connected(Time now);
  /// The socket or connection is broken.
  void disconnected(std::string reason);
  void backlog(bool full) { full_ = full; }
  bool isFull() const { return full_; }
  /// Whether this datagram of the shared socket is for us and not for who else talks to the server.
  bool expects(const Datagram& datagram) const;
  /// A message by UDP. Data of a peer is returned, in place.
  std::optional<Datagram> handle(const Datagram& datagram, Time now);
  void handle(const StreamData& data, Time now, const Deliver& deliver);

  // --- As a socket ---

  /// Whether one of its relayed addresses has this id.
  bool owns(SocketId socket) const { return socket == v4_ || socket == v6_; }
  SocketId idOf(IpAddress::Family family) const { return family == IpAddress::Family::V6 ? v6_ : v4_; }
  /// False if the packet was dropped.
  bool send(const SocketAddress& peer, Packet packet, Time now);
  void permit(const IpAddress& peer, Time now) { client_.permit(peer, now); }
  /// Asks the server whether it still has the allocation: it fails if not.
  void probe(Time now);

  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const { return client_.deadline(); }
  void advance(Time now);

  const Settings& settings() const { return settings_; }
  bool isStream() const { return settings_.server.transport != ServerTransport::Udp; }
  bool isAllocated() const { return client_.state() == stun::TurnClient::State::Allocated; }
  bool isOver() const { return over_; }
  /// Its relayed address of this family.
  std::optional<SocketAddress> relayed(IpAddress::Family family) const { return client_.relayed(family); }

 private:
  void drain(Time now);
  void transmit(Packet packet);
  void drainTls(Time now, const Deliver& deliver);
  void take(base::MutableBytes bytes, Time now, const Deliver& deliver);
  void fail(int code, std::string reason);

  Settings settings_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  stun::TurnClient client_;
  SocketId v4_{}, v6_{};
  std::unique_ptr<base::SecureStream> tls_;
  stun::StreamDeframer deframer_{stun::Framing::Turn};
  bool open_ = false;  ///< The connection exists.
  bool full_ = false;  ///< And has a long queue.
  bool over_ = false;
  bool draining_ = false;  ///< What TLS says is being read, further up the stack.
};

}  // namespace parley::ice
