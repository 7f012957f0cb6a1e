// The peer's checks: RFC 8445 s.7.3, RFC 8489 s.6.3 and s.9.1.3.
#include "base/log.hpp"
#include "ice/agent.hpp"
#include "stun/message_builder.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

namespace {

/// An error response can be larger than the request that a forged source address made us answer. Ten in a second tell an
/// honest peer what is wrong, and are of no use to an attacker.
constexpr int errorsEachSecond = 10;

}  // namespace

void Agent::handleRequest(const Datagram& datagram, const stun::Message& message, Time now) {
  // RFC 8445 s.7.1: a check has a FINGERPRINT. What has none is not worth an answer.
  if (!message.hasFingerprint()) {
    drops_.add(Drop::BadFingerprint);
    return;
  }
  auto username = message.username();
  if (!username || !message.hasIntegrity()) {
    drops_.add(Drop::BadRequest);
    refuse(datagram, message, 400, "Bad Request", nullptr, now);
    return;
  }
  auto colon = username->find(':');
  auto localUfrag = username->substr(0, colon);
  Generation* target = nullptr;
  for (auto& one : generations_)
    if (one->local && one->local->ufrag == localUfrag) target = one.get();
  if (!target || colon == std::string_view::npos) {
    drops_.add(Drop::UnknownUfrag);
    refuse(datagram, message, 401, "Unauthenticated", nullptr, now);
    return;
  }
  const Credentials& local = *target->local;
  if (!message.checkIntegrity(base::asBytes(local.pwd))) {
    drops_.add(Drop::BadIntegrity);
    refuse(datagram, message, 401, "Unauthenticated", nullptr, now);
    return;
  }
  if (!message.unknownComprehensionRequired().empty()) {
    drops_.add(Drop::UnknownAttribute);
    refuse(datagram, message, 420, "Unknown Attribute", &local, now);
    return;
  }
  if (!message.priority()) {
    drops_.add(Drop::BadRequest);
    refuse(datagram, message, 400, "Bad Request", &local, now);
    return;
  }
  if (!repairRoleConflict(message)) {
    refuse(datagram, message, 487, "Role Conflict", &local, now);
    return;
  }
  std::string remoteUfrag(username->substr(colon + 1));
  // Until libwebrtc has the answer to its restart, it pairs its new ports with our old candidates. A response would
  // make it use such a pair, which belongs to neither generation: nothing that it sends there could be believed.
  if (target->remote && target->remote->ufrag != remoteUfrag) {
    drops_.add(Drop::WrongGeneration);
    return;
  }
  respond(datagram, message, local, now);
  accept(*target,
         {{datagram.socket, datagram.from},
          std::move(remoteUfrag),
          *message.priority(),
          message.useCandidate(),
          message.nomination().value_or(0)},
         now);
}

/// RFC 8445 s.7.3.1.1. False if the peer has to change its role.
bool Agent::repairRoleConflict(const stun::Message& request) {
  if (auto theirs = request.iceControlling(); theirs && role_ == Role::Controlling) {
    if (tieBreaker_ >= *theirs) return false;
    switchRole();
  } else if (auto controlled = request.iceControlled(); controlled && role_ == Role::Controlled) {
    if (tieBreaker_ < *controlled) return false;
    switchRole();
  }
  return true;
}

void Agent::respond(const Datagram& datagram, const stun::Message& request, const Credentials& local, Time now) {
  stun::MessageBuilder builder(pool_, stun::Class::SuccessResponse, request);
  builder.addXorMappedAddress(datagram.from).addIntegrity(base::asBytes(local.pwd)).addFingerprint();
  transmit({datagram.socket, datagram.from}, builder.finish(), now);
}

void Agent::refuse(const Datagram& datagram, const stun::Message& request, int code, std::string_view reason,
                   const Credentials* local, Time now) {
  // A peer that is authenticated may have all its errors: nobody else can make it ask.
  if (!local) {
    if (errorsRefilledAt_ <= now) {
      errorsLeft_ = errorsEachSecond;
      errorsRefilledAt_ = now + std::chrono::seconds(1);
    }
    if (errorsLeft_ == 0) {
      drops_.add(Drop::ErrorLimit);
      return;
    }
    --errorsLeft_;
  }
  stun::MessageBuilder builder(pool_, stun::Class::ErrorResponse, request);
  builder.addErrorCode(code, reason);
  if (code == 420) builder.addUnknownAttributes(request.unknownComprehensionRequired());
  // RFC 8489 s.9.1.3: 400 and 401 for a request that was not authenticated have no integrity.
  if (local) builder.addIntegrity(base::asBytes(local->pwd));
  transmit({datagram.socket, datagram.from}, builder.addFingerprint().finish(), now);
}

