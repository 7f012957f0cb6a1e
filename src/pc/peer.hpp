#pragma once

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "dtls/certificate.hpp"
#include "dtls/endpoint.hpp"
#include "ice/agent.hpp"
#include "pc/peer_event.hpp"
#include "pc/transport_plan.hpp"
#include "sctp/data_channels.hpp"

#include <parley/io.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace parley::pc {

/// What a peer is made with; it does not change during its life, save by `Peer::configure`.
struct PeerConfig {
  ice::Config ice;
  std::shared_ptr<const dtls::Certificate> certificate;
  /// Largest message that we take.
  std::size_t maxMessageSize = 262144;
  /// SCTP streams that we announce; each costs memory (about 100 bytes in usrsctp).
  std::uint16_t sctpStreams = 256;
};

/// The data plane of one connection: ICE, DTLS and SCTP joined. A machine on the engine's thread.
///
///   datagram ─► first byte (RFC 7983) ─► ice::Agent | dtls::Endpoint ─► sctp::DataChannels ─► PeerEvent
///
/// The layers start as early as they can: ICE with the local description, DTLS on the first valid pair, SCTP with DTLS.
class Peer {
 public:
  Peer(PeerConfig config, base::IdSource& ids, base::Random& random, base::PacketPool& pool,
       std::shared_ptr<PeerObserver> observer);

  // --- Commands of the signalling plane ---

  /// Makes the transports what the plan says: first gathering, restart, remote parameters, start of DTLS and SCTP.
  void apply(const TransportPlan& plan, Time now);
  void addRemoteCandidate(const ice::Candidate& candidate, Time now);
  void endOfRemoteCandidates(Time now);
  /// New ICE servers and policies; they count from the next gathering on.
  void configure(const ice::Config& config);

  /// Channels may be opened at any time; they wait for the association. `channel` is the façade's choice, below 2^31
  /// (the ids of incoming channels have the top bit set).
  void openChannel(sctp::ChannelId channel, const sctp::Parameters& parameters, Time now);
  /// Queues a message. Nothing is lost: what SCTP does not take now waits here, bounded by the façade's limit on
  /// bufferedAmount. Messages for a channel that is closing or gone are ignored, as the W3C's algorithm says.
  void send(sctp::ChannelId channel, bool text, std::vector<std::uint8_t> bytes, Time now);
  void closeChannel(sctp::ChannelId channel, Time now);
  /// The observer wants messages again.
  void resume(Time now);
  /// Abrupt and final: an ABORT and a close_notify go out, sockets close, no more events.
  void close(Time now);
  bool isClosed() const { return closed_; }

  // --- The machine ---

  void handle(const Datagram& datagram, Time now);
  void handle(const SocketBound& bound, Time now);
  void handle(const SocketFailed& failed, Time now);
  void handle(const InterfacesListed& listed, Time now);
  void handle(const Resolved& resolved, Time now);

  using Output = std::variant<Transmit, BindUdp, CloseSocket, ListInterfaces, Resolve>;
  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);

  struct Stats {
    ice::Agent::Stats ice;
    std::optional<dtls::Endpoint::Stats> dtls;
    std::optional<sctp::DataChannels::Stats> sctp;
    std::uint64_t bytesSent = 0, bytesReceived = 0, packetsSent = 0, packetsReceived = 0;
    std::uint64_t dataChannelsOpened = 0, dataChannelsClosed = 0;
  };
  Stats stats() const;

 private:
};

}  // namespace parley::pc
