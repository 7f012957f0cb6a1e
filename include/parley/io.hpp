#pragma once

#include <parley/address.hpp>
#include <parley/packet.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// \file
/// The words between the engine, which has no sockets, and its host, which has. The engine asks (`Transmit`, `BindUdp`,
/// `BindMulticast`, `ListenTcp`, `ConnectTcp`, `CloseSocket`, `ListInterfaces`, `Resolve`), the host answers (`Datagram`,
/// `StreamData`, `SocketBound`, `TcpConnected`, `TcpAccepted`, `StreamBacklog`, `SocketFailed`, `InterfacesListed`,
/// `InterfacesChanged`, `Resolved`). The same structs travel from the ICE agent up to the host unchanged.
///
/// A stream (a TCP connection) begins with `TcpConnected` or `TcpAccepted` and ends with `CloseSocket` or
/// `SocketFailed`, whichever comes first:
///
///     ConnectTcp ──► TcpConnected ─┐                              ┌─► CloseSocket (ours)
///                                  ├─► StreamData…, Transmit… ────┤
///     ListenTcp ──► TcpAccepted ───┘    StreamBacklog…            └─► SocketFailed (the peer closed, an error)

namespace parley {

/// Names a socket from the request to open it until `CloseSocket` or `SocketFailed`. Chosen by the engine, unique within
/// it; save for accepted TCP connections, whose ids the host chooses from `firstAcceptedSocket` on, where the engine's
/// never get to.
enum class SocketId : std::uint32_t {};
inline constexpr SocketId firstAcceptedSocket{0x80000000};
/// Names a question to the host. Chosen by the engine, unique within it.
enum class RequestId : std::uint32_t {};

// --- What the engine asks of its host ---

/// On a datagram socket: send this datagram. Losing it is allowed; blocking is not.
///
/// On a stream: write all of these bytes, after all that were given before; `to` means nothing. The host queues what the
/// kernel does not take (see `StreamBacklog`) and loses nothing: a queue that grows beyond its last bound is a failed
/// socket. Without Nagle's delay (TCP_NODELAY): what is in a packet is complete. Ignored for a stream that is not
/// connected yet, or not any more.
struct Transmit {
  SocketId socket{};
  SocketAddress to;
  Packet packet;
};

/// Bind a UDP socket to this local address, on any port or on one of [firstPort, lastPort].
/// Answered by `SocketBound` or `SocketFailed`.
struct BindUdp {
  SocketId socket{};
  IpAddress local;
  std::uint16_t firstPort = 0;
  std::uint16_t lastPort = 0;
};

/// Join this multicast group on the interface that has the address `local`, for multicast DNS (RFC 6762). The socket
/// receives what is sent to `group` on that interface, and on its port what is sent to `local`; it shares the port with
/// others on the machine (SO_REUSEADDR, SO_REUSEPORT), sends from that port by that interface, with a TTL of 255, and
/// other sockets of the machine hear it (IP_MULTICAST_LOOP). Answered by `SocketBound` (with `local` and the group's
/// port) or `SocketFailed`. What comes is a `Datagram`.
struct BindMulticast {
  SocketId socket{};
  IpAddress local;
  SocketAddress group;
};

/// Listen for TCP connections at this local address, on any port or on one of [firstPort, lastPort]. The port may be
/// shared with `ConnectTcp` (SO_REUSEADDR and SO_REUSEPORT), for simultaneous open. Answered by `SocketBound` or
/// `SocketFailed`; each connection that comes is a `TcpAccepted`. At most 16 of them may wait to be accepted.
/// `CloseSocket` ends the listening, not the connections.
struct ListenTcp {
  SocketId socket{};
  IpAddress local;
  std::uint16_t firstPort = 0;
  std::uint16_t lastPort = 0;
};

/// Open a TCP connection. Answered by `TcpConnected` or `SocketFailed`; it is for the engine to lose patience.
struct ConnectTcp {
  SocketId socket{};
  /// Where the connection shall start from. An unspecified address (0.0.0.0, ::) leaves it to the system's routes.
  IpAddress local;
  /// The local port is one of [firstPort, lastPort]; 0, 0 leaves it to the system. Where both are the port of a
  /// `ListenTcp` at the same address, it is shared (simultaneous open, RFC 6544 s.4.1).
  std::uint16_t firstPort = 0;
  std::uint16_t lastPort = 0;
  SocketAddress remote;
};

/// The socket is not needed any more. Not answered; nothing more is heard of the socket. Also sent for a socket whose
/// request to open it is still unanswered. What was given to a stream before is still written, for a bounded time.
struct CloseSocket {
  SocketId socket{};
};

/// Answered by `InterfacesListed`.
struct ListInterfaces {
  RequestId request{};
};

/// Look up the addresses of a host name. Answered by `Resolved`.
struct Resolve {
  RequestId request{};
  std::string host;
};

// --- What the host answers ---

/// A datagram came. The bytes are borrowed for the call, and may be changed in place by it (decryption).
struct Datagram {
  SocketId socket{};
  SocketAddress from;
  std::span<std::uint8_t> bytes;
};

struct SocketBound {
  SocketId socket{};
  SocketAddress local;
};

/// The answer to `ConnectTcp`.
struct TcpConnected {
  SocketId socket{};
  SocketAddress local;
  SocketAddress remote;
};

/// A connection came in at `listener`. From here on it is a socket of its own, with the id `socket`, which the host
/// chose and never uses again; a host that has accepted and does not see it closed keeps it open.
struct TcpAccepted {
  SocketId listener{};
  SocketId socket{};
  SocketAddress local;
  SocketAddress remote;
};

/// Bytes of a stream, in order. Borrowed for the call, and may be changed in place by it.
struct StreamData {
  SocketId socket{};
  std::span<std::uint8_t> bytes;
};

/// More than 128 KiB wait to be written to a stream (`full`), or again less than 64 KiB. While it is full the engine
/// gives it nothing that may be lost: 128 KiB are ten milliseconds at 100 Mbit/s, and a longer queue would only be delay.
struct StreamBacklog {
  SocketId socket{};
  bool full = false;
};

/// The socket could not be opened, is broken for good, or (a stream) the other side closed it. It is gone; a
/// `CloseSocket` that follows means nothing. Those that a listener accepted are not affected by its end.
struct SocketFailed {
  SocketId socket{};
  std::string reason;
};

/// One address of one interface that is up.
struct NetworkInterface {
  std::string name;
  IpAddress address;
  /// The system would choose this address to reach the Internet (RFC 8828 s.5.2, mode 2: the default route). At most one
  /// of each family is.
  bool isDefaultRoute = false;
};

struct InterfacesListed {
  RequestId request{};
  std::vector<NetworkInterface> interfaces;
};

/// The addresses are other ones than those that were listed last. Told unasked, by a host that can notice, once things
/// have been quiet for a moment (100 ms, not more than 1 s in all): an interface comes up in several steps.
struct InterfacesChanged {
  std::vector<NetworkInterface> interfaces;
};

/// The addresses of the host that was asked for; none if there is no such host or the look-up failed.
struct Resolved {
  RequestId request{};
  std::vector<IpAddress> addresses;
};

}  // namespace parley
