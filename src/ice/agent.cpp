#include "ice/agent.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <set>
#include <type_traits>
#include <utility>
#include <variant>

namespace parley::ice {

Agent::Agent(Config config, base::IdSource& ids, base::Random& random, base::PacketPool& pool)
    : config_(std::move(config)),
      ids_(ids),
      random_(random),
      pool_(pool),
      gatherer_(config_, ids, random, pool),
      streams_(config_),
      pacer_(config_.ta),
      tieBreaker_(random.u64()),
      consent_(config_) {}

Agent::~Agent() = default;

// --- Signalling ---

void Agent::gather(const Credentials& local, Time now) {
  if (closed_) return;
  Generation* last = newest();
  if (last && last->local == local) return;
  if (last && !last->remote && generations_.size() > 1 && generations_.front()->local == local) {
    dropGeneration(generations_.size() - 1);
    gatherer_.takeBack(now);
    gatheringFor_ = newest()->serial;
    newest()->gathered = true;
  } else {
    if (last && last->local && !last->remote) dropGeneration(generations_.size() - 1);
    last = newest();
    Generation& fresh = last && !last->local ? *last : addGeneration();
    fresh.local = local;
    const bool pooled = std::exchange(prepared_, false);
    if (!pooled) gatherer_.start(now);
    gatheringFor_ = fresh.serial;
    gatheringState_ = GatheringState::Gathering;
    outbox_.event(GatheringChanged{gatheringState_, local.ufrag});
    for (auto& candidate : std::exchange(pooled_, {})) addLocal(fresh, std::move(candidate), now);
    fresh.gathered = pooled && pooledAll_;
    if (fresh.isComplete()) completed(fresh, now);
  }
  run(now);
}

void Agent::setRemote(const Credentials& remote, const RemoteOptions& options, Time now) {
  if (closed_) return;
  Generation* last = newest();
  if (last && !last->local && generations_.size() > 1 && generations_.front()->remote == remote) {
    dropGeneration(generations_.size() - 1);
    last = newest();
  }
  if (last && last->remote == remote) return;
  if (last && !last->local) last->waitingRemotes.clear();
  Generation& target = last && (!last->remote || !last->local) ? *last : addGeneration();
  target.remote = remote;
  target.remoteOptions = options;
  pacer_.setTa(std::max(config_.ta, options.ta));
  // RFC 8445 s.6.1.1: a full agent controls a lite one, whoever offered.
  if (options.lite && !config_.lite && role_ == Role::Controlled) switchRole();
  if (target.isComplete()) completed(target, now);
  run(now);
}

void Agent::completed(Generation& generation, Time now) {
  PARLEY_LOG(Debug, "ice", "generation ", generation.serial, ": ", generation.local->ufrag, " with ",
             generation.remote->ufrag);
  generation.patienceUntil = now + config_.patience;
  // Between two lite agents there are no checks at all (RFC 8445 s.6.1.1), and so no consent (RFC 7675 s.4).
  if (config_.lite && generation.remoteOptions.lite) {
    PARLEY_LOG(Info, "ice", "both sides are ICE lite: there is no consent without checks");
    generation.failed = true;
  }
  // RFC 8445 s.9: checks of the old generation end; its valid pairs carry data until this one has selected a pair.
  for (auto& other : generations_) {
    if (other.get() == &generation) continue;
    other->checklist.abandon();
    other->nominateAt = never;
    if (pathGeneration_ != other.get()) other->retireAt = now + config_.retireAfter;
  }
  for (const auto& candidate : std::exchange(generation.waitingRemotes, {})) takeRemote(generation, candidate, now);
  pairUp(generation);
  acceptEarly(generation, now);
}

void Agent::addRemoteCandidate(const Candidate& candidate, Time now) {
  if (closed_) return;
  auto ufrag = candidate.ufrag();
  Generation* target = newest();
  if (ufrag)
    for (auto& one : generations_)
      if (one->remote && one->remote->ufrag == *ufrag) target = one.get();
  if (!target) {
    drops_.add(Drop::WrongGeneration);
  } else if (target->isComplete()) {
    takeRemote(*target, candidate, now);
    pairUp(*target);
  } else if (target->waitingRemotes.size() < config_.maxRemoteCandidates) {
    target->waitingRemotes.push_back(candidate);
  } else {
    drops_.add(Drop::RemoteCandidateLimit);
  }
  run(now);
}

void Agent::endOfRemoteCandidates(Time now) {
  if (closed_) return;
  if (Generation* last = newest()) last->remoteEnded = true;
  run(now);
}

void Agent::setRole(Role role, Time now) {
  if (closed_) return;
  if (config_.lite && role == Role::Controlling) {
    // RFC 8445 s.6.1.1: a lite agent is controlled, whoever offered.
    role = Role::Controlled;
    outbox_.event(RoleChanged{role});
  }
  if (signalledRole_ == role) return;
  signalledRole_ = role;
  if (role_ != role) {
    role_ = role;
    for (auto& one : generations_) {
      one->checklist.setControlling(role == Role::Controlling);
      one->nominating.reset();
      one->nominateAt = never;
    }
  }
  run(now);
}

void Agent::switchRole() {
  role_ = role_ == Role::Controlling ? Role::Controlled : Role::Controlling;
  PARLEY_LOG(Debug, "ice", "the role is now ", toString(role_));
  for (auto& one : generations_) {
    one->checklist.setControlling(role_ == Role::Controlling);
    one->nominating.reset();
    one->nominateAt = never;
  }
  outbox_.event(RoleChanged{role_});
}

void Agent::setServers(Servers servers) {
  config_.servers = std::move(servers);
  if (!prepared_) return;
  // What was gathered with the others is of no use, or must not even be shown.
  gatherer_.takeBack(now_);
  prepared_ = false;
  prepare(now_);
}

void Agent::prepare(Time now) {
  if (closed_ || prepared_ || newest()) return;
  prepared_ = true;
  pooledAll_ = false;
  pooled_.clear();
  gatherer_.start(now);
  run(now);
}

// --- Generations ---

Generation* Agent::generation(std::uint32_t serial) {
  for (auto& one : generations_)
    if (one->serial == serial) return one.get();
  return nullptr;
}

Generation& Agent::addGeneration() {
  // At most two: the pair in use stays, the other one makes room.
  if (generations_.size() > 1) dropGeneration(pathGeneration_ == generations_.front().get() ? 1 : 0);
  generations_.push_back(std::make_unique<Generation>(++lastSerial_, config_.maxPairs));
  generations_.back()->checklist.setControlling(role_ == Role::Controlling);
  return *generations_.back();
}

void Agent::dropGeneration(std::size_t index) {
  Generation* gone = generations_[index].get();
  std::erase_if(checks_, [&](const Check& check) { return check.generation == gone->serial; });
  if (pathGeneration_ == gone) {
    pathGeneration_ = nullptr;
    path_ = nullptr;
    consent_.end();
  }
  generations_.erase(generations_.begin() + static_cast<std::ptrdiff_t>(index));
}

void Agent::close(Time now) {
  if (closed_) return;
  now_ = std::max(now_, now);
  closed_ = true;
  state_ = State::Closed;
  // What was asked for and not put out yet is not asked for, and not closed either.
  std::set<SocketId> neverAsked;
  std::vector<SocketId> closing;
  std::vector<Output> farewells;
  const auto sift = [&](auto&& one) {
    using T = std::decay_t<decltype(one)>;
    if constexpr (std::is_same_v<T, BindUdp> || std::is_same_v<T, ListenTcp> || std::is_same_v<T, ConnectTcp>)
      neverAsked.insert(one.socket);
    else if constexpr (std::is_same_v<T, CloseSocket>)
      closing.push_back(one.socket);
    else if constexpr (std::is_same_v<T, WithdrawName>)
      farewells.emplace_back(std::move(one));
  };
  while (auto output = outbox_.poll()) std::visit(sift, std::move(*output));
  gatherer_.close(now);
  streams_.closeAll();
  while (auto output = gatherer_.poll()) {
    // TURN servers are told that their allocations can go.
    if (auto* packet = std::get_if<Transmit>(&*output)) farewells.emplace_back(std::move(*packet));
    std::visit(sift, std::move(*output));
  }
  while (auto output = streams_.poll()) std::visit(sift, std::move(*output));
  for (auto& one : farewells) outbox_.event(std::move(one));
  for (auto socket : closing)
    if (!neverAsked.count(socket)) outbox_.event(CloseSocket{socket});
  path_ = nullptr;
  pathGeneration_ = nullptr;
  consent_.end();
  checks_.clear();
  generations_.clear();
}

/// A network that came gives this generation more candidates; the peer is told when there are no more again.
void Agent::resumeGathering() {
  Generation* target = generation(gatheringFor_);
  if (!target || gatheringState_ != GatheringState::Complete) return;
  target->gathered = false;
  target->resumed = true;
  gatheringState_ = GatheringState::Gathering;
  outbox_.event(GatheringChanged{gatheringState_, target->local->ufrag});
}

void Agent::drainGatherer(Time now) {
  while (auto output = gatherer_.poll()) {
    std::visit(
        [&](auto&& one) {
          using T = std::decay_t<decltype(one)>;
          if constexpr (std::is_same_v<T, LocalCandidate>) {
            if (Generation* target = generation(gatheringFor_))
              addLocal(*target, std::move(one), now);
            else if (prepared_)
              pooled_.push_back(std::move(one));
          } else if constexpr (std::is_same_v<T, GatheringDone>) {
            pooledAll_ = true;
            if (Generation* target = generation(gatheringFor_)) target->gathered = true;
          } else if constexpr (std::is_same_v<T, GatheringResumed>) {
            resumeGathering();
          } else if constexpr (std::is_same_v<T, SocketGone>) {
            socketGone(one.socket);
          } else if constexpr (std::is_same_v<T, PeerRefused>) {
            peerRefused(one);
          } else {
            outbox_.event(std::move(one));
          }
        },
        std::move(*output));
  }
  drainStreams();
  Generation* target = generation(gatheringFor_);
  if (gatheringState_ == GatheringState::Gathering && target && target->gathered) {
    gatheringState_ = GatheringState::Complete;
    outbox_.event(GatheringChanged{gatheringState_, target->local->ufrag});
  }
}

// --- Time ---

std::optional<Output> Agent::poll() { return outbox_.poll(); }

void Agent::advance(Time now) {
  if (!closed_) run(now);
}

Time Agent::deadline() const {
  if (closed_) return never;
  Time at = std::min({gatherer_.deadline(), streams_.deadline(), consent_.deadline(now_)});
  for (const auto& check : checks_) {
    at = std::min(at, check.forgetAt);
    if (check.transaction) at = std::min(at, check.transaction->deadline());
  }
  for (const auto& one : generations_) {
    at = std::min({at, one->nominateAt, one->retireAt});
    if (one->patienceUntil > now_) at = std::min(at, one->patienceUntil);
  }
  if (checksWantSlot() || gatherer_.wantsSlot()) at = std::min(at, pacer_.next());
  return at;
}

void Agent::run(Time now) {
  now_ = std::max(now_, now);
  // What one stage does can make another one due (a pair that failed frees the next); each round uses up deadlines, and
  // the bound only guards against an error in that reasoning.
  int rounds = 0;
  do step(now_);
  while (deadline() <= now_ && ++rounds < 100);
}

void Agent::step(Time now) {
  gatherer_.advance(now);
  streams_.advance(now);
  drainGatherer(now);
  retransmit(now);
  keepConsent(now);
  for (auto& one : generations_) {
    considerNomination(*one, now);
    giveUpOn(*one, now);
  }
  for (std::size_t i = generations_.size(); i-- > 0;) {
    if (generations_[i]->retireAt > now) continue;
    dropGeneration(i);
    gatherer_.closeStale(now);
  }
  fillSlot(now);
  useBestPath(now);
  drainGatherer(now);
  sweepStreams();
  updateState();
}

bool Agent::checksWantSlot() const {
  return !config_.lite && std::any_of(generations_.begin(), generations_.end(),
                                      [](const auto& one) { return one->isRunning() && one->checklist.hasNext(); });
}

void Agent::fillSlot(Time now) {
  if (pacer_.next() > now) return;
  bool gathering = gatherer_.wantsSlot();
  bool checking = checksWantSlot();
  if (!gathering && !checking) return;
  // Both share the pacer (RFC 8445 s.14.1) and take turns, so that neither waits for the other's end.
  if (gathering && (!checking || gatheringHasTurn_)) {
    gatherer_.sendNext(now);
    gatheringHasTurn_ = false;
  } else {
    for (std::size_t i = generations_.size(); i-- > 0;) {
      Generation& one = *generations_[i];
      if (!one.isRunning()) continue;
      if (Pair* pair = one.checklist.takeNext()) {
        sendCheck(one, *pair, false, false, now);
        break;
      }
    }
    gatheringHasTurn_ = true;
  }
  pacer_.sent(now);
}

void Agent::keepConsent(Time now) {
  if (!path_) return;
  if (consent_.expired(now)) {
    PARLEY_LOG(Info, "ice", "consent expired on the path to ", path_->path.remote);
    // RFC 7675 s.5.1: these credentials are not used on this pair again; only a restart brings it back.
    path_->consentLost = true;
    Generation& lost = *pathGeneration_;
    failPair(lost, *path_);
    if (!lost.checklist.bestValid() && lost.checklist.exhausted()) lost.failed = true;
  } else if (consent_.checkAt() <= now) {
    // While a nomination is unanswered each consent check repeats it: its retransmissions become rare.
    // RFC 8445 s.2.5: a lite agent sends none. Its consent is renewed by the requests of the peer, which come as often.
    if (!config_.lite) sendCheck(*pathGeneration_, *path_, pathGeneration_->nominating == path_->id, true, now);
    consent_.checked(now, random_);
  }
  leaveSilentPath(now);
}

/// What a network does that is gone is nothing. When the path falls silent, the other pairs that once worked are tried;
/// one that answers takes over, and if we are controlling it is nominated.
void Agent::leaveSilentPath(Time now) {
  if (!path_ || !consent_.silent(now)) {
    backupsTried_ = false;
    return;
  }
  Generation& here = *pathGeneration_;
  if (config_.lite || !here.isRunning()) return;
  Pair* other = here.checklist.bestOtherThan(*path_);
  if (other && other->answeredAt >= consent_.unansweredSince()) {
    PARLEY_LOG(Info, "ice", "silence on the path to ", path_->path.remote, ": on to ", other->path.remote);
    failPair(here, *path_);
  } else if (!std::exchange(backupsTried_, true)) {
    for (const auto& pair : here.checklist.pairs())
      if (pair.get() != path_ && pair->isValid()) here.checklist.trigger(*pair);
    gatherer_.probeRelay(path_->path.socket, now);
  }
}

void Agent::giveUpOn(Generation& generation, Time now) {
  if (generation.patienceUntil > now || !generation.isRunning() || !generation.gathered) return;
  if (!generation.checklist.exhausted() || generation.checklist.bestValid()) return;
  PARLEY_LOG(Info, "ice", "no pair works");
  generation.failed = true;
  generation.checklist.abandon();
}

void Agent::useBestPath(Time now) {
  Generation* bestGeneration = nullptr;
  Pair* best = nullptr;
  auto consider = [&](Generation& one, Pair* pair) {
    if (best || !pair || !pair->isValid()) return;
    best = pair;
    bestGeneration = &one;
  };
  // A selected pair before a valid one, the new generation before the old: the old selected pair is used until the new
  // generation has one (RFC 8445 s.9), unless it has fallen silent.
  for (std::size_t i = generations_.size(); i-- > 0;) {
    Generation& one = *generations_[i];
    bool silent = one.selected && one.selected == path_ && consent_.silent(now);
    if (!(silent && &one != newest() && newest()->checklist.bestValid())) consider(one, one.selected);
  }
  for (std::size_t i = generations_.size(); i-- > 0;)
    consider(*generations_[i], generations_[i]->checklist.bestValid());
  if (best == path_) return;
  path_ = best;
  pathGeneration_ = bestGeneration;
  if (path_) {
    pathIsDirect_ = !gatherer_.isRelay(path_->path.socket) && !streams_.owns(path_->path.socket);
    consent_.begin(path_->answeredAt, now, random_);
  } else {
    consent_.end();
  }
}

// --- State ---

State Agent::computeState() const {
  const Generation* last = nullptr;  // the newest one that has checks
  for (const auto& one : generations_)
    if (one->isComplete()) last = one.get();
  if (path_) {
    bool restarting = last && last != pathGeneration_ && !last->failed;
    // W3C, RTCIceTransportState: a restart leads from completed to connected, and from disconnected to checking.
    if (consent_.silent(now_)) return restarting ? State::Checking : State::Disconnected;
    bool done = pathGeneration_->selected && pathGeneration_->gathered && pathGeneration_->remoteEnded && !restarting;
    return done ? State::Completed : State::Connected;
  }
  if (!last) return State::New;
  if (last->failed) return State::Failed;
  if (last->wasSelected) return State::Disconnected;  // The socket of the pair is gone.
  bool begun = !last->remotes.empty() || state_ != State::New;
  return begun ? State::Checking : State::New;
}

void Agent::updateState() {
  State next = computeState();
  if (next == state_) return;
  PARLEY_LOG(Debug, "ice", toString(state_), " -> ", toString(next));
  state_ = next;
  StateChanged changed{next};
  if (path_ && !pathGeneration_->selected)
    changed.provisional = SelectedPairChanged{pathGeneration_->locals[path_->validLocal].candidate,
                                              pathGeneration_->remotes[path_->remote].candidate};
  outbox_.event(std::move(changed));
}

}  // namespace parley::ice
