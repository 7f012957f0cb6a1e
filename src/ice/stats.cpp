#include "ice/stats.hpp"

#include "ice/agent.hpp"

namespace parley::ice {

std::string_view toString(Role role) { return role == Role::Controlling ? "controlling" : "controlled"; }

std::string_view toString(GatheringState state) {
  switch (state) {
    case GatheringState::New: return "new";
    case GatheringState::Gathering: return "gathering";
    case GatheringState::Complete: return "complete";
  }
  return "";
}

std::string_view toString(State state) {
  switch (state) {
    case State::New: return "new";
    case State::Checking: return "checking";
    case State::Connected: return "connected";
    case State::Completed: return "completed";
    case State::Disconnected: return "disconnected";
    case State::Failed: return "failed";
    case State::Closed: return "closed";
  }
  return "";
}

std::string_view toString(PairState state) {
  switch (state) {
    case PairState::Frozen: return "frozen";
    case PairState::Waiting: return "waiting";
    case PairState::InProgress: return "in-progress";
    case PairState::Succeeded: return "succeeded";
    case PairState::Failed: return "failed";
  }
  return "";
}

std::string_view toString(Drop drop) {
  switch (drop) {
    case Drop::NotStun: return "notStun";
    case Drop::UnknownMethod: return "unknownMethod";
    case Drop::BadFingerprint: return "badFingerprint";
    case Drop::BadRequest: return "badRequest";
    case Drop::UnknownUfrag: return "unknownUfrag";
    case Drop::BadIntegrity: return "badIntegrity";
    case Drop::UnknownAttribute: return "unknownAttribute";
    case Drop::BadResponse: return "badResponse";
    case Drop::UnknownTransaction: return "unknownTransaction";
    case Drop::UnknownSocket: return "unknownSocket";
    case Drop::NotRelayed: return "notRelayed";
    case Drop::TooLong: return "tooLong";
    case Drop::ErrorLimit: return "errorLimit";
    case Drop::EarlyRequestLimit: return "earlyRequestLimit";
    case Drop::RemoteCandidateLimit: return "remoteCandidateLimit";
    case Drop::UnusableCandidate: return "unusableCandidate";
    case Drop::WrongGeneration: return "wrongGeneration";
    case Drop::Count: break;
  }
  return "";
}

Role Agent::role() const { return role_; }
State Agent::state() const { return state_; }
GatheringState Agent::gatheringState() const { return gatheringState_; }

Duration Agent::roundTripTime() const {
  constexpr Duration unknown = std::chrono::milliseconds(100);
  return path_ ? path_->smoothedRoundTrip.value_or(unknown) : unknown;
}

bool Agent::ownsUfrag(std::string_view ufrag) const {
  for (const auto& one : generations_)
    if (one->local && one->local->ufrag == ufrag) return true;
  return false;
}

std::vector<std::string> Agent::localUfrags() const {
  std::vector<std::string> out;
  for (const auto& one : generations_)
    if (one->local) out.push_back(one->local->ufrag);
  return out;
}

Stats Agent::stats() const {
  Stats out;
  out.role = role_;
  out.state = state_;
  out.drops = drops_;
  out.selectedCandidatePairChanges = selectedChanges_;
  auto localId = [](const LocalCandidate& one) { return "L" + std::to_string(one.id); };
  auto remoteId = [](const RemoteCandidate& one) { return "R" + std::to_string(one.id); };
  for (const auto& one : generations_) {
    if (one->local) out.localUfrag = one->local->ufrag;
    for (const auto& local : one->locals)
      out.localCandidates.push_back(
          {localId(local), local.candidate, local.url, one->local->ufrag, local.relayProtocol});
    for (const auto& remote : one->remotes)
      out.remoteCandidates.push_back({remoteId(remote), remote.candidate, "", one->remote->ufrag, {}});
    for (const auto& pair : one->checklist.pairs()) {
      PairStats stats;
      stats.id = "P" + std::to_string(one->serial) + "-" + std::to_string(pair->id);
      stats.localCandidateId = localId(one->locals[pair->validLocal]);
      stats.remoteCandidateId = remoteId(one->remotes[pair->remote]);
      stats.state = pair->state;
      stats.nominated = pair->nominated;
      stats.priority = pair->priority;
      stats.packetsSent = pair->packetsSent;
      stats.packetsReceived = pair->packetsReceived;
      stats.bytesSent = pair->bytesSent;
      stats.bytesReceived = pair->bytesReceived;
      stats.lastPacketSent = pair->lastPacketSent;
      stats.lastPacketReceived = pair->lastPacketReceived;
      stats.totalRoundTripTime = pair->totalRoundTrip;
      stats.currentRoundTripTime = pair->currentRoundTrip;
      stats.requestsSent = pair->requestsSent;
      stats.requestsReceived = pair->requestsReceived;
      stats.responsesSent = pair->responsesSent;
      stats.responsesReceived = pair->responsesReceived;
      stats.consentRequestsSent = pair->consentRequestsSent;
      stats.packetsDiscardedOnSend = pair->packetsDiscarded;
      stats.bytesDiscardedOnSend = pair->bytesDiscarded;
      // The one in use, also while a nomination waits for something better (RFC 8445 s.12.1.1 lets data flow already).
      if (pair.get() == path_) out.selectedPairId = stats.id;
      out.pairs.push_back(std::move(stats));
    }
  }
  return out;
}

}  // namespace parley::ice
