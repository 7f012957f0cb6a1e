#include "sctp/native/outstanding.hpp"

#include <algorithm>
#include <cassert>

namespace parley::sctp::native {

namespace {

constexpr std::size_t smallestRing = 8;

}  // namespace

void Outstanding::push(const SentChunk& chunk) {
  if (size() == ring_.size()) {
    std::vector<SentChunk> larger(std::max(smallestRing, 2 * ring_.size()));
    const auto mask = larger.size() - 1;
    for (auto tsn = first_; tsn < next_; tsn = tsn.next()) larger[tsn.value & mask] = ring_[tsn.value & mask_];
    ring_ = std::move(larger);
    mask_ = mask;
  }
  ring_[next_.value & mask_] = chunk;
  next_ = next_.next();
}

wire::UnwrappedTsn Outstanding::add(const SentChunk& chunk) {
  const auto tsn = next_;
  push(chunk);
  (*this)[tsn].state = SentChunk::State::InFlight;
  append(inFlight_, tsn.value);
  bytesInFlight_ += chunk.size;
  ++chunksInFlight_;
  missingAtPeer_ += roomFor(chunk);
  return tsn;
}

wire::UnwrappedTsn Outstanding::addAbandoned(const SentChunk& chunk) {
  const auto tsn = next_;
  push(chunk);
  (*this)[tsn].state = SentChunk::State::Abandoned;
  return tsn;
}

void Outstanding::append(List& list, std::uint64_t tsn) {
  auto& chunk = (*this)[{tsn}];
  chunk.before = list.tail;
  chunk.after = 0;
  (list.tail == 0 ? list.head : (*this)[{list.tail}].after) = tsn;
  list.tail = tsn;
}

void Outstanding::unlink(List& list, std::uint64_t tsn) {
  const auto& chunk = (*this)[{tsn}];
  (chunk.before == 0 ? list.head : (*this)[{chunk.before}].after) = chunk.after;
  (chunk.after == 0 ? list.tail : (*this)[{chunk.after}].before) = chunk.before;
}

void Outstanding::leave(wire::UnwrappedTsn tsn) {
  const auto& chunk = (*this)[tsn];
  if (chunk.state == SentChunk::State::InFlight) {
    unlink(inFlight_, tsn.value);
    bytesInFlight_ -= chunk.size;
    --chunksInFlight_;
    missingAtPeer_ -= roomFor(chunk);
  } else if (chunk.state == SentChunk::State::Lost) {
    unlink(lost_, tsn.value);
    missingAtPeer_ -= roomFor(chunk);
  }
}

void Outstanding::resend(wire::UnwrappedTsn tsn) {
  leave(tsn);
  auto& chunk = (*this)[tsn];
  chunk.state = SentChunk::State::InFlight;
  append(inFlight_, tsn.value);
  bytesInFlight_ += chunk.size;
  ++chunksInFlight_;
  missingAtPeer_ += roomFor(chunk);
}

void Outstanding::markAcknowledged(wire::UnwrappedTsn tsn) {
  leave(tsn);
  (*this)[tsn].state = SentChunk::State::Acknowledged;
}

void Outstanding::markLost(wire::UnwrappedTsn tsn) {
  leave(tsn);
  auto& chunk = (*this)[tsn];
  chunk.state = SentChunk::State::Lost;
  append(lost_, tsn.value);
  missingAtPeer_ += roomFor(chunk);
}

void Outstanding::markAbandoned(wire::UnwrappedTsn tsn) {
  leave(tsn);
  (*this)[tsn].state = SentChunk::State::Abandoned;
}

void Outstanding::forgetAcknowledged() {
  for (auto tsn = first_; tsn < next_; tsn = tsn.next())
    if ((*this)[tsn].state == SentChunk::State::Acknowledged) markLost(tsn);
  sortLost();
}

template <class Less>
void Outstanding::rebuild(List& list, SentChunk::State state, Less less) {
  std::vector<std::uint64_t> members;
  for (auto tsn = first_; tsn < next_; tsn = tsn.next())
    if ((*this)[tsn].state == state) members.push_back(tsn.value);
  std::stable_sort(members.begin(), members.end(), less);
  list = {};
  for (auto tsn : members) append(list, tsn);
}

void Outstanding::sortLost() { rebuild(lost_, SentChunk::State::Lost, std::less<>{}); }

void Outstanding::undoLost(std::uint64_t lastPacket) {
  for (auto tsn = firstLost(); !isEnd(tsn);) {
    const auto after = wire::UnwrappedTsn{(*this)[tsn].after};
    if ((*this)[tsn].packet <= lastPacket) resend(tsn);
    tsn = after;
  }
  rebuild(inFlight_, SentChunk::State::InFlight,
          [this](auto a, auto b) { return (*this)[{a}].packet < (*this)[{b}].packet; });
}

void Outstanding::removeFirst() {
  assert(!empty());
  leave(first_);
  first_ = first_.next();
  given_ = std::max(given_, first_ - 1);
}

bool Outstanding::advance() {
  const auto was = given_;
  given_ = std::max(given_, first_ - 1);
  while (given_.next() < next_ && (*this)[given_.next()].state == SentChunk::State::Abandoned) given_ = given_.next();
  return given_ > was;
}

void Outstanding::trim() {
  if (!empty()) return;
  ring_ = {};
  mask_ = 0;
}

}  // namespace parley::sctp::native
