#pragma once

#include "base/bytes.hpp"
#include "base/counters.hpp"
#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "dtls/endpoint.hpp"
#include "ice/agent.hpp"
#include "pc/media_plane.hpp"
#include "pc/peer_config.hpp"
#include "pc/peer_event.hpp"
#include "pc/transport_plan.hpp"

#include <parley/engine.hpp>
#include <parley/io.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

namespace parley::pc {

/// What the host shall do for a peer, and what concerns the engine's multicast DNS.
using PeerOutput = std::variant<Transmit, BindUdp, ListenTcp, ConnectTcp, CloseSocket, ListInterfaces, Resolve,
                                ice::PublishName, ice::WithdrawName>;

/// Why a datagram or record of a transport went nowhere.
enum class PeerDrop {
  UnknownProtocol,   ///< The first byte is none of RFC 7983's.
  NotAuthenticated,  ///< Came from an address that no check has proved.
  NoTransport,       ///< DTLS for a transport that is not there (any more).
  NoPath,            ///< To be sent, but no pair has consent.
  NotConnected,      ///< An SCTP packet while there was no association for it.
  Count
};

/// One transport of a connection, for the sections that are bundled: ICE, DTLS and media joined. Part of a `Peer`,
/// which calls `pump` after whatever it has told it.
///
///   datagram ─► first byte (RFC 7983) ─► ice::Agent | dtls::Endpoint ─► Listener (SCTP)
///                                                   | MediaPlane (SRTP)
///
/// The layers start as early as they can: ICE with the local description, DTLS on the first valid pair, media with
/// DTLS.
class Transport {
 public:
  /// The peer that it is part of.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void tell(PeerEvent event) = 0;
    virtual void onDtlsConnected(Transport& transport, Time now) = 0;
    /// Application data, which is SCTP's (RFC 8261). False if there is nobody for it.
    virtual bool onRecord(Transport& transport, base::MutableBytes record, Time now) = 0;
    /// DTLS has ended: without a reason by the peer's close_notify.
    virtual void onDtlsGone(Transport& transport, const std::string& reason) = 0;
  };
  /// What the transports of a peer share; all of it outlives them.
  struct Shared {
    const PeerConfig& config;
    base::IdSource& ids;
    base::Random& random;
    base::PacketPool& pool;
    base::Outbox<PeerOutput>& outbox;
    Listener& listener;
    std::shared_ptr<MediaNumbers> numbers;
  };
  Transport(TransportId id, Shared& shared);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  TransportId id() const { return id_; }
  /// Of one that was prepared before it was described.
  void setId(TransportId id) { id_ = id; }

  // --- Commands ---

  /// Makes it what the plan says: first gathering, restart, remote parameters. True if another DTLS association begins
  /// (RFC 8842 s.5), and what was above the one that was has gone with it.
  bool apply(const TransportPlan& plan, Time now);
  MediaPlane& media() { return media_; }
  ice::Agent& ice() { return agent_; }
  const ice::Agent& ice() const { return agent_; }
  const dtls::Endpoint& dtls() const { return *dtls_; }
  /// Of the description that is in force; none before there is an answer.
  std::optional<dtls::Role> dtlsRole() const { return plan_.dtls ? std::optional(plan_.dtls->role) : std::nullopt; }
  /// One record of application data. Dropped and counted if DTLS is not connected.
  void send(base::Bytes data, Time now);
  ForwardOutcome forward(TransceiverId transceiver, const ForwardedPacket& packet, bool pump, Time now);
  /// Abrupt and final: BYE and close_notify go out, sockets close, no more events.
  void close(Time now);

  // --- The machine ---

  /// Whether the host has this socket for it.
  bool owns(SocketId socket) const { return sockets_.contains(socket); }
  void handle(const Datagram& datagram, Time now);
  /// What the host says of sockets and requests; of a socket that is not its own: see `owns`.
  template <class Answer>
  void handle(const Answer& answer, Time now) {
    if constexpr (std::is_same_v<Answer, TcpAccepted>) sockets_.insert(answer.socket);
    if constexpr (std::is_same_v<Answer, SocketFailed>) sockets_.erase(answer.socket);
    agent_.handle(answer, now);
  }
  /// From layer to layer; true if anything moved.
  bool pump(Time now);
  Time deadline() const;
  void advance(Time now);

  struct Stats {
    TransportId id = 0;
    ice::Stats ice;
    dtls::Endpoint::Stats dtls;
    dtls::State dtlsState{};
    std::optional<dtls::Role> dtlsRole;
    std::optional<dtls::Endpoint::Connected> dtlsParameters;  ///< Version, cipher, SRTP profile, once connected.
    MediaPlane::Stats media;
    std::uint64_t bytesSent = 0, bytesReceived = 0;  ///< Payload of datagrams that are not STUN.
    std::uint64_t packetsSent = 0, packetsReceived = 0;
    base::Counters<PeerDrop> drops;
  };
  Stats stats() const;

 private:
  bool replaceAssociation();
  void startDtls(Time now);
  void startMedia(Time now);
  bool pumpIce(Time now);
  bool pumpDtls(Time now);
  bool pumpMedia(Time now);
  void take(const Datagram& datagram, Time now);
  void transmit(Packet packet, Time now);
  template <class Event>
  void tell(Event event) {
    if (!closed_) shared_.listener.tell(TransportEvent{id_, std::move(event)});
  }

  TransportId id_;
  Shared& shared_;
  ice::Agent agent_;
  std::optional<dtls::Endpoint> dtls_;  ///< Always there; optional because a new association replaces it in place.
  MediaPlane media_;

  TransportPlan plan_;
  std::optional<ice::Credentials> localIce_, remoteIce_;  ///< What the agent was told last.
  bool closed_ = false;
  std::unordered_set<SocketId> sockets_;

  std::uint64_t bytesSent_ = 0, bytesReceived_ = 0, packetsSent_ = 0, packetsReceived_ = 0;
  base::Counters<PeerDrop> drops_;
};

}  // namespace parley::pc
