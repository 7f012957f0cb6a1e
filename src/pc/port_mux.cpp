#include "pc/port_mux.hpp"

#include <algorithm>

namespace parley::pc {

namespace {
/// As many as a checklist has pairs, and as many as can be unanswered at a time.
constexpr std::size_t maxRoutes = 128, maxTransactions = 128;
constexpr std::size_t transactionIdAt = 8, headerSize = 20;

std::optional<stun::TransactionId> transactionOf(base::Bytes bytes) {
  if (bytes.size() < headerSize || bytes[0] > 3) return std::nullopt;
  stun::TransactionId id;
  std::copy_n(bytes.begin() + transactionIdAt, id.size(), id.begin());
  return id;
}
/// RFC 8489 s.5: the two class bits, 0x0110 of the type, are zero in a request.
bool isRequest(base::Bytes bytes) { return (bytes[0] & 1) == 0 && (bytes[1] & 0x10) == 0; }
bool isError(base::Bytes bytes) { return (bytes[0] & 1) != 0 && (bytes[1] & 0x10) != 0; }
}  // namespace

void PortMux::bind(PeerId peer, const BindUdp& request) {
  auto at = std::find_if(shared_.begin(), shared_.end(), [&](const auto& each) {
    const auto& other = each.second.request;
    return other.local == request.local && other.firstPort == request.firstPort && other.lastPort == request.lastPort;
  });
  if (at == shared_.end()) {
    const SocketId id = ids_.socket();
    at = shared_.emplace(id, Shared{request, std::nullopt, {}}).first;
    at->second.request.socket = id;
    outbox_.event(at->second.request);
  }
  const bool again = std::any_of(members_.begin(), members_.end(), [&](const auto& each) {
    return each.second.peer == peer && each.second.shared == at->first;
  });
  if (again) return outbox_.event(Answer{peer, SocketFailed{request.socket, "the connection has this port already"}});
  members_[request.socket] = {peer, at->first, {}, {}};
  if (at->second.bound) answer(request.socket, at->second);
}

void PortMux::answer(SocketId member, const Shared& shared) {
  outbox_.event(Answer{members_.at(member).peer, SocketBound{member, *shared.bound}});
}

void PortMux::setUfrags(PeerId peer, std::vector<std::string> ufrags) {
  auto& before = ufragsOf_[peer];
  if (before == ufrags) return;
  for (const auto& ufrag : before)
    if (auto at = ufrags_.find(ufrag); at != ufrags_.end() && at->second == peer) ufrags_.erase(at);
  for (const auto& ufrag : ufrags) ufrags_[ufrag] = peer;
  before = std::move(ufrags);
  if (before.empty()) ufragsOf_.erase(peer);
}

void PortMux::close(SocketId id) {
  auto node = members_.extract(id);
  if (node.empty()) return;
  const Member& member = node.mapped();
  for (const auto& transaction : member.asked) transactions_.erase(transaction);
  auto shared = shared_.find(member.shared);
  if (shared == shared_.end()) return;
  for (const auto& remote : member.talkedTo)
    if (auto at = shared->second.lastTalker.find(remote); at != shared->second.lastTalker.end() && at->second == id)
      shared->second.lastTalker.erase(at);
  const bool used = std::any_of(members_.begin(), members_.end(),
                                [&](const auto& each) { return each.second.shared == shared->first; });
  if (used) return;
  outbox_.event(CloseSocket{shared->first});
  shared_.erase(shared);
}

void PortMux::talk(SocketId id, Member& member, const SocketAddress& remote) {
  auto& lastTalker = shared_.at(member.shared).lastTalker;
  auto [at, isNew] = lastTalker.try_emplace(remote, id);
  if (!isNew && at->second == id) return;
  at->second = id;
  member.talkedTo.push_back(remote);
  if (member.talkedTo.size() <= maxRoutes) return;
  if (auto old = lastTalker.find(member.talkedTo.front()); old != lastTalker.end() && old->second == id)
    lastTalker.erase(old);
  member.talkedTo.pop_front();
}

SocketId PortMux::outbound(const Transmit& transmit) {
  Member& member = members_.at(transmit.socket);
  const auto id = transactionOf(transmit.packet.bytes());
  // An error can be the answer to anybody: it must not take the address away from whom it belongs to.
  if (!id || !isError(transmit.packet.bytes())) talk(transmit.socket, member, transmit.to);
  if (id && isRequest(transmit.packet.bytes())) {
    if (transactions_.insert_or_assign(*id, transmit.socket).second) member.asked.push_back(*id);
    if (member.asked.size() > maxTransactions) {
      transactions_.erase(member.asked.front());
      member.asked.pop_front();
    }
  }
  return member.shared;
}

std::optional<std::pair<PortMux::PeerId, SocketId>> PortMux::inbound(const Datagram& datagram) {
  const auto& shared = shared_.at(datagram.socket);
  auto found = members_.end();
  if (auto id = transactionOf(datagram.bytes)) {
    if (!isRequest(datagram.bytes)) {
      if (auto asked = transactions_.find(*id); asked != transactions_.end()) found = members_.find(asked->second);
    } else if (auto message = stun::Message::parse(datagram.bytes)) {
      const auto username = message->username();
      const auto owner = ufrags_.find(username ? std::string(username->substr(0, username->find(':'))) : std::string());
      if (owner != ufrags_.end())
        found = std::find_if(members_.begin(), members_.end(), [&](const auto& each) {
          return each.second.peer == owner->second && each.second.shared == datagram.socket;
        });
      if (found == members_.end()) return std::nullopt;
    }
  }
  if (found == members_.end()) {
    auto talker = shared.lastTalker.find(datagram.from);
    if (talker != shared.lastTalker.end()) found = members_.find(talker->second);
  }
  if (found == members_.end()) return std::nullopt;
  return std::pair(found->second.peer, found->first);
}

void PortMux::handle(const SocketBound& bound) {
  auto at = shared_.find(bound.socket);
  if (at == shared_.end()) return;
  at->second.bound = bound.local;
  for (const auto& [id, member] : members_)
    if (member.shared == bound.socket) answer(id, at->second);
}

void PortMux::handle(const SocketFailed& failed) {
  if (!shared_.erase(failed.socket)) return;
  outbox_.event(CloseSocket{failed.socket});
  std::erase_if(members_, [&](const auto& each) {
    if (each.second.shared != failed.socket) return false;
    outbox_.event(Answer{each.second.peer, SocketFailed{each.first, failed.reason}});
    return true;
  });
}

}  // namespace parley::pc
