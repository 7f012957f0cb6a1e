#pragma once

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "ice/config.hpp"
#include "ice/local_candidate.hpp"
#include "ice/output.hpp"
#include "ice/relay.hpp"
#include "stun/message.hpp"
#include "stun/transaction.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace parley::ice {

struct GatheringDone {};
/// Addresses came into being; what `GatheringDone` ended has begun again.
struct GatheringResumed {};
/// Nothing goes through this socket (or relay) any more.
struct SocketGone {
  SocketId socket{};
};

/// This relay does not reach the peer: its server refuses to let it in.
struct PeerRefused {
  SocketId socket{};
  IpAddress peer;
};

/// RFC 8445 s.5.1.1: finds the candidates of one generation after the other, and owns the sockets and relays. Each
/// generation has sockets of its own, if there are ports enough: libwebrtc pairs the new ports of its restart with our
/// old candidates at once, and answers with 401 what then comes from the same address with new credentials.
///
///                                                                                         InterfacesChanged: new ones
///                                                                                       ┌────────────────────────────┐
///     Idle ─ start() ─► Listing ─ interfaces ─► Probing ─ all bound, resolved, answered; or the time is over ─► Idle ┘
///                                                  ▲───────────────────────────────────────────────────────────────┘
///
/// In Probing each address is bound (host candidates) while the servers' names are resolved; then each socket asks each
/// server of its family: STUN servers by a probe, TURN servers by a relay. New ones begin only when the agent gives a slot
/// of its pacer (`sendNext`). The answered probes are repeated in Idle, to keep NAT bindings, until `stopKeepAlive`.
///
/// gatherer.cpp has the sockets and the phases, probes.cpp the STUN servers, relays.cpp the TURN servers.
class Gatherer {
 public:
  using Output = std::variant<Transmit, BindUdp, ListenTcp, ConnectTcp, CloseSocket, ListInterfaces, Resolve,
                              PublishName, WithdrawName, LocalCandidate, CandidateFailed, SocketGone, PeerRefused,
                              GatheringResumed, GatheringDone>;

  Gatherer(const Config& config, base::IdSource& ids, base::Random& random, base::PacketPool& pool)
      : config_(config), ids_(ids), random_(random), pool_(pool) {}

  /// Begins anew, on new sockets. The ones before stay until `closeStale`.
  void start(Time now);
  /// Undoes the last `start`: its sockets are closed, and the ones before are in use as they were.
  void takeBack(Time now);
  /// The generation before is gone: sockets that only it used can go as well.
  void closeStale(Time now);
  void stopKeepAlive();
  void close(Time now);

  void handle(const SocketBound& bound, Time now);
  void handle(const SocketFailed& failed, Time now);
  void handle(const InterfacesListed& listed, Time now);
  void handle(const InterfacesChanged& changed, Time now);
  void handle(const Resolved& resolved, Time now);
  /// True if the message is a response to one of our requests.
  bool handle(const Datagram& datagram, const stun::Message& message, Time now);

