#include "pc/media_stats.hpp"
#include "pc/peer_connection.hpp"
#include "pc/stats_selection.hpp"
#include "pc/stats_writer.hpp"
#include "sdp/base64.hpp"

#include <algorithm>
#include <cctype>
#include <functional>
#include <string_view>
#include <utility>

/// \file
/// getStats: one snapshot of the peer on the engine's thread, joined with the slots in a task.

namespace parley::pc {

/// What statistics need of the slots, copied under the mutex.
struct Connection::StatsInput {
  struct ChannelInput {
    sctp::ChannelId key{};
    std::string label, protocol;
    std::optional<std::uint16_t> id;
    DataChannelState state{};
  };
  std::uint32_t channelsOpened = 0;
  std::vector<ChannelInput> channels;
  std::vector<TransceiverInput> transceivers;
  std::vector<MediaSource> sources;
  struct TransportInput {
    TransportId id = 0;
    DtlsTransportState dtlsState{};
    IceTransportState iceState{};
    std::vector<std::uint8_t> remoteCertificate;
  };
  std::vector<TransportInput> transports;
  std::vector<std::uint8_t> localCertificate;
};

namespace {

std::string lowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Ids are opaque to the application; those of one connection stay the same.
constexpr const char* connectionId = "P";
constexpr const char* localCertificateId = "CL";
std::string transportId(TransportId id) { return "T" + std::to_string(id); }
std::string remoteCertificateId(TransportId id) { return "CR" + std::to_string(id); }
/// Agents name theirs without regard to each other.
std::string candidateId(const std::string& transport, const std::string& id) { return "I" + transport + id; }
std::string pairId(const std::string& transport, const std::string& id) { return "C" + transport + id; }

void addCertificate(StatsWriter& writer, const std::string& id, const std::vector<std::uint8_t>& der) {
  if (der.empty()) return;
  const std::string text = dtls::fingerprintOf(der, "sha-256").toString();  // "sha-256 AB:…"
  CertificateStats stats;
  stats.fingerprintAlgorithm = "sha-256";
  stats.fingerprint = lowerCase(text.substr(text.find(' ') + 1));
  stats.base64Certificate = sdp::toBase64(der);
  writer.add(id, std::move(stats));
}

void addCandidate(StatsWriter& writer, const std::string& transport, const ice::CandidateStats& input, bool remote) {
  const auto& candidate = input.candidate;
  IceCandidateStats stats;
  stats.remote = remote;
  stats.transportId = transport;
  stats.address = StatsWriter::unlessEmpty(candidate.address);
  stats.port = candidate.port;
  stats.protocol = candidate.transport;
  stats.candidateType = toString(candidate.type);
  stats.priority = candidate.priority;
  stats.url = StatsWriter::unlessEmpty(input.url);
  if (input.relayProtocol) stats.relayProtocol = static_cast<IceServerTransportProtocol>(*input.relayProtocol);
  stats.foundation = StatsWriter::unlessEmpty(candidate.foundation);
  stats.relatedAddress = StatsWriter::unlessEmpty(candidate.relatedAddress);
  if (stats.relatedAddress) stats.relatedPort = candidate.relatedPort;
  stats.usernameFragment = StatsWriter::unlessEmpty(input.ufrag);
  stats.tcpType = StatsWriter::unlessEmpty(candidate.tcpType);
  writer.add(candidateId(transport, input.id), std::move(stats));
}

void addPair(StatsWriter& writer, const std::string& transport, const ice::PairStats& input,
             std::optional<double> availableOutgoingBitrate) {
  CandidatePairStats stats;
  stats.transportId = transport;
  stats.localCandidateId = candidateId(transport, input.localCandidateId);
  stats.remoteCandidateId = candidateId(transport, input.remoteCandidateId);
  stats.state = toString(input.state);
  stats.nominated = input.nominated;
  stats.packetsSent = input.packetsSent;
  stats.packetsReceived = input.packetsReceived;
  stats.bytesSent = input.bytesSent;
  stats.bytesReceived = input.bytesReceived;
  stats.lastPacketSentTimestamp = writer.at(input.lastPacketSent);
  stats.lastPacketReceivedTimestamp = writer.at(input.lastPacketReceived);
  stats.totalRoundTripTime = StatsWriter::seconds(input.totalRoundTripTime);
  stats.currentRoundTripTime = StatsWriter::seconds(input.currentRoundTripTime);
  stats.availableOutgoingBitrate = availableOutgoingBitrate;
  stats.requestsReceived = input.requestsReceived;
  stats.requestsSent = input.requestsSent;
  stats.responsesReceived = input.responsesReceived;
  stats.responsesSent = input.responsesSent;
  stats.consentRequestsSent = input.consentRequestsSent;
  stats.packetsDiscardedOnSend = input.packetsDiscardedOnSend;
  stats.bytesDiscardedOnSend = input.bytesDiscardedOnSend;
  writer.add(pairId(transport, input.id), std::move(stats));
}

void addIce(StatsWriter& writer, const std::string& transport, const ice::Stats& ice,
            std::optional<double> availableOutgoingBitrate) {
  // The agent names candidates apart from their side; a remote one and a local one have different ids.
  for (const auto& candidate : ice.localCandidates) addCandidate(writer, transport, candidate, false);
  for (const auto& candidate : ice.remoteCandidates) addCandidate(writer, transport, candidate, true);
  for (const auto& pair : ice.pairs)
    addPair(writer, transport, pair, pair.id == ice.selectedPairId ? availableOutgoingBitrate : std::nullopt);
}

template <class Reason, class Name>
void addDrops(std::map<std::string, std::uint64_t>& drops, const base::Counters<Reason>& counters, Name name) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Reason::Count); ++i)
    if (const auto count = counters[static_cast<Reason>(i)]) drops.emplace(name(static_cast<Reason>(i)), count);
}

