#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"
#include "sctp/association.hpp"
#include "sctp/wire/init_chunk.hpp"
#include "sctp/wire/init_parameters.hpp"
#include "sctp/wire/serial.hpp"

#include <cstdint>
#include <optional>
#include <vector>

/// \file
/// What the two ends say of themselves before there is an association: by INIT and INIT ACK, by the state cookie, or by
/// signalling (draft-hancke-tsvwg-snap).

namespace parley::sctp::native {

/// What an end has chosen for itself, in its INIT and in an INIT ACK that answers the peer's.
struct LocalInit {
  std::uint32_t tag = 0;
  wire::Tsn initialTsn;

  /// RFC 9260 s.5.3.1: a random tag, never 0; s.3.3.2: any initial TSN.
  static LocalInit random(base::Random& random);
};

/// What the peer's INIT or INIT ACK said.
struct PeerInit {
  std::uint32_t tag = 0;
  std::uint32_t window = 0;
  std::uint16_t outboundStreams = 0;
  std::uint16_t inboundStreams = 0;
  wire::Tsn initialTsn;
  bool forwardTsn = false;
  bool iForwardTsn = false;
  bool reConfig = false;
  bool interleaving = false;
  bool takesZeroChecksum = false;

  static PeerInit from(const wire::InitFields& fields, const wire::InitParameters& parameters);
};

/// What both ends can do, seen from this one.
struct Capabilities {
  std::uint16_t outboundStreams = 0;
  std::uint16_t inboundStreams = 0;
  bool partialReliability = false;
  bool reConfig = false;
  bool interleaving = false;
  bool sendsZeroChecksum = false;  ///< RFC 9653 s.5.2: what the peer takes; what we take is by our own announcement.

  static Capabilities negotiate(const Config& config, const PeerInit& peer);
};

/// What our INIT and INIT ACK announce, but for the cookie and what the peer's had unknown. PAD (RFC 4820) needs no
/// announcement: who does not know it skips it.
wire::InitParameters announced(const Config& config);

/// The receive window in INIT and INIT ACK.
std::uint32_t announcedWindow(const Config& config);

/// Our INIT as a whole chunk, for `a=sctp-init` and then `Snap::localInit`.
std::vector<std::uint8_t> makeInit(const Config& config, base::Random& random);

/// An INIT that came by signalling. Nothing if it is not one that an association could begin with.
struct SignalledInit {
  LocalInit local;  ///< If it is our own.
  PeerInit peer;    ///< If it is the peer's.
};
std::optional<SignalledInit> parseInit(base::Bytes chunk);

}  // namespace parley::sctp::native
