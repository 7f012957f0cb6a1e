#include "rtp/receive_stream.hpp"

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "rtp/extension/audio_level.hpp"
#include "rtp/extension/timing.hpp"
#include "rtp/extension/transport.hpp"
#include "rtp/extension/video.hpp"
#include "rtp/fec/red.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>
#include <variant>

namespace parley::rtp {
namespace {

using namespace std::chrono_literals;

/// Without retransmission a gap is only reordering, which is over after some milliseconds on any path; a late packet is
/// better than a lost one while nobody hears the difference.
constexpr Duration reorderPatience = 40ms;
/// FEC comes behind all that it protects: six pictures at most in libwebrtc, at 30 a second, and 48 packets.
constexpr Duration fecPatience = 200ms;
constexpr std::uint64_t fecSpan = 64;
/// With it: four requests and their answers, a round trip and a quarter each, and as much for the time that RTCP waits.
/// At 10 % of loss one packet in 100'000 is lost five times.
constexpr int roundTripsWaited = 6;
constexpr Duration minPatience = 100ms, maxPatience = 1s;

/// What 32 bits count, beyond them. Reports may overtake each other: totals never go back.
std::uint64_t extended(std::uint64_t before, std::uint32_t now) {
  const auto step = static_cast<std::int32_t>(now - static_cast<std::uint32_t>(before));
  return step > 0 ? before + static_cast<std::uint64_t>(step) : before;
}

std::optional<PacketView> parsed(base::Bytes bytes) {
  const auto packet = PacketView::parse(bytes);
  return packet ? std::optional(*packet) : std::nullopt;
}

}  // namespace

ReceiveStream::ReceiveStream(Config config, base::PacketPool& pool) : pool_(pool), assembler_(config.kind) {
  configure(std::move(config));
}

void ReceiveStream::configure(Config config) {
  for (const Codec& old : config_.codecs)
    if (std::none_of(config.codecs.begin(), config.codecs.end(),
                     [&](const Codec& each) { return each.payloadType == old.payloadType; }))
      assembler_.removeCodec(old.payloadType);
  for (const Codec& codec : config.codecs) {
    const bool same = std::any_of(config_.codecs.begin(), config_.codecs.end(), [&](const Codec& each) {
      return each.payloadType == codec.payloadType && each.mimeType == codec.mimeType &&
             each.options.parameters == codec.options.parameters;
    });
    if (!same) assembler_.setCodec(codec.payloadType, codec.mimeType, codec.options);
  }
  config_ = std::move(config);
  red_.reset();
  ulpfec_.reset();
  if (config_.kind != MediaKind::Video) return;
  for (const Codec& codec : config_.codecs) {
    if (base::equalsIgnoringCase(codec.options.name, "red")) red_ = codec.payloadType;
    if (base::equalsIgnoringCase(codec.options.name, "ulpfec")) ulpfec_ = codec.payloadType;
  }
}

void ReceiveStream::setRoundTrip(Duration roundTrip) {
  roundTrip_ = roundTrip;
  nack_.setRoundTrip(roundTrip);
}

const ReceiveStream::Codec* ReceiveStream::codecOf(std::uint8_t payloadType) const {
  for (const Codec& each : config_.codecs)
    if (each.payloadType == payloadType) return &each;
  return nullptr;
}

std::optional<ReceiveStream::Taken> ReceiveStream::handle(const PacketView& packet, base::MutableBytes bytes,
                                                          Time now) {
  std::optional<PacketView> inner = packet;
  if (isRed(packet.payloadType())) {
    const auto unwrapped = fec::unwrapRed(packet, bytes);
    bytes = unwrapped.value_or(base::MutableBytes{});
    inner = parsed(bytes);
  }
  const Codec* codec = inner ? codecOf(inner->payloadType()) : nullptr;
  if (!codec) {
    ++stats_.packetsRefused;
    return std::nullopt;
  }
  lastPacket_ = now;
  stats_.lastPacketReceived = now;
  stats_.bytesReceived += packet.payload().size();
  stats_.headerBytesReceived += packet.bytes().size() - packet.payload().size();
  if (!isFec(codec->payloadType)) lastPayloadType_ = codec->payloadType;

  const bool first = !reception_.any();
  const std::uint64_t highest = reception_.highest();
  // The inner one: of the outer one, the bytes have moved.
  const auto arrival = reception_.handle(inner->sequenceNumber(), inner->timestamp(), codec->clockRate, now);
  switch (arrival.order) {
    case Reception::Order::Stray: return std::nullopt;
    case Reception::Order::Restarted:
      nack_.forget(arrival.sequence);
      reorder_.restart(arrival.sequence);
      fec_.reset();
      lastFec_ = fecFollowed_ = 0;
      lastPicture_.reset();
      break;
    case Reception::Order::Newest:
      if (config_.nack && !first && arrival.sequence > highest + 1) nack_.missing(highest + 1, arrival.sequence, now);
      break;
    case Reception::Order::Late: nack_.arrived(arrival.sequence, now); break;
  }
  const auto taken = take(arrival.sequence, *inner, bytes, now);
  if (!taken) return std::nullopt;
  return Taken{*taken, arrival.order != Reception::Order::Late};
}

std::optional<ReceiveStream::Taken> ReceiveStream::handleRtx(const PacketView& packet, base::MutableBytes bytes,
                                                             Time now) {
  if (!rtxSsrc_) rtxSsrc_ = packet.ssrc();
  const auto arrival = rtxReception_.handle(packet.sequenceNumber(), packet.timestamp(), 90000, now);
  if (arrival.order == Reception::Order::Stray) return std::nullopt;
  const std::size_t size = packet.payload().size();
  ++stats_.retransmittedPacketsReceived;
  stats_.retransmittedBytesReceived += size;
  stats_.bytesReceived += size;
  stats_.headerBytesReceived += packet.bytes().size() - size;
  const auto payloadType = originalOf(packet.payloadType());
  // Padding that only probes the path has no original.
  if (size < 2 || !payloadType) return std::nullopt;
  const std::uint16_t number = base::load16(packet.payload().data());
  const auto sequence = missing(number);
  if (!sequence) return std::nullopt;

  // RFC 4588 s.4: the original in place of what repairs it.
  std::memmove(bytes.data() + 2, bytes.data(), packet.headerSize());
  bytes = bytes.subspan(2);
  PacketEditor editor(bytes);
  editor.setPayloadType(*payloadType);
  editor.setSequenceNumber(number);
  editor.setSsrc(config_.ssrc);
  auto original = parsed(bytes);
  if (original && isRed(*payloadType)) {
    const auto unwrapped = fec::unwrapRed(*original, bytes);
    bytes = unwrapped.value_or(base::MutableBytes{});
    original = parsed(bytes);
  }
  if (!original || !codecOf(original->payloadType())) {
    ++stats_.packetsRefused;
    return std::nullopt;
  }
  nack_.arrived(*sequence, now);
  const auto taken = take(*sequence, *original, bytes, now);
  return taken ? std::optional(Taken{*taken, false}) : std::nullopt;
}

std::optional<ReceiveStream::Taken> ReceiveStream::restore(Time now) {
  while (const auto bytes = fec_ ? fec_->poll() : std::nullopt) {
    const auto packet = PacketView::parse(*bytes);
    if (!packet || isFec(packet->payloadType()) || !codecOf(packet->payloadType())) continue;
    const auto sequence = missing(packet->sequenceNumber());
    if (!sequence) continue;
    nack_.arrived(*sequence, now);
    const bool taken = insert(*sequence, *packet, now);
    release(now);
    if (!taken) continue;
    ++stats_.packetsRestored;
    return Taken{*packet, false};
  }
  return std::nullopt;
}

/// Of a number that is repaired. Nothing for what was not lost: before the stream itself nothing can be, and what is
/// ahead of it comes by itself.
std::optional<std::uint64_t> ReceiveStream::missing(std::uint16_t sequence) const {
  if (!reception_.any()) return std::nullopt;
  const std::uint64_t highest = reception_.highest();
  const auto step = static_cast<std::int16_t>(sequence - static_cast<std::uint16_t>(highest));
  if (step >= 0 || highest < static_cast<std::uint64_t>(-step)) return std::nullopt;
  return highest - static_cast<std::uint64_t>(-step);
}

/// A packet that came, by itself or again. What it is for others; nothing if it is of no use.
std::optional<PacketView> ReceiveStream::take(std::uint64_t sequence, const PacketView& packet,
                                              base::MutableBytes bytes, Time now) {
  const bool isOfFec = isFec(packet.payloadType());
  if (isOfFec) {
    ++stats_.fecPacketsReceived;
    stats_.fecBytesReceived += packet.payload().size();
    if (!fec_) fec_.emplace(config_.ssrc);
    lastFec_ = std::max(lastFec_, sequence);
  } else if (sequence > lastFec_) {
    fecFollowed_ = lastFec_;
  }
  const bool taken = insert(sequence, packet, now);
  release(now);
  if (!taken) return std::nullopt;
  if (!fec_) return packet;
  if (isOfFec) {
    fec_->fec(packet.payload());
    // The header alone, as padding has it: for others nothing is missing, and they need not know of FEC.
    if (!lastPayloadType_) return std::nullopt;
    bytes = bytes.first(packet.headerSize());
    bytes[0] &= 0xdf;
    PacketEditor(bytes).setPayloadType(*lastPayloadType_);
    return parsed(bytes);
  }
  // They changed on the way: what is protected has zeros there.
  PacketEditor editor(bytes);
  editor.setExtension(config_.ids.absSendTime, extension::AbsSendTime{});
  editor.setExtension(config_.ids.transportSequence, extension::TransportSequenceNumber{});
  editor.setExtension(config_.ids.transmissionOffset, extension::TransmissionTimeOffset{});
  fec_->media(bytes);
  return packet;
}

bool ReceiveStream::insert(std::uint64_t sequence, const PacketView& packet, Time now) {
  const bool isOfFec = isFec(packet.payloadType());
  // What is next in order passes without a copy.
  if (reorder_.started() && reorder_.held() == 0 && sequence == reorder_.next()) {
    reorder_.pass();
    if (isOfFec)
      assembleNothing(sequence, now);
    else
      assemble(sequence, packet, now);
    return true;
  }
  if (packet.bytes().size() > base::packetCapacity) return false;
  const auto inserted = reorder_.insert(sequence, isOfFec ? Packet() : pool_.make(packet.bytes()), now);
  if (inserted == ReorderBuffer<Packet>::Inserted::TooLate) ++stats_.packetsDiscarded;
  return inserted == ReorderBuffer<Packet>::Inserted::Taken;
}

void ReceiveStream::release(Time now) {
  for (;;) {
    while (auto item = reorder_.pop()) {
      const auto view = PacketView::parse(item->value.bytes());
      if (view)
        assemble(item->sequence, *view, now);
      else
        assembleNothing(item->sequence, now);
    }
    const Time since = reorder_.blockedSince();
    if (since == never) break;
    const bool whole = onlyFecIsMissing();
    if (!whole && now - since < patience()) break;
    const auto first = reorder_.next();
    reorder_.skip();
    for (auto sequence = first; whole && sequence < reorder_.next(); ++sequence) assembleNothing(sequence, now);
  }
  nack_.forget(reorder_.next());
}

std::optional<ReceiveStream::Picture> ReceiveStream::pictureOf(const PacketView& packet) const {
  const Codec* codec = codecOf(packet.payloadType());
  if (!codec) return std::nullopt;
  const auto fields = payload::readLayerFields(payload::layerFormat(false, codec->options.name), packet.payload());
  if (fields.pictureIdAt == 0) return std::nullopt;
  const std::uint16_t mask = fields.longPictureId ? 0x7fff : 0x7f;
  return Picture{packet.payloadType(), fields.pictureId(packet.payload()), mask, fields.startsFrame, packet.marker()};
}

/// Between the end of one picture and the beginning of the next there is nothing but FEC, and libwebrtc does not repeat
/// that when it is lost: who waits for it waits in vain.
bool ReceiveStream::onlyFecIsMissing() const {
  if (!fec_ || !lastPicture_ || !lastPicture_->ends) return false;
  const Packet* behind = reorder_.find([](const Packet& each) { return !each.empty(); });
  const auto packet = behind ? parsed(behind->bytes()) : std::nullopt;
  const auto next = packet ? pictureOf(*packet) : std::nullopt;
  return next && next->begins && next->payloadType == lastPicture_->payloadType && next->mask == lastPicture_->mask &&
         next->id == ((lastPicture_->id + 1) & next->mask);
}

std::uint32_t ReceiveStream::clockRateOf(std::uint8_t payloadType) const {
  const Codec* codec = codecOf(payloadType);
  return codec ? codec->clockRate : 0;
}

/// The number is of FEC, so that nothing is missing.
void ReceiveStream::assembleNothing(std::uint64_t sequence, Time now) {
  payload::MediaPacket media;
  media.sequence = sequence;
  assembler_.handle(media, now);
  drain(now);
}

void ReceiveStream::assemble(std::uint64_t sequence, const PacketView& packet, Time now) {
  if (fec_) lastPicture_ = pictureOf(packet);
  payload::MediaPacket media;
  media.sequence = sequence;
  media.timestamp = packet.timestamp();
  media.ssrc = config_.ssrc;
  media.marker = packet.marker();
  media.payloadType = packet.payloadType();
  media.payload = packet.payload();
  std::array<std::uint32_t, maximumCsrcs> csrcs;
  for (std::size_t i = 0; i < packet.csrcCount(); ++i) csrcs[i] = packet.csrc(i);
  media.csrcs = {csrcs.data(), packet.csrcCount()};
  media.rid = config_.rid;
  // In use until the assembler has seen it.
  std::optional<extension::DependencyDescriptor> descriptor;
  if (packet.hasExtension()) {
    const ExtensionIds& ids = config_.ids;
    if (const auto level = packet.extension<extension::AudioLevel>(ids.audioLevel)) {
      media.audioLevel = level->level;
      media.voiceActivity = level->voiceActivity;
    }
    if (const auto orientation = packet.extension<extension::VideoOrientation>(ids.videoOrientation))
      media.rotation = orientation->rotation;
    if (const auto capture = packet.extension<extension::AbsCaptureTime>(ids.absCaptureTime))
      captures_.set(*capture, packet.timestamp(), clockRateOf(media.payloadType));
    if (const auto bytes = ids.dependencyDescriptor ? packet.extension(ids.dependencyDescriptor) : std::nullopt) {
      media.dependencyDescriptor = *bytes;
      descriptor = descriptors_.read(*bytes);
    }
  }
  if (captures_.known())
    if (const auto capture = captures_.at(packet.timestamp(), clockRateOf(media.payloadType))) {
      media.senderCaptureTime = capture->captured.value;
      media.senderCaptureTimeOffset = capture->clockOffset;
    }
  if (descriptor) {
    payload::FrameDependency dependency;
    dependency.startOfFrame = descriptor->startOfFrame;
    dependency.endOfFrame = descriptor->endOfFrame;
    // From 2^16 on: the first number may be followed by one that is behind it.
    dependency.frameId = static_cast<std::uint64_t>(frameNumbers_.unwrap(descriptor->frameNumber) + 0x10000);
    dependency.differences = descriptor->dependencies.frameDifferences();
    dependency.keyFrame = dependency.differences.empty();
    dependency.spatialIndex = descriptor->dependencies.spatialId;
    dependency.temporalIndex = descriptor->dependencies.temporalId;
    media.dependency = dependency;
  }
  assembler_.handle(media, now);
  drain(now);
}

void ReceiveStream::drain(Time now) {
  while (auto output = assembler_.poll()) {
    if (auto* frame = std::get_if<EncodedFrame>(&*output)) {
      ++stats_.framesReceived;
      if (frame->type == EncodedFrameType::Key) {
        ++stats_.keyFramesReceived;
        keyFrames_.satisfied();
      }
      if (frame->width != 0) {
        stats_.frameWidth = frame->width;
        stats_.frameHeight = frame->height;
      }
      frames_.push(std::move(*frame));
    } else {
      keyFrames_.need(now);
    }
  }
}

std::optional<EncodedFrame> ReceiveStream::poll() {
  if (frames_.empty()) return std::nullopt;
  return frames_.pop();
}

const std::vector<std::uint16_t>& ReceiveStream::nacks(Time now) {
  const auto& numbers = nack_.due(now);
  if (!numbers.empty()) ++stats_.nackCount;
  return numbers;
}

bool ReceiveStream::keyFrameDue(Time now, bool byFullIntra) {
  if (!keyFrames_.due(now, roundTrip_)) return false;
  ++(byFullIntra ? stats_.firCount : stats_.pliCount);
  return true;
}

/// Whether FEC for the gap may still come: it is in use, and none came from behind the gap with something after it.
bool ReceiveStream::awaitsFec() const {
  return fec_ && reorder_.next() > fecFollowed_ && reorder_.next() <= lastFec_ + fecSpan;
}

Duration ReceiveStream::patience() const {
  const Duration least = awaitsFec() ? fecPatience : config_.nack ? minPatience : reorderPatience;
  if (!config_.nack) return least;
  return std::clamp<Duration>(roundTripsWaited * roundTrip_ + nack_.reorderWait(), least, maxPatience);
}

Time ReceiveStream::deadline() const {
  const Time since = reorder_.blockedSince();
  return since == never ? never : since + patience();
}

void ReceiveStream::advance(Time now) {
  if (deadline() <= now) release(now);
}

std::optional<std::uint8_t> ReceiveStream::originalOf(std::uint8_t rtxPayloadType) const {
  for (const auto& [rtx, original] : config_.rtx)
    if (rtx == rtxPayloadType) return original;
  return std::nullopt;
}

void ReceiveStream::handleSenderReport(const SenderReport& report) {
  reportedPackets_ = senderReport_ ? extended(reportedPackets_, report.packets) : report.packets;
  reportedOctets_ = senderReport_ ? extended(reportedOctets_, report.octets) : report.octets;
  senderReport_ = report;
  ++senderReports_;
  reportHasRoundTrip_ = false;
}

InboundStats ReceiveStream::stats() const {
  InboundStats stats = stats_;
  stats.packetsReceived = reception_.packetsReceived() + stats_.retransmittedPacketsReceived;
  stats.packetsLost = reception_.packetsLost();
  stats.jitter = reception_.jitter();
  const auto& dropped = assembler_.dropped();
  stats.framesDropped =
      dropped[payload::FrameAssembler::Dropped::Incomplete] + dropped[payload::FrameAssembler::Dropped::NotDecodable] +
      dropped[payload::FrameAssembler::Dropped::TooLarge] + dropped[payload::FrameAssembler::Dropped::NotPolled];
  stats.rtx = !config_.rtx.empty();
  stats.fec = ulpfec_.has_value();
  using fec::FecDrop;
  if (fec_)
    stats.fecPacketsDiscarded =
        fec_->drops()[FecDrop::Malformed] + fec_->drops()[FecDrop::Old] + fec_->drops()[FecDrop::Incomplete];
  for (const Codec& each : config_.codecs)
    if (each.payloadType == lastPayloadType_)
      stats.codec = CodecInUse{each.mimeType, each.payloadType, each.clockRate, each.channels, each.options.parameters};
  if (senderReport_) {
    InboundStats::Remote remote;
    remote.packetsSent = reportedPackets_;
    remote.bytesSent = reportedOctets_;
    remote.reportsSent = senderReports_;
    remote.remoteTimestamp = senderReport_->ntp;
    if (reportHasRoundTrip_) remote.roundTripTime = reportedRoundTrip_.latest();
    remote.totalRoundTripTime = reportedRoundTrip_.total();
    remote.roundTripTimeMeasurements = reportedRoundTrip_.measurements();
    remote.timestamp = senderReport_->arrived;
    stats.remote = remote;
  }
  return stats;
}

}  // namespace parley::rtp
