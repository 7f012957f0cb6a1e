#include "sctp/native/outgoing_message.hpp"

#include <cassert>
#include <utility>

namespace parley::sctp::native {

MessageId MessageStore::add(OutgoingMessage message) {
  bytes_ += message.bytes.size();
  ++size_;
  message.next = noMessage;
  if (free_ == noMessage) {
    slots_.push_back(std::move(message));
    return static_cast<MessageId>(slots_.size() - 1);
  }
  const auto id = free_;
  free_ = slots_[id].next;
  slots_[id] = std::move(message);
  return id;
}

void MessageStore::dropBytes(MessageId id) {
  auto& message = slots_[id];
  bytes_ -= message.bytes.size();
  message.bytes = {};
  message.produced = 0;
}

void MessageStore::releaseIfUnused(MessageId id) {
  auto& message = slots_[id];
  if (message.queued || message.chunks > 0) return;
  dropBytes(id);
  assert(size_ > 0);
  --size_;
  message.next = std::exchange(free_, id);
}

void MessageStore::trim() {
  if (size_ > 0) return;
  slots_ = {};
  free_ = noMessage;
}

}  // namespace parley::sctp::native