std::string peerDropName(PeerDrop reason) {
  switch (reason) {
    case PeerDrop::UnknownProtocol: return "peer.unknown-protocol";
    case PeerDrop::NotAuthenticated: return "peer.not-authenticated";
    case PeerDrop::NoTransport: return "peer.no-transport";
    case PeerDrop::NoPath: return "peer.no-path";
    case PeerDrop::NotConnected: return "peer.not-connected";
    case PeerDrop::Count: break;
  }
  return "peer";
}

std::string dtlsDropName(dtls::Drop reason) {
  switch (reason) {
    case dtls::Drop::NotDtls: return "dtls.not-dtls";
    case dtls::Drop::TooEarly: return "dtls.too-early";
    case dtls::Drop::Rejected: return "dtls.rejected";
    case dtls::Drop::TooLarge: return "dtls.too-large";
    case dtls::Drop::NotConnected: return "dtls.not-connected";
    case dtls::Drop::Count: break;
  }
  return "dtls";
}

std::string mediaDropName(MediaDrop reason) {
  switch (reason) {
    case MediaDrop::NoKeys: return "media.no-keys";
    case MediaDrop::Malformed: return "media.malformed";
    case MediaDrop::NoSection: return "media.no-section";
    case MediaDrop::NoOriginal: return "media.no-original";
    case MediaDrop::OwnSsrc: return "media.own-ssrc";
    case MediaDrop::TooManyStreams: return "media.too-many-streams";
    case MediaDrop::AfterBye: return "media.after-bye";
    case MediaDrop::NotSending: return "media.not-sending";
    case MediaDrop::BadFrame: return "media.bad-frame";
    case MediaDrop::CircuitOpen: return "media.circuit-open";
    case MediaDrop::Count: break;
  }
  return "media";
}

std::string srtpDropName(const char* direction, srtp::Drop reason) {
  const std::string layer = std::string("srtp-") + direction;
  switch (reason) {
    case srtp::Drop::Malformed: return layer + ".malformed";
    case srtp::Drop::NotAuthenticated: return layer + ".not-authenticated";
    case srtp::Drop::Replayed: return layer + ".replayed";
    case srtp::Drop::TooManySources: return layer + ".too-many-sources";
    case srtp::Drop::Exhausted: return layer + ".exhausted";
    case srtp::Drop::NoRoom: return layer + ".no-room";
    case srtp::Drop::Count: break;
  }
  return layer;
}

std::map<std::string, std::uint64_t> dropsOf(const Transport::Stats& stats) {
  std::map<std::string, std::uint64_t> drops;
  addDrops(drops, stats.ice.drops, [](ice::Drop reason) { return "ice." + std::string(toString(reason)); });
  addDrops(drops, stats.dtls.drops, dtlsDropName);
  addDrops(drops, stats.drops, peerDropName);
  addDrops(drops, stats.media.drops, mediaDropName);
  addDrops(drops, stats.media.sent, [](srtp::Drop reason) { return srtpDropName("out", reason); });
  addDrops(drops, stats.media.received, [](srtp::Drop reason) { return srtpDropName("in", reason); });
  return drops;
}

