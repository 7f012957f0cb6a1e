#include "rtp/send_stream.hpp"

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "rtp/extension/audio_level.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/extension/transport.hpp"
#include "rtp/extension/video.hpp"
#include "rtp/fec/red.hpp"
#include "rtp/payload/red.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace parley::rtp {
namespace {

/// The mandatory part of a dependency descriptor (av1-rtp-spec A.8.1): flags, template and frame number.
constexpr std::size_t mandatoryDescriptor = 3;
/// Its template_dependency_structure_present_flag, the first behind that part (A.8.2).
bool hasStructure(base::Bytes descriptor) {
  return descriptor.size() > mandatoryDescriptor && (descriptor[mandatoryDescriptor] & 0x80) != 0;
}
/// What fits a one-byte header element (RFC 8285 s.4.2).
constexpr std::size_t shortElement = 16;

std::uint32_t toUnits(Duration duration, std::uint32_t clockRate) {
  // Seconds apart from the rest: nanoseconds times 90000 are too many after a day.
  const auto seconds = duration.count() / 1'000'000'000, rest = duration.count() % 1'000'000'000;
  return static_cast<std::uint32_t>(seconds * clockRate + rest * clockRate / 1'000'000'000);
}

}  // namespace

SendStream::SendStream(Config config, base::PacketPool& pool, base::Random& random)
    : pool_(pool),
      random_(random),
      // Half of the range: a stream should not wrap within its first packets, where the receiver may not know of SRTP's
      // rollover yet (RFC 3711 s.3.3.1).
      nextSequence_(static_cast<std::uint16_t>(random.u32() & 0x7fff)),
      nextRtxSequence_(static_cast<std::uint16_t>(random.u32() & 0x7fff)),
      firstSequence_(nextSequence_),
      timestampOffset_(random.u32()) {
  configure(std::move(config));
}

void SendStream::configure(Config config) {
  std::vector<Active> codecs;
  for (const Codec& codec : config.codecs) {
    const auto known = std::find_if(codecs_.begin(), codecs_.end(), [&](const Active& each) {
      return each.packetizer && each.codec.payloadType == codec.payloadType && each.codec.mimeType == codec.mimeType &&
             each.codec.options.parameters == codec.options.parameters;
    });
    if (known != codecs_.end()) {
      codecs.push_back({codec, std::move(known->packetizer)});
      continue;
    }
    auto options = codec.options;
    options.firstPictureId = static_cast<std::uint16_t>(random_.u32() & 0x7fff);
    codecs.push_back({codec, payload::makePacketizer(options)});
  }
  codecs_ = std::move(codecs);
  if (config.mid != config_.mid) known_ = rtxKnown_ = false;
  config_ = std::move(config);
  fec_ = fecOf(config_);
}

/// FEC has numbers of the stream, so that it has to be repaired like media: if that is by RTX, then RED must have one.
std::optional<SendStream::Fec> SendStream::fecOf(const Config& config) {
  const auto named = [&](const char* name) {
    return std::find_if(config.codecs.begin(), config.codecs.end(),
                        [&](const Codec& each) { return base::equalsIgnoringCase(each.options.name, name); });
  };
  const auto red = named("red"), ulpfec = named("ulpfec");
  if (config.kind != MediaKind::Video || red == config.codecs.end() || ulpfec == config.codecs.end())
    return std::nullopt;
  if (config.rtxSsrc && !red->rtxPayloadType) return std::nullopt;
  return Fec{red->payloadType, ulpfec->payloadType};
}

SendStream::Active* SendStream::find(const std::string& mimeType) {
  const auto isRed = [](const Active& each) { return base::equalsIgnoringCase(each.codec.options.name, "red"); };
  const auto codec = std::find_if(codecs_.begin(), codecs_.end(), [&](const Active& each) {
    if (!each.packetizer) return false;
    return mimeType.empty() ? !isRed(each) : base::equalsIgnoringCase(each.codec.mimeType, mimeType);
  });
  if (codec == codecs_.end()) return nullptr;
  // RFC 2198: red that is preferred to the codec that it carries. The peer, or the application, wants it to be used.
  const auto red = std::find_if(codecs_.begin(), codec, [&](const Active& each) {
    const auto carried =
        each.packetizer && isRed(each) ? payload::readRedParameters(each.codec.options.parameters) : std::nullopt;
    return carried && carried->front() == codec->codec.payloadType;
  });
  return &*red;
}

/// The frame's own timestamp, or its capture time if it has none, from a random start (RFC 3550 s.5.1). Time counts
/// from the first frame, so that both agree on where zero is.
std::uint32_t SendStream::timestampOf(const EncodedFrame& frame, std::uint32_t clockRate, Time now) {
  const Time capture = frame.captureTime.value_or(now);
  if (!firstCapture_) firstCapture_ = capture;
  if (frame.rtpTimestamp != 0 || !frame.captureTime) return timestampOffset_ + frame.rtpTimestamp;
  return timestampOffset_ + toUnits(capture - *firstCapture_, clockRate);
}

SendStream::Sent SendStream::send(const EncodedFrame& frame, Time now) {
  ++stats_.framesEncoded;
  if (frame.type == EncodedFrameType::Key) ++stats_.keyFramesEncoded;
  stats_.frameRate.count(now);
  continuation_.reset();
  Active* active = find(frame.mimeType);
  if (!active) {
    ++stats_.framesDropped;
    return Sent::UnknownCodec;
  }
  if (!breaker_.allows(now)) {
    ++stats_.framesDropped;
    return Sent::CircuitOpen;
  }
  HeaderFields fields;
  fields.payloadType = active->codec.payloadType;
  fields.ssrc = config_.ssrc;
  fields.timestamp = timestampOf(frame, active->codec.clockRate, now);

  auto captured = captureTimeOf(frame);
  if (captured && !captures_.tell(*captured, fields.timestamp, active->codec.clockRate, now)) captured.reset();

  // What the headers take depends on where in the frame the packet is.
  const std::size_t middle = header(frame, fields, std::nullopt, false, false).size();
  const std::size_t first = header(frame, fields, captured, true, false).size();
  const std::size_t last = header(frame, fields, std::nullopt, false, true).size();
  const std::size_t rtx = active->codec.rtxPayloadType && config_.rtxSsrc ? 2 : 0;  // The original number.
  const bool isProtected = fec_ && protection_.on();
  // The longest packet, without its fixed header, is in one of FEC, behind a header like its own and that of FEC.
  const std::size_t fec = isProtected ? middle - fixedHeaderSize + 1 + fec::longHeaderSize : 0;
  payload::PayloadLimits limits;
  limits.maximum = config_.maxPacketSize - std::min(middle + rtx + fec, config_.maxPacketSize);
  limits.firstReduction = first - std::min(first, middle);
  limits.lastReduction = last - std::min(last, middle);
  const auto count = active->packetizer->start(frame, limits);
  if (!count) {
    ++stats_.framesDropped;
    return Sent::BadFrame;
  }

  for (std::size_t i = 0; i < *count; ++i) {
    fields.sequenceNumber = nextSequence_++;
    Packet packet = header(frame, fields, i == 0 ? captured : std::nullopt, i == 0, i + 1 == *count).take();
    const bool marker = active->packetizer->next(packet);
    PacketEditor(packet.bytes()).setMarker(marker);
    if (isProtected) {
      protection_.add(packet.bytes());
      fec::wrapInRed(packet, fec_->red);
    }
    outbox_.packet({std::move(packet), Outgoing::Kind::Media});
    if (!isProtected) continue;
    for (const auto& payload : protection_.take(i + 1 == *count))
      outbox_.packet({fecPacket(fields, payload), Outgoing::Kind::Media});
  }
  // Reports of an event all have the timestamp of its begin (RFC 4733 s.2.1): they do not tell what time it is.
  if (!base::equalsIgnoringCase(active->codec.options.name, "telephone-event")) {
    lastTimestamp_ = fields.timestamp;
    lastClockRate_ = active->codec.clockRate;
    lastCapture_ = frame.captureTime.value_or(now);
  }
  ++stats_.framesSent;
  if (frame.width != 0) {
    stats_.frameWidth = frame.width;
    stats_.frameHeight = frame.height;
  }
  lastPayloadType_ = active->codec.payloadType;
  return Sent::Yes;
}

/// RFC 5109 s.7.2, s.14.2: the next number of the stream, and the timestamp of what it was made for.
Packet SendStream::fecPacket(HeaderFields fields, base::Bytes payload) {
  fields.payloadType = fec_->red;
  fields.sequenceNumber = nextSequence_++;
  PacketBuilder builder(pool_, fields, config_.form);
  addNames(builder, false);
  builder.add(config_.ids.absSendTime, extension::AbsSendTime{});
  builder.add(config_.ids.transportSequence, extension::TransportSequenceNumber{});
  Packet packet = builder.take();
  packet.append(1)[0] = fec_->ulpfec;
  packet.append(payload);
  return packet;
}

SendStream::Passed SendStream::forward(const Forwarded& forwarded, Time now) {
  const PacketView& packet = forwarded.packet;
  if (forwarded.begins) {
    if (!continuation_)
      continuation_.emplace(nextSequence_, hasSent() ? timestampAt(now) + 1 : timestampOffset_ + packet.timestamp());
    continuation_->begin(packet.ssrc());
  }
  if (!continuation_ || !continuation_->follows(packet.ssrc())) return Passed::NotBegun;
  if (!breaker_.allows(now)) return Passed::CircuitOpen;
  // Names, times and the number of a repair take less than 64 octets.
  if (packet.bytes().size() + 64 > base::packetCapacity) return Passed::TooLarge;

  const base::Bytes payload = packet.payload();
  const auto descriptor = forwarded.dependencyDescriptor
                              ? packet.extension<extension::DependencyDescriptorBytes>(forwarded.dependencyDescriptor)
                              : std::nullopt;
  const Time at = forwarded.captured.value_or(now);
  const auto numbers =
      continuation_->next({packet, forwarded.fields, forwarded.clockRate, at, forwarded.maxTemporalLayer,
                           descriptor ? std::optional(descriptor->frameNumber()) : std::nullopt});
  if (!numbers) return Passed::LeftOut;

  HeaderFields fields;
  fields.payloadType = forwarded.payloadType;
  fields.sequenceNumber = numbers->sequenceNumber;
  fields.timestamp = numbers->timestamp;
  fields.ssrc = config_.ssrc;
  fields.marker = packet.marker();
  PacketBuilder builder(pool_, fields, config_.form);
  std::array<std::uint32_t, maximumCsrcs> csrcs;
  for (std::size_t i = 0; i < packet.csrcCount(); ++i) csrcs[i] = packet.csrc(i);
  builder.setCsrcs({csrcs.data(), packet.csrcCount()});
  addForwarded(builder, forwarded, numbers->frameNumber);
  Packet copy = builder.take();
  if (copy.tailroom() < payload.size()) return Passed::TooLarge;
  const std::size_t headers = copy.size();
  copy.append(payload);
  const auto written = copy.bytes().subspan(headers);
  if (numbers->pictureId) forwarded.fields.setPictureId(written, *numbers->pictureId);
  if (numbers->tl0PicIdx) written[forwarded.fields.tl0PicIdxAt] = *numbers->tl0PicIdx;
  outbox_.packet({std::move(copy), Outgoing::Kind::Media});

  if (!isNewer(nextSequence_, fields.sequenceNumber)) {
    nextSequence_ = static_cast<std::uint16_t>(fields.sequenceNumber + 1);
    lastTimestamp_ = fields.timestamp;
    lastClockRate_ = forwarded.clockRate;
    lastCapture_ = at;
  }
  if (fields.marker || config_.kind == MediaKind::Audio) ++stats_.framesSent;
  lastPayloadType_ = fields.payloadType;
  return Passed::Yes;
}

void SendStream::addForwarded(PacketBuilder& builder, const Forwarded& forwarded,
                              std::optional<std::uint16_t> frameNumber) {
  addNames(builder, false);
  builder.add(config_.ids.absSendTime, extension::AbsSendTime{});
  builder.add(config_.ids.transportSequence, extension::TransportSequenceNumber{});
  for (const ExtensionElement& element : forwarded.packet.extensions()) {
    const std::uint8_t id = forwarded.extensionIds[element.id];
    if (id == 0) continue;
    if (frameNumber && element.id == forwarded.dependencyDescriptor) {
      // Where av1-rtp-spec A.8.1 has it: behind the flags and the template.
      if (const auto at = builder.reserve(id, element.value.size())) {
        std::copy(element.value.begin(), element.value.end(), at->begin());
        base::store16(at->data() + 1, *frameNumber);
      }
      continue;
    }
    builder.addBytes(id, element.value);
  }
}

/// What the capturer said, if the frame is passed on; else our clock's, and only if the application says when it was.
std::optional<extension::AbsCaptureTime> SendStream::captureTimeOf(const EncodedFrame& frame) const {
  if (config_.ids.absCaptureTime == 0) return std::nullopt;
  if (frame.senderCaptureTime)
    return extension::AbsCaptureTime{NtpTime{*frame.senderCaptureTime}, frame.senderCaptureTimeOffset};
  if (!frame.captureTime) return std::nullopt;
  return extension::AbsCaptureTime{config_.clock.ntp(*frame.captureTime), std::nullopt};
}

PacketBuilder SendStream::header(const EncodedFrame& frame, const HeaderFields& fields,
                                 const std::optional<extension::AbsCaptureTime>& captured, bool first, bool last) {
  const ExtensionIds& ids = config_.ids;
  PacketBuilder builder(pool_, fields, config_.form);
  builder.setCsrcs(frame.contributingSources);
  addNames(builder, false);
  builder.add(ids.absSendTime, extension::AbsSendTime{});
  builder.add(ids.transportSequence, extension::TransportSequenceNumber{});
  if (frame.audioLevel)
    builder.add(ids.audioLevel, extension::AudioLevel{*frame.audioLevel, frame.voiceActivity.value_or(false)});
  if (captured) builder.add(ids.absCaptureTime, *captured);
  // 3GPP TS 26.114 s.7.4.5: in the last packet of key frames and of those where it changes; here of each, as others do.
  if (last && frame.rotation) {
    extension::VideoOrientation orientation;
    orientation.rotation = *frame.rotation;
    builder.add(ids.videoOrientation, orientation);
  }
  if (auto descriptor = extension::DependencyDescriptorBytes::parse(frame.dependencyDescriptor)) {
    descriptor->startOfFrame = first;
    descriptor->endOfFrame = last;
    // A structure of templates is long, and belongs to the first packet alone: Chromium drops others that have one.
    if (!first && (hasStructure(descriptor->bytes) || descriptor->bytes.size() > shortElement))
      descriptor->bytes = descriptor->bytes.first(mandatoryDescriptor);
    builder.add(ids.dependencyDescriptor, *descriptor);
  }
  return builder;
}

/// RFC 9143 s.15, RFC 8852 s.3: until the peer has shown by a report that it knows the stream, media and repair each.
void SendStream::addNames(PacketBuilder& builder, bool repair) {
  if (repair ? rtxKnown_ : known_) return;
  if (!config_.mid.empty()) builder.add(config_.ids.mid, extension::Mid{{config_.mid}});
  if (config_.rid.empty()) return;
  if (repair)
    builder.add(config_.ids.repairedRid, extension::RepairedRid{{config_.rid}});
  else
    builder.add(config_.ids.rid, extension::Rid{{config_.rid}});
}

void SendStream::sent(const Packet& packet, Outgoing::Kind kind, Time now) {
  const auto view = PacketView::parse(packet.bytes());
  if (!view) return;
  const std::size_t payload = view->payload().size();
  ++stats_.packetsSent;
  stats_.bytesSent += payload;
  stats_.headerBytesSent += packet.size() - payload;
  breaker_.sent(packet.size(), now);
  if (kind == Outgoing::Kind::Retransmission) {
    ++rtxPackets_;
    rtxOctets_ += payload;
  } else {
    ++packets_;
    octets_ += payload;
  }
  if (kind != Outgoing::Kind::Media) {
    ++stats_.retransmittedPacketsSent;
    stats_.retransmittedBytesSent += payload;
    return;
  }
  if (std::any_of(codecs_.begin(), codecs_.end(), [](const Active& each) { return each.codec.nack; }))
    history_.add(view->sequenceNumber(), pool_.make(packet.bytes()), now);
}

void SendStream::handleNack(std::span<const std::uint16_t> sequences, Duration roundTrip, Time now) {
  ++stats_.nackCount;
  if (!breaker_.allows(now)) return;
  for (std::uint16_t sequence : sequences) {
    const Packet* packet = nullptr;
    if (history_.find(sequence, roundTrip, now, packet) != PacketHistory::Found::Yes) continue;
    if (auto repair = rtxOf(*packet))
      outbox_.packet({std::move(*repair), Outgoing::Kind::Retransmission});
    else
      outbox_.packet({pool_.make(packet->bytes()), Outgoing::Kind::Repetition});
  }
}

bool SendStream::repeatForProbe() {
  const Packet* packet = history_.largestOfLast();
  auto repair = packet ? rtxOf(*packet) : std::nullopt;
  if (!repair) return false;
  outbox_.packet({std::move(*repair), Outgoing::Kind::Retransmission});
  return true;
}

/// RFC 4588 s.4: the header of the original with SSRC, number and payload type of the repair stream; the payload begins
/// with the original's number.
std::optional<Packet> SendStream::rtxOf(const Packet& packet) {
  const auto original = PacketView::parse(packet.bytes());
  if (!original || !config_.rtxSsrc) return std::nullopt;
  const auto codec = std::find_if(codecs_.begin(), codecs_.end(), [&](const Active& each) {
    return each.codec.payloadType == original->payloadType();
  });
  if (codec == codecs_.end() || !codec->codec.rtxPayloadType) return std::nullopt;

  PacketBuilder builder(
      pool_,
      {*codec->codec.rtxPayloadType, nextRtxSequence_++, original->timestamp(), *config_.rtxSsrc, original->marker()},
      config_.form);
  std::array<std::uint32_t, maximumCsrcs> csrcs;
  for (std::size_t i = 0; i < original->csrcCount(); ++i) csrcs[i] = original->csrc(i);
  builder.setCsrcs({csrcs.data(), original->csrcCount()});
  addNames(builder, true);
  const ExtensionIds& ids = config_.ids;
  for (const ExtensionElement& element : original->extensions())
    if (element.id != ids.mid && element.id != ids.rid) builder.addBytes(element.id, element.value);
  Packet repair = builder.take();
  base::store16(repair.append(2).data(), original->sequenceNumber());
  repair.append(original->payload());
  return repair;
}

bool SendStream::handlePictureLoss(Duration roundTrip, Time now) {
  ++stats_.pliCount;
  return demand_.pictureLoss(roundTrip, now);
}

bool SendStream::handleFullIntra(std::uint8_t number, Duration roundTrip, Time now) {
  ++stats_.firCount;
  return demand_.fullIntra(number, roundTrip, now);
}

void SendStream::handleReport(const Report& report, Duration roundTrip, Time now) {
  known_ = true;
  if (report.roundTrip) roundTrip_.sample(*report.roundTrip);
  breaker_.report(report.fractionLost, report.extendedHighest, roundTrip, now);
  protection_.report(report.fractionLost / 256.0, roundTrip,
                     std::any_of(codecs_.begin(), codecs_.end(), [](const Active& each) { return each.codec.nack; }));
  OutboundStats::Remote remote;
  remote.packetsLost = report.cumulativeLost;
  // webrtc-stats, and RFC 3550 A.3 seen from here: all since the first, without those lost.
  const auto received = std::int64_t{report.extendedHighest} - firstSequence_ + 1 - report.cumulativeLost;
  remote.packetsReceived = received > 0 ? static_cast<std::uint64_t>(received) : 0;
  remote.jitter = static_cast<double>(report.jitter) / lastClockRate_;
  remote.fractionLost = report.fractionLost / 256.0;
  remote.roundTripTime = roundTrip_.latest();
  remote.totalRoundTripTime = roundTrip_.total();
  remote.roundTripTimeMeasurements = roundTrip_.measurements();
  remote.timestamp = now;
  stats_.remote = remote;
}

OutboundStats SendStream::stats() const {
  OutboundStats stats = stats_;
  for (const Active& each : codecs_)
    if (each.codec.payloadType == lastPayloadType_)
      stats.codec = CodecInUse{each.codec.mimeType, each.codec.payloadType, each.codec.clockRate, each.codec.channels,
                               each.codec.options.parameters};
  return stats;
}

std::uint32_t SendStream::mediaTimestampAt(Time now, std::uint32_t clockRate) const {
  const std::uint32_t now32 = timestampAt(now) - timestampOffset_;
  return clockRate == lastClockRate_ ? now32
                                     : static_cast<std::uint32_t>(std::uint64_t{now32} * clockRate / lastClockRate_);
}

std::uint32_t SendStream::timestampAt(Time now) const {
  return lastTimestamp_ + toUnits(now - lastCapture_, lastClockRate_);
}

}  // namespace parley::rtp
