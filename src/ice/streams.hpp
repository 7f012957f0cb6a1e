#pragma once

#include "base/outbox.hpp"
#include "ice/config.hpp"
#include "stun/deframer.hpp"

#include <parley/io.hpp>
#include <parley/time.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace parley::ice {

/// The TCP connections of ICE-TCP (RFC 6544), with the framing of RFC 4571: to the rest of the agent each one is a socket
/// that carries packets to one address.
///
///   plan() ─► Planned ─ first send ─► Connecting ─ TcpConnected ─► Open ─► gone
///                                                   TcpAccepted ────▲ (unproven until `prove`, or `streamPatience`)
///
/// The configuration outlives it.
class Streams {
 public:
  using Output = std::variant<Transmit, ConnectTcp, CloseSocket>;
  using Deliver = std::function<void(const Datagram&)>;

  explicit Streams(const Config& config) : config_(config) {}

  /// A connection that will be opened when something is sent.
  void plan(const ConnectTcp& request);
  /// One that came to a listener of ours; closed if there are too many.
  void accept(const TcpAccepted& accepted, Time now);
  void connected(const TcpConnected& connected);
  /// True if it was one of these.
  bool failed(const SocketFailed& failure);
  void backlog(const StreamBacklog& backlog);
  /// False if it is none of these. What is inside a frame is borrowed for the call. A stream that cannot be read closes
  /// (and `owns` is false after that).
  bool handle(const StreamData& data, const Deliver& deliver);
  /// False if the packet was dropped.
  bool send(SocketId socket, Packet packet);

  /// The peer has shown that it is at the other end.
  void prove(SocketId socket);
  void close(SocketId socket);
  /// Closes those that were proven, or planned, and for which `isUsed` is false.
  void sweep(const std::function<bool(SocketId)>& isUsed);
  void closeAll();

  bool empty() const { return streams_.empty(); }
  bool owns(SocketId socket) const { return streams_.contains(socket); }
  bool isFull(SocketId socket) const;
  /// Where it was accepted; nothing for one that we opened.
  std::optional<SocketId> listener(SocketId socket) const;

  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);

 private:
  enum class State : std::uint8_t { Planned, Connecting, Open };
  struct Stream {
    State state = State::Planned;
    ConnectTcp request;
    SocketAddress remote;
    std::optional<SocketId> listener;
    Time unprovenUntil = never;
    bool full = false;
    std::vector<Packet> waiting;  ///< For the connection.
    stun::StreamDeframer deframer{stun::Framing::Rfc4571};
  };

  const Config& config_;
  base::Outbox<Output> outbox_;
  std::map<SocketId, Stream> streams_;
};

}  // namespace parley::ice
