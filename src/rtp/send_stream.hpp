#pragma once

#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "rtp/capture_time.hpp"
#include "rtp/circuit_breaker.hpp"
#include "rtp/continuation.hpp"
#include "rtp/extension_ids.hpp"
#include "rtp/fec/ulpfec_encoder.hpp"
#include "rtp/key_frame_requests.hpp"
#include "rtp/packet_builder.hpp"
#include "rtp/packet_history.hpp"
#include "rtp/payload/packetizer.hpp"
#include "rtp/round_trip.hpp"
#include "rtp/stream_stats.hpp"

#include <parley/encoded_frame.hpp>
#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace parley::rtp {

/// One stream that we send, with the stream that repairs it (RFC 4588): frames become packets, and packets that the
/// peer missed go again. Of frames, FEC goes with them while it is agreed and of use (RFC 5109, in RED).
///
///   frame ──► packetizer ──┬──► poll ──► (owner stamps and encrypts) ──► sent ──► history ──► NACK ──► poll …
///                └► FEC ───┤
///   packet (forwarded) ────┘
///
/// The owner writes what is known only when a packet leaves (abs-send-time, the transport-wide number) and then says
/// `sent`, so that history has the packet as it went out.
class SendStream {
 public:
  struct Codec {
    std::string mimeType;
    std::uint8_t payloadType = 0;
    std::uint32_t clockRate = 90000;
    std::uint16_t channels = 0;
    payload::CodecOptions options;
    /// Of the payload type; without it packets are repeated as they were.
    std::optional<std::uint8_t> rtxPayloadType;
    bool nack = false;  ///< The peer asks for packets again.
  };
  struct Config {
    MediaKind kind = MediaKind::Video;
    std::uint32_t ssrc = 0;
    std::optional<std::uint32_t> rtxSsrc;
    std::string mid, rid;
    ExtensionIds ids;
    ExtensionForm form = ExtensionForm::OneByte;
    std::vector<Codec> codecs;  ///< The first is meant by frames that name none.
    /// Before SRTP's tag.
    std::size_t maxPacketSize = 1175;
    WallClock clock;  ///< For capture times.
  };

  SendStream(Config config, base::PacketPool& pool, base::Random& random);

  /// What a later description says of the stream. Numbers and timestamps go on; the SSRCs must be the same.
  void configure(Config config);

  enum class Sent : std::uint8_t { Yes, UnknownCodec, BadFrame, CircuitOpen };
  Sent send(const EncodedFrame& frame, Time now);

  /// A packet of another connection, which it borrows.
  struct Forwarded {
    const PacketView& packet;
    const payload::LayerFields& fields;
    std::uint8_t payloadType = 0;  ///< Ours for it.
    std::uint32_t clockRate = 90000;
    /// By its ids of header extensions ours, or 0 for those that do not pass. Those that this stream writes itself
    /// (names, send times, transport-wide numbers) must be 0.
    const std::array<std::uint8_t, 256>& extensionIds;
    /// Its id of the dependency descriptor, or 0.
    std::uint8_t dependencyDescriptor = 0;
    std::optional<std::uint8_t> maxTemporalLayer;
    /// The first of its source. It is something that a decoder can begin with.
    bool begins = false;
    /// When it was captured, by our clock: for sender reports by which the peer can play two streams of the origin in
    /// time.
    std::optional<Time> captured;
  };
  enum class Passed : std::uint8_t {
    Yes,
    LeftOut,   ///< Padding, a temporal layer that is not wanted, or too late.
    NotBegun,  ///< The source has to begin (again).
    TooLarge,
    CircuitOpen
  };
  /// Numbers go on behind what was sent before, frames or packets.
  Passed forward(const Forwarded& forwarded, Time now);

  struct Outgoing {
    enum class Kind : std::uint8_t {
      Media,
      Retransmission,  ///< On the RTX stream.
      Repetition,      ///< The very packet again: must go out byte by byte as it is, for the sake of SRTP's nonce.
    };
    Packet packet;
    Kind kind;
  };
  std::optional<Outgoing> poll() { return outbox_.poll(); }
  /// The packet goes out like this now.
  void sent(const Packet& packet, Outgoing::Kind kind, Time now);
  /// The path is gone or the section on hold: silence is no sign of trouble.
  void idle() { breaker_.idle(); }

  // --- What the peer says ---

