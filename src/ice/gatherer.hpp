#pragma once

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "ice/config.hpp"
#include "ice/output.hpp"
#include "stun/message.hpp"
#include "stun/transaction.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley::ice {

/// A candidate of our own and where it lives.
struct LocalCandidate {
  Candidate candidate;
  SocketId socket{};
  SocketAddress address;
  std::string url;       ///< Of the STUN server.
  std::uint32_t id = 0;  ///< For statistics; given by the agent.
};

struct GatheringDone {};

/// RFC 8445 s.5.1.1: finds the candidates of one generation after the other, and owns the sockets. Each generation has
/// sockets of its own, if there are ports enough: libwebrtc pairs the new ports of its restart with our old candidates at
/// once, and answers with 401 what then comes from the same address with new credentials.
///
///     Idle ─ start() ─► Listing ─ interfaces ─► Probing ─ all bound, resolved, answered; or the time is over ─► Idle
///
/// In Probing each address is bound (host candidates) while the servers' names are resolved; then each socket asks each
/// server of its family. New requests go out only when the agent gives a slot of its pacer (`sendNext`). The answered
/// ones are repeated in Idle, to keep NAT bindings, until `stopKeepAlive`.
class Gatherer {
 public:
  using Output = std::variant<Transmit, BindUdp, CloseSocket, ListInterfaces, Resolve, LocalCandidate, CandidateFailed,
                              GatheringDone>;

  Gatherer(const Config& config, base::IdSource& ids, base::Random& random, base::PacketPool& pool)
      : config_(config), ids_(ids), random_(random), pool_(pool) {}

  /// Begins anew, on new sockets. The ones before stay until `closeStale`.
  void start(Time now);
  /// Undoes the last `start`: its sockets are closed, and the ones before are in use as they were.
  void takeBack();
  /// The generation before is gone: sockets that only it used can go as well.
  void closeStale();
  void stopKeepAlive();
  void close();

  void handle(const SocketBound& bound);
  /// True if the socket had been bound, that is, if there are candidates and pairs on it.
  bool handle(const SocketFailed& failed);
  void handle(const InterfacesListed& listed);
  void handle(const Resolved& resolved);
  /// True if the message is a response to one of our requests.
  bool handle(const Datagram& datagram, const stun::Message& message, Time now);

  bool wantsSlot() const;
  void sendNext(Time now);

  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);

  bool busy() const { return phase_ != Phase::Idle; }
  /// The address that the socket is bound to; nothing if it is not bound or not ours.
  std::optional<SocketAddress> boundAddress(SocketId socket) const;
  bool owns(SocketId socket) const;
  /// RFC 8445 s.5.1.1.3. `server` is that of a reflexive candidate.
  std::string foundation(CandidateType type, const IpAddress& base, const std::optional<IpAddress>& server);

 private:
  enum class Phase : std::uint8_t { Idle, Listing, Probing };

  struct Socket {
    SocketId id{};
    IpAddress ip;
    std::size_t index = 0;  // among the addresses of its listing: its preference
    std::uint32_t gathering = 0;  // for which it was made
    std::optional<SocketAddress> bound;
    bool stale = false;
  };

  /// One STUN server in the gathering that runs.
  struct Server {
    StunServer server;
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

  /// Ends a gathering without a word.
  void cancel();
  void hostFound(const Socket& one);
  void addProbes(const Socket& one, std::size_t server);
  void transmit(const Probe& probe);
  void answered(Probe& probe, const SocketAddress& mapped, Time now);
  void failed(Probe& probe, int code, std::string text);
  void finishIfDone();
  Socket* socket(SocketId id);

  const Config& config_;
  base::IdSource& ids_;
  base::Random& random_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  Phase phase_ = Phase::Idle;
  std::uint32_t gathering_ = 0;  // counts them
  std::optional<RequestId> listing_;
  Time giveUpAt_ = never;
  std::vector<Socket> sockets_;
  std::vector<Server> servers_;
  std::vector<Probe> probes_;
  std::vector<LocalCandidate> found_;  // of this generation, to tell redundant ones
  std::map<std::string, std::string> foundations_;
};

}  // namespace parley::ice
