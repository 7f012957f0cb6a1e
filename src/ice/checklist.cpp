#include "ice/checklist.hpp"

#include "ice/priority.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

Pair* Checklist::add(Pair pair) {
  if (find(pair.path)) return nullptr;
  pair.priority = priorityOf(pair);
  if (pairs_.size() >= limit_ && !makeRoomFor(pair.priority)) return nullptr;

  // RFC 8838 s.12: Waiting at the top of its foundation or behind a success, else Frozen.
  bool topmost = true, proven = false;
  for (const auto& other : pairs_) {
    if (other->foundation != pair.foundation) continue;
    topmost = topmost && other->priority < pair.priority;
    proven = proven || other->state == PairState::Succeeded;
  }
  if (topmost || proven) pair.state = PairState::Waiting;
  pair.id = ++lastId_;
  pairs_.push_back(std::make_unique<Pair>(std::move(pair)));
  Pair* added = pairs_.back().get();
  sort();
  return added;
}

bool Checklist::makeRoomFor(std::uint64_t priority) {
  auto lowest = [&](auto&& wanted) {
    return std::find_if(pairs_.rbegin(), pairs_.rend(), [&](const auto& pair) { return wanted(*pair); });
  };
  // A pair that lost consent stays, as the memory of that (RFC 7675 s.5.1).
  auto victim = lowest([](const Pair& pair) { return pair.state == PairState::Failed && !pair.consentLost; });
  if (victim == pairs_.rend()) {
    victim = lowest([](const Pair& pair) { return pair.isPending(); });
    if (victim == pairs_.rend() || (*victim)->priority >= priority) return false;
  }
  std::erase(triggered_, (*victim)->id);
  pairs_.erase(std::next(victim).base());
  return true;
}

Pair* Checklist::find(const PathKey& path) {
  auto at = std::find_if(pairs_.begin(), pairs_.end(), [&](const auto& pair) { return pair->path == path; });
  return at == pairs_.end() ? nullptr : at->get();
}

Pair* Checklist::byId(std::uint32_t id) {
  auto at = std::find_if(pairs_.begin(), pairs_.end(), [&](const auto& pair) { return pair->id == id; });
  return at == pairs_.end() ? nullptr : at->get();
}

bool Checklist::canThaw(const Pair& pair) const {
  return pair.state == PairState::Frozen && std::none_of(pairs_.begin(), pairs_.end(), [&](const auto& other) {
           return other->foundation == pair.foundation &&
                  (other->state == PairState::Waiting || other->state == PairState::InProgress);
         });
}

bool Checklist::hasNext() const {
  return !triggered_.empty() || std::any_of(pairs_.begin(), pairs_.end(), [&](const auto& pair) {
    return pair->state == PairState::Waiting || canThaw(*pair);
  });
}

Pair* Checklist::takeNext() {
  // RFC 8445 s.6.1.4.2: triggered checks first. But two NATs that map each destination anew, and filter nothing, lead to a
  // new triggered check for each check, without end: other pairs have a turn now and then.
  auto isOrdinary = [&](const auto& pair) {
    return pair->state == PairState::Waiting &&
           std::find(triggered_.begin(), triggered_.end(), pair->id) == triggered_.end();
  };
  const bool othersTurn =
      triggeredInARow_ >= maxTriggeredInARow && std::any_of(pairs_.begin(), pairs_.end(), isOrdinary);
  while (!triggered_.empty() && !othersTurn) {
    auto id = triggered_.front();
    triggered_.pop_front();
    if (Pair* pair = byId(id)) {
      pair->state = PairState::InProgress;
      ++triggeredInARow_;
      return pair;
    }
  }
  triggeredInARow_ = 0;
  if (othersTurn) {
    auto other = std::find_if(pairs_.begin(), pairs_.end(), isOrdinary);
    (*other)->state = PairState::InProgress;
    return other->get();
  }
  auto isWaiting = [](const auto& pair) { return pair->state == PairState::Waiting; };
  if (std::none_of(pairs_.begin(), pairs_.end(), isWaiting))
    for (auto& pair : pairs_)
      if (canThaw(*pair)) pair->state = PairState::Waiting;
  auto at = std::find_if(pairs_.begin(), pairs_.end(), isWaiting);
  if (at == pairs_.end()) return nullptr;
  (*at)->state = PairState::InProgress;
  return at->get();
}

