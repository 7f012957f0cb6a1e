#pragma once

#include "base/packet_pool.hpp"
#include "rtp/capture_time.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "rtp/extension_ids.hpp"
#include "rtp/key_frame_requests.hpp"
#include "rtp/nack_generator.hpp"
#include "rtp/packet.hpp"
#include "rtp/payload/frame_assembler.hpp"
#include "rtp/reception.hpp"
#include "rtp/reorder_buffer.hpp"
#include "rtp/round_trip.hpp"
#include "rtp/sequence.hpp"
#include "rtp/stream_stats.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace parley::rtp {

/// One stream that we receive, with the stream that repairs it: its packets become frames in decode order.
///
///   packet ──► statistics ──► reordering, which waits for what is missing ──► assembler ──► frame
///                                  │ missing                    │ given up         │ not decodable
///   RTX ──► the original ──────────┤                            ▼                  ▼
///                                  └──► NACK                  a gap        key frame request
///
/// It sends nothing itself: its owner asks for `nacks` and `keyFrameDue` when it makes RTCP. What is missing is waited
/// for as long as requests for it may still be answered, and a second at most.
class ReceiveStream {
 public:
  struct Codec {
    std::string mimeType;
    std::uint8_t payloadType = 0;
    std::uint32_t clockRate = 90000;
    std::uint16_t channels = 0;
    payload::CodecOptions options;
  };
  struct Config {
    MediaKind kind = MediaKind::Video;
    std::uint32_t ssrc = 0;
    ExtensionIds ids;
    std::vector<Codec> codecs;
    /// Of rtx: the payload types that it repairs, by its own (RFC 4588 s.8.6).
    std::vector<std::pair<std::uint8_t, std::uint8_t>> rtx;
    bool nack = false;
    std::string rid;
  };

  ReceiveStream(Config config, base::PacketPool& pool);

  /// What a later description says. Packets and statistics stay.
  void configure(Config config);

  /// A packet of the stream, and whether it is one that others may be given as well.
  enum class Handled : std::uint8_t {
    Useless,  ///< It was there before, came too late, or belongs to nothing.
    Late,     ///< Later ones came before it.
    Newest
  };
  Handled handle(const PacketView& packet, Time now);
  /// One of the repair stream. The original's sequence number, if that was missing until now.
  std::optional<std::uint16_t> handleRtx(const PacketView& packet, Time now);
  void setRoundTrip(Duration roundTrip);
  /// Somebody who did not see this stream from its start wants a key frame.
  void requestKeyFrame(Time now) { keyFrames_.need(now); }
  /// The payload type that one of the repair stream repairs.
  /// 0: not known.
  std::uint32_t clockRateOf(std::uint8_t payloadType) const;
  std::optional<std::uint8_t> originalOf(std::uint8_t rtxPayloadType) const;

  std::optional<EncodedFrame> poll();

  /// When something is to be asked for: make RTCP.
  Time feedbackDeadline() const { return std::min(nack_.deadline(), keyFrames_.deadline()); }
  /// The numbers to ask for now; they count as asked. Valid until the next call.
  const std::vector<std::uint16_t>& nacks(Time now);
  /// True: ask for a key frame now, by PLI or (`byFullIntra`) FIR.
  bool keyFrameDue(Time now, bool byFullIntra);

  Time deadline() const;
  void advance(Time now);

  // --- Reports ---

  Reception& reception() { return reception_; }
  Reception& rtxReception() { return rtxReception_; }
  std::optional<std::uint32_t> rtxSsrc() const { return rtxSsrc_; }
  /// The peer's sender report: for LSR, DLSR and statistics.
  struct SenderReport {
    std::uint64_t ntp = 0;
    std::uint32_t rtpTimestamp = 0, packets = 0, octets = 0;
    Time arrived{};
  };
  void handleSenderReport(const SenderReport& report);
  const std::optional<SenderReport>& senderReport() const { return senderReport_; }
  /// By the DLRR that came with the latest report (RFC 3611 s.4.5).
  void handleRoundTrip(Duration measured) {
    reportedRoundTrip_.sample(measured);
    reportHasRoundTrip_ = true;
  }

  const Config& config() const { return config_; }
  std::uint32_t ssrc() const { return config_.ssrc; }
  Time lastPacket() const { return lastPacket_; }
  InboundStats stats() const;

 private:
  /// A packet that waits for others.
  struct Held {
    Packet packet;
    bool repaired = false;  ///< It is of the RTX stream: the original is in its payload.
  };
  bool insert(std::uint64_t sequence, const PacketView& packet, bool repaired, Time now);
  void release(Time now);
  void assemble(std::uint64_t sequence, const PacketView& packet, bool repaired, Time now);
  void drain(Time now);
  Duration patience() const;

  Config config_;
  base::PacketPool& pool_;
  Reception reception_, rtxReception_;
  ReorderBuffer<Held> reorder_;
  NackGenerator nack_;
  KeyFrameRequests keyFrames_;
  extension::DependencyDescriptorReader descriptors_;
  SequenceUnwrapper frameNumbers_;
  CaptureLine captures_;
  payload::FrameAssembler assembler_;
  base::Ring<std::optional<EncodedFrame>> frames_;
  std::optional<std::uint32_t> rtxSsrc_;
  Duration roundTrip_ = std::chrono::milliseconds(100);
  std::optional<SenderReport> senderReport_;
  std::uint64_t senderReports_ = 0, reportedPackets_ = 0, reportedOctets_ = 0;
  RoundTrip reportedRoundTrip_;
  bool reportHasRoundTrip_ = false;
  std::optional<std::uint8_t> lastPayloadType_;
  Time lastPacket_{};
  InboundStats stats_;
};

}  // namespace parley::rtp
