#include "sctp/native/sender.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace parley::sctp::native {

namespace {

/// Of a packet, what is not chunks.
constexpr std::size_t commonHeader = wire::commonHeaderSize;

}  // namespace

Sender::Sender(const Config& config, std::uint64_t seed)
    : sendBuffer_(config.sendBuffer),
      maxMessageSize_(config.remoteMaxMessageSize),
      congestionControl_(config.congestionControl),
      seed_(seed) {}

Sender::~Sender() = default;

void Sender::start(const Start& start, Time now) {
  started_ = true;
  interleaving_ = start.interleaving;
  partialReliability_ = start.partialReliability;
  reconfiguration_ = start.reconfiguration;
  streams_ = start.streams;
  maxPacket_ = start.maxPacket;
  peerWindow_ = start.peerWindow;
  queue_.setInterleaving(interleaving_);
  // Half of what the peer holds is for messages of which it has a part, the rest for what overtakes them and for what
  // waits for a retransmission.
  queue_.setMostBegun(start.peerWindow / 2);
  outstanding_.start(start.initialTsn);
  // RFC 6525 s.4.1: the sequence numbers of requests begin as the TSNs do.
  resets_.start({start.initialTsn.value});
  if (start.rtt) rto_.sample(*start.rtt, true, now);
  congestion::Parameters parameters;
  parameters.maxPacket = maxPacket_ - commonHeader;
  parameters.rtt = start.rtt;
  parameters.seed = seed_;
  controller_ = congestion::makeController(congestionControl_, parameters);
  updatePacer(now);
}

// --- The application's side ---

SendResult Sender::send(std::uint16_t stream, Ppid ppid, std::vector<std::uint8_t>&& bytes,
                        const Reliability& reliability, Time now) {
  if (!started_ || stream >= streams_ || bytes.empty() || bytes.size() > maxMessageSize_ || queue_.paused(stream))
    return SendResult::Invalid;
  // One goes in always, or a message larger than the buffer never would.
  if (messages_.size() > 0 && messages_.footprint() + bytes.size() + MessageStore::overhead > sendBuffer_) {
    refused_ = std::max(refused_.value_or(0), bytes.size());
    return SendResult::Full;
  }
  OutgoingMessage message;
  message.bytes = std::move(bytes);
  message.stream = stream;
  message.ppid = ppid;
  message.unordered = !reliability.ordered;
  if (partialReliability_) {
    message.limitedRetransmits = reliability.maxRetransmits.has_value();
    message.maxRetransmits = reliability.maxRetransmits.value_or(0);
    if (reliability.maxPacketLifeTime) {
      message.expires = now + std::chrono::milliseconds(*reliability.maxPacketLifeTime);
      timers_.setIfSooner(Timer::Expiry, message.expires);
    }
    limitedSent_ |= message.limited();
  }
  queue_.add(messages_.add(std::move(message)));
  timers_.stop(Timer::Trim);
  return SendResult::Sent;
}

void Sender::setPriority(std::uint16_t stream, std::uint16_t priority) {
  if (stream < streams_) queue_.setPriority(stream, priority);
}

void Sender::resetStreams(const std::vector<std::uint16_t>& streams, Time) {
  if (!started_ || !reconfiguration_) {
    events_.push_back(Association::OutgoingStreamsReset{streams, true});
    return;
  }
  for (auto stream : streams) {
    if (stream >= streams_ || queue_.paused(stream)) continue;
    queue_.pause(stream);
    resets_.add(stream);
    resetsChanged_ = true;
  }
}

void Sender::handle(const wire::ReconfigResponse& response, Time) {
  auto done = resets_.handle(response);
  if (!done) {
    if (resets_.deadline() == never) timers_.stop(Timer::Reset);
    return;
  }
  timers_.stop(Timer::Reset);
  timeoutsInRow_ = 0;
  resetsChanged_ = true;
  for (auto stream : done->streams) {
    if (done->refused) {
      queue_.resume(stream);
    } else {
      queue_.reset(stream);
    }
  }
  events_.push_back(Association::OutgoingStreamsReset{std::move(done->streams), done->refused});
}