void Checklist::take(Pair& pair) {
  std::erase(triggered_, pair.id);
  pair.state = PairState::InProgress;
}

void Checklist::trigger(Pair& pair) {
  if (std::find(triggered_.begin(), triggered_.end(), pair.id) == triggered_.end()) triggered_.push_back(pair.id);
  pair.state = PairState::Waiting;
}

void Checklist::succeed(Pair& pair) {
  pair.state = PairState::Succeeded;
  std::erase(triggered_, pair.id);
  for (auto& other : pairs_)
    if (other->state == PairState::Frozen && other->foundation == pair.foundation) other->state = PairState::Waiting;
}

void Checklist::fail(Pair& pair) {
  pair.state = PairState::Failed;
  pair.nominated = pair.nominateOnSuccess = false;
  std::erase(triggered_, pair.id);
}

void Checklist::setControlling(bool controlling) {
  controlling_ = controlling;
  for (auto& pair : pairs_) pair->priority = priorityOf(*pair);
  sort();
}

void Checklist::update(Pair& pair, std::string foundation, std::uint32_t remotePriority) {
  pair.foundation = std::move(foundation);
  pair.remotePriority = remotePriority;
  pair.priority = priorityOf(pair);
  sort();
}

std::uint64_t Checklist::priorityOf(const Pair& pair) const {
  return controlling_ ? pairPriority(pair.localPriority, pair.remotePriority)
                      : pairPriority(pair.remotePriority, pair.localPriority);
}

void Checklist::sort() {
  std::stable_sort(pairs_.begin(), pairs_.end(),
                   [](const auto& a, const auto& b) { return a->priority > b->priority; });
}

Pair* Checklist::bestValid() {
  Pair* best = nullptr;
  for (auto& pair : pairs_)
    if (pair->isValid() && (!best || (pair->nominated && !best->nominated))) best = pair.get();
  return best;
}

std::size_t Checklist::active() const {
  return static_cast<std::size_t>(std::count_if(pairs_.begin(), pairs_.end(), [](const auto& pair) {
    return pair->state == PairState::Waiting || pair->state == PairState::InProgress;
  }));
}

bool Checklist::hasBetterUnfinished(const Pair& pair) const {
  return std::any_of(pairs_.begin(), pairs_.end(), [&](const auto& other) {
    return other->priority > pair.priority && (other->isPending() || other->state == PairState::InProgress);
  });
}

std::size_t Checklist::betterWaiting(const Pair& pair) const {
  return static_cast<std::size_t>(std::count_if(pairs_.begin(), pairs_.end(), [&](const auto& other) {
    return other->priority > pair.priority && other->isPending();
  }));
}

bool Checklist::exhausted() const {
  return std::none_of(pairs_.begin(), pairs_.end(),
                      [](const auto& pair) { return pair->isPending() || pair->state == PairState::InProgress; });
}

Pair* Checklist::bestOtherThan(const Pair& pair) {
  auto at = std::find_if(pairs_.begin(), pairs_.end(),
                         [&](const auto& other) { return other->isValid() && other.get() != &pair; });
  return at == pairs_.end() ? nullptr : at->get();
}

void Checklist::conclude(const Pair& nominated, bool keepBetter) {
  const auto stays = [&](const Pair& pair) { return keepBetter && pair.priority > nominated.priority; };
  std::erase_if(pairs_,
                [&](const auto& pair) { return pair->isPending() && !pair->nominateOnSuccess && !stays(*pair); });
  std::erase_if(triggered_, [&](std::uint32_t id) { return !byId(id); });
  // Their transactions are cancelled; a late response still makes them valid.
  for (auto& pair : pairs_)
    if (pair->state == PairState::InProgress && !stays(*pair)) pair->state = PairState::Failed;
}

void Checklist::forgetFailed() {
  std::erase_if(pairs_, [](const auto& pair) { return pair->state == PairState::Failed && !pair->consentLost; });
}

void Checklist::abandon() {
  for (auto& pair : pairs_)
    if (!pair->isValid()) fail(*pair);
  triggered_.clear();
}

}  // namespace parley::ice