  bool wantsSlot() const;
  void sendNext(Time now);

  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);

  bool busy() const { return phase_ != Phase::Idle; }
  bool owns(SocketId socket) const;
  /// The socket is there for a relay alone: nobody else may be heard on it (RFC 8827 s.6.4).
  bool carriesOnly(SocketId socket) const;
  /// The listener among our sockets that this is.
  bool listens(SocketId socket) const;
  /// What raddr and rport of a reflexive candidate on this base say (RFC 8839 s.5.1): nothing, where the base is secret.
  SocketAddress shownBase(const SocketAddress& base) const;
  /// RFC 8445 s.5.1.1.3. `server` is that of a reflexive candidate.
  std::string foundation(CandidateType type, std::string_view transport, const IpAddress& base,
                         const std::optional<IpAddress>& server);

  // --- Relays (relays.cpp) ---

  /// Whether this socket, or id of a relayed address, is one of ours.
  bool isRelay(SocketId socket) const;
  /// Whether a relay waits for this datagram.
  bool relayExpects(const Datagram& datagram) const;
  /// Gives it to that relay. What a peer sent comes back.
  std::optional<Datagram> unwrap(const Datagram& datagram, Time now);
  /// Sends through the relayed address with this id. False if dropped.
  bool relay(SocketId socket, const SocketAddress& peer, Packet packet, Time now);
  void permit(SocketId socket, const IpAddress& peer, Time now);
  /// Nothing is heard through this relay: does its server still know of it? If not, it is gone, and made again.
  void probeRelay(SocketId socket, Time now);
  /// True if it concerns the connection of a relay.
  bool handle(const TcpConnected& connected, Time now);
  bool handle(const StreamData& data, Time now, const Relay::Deliver& deliver);
  bool handle(const StreamBacklog& backlog);
  /// The relay's connection has a long queue: what may be lost is not given to it.
  bool isFull(SocketId socket);

 private:
  enum class Phase : std::uint8_t { Idle, Listing, Probing };

  struct Socket {
    enum class Kind : std::uint8_t { Udp, Active, Passive, SimultaneousOpen };
    Kind kind = Kind::Udp;
    SocketId id{};
    IpAddress ip;
    std::size_t index = 0;        // among the addresses of its listing: its preference
    std::uint32_t gathering = 0;  // for which it was made
    bool carriesOnly = false;
    std::optional<std::size_t> onlyServer{};  // the one that did not take another socket's port
    std::optional<SocketAddress> bound{};
    bool stale = false;
  };

  /// One STUN or TURN server in the gathering that runs.
  struct Server {
    std::string host;
    std::uint16_t port = 0;
    std::string url;
    std::optional<TurnServer> turn;
    std::optional<RequestId> resolving;
    std::vector<IpAddress> addresses;
  };

  /// One socket asking one server.
  struct Probe {
    SocketId socket{};
    std::size_t server = 0;
    SocketAddress to;
    stun::TransactionId id{};
    enum class State : std::uint8_t { Queued, Sent, Answered, Failed } state = State::Queued;
    std::optional<stun::Transaction> transaction;
    Time keepAliveAt = never;
  };

  /// One local address with a TURN server.
  struct Relayed {
    std::unique_ptr<Relay> relay;
    std::size_t server = 0;
    std::size_t index = 0;
    std::uint32_t gathering = 0;
    bool queued = true;  // waits for a slot
    bool stale = false;
    bool found = false;             // its candidates were
    int lives = 0;                  // that the allocation had before
    std::set<SocketAddress> asked;  // servers, along redirections
  };

  /// Ends a gathering without a word.
  void cancel();
  void resolve(Server& server);
  void found(Server& server, std::vector<IpAddress> addresses);
  void openAddress(const IpAddress& address, std::size_t index);
  void open(Socket::Kind kind, const IpAddress& address, std::size_t index);
  void use(Socket& one);
  void hostFound(const Socket& one);
  void found(LocalCandidate local);
  void askServers(const Socket& one);
  void askServer(const Socket& one, std::size_t server);
  /// With the server's URL rather than its place: a relay of an earlier gathering outlives the list that it is of.
  void reflexiveFound(const Socket& one, std::size_t server, const std::string& url, const IpAddress& serverIp,
                      const SocketAddress& mapped);
  void serverFailed(const std::string& url, const SocketAddress& local, int code, std::string text);
  bool fitsServer(const Server& server, const IpAddress& local, IpAddress& chosen) const;
  void finishIfDone();
  void done();
  Socket* socket(SocketId id);
  const Socket* socket(SocketId id) const;
  std::string nameOf(const IpAddress& address);
  bool hidesHosts() const { return config_.hideAddresses || config_.addressPolicy == AddressPolicy::PublicOnly; }

  // probes.cpp
  void addProbe(const Socket& one, std::size_t server, const IpAddress& ip);
  void transmit(const Probe& probe);
  void answered(Probe& probe, const SocketAddress& mapped, Time now);
  void failed(Probe& probe, int code, std::string text);
  void advanceProbes(Time now);

  // relays.cpp
  void addRelay(std::size_t server, const IpAddress& ip, std::size_t index, const IpAddress& local,
                std::optional<SocketId> carrier);
  void startRelay(Relayed& one, Time now);
  void drain(Relayed& one, Time now);
  void socketsGone(const Relayed& one);
  void relayedFound(Relayed& one);
  void redirect(Relayed& one, const Relay::Redirected& to, Time now);
  void relayFailed(Relayed& one, int code, std::string reason, Time now);
  bool askElsewhere(const Relayed& one, int code);
  bool askAgain(const Relayed& one, int code, Time now);
  Relayed& succeed(const Relayed& one);
  void resume(Time now);
  void closeRelay(Relayed& one, Time now);
  void closeRelays(const std::function<bool(const Relayed&)>& which, Time now);
  void forgetRelays();
  Relayed* relayOf(SocketId socket);
  SocketAddress relayLocal(const Relayed& one) const;

  const Config& config_;
  base::IdSource& ids_;
  base::Random& random_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  Phase phase_ = Phase::Idle;
  std::uint32_t gathering_ = 0;  // counts them
  bool relayOnly_ = false;       // of this gathering
  std::optional<RequestId> listing_;
  Time giveUpAt_ = never;
  std::vector<Socket> sockets_;
  std::vector<IpAddress> addresses_;  // of this generation, by preference
  std::vector<Server> servers_;
  std::vector<Probe> probes_;
  std::vector<std::unique_ptr<Relayed>> relays_;
  std::vector<LocalCandidate> found_;  // of this generation, to tell redundant ones
  std::map<std::string, std::string> foundations_;
  std::map<IpAddress, std::string> names_;  // for multicast DNS
};

}  // namespace parley::ice
