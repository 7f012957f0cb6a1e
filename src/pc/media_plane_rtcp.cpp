// RTCP of the media plane: what the peer reports and asks for, and what we tell it.

#include "base/bytes.hpp"
#include "pc/media_plane.hpp"
#include "rtp/rtcp/bitrate_limit.hpp"
#include "rtp/rtcp/builder.hpp"
#include "rtp/rtcp/bye.hpp"
#include "rtp/rtcp/congestion_feedback.hpp"
#include "rtp/rtcp/key_frame_request.hpp"
#include "rtp/rtcp/nack.hpp"
#include "rtp/rtcp/source_description.hpp"
#include "rtp/rtcp/transport_feedback.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

namespace parley::pc {
namespace {

namespace rtcp = rtp::rtcp;

/// RRTR of so many receivers are remembered: one peer has a handful of SSRCs.
constexpr std::size_t maxReferences = 32;

bool offers(const std::vector<PlannedCodec>& codecs, std::string_view type, std::string_view parameter) {
  return std::any_of(codecs.begin(), codecs.end(), [&](const PlannedCodec& codec) {
    return std::any_of(codec.feedback.begin(), codec.feedback.end(),
                       [&](const RtcpFeedback& each) { return each.type == type && each.parameter == parameter; });
  });
}

/// Compound packets, each of which begins with a report and names its sources (RFC 3550 s.6.1): when one is full, the
/// next begins.
class Writer {
 public:
  Writer(base::PacketPool& pool, std::size_t limit, std::uint32_t ssrc, std::string_view cname, bool compound)
      : pool_(pool), limit_(limit), ssrc_(ssrc), cname_(cname), compound_(compound), builder_(pool, limit) {}

  template <class P, class Full>
  void add(const P& packet, Full&& full) {
    if (builder_.empty() && compound_ && !reported_) begin();
    if (builder_.add(packet)) return;
    full(finish());
    if (compound_) begin();
    builder_.add(packet);
  }
  /// The next packet to be added is a report itself.
  void reportsItself() { reported_ = true; }
  /// Room for items behind a feedback header.
  std::size_t room() const {
    const std::size_t head = rtcp::headerSize + rtcp::FeedbackSources::wireSize;
    return builder_.room() > head ? builder_.room() - head : 0;
  }
  Packet finish() {
    Packet packet = builder_.take();
    builder_ = rtcp::CompoundBuilder(pool_, limit_);
    reported_ = false;
    return packet;
  }

