#pragma once

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "dtls/certificate.hpp"
#include "dtls/endpoint.hpp"
#include "ice/agent.hpp"
#include "pc/peer_event.hpp"
#include "pc/transport_plan.hpp"
#include "sctp/data_channels.hpp"

#include <parley/io.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace parley::pc {

/// What a peer is made with; it does not change during its life, save by `Peer::configure`.
struct PeerConfig {
  ice::Config ice;
  std::shared_ptr<const dtls::Certificate> certificate;
  /// Largest message that we take.
  std::size_t maxMessageSize = 262144;
  /// SCTP streams that we announce; each costs memory (about 100 bytes in usrsctp).
  std::uint16_t sctpStreams = 256;
};
