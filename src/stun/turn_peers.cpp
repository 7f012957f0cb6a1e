#include "stun/turn_client.hpp"
#include "stun/wire.hpp"

#include <algorithm>
#include <utility>

/// \file
/// What `TurnClient` does per peer: permissions, channels, and the data itself.

namespace parley::stun {
namespace {

using namespace std::chrono_literals;

/// RFC 8656 s.9: 300 s. It is renewed a minute before: time for a whole transaction (39.5 s).
constexpr Duration permissionLifetime = 300s, permissionRenewal = 240s;
/// RFC 8656 s.12: 10 minutes, and 5 more before the number or the peer may be bound otherwise.
constexpr Duration channelLifetime = 600s, channelRenewal = 540s, channelReuse = 300s;

}  // namespace

// --- Permissions ---

bool TurnClient::relays(const IpAddress& peer) const { return relayed(peer.family()).has_value(); }

bool TurnClient::isPermitted(const IpAddress& peer, Time now) const {
  const auto found = permissions_.find(peer);
  if (found == permissions_.end()) return false;
  // The server may have let the peer in before we hear of it.
  return found->second.state == Permission::State::Asking ||
         (found->second.state == Permission::State::Granted && now < found->second.expires);
}

void TurnClient::permit(const IpAddress& peer, Time now) {
  if (state_ == State::New || state_ == State::Allocating || state_ == State::Allocated) permission(peer, now);
}

/// The peer's permission, asked for if need be; nothing if there cannot be one.
TurnClient::Permission* TurnClient::permission(const IpAddress& peer, Time now) {
  const bool isAllocated = state_ == State::Allocated;
  if (isAllocated && !relays(peer)) {
    // RFC 8656 s.10.1: "MUST only include ... the same address family".
    drop(Drop::NoPermission);
    return nullptr;
  }
  auto found = permissions_.find(peer);
  if (found == permissions_.end()) {
    if (permissions_.size() >= config_.maxPeers) {
      drop(Drop::TooManyPeers);
      return nullptr;
    }
    found = permissions_.emplace(peer, Permission()).first;
  }
  using Stage = Permission::State;
  auto& permission = found->second;
  permission.used = true;
  const bool expired = permission.state == Stage::Granted && now >= permission.expires;
  if (isAllocated && (permission.state == Stage::Wanted || expired)) {
    permission = Permission{Stage::Asking, never, never, false};
    sendRequest(Purpose::Permit, {peer, 0}, now);
    found = permissions_.find(peer);  // gone if the request could not be made
  }
  return found == permissions_.end() ? nullptr : &found->second;
}

void TurnClient::granted(const IpAddress& peer, Time since) {
  const auto found = permissions_.find(peer);
  if (found == permissions_.end()) return;
  auto& permission = found->second;
  permission.state = Permission::State::Granted;
  permission.expires = since + permissionLifetime;
  permission.renewAt = since + permissionRenewal;
  timers_.setIfSooner(Timer::Peers, permission.renewAt);
}

// --- Channels ---

void TurnClient::bind(const SocketAddress& peer, Time now) {
  auto found = channels_.find(peer);
  if (found == channels_.end()) {
    if (channels_.size() >= std::min<std::size_t>(config_.maxPeers, lastChannel - firstChannel + 1)) return;
    while (peersByChannel_.contains(nextChannel_))
      nextChannel_ = nextChannel_ == lastChannel ? firstChannel : static_cast<std::uint16_t>(nextChannel_ + 1);
    found = channels_.emplace(peer, Channel{nextChannel_, Channel::State::Binding, never, never, false}).first;
    peersByChannel_.emplace(nextChannel_, peer);
  }
  // Also of one that expired: the same number to the same peer may be bound at any time (RFC 8656 s.12).
  found->second.state = Channel::State::Binding;
  found->second.expires = now + channelLifetime;
  found->second.renewAt = never;
  sendRequest(Purpose::Bind, peer, now);
}

void TurnClient::bound(const SocketAddress& peer, Time since) {
  const auto found = channels_.find(peer);
  if (found == channels_.end()) return;
  auto& channel = found->second;
  channel.state = Channel::State::Bound;
  channel.expires = since + channelLifetime;
  channel.renewAt = since + channelRenewal;
  timers_.setIfSooner(Timer::Peers, channel.renewAt);
  // RFC 8656 s.12.1: "also creates or refreshes a permission".
  granted(peer.ip, since);
}

void TurnClient::peerRefused(const Request& request, int code, std::string reason) {
  if (request.purpose == Purpose::Bind) {
    if (const auto found = channels_.find(request.peer); found != channels_.end())
      found->second.state = Channel::State::Refused;
    return;
  }
  const auto found = permissions_.find(request.peer.ip);
  if (found == permissions_.end()) return;
  found->second = Permission{Permission::State::Refused, never, never, false};
  outbox_.event(PermissionFailed{request.peer.ip, code, std::move(reason)});
}

/// Renews what was used since it was made or renewed; what was not expires.
void TurnClient::keepPeers(Time now) {
  Time next = never;
  std::vector<std::pair<Purpose, SocketAddress>> renewals;
  const auto consider = [&](auto& entry, Purpose purpose, const SocketAddress& peer) {
    if (now >= entry.renewAt) {
      entry.renewAt = never;
      if (std::exchange(entry.used, false)) renewals.emplace_back(purpose, peer);
    }
    next = std::min(next, entry.renewAt);
  };
  for (auto at = permissions_.begin(); at != permissions_.end();) {
    auto& [peer, permission] = *at;
    consider(permission, Purpose::Permit, {peer, 0});
    if (now >= permission.expires) {
      at = permissions_.erase(at);
      continue;
    }
    next = std::min(next, permission.expires);
    ++at;
  }
  for (auto at = channels_.begin(); at != channels_.end();) {
    auto& [peer, channel] = *at;
    if (channel.state == Channel::State::Bound) consider(channel, Purpose::Bind, peer);
    const Time gone = channel.expires + channelReuse;
    if (now >= gone) {
      peersByChannel_.erase(channel.number);
      at = channels_.erase(at);
      continue;
    }
    next = std::min(next, gone);
    ++at;
  }
  timers_.set(Timer::Peers, next);
  for (const auto& [purpose, peer] : renewals)
    if (state_ == State::Allocated) sendRequest(purpose, peer, now);
}

// --- Data out ---

bool TurnClient::send(const SocketAddress& peer, Packet packet, Time now) {
  if (state_ != State::Allocated) return drop(Drop::NotAllocated);
  const Permission* permitted = permission(peer.ip, now);
  if (!permitted) return false;
  if (permitted->state == Permission::State::Refused) return drop(Drop::NoPermission);

  auto found = channels_.find(peer);
  const bool isUsable =
      found != channels_.end() && found->second.state == Channel::State::Bound && now < found->second.expires;
  if (isUsable) {
    found->second.used = true;
    return sendOnChannel(found->second.number, std::move(packet), now);
  }
  // A channel costs a request and saves 32 bytes of each packet: not worth it for the handful of a connectivity check,
  // but for data, which comes in numbers and only once a check has passed.
  const bool hasExpired = found != channels_.end() && now >= found->second.expires;
  if ((found == channels_.end() || hasExpired) && !looksLikeStun(packet.bytes())) {
    bind(peer, now);
    if (state_ != State::Allocated) return drop(Drop::NotAllocated);
  }
  return sendIndication(peer, std::move(packet), now);
}

bool TurnClient::sendOnChannel(std::uint16_t number, Packet packet, Time now) {
  const std::size_t size = packet.size();
  const std::size_t padding = config_.reliable ? wire::padded(size) - size : 0;
  if (size > 0xffff || packet.headroom() < wire::channelHeaderSize || packet.tailroom() < padding)
    return drop(Drop::NoRoom);
  auto header = packet.prepend(wire::channelHeaderSize);
  base::store16(header.data(), number);
  base::store16(header.data() + 2, static_cast<std::uint16_t>(size));
  if (padding) std::ranges::fill(packet.append(padding), std::uint8_t{0});
  return transmit(std::move(packet), now);
}

bool TurnClient::sendIndication(const SocketAddress& peer, Packet packet, Time now) {
  const std::size_t size = packet.size();
  const std::size_t padding = wire::padded(size) - size;
  const std::size_t addressSize = 4 + peer.ip.bytes().size();
  const std::size_t front = headerSize + wire::attributeHeaderSize + addressSize + wire::attributeHeaderSize;
  const std::size_t length = front - headerSize + size + padding;
  if (length > 0xffff || packet.headroom() < front || packet.tailroom() < padding) return drop(Drop::NoRoom);
  auto out = packet.prepend(front);
  const auto id = randomTransactionId(random_);
  base::store16(out.data(), wire::messageType(Class::Indication, Method::Send));
  base::store16(out.data() + 2, static_cast<std::uint16_t>(length));
  base::store32(out.data() + 4, magicCookie);
  std::ranges::copy(id, out.begin() + 8);
  auto attribute = out.subspan(headerSize);
  base::store16(attribute.data(), static_cast<std::uint16_t>(AttributeType::XorPeerAddress));
  base::store16(attribute.data() + 2, static_cast<std::uint16_t>(addressSize));
  wire::putAddress(attribute.subspan(wire::attributeHeaderSize, addressSize), peer, wire::addressMask(out));
  attribute = attribute.subspan(wire::attributeHeaderSize + addressSize);
  base::store16(attribute.data(), static_cast<std::uint16_t>(AttributeType::Data));
  base::store16(attribute.data() + 2, static_cast<std::uint16_t>(size));
  if (padding) std::ranges::fill(packet.append(padding), std::uint8_t{0});
  return transmit(std::move(packet), now);
}

// --- Data in ---

std::optional<TurnClient::Received> TurnClient::handleChannelData(base::MutableBytes message, Time now) {
  const auto refuse = [&](Drop reason) {
    drop(reason);
    return std::nullopt;
  };
  if (state_ != State::Allocated) return refuse(Drop::NotAllocated);
  if (message.size() < wire::channelHeaderSize) return refuse(Drop::Malformed);
  const std::size_t size = base::load16(message.data() + 2);
  // RFC 8656 s.12.5: over UDP too there may be padding.
  if (size > message.size() - wire::channelHeaderSize) return refuse(Drop::Malformed);
  const auto peer = peersByChannel_.find(base::load16(message.data()));
  if (peer == peersByChannel_.end()) return refuse(Drop::UnknownChannel);
  // RFC 8656 s.12: it may come before the success response.
  const Channel& channel = channels_.at(peer->second);
  if (channel.state == Channel::State::Refused || now >= channel.expires) return refuse(Drop::UnknownChannel);
  if (!isPermitted(peer->second.ip, now)) return refuse(Drop::NoPermission);
  return Received{peer->second, message.subspan(wire::channelHeaderSize, size)};
}

std::optional<TurnClient::Received> TurnClient::handleIndication(base::MutableBytes bytes, const Message& message,
                                                                 Time now) {
  const auto refuse = [&](Drop reason) {
    drop(reason);
    return std::nullopt;
  };
  if (message.method() != Method::Data || !message.unknownComprehensionRequired().empty())
    return refuse(Drop::Unexpected);
  if (state_ != State::Allocated) return refuse(Drop::NotAllocated);
  const auto peer = message.xorPeerAddress();
  if (!peer) return refuse(Drop::Malformed);
  // RFC 8656 s.11.4: else someone tricked the server into a permission that we do not want.
  if (!isPermitted(peer->ip, now)) return refuse(Drop::NoPermission);
  if (message.icmp()) return refuse(Drop::PeerUnreachable);
  const auto data = message.data();
  if (!data) return refuse(Drop::Malformed);
  const auto offset = static_cast<std::size_t>(data->data() - bytes.data());
  return Received{*peer, bytes.subspan(offset, data->size())};
}

}  // namespace parley::stun
