#include "pc/forwarder.hpp"

#include "pc/media_codecs.hpp"
#include "rtp/extension/dependency_descriptor.hpp"

#include <algorithm>
#include <utility>

namespace parley::pc {

void ForwardLink::onKeyFrameWanted(Time now) {
  ++stats.keyFrameRequests;
  if (const auto from = forwarder.lock()) from->requestKeyFrame(*this, now);
}

// --- Commands ---

void Forwarder::add(std::shared_ptr<ForwardLink> link, Time now) {
  link->forwarder = weak_from_this();
  core_.onPeer(link->peer, [&](Peer& peer) { peer.setKeyFrameSource(link->transceiver, link); });
  links_.push_back(std::move(link));
  requestKeyFrame(*links_.back(), now);
}

void Forwarder::select(ForwardLink& link, std::string rid, Time now) {
  if (link.wanted == rid) return;
  link.wanted = std::move(rid);
  const Source* current = find(link.source);
  if (!current || (!link.wanted.empty() && current->rid != link.wanted)) {
    link.nextRequest = Time::min();
    core_.onPeer(peer_, [&](Peer& peer) { peer.requestKeyFrame(transceiver_, link.wanted, now); });
  }
}

void Forwarder::pause(ForwardLink& link, bool paused, Time now) {
  if (std::exchange(link.paused, paused) == paused) return;
  link.source.reset();
  link.stats.flowing = false;
  if (!paused) requestKeyFrame(link, now);
}

void Forwarder::requestKeyFrame(const ForwardLink& link, Time now) {
  if (kind_ != MediaKind::Video || link.paused) return;
  const Source* current = find(link.source);
  const std::string& rid = current ? current->rid : link.wanted;
  core_.onPeer(peer_, [&](Peer& peer) { peer.requestKeyFrame(transceiver_, rid, now); });
}

// --- Packets ---

void Forwarder::read(const ReceivedPacket& received) {
  if (generation_ == received.generation) return;
  generation_ = received.generation;
  codecs_.clear();
  dependencyDescriptor_ = 0;
  for (const PlannedCodec& codec : received.section.receiving->codecs)
    codecs_.push_back({rtp::payload::layerFormat(kind_ == MediaKind::Audio, codec.name),
                       codec.clockRate == 0 ? 90000 : codec.clockRate, codec.payloadType, mimeType(kind_, codec.name)});
  for (const PlannedExtension& extension : received.section.receiving->extensions)
    if (extension.uri == rtp::extension::DependencyDescriptorBytes::uri) dependencyDescriptor_ = extension.id;
}

Forwarder::Source& Forwarder::sourceOf(const ReceivedPacket& received, Time now) {
  const std::uint32_t ssrc = received.packet.ssrc();
  auto found = std::find_if(sources_.begin(), sources_.end(), [&](const Source& each) { return each.ssrc == ssrc; });
  if (found == sources_.end()) {
    if (sources_.size() >= maxSources)
      sources_.erase(std::min_element(sources_.begin(), sources_.end(),
                                      [](const Source& a, const Source& b) { return a.last < b.last; }));
    sources_.push_back({ssrc, {}, now});
    found = sources_.end() - 1;
  }
  if (found->rid.empty()) found->rid = received.stream.config().rid;
  found->last = now;
  return *found;
}

const Forwarder::Source* Forwarder::find(std::optional<std::uint32_t> ssrc) const {
  if (!ssrc) return nullptr;
  for (const Source& each : sources_)
    if (each.ssrc == *ssrc) return &each;
  return nullptr;
}

/// Whether the link would rather follow this one than what it follows.
bool Forwarder::takes(const ForwardLink& link, const Source& source, Time now) const {
  const Source* current = find(link.source);
  const bool stale = !current || now - current->last > silence;
  if (link.wanted.empty()) return stale;
  if (source.rid == link.wanted) return stale || current->rid != link.wanted;
  // Another one instead, while the one that is wanted does not come.
  return stale && std::none_of(sources_.begin(), sources_.end(), [&](const Source& each) {
           return each.rid == link.wanted && now - each.last <= silence;
         });
}

void Forwarder::onPacket(const ReceivedPacket& received, Time now) {
  read(received);
  const Source& source = sourceOf(received, now);
  const std::uint8_t payloadType = received.packet.payloadType();
  const auto codec =
      std::find_if(codecs_.begin(), codecs_.end(), [&](const Codec& each) { return each.payloadType == payloadType; });
  if (codec == codecs_.end()) return;
  auto fields = rtp::payload::readLayerFields(codec->format, received.packet.payload());
  const auto bytes = dependencyDescriptor_ ? received.packet.extension(dependencyDescriptor_) : std::nullopt;
  if (bytes) {
    const auto descriptor = descriptors_.read(*bytes);
    if (descriptor && !fields.temporalId) {
      fields.temporalId = descriptor->dependencies.temporalId;
      fields.startsFrame = descriptor->startOfFrame;
      if (descriptor->structure)
        for (std::size_t i = 0; i < descriptor->structure->targets; ++i)
          fields.switchingUp |=
              descriptor->structure->temporalIdOf(i) == *fields.temporalId &&
              descriptor->dependencies.indications[i] == rtp::extension::DecodeTargetIndication::Switch;
    }
  }
  for (const auto& link : links_) {
    if (link->paused) continue;
    ForwardedPacket packet{
        received, fields,   codec->clockRate, bytes ? dependencyDescriptor_ : std::uint8_t{0}, link->maxTemporalLayer,
        false,    link->map};
    give(*link, source, packet, *codec, now);
  }
  std::erase_if(links_, [](const auto& each) { return each->gone; });
}

void Forwarder::give(ForwardLink& link, const Source& source, ForwardedPacket& packet, const Codec& codec, Time now) {
  const ReceivedPacket& received = packet.received;
  if (link.source != source.ssrc) {
    if (!takes(link, source, now)) return;
    const bool video = kind_ == MediaKind::Video;
    // A key frame whose begin came late has been overtaken by its rest: the next one is better.
    if (received.packet.payload().empty() || (video && !(packet.fields.startsKeyFrame && received.newest))) {
      if (video && now >= link.nextRequest) {
        bool sends = false;
        core_.onPeer(link.peer, [&](Peer& peer) { sends = peer.sends(link.transceiver); });
        if (sends) received.stream.requestKeyFrame(now);
        link.nextRequest = now + requestInterval;
      }
      return;
    }
    packet.begins = true;
  }
  auto outcome = ForwardOutcome::Gone;
  core_.onPeer(link.peer,
               [&](Peer& peer) { outcome = peer.forward(link.transceiver, packet, link.peer != peer_, now); });
  switch (outcome) {
    case ForwardOutcome::Yes:
      ++link.stats.packets;
      link.stats.bytes += received.packet.payload().size();
      if (!packet.begins) return;
      link.source = source.ssrc;
      link.refused.reset();
      ++link.stats.switches;
      link.stats.flowing = true;
      link.stats.rid = source.rid;
      return link.events.sourceChanged(source.rid);
    case ForwardOutcome::LeftOut: ++link.stats.packetsLeftOut; return;
    case ForwardOutcome::UnknownCodec:
      if (std::exchange(link.refused, codec.payloadType) != codec.payloadType) link.events.unknownCodec(codec.mimeType);
      break;
    case ForwardOutcome::NotSending: ++link.stats.packetsDropped; break;
    case ForwardOutcome::Gone: link.gone = true; break;
    case ForwardOutcome::NotBegun: break;
  }
  link.source.reset();
  link.stats.flowing = false;
}

}  // namespace parley::pc
