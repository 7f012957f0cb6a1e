// Packets that come from, or go to, the media plane of another connection as they are.

#include "pc/media_codecs.hpp"
#include "pc/media_plane.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/extension/transport.hpp"
#include "rtp/extension/video_layers_allocation.hpp"

#include <algorithm>
#include <utility>

namespace parley::pc {

void ForwardMap::make(const PlannedMedia& from, const PlannedMedia& to, bool mixedExtensions) {
  payloadTypes.fill(unknown);
  extensionIds.fill(0);
  if (!from.receiving || !to.sending) return;
  for (const PlannedCodec& theirs : from.receiving->codecs) {
    if (theirs.isRtx()) continue;
    for (const PlannedCodec& ours : to.sending->codecs)
      if (!ours.isRtx() && matches(theirs, ours)) {
        payloadTypes[theirs.payloadType] = ours.payloadType;
        break;
      }
  }
  // What the sending stream writes itself, and what is said of streams that the receiver does not get.
  const std::string_view own[] = {rtp::extension::Mid::uri,
                                  rtp::extension::Rid::uri,
                                  rtp::extension::RepairedRid::uri,
                                  rtp::extension::AbsSendTime::uri,
                                  rtp::extension::TransportSequenceNumber::uri,
                                  rtp::extension::TransmissionTimeOffset::uri,
                                  rtp::extension::VideoLayersAllocation::uri};
  for (const PlannedExtension& theirs : from.receiving->extensions) {
    if (std::find(std::begin(own), std::end(own), theirs.uri) != std::end(own)) continue;
    // Its structure needs a long element, and without that the rest means nothing.
    if (theirs.uri == rtp::extension::DependencyDescriptorBytes::uri && !mixedExtensions) continue;
    for (const PlannedExtension& ours : to.sending->extensions)
      if (ours.uri == theirs.uri) extensionIds[theirs.id] = ours.id;
  }
}

// --- The origin ---

void MediaPlane::addTap(TransceiverId transceiver, std::shared_ptr<PacketTap> tap) {
  taps_.emplace_back(transceiver, std::move(tap));
}

void MediaPlane::removeTap(const PacketTap* tap) {
  std::erase_if(taps_, [&](const auto& each) { return each.second.get() == tap; });
}

void MediaPlane::tap(const Section& section, Receiving& receiving, const rtp::PacketView& packet, bool newest,
                     Time now) {
  std::optional<Time> captured;
  if (const auto& report = receiving.stream->senderReport()) {
    std::uint32_t clockRate = 0;
    for (const PlannedCodec& codec : section.plan.receiving->codecs)
      if (codec.payloadType == packet.payloadType()) clockRate = codec.clockRate;
    captured =
        senderClock_.captured(packet.timestamp(), report->rtpTimestamp, rtp::NtpTime{report->ntp}, clockRate, now);
  }
  const ReceivedPacket received{packet, *receiving.stream, section.plan, generation_, newest, captured};
  for (const auto& [transceiver, each] : taps_)
    if (transceiver == section.plan.transceiver) each->onPacket(received, now);
}

// --- The target ---

void MediaPlane::setKeyFrameSource(TransceiverId transceiver, std::weak_ptr<KeyFrameSource> source) {
  keyFrameSources_[transceiver] = std::move(source);
}

bool MediaPlane::sends(TransceiverId transceiver) const {
  const auto found = sections_.find(transceiver);
  return started() && found != sections_.end() && found->second.plan.sending && !found->second.sending.empty() &&
         found->second.sending.front().active;
}

ForwardOutcome MediaPlane::forward(TransceiverId transceiver, const ForwardedPacket& forwarded, Time now) {
  if (!sends(transceiver)) return ForwardOutcome::NotSending;
  Section& section = sections_.find(transceiver)->second;
  const auto& received = forwarded.received;
  ForwardMap& map = forwarded.map;
  if (map.origin != received.generation || map.target != generation_) {
    map.make(received.section, section.plan, plan_.mixedExtensions);
    map.origin = received.generation;
    map.target = generation_;
  }
  const std::uint8_t payloadType = map.payloadTypes[received.packet.payloadType()];
  if (payloadType == ForwardMap::unknown) return ForwardOutcome::UnknownCodec;
  rtp::SendStream& stream = *section.sending.front().stream;
  const auto passed =
      stream.forward({received.packet, forwarded.fields, payloadType, forwarded.clockRate, map.extensionIds,
                      forwarded.dependencyDescriptor, forwarded.maxTemporalLayer, forwarded.begins, received.captured},
                     now);
  switch (passed) {
    case rtp::SendStream::Passed::LeftOut:
    case rtp::SendStream::Passed::TooLarge: return ForwardOutcome::LeftOut;
    case rtp::SendStream::Passed::NotBegun: return ForwardOutcome::NotBegun;
    case rtp::SendStream::Passed::CircuitOpen: return ForwardOutcome::NotSending;
    case rtp::SendStream::Passed::Yes: break;
  }
  drain(stream, section, now);
  return ForwardOutcome::Yes;
}

}  // namespace parley::pc
