#include "sctp/native/incoming_resets.hpp"

#include "sctp/wire/tlv.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

using wire::ReconfigResult;

void IncomingResets::start(wire::RequestNumber first, std::uint16_t streams) {
  *this = IncomingResets();
  next_ = first;
  streams_ = streams;
}

std::optional<IncomingResets::Reset> IncomingResets::handle(const wire::ReconfigParameter& parameter,
                                                            wire::UnwrappedTsn cumulative) {
  if (const auto* reset = std::get_if<wire::OutgoingSsnReset>(&parameter)) {
    if (!isNew(reset->request)) return std::nullopt;
    Deferred wanted{cumulative.nearest(reset->lastTsn), reset->request, {}};
    for (std::size_t i = 0; i < reset->streams.size(); ++i)
      if (reset->streams[i] < streams_) wanted.streams.push_back(reset->streams[i]);
    if (wanted.streams.empty() && !reset->streams.empty()) {
      // Naming none means all; naming none that exists does not.
      settle(wanted.request, ReconfigResult::NothingToDo);
    } else if (deferred_ && sameAgain(*deferred_, wanted)) {
      deferred_->request = wanted.request;
      settle(wanted.request, ReconfigResult::InProgress);
    } else if (deferred_) {
      settle(wanted.request, ReconfigResult::RequestInProgress);
    } else if (settled_ && sameAgain(*settled_, wanted)) {
      settled_->request = wanted.request;
      settle(wanted.request, ReconfigResult::Performed);
    } else {
      deferred_ = std::move(wanted);
      if (deferred_->after > cumulative) {
        settle(deferred_->request, ReconfigResult::InProgress);
        return std::nullopt;
      }
      auto done = progressed(cumulative);
      settled_.reset();
      return done;
    }
  } else if (const auto* add = std::get_if<wire::AddStreams>(&parameter)) {
    if (!isNew(add->request)) return std::nullopt;
    const bool possible = add->outgoing && add->count <= UINT16_MAX - streams_;
    if (possible) streams_ = static_cast<std::uint16_t>(streams_ + add->count);
    settle(add->request, possible ? ReconfigResult::Performed : ReconfigResult::Denied);
  } else if (const auto* incoming = std::get_if<wire::IncomingSsnReset>(&parameter)) {
    if (isNew(incoming->request)) settle(incoming->request, ReconfigResult::Denied);
  } else if (const auto* both = std::get_if<wire::SsnTsnReset>(&parameter)) {
    if (isNew(both->request)) settle(both->request, ReconfigResult::Denied);
  }
  return std::nullopt;
}

std::optional<IncomingResets::Reset> IncomingResets::progressed(wire::UnwrappedTsn cumulative) {
  if (!deferred_ || deferred_->after > cumulative) return std::nullopt;
  settled_ = std::exchange(deferred_, std::nullopt);
  // RFC 6525 s.5.2.2 E5: said without being asked again, which saves the peer its timer.
  settle(settled_->request, ReconfigResult::Performed);
  return Reset{settled_->streams};
}

bool IncomingResets::blocked(std::uint16_t stream, wire::UnwrappedTsn tsn) const {
  if (!deferred_ || tsn <= deferred_->after) return false;
  const auto& streams = deferred_->streams;
  return streams.empty() || std::find(streams.begin(), streams.end(), stream) != streams.end();
}

bool IncomingResets::sameAgain(const Deferred& earlier, const Deferred& wanted) {
  return wanted.request == earlier.request.next() && wanted.after == earlier.after && wanted.streams == earlier.streams;
}

bool IncomingResets::isNew(wire::RequestNumber request) {
  if (request == next_) {
    next_ = next_.next();
    return true;
  }
  for (const auto& known : known_) {
    if (known.valid && known.request == request) {
      answer(request, known.result);
      return false;
    }
  }
  answer(request, ReconfigResult::BadSequenceNumber);
  return false;
}

void IncomingResets::settle(wire::RequestNumber request, ReconfigResult result) {
  auto& slot = known_[request.value % known_.size()];
  slot = {request, result, true};
  answer(request, result);
}

void IncomingResets::answer(wire::RequestNumber request, ReconfigResult result) {
  for (std::size_t i = 0; i < answers_; ++i) {
    if (toSend_[i].request == request) {
      toSend_[i].result = result;
      return;
    }
  }
  // Who asks for more in one go asks again.
  if (answers_ < toSend_.size()) toSend_[answers_++] = {request, result};
}

bool IncomingResets::fill(wire::PacketBuilder& builder) {
  while (answers_ > 0) {
    // RFC 6525 s.3.1: at most two responses in a chunk.
    wire::TlvBlock block;
    const auto count = std::min<std::size_t>(answers_, 2);
    for (std::size_t i = 0; i < count; ++i) wire::addReconfigResponse(block, toSend_[i].request, toSend_[i].result);
    if (!builder.add(wire::ReConfig{block.bytes()})) return false;
    std::copy(toSend_.begin() + static_cast<std::ptrdiff_t>(count), toSend_.end(), toSend_.begin());
    answers_ -= count;
  }
  return true;
}

}  // namespace parley::sctp::native
