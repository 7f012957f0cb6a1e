// From Idle to Established: RFC 9260 s.5.
#include "base/log.hpp"
#include "sctp/native/association.hpp"
#include "sctp/native/association_output.hpp"
#include "sctp/native/cookie_table.hpp"
#include "sctp/wire/abort_chunk.hpp"
#include "sctp/wire/cookie_chunk.hpp"
#include "sctp/wire/error_chunk.hpp"
#include "sctp/wire/init_chunk.hpp"
#include "sctp/wire/init_parameters.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

namespace {

using Checksum = wire::PacketBuilder::Checksum;

// RFC 9260 s.16 has an RTO.Initial of 1 s and an RTO.Max of 60 s. The path is known to be there, DTLS has just come
// over it; half a second is late enough on all but paths over satellites, and a repetition that was not needed harms
// nothing.
constexpr Duration t1Unmeasured = std::chrono::milliseconds(500);
constexpr Duration t1Least = std::chrono::milliseconds(100);
constexpr Duration t1Most = std::chrono::seconds(5);

}  // namespace

void Association::connect(Time now) {
  begin(now);
  if (!is<Idle>()) return;
  if (config_.snap) {
    auto local = parseInit(config_.snap->localInit);
    auto remote = parseInit(config_.snap->remoteInit);
    if (!local || !remote) return fail("the INIT that was signalled is not one", std::nullopt);
    local_ = local->local;
    openLink(remote->peer, config_.roundTrip);
    return establish();
  }
  local_ = LocalInit::random(random_);
  t1_ = config_.roundTrip ? std::clamp(3 * *config_.roundTrip, t1Least, t1Most) : t1Unmeasured;
  state_ = CookieWait{};
  initSentAt_ = now_;
  sendInit();
}

void Association::startT1() {
  timers_.set(Timer::T1, now_ + t1_);
  // RFC 9260 s.6.3.3 E2, for the next time.
  t1_ = std::min(2 * t1_, t1Most);
}

void Association::onT1() {
  initSentAt_.reset();
  if (is<CookieWait>())
    sendInit();
  else if (auto* echoed = std::get_if<CookieEchoed>(&state_)) {
    echoed->due = true;
    // What was lost with it goes with it again.
    link_->sender.advance(now_);
    startT1();
  }
}

void Association::sendInit() {
  wire::TlvBlock parameters;
  announced(config_).appendTo(parameters);
  wire::Init init;
  init.initiateTag = local_.tag;
  init.window = announcedWindow(config_);
  init.outboundStreams = init.inboundStreams = config_.streams;
  init.initialTsn = local_.initialTsn;
  init.parameters = parameters.bytes();
  // RFC 9260 s.8.5.1 A; RFC 9653 s.5.2: never without a checksum.
  transmit(0, Checksum::Crc32c, init);
  startT1();
}

// RFC 9260 s.5.1 C: DATA may be behind the COOKIE ECHO, and until the COOKIE ACK comes nothing else may be sent.
std::optional<Packet> Association::cookieEchoPacket(CookieEchoed& echo) {
  echo.due = false;
  auto& sender = link_->sender;
  auto builder = packetTo(link_->peer.tag, config_.mtu);
  if (!builder.add(wire::CookieEcho{echo.cookie})) return std::nullopt;
  if (!echo.unrecognized.empty()) builder.add(wire::Error{echo.unrecognized});
  if (sender.wantsPacket(now_)) sender.fill(builder, link_->receiver.lastRequest(), now_);
  ++packetsSent_;
  // RFC 9653 s.5.2: never without a checksum.
  return builder.finish(Checksum::Crc32c);
}

