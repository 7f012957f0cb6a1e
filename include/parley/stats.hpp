#pragma once

#include <parley/enums.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// \file
/// The W3C's "Identifiers for WebRTC's Statistics API", as far as there is something to say; docs/api.md tells what is
/// left out. A member without value is absent. Times are in seconds, timestamps in milliseconds since 1970, sizes in bytes.
/// What ends in "Id" is the id of another object of the same report.

namespace parley {

/// RTCStats.
struct BasicStats {
  std::string id;
  double timestamp = 0;
};

/// "peer-connection".
struct PeerConnectionStats : BasicStats {
  std::uint32_t dataChannelsOpened = 0;
  std::uint32_t dataChannelsClosed = 0;
};

/// "transport".
struct TransportStats : BasicStats {
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::optional<IceRole> iceRole;
  std::optional<std::string> iceLocalUsernameFragment;
  DtlsTransportState dtlsState = DtlsTransportState::New;
  std::optional<IceTransportState> iceState;
  std::optional<std::string> selectedCandidatePairId;
  std::optional<std::string> localCertificateId;
  std::optional<std::string> remoteCertificateId;
  std::optional<std::string> tlsVersion;
  std::optional<std::string> dtlsCipher;
  std::optional<std::string> dtlsRole;  ///< "client", "server" or "unknown".
  std::optional<std::string> srtpCipher;
  std::uint32_t selectedCandidatePairChanges = 0;
  /// Reports of RFC 8888, where that was negotiated.
  std::optional<std::uint64_t> ccfbMessagesSent;
  std::optional<std::uint64_t> ccfbMessagesReceived;
  /// Not of the W3C: what was dropped, by layer and reason ("ice.bad-integrity"); only those that occurred.
  std::map<std::string, std::uint64_t> drops;
};

/// "codec": one that an RTP stream of the report uses.
struct CodecStats : BasicStats {
  std::uint8_t payloadType = 0;
  std::string transportId;
  std::string mimeType;
  std::uint32_t clockRate = 0;
  std::optional<std::uint32_t> channels;
  std::optional<std::string> sdpFmtpLine;
};

/// RTCRtpStreamStats.
struct RtpStreamStats : BasicStats {
  std::uint32_t ssrc = 0;
  MediaKind kind = MediaKind::Audio;
  std::string transportId;
  std::optional<std::string> codecId;  ///< None before the first packet.
};

/// RTCReceivedRtpStreamStats.
struct ReceivedRtpStreamStats : RtpStreamStats {
  std::uint64_t packetsReceived = 0;
  std::int64_t packetsLost = 0;
  double jitter = 0;
};

/// "inbound-rtp": from the first packet of an SSRC on, with what repairs it.
struct InboundRtpStreamStats : ReceivedRtpStreamStats {
  std::string trackIdentifier;
  std::optional<std::string> mid;
  std::optional<std::string> remoteId;
  std::optional<std::string> rid;  ///< Not of the W3C, whose browsers receive no simulcast.
  std::optional<double> lastPacketReceivedTimestamp;
  std::uint64_t headerBytesReceived = 0;
  std::uint64_t packetsDiscarded = 0;
  std::uint64_t bytesReceived = 0;
  std::uint32_t nackCount = 0;
  std::optional<std::uint64_t> retransmittedPacketsReceived, retransmittedBytesReceived;
  std::optional<std::uint32_t> rtxSsrc;
  /// Of audio, as the peer says in a header extension.
  std::optional<double> audioLevel;
  // Of video.
  /// Of those in `packetsReceived` (RFC 5109). What could not be used is discarded.
  std::optional<std::uint64_t> fecPacketsReceived, fecBytesReceived, fecPacketsDiscarded;
  std::optional<std::uint32_t> firCount, pliCount;
  std::optional<std::uint32_t> framesReceived, framesDropped;
  std::optional<std::uint32_t> frameWidth, frameHeight;
};

/// "remote-inbound-rtp": what the peer has reported of a stream of ours, at `timestamp`.
struct RemoteInboundRtpStreamStats : ReceivedRtpStreamStats {
  std::string localId;
  std::optional<double> roundTripTime;
  double totalRoundTripTime = 0;
  double fractionLost = 0;
  std::uint64_t roundTripTimeMeasurements = 0;
};

/// RTCSentRtpStreamStats.
struct SentRtpStreamStats : RtpStreamStats {
  std::uint64_t packetsSent = 0;
  std::uint64_t bytesSent = 0;
};

/// "outbound-rtp": of each encoding, from the first answer on.
struct OutboundRtpStreamStats : SentRtpStreamStats {
  std::optional<std::string> mid;
  std::optional<std::string> mediaSourceId;
  std::optional<std::string> remoteId;
  std::optional<std::string> rid;
  std::uint64_t headerBytesSent = 0;
  std::uint64_t retransmittedPacketsSent = 0;
  std::uint64_t retransmittedBytesSent = 0;
  std::optional<std::uint32_t> rtxSsrc;
  std::uint32_t nackCount = 0;
  bool active = false;
  // Of video. What the application hands over counts as encoded.
  std::optional<std::uint32_t> encodingIndex;
  std::optional<std::uint32_t> frameWidth, frameHeight;
  std::optional<double> framesPerSecond;
  std::optional<std::uint32_t> framesSent;
  std::optional<std::uint32_t> framesEncoded, keyFramesEncoded;
  std::optional<std::uint32_t> firCount, pliCount;
  std::optional<std::string> scalabilityMode;
};

/// "remote-outbound-rtp": what the peer has reported of a stream of its own, at `timestamp`.
struct RemoteOutboundRtpStreamStats : SentRtpStreamStats {
  std::string localId;
  double remoteTimestamp = 0;  ///< By the peer's clock.
  std::uint64_t reportsSent = 0;
  /// We only measure it here while we send nothing: else "remote-inbound-rtp" has it.
  std::optional<double> roundTripTime;
  double totalRoundTripTime = 0;
  std::uint64_t roundTripTimeMeasurements = 0;
};

/// "media-source": a track that senders have. One object for both kinds: RTCAudioSourceStats and RTCVideoSourceStats.
struct MediaSourceStats : BasicStats {
  std::string trackIdentifier;
  MediaKind kind = MediaKind::Audio;
  /// Of audio, as the frames say.
  std::optional<double> audioLevel;
  // Of video; of the largest layer if the track has several.
  std::optional<std::uint32_t> width, height;
  std::optional<std::uint32_t> frames;
  std::optional<double> framesPerSecond;
};

/// "local-candidate" and "remote-candidate".
struct IceCandidateStats : BasicStats {
  bool remote = false;
  std::string transportId;
  std::optional<std::string> address;
  std::optional<std::int32_t> port;
  std::optional<std::string> protocol;
  std::string candidateType;
  std::optional<std::int64_t> priority;
  /// How we reach the TURN server: of local relayed candidates.
  std::optional<IceServerTransportProtocol> relayProtocol;
  std::optional<std::string> url;
  std::optional<std::string> foundation;
  std::optional<std::string> relatedAddress;
  std::optional<std::int32_t> relatedPort;
  std::optional<std::string> usernameFragment;
  std::optional<std::string> tcpType;
};

/// "candidate-pair".
struct CandidatePairStats : BasicStats {
  std::string transportId;
  std::string localCandidateId;
  std::string remoteCandidateId;
  std::string state;  ///< "frozen", "waiting", "in-progress", "succeeded", "failed".
  bool nominated = false;
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t bytesReceived = 0;
  std::optional<double> lastPacketSentTimestamp;
  std::optional<double> lastPacketReceivedTimestamp;
  double totalRoundTripTime = 0;
  std::optional<double> currentRoundTripTime;
  /// Bits a second, of the selected pair: by the peer's transport-wide feedback.
  std::optional<double> availableOutgoingBitrate;
  std::uint64_t requestsReceived = 0;
  std::uint64_t requestsSent = 0;
  std::uint64_t responsesReceived = 0;
  std::uint64_t responsesSent = 0;
  std::uint64_t consentRequestsSent = 0;
  std::uint64_t packetsDiscardedOnSend = 0;
  std::uint64_t bytesDiscardedOnSend = 0;
};

/// "data-channel".
struct DataChannelStats : BasicStats {
  std::string label;
  std::string protocol;
  std::optional<std::uint16_t> dataChannelIdentifier;
  DataChannelState state = DataChannelState::Connecting;
  std::uint32_t messagesSent = 0;
  std::uint64_t bytesSent = 0;
  std::uint32_t messagesReceived = 0;
  std::uint64_t bytesReceived = 0;
};

/// "certificate".
struct CertificateStats : BasicStats {
  std::string fingerprint;
  std::string fingerprintAlgorithm;
  std::string base64Certificate;
  std::optional<std::string> issuerCertificateId;
};

using Stats = std::variant<PeerConnectionStats, TransportStats, CodecStats, InboundRtpStreamStats,
                           RemoteInboundRtpStreamStats, OutboundRtpStreamStats, RemoteOutboundRtpStreamStats,
                           MediaSourceStats, IceCandidateStats, CandidatePairStats, DataChannelStats, CertificateStats>;

PARLEY_API const std::string& id(const Stats& stats);
PARLEY_API double timestamp(const Stats& stats);
/// RTCStatsType: "candidate-pair" and so on.
PARLEY_API std::string_view type(const Stats& stats);

/// RTCStatsReport: a map from ids to objects that refer to each other by them.
class PARLEY_API StatsReport {
 public:
  using Map = std::map<std::string, Stats, std::less<>>;

  StatsReport() = default;
  explicit StatsReport(Map entries) : entries_(std::move(entries)) {}

  Map::const_iterator begin() const { return entries_.begin(); }
  Map::const_iterator end() const { return entries_.end(); }
  std::size_t size() const { return entries_.size(); }
  bool has(std::string_view key) const { return entries_.find(key) != entries_.end(); }
  /// Null if there is no such object.
  const Stats* get(std::string_view key) const;

  /// All of one kind: `report.all<CandidatePairStats>()`. The pointers live as long as the report.
  template <class Kind>
  std::vector<const Kind*> all() const {
    std::vector<const Kind*> found;
    for (const auto& [key, stats] : entries_)
      if (auto* kind = std::get_if<Kind>(&stats)) found.push_back(kind);
    return found;
  }
  /// The first of one kind, or null.
  template <class Kind>
  const Kind* first() const {
    auto found = all<Kind>();
    return found.empty() ? nullptr : found.front();
  }

  /// One JSON object: ids to the objects with the W3C's member names.
  std::string toJson() const;

 private:
  Map entries_;
};

}  // namespace parley
