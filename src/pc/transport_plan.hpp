#pragma once

#include "dtls/endpoint.hpp"
#include "dtls/fingerprint.hpp"
#include "ice/agent.hpp"
#include "ice/candidate.hpp"
#include "pc/media_plan.hpp"
#include "sctp/association.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::pc {

/// The connection's name for one of its transports, from 1 on and never used twice. Sections that are bundled share
/// one.
using TransportId = std::uint32_t;
/// What a peer's offer, or a pool of candidates, can make of them: each is a set of sockets.
inline constexpr std::size_t maxTransports = 16;

/// What the signalling plane wants of one transport.
struct TransportPlan {
  struct Ice {
    /// Ours; a change is a restart. Empty until a local description exists, and gathering starts with them.
    std::optional<ice::Credentials> local;
    /// The peer's; empty until a remote description exists.
    std::optional<ice::Credentials> remote;
    ice::RemoteOptions remoteOptions;
    ice::Role role = ice::Role::Controlled;
  };
  /// Complete once both descriptions of an exchange exist (an answer or a provisional answer).
  struct Dtls {
    dtls::Role role = dtls::Role::Client;
    std::vector<dtls::Fingerprint> remoteFingerprints;
    /// Another number is another association (RFC 8842 s.5): the one that exists ends, with its channels.
    std::uint32_t association = 0;
  };
  struct Sctp {
    std::uint16_t localPort = 5000;
    std::uint16_t remotePort = 5000;
    /// Largest message that the peer takes (a=max-message-size; 65536 if it does not say, RFC 8841 s.6.1).
    std::size_t remoteMaxMessageSize = 65536;
    /// Both descriptions have a=sctp-init: the association begins without a handshake.
    std::optional<sctp::Snap> snap;
  };

  TransportId id = 1;
  Ice ice;
  std::optional<Dtls> dtls;
  /// In one of them at most.
  std::optional<Sctp> sctp;
  /// Of the sections of this transport.
  MediaPlan media;
};

/// What the signalling plane wants of the data plane after a description was applied: the whole of it, not a change to
/// it. `Peer::apply` compares it with what it has; a transport that is not in it any more is gone. Immutable once made;
/// the only coupling between the two planes.
using Plan = std::vector<TransportPlan>;

}  // namespace parley::pc
