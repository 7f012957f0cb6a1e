#include "pc/media_plane.hpp"

#include "rtp/extension/audio_level.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/extension/timing.hpp"
#include "rtp/extension/transport.hpp"
#include "rtp/extension/video.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <utility>

namespace parley::pc {
namespace {

rtp::ExtensionIds extensionIds(const std::vector<PlannedExtension>& extensions) {
  rtp::ExtensionIds ids;
  const std::pair<std::string_view, std::uint8_t*> known[] = {
      {rtp::extension::Mid::uri, &ids.mid},
      {rtp::extension::Rid::uri, &ids.rid},
      {rtp::extension::RepairedRid::uri, &ids.repairedRid},
      {rtp::extension::AudioLevel::uri, &ids.audioLevel},
      {rtp::extension::AbsSendTime::uri, &ids.absSendTime},
      {rtp::extension::TransmissionTimeOffset::uri, &ids.transmissionOffset},
      {rtp::extension::TransportSequenceNumber::uri, &ids.transportSequence},
      {rtp::extension::AbsCaptureTime::uri, &ids.absCaptureTime},
      {rtp::extension::VideoOrientation::uri, &ids.videoOrientation},
      {rtp::extension::DependencyDescriptorBytes::uri, &ids.dependencyDescriptor},
  };
  for (const PlannedExtension& extension : extensions)
    for (const auto& [uri, id] : known)
      if (extension.uri == uri) *id = extension.id;
  return ids;
}

std::string mimeType(MediaKind kind, const std::string& name) {
  return (kind == MediaKind::Audio ? "audio/" : "video/") + name;
}

bool wants(const PlannedCodec& codec, std::string_view type, std::string_view parameter) {
  return std::any_of(codec.feedback.begin(), codec.feedback.end(),
                     [&](const RtcpFeedback& each) { return each.type == type && each.parameter == parameter; });
}

bool wants(const std::vector<PlannedCodec>& codecs, const RtcpFeedback& feedback) {
  return std::any_of(codecs.begin(), codecs.end(),
                     [&](const PlannedCodec& each) { return wants(each, feedback.type, feedback.parameter); });
}

}  // namespace

MediaPlane::MediaPlane(Config config, base::PacketPool& pool, base::Random& random)
    : config_(config), pool_(pool), random_(random), scheduler_({}, random), ownSsrc_(random.u32()) {}

// --- The plan ---

void MediaPlane::apply(const MediaPlan& plan, Time now) {
  if (plan == plan_) return;
  plan_ = plan;
  generation_ = ++config_.numbers->lastPlan;
  for (auto it = sections_.begin(); it != sections_.end();) {
    const bool stays = std::any_of(plan.sections.begin(), plan.sections.end(),
                                   [&](const PlannedMedia& each) { return each.transceiver == it->first; });
    if (stays) {
      ++it;
      continue;
    }
    std::erase_if(routes_, [&](const auto& route) {
      if (route.second.section != &it->second) return false;
      sourceArrivals_.forget(route.first);
      return true;
    });
    bitrates_.erase(it->first);
    it = sections_.erase(it);
  }

  std::vector<rtp::Demultiplexer::Receiving> receiving;
  names_ = {};
  for (const PlannedMedia& media : plan.sections) {
    Section& section = sections_[media.transceiver];
    section.plan = media;
    section.sendIds = media.sending ? extensionIds(media.sending->extensions) : rtp::ExtensionIds{};
    section.receiveIds = media.receiving ? extensionIds(media.receiving->extensions) : rtp::ExtensionIds{};
    applySending(section, now);
    applyReceiving(section);
    if (!media.receiving) continue;
    if (section.receiveIds.mid) names_.mid = section.receiveIds.mid;
    if (section.receiveIds.rid) names_.rid = section.receiveIds.rid;
    if (section.receiveIds.repairedRid) names_.repairedRid = section.receiveIds.repairedRid;
    rtp::Demultiplexer::Receiving one;
    one.section = media.transceiver;
    one.mid = media.mid;
    for (const PlannedCodec& codec : media.receiving->codecs) one.payloadTypes.push_back(codec.payloadType);
    for (const PlannedSource& source : media.receiving->sources) {
      one.ssrcs.push_back(source.ssrc);
      if (source.rtxSsrc) one.ssrcs.push_back(*source.rtxSsrc);
    }
    receiving.push_back(std::move(one));
  }
  demultiplexer_.configure(receiving);
  updateWanted();
  if (started() && !sections_.empty()) scheduler_.start(now);
  pump(now);
}

void MediaPlane::applySending(Section& section, Time) {
  section.toldBySource = section.plan.sending && wants(section.plan.sending->codecs, sourceFeedback);
  const auto planned = section.plan.sending ? section.plan.sending->encodings : std::vector<PlannedEncoding>();
  std::vector<Sending> sending;
  for (const PlannedEncoding& encoding : planned) {
    auto config = sendConfig(section, encoding);
    // A stream goes on as long as its SSRCs are the same: its numbers must not begin again under the same keys.
    const auto known = std::find_if(section.sending.begin(), section.sending.end(), [&](const Sending& each) {
      return each.stream && each.stream->ssrc() == encoding.ssrc;
    });
    Sending one;
    one.rid = encoding.rid;
    one.active = encoding.active;
    if (known != section.sending.end()) {
      one.number = known->number;
      one.collided = known->collided;
      one.active &= !one.collided;  // The plan has not heard of it.
      one.stream = std::move(known->stream);
      one.stream->configure(std::move(config));
      if (!one.active) one.stream->idle();
    } else {
      one.number = ++config_.numbers->lastStream;
      one.stream = std::make_unique<rtp::SendStream>(std::move(config), pool_, random_);
    }
    sending.push_back(std::move(one));
  }
  // Put on hold: streams rest with their numbers until the section sends again.
  for (Sending& old : section.sending)
    if (old.stream && !old.collided) {
      old.active = false;
      old.stream->idle();
      sending.push_back(std::move(old));
    }
  section.sending = std::move(sending);
}

rtp::SendStream::Config MediaPlane::sendConfig(const Section& section, const PlannedEncoding& encoding) const {
  const PlannedSending& planned = *section.plan.sending;
  rtp::SendStream::Config config;
  config.kind = section.plan.kind;
  config.clock = config_.clock;
  config.ssrc = encoding.ssrc;
  config.rtxSsrc = encoding.rtxSsrc;
  config.mid = section.plan.mid;
  config.rid = encoding.rid;
  config.ids = section.sendIds;
  config.form = plan_.mixedExtensions ? rtp::ExtensionForm::Mixed : rtp::ExtensionForm::OneByte;
  // SRTP's longest tag is GCM's.
  config.maxPacketSize = config_.mtu - srtp::rtpOverhead(srtp::Profile::AeadAes128Gcm);
  for (const PlannedCodec& codec : planned.codecs) {
    if (codec.isRtx()) continue;
    rtp::SendStream::Codec one;
    one.mimeType = mimeType(section.plan.kind, codec.name);
    one.payloadType = codec.payloadType;
    one.clockRate = codec.clockRate == 0 ? 90000 : codec.clockRate;
    one.options.name = codec.name;
    one.options.parameters = codec.parameters;
    one.channels = codec.channels;
    one.nack = wants(codec, "nack", "");
    for (const PlannedCodec& rtx : planned.codecs)
      if (rtx.apt == codec.payloadType) one.rtxPayloadType = rtx.payloadType;
    config.codecs.push_back(std::move(one));
  }
  return config;
}

void MediaPlane::applyReceiving(Section& section) {
  // On hold: streams rest, as those that we send do.
  if (!section.plan.receiving) return flow(section, false);
  const auto& codecs = section.plan.receiving->codecs;
  section.feedsTransport = section.receiveIds.transportSequence != 0 && wants(codecs, transportFeedback);
  section.feedsSources = wants(codecs, sourceFeedback);
  for (auto& each : section.receiving)
    each->stream->configure(receiveConfig(section, each->stream->ssrc(), each->stream->config().rid));
}

rtp::ReceiveStream::Config MediaPlane::receiveConfig(const Section& section, std::uint32_t ssrc,
                                                     std::string rid) const {
  rtp::ReceiveStream::Config config;
  config.kind = section.plan.kind;
  config.ssrc = ssrc;
  config.ids = section.receiveIds;
  config.rid = std::move(rid);
  for (const PlannedCodec& codec : section.plan.receiving->codecs) {
    if (codec.isRtx()) {
      config.rtx.emplace_back(codec.payloadType, *codec.apt);
      continue;
    }
    config.nack |= wants(codec, "nack", "");
    rtp::ReceiveStream::Codec one;
    one.mimeType = mimeType(section.plan.kind, codec.name);
    one.payloadType = codec.payloadType;
    one.clockRate = codec.clockRate == 0 ? 90000 : codec.clockRate;
    one.options.name = codec.name;
    one.options.parameters = codec.parameters;
    one.channels = codec.channels;
    config.codecs.push_back(std::move(one));
  }
  return config;
}

// --- Keys ---

void MediaPlane::start(const dtls::SrtpKeys& keys, Time now) {
  const auto profile = static_cast<srtp::Profile>(keys.profile);  // The same numbers (RFC 5764 s.4.1.2).
  sender_.emplace(profile, keys.localKey, keys.localSalt);
  receiver_.emplace(profile, keys.remoteKey, keys.remoteSalt);
  if (!sections_.empty()) scheduler_.start(now);
  for (auto& datagram : std::exchange(early_, {})) handle(datagram, now);
  pump(now);
}

void MediaPlane::stop() {
  sender_.reset();
  receiver_.reset();
  scheduler_.stop();
  feedbackWanted_ = false;
  for (auto& [id, section] : sections_)
    for (Sending& sending : section.sending) sending.stream->idle();
}

// --- Sending ---

void MediaPlane::sendFrame(TransceiverId transceiver, const EncodedFrame& frame, Time now) {
  const auto found = sections_.find(transceiver);
  if (found == sections_.end() || !found->second.plan.sending) return drops_.add(MediaDrop::NotSending);
  if (!started()) return drops_.add(MediaDrop::NoKeys);
  Section& section = found->second;
  const auto sending = std::find_if(section.sending.begin(), section.sending.end(), [&](const Sending& each) {
    return each.rid == frame.rid || section.plan.sending->encodings.size() == 1;
  });
  if (sending == section.sending.end() || !sending->active) return drops_.add(MediaDrop::NotSending);
  switch (sending->stream->send(frame, now)) {
    case rtp::SendStream::Sent::Yes: break;
    case rtp::SendStream::Sent::UnknownCodec:
    case rtp::SendStream::Sent::BadFrame: return drops_.add(MediaDrop::BadFrame);
    case rtp::SendStream::Sent::CircuitOpen: return drops_.add(MediaDrop::CircuitOpen);
  }
  drain(*sending->stream, section, now);
  pump(now);
}

/// Out with what the stream has: stamped, remembered, encrypted.
void MediaPlane::drain(rtp::SendStream& stream, const Section& section, Time now) {
  using Kind = rtp::SendStream::Outgoing::Kind;
  while (auto outgoing = stream.poll()) {
    if (!sender_) continue;
    Packet& packet = outgoing->packet;
    if (outgoing->kind != Kind::Repetition) {
      rtp::PacketEditor editor(packet.bytes());
      const rtp::ExtensionIds& ids = section.sendIds;
      rtp::bandwidth::Estimator::Names names;
      if (ids.transportSequence &&
          editor.setExtension(ids.transportSequence, rtp::extension::TransportSequenceNumber{transportSequence_}))
        names.transportSequence = transportSequence_++;
      names.source = section.toldBySource;
      names.sequence = base::load16(packet.bytes().data() + 2);
      names.ssrc = base::load32(packet.bytes().data() + 8);
      if (names.source || names.transportSequence) estimator_.sent(names, packet.size(), now);
      if (ids.absSendTime) editor.setExtension(ids.absSendTime, rtp::extension::AbsSendTime::of(now));
    }
    stream.sent(packet, outgoing->kind, now);
    if (sender_->protectRtp(packet)) outbox_.packet(Transmit{std::move(packet)});
  }
}

void MediaPlane::transmitRtcp(Packet packet) {
  if (!sender_ || packet.empty() || !sender_->protectRtcp(packet)) return;
  scheduler_.sent(packet.size());
  outbox_.packet(Transmit{std::move(packet)});
}

/// What the encodings would take is probed for.
void MediaPlane::updateWanted() {
  double all = 0;
  for (const auto& [id, section] : sections_)
    if (section.plan.sending)
      for (const PlannedEncoding& each : section.plan.sending->encodings)
        if (each.active) all += each.maxBitrate.value_or(0);
  estimator_.want(all);
}

/// Packets that go again for the sake of the estimate: of any stream that has some.
void MediaPlane::probe(Time now) {
  while (estimator_.probeDeadline() <= now) {
    const Time due = estimator_.probeDeadline();
    for (auto& [id, section] : sections_) {
      if (!section.plan.sending || !section.isEstimated()) continue;
      for (Sending& each : section.sending)
        if (each.active && estimator_.probeDeadline() == due && each.stream->repeatForProbe())
          drain(*each.stream, section, now);
    }
    if (estimator_.probeDeadline() == due) return estimator_.abandonProbe();
  }
}

void MediaPlane::insertTones(TransceiverId transceiver, const std::string& tones, Duration duration, Duration gap,
                             Time now) {
  const auto found = sections_.find(transceiver);
  if (found == sections_.end() || !found->second.plan.sending) return drops_.add(MediaDrop::NotSending);
  Section& section = found->second;
  std::uint32_t rate = 0, audioRate = 0;
  for (const PlannedCodec& each : section.plan.sending->codecs) {
    const bool event = each.name == "telephone-event";
    if (!event && audioRate == 0) audioRate = each.clockRate;
    // RFC 4733 s.2.1 wants the clock of the audio that the tones are in.
    if (event && (rate == 0 || each.clockRate == audioRate)) rate = each.clockRate;
  }
  if (rate == 0) return drops_.add(MediaDrop::BadFrame);
  if (!section.tones || section.tones->clockRate() != rate) section.tones.emplace(rate);
  section.tones->play(tones, duration, gap, now);
  playTones(section, now);
  pump(now);
}

void MediaPlane::playTones(Section& section, Time now) {
  if (!section.tones) return;
  if (section.sending.empty() || !section.plan.sending) return section.tones.reset();
  rtp::SendStream& stream = *section.sending.front().stream;
  section.tones->advance(stream.mediaTimestampAt(now, section.tones->clockRate()), now);
  while (auto output = section.tones->poll()) {
    if (auto* frame = std::get_if<EncodedFrame>(&*output)) {
      if (!started() || stream.send(*frame, now) != rtp::SendStream::Sent::Yes) drops_.add(MediaDrop::BadFrame);
    } else {
      outbox_.event(TonePlayed{section.plan.transceiver, std::move(std::get<rtp::TonePlayer::Began>(*output).tone)});
    }
  }
  drain(stream, section, now);
}

void MediaPlane::requestKeyFrame(TransceiverId transceiver, const std::string& rid, Time now) {
  const auto found = sections_.find(transceiver);
  if (found == sections_.end()) return;
  for (auto& each : found->second.receiving)
    if (rid.empty() || each->stream->config().rid == rid) each->stream->requestKeyFrame(now);
  pump(now);
}

/// A peer that sends back what we send collides with each SSRC that we take: a loop, which ends by giving up.
bool MediaPlane::collides(std::uint32_t ssrc, Time now) {
  constexpr int most = 3;
  if (!isOwn(ssrc)) return false;
  drops_.add(MediaDrop::OwnSsrc);
  if (ssrc == ownSsrc_) ownSsrc_ = random_.u32();
  const auto [section, sending] = findSending(ssrc);
  if (!sending || sending->collided || section->collisions == most) return true;
  ++section->collisions;
  if (sender_ && sending->stream->hasSent()) {
    const std::uint32_t gone[] = {sending->stream->ssrc(), sending->stream->rtxSsrc().value_or(0)};
    sayBye(std::span(gone).first(sending->stream->rtxSsrc() ? 2 : 1));
  }
  sending->collided = true;
  sending->active = false;
  sending->stream->idle();
  outbox_.event(SourceCollided{section->plan.transceiver, ssrc});
  // The new stream is one that the peer knows nothing of.
  if (section->plan.kind == MediaKind::Video) wantKeyFrame(*section, *sending, now);
  return true;
}

bool MediaPlane::isOwn(std::uint32_t ssrc) const {
  if (ssrc == ownSsrc_) return true;
  for (const auto& [id, section] : sections_)
    for (const Sending& each : section.sending)
      if (each.stream->ssrc() == ssrc || each.stream->rtxSsrc() == ssrc) return true;
  return false;
}

// --- The machine ---

/// What the streams want of RTCP, and what the scheduler lets out.
void MediaPlane::pump(Time now) {
  if (!scheduler_.running()) return;
  for (;;) {
    feedbackWanted_ |= std::min(arrivals_.deadline(), sourceArrivals_.deadline()) <= now;
    if (!feedbackWanted_)
      for (auto& [id, section] : sections_) feedbackWanted_ |= feedbackDeadline(section) <= now;
    if (feedbackWanted_) scheduler_.wantFeedback(now);
    const auto send = scheduler_.poll();
    if (!send) return;
    feedbackWanted_ = false;
    report(send->regular, now);
  }
}

/// Nothing is asked for while the section is on hold.
Time MediaPlane::feedbackDeadline(const Section& section) const {
  Time next = never;
  if (section.plan.receiving)
    for (const auto& each : section.receiving) next = std::min(next, each->stream->feedbackDeadline());
  return next;
}

Time MediaPlane::deadline() const {
  Time next = scheduler_.deadline();
  const bool feedback = scheduler_.running() && !feedbackWanted_;
  if (feedback) next = std::min({next, arrivals_.deadline(), sourceArrivals_.deadline()});
  for (const auto& [id, section] : sections_) {
    for (const Sending& each : section.sending) next = std::min(next, each.stream->deadline());
    for (const auto& each : section.receiving) next = std::min(next, each->stream->deadline());
    if (feedback) next = std::min(next, feedbackDeadline(section));
    if (section.flows) next = std::min(next, flowsUntil(section));
    if (section.tones) next = std::min(next, section.tones->deadline());
  }
  if (started()) next = std::min(next, estimator_.probeDeadline());
  return next;
}

void MediaPlane::advance(Time now) {
  for (auto& [id, section] : sections_) {
    playTones(section, now);
    for (Sending& each : section.sending) each.stream->advance(now);
    for (auto& each : section.receiving) {
      each->stream->advance(now);
      collect(section, *each);
    }
  }
  if (started()) probe(now);
  timeOut(now);
  scheduler_.advance(now);
  pump(now);
}

MediaPlane::Stats MediaPlane::stats() const {
  Stats stats;
  for (const auto& [id, section] : sections_) {
    const auto* planned = section.plan.sending ? &section.plan.sending->encodings : nullptr;
    for (std::size_t i = 0; i < section.sending.size(); ++i) {
      const Sending& each = section.sending[i];
      // A layer that an answer left out is gone; one on hold is not.
      if (planned && i >= planned->size()) break;
      Stats::Outbound one;
      one.number = each.number;
      one.encoding = static_cast<std::uint32_t>(i);
      if (planned) one.scalabilityMode = (*planned)[i].scalabilityMode;
      one.transceiver = id;
      one.mid = section.plan.mid;
      one.rid = each.rid;
      one.kind = section.plan.kind;
      one.ssrc = each.stream->ssrc();
      one.rtxSsrc = each.stream->rtxSsrc();
      one.active = each.active;
      one.values = each.stream->stats();
      stats.outbound.push_back(std::move(one));
    }
    for (const auto& each : section.receiving) {
      Stats::Inbound one;
      one.number = each->number;
      one.transceiver = id;
      one.mid = section.plan.mid;
      one.rid = each->stream->config().rid;
      one.kind = section.plan.kind;
      one.ssrc = each->stream->ssrc();
      one.rtxSsrc = each->stream->rtxSsrc();
      one.cname = each->cname;
      one.values = each->stream->stats();
      stats.inbound.push_back(std::move(one));
    }
  }
  stats.roundTripTime = roundTrip_.smoothed();
  if (estimator_.isKnown()) stats.availableOutgoingBitrate = estimator_.bitrate();
  for (const auto& [id, section] : sections_)
    if (section.feedsSources || section.toldBySource) stats.sourceFeedback = sourceFeedback_;
  stats.drops = drops_;
  if (sender_) stats.sent = sender_->drops();
  if (receiver_) stats.received = receiver_->drops();
  return stats;
}

}  // namespace parley::pc