void Association::onInit(const wire::ChunkView& chunk, const wire::PacketView& packet) {
  // RFC 9260 s.8.5.1 A
  if (packet.verificationTag() != 0) return drops_.add(Drop::WrongTag);
  // RFC 9260 s.9.2
  if (is<ShutdownAckSent>()) return sendShutdownAck();
  auto init = wire::Init::parse(chunk);
  if (!init) return drops_.add(Drop::BadChunk);
  auto parameters = wire::InitParameters::parse(init->parameters);
  wire::TlvBlock causes;
  if (!parameters)
    wire::cause::addProtocolViolation(causes, "the parameters do not fill the INIT");
  else if (init->outboundStreams == 0 || init->inboundStreams == 0)
    wire::cause::addInvalidMandatoryParameter(causes);  // RFC 9260 s.3.3.2
  else if (parameters->hostName)
    causes.add(static_cast<std::uint16_t>(wire::CauseCode::UnresolvableAddress), {});  // RFC 9260 s.5.1.2
  // The association itself, if there is one, goes on: s.5.2.2.
  if (!causes.empty()) return transmit(init->initiateTag, Checksum::Crc32c, wire::Abort{false, causes.bytes()});

  Cookie cookie;
  cookie.madeAt = now_;
  cookie.peer = PeerInit::from(*init, *parameters);
  if (is<CookieWait>()) {
    cookie.local = local_;  // s.5.2.1
  } else {
    // s.5.2.2: tie-tags are random, and the same as long as the association is.
    if (tieTags_ == TieTags{}) tieTags_ = {LocalInit::random(random_).tag, LocalInit::random(random_).tag};
    cookie.tieTags = tieTags_;
    cookie.local = is<CookieEchoed>() ? local_ : LocalInit::random(random_);
  }

  auto sealed = jar_.seal(cookie);
  auto ours = announced(config_);
  ours.cookie = sealed;
  // The cookie goes in any case; a report that is too long does not.
  if (parameters->unrecognized.size() * wire::tlvHeaderSize + init->parameters.size() < config_.mtu / 2)
    ours.unrecognized = parameters->unrecognized;
  wire::TlvBlock block;
  ours.appendTo(block);
  wire::InitAck ack;
  ack.initiateTag = cookie.local.tag;
  ack.window = announcedWindow(config_);
  ack.outboundStreams = ack.inboundStreams = config_.streams;
  ack.initialTsn = cookie.local.initialTsn;
  ack.parameters = block.bytes();
  transmit(cookie.peer.tag, Checksum::Crc32c, ack);
}

void Association::onInitAck(const wire::ChunkView& chunk) {
  // RFC 9260 s.5.2.3
  if (!is<CookieWait>()) return drops_.add(Drop::UnexpectedChunk);
  auto ack = wire::InitAck::parse(chunk);
  if (!ack) return drops_.add(Drop::BadChunk);
  auto parameters = wire::InitParameters::parse(ack->parameters);
  wire::TlvBlock causes;
  if (!parameters)
    wire::cause::addProtocolViolation(causes, "the parameters do not fill the INIT ACK");
  else if (parameters->cookie.empty())
    wire::cause::addMissingParameter(causes, static_cast<std::uint16_t>(wire::ParameterType::StateCookie));
  else if (ack->outboundStreams == 0 || ack->inboundStreams == 0)
    wire::cause::addInvalidMandatoryParameter(causes);
  else if (parameters->hostName)
    causes.add(static_cast<std::uint16_t>(wire::CauseCode::UnresolvableAddress), {});
  if (!causes.empty()) {
    // RFC 9260 s.5.1
    abortWith(causes, ack->initiateTag);
    return fail("the peer's INIT ACK is bad: " + wire::describeCauses(causes.bytes()), std::nullopt);
  }

  std::optional<Duration> roundTrip = config_.roundTrip;
  if (initSentAt_) roundTrip = now_ - *initSentAt_;
  openLink(PeerInit::from(*ack, *parameters), roundTrip);
  CookieEchoed echoed;
  echoed.cookie.assign(parameters->cookie.begin(), parameters->cookie.end());
  if (!parameters->unrecognized.empty()) {
    // RFC 9260 s.3.2.1
    wire::TlvBlock whole;
    for (auto one : parameters->unrecognized) whole.addWhole(one);
    wire::TlvBlock report;
    wire::cause::addUnrecognizedParameters(report, whole.bytes());
    // The cookie goes in any case.
    if (wire::commonHeaderSize + 2 * wire::chunkHeaderSize + wire::padded(echoed.cookie.size()) +
            report.bytes().size() <=
        config_.mtu)
      echoed.unrecognized.assign(report.bytes().begin(), report.bytes().end());
  }
  // A round trip may be far from what was thought.
  if (roundTrip) t1_ = std::clamp(3 * *roundTrip, t1Least, t1Most);
  state_ = std::move(echoed);
  startT1();
  outbox_.event(SendsEarly{link_->both.inboundStreams, link_->both.outboundStreams});
}

