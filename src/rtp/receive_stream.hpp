#pragma once

#include "base/packet_pool.hpp"
#include "rtp/capture_time.hpp"
#include "rtp/extension/dependency_descriptor.hpp"
#include "rtp/extension_ids.hpp"
#include "rtp/fec/ulpfec_decoder.hpp"
#include "rtp/key_frame_requests.hpp"
#include "rtp/nack_generator.hpp"
#include "rtp/packet.hpp"
#include "rtp/payload/frame_assembler.hpp"
#include "rtp/payload/layer_fields.hpp"
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
///   FEC ──► what it restores ──────┴──► NACK                  a gap        key frame request
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
  /// Its name, which a packet said later than the first.
  void setRid(std::string rid) { config_.rid = std::move(rid); }

  /// A packet that is new, for others who may be given it as well: as its codec's packetizer made it, out of RED and of
  /// what repaired it. One of FEC has no payload, and the payload type of what came last. Borrowed until the next call
  /// of anything here.
  struct Taken {
    PacketView packet;
    bool newest = false;  ///< No later one came before.
  };
  /// A packet of the stream, whose bytes are changed. Nothing if it was there before, came too late, or belongs to
  /// nothing.
  std::optional<Taken> handle(const PacketView& packet, base::MutableBytes bytes, Time now);
  /// The same for one of the repair stream.
  std::optional<Taken> handleRtx(const PacketView& packet, base::MutableBytes bytes, Time now);
  /// What FEC restores with a packet that was taken: to be called until there is nothing.
  std::optional<Taken> restore(Time now);
  void setRoundTrip(Duration roundTrip);
  /// Somebody who did not see this stream from its start wants a key frame.
  void requestKeyFrame(Time now) { keyFrames_.need(now); }

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
  std::uint16_t highestSequence() const { return static_cast<std::uint16_t>(reception_.highest()); }
  InboundStats stats() const;

 private:
  /// Of packets whose payload format counts pictures.
  struct Picture {
    std::uint8_t payloadType = 0;
    std::uint16_t id = 0, mask = 0;
    bool begins = false, ends = false;
  };
  const Codec* codecOf(std::uint8_t payloadType) const;
  bool isRed(std::uint8_t payloadType) const { return red_ && payloadType == red_; }
  bool isFec(std::uint8_t payloadType) const { return ulpfec_ && payloadType == ulpfec_; }
  std::optional<std::uint64_t> missing(std::uint16_t sequence) const;
  std::optional<PacketView> take(std::uint64_t sequence, const PacketView& packet, base::MutableBytes bytes, Time now);
  bool insert(std::uint64_t sequence, const PacketView& packet, Time now);
  void release(Time now);
  std::optional<Picture> pictureOf(const PacketView& packet) const;
  bool onlyFecIsMissing() const;
  void assemble(std::uint64_t sequence, const PacketView& packet, Time now);
  void assembleNothing(std::uint64_t sequence, Time now);
  void drain(Time now);
  bool awaitsFec() const;
  Duration patience() const;
  /// The payload type that one of the repair stream repairs.
  std::optional<std::uint8_t> originalOf(std::uint8_t rtxPayloadType) const;
  /// 0: not known.
  std::uint32_t clockRateOf(std::uint8_t payloadType) const;

  Config config_;
  base::PacketPool& pool_;
  Reception reception_, rtxReception_;
  ReorderBuffer<Packet> reorder_;  ///< Those of FEC are empty.
  NackGenerator nack_;
  KeyFrameRequests keyFrames_;
  extension::DependencyDescriptorReader descriptors_;
  SequenceUnwrapper frameNumbers_;
  CaptureLine captures_;
  payload::FrameAssembler assembler_;
  base::Ring<std::optional<EncodedFrame>> frames_;
  std::optional<std::uint32_t> rtxSsrc_;
  std::optional<std::uint8_t> red_, ulpfec_;  ///< Payload types.
  std::optional<fec::UlpfecDecoder> fec_;     ///< From the first packet of FEC on: until then nothing is kept for it.
  /// Numbers: of the last packet of FEC, and of the last one behind which something else came.
  std::uint64_t lastFec_ = 0, fecFollowed_ = 0;
  std::optional<Picture> lastPicture_;  ///< Of what was assembled last; only with `fec_`.
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
