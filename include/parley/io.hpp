#pragma once

#include <parley/address.hpp>
#include <parley/packet.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// \file
/// The words between the engine, which has no sockets, and its host, which has. The engine asks (`Transmit`, `BindUdp`,
/// `CloseSocket`, `ListInterfaces`, `Resolve`), the host answers (`Datagram`, `SocketBound`, `SocketFailed`,
/// `InterfacesListed`, `Resolved`). The same structs travel from the ICE agent up to the host unchanged.

namespace parley {

/// Names a socket from the request to bind it until `CloseSocket`. Chosen by the engine, unique within it.
enum class SocketId : std::uint32_t {};
/// Names a question to the host. Chosen by the engine, unique within it.
enum class RequestId : std::uint32_t {};

// --- What the engine asks of its host ---

/// Send this datagram. Losing it is allowed; blocking is not.
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

/// The socket is not needed any more. Not answered. Also sent for a socket whose `BindUdp` is still unanswered.
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

/// The socket could not be bound, or is broken for good.
struct SocketFailed {
  SocketId socket{};
  std::string reason;
};

/// One address of one interface that is up.
struct NetworkInterface {
  std::string name;
  IpAddress address;
};

struct InterfacesListed {
  RequestId request{};
  std::vector<NetworkInterface> interfaces;
};

/// The addresses of the host that was asked for; none if there is no such host or the look-up failed.
struct Resolved {
  RequestId request{};
  std::vector<IpAddress> addresses;
};

}  // namespace parley