  void handleNack(std::span<const std::uint16_t> sequences, Duration roundTrip, Time now);
  /// True: tell the encoder.
  bool handlePictureLoss(Duration roundTrip, Time now);
  bool handleFullIntra(std::uint8_t number, Duration roundTrip, Time now);
  struct Report {
    std::uint8_t fractionLost = 0;
    std::int32_t cumulativeLost = 0;
    std::uint32_t extendedHighest = 0;
    std::uint32_t jitter = 0;
    std::optional<Duration> roundTrip;
  };
  void handleReport(const Report& report, Duration roundTrip, Time now);
  /// What FEC takes of the bitrate beside what the application sends.
  double fecOverhead() const { return fec_ ? protection_.overhead() : 0; }
  /// A report block about the repair stream.
  void handleRtxReport() { rtxKnown_ = true; }
  /// An SR or RR of the peer, whatever it is about.
  void heard(Time now) { breaker_.heard(now); }

  /// Sends something again that nobody asked for, on the repair stream, to find out what the path carries. False if
  /// there is nothing, or no repair stream.
  bool repeatForProbe();

  // --- What an SR tells ---

  bool hasSent() const { return packets_ != 0; }
  bool hasSentRtx() const { return rtxPackets_ != 0; }
  /// At `now`, in units of the clock of what was sent last (RFC 3550 s.6.4.1).
  std::uint32_t timestampAt(Time now) const;
  /// The same as an `EncodedFrame::rtpTimestamp`, in units of `clockRate`: for frames that the stream's owner adds.
  std::uint32_t mediaTimestampAt(Time now, std::uint32_t clockRate) const;
  std::uint32_t packetCount() const { return static_cast<std::uint32_t>(packets_); }
  std::uint32_t octetCount() const { return static_cast<std::uint32_t>(octets_); }
  std::uint32_t rtxPacketCount() const { return static_cast<std::uint32_t>(rtxPackets_); }
  std::uint32_t rtxOctetCount() const { return static_cast<std::uint32_t>(rtxOctets_); }

  std::optional<CircuitBreaker::Cause> circuitOpened() { return breaker_.poll(); }
  Time deadline() const { return breaker_.deadline(); }
  void advance(Time now) { breaker_.advance(now); }

  const Config& config() const { return config_; }
  std::uint32_t ssrc() const { return config_.ssrc; }
  std::optional<std::uint32_t> rtxSsrc() const { return config_.rtxSsrc; }
  OutboundStats stats() const;

 private:
  struct Active {
    Codec codec;
    std::unique_ptr<payload::Packetizer> packetizer;
  };
  /// The payload types of FEC.
  struct Fec {
    std::uint8_t red = 0, ulpfec = 0;
  };
  static std::optional<Fec> fecOf(const Config& config);
  Active* find(const std::string& mimeType);
  Packet fecPacket(HeaderFields fields, base::Bytes payload);
  std::uint32_t timestampOf(const EncodedFrame& frame, std::uint32_t clockRate, Time now);
  std::optional<extension::AbsCaptureTime> captureTimeOf(const EncodedFrame& frame) const;
  PacketBuilder header(const EncodedFrame& frame, const HeaderFields& fields,
                       const std::optional<extension::AbsCaptureTime>& captured, bool first, bool last);
  void addNames(PacketBuilder& builder, bool repair);
  void addForwarded(PacketBuilder& builder, const Forwarded& forwarded, std::optional<std::uint16_t> frameNumber);
  std::optional<Packet> rtxOf(const Packet& packet);

  Config config_;
  base::PacketPool& pool_;
  base::Random& random_;
  std::vector<Active> codecs_;
  std::optional<Fec> fec_;
  fec::UlpfecEncoder protection_;
  base::Outbox<Outgoing> outbox_;
  PacketHistory history_;
  CircuitBreaker breaker_;
  KeyFrameDemand demand_;

  std::uint16_t nextSequence_, nextRtxSequence_;  ///< RFC 3550 s.5.1: they start at random.
  std::uint16_t firstSequence_;
  std::uint32_t timestampOffset_;
  std::optional<Time> firstCapture_;
  std::optional<Continuation> continuation_;  ///< While packets are forwarded.
  /// A report about the stream came: the peer knows whose it is, and names need not be in each packet any more.
  bool known_ = false, rtxKnown_ = false;

  std::optional<std::uint8_t> lastPayloadType_;
  std::uint32_t lastTimestamp_ = 0, lastClockRate_ = 90000;
  Time lastCapture_{};
  CaptureTeller captures_;
  std::uint64_t packets_ = 0, octets_ = 0, rtxPackets_ = 0, rtxOctets_ = 0;
  RoundTrip roundTrip_;
  OutboundStats stats_;
};

}  // namespace parley::rtp
