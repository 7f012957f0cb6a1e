// From Established to Ended: RFC 9260 s.9.
#include "base/log.hpp"
#include "sctp/native/association_output.hpp"
#include "sctp/wire/abort_chunk.hpp"
#include "sctp/wire/shutdown_chunk.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

namespace {

// RFC 9260 s.9.2: five times RTO.Max.
constexpr Duration guardTime = 5 * RtoEstimator::most;

}  // namespace

// --- The application's wish ---

void Association::shutdown(Time now) {
  begin(now);
  if (is<Idle>() || is<CookieWait>() || is<CookieEchoed>()) return abort(now);
  if (!is<Established>()) return;
  state_ = ShutdownPending{};
  link_->sender.hurry();
}

void Association::abort(Time now) {
  begin(now);
  if (link_ && !is<Ended>()) {
    wire::TlvBlock causes;
    wire::cause::addUserInitiatedAbort(causes, {});
    abortWith(causes, link_->peer.tag);
  }
  // No event, and nothing to receive.
  link_.reset();
  farewell_.reset();
  end();
}

// --- The shutdown procedure ---

void Association::settleShutdown() {
  if (!(is<ShutdownPending>() || is<ShutdownReceived>()) || !link_->sender.drained()) return;
  t2_ = link_->sender.rto().rto();
  timers_.set(Timer::Guard, now_ + guardTime);
  if (is<ShutdownPending>()) {
    state_ = ShutdownSent{};
    sendShutdown();
  } else {
    state_ = ShutdownAckSent{};
    sendShutdownAck();
  }
}

void Association::sendShutdown() {
  transmit(link_->peer.tag, checksum(), wire::Shutdown{link_->receiver.cumulative()});
  timers_.set(Timer::T2, now_ + t2_);
}

void Association::sendShutdownAck() {
  transmit(link_->peer.tag, checksum(), wire::ShutdownAck{});
  timers_.set(Timer::T2, now_ + t2_);
}

void Association::onT2() {
  // RFC 9260 s.6.3.3 E2
  t2_ = std::min(2 * t2_, RtoEstimator::most);
  if (is<ShutdownSent>()) sendShutdown();
  if (is<ShutdownAckSent>()) sendShutdownAck();
}

void Association::onGuard() {
  wire::TlvBlock causes;
  wire::cause::addProtocolViolation(causes, "the shutdown was not answered");
  abortWith(causes, link_->peer.tag);
  // Who waits for SHUTDOWN COMPLETE has said all and heard all.
  if (is<ShutdownAckSent>()) return close();
  fail("the peer did not answer the shutdown", std::nullopt);
}

void Association::onShutdown(const wire::ChunkView& chunk, Answers& answers) {
  if (is<ShutdownAckSent>()) {
    answers.shutdownAck = true;
    return;
  }
  if (!transfers()) return drops_.add(Drop::UnexpectedChunk);
  auto shutdown = wire::Shutdown::parse(chunk);
  if (!shutdown) return drops_.add(Drop::BadChunk);
  if (!link_->sender.handleShutdown(shutdown->cumulative, now_))
    return violated("a SHUTDOWN that acknowledges what was never sent");
  if (is<ShutdownSent>()) {
    // RFC 9260 s.9.2: both ends at once.
    state_ = ShutdownAckSent{};
    answers.shutdownAck = true;
    return;
  }
  state_ = ShutdownReceived{};
  link_->sender.hurry();
}

void Association::onShutdownAck() {
  if (!is<ShutdownSent>() && !is<ShutdownAckSent>()) return drops_.add(Drop::UnexpectedChunk);
  transmit(link_->peer.tag, checksum(), wire::ShutdownComplete{});
  close();
}

void Association::onShutdownComplete(const wire::ChunkView& chunk, const wire::PacketView& packet) {
  if (!is<ShutdownAckSent>()) return drops_.add(Drop::UnexpectedChunk);
  // RFC 9260 s.8.5.1 C
  const bool reflected = wire::ShutdownComplete::parse(chunk).tagReflected;
  if (packet.verificationTag() != (reflected ? link_->peer.tag : local_.tag)) return drops_.add(Drop::WrongTag);
  close();
}

// --- The other ends ---

void Association::onAbort(const wire::ChunkView& chunk, const wire::PacketView& packet) {
  auto abort = wire::Abort::parse(chunk);
  if (!abort) return drops_.add(Drop::BadChunk);
  // RFC 9260 s.8.5.1 B
  const bool right = abort->tagReflected ? link_ && packet.verificationTag() == link_->peer.tag
                                         : packet.verificationTag() == local_.tag;
  if (!right) return drops_.add(Drop::WrongTag);
  // Who waits for SHUTDOWN COMPLETE has said all and heard all. The peer has closed, and our SHUTDOWN came to it after
  // that.
  if (is<ShutdownAckSent>()) return close();
  std::string reason = "the peer has aborted the association";
  std::optional<std::uint16_t> code;
  if (auto cause = wire::TlvReader(abort->causes).next()) {
    reason += ": " + wire::describeCauses(abort->causes);
    code = cause->type;
  }
  fail(std::move(reason), code);
}

void Association::violated(std::string_view what) {
  wire::TlvBlock causes;
  wire::cause::addProtocolViolation(causes, what);
  abortWith(causes, link_->peer.tag);
  fail("the peer has violated the protocol: " + std::string(what),
       static_cast<std::uint16_t>(wire::CauseCode::ProtocolViolation));
}

void Association::abortWith(const wire::TlvBlock& causes, std::uint32_t tag) {
  transmit(tag, checksum(), wire::Abort{false, causes.bytes()});
}

void Association::fail(std::string reason, std::optional<std::uint16_t> cause) {
  PARLEY_LOG(Debug, "sctp", "failed in ", stateName(), ": ", reason);
  end();
  farewell_ = Failed{std::move(reason), cause};
}

void Association::close() {
  end();
  farewell_ = Closed{};
}

void Association::end() {
  state_ = Ended{};
  timers_.stopAll();
}

}  // namespace parley::sctp::native
