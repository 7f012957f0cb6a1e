// What the peer sends us: from datagrams to streams, and the lives of those.

#include "pc/media_plane.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "rtp/extension/transport.hpp"

#include <algorithm>
#include <utility>

namespace parley::pc {
namespace {

/// RTP may overtake the end of the handshake, by a packet or two on any path.
constexpr std::size_t maxEarly = 16;

std::string_view text(const rtp::PacketView& packet, std::uint8_t id) {
  if (id == 0) return {};
  const auto value = packet.extension(id);
  return value ? base::asText(*value) : std::string_view();
}

}  // namespace

void MediaPlane::handle(base::MutableBytes datagram, Time now) {
  if (!receiver_) {
    if (early_.size() >= maxEarly) return drops_.add(MediaDrop::NoKeys);
    early_.emplace_back(datagram.begin(), datagram.end());
    return;
  }
  if (rtp::looksLikeRtcp(datagram))
    handleRtcp(datagram, now);
  else
    handleRtp(datagram, now);
  pump(now);
}

void MediaPlane::handleRtp(base::MutableBytes datagram, Time now) {
  const auto plain = receiver_->unprotectRtp(datagram);
  if (!plain) return;  // Counted there.
  const auto packet = rtp::PacketView::parse(*plain);
  if (!packet) return drops_.add(MediaDrop::Malformed);
  if (collides(packet->ssrc(), now)) return;
  Route* to = route(*packet, now);
  if (!to) return;
  Receiving& receiving = *to->receiving;
  const auto number =
      to->section->feedsTransport
          ? packet->extension<rtp::extension::TransportSequenceNumber>(to->section->receiveIds.transportSequence)
          : std::nullopt;
  if (number) {
    arrivals_.add(number->number, now);
    arrivalsSsrc_ = packet->ssrc();
  } else if (to->section->feedsSources) {
    sourceArrivals_.add(packet->ssrc(), packet->sequenceNumber(), now);
  }
  rtp::ReceiveStream& stream = *receiving.stream;
  stream.setRoundTrip(roundTrip());
  (to->repair ? receiving.rtxReportDue : receiving.reportDue) = true;
  auto taken = to->repair ? stream.handleRtx(*packet, *plain, now) : stream.handle(*packet, *plain, now);
  for (; taken; taken = stream.restore(now))
    if (!taps_.empty()) tap(*to->section, receiving, taken->packet, taken->newest, now);
  // An old packet once more is no sign that the source sends again.
  if (!to->repair && flowsUntil(*to->section) > now) flow(*to->section, true);
  collect(*to->section, receiving);
}

/// The stream of the packet, which is made if it is new. Null: dropped and counted.
MediaPlane::Route* MediaPlane::route(const rtp::PacketView& packet, Time now) {
  const std::uint32_t ssrc = packet.ssrc();
  const auto named =
      demultiplexer_.route(ssrc, packet.payloadType(), packet.sequenceNumber(), text(packet, names_.mid));
  const auto found = named ? sections_.find(*named) : sections_.end();
  if (found == sections_.end() || !found->second.plan.receiving) {
    drops_.add(MediaDrop::NoSection);
    return nullptr;
  }
  Section& section = found->second;
  const auto known = routes_.find(ssrc);
  if (known != routes_.end()) {
    if (known->second.section == &section) {
      // One that was announced may begin without it.
      if (!section.plan.receiving->rids.empty() && !known->second.repair &&
          known->second.receiving->stream->config().rid.empty())
        known->second.receiving->stream->setRid(ridOf(section, packet, names_.rid));
      return &known->second;
    }
    end(ssrc);  // A MID moved it (RFC 9143 s.9.2).
  }
  const auto& codecs = section.plan.receiving->codecs;
  const bool repair = std::any_of(codecs.begin(), codecs.end(), [&](const PlannedCodec& each) {
    return each.isRtx() && each.payloadType == packet.payloadType();
  });
  return repair ? newRepair(section, packet) : newStream(section, packet, now);
}

MediaPlane::Route* MediaPlane::newStream(Section& section, const rtp::PacketView& packet, Time now) {
  if (isStraggler(section, packet, now)) {
    drops_.add(MediaDrop::AfterBye);
    return nullptr;
  }
  const std::string rid = ridOf(section, packet, names_.rid);
  const auto& planned = *section.plan.receiving;
  const bool announced = std::any_of(planned.sources.begin(), planned.sources.end(),
                                     [&](const PlannedSource& each) { return each.ssrc == packet.ssrc(); });
  // RFC 8853 s.5.3: of simulcast, nothing can be done with a stream before its name is known.
  if (!planned.rids.empty() && !announced &&
      std::find(planned.rids.begin(), planned.rids.end(), rid) == planned.rids.end()) {
    drops_.add(MediaDrop::NoSection);
    return nullptr;
  }
  if (section.receiving.size() >= maxStreams) {
    // The one that was silent longest makes room, if it has been silent at all.
    const auto oldest = std::min_element(section.receiving.begin(), section.receiving.end(), [](auto& a, auto& b) {
      return a->stream->lastPacket() < b->stream->lastPacket();
    });
    end((*oldest)->stream->ssrc());
    drops_.add(MediaDrop::TooManyStreams);
  }
  auto receiving = std::make_unique<Receiving>();
  receiving->number = ++config_.numbers->lastStream;
  receiving->stream = std::make_unique<rtp::ReceiveStream>(receiveConfig(section, packet.ssrc(), rid), pool_);
  for (const PlannedSource& source : planned.sources)
    if (source.ssrc == packet.ssrc()) receiving->cname = source.cname;
  PARLEY_LOG(Debug, "media", "mid ", section.plan.mid, ": stream ", packet.ssrc(), " ", rid);
  Receiving* made = receiving.get();
  section.receiving.push_back(std::move(receiving));
  return &(routes_[packet.ssrc()] = Route{&section, made, false});
}

MediaPlane::Route* MediaPlane::newRepair(Section& section, const rtp::PacketView& packet) {
  Receiving* original = sourceFor(section, packet);
  if (!original) {
    drops_.add(MediaDrop::NoOriginal);
    return nullptr;
  }
  // Reports are of the first one; of others, the last one will do.
  std::erase_if(routes_, [&](const auto& each) {
    return each.second.repair && each.second.receiving == original && each.first != original->stream->rtxSsrc();
  });
  return &(routes_[packet.ssrc()] = Route{&section, original, true});
}

/// The RID of a stream, or that of what a repair stream repairs: as the packet says it (RFC 8852), or one before it.
/// That outlives a BYE: libwebrtc begins again with the same SSRCs when a layer is switched on again, and does not say
/// once more what was acknowledged by a report.
std::string MediaPlane::ridOf(Section& section, const rtp::PacketView& packet, std::uint8_t id) {
  if (const auto said = text(packet, id); !said.empty()) return sourceOf(section, packet.ssrc()).rid = said;
  const auto known = section.sources.find(packet.ssrc());
  return known == section.sources.end() ? std::string() : known->second.rid;
}

bool MediaPlane::isStraggler(Section& section, const rtp::PacketView& packet, Time now) {
  const auto known = section.sources.find(packet.ssrc());
  if (known == section.sources.end() || !known->second.bye) return false;
  const auto [highest, at] = *known->second.bye;
  if (now - at < stragglers && static_cast<std::int16_t>(packet.sequenceNumber() - highest) <= 0) return true;
  known->second.bye.reset();
  return false;
}

/// Those without a stream make room.
MediaPlane::Source& MediaPlane::sourceOf(Section& section, std::uint32_t ssrc) {
  if (section.sources.size() >= maxSources && !section.sources.contains(ssrc))
    std::erase_if(section.sources, [&](const auto& each) { return !routes_.contains(each.first); });
  return section.sources[ssrc];
}

/// What a repair stream repairs: by a=ssrc-group, by the repaired rid, or because there is no other (RFC 4588 s.5.3).
MediaPlane::Receiving* MediaPlane::sourceFor(Section& section, const rtp::PacketView& packet) {
  const auto pick = [&](auto predicate) -> Receiving* {
    for (auto& each : section.receiving)
      if (predicate(*each)) return each.get();
    return nullptr;
  };
  for (const PlannedSource& source : section.plan.receiving->sources)
    if (source.rtxSsrc == packet.ssrc())
      return pick([&](const Receiving& each) { return each.stream->ssrc() == source.ssrc; });
  if (const auto rid = ridOf(section, packet, names_.repairedRid); !rid.empty())
    return pick([&](const Receiving& each) { return each.stream->config().rid == rid; });
  Receiving* only = nullptr;
  for (auto& each : section.receiving) {
    if (each->stream->rtxSsrc()) continue;
    if (only) return nullptr;
    only = each.get();
  }
  return only;
}

void MediaPlane::collect(Section& section, Receiving& receiving) {
  while (auto frame = receiving.stream->poll())
    outbox_.event(FrameReceived{section.plan.transceiver, std::move(*frame)});
}

void MediaPlane::flow(Section& section, bool flows) {
  if (section.flows == flows) return;
  section.flows = flows;
  outbox_.event(MediaFlows{section.plan.transceiver, flows});
}

/// RFC 3550 s.6.6.
void MediaPlane::left(std::uint32_t ssrc, Time now) {
  const auto known = routes_.find(ssrc);
  if (known == routes_.end()) return;
  const auto [section, receiving, repair] = known->second;
  if (!repair) sourceOf(*section, ssrc).bye = {receiving->stream->highestSequence(), now};
  end(ssrc);
  demultiplexer_.end(ssrc);
}

/// The source has left, or its place is needed.
void MediaPlane::end(std::uint32_t ssrc) {
  const auto known = routes_.find(ssrc);
  if (known == routes_.end()) return;
  const Route route = known->second;
  if (route.repair) {
    sourceArrivals_.forget(ssrc);
    routes_.erase(known);
    return;
  }
  std::erase_if(routes_, [&](const auto& each) {
    if (each.second.receiving != route.receiving) return false;
    sourceArrivals_.forget(each.first);
    return true;
  });
  std::erase_if(route.section->receiving, [&](const auto& each) { return each.get() == route.receiving; });
  if (route.section->receiving.empty()) flow(*route.section, false);
}

Time MediaPlane::flowsUntil(const Section& section) const {
  Time last = Time::min();
  for (const auto& each : section.receiving) last = std::max(last, each->stream->lastPacket());
  return last == Time::min() ? last : last + silence;
}

void MediaPlane::timeOut(Time now) {
  for (auto& [id, section] : sections_)
    if (section.flows && flowsUntil(section) <= now) flow(section, false);
}

}  // namespace parley::pc