void addTransport(StatsWriter& writer, const Transport::Stats& stats, DtlsTransportState dtlsState,
                  IceTransportState iceState, bool hasRemoteCertificate,
                  const std::optional<sctp::DataChannels::Stats>& sctp) {
  const auto id = transportId(stats.id);
  TransportStats transport;
  transport.dtlsState = dtlsState;
  transport.iceState = iceState;
  transport.localCertificateId = localCertificateId;
  if (hasRemoteCertificate) transport.remoteCertificateId = remoteCertificateId(stats.id);
  transport.packetsSent = stats.packetsSent;
  transport.packetsReceived = stats.packetsReceived;
  transport.bytesSent = stats.bytesSent;
  transport.bytesReceived = stats.bytesReceived;
  transport.iceRole = stats.ice.role == ice::Role::Controlling ? IceRole::Controlling : IceRole::Controlled;
  transport.iceLocalUsernameFragment = StatsWriter::unlessEmpty(stats.ice.localUfrag);
  if (!stats.ice.selectedPairId.empty()) transport.selectedCandidatePairId = pairId(id, stats.ice.selectedPairId);
  transport.selectedCandidatePairChanges = stats.ice.selectedCandidatePairChanges;
  if (stats.media.sourceFeedback) {
    transport.ccfbMessagesSent = stats.media.sourceFeedback->sent;
    transport.ccfbMessagesReceived = stats.media.sourceFeedback->received;
  }
  transport.dtlsRole = !stats.dtlsRole ? "unknown" : *stats.dtlsRole == dtls::Role::Client ? "client" : "server";
  if (const auto& parameters = stats.dtlsParameters) {
    // webrtc-stats: "represented as four upper case hexadecimal digits".
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string version;
    for (int shift = 12; shift >= 0; shift -= 4) version.push_back(digits[(parameters->wireVersion >> shift) & 15]);
    transport.tlsVersion = version;
    transport.dtlsCipher = parameters->cipher;
    if (parameters->srtpProfile) transport.srtpCipher = dtls::name(*parameters->srtpProfile);
  }
  transport.drops = dropsOf(stats);
  if (sctp)
    for (const auto& [reason, count] : sctp->association.drops)
      transport.drops.emplace("sctp." + std::string(reason), count);
  writer.add(id, std::move(transport));
}

}  // namespace

Async<StatsReport> Connection::getStats(std::optional<StatsSelector> selector) {
  auto promise = std::make_shared<parley::detail::AsyncValue<StatsReport>>(shared_->tasks);
  // Without the lock.
  const auto answer = [this, promise, selector](const Sample& sample) {
    StatsInput input;
    {
      std::lock_guard lock(shared_->mutex);
      input = statsInput();
    }
    promise->resolve(report(input, sample, core_.wallClockOffset(), selector));
  };
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    if (!closed_) {
      remember(promise);
      command(actions, [self = shared_from_this(), answer](Peer& peer, Time now) {
        self->post([answer, sample = Sample{peer.stats(), now}](Connection&) { answer(sample); });
      });
    } else if (lastSample_) {
      actions.push_back([this, answer] { answer(*lastSample_); });
    } else {
      awaitingSample_.push_back(answer);
    }
  }
  run(actions);
  return Async<StatsReport>(promise);
}

/// W3C getStats: the track of exactly one sender or receiver.
Async<StatsReport> Connection::getStats(const std::shared_ptr<MediaStreamTrack>& track) {
  std::vector<StatsSelector> found;
  {
    std::lock_guard lock(shared_->mutex);
    for (const auto& transceiver : transceivers_) {
      if (transceiver->rtpSender->slots.track == track) found.push_back({transceiver->id, true});
      if (transceiver->rtpReceiver->remote == track) found.push_back({transceiver->id, false});
    }
  }
  if (found.size() == 1) return getStats(found.front());
  auto promise = std::make_shared<parley::detail::AsyncValue<StatsReport>>(shared_->tasks);
  promise->reject(std::make_exception_ptr(
      Error(ErrorName::InvalidAccessError, found.empty() ? "no sender or receiver has this track"
                                                         : "several senders or receivers have this track")));
  return Async<StatsReport>(promise);
}

