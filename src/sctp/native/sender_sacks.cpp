// What comes back: acknowledgements, and what they say of losses and of the path.

#include "sctp/native/sender.hpp"

#include <algorithm>

namespace parley::sctp::native {

bool Sender::handle(const wire::SackView& sack, Time now) { return process(sack.cumulative(), &sack, now); }

bool Sender::handleShutdown(wire::Tsn cumulative, Time now) { return process(cumulative, nullptr, now); }

bool Sender::process(wire::Tsn cumulativeOnWire, const wire::SackView* sack, Time now) {
  if (!started_) return true;
  const auto cumulative = (outstanding_.first() - 1).nearest(cumulativeOnWire);
  if (cumulative >= outstanding_.next()) return false;
  // RFC 9260 s.6.2.1 i: it was overtaken by a newer one.
  if (cumulative < outstanding_.first() - 1) return true;

  const auto before = outstanding_.bytesInFlight();
  const bool moved = cumulative >= outstanding_.first();
  Acked acked;
  rack_.begin(rto_.minimum());
  const auto newestBefore = rack_.newest();
  for (auto tsn = outstanding_.first(); tsn <= cumulative; tsn = tsn.next()) {
    acknowledge(tsn, acked, now);
    removeFirst();
  }
  if (moved) ranges_.dropThrough(cumulative);
  if (sack) ranges_.add(*sack, cumulative, outstanding_.next(), [&](auto tsn) { acknowledge(tsn, acked, now); });

  congestion::Ack ack;
  // A SACK has room for the lowest gaps only (RFC 9260 s.6.7). What it tells of later, when something that was sent
  // after it is known to be there, has come long ago.
  if (acked.newestOnce > newestBefore && acked.newestOnce == rack_.newest()) {
    const bool newRound = acked.newestOnce > roundEnd_;
    if (newRound) roundEnd_ = lastPacket_;
    ack.rtt = now - acked.newestOnceAt;
    rto_.sample(*ack.rtt, newRound, now);
    probe_.measured();
    forwardRto_.measured();
  }
  if (sack) {
    const bool wasClosed = peerWindow_ < maxPacket_;
    peerWindow_ = sack->window();
    if (wasClosed && peerWindow_ >= maxPacket_ && acked.bytes == 0) onWindowOpened(now);
    if (roomOfPeer() > 0) {
      timers_.stop(Timer::WindowProbe);
      windowProbes_ = 0;
    }
  }
  // RFC 9260 s.6.1: a peer that answers is there, even if it has no room.
  if (acked.bytes > 0 || moved || peerWindow_ == 0) timeoutsInRow_ = 0;

  const bool headTwice = sack && considerDuplicates(*sack, now);
  if (forwardRto_.active()) {
    ForwardRto::Evidence evidence;
    evidence.cumulativeMoved = moved;
    evidence.oldAcknowledged = acked.old;
    evidence.anythingAcknowledged = acked.bytes > 0;
    evidence.tooFast = acked.tooFast;
    evidence.headDuplicated = headTwice;
    evidence.first = outstanding_.first();
    // With gaps known a loss was being repaired (RFC 5682 s.2.1 step 1), and the peer's SACKs might not reach the new data.
    evidence.mayProbe = ranges_.empty() && queue_.ready(now) && roomOfPeer() >= maxPacket_;
    if (forwardRto_.consider(evidence) == ForwardRto::Finding::InVain) undoTimeout(now);
  }
  if (probe_.repaired(outstanding_.first(), acked.probeTooFast)) {
    // The probe's chunk itself is gone by now; it was a packet, as far as congestion control is concerned.
    congestion::Loss loss;
    loss.now = now;
    loss.bytes = maxPacket_;
    loss.inFlight = outstanding_.bytesInFlight();
    rate_.onLost(loss.bytes);
    loss.lostTotal = rate_.lost();
    loss.delivered = rate_.delivered();
    loss.sent = probeState_;
    controller_->onLoss(loss);
    ack.lost += loss.bytes;
  }
  ack.lost += detectLosses(now);
  rack_.cumulative(outstanding_.first());

  if (outstanding_.advance()) forwardDue_ = true;
  if (outstanding_.advancedPoint() < outstanding_.first()) forwardDue_ = false;
  // RFC 3758 s.3.5 C3 and F2: repeated if it seems to be lost, but not with each SACK.
  if (outstanding_.advancedPoint() >= outstanding_.first() &&
      now - forwardedAt_ >= rto_.smoothed().value_or(RtoEstimator::initial))
    forwardDue_ = true;
  resets_.acknowledged(cumulativeOnWire);
  resetsChanged_ |= moved;

  ack.now = now;
  ack.acked = acked.bytes;
  ack.inFlightBefore = before;
  ack.inFlight = outstanding_.bytesInFlight();
  ack.minRtt = rto_.minimum();
  ack.smoothedRtt = rto_.smoothed().value_or(Duration{});
  ack.rate = rate_.sample(ack.minRtt);
  ack.delivered = rate_.delivered();
  controller_->onAck(ack);
  updatePacer(now);

  if (outstanding_.empty()) {
    timers_.stop(Timer::Retransmission);
    timers_.stop(Timer::Probe);
    timers_.stop(Timer::Reordering);
    probe_.forget();
    probeDue_ = false;
    if (queue_.empty()) timers_.set(Timer::Trim, now + idleBeforeTrim);
  } else if (acked.bytes > 0 || moved) {
    // A path that acknowledges has no time-out; what is lost on it, RACK finds.
    restartRetransmission(now);
    armProbe(now);
  }
  tellRoom();
  tellDrained();
  return true;
}

void Sender::acknowledge(wire::UnwrappedTsn tsn, Acked& acked, Time now) {
  const auto& chunk = outstanding_[tsn];
  if (chunk.state != SentChunk::State::InFlight && chunk.state != SentChunk::State::Lost) return;
  acked.bytes += chunk.size;
  rate_.onDelivered(chunk.sent, chunk.size, now);
  rack_.acknowledged(chunk, tsn, now);
  if (chunk.transmissions == 1) {
    if (chunk.packet >= acked.newestOnce) {
      acked.newestOnce = chunk.packet;
      acked.newestOnceAt = chunk.sent.sentAt;
    }
  } else if (now - chunk.sent.sentAt < rto_.minimum()) {
    acked.tooFast = true;
    acked.probeTooFast |= probe_.outstanding() == tsn;
  }
  if (probe_.outstanding() == tsn) probeState_ = chunk.sent;
  acked.old |= chunk.packet <= forwardRto_.lastPacket();
  outstanding_.markAcknowledged(tsn);
}

void Sender::removeFirst() {
  const auto id = outstanding_[outstanding_.first()].message;
  auto& message = messages_[id];
  outstanding_.removeFirst();
  queue_.chunkRemoved(message.stream);
  --message.chunks;
  messages_.releaseIfUnused(id);
}

/// What the peer says to have got twice. True if the chunk with which T3 began is among it.
bool Sender::considerDuplicates(const wire::SackView& sack, Time now) {
  bool headTwice = false;
  bool inVain = false;
  for (std::size_t i = 0; i < sack.duplicateCount(); ++i) {
    const auto tsn = outstanding_.first().nearest(sack.duplicate(i));
    if (probe_.takeRepairInVain(tsn)) {
      inVain = true;
    } else if (forwardRto_.active() && tsn == forwardRto_.head()) {
      headTwice = true;
    } else if (!probe_.duplicated(tsn)) {
      inVain |= rack_.duplicated(outstanding_.next());
    }
  }
  if (inVain) controller_->onSpuriousLoss(now);
  return headTwice;
}

/// What RACK finds is marked and told to congestion control, packet by packet. Returns the bytes. What is above the highest
/// TSN known at the peer may be there, behind more gaps than a SACK has room for (RFC 9260 s.6.7). It goes again, for to
/// wait until the SACKs reach it would take a round trip for each few hundred gaps; but it says nothing of the path.
std::size_t Sender::detectLosses(Time now) {
  std::size_t bytes = 0;
  congestion::Loss loss;
  loss.now = now;
  std::uint64_t packet = 0;
  auto tell = [&] {
    if (loss.bytes == 0) return;
    loss.lostTotal = rate_.lost();
    loss.inFlight = outstanding_.bytesInFlight();
    loss.delivered = rate_.delivered();
    controller_->onLoss(loss);
    loss.bytes = 0;
  };
  const auto again = rack_.detect(outstanding_, rto_.smoothed().value_or(Duration{}), now, [&](auto tsn) {
    const auto& chunk = outstanding_[tsn];
    if (chunk.packet != packet) {
      tell();
      packet = chunk.packet;
      loss.sent = chunk.sent;
    }
    if (tsn < rack_.highest()) {
      loss.bytes += chunk.size;
      rate_.onLost(chunk.size);
    }
    bytes += chunk.size;
    outstanding_.markLost(tsn);
    if (messages_[chunk.message].limited()) scratch_.push_back(tsn);
  });
  tell();
  timers_.set(Timer::Reordering, again);
  if (bytes > 0 && !rack_.recovering()) {
    rack_.enterRecovery(outstanding_.next() - 1);
    // RFC 9260 s.7.2.4: the first packet of a repair does not wait for the window.
    fastRetransmit_ = true;
  }
  giveUpLost(now);
  return bytes;
}

/// Of the chunks in `scratch_`, which were just marked lost, those that may not be sent again.
void Sender::giveUpLost(Time now) {
  for (auto tsn : scratch_) {
    if (!outstanding_.contains(tsn)) continue;
    const auto& chunk = outstanding_[tsn];
    if (chunk.state == SentChunk::State::Lost && mayGiveUp(chunk, now)) abandon(chunk.message);
  }
  scratch_.clear();
  if (Outstanding::isEnd(outstanding_.firstLost())) fastRetransmit_ = false;
}

/// What was sent when the peer's window was closed, or overran it, was thrown away there: it goes again now, and does
/// not wait for a time-out that has been doubled many times.
void Sender::onWindowOpened(Time now) {
  const auto smoothed = rto_.smoothed().value_or(Duration{});
  for (auto tsn = outstanding_.firstInFlight(); !Outstanding::isEnd(tsn);) {
    const auto after = wire::UnwrappedTsn{outstanding_[tsn].after};
    if (rack_.overdue(outstanding_[tsn], smoothed, now)) {
      scratch_.push_back(tsn);
      outstanding_.markLost(tsn);
    }
    tsn = after;
  }
  if (Outstanding::isEnd(outstanding_.firstLost())) return;
  outstanding_.sortLost();
  giveUpLost(now);
  forwardRto_.cancel();
  restartRetransmission(now);
}

/// T3 has expired in vain: what was sent before it is still on its way.
void Sender::undoTimeout(Time now) {
  outstanding_.undoLost(forwardRto_.lastPacket());
  rack_.undo();
  controller_->onSpuriousLoss(now);
}

void Sender::updatePacer(Time now) { pacer_.set(controller_->pacingRate(), controller_->sendQuantum(), now); }

}  // namespace parley::sctp::native
