#include "stun/turn_client.hpp"

#include "base/log.hpp"
#include "stun/message_builder.hpp"

#include <algorithm>
#include <utility>

namespace parley::stun {
namespace {

using namespace std::chrono_literals;

/// RFC 8656 s.7.1: the protocol number of UDP, the one transport between server and peers.
constexpr std::uint8_t udp = 17;
/// RFC 8656 s.5: "SHOULD include the SOFTWARE attribute in all Allocate and Refresh requests". No version: a server has
/// no use for it, an attacker may.
constexpr std::string_view software = "Parley";

/// RFC 8656 s.8: "roughly 1 minute before it expires"; of a short one after half of it.
constexpr Duration refreshAhead = 60s;
/// An allocation that lasts shorter than this is not worth its refreshes: it is left to expire.
constexpr Duration refreshLeast = 5s;
/// RFC 8656 s.7.2: servers give an hour at most; one that claims more is asked each hour all the same.
constexpr Duration longestLifetime = 1h;
/// When a refresh met an error of the server (5xx), which may pass: four more tries in the last minute.
constexpr Duration refreshAgain = 15s;
/// How often one request is made again because of a challenge: a 401 and, as nonces may expire at the wrong moment, two
/// 438. RFC 8489 names no limit, and a server could go on for ever.
constexpr int challengeLimit = 3;
/// RFC 8489 s.14.8: a reason phrase has 763 bytes at most.
constexpr std::size_t longestReason = 763;

bool isUsable(const SocketAddress& address) {
  return address.port != 0 && !address.ip.isUnspecified() && !address.ip.isMulticast();
}

}  // namespace

TurnClient::TurnClient(Config config, base::Random& random, base::PacketPool& pool)
    : config_(std::move(config)), random_(random), pool_(pool), auth_(config_.username, config_.password) {}

void TurnClient::start(Time now) {
  if (state_ != State::New) return;
  state_ = State::Allocating;
  sendRequest(Purpose::Allocate, {}, now);
}

void TurnClient::release(Time now) {
  if (state_ == State::New) return end(State::Released, Released{});
  if (state_ != State::Allocating && state_ != State::Allocated) return;
  // While Allocating the server may have made the allocation already: an Allocate under way is ahead of this request.
  state_ = State::Releasing;
  requests_.clear();
  timers_.stopAll();
  sendRequest(Purpose::Release, {}, now);
}

Time TurnClient::deadline() const {
  Time next = timers_.next();
  for (const auto& request : requests_) next = std::min(next, request.transaction.deadline());
  return next;
}

void TurnClient::advance(Time now) {
  for (std::size_t i = 0; i < requests_.size();) {
    Request& request = requests_[i];
    switch (request.transaction.advance(now)) {
      case Transaction::Action::None: ++i; break;
      case Transaction::Action::Retransmit:
        transmit(pool_.make(request.bytes), now);
        ++i;
        break;
      case Transaction::Action::TimedOut: return timedOut(Request(std::move(request)));
    }
  }
  if (timers_.expired(Timer::Expire, now)) return fail(0, "the allocation expired before it could be refreshed");
  if (timers_.expired(Timer::Refresh, now)) sendRequest(Purpose::Refresh, {}, now);
  if (timers_.expired(Timer::Peers, now)) keepPeers(now);
  if (timers_.expired(Timer::KeepAlive, now))
    transmit(MessageBuilder(pool_, Class::Indication, Method::Binding, randomTransactionId(random_))
                 .addFingerprint()
                 .finish(),
             now);
}

void TurnClient::probe(Time now) {
  const bool asking = std::any_of(requests_.begin(), requests_.end(),
                                  [](const Request& request) { return request.purpose == Purpose::Refresh; });
  if (state_ == State::Allocated && !asking) sendRequest(Purpose::Refresh, {}, now);
}

// --- Requests ---

void TurnClient::sendRequest(Purpose purpose, const SocketAddress& peer, Time now) {
  transmitRequest(Request{purpose, peer, {}, Transaction(now), {}, 0, false, false}, now);
}

void TurnClient::transmitRequest(Request request, Time now) {
  // A channel may have been forgotten since it was asked for.
  if (request.purpose == Purpose::Bind && !channels_.contains(request.peer)) return;
  request.id = randomTransactionId(random_);
  request.isSigned = auth_.isChallenged();
  request.forged = false;
  Packet packet = compose(request);
  if (!packet) return fail(0, "the credentials that the server asks for do not fit into a message");
  // A server that is gone shall not keep the one who releases waiting: 0.5 s x (1 + 2 + 2) = 2.5 s.
  const auto schedule =
      request.purpose == Purpose::Release ? Transaction::Schedule{config_.schedule.rto, 3, 2} : config_.schedule;
  request.transaction = config_.reliable ? Transaction::reliable(now) : Transaction(now, schedule);
  request.bytes.clear();
  if (!config_.reliable) request.bytes.assign(packet.bytes().begin(), packet.bytes().end());
  requests_.push_back(std::move(request));
  transmit(std::move(packet), now);
}

Packet TurnClient::compose(const Request& request) {
  const auto method = [&] {
    switch (request.purpose) {
      case Purpose::Allocate: return Method::Allocate;
      case Purpose::Permit: return Method::CreatePermission;
      case Purpose::Bind: return Method::ChannelBind;
      case Purpose::Refresh:
      case Purpose::Release: break;
    }
    return Method::Refresh;
  }();
  MessageBuilder builder(pool_, Class::Request, method, request.id);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(config_.lifetime).count();
  switch (request.purpose) {
    case Purpose::Allocate:
      builder.addSoftware(software).addRequestedTransport(udp);
      if (config_.families == RelayFamilies::V6) builder.addRequestedAddressFamily(AddressFamily::V6);
      if (config_.families == RelayFamilies::Both) builder.addAdditionalAddressFamily(AddressFamily::V6);
      builder.addLifetime(static_cast<std::uint32_t>(seconds));
      break;
    case Purpose::Refresh: builder.addSoftware(software).addLifetime(static_cast<std::uint32_t>(seconds)); break;
    case Purpose::Release: builder.addSoftware(software).addLifetime(0); break;
    case Purpose::Permit: builder.addXorPeerAddress(request.peer); break;
    case Purpose::Bind:
      builder.addChannelNumber(channels_.at(request.peer).number).addXorPeerAddress(request.peer);
      break;
  }
  auth_.sign(builder);
  return builder.finish();
}

bool TurnClient::transmit(Packet packet, Time now) {
  restartKeepAlive(now);
  return outbox_.packet(Transmit{std::move(packet)});
}

void TurnClient::restartKeepAlive(Time now) {
  // TCP has keep-alives of its own, and NATs keep its mappings for hours (RFC 5382 REQ-5).
  if (state_ == State::Allocated && !config_.reliable && config_.keepAlive > Duration::zero())
    timers_.set(Timer::KeepAlive, now + config_.keepAlive);
}

// --- Responses ---

bool TurnClient::expects(base::Bytes message) const {
  if (message.empty()) return false;
  if (message[0] >= firstChannel >> 8 && message[0] <= lastChannel >> 8) return true;
  const auto parsed = Message::parse(message);
  if (!parsed) return false;
  if (parsed->is(Class::Indication, Method::Data)) return true;
  if (parsed->messageClass() != Class::SuccessResponse && parsed->messageClass() != Class::ErrorResponse) return false;
  return std::any_of(requests_.begin(), requests_.end(),
                     [id = parsed->transactionId()](const Request& request) { return request.id == id; });
}

std::optional<TurnClient::Received> TurnClient::handle(base::MutableBytes message, Time now) {
  if (message.empty()) {
    drop(Drop::Malformed);
    return std::nullopt;
  }
  if (message[0] >= firstChannel >> 8 && message[0] <= lastChannel >> 8) return handleChannelData(message, now);
  const auto parsed = Message::parse(message);
  if (!parsed) {
    drop(Drop::Malformed);
    return std::nullopt;
  }
  if (parsed->messageClass() == Class::Indication) return handleIndication(message, *parsed, now);
  if (parsed->messageClass() == Class::Request)
    drop(Drop::Unexpected);
  else
    handleResponse(*parsed, now);
  return std::nullopt;
}

void TurnClient::handleResponse(const Message& response, Time now) {
  const auto found = std::find_if(requests_.begin(), requests_.end(),
                                  [id = response.transactionId()](const Request& one) { return one.id == id; });
  if (found == requests_.end()) {
    drop(Drop::UnknownTransaction);
    return;
  }
  const auto error = response.errorCode();
  const bool isError = response.messageClass() == Class::ErrorResponse;
  const bool isChallenge = isError && error && (error->code == 401 || error->code == 438);
  // RFC 8489 s.9.2.4: a challenge is signed by nobody. s.10: a redirection may not be.
  const bool mayBeUnsigned =
      !found->isSigned || isChallenge ||
      (isError && error && error->code == 300 && !response.hasIntegrity() && !response.hasIntegritySha256());
  const bool trusted = mayBeUnsigned || auth_.verify(response);
  if (!trusted) {
    drop(Drop::BadIntegrity);
    found->forged = true;
    // RFC 8489 s.9.2.5: over UDP as if it had not come, which gives the true one its chance; a stream carries no other.
    if (!config_.reliable) return;
  }
  const Request request = std::move(*found);
  requests_.erase(found);
  if (request.transaction.sent() == 1) roundTrip_ = now - request.transaction.sentAt();
  if (!trusted) return refused(request, 0, "the server's response failed the check of its integrity", now);
  // RFC 8489 s.6.3.3, s.6.3.4: the transaction has failed.
  if (!response.unknownComprehensionRequired().empty()) {
    drop(Drop::Unexpected);
    return refused(request, 0, "the server's response has attributes that are not known here", now);
  }
  if (!isError) return succeeded(request, response, now);
  if (!error) return refused(request, 0, "the server's error response has no code", now);
  if (isChallenge) return challenged(request, response, now);
  if (error->code == 300 && request.purpose == Purpose::Allocate) return redirected(response);
  refused(request, error->code, std::string(error->reason.substr(0, longestReason)), now);
}

void TurnClient::challenged(Request request, const Message& response, Time now) {
  const auto verdict = auth_.challenge(response, request.isSigned);
  const int code = response.errorCode()->code;
  if (verdict != LongTermAuth::Verdict::Retry) return refused(request, code, std::string(toString(verdict)), now);
  if (++request.challenges > challengeLimit)
    return refused(request, code, "the server goes on asking for credentials that it was given", now);
  transmitRequest(std::move(request), now);
}

void TurnClient::redirected(const Message& response) {
  const auto server = response.alternateServer();
  if (!server || !isUsable(*server)) return fail(300, "the server redirects to nowhere");
  end(State::Failed, Redirected{*server, std::string(response.alternateDomain().value_or(std::string_view()))});
}

void TurnClient::succeeded(const Request& request, const Message& response, Time now) {
  // The server acted on it after it was sent: what is counted from there ends early rather than late.
  const Time since = request.transaction.sentAt();
  switch (request.purpose) {
    case Purpose::Allocate: return allocated(request, response, now);
    case Purpose::Refresh:
      return setLifetime(response.lifetime() ? Duration(std::chrono::seconds(*response.lifetime())) : config_.lifetime,
                         since, now);
    case Purpose::Release: return end(State::Released, Released{});
    case Purpose::Permit: return granted(request.peer.ip, since);
    case Purpose::Bind: return bound(request.peer, since);
  }
}

void TurnClient::allocated(const Request& request, const Message& response, Time now) {
  const bool v4 = config_.families != RelayFamilies::V6, v6 = config_.families != RelayFamilies::V4;
  for (const auto& attribute : response.attributes()) {
    if (attribute.type != AttributeType::XorRelayedAddress) continue;
    const auto address = response.xorAddress(attribute.value);
    if (!address || !isUsable(*address) || !(address->ip.isV4() ? v4 : v6) || relayed(address->ip.family())) continue;
    relayed_.push_back(*address);
  }
  const auto mapped = response.xorMappedAddress();
  const Duration lifetime =
      response.lifetime() ? Duration(std::chrono::seconds(*response.lifetime())) : config_.lifetime;
  if (lifetime == Duration::zero()) return fail(0, "the server made an allocation that has no time to live");
  state_ = State::Allocated;
  if (relayed_.empty() || !mapped) {
    // RFC 8656 s.7.3: "MUST delete the allocation" whose addresses are not of a family that was asked for.
    sendRequest(Purpose::Release, {}, now);
    return fail(0, "the server's allocation has no address that can be used");
  }
  Allocated event;
  event.relayed = relayed_;
  event.mapped = *mapped;
  event.lifetime = lifetime;
  if (const auto missing = response.addressErrorCode()) event.missingFamilyCode = missing->error.code;
  outbox_.event(std::move(event));
  setLifetime(lifetime, request.transaction.sentAt(), now);
  restartKeepAlive(now);
  // What was wanted in the meantime.
  std::vector<IpAddress> wanted;
  for (const auto& [peer, permission] : permissions_) wanted.push_back(peer);
  for (const auto& peer : wanted)
    if (state_ == State::Allocated) permit(peer, now);
}

void TurnClient::setLifetime(Duration lifetime, Time since, Time now) {
  if (lifetime == Duration::zero()) return fail(0, "the server ended the allocation");
  lifetime = std::min(lifetime, longestLifetime);
  timers_.set(Timer::Expire, since + lifetime);
  timers_.set(Timer::Refresh, std::max(since + std::max(lifetime - refreshAhead, lifetime / 2), now + refreshLeast));
}

void TurnClient::refused(const Request& request, int code, std::string reason, Time now) {
  PARLEY_LOG(Debug, "turn", "request refused: ", code, " ", reason);
  switch (request.purpose) {
    case Purpose::Release:
      // RFC 8656 s.8.3: a 437 says that the allocation is gone; any other error that more of the same would not help.
      return end(State::Released, Released{});
    case Purpose::Allocate: return fail(code, std::move(reason));
    case Purpose::Refresh:
      // RFC 8489 s.6.3.4: a 5xx may be asked again. What comes too late for that ends by the timer Expire.
      if (code < 500 || code > 599) return fail(code, std::move(reason));
      timers_.set(Timer::Refresh, now + refreshAgain);
      return;
    case Purpose::Permit:
    case Purpose::Bind:
      // RFC 8656 s.5: after a 437 the client "MUST assume the allocation no longer exists". By 441 it is another
      // user's.
      if (code == 437 || code == 441) return fail(code, std::move(reason));
      return peerRefused(request, code, std::move(reason));
  }
}

void TurnClient::timedOut(const Request& request) {
  if (request.purpose == Purpose::Release) return end(State::Released, Released{});
  // RFC 8489 s.9.2.5: "instead of signaling a timeout ... signal that the integrity protection was violated".
  fail(0,
       request.forged ? "no response of the server passed the check of its integrity" : "the server does not answer");
}

void TurnClient::fail(int code, std::string reason) { end(State::Failed, Failed{code, std::move(reason)}); }

void TurnClient::end(State state, Output event) {
  state_ = state;
  requests_.clear();
  timers_.stopAll();
  permissions_.clear();
  channels_.clear();
  peersByChannel_.clear();
  relayed_.clear();
  outbox_.event(std::move(event));
}

std::optional<SocketAddress> TurnClient::relayed(IpAddress::Family family) const {
  for (const auto& address : relayed_)
    if (address.ip.family() == family) return address;
  return std::nullopt;
}

bool TurnClient::drop(Drop reason) {
  drops_.add(reason);
  return false;
}

}  // namespace parley::stun
