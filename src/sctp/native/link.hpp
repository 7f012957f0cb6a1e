#pragma once

#include "sctp/association.hpp"
#include "sctp/native/heartbeat.hpp"
#include "sctp/native/init.hpp"
#include "sctp/native/path_mtu.hpp"
#include "sctp/native/receiver.hpp"
#include "sctp/native/sender.hpp"

#include <cstdint>
#include <optional>

namespace parley::sctp::native {

/// What there is of an association once both ends are known: RFC 9260's TCB, save what the handshake is about.
struct Link {
  Link(const Config& config, const LocalInit& local, const PeerInit& peerInit, std::optional<Duration> roundTrip,
       std::uint64_t seed, Time now);

  PeerInit peer;
  Capabilities both;
  Sender sender;
  Receiver receiver;
  Heartbeat heartbeat;
  PathMtu pathMtu;
};

}  // namespace parley::sctp::native
