#pragma once

#include "base/counters.hpp"
#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "dtls/certificate.hpp"
#include "dtls/endpoint.hpp"
#include "ice/agent.hpp"
#include "pc/media_plane.hpp"
#include "pc/peer_event.hpp"
#include "pc/transport_plan.hpp"
#include "sctp/data_channels.hpp"

#include <parley/configuration.hpp>
#include <parley/engine.hpp>
#include <parley/io.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace parley::pc {

/// What a peer is made with; it does not change during its life, save by `Peer::configure`.
struct PeerConfig {
  ice::Config ice;
  std::shared_ptr<const dtls::Certificate> certificate;
  /// Largest message that we take.
  std::size_t maxMessageSize = 262144;
  /// SCTP streams that we announce; 0 leaves it to the engine.
  std::uint16_t sctpStreams = 0;
  SctpEngine sctpEngine = SctpEngine::Native;
  SctpCongestionControl sctpCongestionControl = SctpCongestionControl::TolerantCubic;
  /// Its UDP sockets are those of other connections as well; see `PortMux`.
  bool sharesPort = false;
  /// From the engine's time to nanoseconds since 1970; `EngineCore` knows it.
  Duration wallClockOffset{};
};

/// What an association is made with, as far as the peer's description has no part in it.
sctp::Config sctpConfig(const PeerConfig& config);

/// Why a datagram or record of this peer went nowhere.
enum class PeerDrop {
  UnknownProtocol,   ///< The first byte is none of RFC 7983's.
  NotAuthenticated,  ///< Came from an address that no check has proved.
  NoTransport,       ///< DTLS for a transport that is not there (any more).
  NoPath,            ///< To be sent, but no pair has consent.
  NotConnected,      ///< An SCTP packet while DTLS was not connected.
  Count
};

/// The data plane of one connection: ICE, DTLS, SCTP and media joined. A machine on the engine's thread.
///
///   datagram ─► first byte (RFC 7983) ─► ice::Agent | dtls::Endpoint ─► sctp::DataChannels ─► PeerEvent
///                                                   | MediaPlane (SRTP) ───────────────────►
///
/// The layers start as early as they can: ICE with the local description, DTLS on the first valid pair, SCTP and media
/// with DTLS.
class Peer {
 public:
  Peer(PeerConfig config, base::IdSource& ids, base::Random& random, base::PacketPool& pool,
       std::shared_ptr<PeerObserver> observer, std::function<void()> wake);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // --- Commands of the signalling plane ---

  /// Makes the transports what the plan says: first gathering, restart, remote parameters, start of DTLS and SCTP.
  void apply(const TransportPlan& plan, Time now);
  void addRemoteCandidate(const ice::Candidate& candidate, Time now);
  void endOfRemoteCandidates(Time now);
  /// Other servers; they count from the next gathering on.
  void setServers(ice::Servers servers, Time now);
  /// Gathers candidates ahead of the first description.
  void prepare(Time now);

  /// Channels may be opened at any time; they wait for the association. `channel` is the façade's choice, below
  /// `sctp::firstIncomingChannel`.
  void openChannel(sctp::ChannelId channel, const sctp::Parameters& parameters, Time now);
  /// Queues a message. Nothing is lost: what SCTP does not take now waits here, bounded by the façade's limit on
  /// bufferedAmount. Messages for a channel that is closing or gone are ignored, as the W3C's algorithm says.
  void send(sctp::ChannelId channel, bool text, std::vector<std::uint8_t> bytes, Time now);
  /// What was sent before still goes out, then the channel closes.
  void closeChannel(sctp::ChannelId channel, Time now);
  /// Media: a frame of the application's for a transceiver; dropped and counted if that does not send (yet), has no
  /// stream of the frame's rid, or no format for its codec.
  void sendFrame(TransceiverId transceiver, EncodedFrame frame, Time now);
  /// Asks the peer (PLI or FIR) for a key frame of what we receive; an empty rid means all streams.
  void requestKeyFrame(TransceiverId transceiver, const std::string& rid, Time now);
  // Forwarding: as in MediaPlane.
  void addTap(TransceiverId transceiver, std::shared_ptr<PacketTap> tap) { media_.addTap(transceiver, std::move(tap)); }
  void removeTap(const PacketTap* tap) { media_.removeTap(tap); }
  void setKeyFrameSource(TransceiverId transceiver, std::weak_ptr<KeyFrameSource> source) {
    media_.setKeyFrameSource(transceiver, std::move(source));
  }
  bool sends(TransceiverId transceiver) const { return !closed_ && media_.sends(transceiver); }
  /// `pump`: not from within this peer's own input, which does that afterwards.
  ForwardOutcome forward(TransceiverId transceiver, const ForwardedPacket& packet, bool pump, Time now);
  /// RFC 4733: plays these tones ("," is a pause of two seconds) and tells each by `TonePlayed`; replaces what was not
  /// played yet.
  void insertTones(TransceiverId transceiver, const std::string& tones, Duration duration, Duration gap, Time now);
  /// The observer wants messages again.
  void resume(Time now);
  /// Abrupt and final: an ABORT and a close_notify go out, sockets close, no more events.
  void close(Time now);
  bool isClosed() const { return closed_; }
  bool sharesPort() const { return config_.sharesPort; }
  std::vector<std::string> localUfrags() const { return agent_.localUfrags(); }

