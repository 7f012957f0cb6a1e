#pragma once

#include <parley/address.hpp>
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

/// What an agent is set to; fixed for its life, apart from the servers (`Agent::setStunServers`).
struct Config {
  std::vector<StunServer> stunServers;

  /// RFC 8445 s.5.1.1.1 forbids loopback candidates. It is used all the same when this is set, or when the host has no
  /// other address at all (demos and tests on a machine without network).
  bool includeLoopback = false;
  /// False for an address that must not be gathered. Empty: all.
  std::function<bool(const IpAddress&)> usesAddress;
  /// Addresses gathered at most, the first ones in the order of their local preference: 8 IPv4 and 8 IPv6.
  std::size_t maxAddresses = 16;
  /// Local ports come from [firstPort, lastPort]; 0, 0 leaves them to the system.
  std::uint16_t firstPort = 0;
  std::uint16_t lastPort = 0;

  /// The pause between two new transactions. RFC 8445 s.14.2: 50 ms by default.
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

  /// How long a generation that a restart replaced is still understood, for what is under way: the retransmissions at
  /// 0.5, 1.5 and 3.5 s of the peer's last request.
  Duration retireAfter = 4s;
};

}  // namespace parley::ice
