#include "pc/media_stats.hpp"

#include "rtp/ntp.hpp"

#include <algorithm>
#include <utility>

namespace parley::pc {

namespace {

std::string sourceId(std::uint32_t number) { return "S" + std::to_string(number); }
std::string streamId(std::uint32_t number) { return "RTP" + std::to_string(number); }
std::string remoteStreamId(std::uint32_t number) { return "RTCP" + std::to_string(number); }

std::uint32_t count32(std::uint64_t count) { return static_cast<std::uint32_t>(count); }

/// webrtc-stats, RTCCodecStats: one object for a payload type of a transport, or two if a=fmtp differs between the
/// directions; and the same id when the codec is used again. So the id is all that makes the codec what it is.
std::string addCodec(StatsWriter& writer, const rtp::CodecInUse& codec, const std::string& transportId) {
  std::string id = "C" + transportId + "_" + std::to_string(codec.payloadType) + "_" + codec.mimeType + "/" +
                   std::to_string(codec.clockRate) + "/" + std::to_string(codec.channels);
  if (!codec.parameters.empty()) id += "_" + codec.parameters;
  CodecStats stats;
  stats.payloadType = codec.payloadType;
  stats.transportId = transportId;
  stats.mimeType = codec.mimeType;
  stats.clockRate = codec.clockRate;
  if (codec.channels != 0) stats.channels = codec.channels;
  stats.sdpFmtpLine = StatsWriter::unlessEmpty(codec.parameters);
  writer.add(id, std::move(stats));
  return id;
}

/// What the two ends of one stream have in common.
template <class Stream>
RtpStreamStats commonOf(StatsWriter& writer, const Stream& stream, const std::string& transportId) {
  RtpStreamStats common;
  common.ssrc = stream.ssrc;
  common.kind = stream.kind;
  common.transportId = transportId;
  if (stream.values.codec) common.codecId = addCodec(writer, *stream.values.codec, transportId);
  return common;
}

void addRemoteInbound(StatsWriter& writer, const MediaPlane::Stats::Outbound& stream, const RtpStreamStats& common) {
  const auto& values = *stream.values.remote;
  RemoteInboundRtpStreamStats stats;
  static_cast<RtpStreamStats&>(stats) = common;
  stats.timestamp = writer.at(values.timestamp);
  stats.packetsReceived = values.packetsReceived;
  stats.packetsLost = values.packetsLost;
  stats.jitter = values.jitter;
  stats.localId = streamId(stream.number);
  stats.roundTripTime = StatsWriter::seconds(values.roundTripTime);
  stats.totalRoundTripTime = StatsWriter::seconds(values.totalRoundTripTime);
  stats.fractionLost = values.fractionLost;
  stats.roundTripTimeMeasurements = values.roundTripTimeMeasurements;
  writer.add(remoteStreamId(stream.number), std::move(stats));
}

void addOutbound(StatsWriter& writer, const MediaPlane::Stats::Outbound& stream, const TransceiverInput& transceiver,
                 const std::string& transportId) {
  const auto& values = stream.values;
  const RtpStreamStats common = commonOf(writer, stream, transportId);
  OutboundRtpStreamStats stats;
  static_cast<RtpStreamStats&>(stats) = common;
  stats.packetsSent = values.packetsSent;
  stats.bytesSent = values.bytesSent;
  stats.mid = transceiver.mid;
  if (transceiver.source) stats.mediaSourceId = sourceId(*transceiver.source);
  if (values.remote) {
    stats.remoteId = remoteStreamId(stream.number);
    addRemoteInbound(writer, stream, common);
  }
  stats.headerBytesSent = values.headerBytesSent;
  stats.retransmittedPacketsSent = values.retransmittedPacketsSent;
  stats.retransmittedBytesSent = values.retransmittedBytesSent;
  stats.rtxSsrc = stream.rtxSsrc;
  stats.nackCount = values.nackCount;
  stats.active = stream.active;
  if (stream.kind == MediaKind::Video) {
    stats.rid = StatsWriter::unlessEmpty(stream.rid);
    stats.encodingIndex = stream.encoding;
    if (values.frameWidth != 0) {
      stats.frameWidth = values.frameWidth;
      stats.frameHeight = values.frameHeight;
    }
    stats.framesPerSecond = values.frameRate.at(writer.now());
    stats.framesSent = count32(values.framesSent);
    stats.framesEncoded = count32(values.framesEncoded);
    stats.keyFramesEncoded = count32(values.keyFramesEncoded);
    stats.firCount = values.firCount;
    stats.pliCount = values.pliCount;
    stats.scalabilityMode = StatsWriter::unlessEmpty(stream.scalabilityMode);
  }
  writer.add(streamId(stream.number), std::move(stats));
}

void addRemoteOutbound(StatsWriter& writer, const MediaPlane::Stats::Inbound& stream, const RtpStreamStats& common) {
  const auto& values = *stream.values.remote;
  RemoteOutboundRtpStreamStats stats;
  static_cast<RtpStreamStats&>(stats) = common;
  stats.timestamp = writer.at(values.timestamp);
  stats.packetsSent = values.packetsSent;
  stats.bytesSent = values.bytesSent;
  stats.localId = streamId(stream.number);
  stats.remoteTimestamp = StatsWriter::milliseconds(rtp::unixFromNtp({values.remoteTimestamp}));
  stats.reportsSent = values.reportsSent;
  stats.roundTripTime = StatsWriter::seconds(values.roundTripTime);
  stats.totalRoundTripTime = StatsWriter::seconds(values.totalRoundTripTime);
  stats.roundTripTimeMeasurements = values.roundTripTimeMeasurements;
  writer.add(remoteStreamId(stream.number), std::move(stats));
}

void addInbound(StatsWriter& writer, const MediaPlane::Stats::Inbound& stream, const TransceiverInput& transceiver,
                const std::string& transportId) {
  const auto& values = stream.values;
  const RtpStreamStats common = commonOf(writer, stream, transportId);
  InboundRtpStreamStats stats;
  static_cast<RtpStreamStats&>(stats) = common;
  stats.packetsReceived = values.packetsReceived;
  stats.packetsLost = values.packetsLost;
  stats.jitter = values.jitter;
  stats.trackIdentifier = transceiver.remoteTrack;
  stats.mid = transceiver.mid;
  if (values.remote) {
    stats.remoteId = remoteStreamId(stream.number);
    addRemoteOutbound(writer, stream, common);
  }
  stats.rid = StatsWriter::unlessEmpty(stream.rid);
  stats.lastPacketReceivedTimestamp = writer.at(values.lastPacketReceived);
  stats.headerBytesReceived = values.headerBytesReceived;
  stats.packetsDiscarded = values.packetsDiscarded;
  stats.bytesReceived = values.bytesReceived;
  stats.nackCount = values.nackCount;
  if (values.rtx) {
    stats.retransmittedPacketsReceived = values.retransmittedPacketsReceived;
    stats.retransmittedBytesReceived = values.retransmittedBytesReceived;
    stats.rtxSsrc = stream.rtxSsrc;
  }
  if (stream.kind == MediaKind::Audio) {
    const auto level = transceiver.audioLevels.find(stream.ssrc);
    if (level != transceiver.audioLevels.end()) stats.audioLevel = level->second;
  } else {
    if (values.fec) {
      stats.fecPacketsReceived = values.fecPacketsReceived;
      stats.fecBytesReceived = values.fecBytesReceived;
      stats.fecPacketsDiscarded = values.fecPacketsDiscarded;
    }
    stats.firCount = values.firCount;
    stats.pliCount = values.pliCount;
    stats.framesReceived = count32(values.framesReceived);
    stats.framesDropped = count32(values.framesDropped);
    if (values.frameWidth != 0) {
      stats.frameWidth = values.frameWidth;
      stats.frameHeight = values.frameHeight;
    }
  }
  writer.add(streamId(stream.number), std::move(stats));
}

}  // namespace

void addMediaSource(StatsWriter& writer, const MediaSource& source, Time now) {
  writer.add(sourceId(source.number()), source.stats(now));
}

void addStreams(StatsWriter& writer, const MediaPlane::Stats& media, const std::vector<TransceiverInput>& transceivers,
                const std::string& transportId) {
  const auto ofTransceiver = [&](TransceiverId id) {
    return std::find_if(transceivers.begin(), transceivers.end(), [&](const auto& each) { return each.id == id; });
  };
  for (const auto& stream : media.outbound)
    if (const auto found = ofTransceiver(stream.transceiver); found != transceivers.end())
      addOutbound(writer, stream, *found, transportId);
  for (const auto& stream : media.inbound)
    if (const auto found = ofTransceiver(stream.transceiver); found != transceivers.end())
      addInbound(writer, stream, *found, transportId);
}

std::vector<std::string> selectedStreams(const MediaPlane::Stats& media, const StatsSelector& selector) {
  std::vector<std::string> ids;
  const auto take = [&](const auto& streams) {
    for (const auto& stream : streams)
      if (stream.transceiver == selector.transceiver) ids.push_back(streamId(stream.number));
  };
  if (selector.sender)
    take(media.outbound);
  else
    take(media.inbound);
  return ids;
}

}  // namespace parley::pc
