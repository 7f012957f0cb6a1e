#include "pc/peer.hpp"

#include "base/overloaded.hpp"
#include "sctp/native/association.hpp"
#include "sctp/usrsctp_association.hpp"

#include <algorithm>
#include <utility>

namespace parley::pc {

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
      shared_{config_,
              ids,
              random,
              pool,
              outbox_,
              static_cast<Transport::Listener&>(*this),
              std::make_shared<MediaNumbers>()} {}

Peer::~Peer() = default;

// --- Transports ---

Transport& Peer::transportFor(TransportId id) {
  if (const auto found = transports_.find(id); found != transports_.end()) return found->second;
  if (const auto first = transports_.lower_bound(firstPrepared); !isPrepared(id) && first != transports_.end()) {
    auto prepared = transports_.extract(first);
    prepared.key() = id;
    prepared.mapped().setId(id);
    return transports_.insert(std::move(prepared)).position->second;
  }
  auto& fresh = transports_.try_emplace(id, id, shared_).first->second;
  for (const auto& [transceiver, tap] : taps_) fresh.media().addTap(transceiver, tap);
  for (const auto& [transceiver, source] : keyFrameSources_) fresh.media().setKeyFrameSource(transceiver, source);
  return fresh;
}

Transport* Peer::ownerOf(SocketId socket) {
  if (transports_.size() == 1) return &transports_.begin()->second;
  for (auto& [id, transport] : transports_)
    if (transport.owns(socket)) return &transport;
  return nullptr;
}

Transport* Peer::transportOf(TransceiverId transceiver) {
  const auto found = carriers_.find(transceiver);
  return found == carriers_.end() ? nullptr : found->second;
}

void Peer::closeTransports(const std::function<bool(TransportId)>& which, Time now) {
  for (auto it = transports_.begin(); it != transports_.end();) {
    const auto here = it++;
    if (!which(here->first)) continue;
    here->second.close(now);
    transports_.erase(here);
  }
}

void Peer::apply(const Plan& plan, Time now) {
  if (closed_) return;
  applySctp(plan);
  const auto isPlanned = [&](TransportId id) {
    return std::any_of(plan.begin(), plan.end(), [&](const TransportPlan& one) { return one.id == id; });
  };
  carriers_.clear();
  closeTransports([&](TransportId id) { return !isPrepared(id) && !isPlanned(id); }, now);
  for (const auto& wanted : plan) {
    auto& transport = transportFor(wanted.id);
    for (const auto& section : wanted.media.sections) carriers_[section.transceiver] = &transport;
    if (transport.apply(wanted, now) && wanted.id == sctpTransport_)
      endSctp("the peer began another DTLS association", sctp_.has_value());
  }
  if (std::any_of(plan.begin(), plan.end(), [](const TransportPlan& one) { return one.dtls.has_value(); }))
    closeTransports(isPrepared, now);
  pump(now);
}

/// What of the association that there is does not fit any more ends. Another one follows as soon as it can.
void Peer::applySctp(const Plan& plan) {
  const auto with =
      std::find_if(plan.begin(), plan.end(), [](const TransportPlan& one) { return one.sctp.has_value(); });
  const auto before = std::exchange(sctp_, with == plan.end() ? std::nullopt : with->sctp);
  const auto carrier = std::exchange(sctpTransport_, with == plan.end() ? TransportId{0} : with->id);
  if (!before) return;
  if (!sctp_) return endSctp("the data section was removed", false);
  if (!channels_ && !sctpGone_) return;
  // RFC 8841 s.9.3: a new port of either side closes the association, or follows on one that failed, and opens another.
  if (before->localPort != sctp_->localPort || before->remotePort != sctp_->remotePort)
    return endSctp("negotiation began another SCTP association", true);
  // Its section was bundled: it goes on over that transport, or begins again if it had failed with its own.
  if (carrier != sctpTransport_) sctpGone_ = false;
}

void Peer::addRemoteCandidate(TransportId id, const ice::Candidate& candidate, Time now) {
  const auto found = transports_.find(id);
  if (closed_ || found == transports_.end()) return;
  found->second.ice().addRemoteCandidate(candidate, now);
  pump(now);
}

void Peer::endOfRemoteCandidates(TransportId id, Time now) {
  const auto found = transports_.find(id);
  if (closed_ || found == transports_.end()) return;
  found->second.ice().endOfRemoteCandidates(now);
  pump(now);
}

void Peer::setServers(ice::Servers servers, Time now) {
  if (closed_) return;
  config_.ice.servers = servers;
  for (auto& [id, transport] : transports_) transport.ice().setServers(servers);
  pump(now);
}

void Peer::prepare(std::size_t count, Time now) {
  if (closed_) return;
  const auto end = firstPrepared + static_cast<TransportId>(std::min(count, maxTransports));
  for (auto id = firstPrepared; id < end; ++id) transportFor(id).ice().prepare(now);
  closeTransports([&](TransportId id) { return id >= end; }, now);
  pump(now);
}

std::vector<std::string> Peer::localUfrags() const {
  std::vector<std::string> all;
  for (const auto& [id, transport] : transports_)
    for (auto& ufrag : transport.ice().localUfrags()) all.push_back(std::move(ufrag));
  return all;
}

// --- Channels ---

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

// --- Media ---

void Peer::sendFrame(TransceiverId transceiver, EncodedFrame frame, Time now) {
  if (closed_ || transports_.empty()) return;
  auto* transport = transportOf(transceiver);
  // Any of them counts what nobody can send.
  if (!transport) transport = &transports_.begin()->second;
  transport->media().sendFrame(transceiver, frame, now);
  pump(now);
}

void Peer::requestKeyFrame(TransceiverId transceiver, const std::string& rid, Time now) {
  auto* transport = transportOf(transceiver);
  if (closed_ || !transport) return;
  transport->media().requestKeyFrame(transceiver, rid, now);
  pump(now);
}

void Peer::insertTones(TransceiverId transceiver, const std::string& tones, Duration duration, Duration gap, Time now) {
  auto* transport = transportOf(transceiver);
  if (closed_ || !transport) return;
  transport->media().insertTones(transceiver, tones, duration, gap, now);
  pump(now);
}

void Peer::addTap(TransceiverId transceiver, std::shared_ptr<PacketTap> tap) {
  for (auto& [id, transport] : transports_) transport.media().addTap(transceiver, tap);
  taps_.emplace_back(transceiver, std::move(tap));
}

void Peer::removeTap(const PacketTap* tap) {
  for (auto& [id, transport] : transports_) transport.media().removeTap(tap);
  std::erase_if(taps_, [&](const auto& each) { return each.second.get() == tap; });
}

void Peer::setKeyFrameSource(TransceiverId transceiver, std::weak_ptr<KeyFrameSource> source) {
  for (auto& [id, transport] : transports_) transport.media().setKeyFrameSource(transceiver, source);
  std::erase_if(keyFrameSources_, [](const auto& each) { return each.second.expired(); });
  keyFrameSources_[transceiver] = std::move(source);
}

bool Peer::sends(TransceiverId transceiver) const {
  const auto found = carriers_.find(transceiver);
  return !closed_ && found != carriers_.end() && found->second->media().sends(transceiver);
}

ForwardOutcome Peer::forward(TransceiverId transceiver, const ForwardedPacket& packet, bool pump, Time now) {
  if (closed_) return ForwardOutcome::Gone;
  auto* transport = transportOf(transceiver);
  return transport ? transport->forward(transceiver, packet, pump, now) : ForwardOutcome::NotSending;
}

// --- All of it ---

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
  for (auto& [id, transport] : transports_) transport.close(now);
}

