#include "sctp/native/outgoing_resets.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

namespace {

/// What fits into a packet beside other chunks: 2 bytes each.
constexpr std::size_t streamsAtOnce = 256;

}  // namespace

void OutgoingResets::prepare(wire::Tsn lastTsn, const std::function<bool(std::uint16_t stream)>& ready) {
  if (inFlight_ || waiting_.empty()) return;
  Request request{next_, lastTsn, {}};
  std::erase_if(waiting_, [&](std::uint16_t stream) {
    if (request.streams.size() == streamsAtOnce || !ready(stream)) return false;
    request.streams.push_back(stream);
    return true;
  });
  if (request.streams.empty()) return;
  next_ = next_.next();
  inFlight_ = std::move(request);
  due_ = true;
  repeated_ = 0;
}

void OutgoingResets::sent(Time now, Duration rto) {
  due_ = false;
  // RFC 6525 s.5.1.1: the timer of data, doubled each time.
  for (unsigned i = 0; i < repeated_ && rto < maximumDelay; ++i) rto *= 2;
  deadline_ = now + std::min(rto, maximumDelay);
}

void OutgoingResets::expired() {
  if (!inFlight_) return;
  due_ = true;
  ++repeated_;
}

std::optional<OutgoingResets::Done> OutgoingResets::handle(const wire::ReconfigResponse& response) {
  if (!inFlight_ || response.request != inFlight_->number) return std::nullopt;
  using wire::ReconfigResult;
  if (response.result == ReconfigResult::InProgress || response.result == ReconfigResult::RequestInProgress) {
    // RFC 6525 s.5.2.7 H2: asked again when the timer expires; the peer is there, so that there is no more doubling. Of
    // a request that it did not look at it would only repeat that answer: it gets a new one.
    if (response.result == ReconfigResult::RequestInProgress) inFlight_->number = std::exchange(next_, next_.next());
    postponed_ = response.result == ReconfigResult::InProgress;
    repeated_ = 0;
    return std::nullopt;
  }
  postponed_ = false;
  const bool performed = response.result == ReconfigResult::Performed || response.result == ReconfigResult::NothingToDo;
  Done done{std::move(inFlight_->streams), !performed};
  inFlight_.reset();
  due_ = false;
  deadline_ = never;
  return done;
}

void OutgoingResets::acknowledged(wire::Tsn cumulative) {
  if (!postponed_ || cumulative.before(inFlight_->lastTsn)) return;
  postponed_ = false;
  due_ = true;
}

}  // namespace parley::sctp::native
