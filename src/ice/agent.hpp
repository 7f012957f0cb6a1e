#pragma once

#include "base/ids.hpp"
#include "base/machine.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "ice/candidate.hpp"
#include "ice/config.hpp"
#include "ice/consent.hpp"
#include "ice/credentials.hpp"
#include "ice/gatherer.hpp"
#include "ice/generation.hpp"
#include "ice/local_candidate.hpp"
#include "ice/output.hpp"
#include "ice/pacer.hpp"
#include "ice/stats.hpp"
#include "ice/streams.hpp"
#include "stun/message.hpp"
#include "stun/transaction.hpp"

#include <parley/io.hpp>
#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace parley::ice {

/// Full ICE (RFC 8445) with trickle (RFC 8838), patience (RFC 8863) and consent (RFC 7675) for one component. One agent
/// lives as long as its transport; each exchange of credentials is a generation inside it.
///
///                       setRemote + candidates         a pair is valid           all is gathered, signalled and checked
///     State:   New ───────────────────────► Checking ─────────────────► Connected ──────────────────► Completed
///                                            ▲   │                       ▲     │ a consent check unanswered   │
///                                    restart │   │ nothing works,        │     ▼ and silence for 5 s          │
///                                            │   │ not before 39.5 s     └─ Disconnected ◄────────────────────┘
///                                            │   ▼                             │ consent expired (30 s)
///                                           Failed ◄───────────────────────────┘          close(): Closed, from anywhere
///
/// Outputs that concern the packet path come in the order in which they were made. The ids, the random source and the
/// pool outlive the agent.
class Agent {
 public:
  using Output = ice::Output;

  Agent(Config config, base::IdSource& ids, base::Random& random, base::PacketPool& pool);
  ~Agent();
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  // --- What signalling says ---

  /// Gathers for these local credentials. New ones while a generation is complete (has both credentials) are an ICE
  /// restart, on new sockets; the old selected pair carries data until the new generation has selected one. The
  /// credentials of the generation before withdraw a restart that the other side has not answered (a rollback).
  void gather(const Credentials& local, Time now);
  /// Before the first one the role is Controlling. After a conflict was resolved the network decides: the same value
  /// again, as each application of a description says it, does not undo that.
  void setRole(Role role, Time now);
  /// The remote credentials. Changed ones are a restart by the peer (or its answer to ours), the ones before withdraw it.
  void setRemote(const Credentials& remote, const RemoteOptions& options, Time now);
  /// A candidate of the generation that its ufrag extension names (RFC 8838 s.9), or of the newest one. Of another:
  /// dropped and counted. Before `setRemote` they wait for it.
  void addRemoteCandidate(const Candidate& candidate, Time now);
  /// No more candidates for the newest generation (RFC 8838 s.14).
  void endOfRemoteCandidates(Time now);
  /// For gatherings from now on.
  void setServers(Servers servers);
  /// Gathers before there are credentials (W3C iceCandidatePoolSize); `gather` shows what there is by then.
  void prepare(Time now);

  // --- What the host says ---

  /// Any datagram of our sockets. What is not for ICE is returned, as it came from the peer: unwrapped, if a relay sent
  /// it. It borrows the same bytes, and may be believed if `mayReceive` says so.
  std::optional<Datagram> handle(const Datagram& datagram, Time now);
  void handle(const SocketBound& bound, Time now);
  void handle(const SocketFailed& failed, Time now);
  void handle(const TcpConnected& connected, Time now);
  void handle(const TcpAccepted& accepted, Time now);
  void handle(const StreamData& data, Time now);
  void handle(const StreamBacklog& backlog, Time now);
  void handle(const InterfacesListed& listed, Time now);
  void handle(const InterfacesChanged& changed, Time now);
  void handle(const Resolved& resolved, Time now);

  /// Closes all sockets. What was queued is gone, and nothing but `CloseSocket` is put out from here on: the caller knows
  /// that the state is Closed.
  void close(Time now);

