#pragma once

#include "ice/config.hpp"
#include "ice/stats.hpp"

#include <parley/io.hpp>

#include <optional>
#include <string>
#include <variant>

/// \file
/// What an agent says: what it wants of its host (<parley/io.hpp>), and what it has to tell to its user.

namespace parley::ice {

/// A local candidate, to be signalled with the ufrag of its generation (RFC 8838 s.13).
struct CandidateFound {
  Candidate candidate;
  std::string ufrag;
  std::string url;  ///< Of the STUN or TURN server; empty for a host candidate.
  std::optional<ServerTransport> relayProtocol;
};

/// W3C icecandidateerror: a server did not answer the socket that is bound to `local` (port 0 and an unspecified
/// address if no socket got as far), or answered with an error.
struct CandidateFailed {
  SocketAddress local;
  std::string url;
  int code = 0;  ///< A STUN error code, or 701: the server could not be reached.
  std::string text;
};

/// The name for multicast DNS that stands for this address in our candidates
/// (draft-ietf-mmusic-mdns-ice-candidates s.3.1.1). Whoever drives the agent answers for it until `WithdrawName`.
struct PublishName {
  std::string name;
  IpAddress address;
};
struct WithdrawName {
  std::string name;
};

/// A packet of the peer that is not STUN and came over a stream. What comes in datagrams is returned by
/// `Agent::handle`.
struct Received {
  SocketId socket{};
  SocketAddress from;
  Packet packet;
};

struct GatheringChanged {
  GatheringState state{};
  std::string ufrag;
};

struct SelectedPairChanged {
  Candidate local, remote;
};

struct StateChanged {
  State state{};
  /// The pair that is used while none is selected yet.
  std::optional<SelectedPairChanged> provisional = std::nullopt;
};

/// A role conflict was resolved (RFC 8445 s.7.3.1.1), or a lite peer left us no choice (s.6.1.1).
struct RoleChanged {
  Role role{};
};

using Output = std::variant<Transmit, BindUdp, ListenTcp, ConnectTcp, CloseSocket, ListInterfaces, Resolve, PublishName,
                            WithdrawName, Received, CandidateFound, CandidateFailed, GatheringChanged, StateChanged,
                            SelectedPairChanged, RoleChanged>;

}  // namespace parley::ice