void Agent::handleIndication(const Datagram& datagram, Time now) {
  // RFC 8445 s.11: a keep-alive by a peer that has no consent checks. It says that the path is alive.
  if (path_ && path_->path == PathKey{datagram.socket, datagram.from}) consent_.heard(now);
}

void Agent::accept(Generation& generation, const EarlyRequest& request, Time now) {
  auto base = baseOf(generation, request.path);
  if (!generation.remote || !base) {
    // RFC 8445 s.7.3: answered, and looked at again when the description is there.
    auto& early = generation.early;
    auto at = std::find_if(early.begin(), early.end(), [&](const auto& one) { return one.path == request.path; });
    if (at != early.end()) {
      at->useCandidate = at->useCandidate || request.useCandidate;
      at->nomination = std::max(at->nomination, request.nomination);
    } else if (early.size() < config_.maxEarlyRequests) {
      early.push_back(request);
      generation.proven.try_emplace(request.path, nullptr);
    } else {
      drops_.add(Drop::EarlyRequestLimit);
    }
    return;
  }
  if (request.remoteUfrag != generation.remote->ufrag) {
    drops_.add(Drop::WrongGeneration);
    return;
  }
  if (path_ && path_->path == request.path) consent_.heard(now);

  Pair* pair = generation.checklist.find(request.path);
  bool isNewWay = pair && generation.remotes[pair->remote].late;
  if (!pair) {
    // RFC 8445 s.7.3.1.3: a peer-reflexive candidate, unless it is known and was not paired. Its foundation differs from
    // all others; should it be signalled later, that one counts.
    if (!generation.isRunning()) return;
    Candidate candidate;
    candidate.type = CandidateType::PeerReflexive;
    candidate.priority = request.priority;
    candidate.address = request.path.remote.ip.toString();
    candidate.port = request.path.remote.port;
    candidate.foundation = "peer" + std::to_string(lastId_ + 1);
    const bool stream = streams_.owns(request.path.socket);
    if (stream) {
      candidate.transport = "tcp";
      candidate.tcpType = "active";  // It came to us (RFC 6544 s.7.2).
    }
    const auto known = generation.remotes.size();
    auto remote = addRemote(generation, std::move(candidate), request.path.remote);
    if (!remote) return;
    if (*remote == known) generation.remotes[*remote].late = generation.wasSelected;
    isNewWay = generation.remotes[*remote].late;
    newsFor(generation, now);
    pair = makePair(generation, *base, *remote, now, stream ? std::optional(request.path.socket) : std::nullopt);
    if (!pair) return;
  }
  streams_.prove(pair->path.socket);
  generation.proven[pair->path] = pair;
  ++pair->requestsReceived;
  ++pair->responsesSent;
  if (!generation.isRunning() || pair->consentLost) return;

  bool nominates = (request.useCandidate || request.nomination) && role_ == Role::Controlled;
  if (nominates && config_.renomination) pair->nomination = std::max(pair->nomination, request.nomination);
  if (config_.lite) {
    // RFC 8445 s.7.3.2: the peer's checks are all there is.
    pair->answeredAt = now;
    if (pair == path_) consent_.answered(now);
    if (!pair->isValid()) generation.checklist.succeed(*pair);
    if (nominates) select(generation, *pair, now);
    return;
  }
  // The peer comes from elsewhere, or nominates another pair, while there is one that it could use: it has moved, or is
  // about to.
  if ((isNewWay || nominates) && path_ && pair != path_ && pathGeneration_ == &generation) consent_.doubt(now);
  // A valid pair that was not in use has no consent checks. Before it is used after a long time it proves itself again.
  bool stale = pair->isValid() && pair != path_ && pair->answeredAt + config_.consentExpiry <= now;
  if (pair->isValid() && !stale) {
    if (nominates) select(generation, *pair, now);
    return;
  }
  if (nominates) pair->nominateOnSuccess = true;
  // RFC 8445 s.8.1.2: after the nomination of another pair requests are answered and no more.
  if (generation.selected && !nominates && !isNewWay) return;
  if (pair->state == PairState::InProgress) cancelChecks(generation, *pair);
  if (pacer_.mayFollow(now)) {
    generation.checklist.take(*pair);
    sendCheck(generation, *pair, false, false, now);
    pacer_.followed(now);
  } else {
    generation.checklist.trigger(*pair);
  }
}

void Agent::acceptEarly(Generation& generation, Time now) {
  if (!generation.isComplete()) return;
  for (const auto& request : std::exchange(generation.early, {})) accept(generation, request, now);
}

}  // namespace parley::ice