  // --- The machine ---

  void handle(const Datagram& datagram, Time now);
  void handle(const SocketBound& bound, Time now) { hostAnswered(bound, now); }
  void handle(const SocketFailed& failed, Time now) { hostAnswered(failed, now); }
  void handle(const TcpConnected& connected, Time now) { hostAnswered(connected, now); }
  void handle(const TcpAccepted& accepted, Time now) { hostAnswered(accepted, now); }
  void handle(const StreamData& data, Time now) { hostAnswered(data, now); }
  void handle(const StreamBacklog& backlog, Time now) { hostAnswered(backlog, now); }
  void handle(const InterfacesChanged& changed, Time now) { hostAnswered(changed, now); }
  void handle(const InterfacesListed& listed, Time now) { hostAnswered(listed, now); }
  void handle(const Resolved& resolved, Time now) { hostAnswered(resolved, now); }

  /// What the host shall do, and what concerns the engine's multicast DNS.
  using Output = std::variant<Transmit, BindUdp, ListenTcp, ConnectTcp, CloseSocket, ListInterfaces, Resolve,
                              ice::PublishName, ice::WithdrawName>;
  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);

  struct Stats {
    ice::Stats ice;
    dtls::Endpoint::Stats dtls;
    dtls::State dtlsState{};
    std::optional<dtls::Role> dtlsRole;
    std::optional<dtls::Endpoint::Connected> dtlsParameters;  ///< Version, cipher, SRTP profile, once connected.
    MediaPlane::Stats media;
    std::optional<sctp::DataChannels::Stats> sctp;   ///< And of the channels that are not gone.
    std::uint64_t bytesSent = 0, bytesReceived = 0;  ///< Payload of datagrams that are not STUN.
    std::uint64_t packetsSent = 0, packetsReceived = 0;
    base::Counters<PeerDrop> drops;
  };
  Stats stats() const;

 private:
  /// A channel of the application, from `openChannel` or `ChannelIncoming` until `ChannelClosed`.
  struct Channel {
    struct Message {
      bool text;
      std::vector<std::uint8_t> bytes;
    };
    std::deque<Message> waiting;  ///< Not taken by SCTP yet.
    bool closeWhenSent = false;
  };

  template <class Answer>
  void hostAnswered(const Answer& answer, Time now) {
    if (closed_) return;
    agent_.handle(answer, now);
    pump(now);
  }

  void replaceAssociation();
  void startDtls(Time now);
  void startSctp(Time now);
  void startMedia(Time now);
  std::unique_ptr<sctp::Association> makeAssociation(const sctp::Config& config);
  void pump(Time now);
  bool pumpIce(Time now);
  void take(const Datagram& datagram, Time now);
  bool pumpDtls(Time now);
  bool pumpMedia(Time now);
  bool pumpChannels(Time now);
  bool deliverMessage(Time now);
  void flush(Time now);
  void flush(sctp::ChannelId id, Channel& channel, Time now);
  void transmit(Packet packet, Time now);
  void onChannelOutput(sctp::DataChannels::Output output, Time now);
  void channelGone(sctp::ChannelId id, std::string error, std::optional<std::uint16_t> cause = {});
  void sctpGone(std::string reason, bool anotherFollows = false);
  void tell(PeerEvent event) {
    if (!closed_) observer_->onPeerEvent(std::move(event));
  }

  PeerConfig config_;
  base::Random& random_;
  base::PacketPool& pool_;
  std::shared_ptr<PeerObserver> observer_;
  std::function<void()> wake_;  ///< Asks the engine to look at this peer: SCTP has something to say.
  base::Outbox<Output> outbox_;

  ice::Agent agent_;
  std::optional<dtls::Endpoint> dtls_;  ///< Always there; optional because a new association replaces it in place.
  MediaPlane media_;
  std::optional<sctp::DataChannels> channels_;

  TransportPlan plan_;
  std::optional<ice::Credentials> localIce_, remoteIce_;  ///< What the agent was told last.
  bool sctpGone_ = false;
  bool closed_ = false;
  /// Channels that wait for `channels_` to exist.
  std::vector<std::pair<sctp::ChannelId, sctp::Parameters>> unopened_;
  std::map<sctp::ChannelId, Channel> open_;

  std::uint64_t bytesSent_ = 0, bytesReceived_ = 0, packetsSent_ = 0, packetsReceived_ = 0;
  base::Counters<PeerDrop> drops_;
};

}  // namespace parley::pc
