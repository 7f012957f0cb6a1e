#include "pc/peer.hpp"

#include "base/log.hpp"
#include "sctp/native/association.hpp"
#include "sctp/usrsctp_association.hpp"

#include <algorithm>
#include <utility>

namespace parley::pc {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

dtls::Endpoint::Config dtlsConfig(const PeerConfig& config) {
  dtls::Endpoint::Config dtls;
  dtls.certificate = config.certificate;
  return dtls;
}

}  // namespace

sctp::Config sctpConfig(const PeerConfig& config) {
  sctp::Config sctp;
  sctp.maxMessageSize = config.maxMessageSize;
  // Each stream is 100 bytes of usrsctp's, and a few of ours once it is used.
  sctp.streams = config.sctpStreams != 0                   ? config.sctpStreams
                 : config.sctpEngine == SctpEngine::Native ? std::uint16_t{65'535}
                                                           : std::uint16_t{256};
  switch (config.sctpCongestionControl) {
    case SctpCongestionControl::TolerantCubic: sctp.congestionControl = sctp::CongestionControl::TolerantCubic; break;
    case SctpCongestionControl::Cubic: sctp.congestionControl = sctp::CongestionControl::Cubic; break;
    case SctpCongestionControl::Bbr: sctp.congestionControl = sctp::CongestionControl::Bbr; break;
  }
  return sctp;
}

Peer::Peer(PeerConfig config, base::IdSource& ids, base::Random& random, base::PacketPool& pool,
           std::shared_ptr<PeerObserver> observer, std::function<void()> wake)
    : config_(std::move(config)),
      random_(random),
      pool_(pool),
      observer_(std::move(observer)),
      wake_(std::move(wake)),
      agent_(config_.ice, ids, random, pool),
      dtls_(std::in_place, dtlsConfig(config_), pool),
      media_({rtp::WallClock{config_.wallClockOffset}}, pool, random) {}

Peer::~Peer() = default;

// --- Commands ---

void Peer::apply(const TransportPlan& plan, Time now) {
  if (closed_) return;
  const bool hadSctp = plan_.sctp.has_value();
  const bool otherAssociation = plan_.dtls && plan.dtls && plan_.dtls->association != plan.dtls->association;
  const bool otherPorts =
      plan_.sctp && plan.sctp &&
      (plan_.sctp->localPort != plan.sctp->localPort || plan_.sctp->remotePort != plan.sctp->remotePort);
  const bool offerRolledBack = localIce_ && !plan_.ice.local;
  plan_ = plan;
  agent_.setRole(plan.ice.role, now);
  const bool gathers = plan.ice.local && plan.ice.local != localIce_;
  if (gathers) {
    agent_.gather(*plan.ice.local, now);
    localIce_ = plan.ice.local;
  }
  // Only what changed: the peer's old credentials, said again with a restart of ours, are not its answer to that. But
  // those of its offer, that ours was rolled back for, belong to our answer.
  if (plan.ice.remote && (plan.ice.remote != remoteIce_ || (gathers && offerRolledBack))) {
    agent_.setRemote(*plan.ice.remote, plan.ice.remoteOptions, now);
    remoteIce_ = plan.ice.remote;
  }
  if (otherAssociation) replaceAssociation();
  if (hadSctp && !plan.sctp) {
    sctpGone("the data section was removed");
    sctpGone_ = false;  // Another one may come, and then it is another association.
  }
  // RFC 8841 s.9.3: a new port of either side closes the association, or follows on one that failed, and opens another.
  if (otherPorts && (channels_ || sctpGone_)) {
    sctpGone("negotiation began another SCTP association", true);
    sctpGone_ = false;
  }
  media_.apply(plan.media, now);
  pump(now);
}

/// RFC 8842 s.5: another certificate or tls-id is another DTLS association, and another SCTP association on top of it.
void Peer::replaceAssociation() {
  if (dtls_->state() == dtls::State::New) return;
  sctpGone("the peer began another DTLS association", plan_.sctp.has_value());
  sctpGone_ = false;
  dtls_.emplace(dtlsConfig(config_), pool_);
  media_.stop();
}

void Peer::addRemoteCandidate(const ice::Candidate& candidate, Time now) {
  if (closed_) return;
  agent_.addRemoteCandidate(candidate, now);
  pump(now);
}

void Peer::endOfRemoteCandidates(Time now) {
  if (closed_) return;
  agent_.endOfRemoteCandidates(now);
  pump(now);
}

void Peer::setServers(ice::Servers servers, Time now) {
  if (closed_) return;
  agent_.setServers(std::move(servers));
  pump(now);
}

void Peer::prepare(Time now) {
  if (closed_) return;
  agent_.prepare(now);
  pump(now);
}

void Peer::openChannel(sctp::ChannelId id, const sctp::Parameters& parameters, Time now) {
  if (closed_) return;
  open_.try_emplace(id);
  if (sctpGone_) return channelGone(id, "the SCTP association has ended");
  if (!channels_) {
    unopened_.emplace_back(id, parameters);
    return;
  }
  if (!channels_->open(id, parameters, now)) channelGone(id, "the channel's id is in use");
  pump(now);
}

void Peer::send(sctp::ChannelId id, bool text, std::vector<std::uint8_t> bytes, Time now) {
  auto found = open_.find(id);
  if (closed_ || found == open_.end() || found->second.closeWhenSent) return;
  found->second.waiting.push_back({text, std::move(bytes)});
  if (!channels_) return;
  flush(id, found->second, now);
  pump(now);
}

void Peer::closeChannel(sctp::ChannelId id, Time now) {
  auto found = open_.find(id);
  if (closed_ || found == open_.end()) return;
  found->second.closeWhenSent = true;
  if (channels_) {
    flush(id, found->second, now);
    pump(now);
  } else {
    std::erase_if(unopened_, [&](const auto& waiting) { return waiting.first == id; });
    channelGone(id, {});
  }
}

void Peer::sendFrame(TransceiverId transceiver, EncodedFrame frame, Time now) {
  if (closed_) return;
  media_.sendFrame(transceiver, frame, now);
  pump(now);
}

void Peer::requestKeyFrame(TransceiverId transceiver, const std::string& rid, Time now) {
  if (closed_) return;
  media_.requestKeyFrame(transceiver, rid, now);
  pump(now);
}

ForwardOutcome Peer::forward(TransceiverId transceiver, const ForwardedPacket& packet, bool pump, Time now) {
  if (closed_) return ForwardOutcome::Gone;
  const auto outcome = media_.forward(transceiver, packet, now);
  // Nothing but packets of media came of it, and what a relay makes of those.
  if (pump && outcome == ForwardOutcome::Yes && pumpMedia(now)) pumpIce(now);
  return outcome;
}

void Peer::insertTones(TransceiverId transceiver, const std::string& tones, Duration duration, Duration gap, Time now) {
  if (closed_) return;
  media_.insertTones(transceiver, tones, duration, gap, now);
  pump(now);
}

void Peer::resume(Time now) {
  if (!closed_) pump(now);
}

void Peer::close(Time now) {
  if (closed_) return;
  closed_ = true;  // from here on nothing is told, but the farewells still go out
  if (channels_) {
    channels_->abort(now);
    pumpChannels(now);
  }
  media_.sayBye();
  pumpMedia(now);
  dtls_->close(now);
  pumpDtls(now);
  pumpIce(now);
  agent_.close(now);
  pumpIce(now);
}

// --- Inbound ---

void Peer::handle(const Datagram& datagram, Time now) {
  if (closed_ || datagram.bytes.empty()) return;
  // What is STUN, or of a relay, stays there; what the peer put into it comes out.
  if (auto data = agent_.handle(datagram, now)) take(*data, now);
  pump(now);
}

void Peer::take(const Datagram& datagram, Time now) {
  if (datagram.bytes.empty()) return;
  const std::uint8_t first = datagram.bytes[0];  // RFC 7983 s.7
  const bool media = first >= 128 && first <= 191 && !plan_.media.sections.empty();
  if ((first < 20 || first > 63) && !media) return drops_.add(PeerDrop::UnknownProtocol);
  // RFC 8827 s.6.3: only from an address that has shown that it holds our credentials.
  if (!agent_.mayReceive(datagram.socket, datagram.from)) return drops_.add(PeerDrop::NotAuthenticated);
  agent_.countReceived(datagram.socket, datagram.from, datagram.bytes.size(), now);
  ++packetsReceived_;
  bytesReceived_ += datagram.bytes.size();
  if (media) return media_.handle(datagram.bytes, now);
  // The peer's first flight may be here before its answer is (RFC 8842 s.5.2): the endpoint holds it until it starts.
  dtls_->handle(datagram.bytes, now);
}

// --- Starting the layers ---

void Peer::startDtls(Time now) {
  if (closed_ || !plan_.dtls || dtls_->state() != dtls::State::New) return;
  // Without a path the first flight would be lost, and its repetition waits for a timer. The server waits for one as
  // well: the client may have proved the path before our own check was answered. The endpoint holds what arrives
  // meanwhile.
  if (!agent_.sendPath()) return;
  tell(DtlsStateChanged{dtls::State::Connecting, {}, {}});
  dtls_->start(plan_.dtls->role, plan_.dtls->remoteFingerprints, agent_.roundTripTime(), now);
}

void Peer::startSctp(Time now) {
  if (channels_ || sctpGone_ || closed_ || !plan_.dtls || !plan_.sctp) return;
  if (dtls_->state() != dtls::State::Connected) return;
  auto config = sctpConfig(config_);
  config.localPort = plan_.sctp->localPort;
  config.remotePort = plan_.sctp->remotePort;
  config.remoteMaxMessageSize = plan_.sctp->remoteMaxMessageSize;
  config.roundTrip = agent_.roundTripTime();
  config.snap = plan_.sctp->snap;
  channels_.emplace(makeAssociation(config), config, plan_.dtls->role == dtls::Role::Client);
  for (auto& [id, parameters] : std::exchange(unopened_, {}))
    if (!channels_->open(id, parameters, now)) channelGone(id, "the channel's id is in use");
  channels_->connect(now);
}

void Peer::startMedia(Time now) {
  // Data alone needs no SRTP.
  if (media_.started() || closed_ || plan_.media.sections.empty() || dtls_->state() != dtls::State::Connected) return;
  const auto keys = dtls_->srtpKeys();
  if (!keys) return;
  if (agent_.roundTripTime() > Duration{}) media_.setRoundTripTime(agent_.roundTripTime());
  media_.start(*keys, now);
}

std::unique_ptr<sctp::Association> Peer::makeAssociation(const sctp::Config& config) {
  if (config_.sctpEngine == SctpEngine::Native)
    return std::make_unique<sctp::native::Association>(config, random_, pool_);
  return std::make_unique<sctp::UsrsctpAssociation>(config, sctp::UsrsctpAssociation::Ticks::ByHost, wake_);
}

// --- From layer to layer ---

void Peer::pump(Time now) {
  for (bool moved = true; moved && !closed_;) {
    moved = pumpIce(now);
    startDtls(now);
    moved |= pumpDtls(now);
    startMedia(now);
    moved |= pumpMedia(now);
    startSctp(now);
    moved |= pumpChannels(now);
  }
}

bool Peer::pumpIce(Time now) {
  bool moved = false;
  while (auto output = agent_.poll()) {
    moved = true;
    std::visit(Overloaded{
                   [&](Transmit& packet) { outbox_.packet(std::move(packet)); },
                   [&](BindUdp& request) { outbox_.event(std::move(request)); },
                   [&](ListenTcp& request) { outbox_.event(std::move(request)); },
                   [&](ConnectTcp& request) { outbox_.event(std::move(request)); },
                   [&](CloseSocket& request) { outbox_.event(std::move(request)); },
                   [&](ListInterfaces& request) { outbox_.event(std::move(request)); },
                   [&](Resolve& request) { outbox_.event(std::move(request)); },
                   [&](ice::PublishName& name) { outbox_.event(std::move(name)); },
                   [&](ice::WithdrawName& name) { outbox_.event(std::move(name)); },
                   [&](ice::Received& received) {
                     if (!closed_) take({received.socket, received.from, received.packet.bytes()}, now);
                   },
                   [&](auto& event) { tell(std::move(event)); },
               },
               *output);
  }
  return moved;
}

bool Peer::pumpDtls(Time now) {
  bool moved = false;
  while (auto output = dtls_->poll()) {
    moved = true;
    std::visit(Overloaded{
                   [&](dtls::Endpoint::Transmit& packet) { transmit(std::move(packet.packet), now); },
                   [&](dtls::Endpoint::Connected&) {
                     tell(DtlsStateChanged{dtls::State::Connected, {}, dtls_->remoteCertificate()});
                     startSctp(now);
                   },
                   [&](dtls::Endpoint::Received& record) {
                     if (channels_)
                       channels_->handle(record.packet.bytes(), now);
                     else
                       drops_.add(PeerDrop::NotConnected);
                   },
                   [&](dtls::Endpoint::Closed&) {
                     // RFC 8827 s.6.5, W3C RTCDtlsTransportState: a close_notify takes the channels with it.
                     sctpGone({});
                     media_.stop();
                     tell(DtlsStateChanged{dtls::State::Closed, {}, {}});
                   },
                   [&](dtls::Endpoint::Failed& failure) {
                     PARLEY_LOG(Warning, "pc", "DTLS failed: ", failure.reason);
                     sctpGone(failure.reason);
                     media_.stop();
                     tell(DtlsStateChanged{dtls::State::Failed,
                                           std::move(failure.reason),
                                           {},
                                           failure.wrongFingerprint,
                                           failure.receivedAlert,
                                           failure.sentAlert});
                   },
               },
               *output);
  }
  return moved;
}

bool Peer::pumpMedia(Time now) {
  bool moved = false;
  while (auto output = media_.poll()) {
    moved = true;
    std::visit(Overloaded{
                   [&](MediaPlane::Transmit& packet) { transmit(std::move(packet.packet), now); },
                   [&](auto& event) { tell(std::move(event)); },
               },
               *output);
  }
  return moved;
}

bool Peer::pumpChannels(Time now) {
  bool moved = false;
  while (channels_) {
    while (channels_) {
      auto output = channels_->poll();
      if (!output) break;
      moved = true;
      onChannelOutput(std::move(*output), now);
    }
    if (!deliverMessage(now)) break;
    moved = true;
  }
  return moved;
}

void Peer::onChannelOutput(sctp::DataChannels::Output output, Time now) {
  using Channels = sctp::DataChannels;
  std::visit(
      Overloaded{
          [&](Channels::Transmit& packet) {
            if (!dtls_->send(packet.packet.bytes(), now)) drops_.add(PeerDrop::NoTransport);
          },
          [&](Channels::AssociationUp& up) { tell(SctpConnected{up.maxChannels}); },
          [&](Channels::Incoming& incoming) {
            open_.try_emplace(incoming.channel);
            tell(ChannelIncoming{incoming.channel, std::move(incoming.parameters)});
          },
          [&](Channels::Opened& opened) {
            tell(ChannelOpened{opened.channel, opened.streamId});
            if (auto found = open_.find(opened.channel); found != open_.end()) flush(found->first, found->second, now);
          },
          [&](Channels::Closing& closing) { tell(ChannelClosing{closing.channel}); },
          [&](Channels::Closed& closed) { channelGone(closed.channel, {}); },
          [&](Channels::ChannelFailed& failed) { channelGone(failed.channel, std::move(failed.reason), failed.cause); },
          [&](Channels::Drained& drained) {
            tell(ChannelDrained{drained.channel, drained.bytes});
          },
          [&](Channels::Writable&) { flush(now); },
          [&](Channels::Failed& failed) { sctpGone(std::move(failed.reason)); },
          [&](Channels::AssociationClosed&) { sctpGone({}); },
      },
      output);
}

/// One message to the façade, if it wants one: else it stays in SCTP's receive window and holds the sender up.
bool Peer::deliverMessage(Time now) {
  if (closed_ || !channels_ || !observer_->wantsMessages()) return false;
  auto message = channels_->receive(now);
  if (!message) return false;
  tell(ChannelMessage{message->channel, message->text, std::move(message->bytes)});
  return true;
}

// --- Outbound ---

void Peer::flush(Time now) {
  for (auto& [id, channel] : open_) flush(id, channel, now);
}

void Peer::flush(sctp::ChannelId id, Channel& channel, Time now) {
  while (!channel.waiting.empty()) {
    auto& message = channel.waiting.front();
    auto result = channels_->send(id, message.text, std::move(message.bytes), now);
    if (result == sctp::SendResult::Full) return;
    if (result == sctp::SendResult::Invalid) tell(ChannelDrained{id, message.bytes.size()});
    channel.waiting.pop_front();
  }
  if (channel.closeWhenSent) channels_->close(id, now);
}

void Peer::transmit(Packet packet, Time now) {
  auto path = agent_.sendPath();
  if (!path) return drops_.add(PeerDrop::NoPath);
  const std::size_t size = packet.size();
  // A UDP socket's packets go out here and now; those that a relay or a stream wraps come back through `pumpIce`.
  if (!(path->direct ? outbox_.packet(Transmit{path->socket, path->to, std::move(packet)})
                     : agent_.send(std::move(packet), now)))
    return agent_.countDiscarded(size);
  agent_.countSent(size, now);
  ++packetsSent_;
  bytesSent_ += size;
}

// --- Ends ---

void Peer::channelGone(sctp::ChannelId id, std::string error, std::optional<std::uint16_t> cause) {
  if (!open_.erase(id)) return;
  tell(ChannelClosed{id, std::move(error), cause});
}

void Peer::sctpGone(std::string reason, bool anotherFollows) {
  if (sctpGone_) return;
  sctpGone_ = true;
  channels_.reset();
  unopened_.clear();
  while (!open_.empty()) channelGone(open_.begin()->first, reason);
  tell(SctpClosed{std::move(reason), anotherFollows});
}

// --- Time and statistics ---

Time Peer::deadline() const {
  if (closed_) return never;
  Time next = std::min({agent_.deadline(), dtls_->deadline(), media_.deadline()});
  if (channels_) next = std::min(next, channels_->deadline());
  return next;
}

void Peer::advance(Time now) {
  if (closed_) return;
  agent_.advance(now);
  dtls_->advance(now);
  media_.advance(now);
  if (channels_) channels_->advance(now);
  pump(now);
}

Peer::Stats Peer::stats() const {
  Stats stats;
  stats.ice = agent_.stats();
  stats.dtls = dtls_->stats();
  stats.dtlsState = dtls_->state();
  stats.dtlsRole = dtls_->role();
  stats.dtlsParameters = dtls_->negotiated();
  stats.media = media_.stats();
  if (channels_) stats.sctp = channels_->stats();
  stats.bytesSent = bytesSent_;
  stats.bytesReceived = bytesReceived_;
  stats.packetsSent = packetsSent_;
  stats.packetsReceived = packetsReceived_;
  stats.drops = drops_;
  return stats;
}

}  // namespace parley::pc
