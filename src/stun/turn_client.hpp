#pragma once

#include "base/bytes.hpp"
#include "base/counters.hpp"
#include "base/machine.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "base/timers.hpp"
#include "stun/long_term_auth.hpp"
#include "stun/message.hpp"
#include "stun/transaction.hpp"

#include <parley/address.hpp>
#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

namespace parley::stun {

/// The relayed addresses that an allocation is asked for.
enum class RelayFamilies : std::uint8_t {
  V4,    ///< What a server gives that is asked for nothing (RFC 8656 s.7.1).
  V6,    ///< REQUESTED-ADDRESS-FAMILY
  Both,  ///< ADDITIONAL-ADDRESS-FAMILY: IPv4 and, if the server has one, IPv6.
};

/// One allocation on a TURN server (RFC 8656), over one 5-tuple that its owner has and it does not know.
///
///          start            success             release                response, or 3 requests unanswered
///   New ──────────► Allocating ──────► Allocated ──────► Releasing ──────► Released
///                    │                  │
///                    │ 300              │ the allocation is gone: refused refresh, no answer
///                    ▼                  ▼
///                  Failed  ◄────────────┘          (Redirected or Failed is the last output)
///
/// Whole messages go in and come out: over a datagram transport as they are, over a stream (`Config::reliable`) by
/// `StreamDeframer` in, and out as they are (ChannelData is padded already).
///
/// Per peer address there is a permission (RFC 8656 s.9), made by `permit` or by the first `send`, and for a peer that
/// is sent anything but STUN a channel (s.12). Both are refreshed for as long as something is sent to the peer.
///
/// The random source and the pool outlive the client.
class TurnClient {
 public:
  struct Config {
    /// Time-limited credentials (draft-uberti-behave-turn-rest) are a user name and a password like others.
    std::string username, password;
    RelayFamilies families = RelayFamilies::V4;
    /// The transport is TCP or TLS: nothing is retransmitted (RFC 8489 s.6.2.2), and ChannelData is padded (RFC 8656
    /// s.12.5).
    bool reliable = false;
    /// Of requests over UDP.
    Transaction::Schedule schedule = Transaction::Schedule();
    /// Asked for; the server decides. RFC 8656 s.3.2: 10 minutes are the default.
    Duration lifetime = std::chrono::minutes(10);
    /// Over UDP: a Binding indication goes out when nothing else did for so long, for the NATs on the way to the server
    /// (RFC 8445 s.11: 15 s at least). Zero: none.
    Duration keepAlive = std::chrono::seconds(15);
    /// Peers (addresses with port) that are known at a time; of further ones nothing is sent. As many as a checklist
    /// has pairs (RFC 8445 s.6.1.2.5).
    std::size_t maxPeers = 128;
  };

  /// One message to the server.
  struct Transmit {
    Packet packet;
  };
  struct Allocated {
    /// One, or with `RelayFamilies::Both` two. A peer is reached from, and seen at, the one of its own family.
    std::vector<SocketAddress> relayed;
    /// This end of the 5-tuple as the server sees it: a server-reflexive candidate, for nothing.
    SocketAddress mapped;
    Duration lifetime{};
    /// Why there is only one, if two were asked for (ADDRESS-ERROR-CODE); 0 if not said.
    int missingFamilyCode = 0;
  };
  /// Error 300 (RFC 8489 s.10): another server is to be asked, by a new client on a new 5-tuple over the same transport
  /// protocol. The owner stops on a server that it had already. Over TLS the certificate has to be that of `domain`, or
  /// if it is empty of the server that was asked first.
  struct Redirected {
    SocketAddress server;
    std::string domain;
  };
  /// There is no allocation, or no more.
  struct Failed {
    /// The code of the error response; 0 if none came in time, or none that could be believed.
    /// 437: another 5-tuple may do. 486, 508: not again before a minute (RFC 8656 s.7.4). 440: not for this family.
    int code = 0;
    std::string reason;
  };
  /// The server does not relay to this peer (403: forbidden, 443: of another family, …): what is sent to it is dropped.
  struct PermissionFailed {
    IpAddress peer;
    int code = 0;
    std::string reason;
  };
  /// The server has freed the allocation, or did not say so in time.
  struct Released {};
  using Output = std::variant<Transmit, Allocated, Redirected, Failed, PermissionFailed, Released>;

  /// What a peer sent. It borrows the message that was handled.
  struct Received {
    SocketAddress peer;
    base::MutableBytes payload;
  };

  enum class State : std::uint8_t { New, Allocating, Allocated, Releasing, Released, Failed };

  /// Why something that came, or was to be sent, was dropped.
  enum class Drop : std::uint8_t {
    Malformed,           ///< Neither STUN nor ChannelData, or damaged.
    UnknownTransaction,  ///< A response to no request of ours, or one too late.
    BadIntegrity,        ///< A response that is not the server's (RFC 8489 s.9.2.5).
    Unexpected,          ///< A request, an indication that is none of TURN's, an attribute that is not understood.
    PeerUnreachable,     ///< Told by ICMP (RFC 8656 s.11.6); ICE finds out by itself.
    NoPermission,        ///< From a peer that was not permitted (RFC 8656 s.11.4), or to one that was refused.
    UnknownChannel,      ///< ChannelData of a number that is not bound.
    NotAllocated,        ///< Sent or received while there was no allocation.
    TooManyPeers,
    NoRoom,  ///< A packet without the headroom that it takes.
    Count
  };

  TurnClient(Config config, base::Random& random, base::PacketPool& pool);

  /// Once: asks for the allocation.
  void start(Time now);

