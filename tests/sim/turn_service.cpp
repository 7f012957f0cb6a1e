#include "sim/turn_service.hpp"

#include "stun/credentials.hpp"

#include <algorithm>
#include <string_view>

namespace parley::sim {
namespace {

using namespace std::chrono_literals;
using namespace stun;

constexpr std::uint8_t udp = 17;

std::string_view reasonFor(int code) {
  switch (code) {
    case 300: return "Try Alternate";
    case 400: return "Bad Request";
    case 401: return "Unauthenticated";
    case 403: return "Forbidden";
    case 420: return "Unknown Attribute";
    case 437: return "Allocation Mismatch";
    case 438: return "Stale Nonce";
    case 440: return "Address Family not Supported";
    case 441: return "Wrong Credentials";
    case 442: return "Unsupported Transport Protocol";
    case 443: return "Peer Address Family Mismatch";
    case 486: return "Allocation Quota Reached";
    case 500: return "Server Error";
    case 508: return "Insufficient Capacity";
    default: return "Error";
  }
}

std::vector<std::uint8_t> toVector(base::Bytes bytes) { return {bytes.begin(), bytes.end()}; }

/// The value of PASSWORD-ALGORITHMS that this server sends: SHA-256, then MD5.
constexpr PasswordAlgorithm algorithms[] = {PasswordAlgorithm::Sha256, PasswordAlgorithm::Md5};
constexpr std::uint8_t algorithmsValue[] = {0, 2, 0, 0, 0, 1, 0, 0};

}  // namespace

void TurnService::fromClient(const Client& client, base::Bytes message, Time now) {
  if (message.size() >= 4 && message[0] >= 64 && message[0] <= 79) {
    ++channelDatas;
    auto* allocation = allocationOf(client, now);
    const std::size_t size = base::load16(message.data() + 2);
    if (allocation && size <= message.size() - 4) {
      const auto channel = allocation->channels.find(base::load16(message.data()));
      if (channel != allocation->channels.end() && channel->second.expires > now)
        return relay(*allocation, channel->second.peer, message.subspan(4, size), now);
    }
    ++dropped;
    return;
  }
  const auto parsed = Message::parse(message);
  if (!parsed) {
    ++dropped;
    return;
  }
  if (parsed->is(Class::Indication, Method::Binding)) ++bindingIndications;
  if (parsed->is(Class::Indication, Method::Send)) {
    ++sendIndications;
    auto* allocation = allocationOf(client, now);
    const auto peer = parsed->xorPeerAddress();
    const auto data = parsed->data();
    if (!allocation || !peer || !data) {
      ++dropped;
      return;
    }
    relay(*allocation, *peer, *data, now);
  }
  if (parsed->messageClass() == Class::Request) request(client, *parsed, now);
}

void TurnService::relay(Allocation& allocation, const SocketAddress& peer, base::Bytes data, Time now) {
  const auto permission = allocation.permissions.find(peer.ip);
  const auto* from = relayedFor(allocation, peer.ip.family());
  if (!from || permission == allocation.permissions.end() || permission->second <= now) {
    ++dropped;
    return;
  }
  if (toPeer) toPeer(*from, peer, data);
}

void TurnService::fromPeer(const SocketAddress& relayed, const SocketAddress& peer, base::Bytes datagram, Time now) {
  for (const auto& entry : allocations_) {
    const Client client = entry.first;
    const auto& addresses = entry.second.relayed;
    if (std::find(addresses.begin(), addresses.end(), relayed) == addresses.end()) continue;
    auto* allocation = allocationOf(client, now);
    if (!allocation) return;
    const auto permission = allocation->permissions.find(peer.ip);
    if (permission == allocation->permissions.end() || permission->second <= now) return;
    for (const auto& [number, channel] : allocation->channels) {
      if (channel.peer != peer || channel.expires <= now) continue;
      std::vector<std::uint8_t> message(4);
      base::store16(message.data(), number);
      base::store16(message.data() + 2, static_cast<std::uint16_t>(datagram.size()));
      message.insert(message.end(), datagram.begin(), datagram.end());
      if (client.stream) message.resize((message.size() + 3) / 4 * 4);
      return toClient(client, message);
    }
    TransactionId id{};
    base::store64(id.data(), ++nonceCount_);
    auto packet =
        MessageBuilder(pool_, Class::Indication, Method::Data, id).addXorPeerAddress(peer).addData(datagram).finish();
    return toClient(client, packet.bytes());
  }
}

// --- Requests ---

void TurnService::request(const Client& client, const Message& message, Time now) {
  ++requests[message.method()];
  if (ignore && ignore(message)) return;
  if (const auto known = answered_.find({client, message.transactionId()}); known != answered_.end())
    return toClient(client, known->second);
  if (message.software()) lastSoftware = *message.software();
  if (message.method() == Method::Binding) {
    MessageBuilder response(pool_, Class::SuccessResponse, message);
    response.addXorMappedAddress(client.address);
    return answer(client, message, response, nullptr, now);
  }
  Signature by;
  if (config_.authenticates) {
    auto signature = authenticate(client, message, now);
    if (!signature) return;
    by = std::move(*signature);
  }
  const Signature* signer = config_.authenticates ? &by : nullptr;
  if (refuse) {
    if (const auto refusal = refuse(message)) {
      if (refusal->code == 401 || refusal->code == 438) return challenge(client, message, refusal->code, now);
      MessageBuilder response(pool_, Class::ErrorResponse, message);
      response.addErrorCode(refusal->code, reasonFor(refusal->code));
      if (refusal->alternate) response.addAlternateServer(*refusal->alternate);
      if (!refusal->alternateDomain.empty()) response.addAlternateDomain(refusal->alternateDomain);
      return answer(client, message, response, refusal->isSigned ? signer : nullptr, now);
    }
  }
  if (auto unknown = message.unknownComprehensionRequired(); !unknown.empty()) {
    MessageBuilder response(pool_, Class::ErrorResponse, message);
    response.addErrorCode(420, reasonFor(420)).addUnknownAttributes(unknown);
    return answer(client, message, response, signer, now);
  }
  if (message.method() == Method::Allocate) return allocate(client, message, by, now);
  auto* allocation = allocationOf(client, now);
  if (!allocation) return error(client, message, 437, signer, now);
  if (allocation->user != by.user) return error(client, message, 441, signer, now);
  switch (message.method()) {
    case Method::Refresh: return refresh(client, message, by, *allocation, now);
    case Method::CreatePermission: return createPermission(client, message, by, *allocation, now);
    case Method::ChannelBind: return channelBind(client, message, by, *allocation, now);
    default: return error(client, message, 400, signer, now);
  }
}

/// RFC 8489 s.9.2.4. Answers the request itself if it is not authentic.
std::optional<TurnService::Signature> TurnService::authenticate(const Client& client, const Message& message,
                                                                Time now) {
  const auto refused = [&](int code) {
    if (code == 400)
      error(client, message, code, nullptr, now);
    else
      challenge(client, message, code, now);
    return std::nullopt;
  };
  if (!message.hasIntegrity() && !message.hasIntegritySha256()) return refused(401);
  const auto nonce = message.nonce();
  if ((!message.username() && !message.userhash()) || !message.realm() || !nonce) return refused(400);
  const auto features = securityFeatures(*nonce).value_or(SecurityFeatures());
  Signature by;
  auto algorithm = PasswordAlgorithm::Md5;
  const auto echoed = message.attribute(AttributeType::PasswordAlgorithms);
  const auto chosen = message.passwordAlgorithm();
  if (features.passwordAlgorithms && (echoed || chosen)) {
    if (!echoed || !chosen ||
        !std::equal(echoed->begin(), echoed->end(), std::begin(algorithmsValue), std::end(algorithmsValue)))
      return refused(400);
    algorithm = *chosen;
    by.sha256 = true;
  }
  for (const auto& [user, password] : config_.users) {
    const auto hash = userhash(user, config_.realm);
    const bool isThisOne = features.usernameAnonymity
                               ? message.userhash() && std::equal(hash.begin(), hash.end(), message.userhash()->begin())
                               : message.username() == std::string_view(user);
    if (!isThisOne) continue;
    by.user = user;
    if (algorithm == PasswordAlgorithm::Sha256) {
      const auto key = longTermKeySha256(user, config_.realm, password);
      by.key.assign(key.begin(), key.end());
    } else {
      const auto key = longTermKeyMd5(user, config_.realm, password);
      by.key.assign(key.begin(), key.end());
    }
  }
  if (by.user.empty() || message.realm() != std::string_view(config_.realm)) return refused(401);
  // s.9.2.5: "all the subsequent requests MUST be authenticated using MESSAGE-INTEGRITY-SHA256 only".
  const bool valid =
      by.sha256 ? message.checkIntegritySha256(by.key) && !message.hasIntegrity() : message.checkIntegrity(by.key);
  if (!valid) return refused(401);
  const auto known = nonces_.find(std::string(*nonce));
  if (known == nonces_.end() || known->second.client != client || known->second.expires <= now) return refused(438);
  if (by.sha256) ++sha256Requests;
  if (message.userhash()) ++userhashRequests;
  return by;
}

std::string TurnService::makeNonce(const Client& client, Time now) {
  std::string nonce;
  if (config_.sha256 || config_.anonymous) {
    // RFC 8489 s.18.1: bits 0 and 1 of 24, in base64.
    constexpr std::string_view firstDigit = "AQgw";
    nonce =
        "obMatJos2" + std::string(1, firstDigit[(config_.sha256 ? 2u : 0u) + (config_.anonymous ? 1u : 0u)]) + "AAA";
  }
  nonce += "n" + std::to_string(++nonceCount_);
  nonces_[nonce] = {client, now + config_.nonceLifetime};
  return nonce;
}

void TurnService::challenge(const Client& client, const Message& message, int code, Time now) {
  MessageBuilder response(pool_, Class::ErrorResponse, message);
  response.addErrorCode(code, reasonFor(code)).addRealm(config_.realm).addNonce(makeNonce(client, now));
  if (config_.sha256 && !hidesPasswordAlgorithms) response.addPasswordAlgorithms(algorithms);
  answer(client, message, response, nullptr, now);
}

void TurnService::allocate(const Client& client, const Message& message, const Signature& by, Time now) {
  const Signature* signer = config_.authenticates ? &by : nullptr;
  if (allocationOf(client, now)) return error(client, message, 437, signer, now);
  const auto transport = message.requestedTransport();
  if (!transport) return error(client, message, 400, signer, now);
  if (*transport != udp) return error(client, message, 442, signer, now);
  const auto family = message.requestedAddressFamily(), additional = message.additionalAddressFamily();
  if ((family && additional) || (additional && *additional != AddressFamily::V6))
    return error(client, message, 400, signer, now);
  if (allocations_.size() >= config_.quota) return error(client, message, 486, signer, now);

  Allocation allocation;
  allocation.user = by.user;
  MessageBuilder response(pool_, Class::SuccessResponse, message);
  const auto give = [&](const std::optional<IpAddress>& ip) {
    if (!ip) return false;
    allocation.relayed.push_back({*ip, nextPort_++});
    return true;
  };
  if (family == AddressFamily::V6 ? !give(config_.v6) : !give(config_.v4) && !additional)
    return error(client, message, 440, signer, now);
  if (additional && !give(config_.v6)) response.addAddressErrorCode({AddressFamily::V6, {440, reasonFor(440)}});
  for (const auto& relayed : allocation.relayed) {
    response.addXorRelayedAddress(relayed);
    if (opened) opened(relayed);
  }
  allocation.expires = now + config_.lifetime;
  allocations_[client] = std::move(allocation);
  response.addXorMappedAddress(client.address)
      .addLifetime(static_cast<std::uint32_t>(config_.lifetime / 1s))
      .addSoftware("sim");
  answer(client, message, response, signer, now);
}

void TurnService::refresh(const Client& client, const Message& message, const Signature& by, Allocation& allocation,
                          Time now) {
  const bool ends = message.lifetime() == 0u;
  if (ends)
    allocations_.erase(client);
  else
    allocation.expires = now + config_.lifetime;
  MessageBuilder response(pool_, Class::SuccessResponse, message);
  response.addLifetime(ends ? 0u : static_cast<std::uint32_t>(config_.lifetime / 1s));
  answer(client, message, response, config_.authenticates ? &by : nullptr, now);
}

int TurnService::peerError(const Allocation& allocation, const SocketAddress& peer) const {
  if (!relayedFor(allocation, peer.ip.family())) return 443;
  return config_.forbidden.contains(peer.ip) ? 403 : 0;
}

void TurnService::createPermission(const Client& client, const Message& message, const Signature& by,
                                   Allocation& allocation, Time now) {
  const Signature* signer = config_.authenticates ? &by : nullptr;
  std::vector<IpAddress> peers;
  for (const auto& attribute : message.attributes()) {
    if (attribute.type != AttributeType::XorPeerAddress) continue;
    const auto peer = message.xorAddress(attribute.value);
    if (!peer) return error(client, message, 400, signer, now);
    if (const int code = peerError(allocation, *peer)) return error(client, message, code, signer, now);
    peers.push_back(peer->ip);
  }
  if (peers.empty()) return error(client, message, 400, signer, now);
  for (const auto& peer : peers) allocation.permissions[peer] = now + config_.permissionLifetime;
  MessageBuilder response(pool_, Class::SuccessResponse, message);
  answer(client, message, response, signer, now);
}

void TurnService::channelBind(const Client& client, const Message& message, const Signature& by, Allocation& allocation,
                              Time now) {
  const Signature* signer = config_.authenticates ? &by : nullptr;
  const auto number = message.channelNumber();
  const auto peer = message.xorPeerAddress();
  if (!number || !peer || *number < 0x4000 || *number > 0x4fff) return error(client, message, 400, signer, now);
  if (const int code = peerError(allocation, *peer)) return error(client, message, code, signer, now);
  // RFC 8656 s.12: neither the number nor the peer may be bound otherwise until 5 minutes after the binding expired.
  for (const auto& [other, channel] : allocation.channels)
    if ((other == *number) != (channel.peer == *peer) && now < channel.expires + 5min)
      return error(client, message, 400, signer, now);
  allocation.channels[*number] = {*peer, now + config_.channelLifetime};
  allocation.permissions[peer->ip] = now + config_.permissionLifetime;
  MessageBuilder response(pool_, Class::SuccessResponse, message);
  answer(client, message, response, signer, now);
}

// --- Helpers ---

void TurnService::answer(const Client& client, const Message& message, MessageBuilder& response, const Signature* by,
                         Time) {
  if (by && by->sha256)
    response.addIntegritySha256(by->key);
  else if (by)
    response.addIntegrity(by->key);
  auto bytes = toVector(response.addFingerprint().finish().bytes());
  if (tamper) tamper(bytes);
  if (!client.stream) answered_[{client, message.transactionId()}] = bytes;
  toClient(client, bytes);
}

void TurnService::error(const Client& client, const Message& message, int code, const Signature* by, Time now) {
  MessageBuilder response(pool_, Class::ErrorResponse, message);
  response.addErrorCode(code, reasonFor(code));
  answer(client, message, response, by, now);
}

TurnService::Allocation* TurnService::allocationOf(const Client& client, Time now) {
  const auto found = allocations_.find(client);
  if (found == allocations_.end()) return nullptr;
  if (found->second.expires > now) return &found->second;
  allocations_.erase(found);
  return nullptr;
}

const SocketAddress* TurnService::relayedFor(const Allocation& allocation, IpAddress::Family family) {
  for (const auto& address : allocation.relayed)
    if (address.ip.family() == family) return &address;
  return nullptr;
}

std::size_t TurnService::allocations(Time now) {
  std::erase_if(allocations_, [now](const auto& entry) { return entry.second.expires <= now; });
  return allocations_.size();
}

bool TurnService::hasPermission(const Client& client, const IpAddress& peer, Time now) {
  const auto* allocation = allocationOf(client, now);
  if (!allocation) return false;
  const auto permission = allocation->permissions.find(peer);
  return permission != allocation->permissions.end() && permission->second > now;
}

}  // namespace parley::sim