// --- Inbound ---

void Peer::handle(const Datagram& datagram, Time now) {
  if (closed_ || datagram.bytes.empty()) return;
  auto* transport = ownerOf(datagram.socket);
  if (!transport) return;
  transport->handle(datagram, now);
  pump(now);
}

void Peer::handle(const TcpAccepted& accepted, Time now) {
  if (closed_) return;
  if (auto* transport = ownerOf(accepted.listener))
    transport->handle(accepted, now);
  else
    outbox_.event(CloseSocket{accepted.socket});
  pump(now);
}

// --- SCTP over one of the transports ---

void Peer::startSctp(Time now) {
  if (channels_ || sctpGone_ || closed_ || !sctp_) return;
  const auto found = transports_.find(sctpTransport_);
  if (found == transports_.end() || found->second.dtls().state() != dtls::State::Connected) return;
  const auto& transport = found->second;
  auto config = sctpConfig(config_);
  config.localPort = sctp_->localPort;
  config.remotePort = sctp_->remotePort;
  config.remoteMaxMessageSize = sctp_->remoteMaxMessageSize;
  config.roundTrip = transport.ice().roundTripTime();
  config.snap = sctp_->snap;
  channels_.emplace(makeAssociation(config), config, transport.dtlsRole() == dtls::Role::Client);
  for (auto& [id, parameters] : std::exchange(unopened_, {}))
    if (!channels_->open(id, parameters, now)) channelGone(id, "the channel's id is in use");
  channels_->connect(now);
}

void Peer::onDtlsConnected(Transport&, Time now) { startSctp(now); }

bool Peer::onRecord(Transport& transport, base::MutableBytes record, Time now) {
  if (!channels_ || transport.id() != sctpTransport_) return false;
  channels_->handle(record, now);
  return true;
}

void Peer::onDtlsGone(Transport& transport, const std::string& reason) {
  if (transport.id() == sctpTransport_) sctpGone(reason);
}

std::unique_ptr<sctp::Association> Peer::makeAssociation(const sctp::Config& config) {
  if (config_.sctpEngine == SctpEngine::Native)
    return std::make_unique<sctp::native::Association>(config, random_, pool_);
  return std::make_unique<sctp::UsrsctpAssociation>(config, sctp::UsrsctpAssociation::Ticks::ByHost, wake_);
}

void Peer::pump(Time now) {
  for (bool moved = true; moved && !closed_;) {
    moved = false;
    for (auto& [id, transport] : transports_) moved |= transport.pump(now);
    startSctp(now);
    moved |= pumpChannels(now);
  }
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
      base::Overloaded{
          [&](Channels::Transmit& packet) {
            if (auto found = transports_.find(sctpTransport_); found != transports_.end())
              found->second.send(packet.packet.bytes(), now);
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

/// Another one may come later.
void Peer::endSctp(std::string reason, bool anotherFollows) {
  sctpGone(std::move(reason), anotherFollows);
  sctpGone_ = false;
}

// --- Time and statistics ---

Time Peer::deadline() const {
  if (closed_) return never;
  Time next = channels_ ? channels_->deadline() : never;
  for (const auto& [id, transport] : transports_) next = std::min(next, transport.deadline());
  return next;
}

void Peer::advance(Time now) {
  if (closed_) return;
  for (auto& [id, transport] : transports_) transport.advance(now);
  if (channels_) channels_->advance(now);
  pump(now);
}

Peer::Stats Peer::stats() const {
  Stats stats;
  for (const auto& [id, transport] : transports_)
    if (!isPrepared(id)) stats.transports.push_back(transport.stats());
  if (channels_) stats.sctp = channels_->stats();
  stats.sctpTransport = sctpTransport_;
  return stats;
}

}  // namespace parley::pc