void Association::onCookieEcho(const wire::ChunkView& chunk, const wire::PacketView& packet) {
  auto cookie = jar_.open(chunk.value);
  // RFC 9260 s.5.1.5, 1 to 3
  if (!cookie || cookie->local.tag != packet.verificationTag()) return drops_.add(Drop::BadCookie);
  const bool localMatches = cookie->local.tag == local_.tag;
  const auto peerTag = !link_                                ? PeerTag::Unknown
                       : cookie->peer.tag == link_->peer.tag ? PeerTag::Matches
                                                             : PeerTag::Differs;
  const auto ties = cookie->tieTags == TieTags{}  ? Ties::None
                    : cookie->tieTags == tieTags_ ? Ties::Match
                                                  : Ties::Differ;
  // s.5.2.4, 3: of this very association it is good however old.
  const auto age = now_ - cookie->madeAt;
  if (age > CookieJar::lifetime && !(localMatches && peerTag == PeerTag::Matches)) {
    wire::TlvBlock causes;
    const auto over = std::chrono::duration_cast<std::chrono::microseconds>(age - CookieJar::lifetime).count();
    wire::cause::addStaleCookie(causes, static_cast<std::uint32_t>(std::min<std::int64_t>(over, 0xFFFF'FFFF)));
    return transmit(cookie->peer.tag, Checksum::Crc32c, wire::Error{causes.bytes()});
  }
  switch (cookieAction(localMatches, peerTag, ties)) {
    case CookieAction::Restart: return restarted(*cookie);
    case CookieAction::Collision:
      if (is<CookieWait>()) {
        openLink(cookie->peer, config_.roundTrip);
      } else {
        // Nothing can have come from an end that did not know our tag, and what we have sent to the tag that nobody has
        // taken is sent again as what was lost is.
        link_->peer = cookie->peer;
        link_->receiver.start({cookie->peer.initialTsn, link_->both.inboundStreams, link_->both.interleaving});
      }
      break;
    case CookieAction::Duplicate: break;
    case CookieAction::Late:
    case CookieAction::Discard: return drops_.add(Drop::BadCookie);
  }
  transmit(link_->peer.tag, checksum(), wire::CookieAck{});
  if (is<CookieWait>() || is<CookieEchoed>()) establish();
}

// RFC 9260 s.5.2.4, action A. The peer's channels are not ours any more, and where WebRTC wants another association it
// begins with another DTLS (RFC 8842 s.5.5): so both ends are told that it is over.
void Association::restarted(const Cookie& cookie) {
  wire::TlvBlock causes;
  if (is<ShutdownAckSent>()) {
    sendShutdownAck();
    wire::cause::addCookieWhileShuttingDown(causes);
    return transmit(cookie.peer.tag, Checksum::Crc32c, wire::Error{causes.bytes()});
  }
  wire::cause::addProtocolViolation(causes, "an association is not restarted over the same DTLS");
  abortWith(causes, cookie.peer.tag);
  fail("the peer has restarted the association", std::nullopt);
}

void Association::onCookieAck() {
  // RFC 9260 s.5.2.5
  if (!is<CookieEchoed>()) return drops_.add(Drop::UnexpectedChunk);
  establish();
}

void Association::onStaleCookie() {
  if (!is<CookieEchoed>()) return;
  // RFC 9260 s.5.2.6, the second alternative: messages that were taken are not to be lost unnoticed.
  if (!link_->sender.drained())
    return fail("the peer took the cookie for stale", static_cast<std::uint16_t>(wire::CauseCode::StaleCookie));
  // The first alternative.
  link_.reset();
  state_ = CookieWait{};
  sendInit();
}

void Association::openLink(const PeerInit& peer, std::optional<Duration> roundTrip) {
  link_ = std::make_unique<Link>(config_, local_, peer, roundTrip, random_.u64(), now_);
}

void Association::establish() {
  state_ = Established{};
  timers_.stop(Timer::T1);
  link_->heartbeat.onTraffic(link_->sender.rto().rto(), now_);
  PARLEY_LOG(Debug, "sctp", "established: ", link_->both.outboundStreams, " streams out, ", link_->both.inboundStreams,
             " in", link_->both.interleaving ? ", interleaving" : "");
  outbox_.event(Connected{link_->both.inboundStreams, link_->both.outboundStreams});
}

}  // namespace parley::sctp::native