  /// One message from the server. Data of a peer is returned, borrowed; anything else leads to outputs.
  std::optional<Received> handle(base::MutableBytes message, Time now);
  /// Whether the message is meant for this client: ChannelData, a Data indication, or the response to one of its
  /// requests. For an owner that talks to the same server over the same 5-tuple by other means as well.
  bool expects(base::Bytes message) const;

  /// Lets this peer through (RFC 8656 s.9), whether or not something will be sent to it. Before the allocation stands
  /// it is remembered. Repeated calls are cheap.
  void permit(const IpAddress& peer, Time now);
  /// Relays one packet. It is framed in place: 36 bytes of headroom to an IPv4 peer, 48 to an IPv6 one
  /// (base::packetHeadroom has them), 4 once a channel is bound. Sent at once even if the permission is still being
  /// asked for: the request is ahead of it. False if it was dropped and counted.
  bool send(const SocketAddress& peer, Packet packet, Time now);
  /// Refreshes the allocation now, because its owner has reason to doubt that the server still has it. Failed if not.
  void probe(Time now);
  /// Frees the allocation (Refresh with lifetime 0). One request goes out at once, so that an owner that cannot wait
  /// for `Released` may close its socket right after it sent what `poll` returns. Without an allocation: Released at
  /// once.
  void release(Time now);

  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);

  State state() const { return state_; }
  /// Nothing if the server gave no address of this family.
  std::optional<SocketAddress> relayed(IpAddress::Family family) const;
  /// Of the last request that was answered without retransmission (Karn); nothing before.
  std::optional<Duration> roundTripTime() const { return roundTrip_; }
  const base::Counters<Drop>& drops() const { return drops_; }

  /// RFC 8656 s.12: the numbers that a channel may have. Their first byte, 64 to 79, tells ChannelData from STUN.
  static constexpr std::uint16_t firstChannel = 0x4000, lastChannel = 0x4fff;

 private:
  enum class Timer : std::uint8_t { Refresh, Expire, KeepAlive, Peers, Count };
  enum class Purpose : std::uint8_t { Allocate, Refresh, Release, Permit, Bind };

  /// A request that is not answered yet.
  struct Request {
    Purpose purpose{};
    SocketAddress peer;  ///< Of Permit (its port is 0) and Bind.
    TransactionId id{};
    Transaction transaction;
    std::vector<std::uint8_t> bytes;  ///< For retransmissions.
    int challenges = 0;               ///< That were answered by a new transaction so far.
    bool isSigned = false;
    bool forged = false;  ///< A response came that failed the check of integrity.
  };

  /// What the server lets through, per IP address (RFC 8656 s.9).
  ///
  ///             allocated         success            not used for 5 minutes
  ///   Wanted ─────────────► Asking ───────► Granted ────────────────────────► (gone)
  ///                           └─── error ──────┴─────► Refused
  struct Permission {
    enum class State : std::uint8_t { Wanted, Asking, Granted, Refused };
    State state = State::Wanted;
    Time expires = never;
    Time renewAt = never;
    bool used = false;  ///< Something was sent since it was granted or renewed.
  };

  /// A channel, per address with port (RFC 8656 s.12).
  ///
  ///            success         not used for 10 minutes, and 5 minutes more
  ///   Binding ───────► Bound ────────────────────────────────────────────► (gone)
  ///      └─── error ────┴────► Refused: Send indications will do
  struct Channel {
    enum class State : std::uint8_t { Binding, Bound, Refused };
    std::uint16_t number = 0;
    State state = State::Binding;
    Time expires = never;
    Time renewAt = never;
    bool used = false;
  };

  // turn_client.cpp: the allocation
  void sendRequest(Purpose purpose, const SocketAddress& peer, Time now);
  void transmitRequest(Request request, Time now);
  Packet compose(const Request& request);
  bool transmit(Packet packet, Time now);
  void restartKeepAlive(Time now);
  void handleResponse(const Message& message, Time now);
  void challenged(Request request, const Message& response, Time now);
  void succeeded(const Request& request, const Message& response, Time now);
  void allocated(const Request& request, const Message& response, Time now);
  void refused(const Request& request, int code, std::string reason, Time now);
  void timedOut(const Request& request);
  void redirected(const Message& response);
  void setLifetime(Duration lifetime, Time since, Time now);
  void fail(int code, std::string reason);
  void end(State state, Output event);

  // turn_peers.cpp: permissions, channels, data
  Permission* permission(const IpAddress& peer, Time now);
  void bind(const SocketAddress& peer, Time now);
  void granted(const IpAddress& peer, Time since);
  void bound(const SocketAddress& peer, Time since);
  void peerRefused(const Request& request, int code, std::string reason);
  void keepPeers(Time now);
  bool relays(const IpAddress& peer) const;
  bool isPermitted(const IpAddress& peer, Time now) const;
  bool sendOnChannel(std::uint16_t number, Packet packet, Time now);
  bool sendIndication(const SocketAddress& peer, Packet packet, Time now);
  std::optional<Received> handleChannelData(base::MutableBytes message, Time now);
  std::optional<Received> handleIndication(base::MutableBytes bytes, const Message& message, Time now);
  bool drop(Drop reason);

  Config config_;
  base::Random& random_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  base::Counters<Drop> drops_;
  base::Timers<Timer> timers_;
  LongTermAuth auth_;
  State state_ = State::New;
  std::vector<Request> requests_;
  std::vector<SocketAddress> relayed_;
  std::optional<Duration> roundTrip_;
  std::unordered_map<IpAddress, Permission> permissions_;
  std::unordered_map<SocketAddress, Channel> channels_;
  std::unordered_map<std::uint16_t, SocketAddress> peersByChannel_;
  std::uint16_t nextChannel_ = firstChannel;
};
static_assert(base::Machine<TurnClient>);

}  // namespace parley::stun
