#pragma once

#include "ice/candidate.hpp"

#include <algorithm>
#include <cstdint>

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

/// RFC 8445 s.5.1.2.1, for component 1.
constexpr std::uint32_t candidatePriority(CandidateType type, std::uint16_t localPreference) {
  return (typePreference(type) << 24) + (std::uint32_t{localPreference} << 8) + (256 - 1);
}

/// The PRIORITY of a check (RFC 8445 s.7.1.1): that of the peer-reflexive candidate which it may discover.
constexpr std::uint32_t checkPriority(std::uint32_t localPriority) {
  return (typePreference(CandidateType::PeerReflexive) << 24) | (localPriority & 0xffffff);
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
