#pragma once

#include "base/ids.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "pc/peer_config.hpp"
#include "pc/peer_event.hpp"
#include "pc/transport.hpp"
#include "pc/transport_plan.hpp"
#include "sctp/data_channels.hpp"

#include <parley/io.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace parley::pc {

/// What an association is made with, as far as the peer's description has no part in it.
sctp::Config sctpConfig(const PeerConfig& config);

/// The data plane of one connection: its transports, and SCTP over one of them. A machine on the engine's thread.
///
///   datagram ─► Transport ─┬─► sctp::DataChannels ─► PeerEvent
///                          └────────────────────────►
///
/// Sections that are bundled share a transport. SCTP starts as soon as the transport of the data section has DTLS.
class Peer final : private Transport::Listener {
 public:
  Peer(PeerConfig config, base::IdSource& ids, base::Random& random, base::PacketPool& pool,
       std::shared_ptr<PeerObserver> observer, std::function<void()> wake);
  ~Peer() override;
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // --- Commands of the signalling plane ---

  /// Makes the transports what the plan says; those that it does not name are closed.
  void apply(const Plan& plan, Time now);
  /// Of a transport that the plan has; ignored if it has not.
  void addRemoteCandidate(TransportId transport, const ice::Candidate& candidate, Time now);
  void endOfRemoteCandidates(TransportId transport, Time now);
  /// Other servers; they count from the next gathering on.
  void setServers(ice::Servers servers, Time now);
  /// Gathers candidates ahead of the first description, for so many of its transports (RFC 9429 s.3.5.4). What is not
  /// used by then goes when an exchange is complete.
  void prepare(std::size_t transports, Time now);

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
  void addTap(TransceiverId transceiver, std::shared_ptr<PacketTap> tap);
  void removeTap(const PacketTap* tap);
  void setKeyFrameSource(TransceiverId transceiver, std::weak_ptr<KeyFrameSource> source);
  bool sends(TransceiverId transceiver) const;
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
  std::vector<std::string> localUfrags() const;

  // --- The machine ---

  void handle(const Datagram& datagram, Time now);
  void handle(const SocketBound& bound, Time now) { hostAnswered(bound, now); }
  void handle(const SocketFailed& failed, Time now) { hostAnswered(failed, now); }
  void handle(const TcpConnected& connected, Time now) { hostAnswered(connected, now); }
  void handle(const TcpAccepted& accepted, Time now);
  void handle(const StreamData& data, Time now) { hostAnswered(data, now); }
  void handle(const StreamBacklog& backlog, Time now) { hostAnswered(backlog, now); }
  void handle(const InterfacesChanged& changed, Time now) { hostAnswered(changed, now); }
  void handle(const InterfacesListed& listed, Time now) { hostAnswered(listed, now); }
  void handle(const Resolved& resolved, Time now) { hostAnswered(resolved, now); }

  using Output = PeerOutput;
  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);

  struct Stats {
    std::vector<Transport::Stats> transports;       ///< Those that the plan has.
    std::optional<sctp::DataChannels::Stats> sctp;  ///< And of the channels that are not gone.
    TransportId sctpTransport = 0;
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
    if constexpr (requires { answer.socket; }) {
      if (auto* transport = ownerOf(answer.socket)) transport->handle(answer, now);
    } else {
      // Whoever did not ask does not know the request.
      for (auto& [id, transport] : transports_) transport.handle(answer, now);
    }
    pump(now);
  }

  // Transport::Listener
  void tell(PeerEvent event) override {
    if (!closed_) observer_->onPeerEvent(std::move(event));
  }
  void onDtlsConnected(Transport& transport, Time now) override;
  bool onRecord(Transport& transport, base::MutableBytes record, Time now) override;
  void onDtlsGone(Transport& transport, const std::string& reason) override;

  static constexpr TransportId firstPrepared = 0x8000'0000;
  static bool isPrepared(TransportId id) { return id >= firstPrepared; }
  Transport& transportFor(TransportId id);
  void closeTransports(const std::function<bool(TransportId)>& which, Time now);
  Transport* ownerOf(SocketId socket);
  Transport* transportOf(TransceiverId transceiver);
  void applySctp(const Plan& plan);
  void startSctp(Time now);
  std::unique_ptr<sctp::Association> makeAssociation(const sctp::Config& config);
  void pump(Time now);
  bool pumpChannels(Time now);
  bool deliverMessage(Time now);
  void flush(Time now);
  void flush(sctp::ChannelId id, Channel& channel, Time now);
  void onChannelOutput(sctp::DataChannels::Output output, Time now);
  void channelGone(sctp::ChannelId id, std::string error, std::optional<std::uint16_t> cause = {});
  void sctpGone(std::string reason, bool anotherFollows = false);
  void endSctp(std::string reason, bool anotherFollows);

  PeerConfig config_;
  base::Random& random_;
  base::PacketPool& pool_;
  std::shared_ptr<PeerObserver> observer_;
  std::function<void()> wake_;  ///< Asks the engine to look at this peer: SCTP has something to say.
  base::Outbox<Output> outbox_;

  Transport::Shared shared_;
  /// Those that were prepared, and not described yet, have numbers from `firstPrepared` on.
  std::map<TransportId, Transport> transports_;
  std::unordered_map<TransceiverId, Transport*> carriers_;  ///< Whose section is on which.
  // For transports that come later.
  std::vector<std::pair<TransceiverId, std::shared_ptr<PacketTap>>> taps_;
  std::map<TransceiverId, std::weak_ptr<KeyFrameSource>> keyFrameSources_;

  std::optional<TransportPlan::Sctp> sctp_;
  TransportId sctpTransport_ = 0;
  std::optional<sctp::DataChannels> channels_;
  bool sctpGone_ = false;
  bool closed_ = false;
  /// Channels that wait for `channels_` to exist.
  std::vector<std::pair<sctp::ChannelId, sctp::Parameters>> unopened_;
  std::map<sctp::ChannelId, Channel> open_;
};

}  // namespace parley::pc
