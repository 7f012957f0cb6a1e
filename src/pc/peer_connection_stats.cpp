#include "pc/peer_connection.hpp"
#include "sdp/base64.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

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
  std::vector<ChannelInput> channels;
  bool hasTransport = false;
  DtlsTransportState dtlsState{};
  std::optional<IceTransportState> iceState;
  std::vector<std::uint8_t> localCertificate, remoteCertificate;
};

namespace {

double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }
double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::optional<std::string> unlessEmpty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::string lowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

/// Ids are opaque to the application; those of one connection stay the same.
constexpr const char* connectionId = "P";
constexpr const char* transportId = "T";
constexpr const char* localCertificateId = "CL";
constexpr const char* remoteCertificateId = "CR";
std::string candidateId(const std::string& id) { return "I" + id; }
std::string pairId(const std::string& id) { return "CP" + id; }

class Writer {
 public:
  explicit Writer(double timestamp) : timestamp_(timestamp) {}

  template <class Kind>
  void add(std::string id, Kind stats) {
    stats.id = id;
    stats.timestamp = timestamp_;
    entries_.emplace(std::move(id), Stats(std::move(stats)));
  }
  StatsReport take() { return StatsReport(std::move(entries_)); }

 private:
  double timestamp_;
  StatsReport::Map entries_;
};

void addCertificate(Writer& writer, const char* id, const std::vector<std::uint8_t>& der) {
  if (der.empty()) return;
  const std::string text = dtls::fingerprintOf(der, "sha-256").toString();  // "sha-256 AB:…"
  CertificateStats stats;
  stats.fingerprintAlgorithm = "sha-256";
  stats.fingerprint = lowerCase(text.substr(text.find(' ') + 1));
  stats.base64Certificate = sdp::toBase64(der);
  writer.add(id, std::move(stats));
}

void addCandidate(Writer& writer, const ice::CandidateStats& input, bool remote) {
  const auto& candidate = input.candidate;
  IceCandidateStats stats;
  stats.remote = remote;
  stats.transportId = transportId;
  stats.address = unlessEmpty(candidate.address);
  stats.port = candidate.port;
  stats.protocol = candidate.transport;
  stats.candidateType = toString(candidate.type);
  stats.priority = candidate.priority;
  stats.url = unlessEmpty(input.url);
  if (input.relayProtocol) stats.relayProtocol = static_cast<IceServerTransportProtocol>(*input.relayProtocol);
  stats.foundation = unlessEmpty(candidate.foundation);
  stats.relatedAddress = unlessEmpty(candidate.relatedAddress);
  if (stats.relatedAddress) stats.relatedPort = candidate.relatedPort;
  stats.usernameFragment = unlessEmpty(input.ufrag);
  stats.tcpType = unlessEmpty(candidate.tcpType);
  writer.add(candidateId(input.id), std::move(stats));
}

void addPair(Writer& writer, const ice::PairStats& input, Duration wallClockOffset) {
  const auto timestamp = [&](const std::optional<Time>& time) -> std::optional<double> {
    if (!time) return std::nullopt;
    return milliseconds(time->time_since_epoch() + wallClockOffset);
  };
  CandidatePairStats stats;
  stats.transportId = transportId;
  stats.localCandidateId = candidateId(input.localCandidateId);
  stats.remoteCandidateId = candidateId(input.remoteCandidateId);
  stats.state = toString(input.state);
  stats.nominated = input.nominated;
  stats.packetsSent = input.packetsSent;
  stats.packetsReceived = input.packetsReceived;
  stats.bytesSent = input.bytesSent;
  stats.bytesReceived = input.bytesReceived;
  stats.lastPacketSentTimestamp = timestamp(input.lastPacketSent);
  stats.lastPacketReceivedTimestamp = timestamp(input.lastPacketReceived);
  stats.totalRoundTripTime = seconds(input.totalRoundTripTime);
  if (input.currentRoundTripTime) stats.currentRoundTripTime = seconds(*input.currentRoundTripTime);
  stats.requestsReceived = input.requestsReceived;
  stats.requestsSent = input.requestsSent;
  stats.responsesReceived = input.responsesReceived;
  stats.responsesSent = input.responsesSent;
  stats.consentRequestsSent = input.consentRequestsSent;
  stats.packetsDiscardedOnSend = input.packetsDiscardedOnSend;
  stats.bytesDiscardedOnSend = input.bytesDiscardedOnSend;
  writer.add(pairId(input.id), std::move(stats));
}

void addIce(Writer& writer, const ice::Stats& ice, Duration wallClockOffset) {
  // The agent names candidates apart from their side; a remote one and a local one have different ids.
  for (const auto& candidate : ice.localCandidates) addCandidate(writer, candidate, false);
  for (const auto& candidate : ice.remoteCandidates) addCandidate(writer, candidate, true);
  for (const auto& pair : ice.pairs) addPair(writer, pair, wallClockOffset);
}

std::string_view cipherName(dtls::SrtpProfile profile) { return dtls::name(profile); }

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

}  // namespace

