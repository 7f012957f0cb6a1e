// What leaves: the choice of what may be sent now, and the writing of it.

#include "sctp/native/sender.hpp"

#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/idata_chunk.hpp"

#include <algorithm>
#include <cassert>
#include <type_traits>
#include <utility>

namespace parley::sctp::native {

namespace {

/// RFC 7053: asking for an acknowledgement at once is worth a packet, but not more than one in a round trip, nor more
/// than two hundred in a second.
constexpr Duration leastBetweenImmediate = std::chrono::milliseconds(5);
/// RFC 9260 s.3.3.4: gap blocks count from the cumulative TSN in 16 bits, so that no SACK could tell of more.
constexpr std::size_t mostOutstanding = 65'535;

}  // namespace

std::size_t Sender::chunkHeader() const { return interleaving_ ? wire::IData::headerSize : wire::Data::headerSize; }

/// Whether a piece of what is next goes to a peer that has no room for a full one: if nothing else is on its way, and
/// its room is worth a packet (RFC 1122 s.4.2.3.4), or the time for a probe has come (RFC 9260 s.6.1 rule A).
bool Sender::mayFillWindow() const {
  return outstanding_.empty() && (windowProbeDue_ || roomOfPeer() >= maxPacket_ / 4);
}

/// RFC 9260 s.6.2.1: what the peer has announced, less what is on its way.
std::size_t Sender::roomOfPeer() const {
  const auto missing = outstanding_.missingAtPeer();
  return peerWindow_ > missing ? peerWindow_ - missing : 0;
}

Sender::Next Sender::next(Time now) {
  if (!started_ || (forwardRto_.onlyHead() && !timeoutDue_)) return Next::None;
  const bool window = outstanding_.bytesInFlight() < controller_->window();
  const bool lost = !Outstanding::isEnd(outstanding_.firstLost());
  // RFC 9260 s.6.1 rule C: retransmissions first; F-RTO wants to see new data for once.
  if (lost && !forwardRto_.onlyNew()) {
    if (window || fastRetransmit_ || timeoutDue_ || probeDue_) return Next::Again;
  } else if (queue_.ready(now) && outstanding_.size() < mostOutstanding) {
    const auto room = maxPacket_ - wire::commonHeaderSize - chunkHeader();
    const auto fragment = queue_.next(room, room);
    const auto peer = roomOfPeer();
    if (fragment && fragment->length > peer) {
      if (mayFillWindow()) return Next::New;
      if (outstanding_.empty() && !timers_.running(Timer::WindowProbe)) {
        auto delay = rto_.rto();
        for (unsigned i = 0; i < windowProbes_ && delay < RtoEstimator::most; ++i) delay *= 2;
        timers_.set(Timer::WindowProbe, now + std::min(delay, RtoEstimator::most));
      }
      rate_.onApplicationLimited(outstanding_.bytesInFlight());
    } else if (forwardRto_.onlyNew() ? forwardRto_.newPackets() > 0
                                     : window || (probeDue_ && ranges_.empty()) || timeoutDue_) {
      return Next::New;
    }
  } else if (window && !lost) {
    rate_.onApplicationLimited(outstanding_.bytesInFlight());
  }
  settleGivenUp();
  return probeDue_ && mayProbe(now) ? Next::Probe : Next::None;
}

/// RFC 8985 s.7.3: new data, or else a chunk that may be sent again.
bool Sender::mayProbe(Time now) {
  if (outstanding_.chunksInFlight() == 0 || !probe_.allowed()) return false;
  return !mayGiveUp(outstanding_[probeAgain()], now) || (queue_.ready(now) && roomOfPeer() >= maxPacket_);
}

/// The chunk that probes if there is no new data to do so: the last, and where the peer has gaps the lowest, of which its
/// SACK is sure to tell.
wire::UnwrappedTsn Sender::probeAgain() const {
  const auto first = outstanding_.first();
  const bool lowest = !ranges_.empty() && outstanding_[first].state == SentChunk::State::InFlight;
  return lowest ? first : outstanding_.lastInFlight();
}

/// Whether it may not be sent again: RFC 3758 s.4.1 (by its time), RFC 7496 s.3 (by number).
bool Sender::mayGiveUp(const SentChunk& chunk, Time now) const {
  const auto& message = messages_[chunk.message];
  return message.expires <= now || (message.limitedRetransmits && chunk.transmissions > message.maxRetransmits);
}

bool Sender::wantsPacket(Time now) {
  timers_.stop(Timer::Pacing);
  if (std::exchange(resetsChanged_, false))
    resets_.prepare(nextTsn() - 1, [this](std::uint16_t stream) { return queue_.quiet(stream); });
  if (resets_.due()) return true;
  const auto what = next(now);
  if (forwardDue_) return true;
  if (what == Next::None) return false;
  // What only repairs or asks is not held up by the rate of the rest.
  if (what == Next::Probe || probeDue_ || windowProbeDue_ || fastRetransmit_ || timeoutDue_ || pacer_.allows(now))
    return true;
  timers_.set(Timer::Pacing, pacer_.next());
  return false;
}

std::size_t Sender::oversizeNeeded() const {
  if (Outstanding::isEnd(outstanding_.firstLost())) return 0;
  const auto needed = wire::commonHeaderSize + outstanding_[outstanding_.firstLost()].size;
  return needed > maxPacket_ ? needed : 0;
}

void Sender::fill(wire::PacketBuilder& builder, wire::RequestNumber responseTo, Time now) {
  if (forwardDue_) addForwardTsn(builder, now);
  if (resets_.due()) addReset(builder, responseTo, now);

  const auto what = next(now);
  const bool unpaced = probeDue_ || windowProbeDue_ || fastRetransmit_ || timeoutDue_;
  if (what == Next::None || (!unpaced && !pacer_.allows(now))) return;
  const bool probing = probeDue_;
  const auto head = outstanding_.first();
  const auto newFrom = outstanding_.next();
  bool headAgain = false;
  std::size_t chunks = 0;
  ++lastPacket_;
  if (what == Next::Again) {
    while (!Outstanding::isEnd(outstanding_.firstLost())) {
      // What everything waits for goes first, even if it was lost again after the others.
      const auto lowest = outstanding_.first();
      const bool lowestLost = outstanding_[lowest].state == SentChunk::State::Lost;
      const auto tsn = lowestLost ? lowest : outstanding_.firstLost();
      const auto message = outstanding_[tsn].message;
      if (messages_[message].expires <= now) {
        abandon(message);
        continue;
      }
      if (!addAgain(builder, tsn)) break;
      rack_.retransmitted();
      headAgain |= tsn == head;
      ++chunks;
      if (probing) probe_.sent(tsn, true);
    }
  }
  // What the window let begin fills its packet: the breach is less than one (RFC 9260 s.6.1 rule B).
  if (what != Next::Probe && (Outstanding::isEnd(outstanding_.firstLost()) || what == Next::New))
    while (queue_.ready(now) && addNew(builder, now)) ++chunks;
  if (what == Next::New && chunks > 0 && forwardRto_.onlyNew()) forwardRto_.sentNewPacket();
  if (what == Next::Probe) {
    // Once: if there is no room for it, T3 has to do.
    probeDue_ = false;
    const auto tsn = probeAgain();
    if (addAgain(builder, tsn)) {
      probe_.sent(tsn, true);
      headAgain = tsn == head;
      chunks = 1;
    }
  } else if (probing && outstanding_.next() != newFrom) {
    probe_.sent(outstanding_.next() - 1, false);
  }
  settleGivenUp();
  if (chunks == 0) {
    --lastPacket_;
    // All that there was to send again has become too old: that is to be said instead.
    if (forwardDue_) addForwardTsn(builder, now);
  } else {
    finishPacket(chunks, probing, headAgain, now);
  }
}

bool Sender::write(wire::PacketBuilder& builder, wire::UnwrappedTsn tsn, const SentChunk& chunk) {
  const auto& message = messages_[chunk.message];
  const auto payload = base::Bytes(message.bytes).subspan(chunk.offset, chunk.length);
  const auto ppid = static_cast<std::uint32_t>(message.ppid);
  if (interleaving_)
    return builder.add(wire::IData{chunk.flags, tsn.wrapped(), message.stream, wire::Mid{message.number},
                                   chunk.flags.beginning ? ppid : 0, chunk.number, payload});
  return builder.add(wire::Data{chunk.flags, tsn.wrapped(), message.stream,
                                wire::Ssn{static_cast<std::uint16_t>(message.number)}, ppid, payload});
}

bool Sender::addAgain(wire::PacketBuilder& builder, wire::UnwrappedTsn tsn) {
  auto& chunk = outstanding_[tsn];
  // It is late already: the peer's word on it is wanted at once.
  chunk.flags.immediate = true;
  if (!write(builder, tsn, chunk)) return false;
  outstanding_.resend(tsn);
  if (chunk.transmissions < 255) ++chunk.transmissions;
  chunk.packet = lastPacket_;
  newestImmediate_ = true;
  ++chunksRetransmitted_;
  return true;
}

bool Sender::addNew(wire::PacketBuilder& builder, Time now) {
  const auto header = chunkHeader();
  if (outstanding_.size() >= mostOutstanding) return false;
  // A packet may be larger than the maximum for the sake of an old chunk alone.
  const auto room = std::min(builder.roomForChunk(), maxPacket_ - std::min(maxPacket_, builder.size()));
  if (room <= header) return false;
  auto fragment = queue_.next(room - header, maxPacket_ - wire::commonHeaderSize - header);
  if (!fragment) return false;
  if (const auto peer = roomOfPeer(); fragment->length > peer) {
    if (!mayFillWindow()) return false;
    if (peer > 0) {
      fragment->length = static_cast<std::uint32_t>(peer);
      fragment->end = false;
    }
  }
  const auto id = fragment->message;
  queue_.produced(*fragment);

  SentChunk chunk;
  chunk.message = id;
  chunk.offset = fragment->offset;
  chunk.number = fragment->number;
  chunk.length = static_cast<std::uint16_t>(fragment->length);
  chunk.size = static_cast<std::uint16_t>(wire::padded(header + fragment->length));
  chunk.transmissions = 1;
  chunk.packet = lastPacket_;
  auto& message = messages_[id];
  chunk.flags.unordered = message.unordered;
  chunk.flags.beginning = fragment->beginning;
  chunk.flags.end = fragment->end;
  // The last for now: a peer that waits for another packet before it acknowledges would wait in vain.
  const auto between = std::max(leastBetweenImmediate, rto_.smoothed().value_or(Duration{}));
  newestImmediate_ = hurry_ || probeDue_ || (queue_.empty() && now - immediateAt_ >= between);
  if (newestImmediate_) {
    immediateAt_ = now;
    chunk.flags.immediate = true;
  }

  const auto tsn = outstanding_.add(chunk);
  if (fragment->beginning) message.firstTsn = tsn;
  message.lastTsn = tsn;
  ++message.chunks;
  queue_.chunkAdded(message.stream);
  [[maybe_unused]] const bool written = write(builder, tsn, chunk);
  assert(written);
  tellSent(message.stream, message.ppid, chunk.length);
  return true;
}

void Sender::finishPacket(std::size_t chunks, bool probing, bool headAgain, Time now) {
  std::size_t bytes = 0;
  auto tsn = outstanding_.lastInFlight();
  for (std::size_t i = 0; i < chunks; ++i, tsn = {outstanding_[tsn].before}) bytes += outstanding_[tsn].size;
  const auto state = rate_.onSent(bytes, outstanding_.bytesInFlight(), now);
  tsn = outstanding_.lastInFlight();
  for (std::size_t i = 0; i < chunks; ++i, tsn = {outstanding_[tsn].before}) outstanding_[tsn].sent = state;
  controller_->onSent(bytes, state);
  updatePacer(now);
  pacer_.onSent(bytes, now);

  probeDue_ = false;
  windowProbeDue_ = false;
  fastRetransmit_ = false;
  timeoutDue_ = false;
  // RFC 9260 s.6.3.2 R1, and s.6.1 on the lowest outstanding TSN.
  if (!timers_.running(Timer::Retransmission) || headAgain || probing) restartRetransmission(now);
  armProbe(now);
}

// --- What is not data ---

void Sender::addForwardTsn(wire::PacketBuilder& builder, Time now) {
  if (interleaving_) {
    addForwardTsnAs<wire::IForwardTsn>(builder, now);
  } else {
    addForwardTsnAs<wire::ForwardTsn>(builder, now);
  }
}

/// RFC 3758 s.3.5 C4, RFC 8260 s.2.3.1: for each stream the highest that was given up.
template <class Chunk>
void Sender::addForwardTsnAs(wire::PacketBuilder& builder, Time now) {
  using Skipped = typename Chunk::Skipped;
  constexpr bool mids = std::is_same_v<Chunk, wire::IForwardTsn>;
  const auto room = builder.roomForChunk();
  if (room < Chunk::headerSize) return;
  const auto limit = (room - Chunk::headerSize) / (mids ? 8 : 4);
  auto* list = [this] {
    if constexpr (mids) {
      return &skippedMids_;
    } else {
      return &skipped_;
    }
  }();
  list->clear();
  auto point = outstanding_.first() - 1;
  for (auto tsn = outstanding_.first(); tsn <= outstanding_.advancedPoint(); tsn = tsn.next()) {
    const auto& message = messages_[outstanding_[tsn].message];
    if (mids || !message.unordered) {
      const auto same = std::find_if(list->begin(), list->end(), [&](const Skipped& skipped) {
        if constexpr (mids) {
          return skipped.stream == message.stream && skipped.unordered == message.unordered;
        } else {
          return skipped.stream == message.stream;
        }
      });
      // Messages of a stream begin in the order of their numbers, and so do their TSNs: the last is the highest.
      if (same == list->end()) {
        // C4: what does not fit waits for the next one.
        if (list->size() == limit) break;
        if constexpr (mids) {
          list->push_back(Skipped{message.stream, message.unordered, wire::Mid{message.number}});
        } else {
          list->push_back(Skipped{message.stream, wire::Ssn{static_cast<std::uint16_t>(message.number)}});
        }
      } else if constexpr (mids) {
        same->mid = wire::Mid{message.number};
      } else {
        same->ssn = wire::Ssn{static_cast<std::uint16_t>(message.number)};
      }
    }
    point = tsn;
  }
  if (point < outstanding_.first() || !builder.add(Chunk{point.wrapped(), *list})) return;
  forwardDue_ = false;
  forwardedAt_ = now;
  // RFC 3758 s.3.5 C5.
  if (!timers_.running(Timer::Retransmission)) restartRetransmission(now);
}

void Sender::addReset(wire::PacketBuilder& builder, wire::RequestNumber responseTo, Time now) {
  const auto* request = resets_.due();
  wire::TlvBlock block;
  wire::addOutgoingSsnReset(block, request->number, responseTo, request->lastTsn, request->streams);
  if (!builder.add(wire::ReConfig{block.bytes()})) return;
  resets_.sent(now, rto_.rto());
  timers_.set(Timer::Reset, resets_.deadline());
}

}  // namespace parley::sctp::native
