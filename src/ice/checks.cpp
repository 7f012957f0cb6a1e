// The agent's own checks and what comes back: RFC 8445 s.7.2 and s.8.1, RFC 7675 s.5.1.
#include "base/log.hpp"
#include "ice/agent.hpp"
#include "ice/priority.hpp"
#include "stun/message_builder.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

namespace {

stun::Transaction::Schedule scheduleOf(Duration rto) {
  stun::Transaction::Schedule schedule;
  schedule.rto = rto;
  return schedule;
}

}  // namespace

void Agent::sendCheck(Generation& generation, Pair& pair, bool useCandidate, bool consent, Time now) {
  Check check;
  check.id = stun::randomTransactionId(random_);
  check.generation = generation.serial;
  check.pair = pair.id;
  check.path = pair.path;
  check.priority = checkPriority(generation.locals[pair.local].candidate);
  check.role = role_;
  check.useCandidate = useCandidate;
  check.consent = consent;
  check.sentAt = now;
  if (consent) {
    // RFC 7675 s.5.1: a new transaction each time, without retransmissions. A response counts while consent lasts.
    check.forgetAt = now + config_.consentExpiry;
  } else {
    // However long the RTO is, a check does not take longer than one with the least RTO would.
    check.forgetAt = now + config_.patience;
    // RFC 8445 s.14.3, with the number of checklists, one, for N as RFC 5245 had it: the number of checks, which the
    // later text asks for, would make the RTO grow with its square (20 s for 20 pairs).
    check.rto = std::max(config_.minRto, pacer_.ta() * static_cast<std::int64_t>(generation.checklist.active()));
    // RFC 8489 s.6.2.2: what a stream carries is not repeated.
    if (streams_.owns(pair.path.socket)) {
      check.transaction.emplace(stun::Transaction::reliable(now));
    } else {
      check.transaction.emplace(now, scheduleOf(check.rto));
    }
  }

  stun::MessageBuilder builder(pool_, stun::Class::Request, stun::Method::Binding, check.id);
  builder.addUsername(generation.remote->ufrag + ':' + generation.local->ufrag).addPriority(check.priority);
  if (role_ == Role::Controlling)
    builder.addIceControlling(tieBreaker_);
  else
    builder.addIceControlled(tieBreaker_);
  if (useCandidate) builder.addUseCandidate();
  if (useCandidate && renominates(generation)) builder.addNomination(generation.nominations);
  Packet packet = builder.addIntegrity(base::asBytes(generation.remote->pwd)).addFingerprint().finish();
  if (!consent) check.bytes.assign(packet.bytes().begin(), packet.bytes().end());
  ++pair.requestsSent;
  if (consent) ++pair.consentRequestsSent;
  checks_.push_back(std::move(check));
  transmit(pair.path, std::move(packet), now);
}

void Agent::retransmit(Time now) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> timedOut;  // generation and pair
  std::erase_if(checks_, [&](Check& check) {
    auto action = check.transaction ? check.transaction->advance(now) : stun::Transaction::Action::None;
    bool over = action == stun::Transaction::Action::TimedOut || check.forgetAt <= now;
    if (over && check.transaction) timedOut.emplace_back(check.generation, check.pair);
    if (!over && action == stun::Transaction::Action::Retransmit) {
      transmit(check.path, pool_.make(check.bytes), now);
      if (++check.sent < config_.steadyRequests) check.transaction.emplace(now, scheduleOf(check.rto));
    }
    return over;
  });
  for (auto [serial, id] : timedOut) {
    Generation* one = generation(serial);
    if (Pair* pair = one ? one->checklist.byId(id) : nullptr) failPair(*one, *pair);
  }
}

void Agent::cancelChecks(const Generation& generation, const Pair& pair) {
  for (auto& check : checks_) {
    if (check.generation != generation.serial || check.pair != pair.id || !check.transaction) continue;
    // RFC 8445 s.7.3.1.4: not retransmitted, but a response counts for the duration of the transaction.
    check.transaction.reset();
  }
}

