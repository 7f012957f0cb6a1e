#include "path.hpp"

#include <parley/ice_candidate.hpp>

#include <cstdio>

using namespace parley;

namespace {

std::string end(const IceCandidateStats& candidate) {
  // Without an address: a peer reflexive one of a peer that hides its addresses behind mDNS names.
  std::string address = candidate.address.value_or("hidden");
  if (address.find(':') != std::string::npos) address = "[" + address + "]";
  return candidate.candidateType + " " + address + ":" + std::to_string(candidate.port.value_or(0));
}

/// What our packets travel by: to the TURN server, if the candidate is of one.
std::string meansOf(const IceCandidateStats& local) {
  return local.relayProtocol ? std::string(toString(*local.relayProtocol)) : local.protocol.value_or("?");
}

}  // namespace

std::string pathLine(const StatsReport& report) {
  for (const auto* transport : report.all<TransportStats>()) {
    if (!transport->selectedCandidatePairId) continue;
    const auto* pair = std::get_if<CandidatePairStats>(report.get(*transport->selectedCandidatePairId));
    if (!pair) continue;
    const auto* local = std::get_if<IceCandidateStats>(report.get(pair->localCandidateId));
    const auto* remote = std::get_if<IceCandidateStats>(report.get(pair->remoteCandidateId));
    if (!local || !remote) continue;
    const bool relayed = local->candidateType == "relay" || remote->candidateType == "relay";
    std::string line = "path: " + end(*local) + " to " + end(*remote) + (relayed ? ", relayed by " : ", direct by ") +
                       meansOf(*local);
    if (pair->currentRoundTripTime) {
      char text[48];
      std::snprintf(text, sizeof text, ", round trip %.1f ms", *pair->currentRoundTripTime * 1000);
      line += text;
    }
    return line;
  }
  return {};
}
