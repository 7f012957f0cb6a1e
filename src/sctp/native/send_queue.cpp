#include "sctp/native/send_queue.hpp"

#include <algorithm>
#include <cassert>

namespace parley::sctp::native {

namespace {

/// Virtual time is in bytes at the highest priority: exact enough for a byte at priority 65535, and 64 bits last for
/// ever.
constexpr std::uint64_t oneByte = 65'536;
/// A fragment of less than a quarter of a packet costs more in headers and in putting together than it fills.
constexpr std::size_t leastShare = 4;
/// What expires is looked for no more often, so that thousands of messages that expire one by one are no work.
constexpr Duration expiryGranularity = std::chrono::milliseconds(10);
/// Of no more than this a packet takes all.
constexpr std::size_t finishedAtOnce = 1'000;

}  // namespace

const SendQueue::Stream* SendQueue::find(std::uint16_t stream) const {
  auto found = streams_.find(stream);
  return found == streams_.end() ? nullptr : &found->second;
}

void SendQueue::add(MessageId id) {
  auto& stream = streams_[messages_[id].stream];
  ++messageCount_;
  if (stream.tail == noMessage) {
    stream.head = id;
  } else {
    messages_[stream.tail].next = id;
  }
  stream.tail = id;
  if (!stream.scheduled) schedule(stream);
}

void SendQueue::schedule(Stream& stream) {
  stream.virtualTime = std::max(stream.virtualTime, present_);
  stream.scheduled = true;
  waiting_.push_back(Waiting{stream.virtualTime, order_++, &stream});
  std::push_heap(waiting_.begin(), waiting_.end());
}

bool SendQueue::choose() {
  if (chosen_) return true;
  if (waiting_.empty()) return false;
  std::pop_heap(waiting_.begin(), waiting_.end());
  chosen_ = waiting_.back().stream;
  waiting_.pop_back();
  return true;
}

bool SendQueue::ready(Time now) {
  while (choose()) {
    auto& stream = *chosen_;
    while (stream.head != noMessage && messages_[stream.head].expires <= now) giveUpHead(stream);
    if (stream.head != noMessage && mayBegin(messages_[stream.head])) return true;
    if (stream.head != noMessage) {
      held_.push_back(&stream);
    } else {
      stream.scheduled = false;
    }
    chosen_ = nullptr;
  }
  return false;
}

bool SendQueue::mayBegin(const OutgoingMessage& message) const {
  return message.produced > 0 || begun_ == 0 || message.bytes.size() <= finishedAtOnce ||
         begun_ + message.bytes.size() <= mostBegun_;
}

/// A message that was begun waits for nothing more.
void SendQueue::ended(const OutgoingMessage& message) {
  begun_ -= message.bytes.size();
  // With their virtual time as it was: they have waited.
  for (auto* stream : held_) {
    waiting_.push_back(Waiting{stream->virtualTime, order_++, stream});
    std::push_heap(waiting_.begin(), waiting_.end());
  }
  held_.clear();
}

std::optional<SendQueue::Fragment> SendQueue::next(std::size_t room, std::size_t full) const {
  assert(chosen_);
  const auto id = chosen_->head;
  const auto& message = messages_[id];
  const auto unsent = message.unsent();
  auto length = unsent;
  if (length > room) {
    // What may be given up is not cut if a packet can hold it: the loss of either of two packets would lose it.
    const bool whole = message.produced == 0 && unsent <= full && message.limited();
    if (room < full && (whole || room < full / leastShare)) return std::nullopt;
    length = room;
  }
  if (length == 0) return std::nullopt;
  return Fragment{id,
                  static_cast<std::uint32_t>(message.produced),
                  static_cast<std::uint32_t>(length),
                  message.nextFragment,
                  message.produced == 0,
                  length == unsent};
}

void SendQueue::produced(const Fragment& fragment) {
  assert(chosen_);
  auto& stream = *chosen_;
  auto& message = messages_[fragment.message];
  assert(stream.head == fragment.message);
  if (fragment.beginning) {
    begun_ += message.bytes.size();
    // Numbers are assigned when the message begins, so that one that expires before leaves no gap.
    if (!message.unordered) {
      message.number = stream.nextOrdered++;
    } else if (interleaving_) {
      message.number = stream.nextUnordered++;
    }
  }
  message.produced += fragment.length;
  ++message.nextFragment;
  if (fragment.beginning || interleaving_) present_ = stream.virtualTime;
  stream.virtualTime += fragment.length * oneByte / stream.priority;
  if (fragment.end) {
    ended(message);
    popHead(stream);
  }
  if (!fragment.end && !interleaving_) return;
  if (stream.head == noMessage) {
    stream.scheduled = false;
    chosen_ = nullptr;
  } else if (!waiting_.empty() && waiting_.front().virtualTime < stream.virtualTime) {
    chosen_ = nullptr;
    schedule(stream);
  }
}

void SendQueue::popHead(Stream& stream) {
  auto& message = messages_[stream.head];
  message.queued = false;
  stream.head = message.next;
  message.next = noMessage;
  if (stream.head == noMessage) stream.tail = noMessage;
  --messageCount_;
}

void SendQueue::giveUpHead(Stream& stream) {
  const auto id = stream.head;
  const auto& message = messages_[id];
  givenUp_.push_back(GivenUp{id, message.unsent(), message.produced > 0});
  if (message.produced > 0) ended(message);
  popHead(stream);
}

std::size_t SendQueue::drop(MessageId id) {
  const auto& message = messages_[id];
  assert(message.queued && message.produced > 0);
  auto& stream = streams_.at(message.stream);
  assert(stream.head == id);
  const auto unsent = message.unsent();
  ended(message);
  // The stream stays where it is in the schedule; `ready` finds out if it has nothing more.
  popHead(stream);
  return unsent;
}

Time SendQueue::expire(Time now) {
  auto soonest = never;
  for (auto& [streamId, stream] : streams_) {
    while (stream.head != noMessage && messages_[stream.head].expires <= now) giveUpHead(stream);
    if (stream.head == noMessage) continue;
    soonest = std::min(soonest, messages_[stream.head].expires);
    // Behind the head, no message was begun.
    for (auto before = stream.head; messages_[before].next != noMessage;) {
      const auto id = messages_[before].next;
      auto& message = messages_[id];
      if (message.expires > now) {
        soonest = std::min(soonest, message.expires);
        before = id;
        continue;
      }
      messages_[before].next = message.next;
      if (stream.tail == id) stream.tail = before;
      message.next = noMessage;
      message.queued = false;
      --messageCount_;
      givenUp_.push_back(GivenUp{id, message.unsent(), false});
    }
  }
  return soonest == never ? never : std::max(soonest, now + expiryGranularity);
}

std::optional<SendQueue::GivenUp> SendQueue::takeGivenUp() {
  if (givenUp_.empty()) return std::nullopt;
  const auto last = givenUp_.back();
  givenUp_.pop_back();
  return last;
}

bool SendQueue::paused(std::uint16_t stream) const {
  const auto* found = find(stream);
  return found && found->paused;
}

void SendQueue::resume(std::uint16_t stream) {
  if (auto found = streams_.find(stream); found != streams_.end()) found->second.paused = false;
}

void SendQueue::reset(std::uint16_t id) {
  auto found = streams_.find(id);
  if (found == streams_.end()) return;
  auto& stream = found->second;
  assert(stream.head == noMessage);
  if (stream.scheduled) {
    if (chosen_ == &stream) chosen_ = nullptr;
    std::erase(held_, &stream);
    std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.stream == &stream; });
    std::make_heap(waiting_.begin(), waiting_.end());
  }
  streams_.erase(found);
}

bool SendQueue::quiet(std::uint16_t stream) const {
  const auto* found = find(stream);
  return !found || (found->head == noMessage && found->outstanding == 0);
}

}  // namespace parley::sctp::native