void Agent::handleResponse(const Datagram& datagram, const stun::Message& message, Time now) {
  auto at = std::find_if(checks_.begin(), checks_.end(),
                         [id = message.transactionId()](const Check& check) { return check.id == id; });
  Generation* one = at == checks_.end() ? nullptr : generation(at->generation);
  Pair* pair = one ? one->checklist.byId(at->pair) : nullptr;
  if (!pair || pair->consentLost) {
    drops_.add(Drop::UnknownTransaction);
    return;
  }
  // Errors without integrity (400, 401) could come from anybody, and are also what a peer says that does not know its
  // own description yet: the transaction goes on.
  if (!message.checkIntegrity(base::asBytes(one->remote->pwd))) {
    drops_.add(Drop::BadIntegrity);
    return;
  }
  if (!message.unknownComprehensionRequired().empty() ||
      (message.messageClass() == stun::Class::SuccessResponse && !message.xorMappedAddress())) {
    drops_.add(Drop::BadResponse);
    return;
  }
  Check check = std::move(*at);
  checks_.erase(at);
  ++pair->responsesReceived;
  if (datagram.socket != check.path.socket || datagram.from != check.path.remote) {
    failPair(*one, *pair);  // RFC 8445 s.7.2.5.2.1: not symmetric.
  } else if (message.messageClass() == stun::Class::SuccessResponse) {
    succeeded(*one, *pair, check, *message.xorMappedAddress(), now);
  } else {
    handleError(*one, *pair, check, message);
  }
}

void Agent::handleError(Generation& generation, Pair& pair, const Check& check, const stun::Message& message) {
  auto error = message.errorCode();
  if (error && error->code == 487) {
    // RFC 8445 s.7.2.5.1. If the role was switched since, this check only repeats.
    if (check.role == role_) {
      tieBreaker_ = random_.u64();
      switchRole();
    }
    if (!check.consent && !pair.isValid()) generation.checklist.trigger(pair);
    if (generation.nominating == pair.id) generation.nominating.reset();
  } else if (!check.consent) {
    failPair(generation, pair);  // RFC 8445 s.7.2.5.2.4
  }
}

void Agent::succeeded(Generation& generation, Pair& pair, const Check& check, const SocketAddress& mapped, Time now) {
  // Karn's rule: the response to a retransmitted request tells no round-trip time.
  if (check.sent == 1) {
    Duration sample = now - check.sentAt;
    // RFC 6298 s.2: alpha is 1/8.
    pair.smoothedRoundTrip = pair.smoothedRoundTrip ? (*pair.smoothedRoundTrip * 7 + sample) / 8 : sample;
    pair.currentRoundTrip = sample;
    pair.totalRoundTrip += sample;
  }
  pair.answeredAt = now;
  if (&pair == path_) consent_.answered(now);
  if (check.consent && !check.useCandidate) return;

  pair.validLocal = learnMapped(generation, check, pair.local, mapped);
  generation.checklist.succeed(pair);
  generation.proven[pair.path] = &pair;
  PARLEY_LOG(Debug, "ice", "valid: ", generation.locals[pair.validLocal].address, " -> ", pair.path.remote);
  // Other transactions of the pair have nothing left to find out, but the nomination has.
  for (auto& other : checks_) {
    if (other.generation != check.generation || other.pair != pair.id || !other.transaction || other.useCandidate)
      continue;
    other.transaction.reset();
  }
  bool nominatedByUs = check.useCandidate && role_ == Role::Controlling;
  bool nominatedByPeer = pair.nominateOnSuccess && role_ == Role::Controlled;
  if (nominatedByUs || nominatedByPeer) select(generation, pair, now);
  considerNomination(generation, now);
}

void Agent::failPair(Generation& generation, Pair& pair) {
  generation.checklist.fail(pair);
  if (generation.nominating == pair.id) generation.nominating.reset();
  if (generation.selected == &pair) generation.selected = nullptr;
  if (path_ == &pair) {
    path_ = nullptr;
    pathGeneration_ = nullptr;
    consent_.end();
  }
  cancelChecks(generation, pair);
}