void Sender::measured(Duration rtt, Time now) {
  rto_.sample(rtt, true, now);
  timeoutsInRow_ = 0;
}

void Sender::setMaxPacket(std::size_t bytes) {
  if (bytes == maxPacket_ || !started_) return;
  maxPacket_ = bytes;
  controller_->setMaxPacket(bytes - commonHeader);
}

// --- What it says ---

std::optional<Sender::Event> Sender::poll() {
  if (eventsTold_ == events_.size()) {
    events_.clear();
    eventsTold_ = 0;
    return std::nullopt;
  }
  return std::move(events_[eventsTold_++]);
}

void Sender::tellSent(std::uint16_t stream, Ppid ppid, std::size_t bytes) {
  if (bytes == 0) return;
  if (eventsTold_ < events_.size()) {
    auto* last = std::get_if<Association::Sent>(&events_.back());
    if (last && last->stream == stream && last->ppid == ppid) {
      last->bytes += bytes;
      return;
    }
  }
  events_.push_back(Association::Sent{stream, ppid, bytes});
}

void Sender::tellRoom() {
  if (!refused_) return;
  if (messages_.size() > 0 && messages_.footprint() + *refused_ + MessageStore::overhead > sendBuffer_) return;
  refused_.reset();
  events_.push_back(Association::Writable{});
}

void Sender::tellDrained() {
  if (!limitedSent_ || !drained()) return;
  limitedSent_ = false;
  events_.push_back(Association::Drained{});
}

bool Sender::drained() const { return queue_.empty() && outstanding_.empty(); }

bool Sender::outstanding() const { return !outstanding_.empty(); }

unsigned Sender::timeoutsInRow() const { return std::max(timeoutsInRow_, resets_.repeated()); }

wire::Tsn Sender::nextTsn() const { return outstanding_.next().wrapped(); }

void Sender::fillStats(AssociationStats& stats) const {
  stats.smoothedRtt = rto_.smoothed();
  stats.peerReceiveWindow = peerWindow_;
  stats.unacknowledgedChunks = outstanding_.size();
  stats.chunksRetransmitted = chunksRetransmitted_;
  stats.timeouts = timeouts_;
  if (!controller_) return;
  stats.congestionWindow = controller_->window();
  stats.congestionState = controller_->name();
}

// --- What is given up ---

void Sender::settleGivenUp() {
  while (auto given = queue_.takeGivenUp()) {
    const auto& message = messages_[given->message];
    tellSent(message.stream, message.ppid, given->unsent);
    if (given->begun) {
      abandon(given->message);
    } else {
      messages_.releaseIfUnused(given->message);
    }
    resetsChanged_ = true;
  }
  tellRoom();
  tellDrained();
}

/// RFC 3758 s.3.5 A3: all chunks of the message, whatever has become of them. `id` is not in the queue any more, or, if
/// it still is, its rest is dropped.
void Sender::abandon(MessageId id) {
  auto& message = messages_[id];
  if (message.abandoned) return;
  message.abandoned = true;
  // The rest was told of before if it was the queue that gave it up.
  if (message.queued) tellSent(message.stream, message.ppid, queue_.drop(id));
  if (message.unsent() > 0) {
    // What the peer has of it may be acknowledged cumulatively already, and no FORWARD TSN could then tell it that no
    // more will come. So the rest of the message gets a TSN that is abandoned.
    SentChunk rest;
    rest.message = id;
    rest.number = message.nextFragment;
    rest.flags.unordered = message.unordered;
    rest.flags.end = true;
    message.lastTsn = outstanding_.addAbandoned(rest);
    ++message.chunks;
    queue_.chunkAdded(message.stream);
  }
  for (auto tsn = std::max(outstanding_.first(), message.firstTsn); tsn <= message.lastTsn; tsn = tsn.next())
    if (outstanding_[tsn].message == id) outstanding_.markAbandoned(tsn);
  messages_.dropBytes(id);
  if (outstanding_.advance()) forwardDue_ = true;
}

