#pragma once

#include "ice/candidate.hpp"
#include "ice/config.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace parley::ice {

/// RFC 8445 s.5.1.2.2.
constexpr std::uint32_t typePreference(CandidateType type) {
  switch (type) {
    case CandidateType::Host: return 126;
    case CandidateType::PeerReflexive: return 110;
    case CandidateType::ServerReflexive: return 100;
    case CandidateType::Relayed: return 0;
  }
  return 0;
}

/// RFC 6544 s.4.2: TCP comes behind UDP. Behind its server-reflexive candidates too: a direct path over UDP is better
/// than one over TCP, where each loss holds everything up.
constexpr std::uint32_t tcpTypePreference(CandidateType type) { return type == CandidateType::PeerReflexive ? 80 : 90; }

/// Relayed candidates are last (RFC 8445 s.5.1.2.2). Among them, the way to the server counts: UDP, TCP, TLS.
constexpr std::uint32_t relayTypePreference(ServerTransport transport) {
  return 2 - static_cast<std::uint32_t>(transport);
}

/// RFC 8445 s.5.1.2.1, for component 1.
constexpr std::uint32_t priorityOf(std::uint32_t typePreference, std::uint16_t localPreference) {
  return (typePreference << 24) + (std::uint32_t{localPreference} << 8) + (256 - 1);
}
constexpr std::uint32_t candidatePriority(CandidateType type, std::uint16_t localPreference) {
  return priorityOf(typePreference(type), localPreference);
}

/// RFC 6544 s.4.2: the three uppermost bits say how the connection is made; for host candidates active before passive
/// before simultaneous open.
constexpr std::uint16_t tcpLocalPreference(std::string_view tcpType, std::uint16_t localPreference) {
  const unsigned direction = tcpType == "active" ? 6 : tcpType == "passive" ? 4 : 2;
  return static_cast<std::uint16_t>((direction << 13) + (localPreference >> 3));
}

/// The PRIORITY of a check (RFC 8445 s.7.1.1): that of the peer-reflexive candidate which it may discover. A relayed one
/// keeps its own: with more, a peer that hears of our relay by a check, before it has the candidate's line, would prefer
/// it to direct paths and nominate it.
constexpr std::uint32_t checkPriority(const Candidate& base) {
  if (base.type == CandidateType::Relayed) return base.priority;
  const auto type =
      base.isUdp() ? typePreference(CandidateType::PeerReflexive) : tcpTypePreference(CandidateType::PeerReflexive);
  return (type << 24) | (base.priority & 0xffffff);
}

/// RFC 8445 s.6.1.2.3, where G is the controlling agent's candidate and D the controlled one's.
constexpr std::uint64_t pairPriority(std::uint32_t g, std::uint32_t d) {
  return (std::uint64_t{std::min(g, d)} << 32) + 2 * std::uint64_t{std::max(g, d)} + (g > d ? 1 : 0);
}

static_assert(candidatePriority(CandidateType::Host, 65535) == 2130706431);
static_assert(candidatePriority(CandidateType::ServerReflexive, 65535) == 1694498815);
static_assert(pairPriority(2, 1) == (std::uint64_t{1} << 32) + 5);
static_assert(pairPriority(1, 2) == (std::uint64_t{1} << 32) + 4);

}  // namespace parley::ice
