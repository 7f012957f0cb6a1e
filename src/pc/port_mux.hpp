#pragma once

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "stun/message.hpp"

#include <parley/io.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace parley::pc {

/// One UDP port for many connections. Each peer believes that it has sockets of its own ("members"); here they are one
/// socket for each local address, and what arrives there goes
///
///   - a response to the member that asked (by its transaction id),
///   - a request to the member of the peer whose ufrag its USERNAME begins with (RFC 8445 s.7.2.2),
///   - anything else to the member that was the last to talk to that address.
///
/// So two connections with the same address and port of the other side cannot share a port. Nor can allocations on one
/// TURN server: over UDP they are told apart by the client's address.
class PortMux {
 public:
  using PeerId = std::uint64_t;
  /// What a peer is told about its member.
  struct Answer {
    PeerId peer = 0;
    std::variant<SocketBound, SocketFailed> answer;
  };
  using Output = std::variant<BindUdp, CloseSocket, Answer>;

  /// The ids outlive it.
  explicit PortMux(base::IdSource& ids) : ids_(ids) {}

  /// A peer's request for a socket. One for each local address; a second one fails, and the first serves on.
  void bind(PeerId peer, const BindUdp& request);
  /// The peer's local ufrags, all of them.
  void setUfrags(PeerId peer, std::vector<std::string> ufrags);
  void close(SocketId member);

  bool isMember(SocketId socket) const { return members_.contains(socket); }
  bool isShared(SocketId socket) const { return shared_.contains(socket); }
  bool empty() const { return members_.empty(); }

  /// The socket that a member's datagram leaves from. Precondition: isMember(transmit.socket).
  SocketId outbound(const Transmit& transmit);
  /// The member that a datagram of a shared socket is for.
  std::optional<std::pair<PeerId, SocketId>> inbound(const Datagram& datagram);
  void handle(const SocketBound& bound);
  void handle(const SocketFailed& failed);

  std::optional<Output> poll() { return outbox_.poll(); }

 private:
  struct Shared {
    BindUdp request;
    std::optional<SocketAddress> bound;
    std::unordered_map<SocketAddress, SocketId> lastTalker;
  };
  struct Member {
    PeerId peer = 0;
    SocketId shared{};
    std::deque<SocketAddress> talkedTo;          ///< The newest last.
    std::deque<stun::TransactionId> asked;
  };

  void answer(SocketId member, const Shared& shared);
  void talk(SocketId id, Member& member, const SocketAddress& remote);

  base::IdSource& ids_;
  base::Outbox<Output> outbox_;
  std::map<SocketId, Shared> shared_;
  std::unordered_map<SocketId, Member> members_;
  std::map<stun::TransactionId, SocketId> transactions_;
  std::unordered_map<std::string, PeerId> ufrags_;
  std::unordered_map<PeerId, std::vector<std::string>> ufragsOf_;
};

}  // namespace parley::pc
