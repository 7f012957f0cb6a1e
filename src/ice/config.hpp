#pragma once

#include "base/secure_stream.hpp"

#include <parley/address.hpp>
#include <parley/io.hpp>
#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace parley::ice {

using namespace std::chrono_literals;

struct StunServer {
  std::string host;  ///< A name, or an IP literal without brackets.
  std::uint16_t port = 3478;
  std::string url;  ///< As the application wrote it, for events and statistics.
};

/// How we reach a TURN server (RFC 7065: "?transport=", and "turns:"). UDP is the best of them.
enum class ServerTransport : std::uint8_t { Udp, Tcp, Tls };

struct TurnServer {
  std::string host;  ///< A name, or an IP literal without brackets. Over TLS the certificate has to prove it.
  std::uint16_t port = 3478;
  ServerTransport transport = ServerTransport::Udp;
  std::string username, password;
  std::string url;  ///< As the application wrote it, for events and statistics.
};

/// Which candidates of ICE-TCP (RFC 6544) are gathered: active ones, or passive and simultaneous-open ones as well.
enum class TcpCandidates : std::uint8_t { None, Active, All };

/// RFC 8828 s.5.2, modes 1 to 3.
enum class AddressPolicy : std::uint8_t {
  All,
  DefaultRoute,  ///< Only the address that leads to the Internet.
  PublicOnly     ///< Of that one only what the Internet sees.
};

/// What may change between two gatherings.
struct Servers {
  std::vector<StunServer> stun;
  std::vector<TurnServer> turn;
  /// W3C iceTransportPolicy "relay": only relayed candidates are gathered, signalled and used.
  bool relayOnly = false;
};

/// What an agent is set to; fixed for its life, apart from the servers (`Agent::setServers`).
struct Config {
  Servers servers;
  /// Makes the TLS of `turns:` servers. Without it they fail.
  base::SecureStreamFactory secureStreams;

  /// RFC 8445 s.5.1.1.1 forbids loopback candidates. It is used all the same when this is set, or when the host has no
  /// other address at all (demos and tests on a machine without network).
  bool includeLoopback = false;
  /// False for an address that must not be gathered. Empty: all.
  std::function<bool(const IpAddress&)> usesAddress;
  /// The same for an interface with its name.
  std::function<bool(const NetworkInterface&)> usesInterface;
  AddressPolicy addressPolicy = AddressPolicy::All;
  /// Host candidates are signalled with names for multicast DNS in place of their addresses
  /// (draft-ietf-mmusic-mdns-ice-candidates s.3.1). Whoever drives the agent answers for the names.
  bool hideAddresses = false;
  /// False: no UDP sockets at all (RFC 8828 s.5.2, mode 4 without a proxy).
  bool udp = true;
  TcpCandidates tcp = TcpCandidates::None;
  /// RFC 8445 s.2.5: we answer checks, and make none.
  bool lite = false;
  /// We understand, and make where the peer does as well, a later choice of another pair
  /// (draft-thatcher-ice-renomination-01).
  bool renomination = false;
  /// Addresses gathered at most, the first ones in the order of their local preference: 8 IPv4 and 8 IPv6.
  std::size_t maxAddresses = 16;
  /// Local ports come from [firstPort, lastPort]; 0, 0 leaves them to the system.
  std::uint16_t firstPort = 0;
  std::uint16_t lastPort = 0;

  /// The pause between two new transactions that we propose; the longer one of both sides holds. RFC 8445 s.14.2: 50 ms by
  /// default, and whoever wants another one has to signal it.
  Duration ta = 50ms;
  /// The least retransmission time-out of checks and gathering. RFC 8445 s.14.3: 500 ms.
  Duration minRto = 500ms;
  /// Requests of a check that go out at intervals of one RTO before the interval doubles. RFC 8489 s.6.2.1 asks to double
  /// from the first (for the sake of congestion, and a check is 100 bytes each 500 ms). At 30 % loss each way 49 % of the
  /// requests are answered: after 2.5 s, six steady ones leave 1.8 % of the checks undecided, the three of a doubling
  /// interval 13 %.
  int steadyRequests = 6;
  /// Pairs in the checklist. RFC 8445 s.6.1.2.5: 100.
  std::size_t maxPairs = 100;
  /// Remote candidates of one generation, peer-reflexive ones included: as many as there can be pairs.
  std::size_t maxRemoteCandidates = 100;
  /// Requests kept until the remote description comes: an honest peer has sent one for each pair that it can make with
  /// the few candidates it knows of.
  std::size_t maxEarlyRequests = 16;

  /// TCP connections that came to us and did not prove yet that they are the peer's: as many as a peer has addresses.
  std::size_t maxUnprovenStreams = 16;
  /// How long they may take: the SYN of the first request can be lost twice (RFC 6298: 1 s and 2 s later).
  Duration streamPatience = 5s;

  /// Allocations on TURN servers at a time: three addresses with five servers each.
  std::size_t maxRelays = 16;

  /// How long a STUN server may take: four requests, at 0, 0.5, 1.5 and 3.5 s, and 1.5 s to hear from the last one. The
  /// 39.5 s of RFC 8489 would keep gathering from being complete for as long, for a server that is most likely dead.
  /// The look-up of its name counts in.
  Duration serverTimeout = 5s;
  /// RFC 8445 s.11: 15 s at least. Keeps the NAT bindings of server-reflexive candidates until a pair is selected.
  Duration serverKeepAlive = 15s;

  /// RFC 7675 s.5.1: a check each 5 s x [0.8, 1.2).
  Duration consentInterval = 5s;
  /// RFC 7675 s.5.1: consent expires 30 s after the last valid response; the state is Failed then.
  Duration consentExpiry = 30s;
  /// The state is Disconnected when a consent check was not answered and nothing else came on the pair for so long.
  /// One interval of consent: less would take each lost packet for a lost network.
  Duration disconnectedAfter = 5s;

  /// RFC 8863 s.4: no checklist fails earlier than this after its first check could have been sent. It is the time of
  /// one STUN transaction: 500 ms x (1 + 2 + 4 + 8 + 16 + 32) + 16 x 500 ms = 39.5 s.
  Duration patience = 39500ms;

  /// The upper bound of the time that the controlling agent waits for a better pair once it has a valid one: the RTO of
  /// a check, since what was not answered by then was lost or has no way.
  Duration maxNominationDelay = 500ms;
  /// The same while the best pair is relayed: time for the second and third request of a direct one, at 0.5 and 1.5 s.
  /// The relay carries data in the meantime.
  Duration maxRelayNominationDelay = 2s;

  /// How long a generation that a restart replaced is still understood, for what is under way: the retransmissions at
  /// 0.5, 1.5 and 3.5 s of the peer's last request.
  Duration retireAfter = 4s;
};

}  // namespace parley::ice
