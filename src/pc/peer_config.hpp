#pragma once

#include "dtls/certificate.hpp"
#include "ice/agent.hpp"

#include <parley/configuration.hpp>
#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace parley::pc {

/// What a peer is made with; it does not change during its life, save by `Peer::setServers`.
struct PeerConfig {
  ice::Config ice;
  std::shared_ptr<const dtls::Certificate> certificate;
  /// Largest message that we take.
  std::size_t maxMessageSize = 262144;
  /// SCTP streams that we announce; 0 leaves it to the engine.
  std::uint16_t sctpStreams = 0;
  SctpEngine sctpEngine = SctpEngine::Native;
  SctpCongestionControl sctpCongestionControl = SctpCongestionControl::TolerantCubic;
  /// Its UDP sockets are those of other connections as well; see `PortMux`.
  bool sharesPort = false;
  /// From the engine's time to nanoseconds since 1970; `EngineCore` knows it.
  Duration wallClockOffset{};
};

}  // namespace parley::pc