/// The connection closes, and statistics may still be asked for.
void Connection::keepLastSample(Sample sample) {
  std::vector<std::function<void(const Sample&)>> awaiting;
  {
    std::lock_guard lock(shared_->mutex);
    lastSample_ = std::make_unique<const Sample>(std::move(sample));
    awaiting.swap(awaitingSample_);
  }
  for (const auto& answer : awaiting) answer(*lastSample_);
}

Connection::StatsInput Connection::statsInput() const {
  StatsInput input;
  input.channelsOpened = channelsOpened_;
  for (const auto& [key, channel] : channels_)
    input.channels.push_back(
        {key, channel->label(), channel->protocol(), channel->slots.id, channel->slots.readyState});
  if (!closed_)
    for (const auto& transceiver : transceivers_) {
      const auto& receiver = *transceiver->rtpReceiver;
      TransceiverInput one;
      one.id = transceiver->id;
      one.mid = transceiver->slots.mid;
      one.remoteTrack = receiver.remote->core().id;
      for (const auto& [ssrc, source] : receiver.slots.synchronization)
        if (source.audioLevel) one.audioLevels.emplace(ssrc, *source.audioLevel);
      if (const auto& source = transceiver->rtpSender->slots.source) {
        one.source = source->number();
        input.sources.push_back(*source);
      }
      input.transceivers.push_back(std::move(one));
    }
  for (const auto& [id, transport] : transports_) {
    auto& one = input.transports.emplace_back();
    one.id = id;
    one.dtlsState = transport->slots.state;
    one.iceState = transport->ice->slots.state;
    if (!transport->slots.remoteCertificates.empty())
      one.remoteCertificate = transport->slots.remoteCertificates.front();
  }
  input.localCertificate = certificate_.shared()->der();
  return input;
}

StatsReport Connection::report(const StatsInput& input, const Sample& sample, Duration wallClockOffset,
                               const std::optional<StatsSelector>& selector) {
  const Peer::Stats& stats = sample.stats;
  StatsWriter writer(sample.at.time_since_epoch() + wallClockOffset, wallClockOffset);

  PeerConnectionStats connection;
  connection.dataChannelsOpened = connection.dataChannelsClosed = input.channelsOpened;
  for (const auto& channel : input.channels)
    if (channel.state == DataChannelState::Open) --connection.dataChannelsClosed;
  writer.add(connectionId, connection);

  for (const auto& channel : input.channels) {
    DataChannelStats entry;
    entry.label = channel.label;
    entry.protocol = channel.protocol;
    entry.dataChannelIdentifier = channel.id;
    entry.state = channel.state;
    if (stats.sctp) {
      for (const auto& [key, counts] : stats.sctp->channels) {
        if (key != channel.key) continue;
        entry.messagesSent = static_cast<std::uint32_t>(counts.messagesSent);
        entry.bytesSent = counts.bytesSent;
        entry.messagesReceived = static_cast<std::uint32_t>(counts.messagesReceived);
        entry.bytesReceived = counts.bytesReceived;
      }
    }
    writer.add("D" + std::to_string(static_cast<std::uint32_t>(channel.key)), std::move(entry));
  }

  for (const auto& source : input.sources) addMediaSource(writer, source, Time(sample.at + wallClockOffset));
  addCertificate(writer, localCertificateId, input.localCertificate);
  std::vector<std::string> selected;
  for (const auto& transport : stats.transports) {
    const auto described = std::find_if(input.transports.begin(), input.transports.end(),
                                        [&](const auto& one) { return one.id == transport.id; });
    if (described == input.transports.end()) continue;
    addCertificate(writer, remoteCertificateId(transport.id), described->remoteCertificate);
    addTransport(writer, transport, described->dtlsState, described->iceState, !described->remoteCertificate.empty(),
                 transport.id == stats.sctpTransport ? stats.sctp : std::nullopt);
    const auto& media = transport.media;
    addIce(writer, transportId(transport.id), transport.ice, media.availableOutgoingBitrate);
    addStreams(writer, media, input.transceivers, transportId(transport.id));
    if (!selector) continue;
    for (auto& id : selectedStreams(media, *selector)) selected.push_back(std::move(id));
  }
  return selector ? selectStats(writer.take(), selected) : writer.take();
}

}  // namespace parley::pc
