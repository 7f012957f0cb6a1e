#include "pc/transport.hpp"

#include "base/log.hpp"
#include "base/overloaded.hpp"

#include <algorithm>

namespace parley::pc {
namespace {

dtls::Endpoint::Config dtlsConfig(const PeerConfig& config) {
  dtls::Endpoint::Config dtls;
  dtls.certificate = config.certificate;
  return dtls;
}

MediaPlane::Config mediaConfig(const Transport::Shared& shared) {
  MediaPlane::Config config;
  config.clock = rtp::WallClock{shared.config.wallClockOffset};
  config.numbers = shared.numbers;
  return config;
}

}  // namespace

Transport::Transport(TransportId id, Shared& shared)
    : id_(id),
      shared_(shared),
      agent_(shared.config.ice, shared.ids, shared.random, shared.pool),
      dtls_(std::in_place, dtlsConfig(shared.config), shared.pool),
      media_(mediaConfig(shared), shared.pool, shared.random) {}

// --- Commands ---

bool Transport::apply(const TransportPlan& plan, Time now) {
  const bool otherAssociation = plan_.dtls && plan.dtls && plan_.dtls->association != plan.dtls->association;
  plan_ = plan;
  agent_.setRole(plan.ice.role, now);
  if (plan.ice.local && plan.ice.local != localIce_) {
    agent_.gather(*plan.ice.local, now);
    localIce_ = plan.ice.local;
  }
  // Only what changed: the peer's old credentials, said again with a restart of ours, are not its answer to that.
  if (plan.ice.remote && plan.ice.remote != remoteIce_) {
    agent_.setRemote(*plan.ice.remote, plan.ice.remoteOptions, now);
    remoteIce_ = plan.ice.remote;
  }
  const bool replaced = otherAssociation && replaceAssociation();
  media_.apply(plan.media, now);
  return replaced;
}

/// RFC 8842 s.5: another certificate or tls-id is another DTLS association.
bool Transport::replaceAssociation() {
  if (dtls_->state() == dtls::State::New) return false;
  dtls_.emplace(dtlsConfig(shared_.config), shared_.pool);
  media_.stop();
  return true;
}

void Transport::send(base::Bytes data, Time now) {
  if (!dtls_->send(data, now)) drops_.add(PeerDrop::NoTransport);
}

ForwardOutcome Transport::forward(TransceiverId transceiver, const ForwardedPacket& packet, bool pump, Time now) {
  const auto outcome = media_.forward(transceiver, packet, now);
  // Nothing but packets of media came of it, and what a relay makes of those.
  if (pump && outcome == ForwardOutcome::Yes && pumpMedia(now)) pumpIce(now);
  return outcome;
}

void Transport::close(Time now) {
  closed_ = true;  // from here on nothing is told, but the farewells still go out
  media_.sayBye();
  pumpMedia(now);
  dtls_->close(now);
  pumpDtls(now);
  pumpIce(now);
  agent_.close(now);
  pumpIce(now);
}

// --- Inbound ---

void Transport::handle(const Datagram& datagram, Time now) {
  // What is STUN, or of a relay, stays there; what the peer put into it comes out.
  if (auto data = agent_.handle(datagram, now)) take(*data, now);
}

void Transport::take(const Datagram& datagram, Time now) {
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

void Transport::startDtls(Time now) {
  if (closed_ || !plan_.dtls || dtls_->state() != dtls::State::New) return;
  // Without a path the first flight would be lost, and its repetition waits for a timer. The server waits for one as
  // well: the client may have proved the path before our own check was answered. The endpoint holds what arrives
  // meanwhile.
  if (!agent_.sendPath()) return;
  tell(DtlsStateChanged{dtls::State::Connecting, {}, {}});
  dtls_->start(plan_.dtls->role, plan_.dtls->remoteFingerprints, agent_.roundTripTime(), now);
}

void Transport::startMedia(Time now) {
  // Data alone needs no SRTP.
  if (media_.started() || closed_ || plan_.media.sections.empty() || dtls_->state() != dtls::State::Connected) return;
  const auto keys = dtls_->srtpKeys();
  if (!keys) return;
  if (agent_.roundTripTime() > Duration{}) media_.setRoundTripTime(agent_.roundTripTime());
  media_.start(*keys, now);
}

// --- From layer to layer ---

bool Transport::pump(Time now) {
  bool moved = pumpIce(now);
  startDtls(now);
  moved |= pumpDtls(now);
  startMedia(now);
  moved |= pumpMedia(now);
  return moved;
}

bool Transport::pumpIce(Time now) {
  auto& outbox = shared_.outbox;
  const auto open = [&](auto& request) {
    sockets_.insert(request.socket);
    outbox.event(std::move(request));
  };
  bool moved = false;
  while (auto output = agent_.poll()) {
    moved = true;
    std::visit(base::Overloaded{
                   [&](Transmit& packet) { outbox.packet(std::move(packet)); },
                   [&](BindUdp& request) { open(request); },
                   [&](ListenTcp& request) { open(request); },
                   [&](ConnectTcp& request) { open(request); },
                   [&](CloseSocket& request) {
                     sockets_.erase(request.socket);
                     outbox.event(std::move(request));
                   },
                   [&](ListInterfaces& request) { outbox.event(std::move(request)); },
                   [&](Resolve& request) { outbox.event(std::move(request)); },
                   [&](ice::PublishName& name) { outbox.event(std::move(name)); },
                   [&](ice::WithdrawName& name) { outbox.event(std::move(name)); },
                   [&](ice::Received& received) {
                     if (!closed_) take({received.socket, received.from, received.packet.bytes()}, now);
                   },
                   [&](auto& event) { tell(std::move(event)); },
               },
               *output);
  }
  return moved;
}

bool Transport::pumpDtls(Time now) {
  auto& listener = shared_.listener;
  bool moved = false;
  while (auto output = dtls_->poll()) {
    moved = true;
    std::visit(base::Overloaded{
                   [&](dtls::Endpoint::Transmit& packet) { transmit(std::move(packet.packet), now); },
                   [&](dtls::Endpoint::Connected&) {
                     tell(DtlsStateChanged{dtls::State::Connected, {}, dtls_->remoteCertificate()});
                     if (!closed_) listener.onDtlsConnected(*this, now);
                   },
                   [&](dtls::Endpoint::Received& record) {
                     if (!listener.onRecord(*this, record.packet.bytes(), now)) drops_.add(PeerDrop::NotConnected);
                   },
                   [&](dtls::Endpoint::Closed&) {
                     // RFC 8827 s.6.5, W3C RTCDtlsTransportState: a close_notify takes the channels with it.
                     listener.onDtlsGone(*this, {});
                     media_.stop();
                     tell(DtlsStateChanged{dtls::State::Closed, {}, {}});
                   },
                   [&](dtls::Endpoint::Failed& failure) {
                     PARLEY_LOG(Warning, "pc", "DTLS failed: ", failure.reason);
                     listener.onDtlsGone(*this, failure.reason);
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

bool Transport::pumpMedia(Time now) {
  bool moved = false;
  while (auto output = media_.poll()) {
    moved = true;
    std::visit(base::Overloaded{
                   [&](MediaPlane::Transmit& packet) { transmit(std::move(packet.packet), now); },
                   [&](auto& event) {
                     if (!closed_) shared_.listener.tell(std::move(event));
                   },
               },
               *output);
  }
  return moved;
}

void Transport::transmit(Packet packet, Time now) {
  auto path = agent_.sendPath();
  if (!path) return drops_.add(PeerDrop::NoPath);
  const std::size_t size = packet.size();
  // A UDP socket's packets go out here and now; those that a relay or a stream wraps come back through `pumpIce`.
  if (!(path->direct ? shared_.outbox.packet(Transmit{path->socket, path->to, std::move(packet)})
                     : agent_.send(std::move(packet), now)))
    return agent_.countDiscarded(size);
  agent_.countSent(size, now);
  ++packetsSent_;
  bytesSent_ += size;
}

// --- Time and statistics ---

Time Transport::deadline() const { return std::min({agent_.deadline(), dtls_->deadline(), media_.deadline()}); }

void Transport::advance(Time now) {
  agent_.advance(now);
  dtls_->advance(now);
  media_.advance(now);
}

Transport::Stats Transport::stats() const {
  Stats stats;
  stats.id = id_;
  stats.ice = agent_.stats();
  stats.dtls = dtls_->stats();
  stats.dtlsState = dtls_->state();
  stats.dtlsRole = dtls_->role();
  stats.dtlsParameters = dtls_->negotiated();
  stats.media = media_.stats();
  stats.bytesSent = bytesSent_;
  stats.bytesReceived = bytesReceived_;
  stats.packetsSent = packetsSent_;
  stats.packetsReceived = packetsReceived_;
  stats.drops = drops_;
  return stats;
}

}  // namespace parley::pc