Async<StatsReport> Connection::getStats() {
  std::shared_ptr<parley::detail::AsyncValue<StatsReport>> promise;
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) {
      // What is left is what the slots say.
      promise = std::make_shared<parley::detail::AsyncValue<StatsReport>>(shared_->tasks);
      promise->resolve(report(statsInput(), std::nullopt, core_.wallClockOffset(), core_.wallClock()));
      return Async<StatsReport>(promise);
    }
    promise = newAsync<StatsReport>();
    command(actions, [self = shared_from_this(), promise](Peer& peer, Time now) {
      self->post([promise, stats = peer.stats(), now](Connection& connection) {
        StatsInput input;
        {
          std::lock_guard task(connection.shared_->mutex);
          input = connection.statsInput();
        }
        const Duration offset = connection.core_.wallClockOffset();
        promise->resolve(report(input, stats, offset, now.time_since_epoch() + offset));
      });
    });
  }
  run(actions);
  return Async<StatsReport>(promise);
}

Connection::StatsInput Connection::statsInput() const {
  StatsInput input;
  for (const auto& [key, channel] : channels_)
    input.channels.push_back(
        {key, channel->label(), channel->protocol(), channel->slots.id, channel->slots.readyState});
  input.hasTransport = dtls_ != nullptr;
  if (dtls_) {
    input.dtlsState = dtls_->slots.state;
    input.iceState = dtls_->ice->slots.state;
  }
  input.localCertificate = certificate_.shared()->der();
  input.remoteCertificate = remoteCertificate_;
  return input;
}

StatsReport Connection::report(const StatsInput& input, const std::optional<Peer::Stats>& stats,
                               Duration wallClockOffset, Duration sinceEpoch) {
  Writer writer(milliseconds(sinceEpoch));

  PeerConnectionStats connection;
  if (stats) {
    connection.dataChannelsOpened = stats->channelsOpened;
    connection.dataChannelsClosed = stats->channelsClosed;
  }
  writer.add(connectionId, connection);

  for (const auto& channel : input.channels) {
    DataChannelStats entry;
    entry.label = channel.label;
    entry.protocol = channel.protocol;
    entry.dataChannelIdentifier = channel.id;
    entry.state = channel.state;
    if (stats && stats->sctp) {
      for (const auto& [key, counts] : stats->sctp->channels) {
        if (key != channel.key) continue;
        entry.messagesSent = static_cast<std::uint32_t>(counts.messagesSent);
        entry.bytesSent = counts.bytesSent;
        entry.messagesReceived = static_cast<std::uint32_t>(counts.messagesReceived);
        entry.bytesReceived = counts.bytesReceived;
      }
    }
    writer.add("D" + std::to_string(static_cast<std::uint32_t>(channel.key)), std::move(entry));
  }

  addCertificate(writer, localCertificateId, input.localCertificate);
  if (!input.hasTransport) return writer.take();
  addCertificate(writer, remoteCertificateId, input.remoteCertificate);

  TransportStats transport;
  transport.dtlsState = input.dtlsState;
  transport.iceState = input.iceState;
  transport.localCertificateId = localCertificateId;
  if (!input.remoteCertificate.empty()) transport.remoteCertificateId = remoteCertificateId;
  if (stats) {
    transport.packetsSent = stats->packetsSent;
    transport.packetsReceived = stats->packetsReceived;
    transport.bytesSent = stats->bytesSent;
    transport.bytesReceived = stats->bytesReceived;
    transport.iceRole = stats->ice.role == ice::Role::Controlling ? IceRole::Controlling : IceRole::Controlled;
    transport.iceLocalUsernameFragment = unlessEmpty(stats->ice.localUfrag);
    transport.iceState = shown(stats->ice.state);
    if (!stats->ice.selectedPairId.empty()) transport.selectedCandidatePairId = pairId(stats->ice.selectedPairId);
    transport.selectedCandidatePairChanges = stats->ice.selectedCandidatePairChanges;
    transport.dtlsRole = !stats->dtlsRole ? "unknown" : *stats->dtlsRole == dtls::Role::Client ? "client" : "server";
    if (const auto& parameters = stats->dtlsParameters) {
      // webrtc-stats: "represented as four upper case hexadecimal digits".
      constexpr std::string_view digits = "0123456789ABCDEF";
      std::string version;
      for (int shift = 12; shift >= 0; shift -= 4) version.push_back(digits[(parameters->wireVersion >> shift) & 15]);
      transport.tlsVersion = version;
      transport.dtlsCipher = parameters->cipher;
      if (parameters->srtpProfile) transport.srtpCipher = cipherName(*parameters->srtpProfile);
    }
    addDrops(transport.drops, stats->ice.drops,
             [](ice::Drop reason) { return "ice." + std::string(toString(reason)); });
    addDrops(transport.drops, stats->dtls.drops, dtlsDropName);
    addDrops(transport.drops, stats->drops, peerDropName);
    if (stats->sctp)
      for (const auto& [reason, count] : stats->sctp->association.drops)
        transport.drops.emplace("sctp." + std::string(reason), count);
    addIce(writer, stats->ice, wallClockOffset);
  }
  writer.add(transportId, std::move(transport));
  return writer.take();
}

}  // namespace parley::pc