  std::optional<Output> poll();
  Time deadline() const;
  void advance(Time now);

  // --- The packet path ---

  struct Path {
    SocketId socket{};
    SocketAddress to;
    /// The host has the socket, and its datagrams are sent as they are. Else only `send` knows the way.
    bool direct = true;
    bool operator==(const Path&) const = default;
  };

  /// Whether a datagram that is not STUN may be believed to come from the peer: an authenticated check passed between
  /// this socket and this address, in either direction. O(1).
  bool mayReceive(SocketId socket, const SocketAddress& from) const;
  /// Where to send: the selected pair, or the best valid one before nomination. Nothing without consent. O(1).
  std::optional<Path> sendPath() const;
  /// Sends on `sendPath()`, whatever it is. False if the packet was dropped.
  bool send(Packet packet, Time now);
  /// One datagram went out on `sendPath()`.
  void countSent(std::size_t bytes, Time now);
  /// One that `sendPath()` was meant for did not go out.
  void countDiscarded(std::size_t bytes);
  /// One datagram that is not STUN came in.
  void countReceived(SocketId socket, const SocketAddress& from, std::size_t bytes, Time now);

  // --- What it knows ---

  Role role() const;
  State state() const;
  GatheringState gatheringState() const;
  /// Smoothed (RFC 6298 s.2) over the checks and consent checks of the pair in use; 100 ms before the first one: of the
  /// order of a path across a continent, for timers that start from it.
  Duration roundTripTime() const;
  Stats stats() const;
  /// True for the local ufrag of any generation that is alive.
  bool ownsUfrag(std::string_view ufrag) const;
  /// The local ufrags that are alive, for a table that routes by them.
  std::vector<std::string> localUfrags() const;

 private:
  /// One Binding request of ours to the peer.
  struct Check {
    stun::TransactionId id{};
    std::uint32_t generation = 0;
    std::uint32_t pair = 0;
    PathKey path;
    std::uint32_t priority = 0;
    Role role{};
    bool useCandidate = false;
    bool consent = false;
    /// Consent checks have none, nor have cancelled ones (RFC 8445 s.7.3.1.4: not retransmitted, no failure, but a
    /// response still counts).
    std::optional<stun::Transaction> transaction;
    Duration rto{};
    int sent = 1;
    Time forgetAt = never;
    Time sentAt{};
    std::vector<std::uint8_t> bytes;  ///< For retransmissions.
  };

  // agent.cpp: signalling, time, state
  Generation* newest() { return generations_.empty() ? nullptr : generations_.back().get(); }
  Generation* generation(std::uint32_t serial);
  Generation& addGeneration();
  void dropGeneration(std::size_t index);
  void completed(Generation& generation, Time now);
  void switchRole();
  void run(Time now);
  void step(Time now);
  void drainGatherer(Time now);
  void resumeGathering();
  Time ownDeadline() const;
  void useBestPath(Time now);
  void giveUpOn(Generation& generation, Time now);
  void keepConsent(Time now);
  void leaveSilentPath(Time now);
  void fillSlot(Time now);
  State computeState() const;
  void updateState();
  bool checksWantSlot() const;

  // wires.cpp: packets over sockets, relays and streams
  bool transmit(const PathKey& path, Packet packet, Time now);
  std::optional<Datagram> receive(const Datagram& datagram, Time now);
  void socketGone(SocketId socket);
  void searchAgain(Generation& generation);
  void peerRefused(const PeerRefused& refused);
  void drainStreams();
  void sweepStreams();

