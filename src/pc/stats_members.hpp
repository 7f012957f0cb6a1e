#pragma once

#include <parley/stats.hpp>

#include <string_view>

/// \file
/// The one table of all members of all statistics objects: JSON is made of it, and who refers to whom.

namespace parley::pc {

// The member's name in JSON is its name here.
#define PARLEY_STATS_MEMBER(name) visit(std::string_view(#name), s.name)

/// Calls `visit(name, value)` for each member but id, timestamp and type.
template <class Visit>
void visitMembers(const PeerConnectionStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(dataChannelsOpened);
  PARLEY_STATS_MEMBER(dataChannelsClosed);
}

template <class Visit>
void visitMembers(const TransportStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(packetsSent);
  PARLEY_STATS_MEMBER(packetsReceived);
  PARLEY_STATS_MEMBER(bytesSent);
  PARLEY_STATS_MEMBER(bytesReceived);
  PARLEY_STATS_MEMBER(iceRole);
  PARLEY_STATS_MEMBER(iceLocalUsernameFragment);
  PARLEY_STATS_MEMBER(dtlsState);
  PARLEY_STATS_MEMBER(iceState);
  PARLEY_STATS_MEMBER(selectedCandidatePairId);
  PARLEY_STATS_MEMBER(localCertificateId);
  PARLEY_STATS_MEMBER(remoteCertificateId);
  PARLEY_STATS_MEMBER(tlsVersion);
  PARLEY_STATS_MEMBER(dtlsCipher);
  PARLEY_STATS_MEMBER(dtlsRole);
  PARLEY_STATS_MEMBER(srtpCipher);
  PARLEY_STATS_MEMBER(selectedCandidatePairChanges);
  PARLEY_STATS_MEMBER(ccfbMessagesSent);
  PARLEY_STATS_MEMBER(ccfbMessagesReceived);
  PARLEY_STATS_MEMBER(drops);
}

template <class Visit>
void visitMembers(const CodecStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(payloadType);
  PARLEY_STATS_MEMBER(transportId);
  PARLEY_STATS_MEMBER(mimeType);
  PARLEY_STATS_MEMBER(clockRate);
  PARLEY_STATS_MEMBER(channels);
  PARLEY_STATS_MEMBER(sdpFmtpLine);
}

template <class Visit>
void visitMembers(const RtpStreamStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(ssrc);
  PARLEY_STATS_MEMBER(kind);
  PARLEY_STATS_MEMBER(transportId);
  PARLEY_STATS_MEMBER(codecId);
}

template <class Visit>
void visitMembers(const ReceivedRtpStreamStats& s, Visit&& visit) {
  visitMembers(static_cast<const RtpStreamStats&>(s), visit);
  PARLEY_STATS_MEMBER(packetsReceived);
  PARLEY_STATS_MEMBER(packetsLost);
  PARLEY_STATS_MEMBER(jitter);
}

template <class Visit>
void visitMembers(const InboundRtpStreamStats& s, Visit&& visit) {
  visitMembers(static_cast<const ReceivedRtpStreamStats&>(s), visit);
  PARLEY_STATS_MEMBER(trackIdentifier);
  PARLEY_STATS_MEMBER(mid);
  PARLEY_STATS_MEMBER(remoteId);
  PARLEY_STATS_MEMBER(rid);
  PARLEY_STATS_MEMBER(lastPacketReceivedTimestamp);
  PARLEY_STATS_MEMBER(headerBytesReceived);
  PARLEY_STATS_MEMBER(packetsDiscarded);
  PARLEY_STATS_MEMBER(bytesReceived);
  PARLEY_STATS_MEMBER(nackCount);
  PARLEY_STATS_MEMBER(retransmittedPacketsReceived);
  PARLEY_STATS_MEMBER(retransmittedBytesReceived);
  PARLEY_STATS_MEMBER(fecPacketsReceived);
  PARLEY_STATS_MEMBER(fecBytesReceived);
  PARLEY_STATS_MEMBER(fecPacketsDiscarded);
  PARLEY_STATS_MEMBER(rtxSsrc);
  PARLEY_STATS_MEMBER(audioLevel);
  PARLEY_STATS_MEMBER(firCount);
  PARLEY_STATS_MEMBER(pliCount);
  PARLEY_STATS_MEMBER(framesReceived);
  PARLEY_STATS_MEMBER(framesDropped);
  PARLEY_STATS_MEMBER(frameWidth);
  PARLEY_STATS_MEMBER(frameHeight);
}

template <class Visit>
void visitMembers(const RemoteInboundRtpStreamStats& s, Visit&& visit) {
  visitMembers(static_cast<const ReceivedRtpStreamStats&>(s), visit);
  PARLEY_STATS_MEMBER(localId);
  PARLEY_STATS_MEMBER(roundTripTime);
  PARLEY_STATS_MEMBER(totalRoundTripTime);
  PARLEY_STATS_MEMBER(fractionLost);
  PARLEY_STATS_MEMBER(roundTripTimeMeasurements);
}

template <class Visit>
void visitMembers(const SentRtpStreamStats& s, Visit&& visit) {
  visitMembers(static_cast<const RtpStreamStats&>(s), visit);
  PARLEY_STATS_MEMBER(packetsSent);
  PARLEY_STATS_MEMBER(bytesSent);
}

template <class Visit>
void visitMembers(const OutboundRtpStreamStats& s, Visit&& visit) {
  visitMembers(static_cast<const SentRtpStreamStats&>(s), visit);
  PARLEY_STATS_MEMBER(mid);
  PARLEY_STATS_MEMBER(mediaSourceId);
  PARLEY_STATS_MEMBER(remoteId);
  PARLEY_STATS_MEMBER(rid);
  PARLEY_STATS_MEMBER(headerBytesSent);
  PARLEY_STATS_MEMBER(retransmittedPacketsSent);
  PARLEY_STATS_MEMBER(retransmittedBytesSent);
  PARLEY_STATS_MEMBER(rtxSsrc);
  PARLEY_STATS_MEMBER(nackCount);
  PARLEY_STATS_MEMBER(active);
  PARLEY_STATS_MEMBER(encodingIndex);
  PARLEY_STATS_MEMBER(frameWidth);
  PARLEY_STATS_MEMBER(frameHeight);
  PARLEY_STATS_MEMBER(framesPerSecond);
  PARLEY_STATS_MEMBER(framesSent);
  PARLEY_STATS_MEMBER(framesEncoded);
  PARLEY_STATS_MEMBER(keyFramesEncoded);
  PARLEY_STATS_MEMBER(firCount);
  PARLEY_STATS_MEMBER(pliCount);
  PARLEY_STATS_MEMBER(scalabilityMode);
}

template <class Visit>
void visitMembers(const RemoteOutboundRtpStreamStats& s, Visit&& visit) {
  visitMembers(static_cast<const SentRtpStreamStats&>(s), visit);
  PARLEY_STATS_MEMBER(localId);
  PARLEY_STATS_MEMBER(remoteTimestamp);
  PARLEY_STATS_MEMBER(reportsSent);
  PARLEY_STATS_MEMBER(roundTripTime);
  PARLEY_STATS_MEMBER(totalRoundTripTime);
  PARLEY_STATS_MEMBER(roundTripTimeMeasurements);
}

template <class Visit>
void visitMembers(const MediaSourceStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(trackIdentifier);
  PARLEY_STATS_MEMBER(kind);
  PARLEY_STATS_MEMBER(audioLevel);
  PARLEY_STATS_MEMBER(width);
  PARLEY_STATS_MEMBER(height);
  PARLEY_STATS_MEMBER(frames);
  PARLEY_STATS_MEMBER(framesPerSecond);
}

template <class Visit>
void visitMembers(const IceCandidateStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(transportId);
  PARLEY_STATS_MEMBER(address);
  PARLEY_STATS_MEMBER(port);
  PARLEY_STATS_MEMBER(protocol);
  PARLEY_STATS_MEMBER(candidateType);
  PARLEY_STATS_MEMBER(priority);
  PARLEY_STATS_MEMBER(relayProtocol);
  PARLEY_STATS_MEMBER(url);
  PARLEY_STATS_MEMBER(foundation);
  PARLEY_STATS_MEMBER(relatedAddress);
  PARLEY_STATS_MEMBER(relatedPort);
  PARLEY_STATS_MEMBER(usernameFragment);
  PARLEY_STATS_MEMBER(tcpType);
}

template <class Visit>
void visitMembers(const CandidatePairStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(transportId);
  PARLEY_STATS_MEMBER(localCandidateId);
  PARLEY_STATS_MEMBER(remoteCandidateId);
  PARLEY_STATS_MEMBER(state);
  PARLEY_STATS_MEMBER(nominated);
  PARLEY_STATS_MEMBER(packetsSent);
  PARLEY_STATS_MEMBER(packetsReceived);
  PARLEY_STATS_MEMBER(bytesSent);
  PARLEY_STATS_MEMBER(bytesReceived);
  PARLEY_STATS_MEMBER(lastPacketSentTimestamp);
  PARLEY_STATS_MEMBER(lastPacketReceivedTimestamp);
  PARLEY_STATS_MEMBER(totalRoundTripTime);
  PARLEY_STATS_MEMBER(currentRoundTripTime);
  PARLEY_STATS_MEMBER(availableOutgoingBitrate);
  PARLEY_STATS_MEMBER(requestsReceived);
  PARLEY_STATS_MEMBER(requestsSent);
  PARLEY_STATS_MEMBER(responsesReceived);
  PARLEY_STATS_MEMBER(responsesSent);
  PARLEY_STATS_MEMBER(consentRequestsSent);
  PARLEY_STATS_MEMBER(packetsDiscardedOnSend);
  PARLEY_STATS_MEMBER(bytesDiscardedOnSend);
}

template <class Visit>
void visitMembers(const DataChannelStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(label);
  PARLEY_STATS_MEMBER(protocol);
  PARLEY_STATS_MEMBER(dataChannelIdentifier);
  PARLEY_STATS_MEMBER(state);
  PARLEY_STATS_MEMBER(messagesSent);
  PARLEY_STATS_MEMBER(bytesSent);
  PARLEY_STATS_MEMBER(messagesReceived);
  PARLEY_STATS_MEMBER(bytesReceived);
}

template <class Visit>
void visitMembers(const CertificateStats& s, Visit&& visit) {
  PARLEY_STATS_MEMBER(fingerprint);
  PARLEY_STATS_MEMBER(fingerprintAlgorithm);
  PARLEY_STATS_MEMBER(base64Certificate);
  PARLEY_STATS_MEMBER(issuerCertificateId);
}

#undef PARLEY_STATS_MEMBER

}  // namespace parley::pc