/// RFC 8445 s.8.1.1 leaves open when to stop checking. Here the best valid pair is nominated
///  - at once, if no pair of higher priority can still become valid;
///  - otherwise two round trips of that pair later, plus Ta for each better pair whose check has not gone out yet, but
///    never more than `Config::maxNominationDelay`: a better path that works has answered within that, as its check
///    left earlier or no more than that later. Data does not wait for any of this, as it may use a valid pair.
///    A relayed pair waits for `Config::maxRelayNominationDelay`, unless nothing better is left.
void Agent::considerNomination(Generation& generation, Time now) {
  if (role_ != Role::Controlling || !generation.isRunning() || generation.nominating) return;
  if (generation.selected) {
    // draft-thatcher-ice-renomination-01 s.3: whenever there is a better one.
    if (!renominates(generation) || &generation != newest()) return;
    Pair* better = generation.checklist.bestOtherThan(*generation.selected);
    if (better && better->priority > generation.selected->priority) nominate(generation, *better, now);
    return;
  }
  Pair* best = generation.checklist.bestValid();
  if (!best) {
    generation.nominateAt = never;
    return;
  }
  if (generation.checklist.hasBetterUnfinished(*best)) {
    const bool relayed = generation.locals[best->local].candidate.type == CandidateType::Relayed ||
                         generation.remotes[best->remote].candidate.type == CandidateType::Relayed;
    Duration delay = 2 * best->smoothedRoundTrip.value_or(config_.maxNominationDelay) +
                     pacer_.ta() * static_cast<std::int64_t>(generation.checklist.betterWaiting(*best));
    delay = relayed ? config_.maxRelayNominationDelay : std::min(delay, config_.maxNominationDelay);
    if (generation.nominateAt == never || !relayed)
      generation.nominateAt = std::min(generation.nominateAt, now + delay);
    if (generation.nominateAt > now) return;
  }
  nominate(generation, *best, now);
}

void Agent::nominate(Generation& generation, Pair& pair, Time now) {
  generation.nominateAt = never;
  generation.nominating = pair.id;
  pair.nomination = ++generation.nominations;
  // One packet on a path that has just been used: it opens no NAT binding, which is what pacing is for (RFC 8445
  // s.B.1). It goes at once, and the next check waits for it.
  sendCheck(generation, pair, true, false, now);
  pacer_.sent(now);
}

void Agent::select(Generation& generation, Pair& pair, Time now) {
  pair.nominated = true;
  pair.nominateOnSuccess = false;
  // RFC 8445 s.8.1.1: of several pairs that a peer nominated, the one of the highest priority is used.
  // Of those that were given numbers, the one with the highest number (draft-thatcher-ice-renomination-01 s.3).
  if (const Pair* before = generation.selected) {
    if (before == &pair) {
      generation.nominating.reset();
      return;
    }
    const bool newer = pair.nomination > before->nomination;
    const bool older = pair.nomination < before->nomination;
    if (older || (!newer && before->priority > pair.priority)) return;
  }
  generation.selected = &pair;
  generation.wasSelected = true;
  generation.nominating.reset();
  generation.nominateAt = never;
  generation.checklist.conclude(pair, renominates(generation));
  generation.relinkProven();
  for (auto& check : checks_) {
    if (check.generation != generation.serial || !check.transaction) continue;
    const Pair* checked = generation.checklist.byId(check.pair);
    if (checked && checked->state == PairState::InProgress) continue;  // It would be better.
    check.transaction.reset();
  }
  ++selectedChanges_;
  outbox_.event(
      SelectedPairChanged{generation.locals[pair.validLocal].candidate, generation.remotes[pair.remote].candidate});
  if (&generation != newest()) return;
  gatherer_.stopKeepAlive();
  for (auto& other : generations_)
    if (other.get() != &generation && other->retireAt == never) other->retireAt = now + config_.retireAfter;
}

}  // namespace parley::ice
