#include "rtp/receive_stream.hpp"

#include "base/bytes.hpp"
#include "rtp/extension/audio_level.hpp"
#include "rtp/extension/timing.hpp"
#include "rtp/extension/video.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>
#include <variant>

namespace parley::rtp {
namespace {

using namespace std::chrono_literals;

/// Without retransmission a gap is only reordering, which is over after some milliseconds on any path; a late packet is
/// better than a lost one while nobody hears the difference.
constexpr Duration reorderPatience = 40ms;
/// With it: four requests and their answers, a round trip and a quarter each, and as much for the time that RTCP waits.
/// At 10 % of loss one packet in 100'000 is lost five times.
constexpr int roundTripsWaited = 6;
constexpr Duration minPatience = 100ms, maxPatience = 1s;

/// What 32 bits count, beyond them. Reports may overtake each other: totals never go back.
std::uint64_t extended(std::uint64_t before, std::uint32_t now) {
  const auto step = static_cast<std::int32_t>(now - static_cast<std::uint32_t>(before));
  return step > 0 ? before + static_cast<std::uint64_t>(step) : before;
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
}

void ReceiveStream::setRoundTrip(Duration roundTrip) {
  roundTrip_ = roundTrip;
  nack_.setRoundTrip(roundTrip);
}

ReceiveStream::Handled ReceiveStream::handle(const PacketView& packet, Time now) {
  const auto codec = std::find_if(config_.codecs.begin(), config_.codecs.end(),
                                  [&](const Codec& each) { return each.payloadType == packet.payloadType(); });
  if (codec == config_.codecs.end()) return Handled::Useless;
  lastPacket_ = now;
  stats_.lastPacketReceived = now;
  stats_.bytesReceived += packet.payload().size();
  stats_.headerBytesReceived += packet.bytes().size() - packet.payload().size();
  lastPayloadType_ = codec->payloadType;

  const bool first = !reception_.any();
  const std::uint64_t highest = reception_.highest();
  const auto arrival = reception_.handle(packet.sequenceNumber(), packet.timestamp(), codec->clockRate, now);
  switch (arrival.order) {
    case Reception::Order::Stray: return Handled::Useless;
    case Reception::Order::Restarted:
      nack_.forget(arrival.sequence);
      reorder_.restart(arrival.sequence);
      break;
    case Reception::Order::Newest:
      if (config_.nack && !first && arrival.sequence > highest + 1) nack_.missing(highest + 1, arrival.sequence, now);
      break;
    case Reception::Order::Late: nack_.arrived(arrival.sequence, now); break;
  }
  const bool taken = insert(arrival.sequence, packet, false, now);
  release(now);
  if (!taken) return Handled::Useless;
  return arrival.order == Reception::Order::Late ? Handled::Late : Handled::Newest;
}

std::optional<std::uint16_t> ReceiveStream::handleRtx(const PacketView& packet, Time now) {
  if (!rtxSsrc_) rtxSsrc_ = packet.ssrc();
  const auto arrival = rtxReception_.handle(packet.sequenceNumber(), packet.timestamp(), 90000, now);
  if (arrival.order == Reception::Order::Stray) return std::nullopt;
  const std::size_t size = packet.payload().size();
  ++stats_.retransmittedPacketsReceived;
  stats_.retransmittedBytesReceived += size;
  stats_.bytesReceived += size;
  stats_.headerBytesReceived += packet.bytes().size() - size;
  // Padding that only probes the path has no original; and before the stream itself nothing can be repaired.
  if (size < 2 || !reception_.any() || !originalOf(packet.payloadType())) return std::nullopt;
  const std::uint16_t original = base::load16(packet.payload().data());
  const std::uint64_t highest = reception_.highest();
  const auto step = static_cast<std::int16_t>(original - static_cast<std::uint16_t>(highest));
  // What is ahead of the stream was not asked for: it comes by itself.
  if (step >= 0) return std::nullopt;
  const std::uint64_t sequence = highest - static_cast<std::uint64_t>(-step);
  nack_.arrived(sequence, now);
  const bool taken = insert(sequence, packet, true, now);
  release(now);
  return taken ? std::optional(original) : std::nullopt;
}

bool ReceiveStream::insert(std::uint64_t sequence, const PacketView& packet, bool repaired, Time now) {
  // What is next in order passes without a copy.
  if (reorder_.started() && reorder_.held() == 0 && sequence == reorder_.next()) {
    reorder_.pass();
    assemble(sequence, packet, repaired, now);
    return true;
  }
  if (packet.bytes().size() > base::packetCapacity) return false;
  const auto inserted = reorder_.insert(sequence, Held{pool_.make(packet.bytes()), repaired}, now);
  if (inserted == ReorderBuffer<Held>::Inserted::TooLate) ++stats_.packetsDiscarded;
  return inserted == ReorderBuffer<Held>::Inserted::Taken;
}

void ReceiveStream::release(Time now) {
  for (;;) {
    while (auto item = reorder_.pop())
      if (const auto view = PacketView::parse(item->value.packet.bytes()))
        assemble(item->sequence, *view, item->value.repaired, now);
    const Time since = reorder_.blockedSince();
    if (since == never || now - since < patience()) break;
    reorder_.skip();
  }
  nack_.forget(reorder_.next());
}

std::uint32_t ReceiveStream::clockRateOf(std::uint8_t payloadType) const {
  for (const Codec& each : config_.codecs)
    if (each.payloadType == payloadType) return each.clockRate;
  return 0;
}

void ReceiveStream::assemble(std::uint64_t sequence, const PacketView& packet, bool repaired, Time now) {
  payload::MediaPacket media;
  media.sequence = sequence;
  media.timestamp = packet.timestamp();
  media.ssrc = config_.ssrc;
  media.marker = packet.marker();
  media.payloadType = packet.payloadType();
  media.payload = packet.payload();
  if (repaired) {
    media.payloadType = originalOf(packet.payloadType()).value_or(packet.payloadType());
    media.payload = media.payload.subspan(2);
  }
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

Duration ReceiveStream::patience() const {
  if (!config_.nack) return reorderPatience;
  return std::clamp<Duration>(roundTripsWaited * roundTrip_ + nack_.reorderWait(), minPatience, maxPatience);
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