 private:
  void begin() {
    const rtcp::SdesItem item{rtcp::SdesType::Cname, cname_};
    const rtcp::SdesChunk chunk{ssrc_, {&item, 1}};
    builder_.add(rtcp::ReceiverReport{ssrc_, {}});
    builder_.add(rtcp::SourceDescription({&chunk, 1}));
  }
  base::PacketPool& pool_;
  std::size_t limit_;
  std::uint32_t ssrc_;
  std::string_view cname_;
  bool compound_;
  bool reported_ = false;
  rtcp::CompoundBuilder builder_;
};

}  // namespace

// --- In ---

void MediaPlane::handleRtcp(base::MutableBytes datagram, Time now) {
  const std::size_t size = datagram.size();
  const auto plain = receiver_->unprotectRtcp(datagram);
  if (!plain) return;  // Counted there.
  const auto compound = rtcp::CompoundView::parse(*plain);
  if (!compound) return drops_.add(MediaDrop::Malformed);
  scheduler_.received(size);
  // RFC 9143 s.9.2: names first, which may tell what the rest is about.
  handleNames(*compound);
  for (const rtcp::PacketView& packet : *compound) handlePacket(packet, now);
}

void MediaPlane::handleNames(const rtcp::CompoundView& compound) {
  for (const rtcp::PacketView& packet : compound) {
    if (!rtcp::SourceDescription::matches(packet)) continue;
    const auto names = rtcp::SourceDescription::parse(packet);
    if (!names) {
      drops_.add(MediaDrop::Malformed);
      continue;
    }
    names->forEach([&](std::uint32_t ssrc, const rtcp::SdesItem& item) {
      if (item.type == rtcp::SdesType::Mid) demultiplexer_.learn(ssrc, item.text);
      if (item.type != rtcp::SdesType::Cname) return;
      const auto known = routes_.find(ssrc);
      if (known != routes_.end() && !known->second.repair) known->second.receiving->cname = item.text;
    });
  }
}

void MediaPlane::handlePacket(const rtcp::PacketView& packet, Time now) {
  const auto take = [&](const auto& parsed, auto use) {
    if (parsed)
      use(*parsed);
    else
      drops_.add(MediaDrop::Malformed);
  };
  if (rtcp::SenderReport::matches(packet)) {
    take(rtcp::SenderReport::parse(packet), [&](const rtcp::SenderReport& report) {
      const auto known = routes_.find(report.ssrc);
      if (known != routes_.end()) senderClock_.report(report.ntp, now);
      if (known != routes_.end() && !known->second.repair)
        known->second.receiving->stream->handleSenderReport(
            {report.ntp.value, report.rtpTimestamp, report.packetCount, report.octetCount, now});
      handleBlocks(report.ssrc, report.reports, now);
    });
  } else if (rtcp::ReceiverReport::matches(packet)) {
    take(rtcp::ReceiverReport::parse(packet),
         [&](const rtcp::ReceiverReport& report) { handleBlocks(report.ssrc, report.reports, now); });
  } else if (rtcp::Bye::matches(packet)) {
    take(rtcp::Bye::parse(packet), [&](const rtcp::Bye& bye) {
      for (const std::uint32_t ssrc : bye.ssrcs) left(ssrc, now);
    });
  } else if (rtcp::Nack::matches(packet)) {
    take(rtcp::Nack::parse(packet), [&](const rtcp::Nack& nack) {
      const auto [section, sending] = findSending(nack.media);
      if (!sending || !sending->active || sending->stream->ssrc() != nack.media) return;
      // A datagram has room for 300 items of 17 numbers each: more than history holds.
      std::vector<std::uint16_t> lost;
      nack.forEachLost([&](std::uint16_t sequence) { lost.push_back(sequence); });
      sending->stream->handleNack(lost, roundTrip(), now);
      drain(*sending->stream, *section, now);
    });
  } else if (rtcp::Pli::matches(packet)) {
    take(rtcp::Pli::parse(packet), [&](const rtcp::Pli& pli) {
      const auto [section, sending] = findSending(pli.media);
      if (sending && sending->active && sending->stream->handlePictureLoss(roundTrip(), now))
        wantKeyFrame(*section, *sending, now);
    });
  } else if (rtcp::Fir::matches(packet)) {
    take(rtcp::Fir::parse(packet), [&](const rtcp::Fir& fir) {
      for (const rtcp::FirItem& item : fir.items) {
        const auto [section, sending] = findSending(item.ssrc);
        if (sending && sending->active && sending->stream->handleFullIntra(item.commandNumber, roundTrip(), now))
          wantKeyFrame(*section, *sending, now);
      }
    });
  } else if (rtcp::Remb::matches(packet)) {
    take(rtcp::Remb::parse(packet), [&](const rtcp::Remb& remb) { handleEstimate(remb.bitrate, remb.ssrcs); });
  } else if (rtcp::TransportFeedback::matches(packet)) {
    take(rtcp::TransportFeedback::parse(packet),
         [&](const rtcp::TransportFeedback& feedback) { handleEstimated(feedback, now); });
  } else if (rtcp::CongestionFeedback::matches(packet)) {
    take(rtcp::CongestionFeedback::parse(packet), [&](const rtcp::CongestionFeedback& feedback) {
      ++sourceFeedback_.received;
      handleEstimated(feedback, now);
    });
  } else if (rtcp::ExtendedReport::matches(packet)) {
    take(rtcp::ExtendedReport::parse(packet), [&](const rtcp::ExtendedReport& report) { handleExtended(report, now); });
  }
}

void MediaPlane::handleBlocks(std::uint32_t reporter, const rtcp::Records<rtcp::ReportBlock>& blocks, Time now) {
  if (collides(reporter, now)) return;
  // RFC 8083 s.4.1: whatever it reports on, the way back works.
  for (auto& [id, section] : sections_)
    for (Sending& each : section.sending) each.stream->heard(now);
  const std::uint32_t middle = config_.clock.ntp(now).middle();
  for (const rtcp::ReportBlock& block : blocks) {
    const auto [section, sending] = findSending(block.ssrc);
    if (!sending) continue;
    const auto measured = rtp::RoundTrip::of(middle, block.lastSenderReport, block.delaySinceLastSenderReport);
    if (measured) roundTrip_.sample(*measured);
    if (sending->stream->ssrc() != block.ssrc) {
      sending->stream->handleRtxReport();
      continue;
    }
    sending->stream->handleReport(
        {block.fractionLost, block.cumulativeLost, block.extendedHighestSequence, block.jitter, measured}, roundTrip(),
        now);
  }
}

/// RFC 3611 s.4.4 and s.4.5.
void MediaPlane::handleExtended(const rtcp::ExtendedReport& report, Time now) {
  if (report.receiverReferenceTime) {
    if (references_.size() >= maxReferences) references_.erase(references_.begin());
    references_[report.ssrc] = {report.receiverReferenceTime->middle(), now};
  }
  for (const rtcp::DlrrItem& item : report.dlrr) {
    if (item.ssrc != ownSsrc_) continue;
    if (const auto measured = rtp::RoundTrip::of(config_.clock.ntp(now).middle(), item.lastReceiverReport,
                                                 item.delaySinceLastReceiverReport)) {
      roundTrip_.sample(*measured);
      if (const auto known = routes_.find(report.ssrc); known != routes_.end() && !known->second.repair)
        known->second.receiving->stream->handleRoundTrip(*measured);
    }
  }
}

/// REMB: what the path takes for all these streams together.
void MediaPlane::handleEstimate(std::uint64_t bitrate, const rtcp::Records<std::uint32_t>& ssrcs) {
  std::vector<Section*> named;
  for (const std::uint32_t ssrc : ssrcs) {
    Section* section = findSending(ssrc).first;
    if (section && std::find(named.begin(), named.end(), section) == named.end()) named.push_back(section);
  }
  share(bitrate, named);
}

/// What the path takes for all packets that feedback tells of. Those of audio are few, and not for us to slow down:
/// video has the rest.
template <class Feedback>
void MediaPlane::handleEstimated(const Feedback& feedback, Time now) {
  if (!estimator_.handle(feedback, roundTrip(), now)) return;
  std::vector<Section*> video;
  for (auto& [id, section] : sections_)
    if (section.plan.sending && section.plan.kind == MediaKind::Video && section.isEstimated())
      video.push_back(&section);
  share(static_cast<std::uint64_t>(estimator_.bitrate()), video);
}

/// Sections share it evenly, within what their peers allow; of a share, FEC has its part.
void MediaPlane::share(std::uint64_t bitrate, const std::vector<Section*>& sections) {
  for (Section* section : sections) {
    std::uint64_t share = bitrate / sections.size();
    if (section->plan.sending && section->plan.sending->maxBitrate)
      share = std::min(share, *section->plan.sending->maxBitrate);
    double overhead = 0;
    for (const Sending& each : section->sending) overhead = std::max(overhead, each.stream->fecOverhead());
    share = static_cast<std::uint64_t>(static_cast<double>(share) / (1 + overhead));
    std::uint64_t& told = bitrates_[section->plan.transceiver];
    // An encoder is not bothered for less than five per cent.
    if (told != 0 && std::max(share, told) - std::min(share, told) < told / 20) continue;
    told = share;
    outbox_.event(SendBitrateChanged{section->plan.transceiver, share});
  }
}

void MediaPlane::wantKeyFrame(const Section& section, const Sending& sending, Time now) {
  if (const auto source = keyFrameSources_.find(section.plan.transceiver); source != keyFrameSources_.end())
    if (const auto forwarding = source->second.lock()) return forwarding->onKeyFrameWanted(now);
  outbox_.event(KeyFrameWanted{section.plan.transceiver, sending.rid});
}

std::pair<MediaPlane::Section*, MediaPlane::Sending*> MediaPlane::findSending(std::uint32_t ssrc) {
  for (auto& [id, section] : sections_)
    for (Sending& each : section.sending)
      if (each.stream->ssrc() == ssrc || each.stream->rtxSsrc() == ssrc) return {&section, &each};
  return {nullptr, nullptr};
}

// --- Out ---

std::vector<rtcp::ReportBlock> MediaPlane::reportBlocks(Time now) {
  std::vector<rtcp::ReportBlock> blocks;
  const auto add = [&](std::uint32_t ssrc, rtp::Reception& reception, const rtp::ReceiveStream* stream) {
    if (!reception.any()) return;
    const auto report = reception.report();
    rtcp::ReportBlock block;
    block.ssrc = ssrc;
    block.fractionLost = report.fractionLost;
    block.cumulativeLost = report.cumulativeLost;
    block.extendedHighestSequence = report.extendedHighest;
    block.jitter = report.jitter;
    if (stream && stream->senderReport()) {
      block.lastSenderReport = rtp::NtpTime{stream->senderReport()->ntp}.middle();
      block.delaySinceLastSenderReport = rtp::toCompactNtp(now - stream->senderReport()->arrived);
    }
    blocks.push_back(block);
  };
  for (auto& [id, section] : sections_)
    for (auto& each : section.receiving) {
      rtp::ReceiveStream& stream = *each->stream;
      if (std::exchange(each->reportDue, false)) add(stream.ssrc(), stream.reception(), &stream);
      if (std::exchange(each->rtxReportDue, false) && stream.rtxSsrc())
        add(*stream.rtxSsrc(), stream.rtxReception(), nullptr);
    }
  return blocks;
}

/// All that there is to say: reports if `regular`, and what is missing.
void MediaPlane::report(bool regular, Time now) {
  bool reducedSize = !plan_.sections.empty(), measures = false, sends = false;
  for (const PlannedMedia& each : plan_.sections) {
    reducedSize &= each.reducedSizeRtcp;
    measures |= each.receiverRtt;
  }
  std::uint32_t speaker = ownSsrc_;
  for (auto& [id, section] : sections_)
    for (const Sending& each : section.sending)
      if (each.stream->hasSent()) {
        if (!sends) speaker = each.stream->ssrc();
        sends = true;
      }

  const std::size_t limit = config_.mtu - srtp::rtcpOverhead(srtp::Profile::AeadAes128Gcm);
  Writer writer(pool_, limit, speaker, plan_.cname, regular || !reducedSize);
  const auto full = [&](Packet packet) { transmitRtcp(std::move(packet)); };
  if (regular) {
    // RFC 8108 s.5.3: all sources in one compound packet. What we receive is reported once, by the first of them, not
    // by each of ours again (RFC 8861 s.3).
    auto blocks = reportBlocks(now);
    std::span<const rtcp::ReportBlock> left(blocks);
    const auto take = [&] {
      const auto some = left.first(std::min(left.size(), rtcp::maximumReports));
      left = left.subspan(some.size());
      return some;
    };
    writer.reportsItself();
    if (!sends) writer.add(rtcp::ReceiverReport{speaker, take()}, full);
    std::vector<std::pair<std::uint32_t, std::string_view>> names;
    for (auto& [id, section] : sections_)
      for (const Sending& each : section.sending) {
        const rtp::SendStream& stream = *each.stream;
        if (!stream.hasSent()) continue;
        const auto ntp = config_.clock.ntp(now);
        writer.add(rtcp::SenderReport{stream.ssrc(), ntp, stream.timestampAt(now), stream.packetCount(),
                                      stream.octetCount(), take()},
                   full);
        names.emplace_back(stream.ssrc(), section.plan.mid);
        if (stream.rtxSsrc() && stream.hasSentRtx()) {
          writer.add(
              rtcp::SenderReport{
                  *stream.rtxSsrc(), ntp, stream.timestampAt(now), stream.rtxPacketCount(), stream.rtxOctetCount(), {}},
              full);
          names.emplace_back(*stream.rtxSsrc(), section.plan.mid);
        }
      }
    if (names.empty()) names.emplace_back(speaker, std::string_view());
    while (!left.empty()) writer.add(rtcp::ReceiverReport{speaker, take()}, full);
    for (const auto& [ssrc, mid] : names) {
      const rtcp::SdesItem items[] = {{rtcp::SdesType::Cname, plan_.cname}, {rtcp::SdesType::Mid, mid}};
      const rtcp::SdesChunk chunk{ssrc, std::span(items).first(mid.empty() ? 1 : 2)};
      writer.add(rtcp::SourceDescription({&chunk, 1}), full);
    }
    rtcp::ExtendedReport extended;
    extended.ssrc = speaker;
    // Whoever sends measures by SR and RR.
    if (measures && !sends) extended.receiverReferenceTime = config_.clock.ntp(now);
    std::vector<rtcp::DlrrItem> answers;
    for (const auto& [ssrc, reference] : std::exchange(references_, {}))
      answers.push_back({ssrc, reference.middle, rtp::toCompactNtp(now - reference.arrived)});
    extended.dlrr = std::span<const rtcp::DlrrItem>(answers);
    if (extended.receiverReferenceTime || !answers.empty()) writer.add(extended, full);
  }

  for (auto& [id, section] : sections_) {
    if (!section.plan.receiving) continue;
    const auto& codecs = section.plan.receiving->codecs;
    const bool pli = offers(codecs, "nack", "pli"), fir = offers(codecs, "ccm", "fir");
    for (auto& each : section.receiving) {
      rtp::ReceiveStream& stream = *each->stream;
      std::vector<rtcp::NackItem> items;
      rtcp::packNackItems(stream.nacks(now), items);
      for (std::span<const rtcp::NackItem> left(items); !left.empty();) {
        // At least one: a packet that is full makes room by itself.
        const auto some = left.first(std::clamp<std::size_t>(writer.room() / rtcp::NackItem::wireSize, 1, left.size()));
        left = left.subspan(some.size());
        writer.add(rtcp::Nack{speaker, stream.ssrc(), some}, full);
      }
      if (stream.keyFrameDue(now, !pli && fir)) {
        if (pli) {
          writer.add(rtcp::Pli{speaker, stream.ssrc()}, full);
        } else if (fir) {
          const rtcp::FirItem item[] = {{stream.ssrc(), ++each->fullIntraNumber}};
          writer.add(rtcp::Fir{speaker, item}, full);
        }
      }
    }
  }
  while (!arrivals_.waiting().empty()) {
    rtcp::TransportFeedbackReport feedback;
    feedback.sender = speaker;
    feedback.media = arrivalsSsrc_;
    feedback.feedbackNumber = arrivals_.nextFeedbackNumber();
    // As much as fits a packet with others before it; a full one makes room by itself.
    feedback.lostBefore = arrivals_.lostBefore();
    feedback.arrivals = arrivals_.waiting().first(
        rtcp::TransportFeedbackReport::fit(arrivals_.waiting(), limit / 2, feedback.lostBefore));
    if (feedback.arrivals.empty()) break;
    const std::size_t count = feedback.arrivals.size();
    writer.add(feedback, full);
    arrivals_.reported(count);
  }
  for (;;) {
    const auto streams = sourceArrivals_.take(limit / 2, now);
    if (streams.empty()) break;
    ++sourceFeedback_.sent;
    writer.add(rtcp::CongestionFeedback(speaker, streams, config_.clock.ntp(now).middle()), full);
  }
  transmitRtcp(writer.finish());
}

void MediaPlane::sayBye() {
  if (!sender_) return;
  std::vector<std::uint32_t> ssrcs;
  for (const auto& [id, section] : sections_)
    for (const Sending& each : section.sending)
      if (each.stream->hasSent() && ssrcs.size() < rtcp::maximumReports) ssrcs.push_back(each.stream->ssrc());
  if (!ssrcs.empty()) sayBye(ssrcs);
}

void MediaPlane::sayBye(std::span<const std::uint32_t> ssrcs) {
  Writer writer(pool_, config_.mtu, ssrcs.front(), plan_.cname, true);
  rtcp::Bye bye;
  bye.ssrcs = ssrcs;
  writer.add(bye, [&](Packet packet) { transmitRtcp(std::move(packet)); });
  transmitRtcp(writer.finish());
}

}  // namespace parley::pc