void Sender::sweepExpired(Time now) {
  timers_.set(Timer::Expiry, queue_.expire(now));
  settleGivenUp();
}

// --- Time ---

Time Sender::deadline() const { return timers_.next(); }

void Sender::advance(Time now) {
  if (timers_.expired(Timer::Expiry, now)) sweepExpired(now);
  timers_.expired(Timer::Pacing, now);
  if (timers_.expired(Timer::Reordering, now) && detectLosses(now) > 0) updatePacer(now);
  if (timers_.expired(Timer::Probe, now) && mayProbe(now)) {
    probeDue_ = true;
    // RFC 8985 s.7.3: T3 is what comes after it.
    restartRetransmission(now);
  }
  if (timers_.expired(Timer::Retransmission, now)) onTimeout(now);
  if (timers_.expired(Timer::WindowProbe, now)) {
    windowProbeDue_ = true;
    ++windowProbes_;
  }
  if (timers_.expired(Timer::Reset, now)) resets_.expired();
  if (timers_.expired(Timer::Trim, now)) {
    messages_.trim();
    outstanding_.trim();
    ranges_.trim();
    events_.shrink_to_fit();
    scratch_ = {};
  }
}

void Sender::onTimeout(Time now) {
  if (outstanding_.empty()) return;
  // RFC 9260 s.6.1: a peer that has no room throws away what comes; that says nothing of the path.
  const bool closed = peerWindow_ == 0;
  ++timeouts_;
  ++timeoutsInRow_;
  probe_.forget();
  probeDue_ = false;
  const auto head = outstanding_.first();
  if (outstanding_[head].state == SentChunk::State::Acknowledged) {
    outstanding_.forgetAcknowledged();
    ranges_.clear();
  }
  // RFC 8985 s.6.3: the first one, and whatever has had its time.
  const auto smoothed = rto_.smoothed().value_or(Duration{});
  bool any = outstanding_[head].state == SentChunk::State::Lost;
  for (auto tsn = outstanding_.firstInFlight(); !Outstanding::isEnd(tsn);) {
    const auto& chunk = outstanding_[tsn];
    const auto after = wire::UnwrappedTsn{chunk.after};
    if (tsn == head || rack_.overdue(chunk, smoothed, now)) {
      any = true;
      rate_.onLost(chunk.size);
      scratch_.push_back(tsn);
      outstanding_.markLost(tsn);
    }
    tsn = after;
  }
  outstanding_.sortLost();
  if (any && !closed) {
    controller_->onTimeout(now);
    forwardRto_.expired(head, outstanding_.next(), lastPacket_);
    rack_.enterRecovery(outstanding_.next() - 1);
  }
  timeoutDue_ = true;
  rto_.backOff();
  giveUpLost(now);
  forwardDue_ = outstanding_.advancedPoint() >= outstanding_.first();
  timers_.stop(Timer::Probe);
  timers_.stop(Timer::Reordering);
  restartRetransmission(now);
  updatePacer(now);
}

void Sender::armProbe(Time now) {
  timers_.stop(Timer::Probe);
  if (outstanding_.chunksInFlight() == 0 || !probe_.allowed() || timeoutsInRow_ > 0) return;
  const auto newest = outstanding_[outstanding_.lastInFlight()].packet;
  const bool onePacket = outstanding_[outstanding_.firstInFlight()].packet == newest;
  const auto at = now + rto_.probeTimeout(onePacket && !newestImmediate_);
  // RFC 8985 s.7.2: in place of T3, if that were sooner.
  timers_.set(Timer::Probe, std::min(at, timers_.at(Timer::Retransmission)));
}

}  // namespace parley::sctp::native