  // candidates.cpp: local and remote candidates, pairs
  void addLocal(Generation& generation, LocalCandidate local, Time now);
  void takeRemote(Generation& generation, const Candidate& candidate, Time now);
  void takeAddress(Generation& generation, const Candidate& candidate, const SocketAddress& address, bool named,
                   Time now);
  void resolve(Generation& generation, const Candidate& candidate);
  std::optional<std::size_t> addRemote(Generation& generation, Candidate candidate, const SocketAddress& address);
  void pairUp(Generation& generation);
  void newsFor(Generation& generation, Time now);
  /// `stream`: the connection that the pair is on, if there is one already.
  Pair* makePair(Generation& generation, std::size_t local, std::size_t remote, Time now,
                 std::optional<SocketId> stream = std::nullopt);
  bool canPair(const LocalCandidate& local, const RemoteCandidate& remote) const;
  bool isPaired(Generation& generation, std::size_t local, std::size_t remote) const;
  std::optional<std::size_t> baseOf(Generation& generation, const PathKey& path) const;
  std::size_t learnMapped(Generation& generation, const Check& check, std::size_t base, const SocketAddress& mapped);

  // checks.cpp: our checks and what comes back
  void sendCheck(Generation& generation, Pair& pair, bool useCandidate, bool consent, Time now);
  void retransmit(Time now);
  void cancelChecks(const Generation& generation, const Pair& pair);
  void handleResponse(const Datagram& datagram, const stun::Message& message, Time now);
  void succeeded(Generation& generation, Pair& pair, const Check& check, const SocketAddress& mapped, Time now);
  void failPair(Generation& generation, Pair& pair);
  void handleError(Generation& generation, Pair& pair, const Check& check, const stun::Message& message);
  void considerNomination(Generation& generation, Time now);
  void nominate(Generation& generation, Pair& pair, Time now);
  bool renominates(const Generation& generation) const {
    return config_.renomination && generation.remoteOptions.renomination;
  }
  void select(Generation& generation, Pair& pair, Time now);

  // requests.cpp: the peer's checks
  void handleRequest(const Datagram& datagram, const stun::Message& message, Time now);
  void handleIndication(const Datagram& datagram, Time now);
  bool repairRoleConflict(const stun::Message& request);
  void accept(Generation& generation, const EarlyRequest& request, Time now);
  void acceptEarly(Generation& generation, Time now);
  void respond(const Datagram& datagram, const stun::Message& request, const Credentials& local, Time now);
  void refuse(const Datagram& datagram, const stun::Message& request, int code, std::string_view reason,
              const Credentials* local, Time now);

  Config config_;
  base::IdSource& ids_;
  base::Random& random_;
  base::PacketPool& pool_;
  base::Outbox<Output> outbox_;
  base::Counters<Drop> drops_;
  Gatherer gatherer_;
  Streams streams_;
  Pacer pacer_;
  Time now_ = Time::min();
  bool closed_ = false;
  bool gatheringHasTurn_ = false;

  Role role_ = Role::Controlling;
  std::optional<Role> signalledRole_;
  std::uint64_t tieBreaker_;
  State state_ = State::New;
  GatheringState gatheringState_ = GatheringState::New;

  /// The newest last; at most two, the other one being that whose pair is in use, or that which retires.
  std::vector<std::unique_ptr<Generation>> generations_;
  std::uint32_t lastSerial_ = 0;
  std::uint32_t gatheringFor_ = 0;  ///< The serial of the generation that the gatherer works for; 0 before the first.
  /// Gathered before the first generation; shown by it.
  bool prepared_ = false, pooledAll_ = false;
  std::vector<LocalCandidate> pooled_;
  /// Remote candidates whose names are looked up.
  struct Naming {
    RequestId request{};
    std::uint32_t generation = 0;
    Candidate candidate;
  };
  std::vector<Naming> namings_;
  std::uint32_t lastId_ = 0;
  std::vector<Check> checks_;

  /// The pair in use and its consent.
  Generation* pathGeneration_ = nullptr;
  Pair* path_ = nullptr;
  bool pathIsDirect_ = false;
  Consent consent_;
  std::uint32_t selectedChanges_ = 0;
  bool backupsTried_ = false;  ///< Since the path fell silent.

  /// Error responses that may still be sent in this second.
  int errorsLeft_ = 0;
  Time errorsRefilledAt_ = Time::min();
};

static_assert(base::Machine<Agent>);

}  // namespace parley::ice
