#pragma once

#include "ice/candidate.hpp"
#include "ice/config.hpp"

#include <parley/io.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace parley::ice {

/// A candidate of our own and where it lives.
struct LocalCandidate {
  Candidate candidate;  ///< As it is signalled: its address may be a name.
  /// What its packets go through: of UDP a socket, of a relayed candidate the id that its `Relay` gave it, of a passive
  /// TCP candidate the listener. An active one has an id that stands for no socket: each of its pairs has a stream.
  SocketId socket{};
  SocketAddress address;
  std::string url;  ///< Of the STUN or TURN server.
  std::optional<ServerTransport> relayProtocol;
  /// False: it is used, and the peer is not told (RFC 8828 s.5.2, mode 3).
  bool signalled = true;
  bool late = false;     ///< It came with a network that came; see `Generation::resumed`.
  bool gone = false;     ///< Its socket is closed.
  std::uint32_t id = 0;  ///< For statistics; given by the agent.

  /// RFC 8445 s.6.1.2.4: reflexive ones are replaced by their base in pairs.
  bool isBase() const { return candidate.type == CandidateType::Host || candidate.type == CandidateType::Relayed; }
};

}  // namespace parley::ice
