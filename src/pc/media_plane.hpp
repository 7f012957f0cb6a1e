#pragma once

#include "base/counters.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "dtls/srtp_keys.hpp"
#include "pc/media_event.hpp"
#include "pc/media_plan.hpp"
#include "pc/packet_tap.hpp"
#include "rtp/bandwidth/estimator.hpp"
#include "rtp/demultiplexer.hpp"
#include "rtp/ntp.hpp"
#include "rtp/receive_stream.hpp"
#include "rtp/round_trip.hpp"
#include "rtp/rtcp/compound.hpp"
#include "rtp/rtcp/extended_report.hpp"
#include "rtp/rtcp/report.hpp"
#include "rtp/rtcp_scheduler.hpp"
#include "rtp/send_stream.hpp"
#include "rtp/sender_clock.hpp"
#include "rtp/source_arrivals.hpp"
#include "rtp/tone_player.hpp"
#include "rtp/transport_arrivals.hpp"
#include "srtp/session.hpp"

#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace parley::pc {

/// Why a packet of media went nowhere.
enum class MediaDrop {
  NoKeys,      ///< Came before DTLS was connected, and there was no room to hold it; or was to be sent before.
  Malformed,   ///< Authentic, but not RTP or RTCP.
  NoSection,   ///< RTP that belongs to no section (RFC 9143 s.9.2), or to one that does not receive.
  NoOriginal,  ///< A repair stream, and nothing tells what it repairs.
  OwnSsrc,     ///< The peer uses an SSRC of ours: a collision, or a loop (RFC 3550 s.8.2).
  TooManyStreams,
  AfterBye,     ///< Of a source that has left: overtaken by its BYE (RFC 3550 s.6.2.1).
  NotSending,   ///< A frame for a section, or a stream of it, that does not send.
  BadFrame,     ///< A frame whose codec was not negotiated, or that is not what its codec demands.
  CircuitOpen,  ///< A frame while the circuit breaker is open.
  Count
};

/// What the media planes of one connection number: nothing of them is used twice, whatever transport a section is on.
struct MediaNumbers {
  std::uint32_t lastStream = 0;
  std::uint64_t lastPlan = 0;
};

/// The media of one transport: SRTP, and the streams of all its sections.
///
///   sendFrame ─► SendStream ─► SRTP ─► Transmit          handle ─► SRTP ─┬─► demultiplexer ─► ReceiveStream ─►
///   FrameReceived
///                    ▲                                                   └─► RTCP ─► reports, NACK, PLI …
///                    └── NACK, PLI, reports ◄── RTCP          RtcpScheduler ─► SR/RR, SDES, NACK, PLI ─► Transmit
///
/// Streams come to be by the plan (sending) or by their first packet (receiving), and end with their section, or a BYE.
class MediaPlane {
 public:
  struct Config {
    rtp::WallClock clock;
    /// The largest datagram; see `dtls::defaultMtu`.
    std::size_t mtu = 1191;
    std::shared_ptr<MediaNumbers> numbers = std::make_shared<MediaNumbers>();
  };
  MediaPlane(Config config, base::PacketPool& pool, base::Random& random);

  /// What the latest descriptions want. Streams that stay go on.
  void apply(const MediaPlan& plan, Time now);
  /// DTLS is connected. What arrived before is read now.
  void start(const dtls::SrtpKeys& keys, Time now);
  /// DTLS ended, or another association begins.
  void stop();
  bool started() const { return sender_.has_value(); }
  /// ICE's measurement, until RTCP has one of its own.
  void setRoundTripTime(Duration roundTrip) { iceRoundTrip_ = roundTrip; }

  void sendFrame(TransceiverId transceiver, const EncodedFrame& frame, Time now);
  /// An empty rid means all streams.
  void requestKeyFrame(TransceiverId transceiver, const std::string& rid, Time now);

  /// RFC 4733, W3C RTCDTMFSender: see `rtp::TonePlayer`.
  void insertTones(TransceiverId transceiver, const std::string& tones, Duration duration, Duration gap, Time now);

  // --- Forwarding (pc/forwarder.hpp) ---

  /// What the section receives, now or later.
  void addTap(TransceiverId transceiver, std::shared_ptr<PacketTap> tap);
  void removeTap(const PacketTap* tap);
  /// Who is asked for key frames, instead of the track.
  void setKeyFrameSource(TransceiverId transceiver, std::weak_ptr<KeyFrameSource> source);
  bool sends(TransceiverId transceiver) const;
  ForwardOutcome forward(TransceiverId transceiver, const ForwardedPacket& forwarded, Time now);

  /// A datagram whose first byte is 128 to 191 (RFC 7983). Changed in place.
  void handle(base::MutableBytes datagram, Time now);

  struct Transmit {
    Packet packet;
  };
  using Output =
      std::variant<Transmit, FrameReceived, KeyFrameWanted, SendBitrateChanged, SourceCollided, MediaFlows, TonePlayed>;
  std::optional<Output> poll() { return outbox_.poll(); }
  Time deadline() const;
  void advance(Time now);
  /// The streams that we send have ended: says so to the peer.
  void sayBye();

  struct Stats {
    struct Outbound {
      std::uint32_t number = 0;  ///< Of all streams, sent and received; never used twice.
      TransceiverId transceiver = 0;
      std::string mid, rid;
      MediaKind kind = MediaKind::Audio;
      std::uint32_t ssrc = 0;
      std::optional<std::uint32_t> rtxSsrc;
      std::uint32_t encoding = 0;  ///< Its place among those of the sender.
      bool active = false;
      std::string scalabilityMode;
      rtp::OutboundStats values;
    };
    struct Inbound {
      std::uint32_t number = 0;
      TransceiverId transceiver = 0;
      std::string mid, rid;
      MediaKind kind = MediaKind::Audio;
      std::uint32_t ssrc = 0;
      std::optional<std::uint32_t> rtxSsrc;
      std::string cname;
      rtp::InboundStats values;
    };
    std::vector<Outbound> outbound;
    std::vector<Inbound> inbound;
    std::optional<Duration> roundTripTime;
    /// By feedback on arrivals: what the path carries, in bits a second.
    std::optional<double> availableOutgoingBitrate;
    struct Messages {
      std::uint64_t sent = 0, received = 0;
    };
    std::optional<Messages> sourceFeedback;  ///< Reports of RFC 8888, if some section has agreed on them.
    base::Counters<MediaDrop> drops;
    base::Counters<srtp::Drop> sent, received;  ///< SRTP's
  };
  Stats stats() const;

 private:
  struct Sending {
    std::uint32_t number = 0;
    std::string rid;
    bool active = true;
    bool collided = false;  ///< The SSRC is the peer's now.
    std::unique_ptr<rtp::SendStream> stream;
  };
  struct Receiving {
    std::uint32_t number = 0;
    std::string cname;
    std::unique_ptr<rtp::ReceiveStream> stream;
    /// Reports tell of what came since the report before (RFC 3550 s.6.4).
    bool reportDue = false, rtxReportDue = false;
    std::uint8_t fullIntraNumber = 0;
  };
  /// What is known of a source beyond its stream.
  struct Source {
    std::string rid;
    struct End {
      std::uint16_t highest = 0;
      Time at{};
    };
    std::optional<End> bye;
  };
  struct Section {
    PlannedMedia plan;
    rtp::ExtensionIds sendIds, receiveIds;
    std::vector<Sending> sending;
    std::vector<std::unique_ptr<Receiving>> receiving;
    std::unordered_map<std::uint32_t, Source> sources;  ///< By SSRC; see `ridOf` and `isStraggler`.
    bool flows = false;
    int collisions = 0;
    bool feedsTransport = false;  ///< Its packets are told by transport-wide feedback.
    bool feedsSources = false;    ///< Or by that of RFC 8888, if they have no transport-wide number.
    bool toldBySource = false;    ///< The peer tells of those that we send by RFC 8888.
    /// The estimate is of its packets too.
    bool isEstimated() const { return sendIds.transportSequence != 0 || toldBySource; }
    std::optional<rtp::TonePlayer> tones;
  };
  /// Where the packets of an SSRC go.
  struct Route {
    Section* section = nullptr;
    Receiving* receiving = nullptr;
    bool repair = false;
  };
  /// Of a peer that sends nothing and measures the round trip by RRTR (RFC 3611 s.4.4).
  struct Reference {
    std::uint32_t middle = 0;
    Time arrived{};
  };

  // media_plane.cpp
  void applySending(Section& section, Time now);
  void applyReceiving(Section& section);
  rtp::SendStream::Config sendConfig(const Section& section, const PlannedEncoding& encoding) const;
  rtp::ReceiveStream::Config receiveConfig(const Section& section, std::uint32_t ssrc, std::string rid) const;
  void drain(rtp::SendStream& stream, const Section& section, Time now);
  void playTones(Section& section, Time now);
  void probe(Time now);
  void updateWanted();
  void transmitRtcp(Packet packet);
  void pump(Time now);
  void sayBye(std::span<const std::uint32_t> ssrcs);
  /// RFC 3550 s.8.2. True if the SSRC is ours.
  bool collides(std::uint32_t ssrc, Time now);
  bool isOwn(std::uint32_t ssrc) const;
  Time feedbackDeadline(const Section& section) const;
  Duration roundTrip() const { return roundTrip_.smoothed().value_or(iceRoundTrip_); }

  // media_plane_receive.cpp
  /// A source that is silent for so long has stopped. Those that have nothing to say (DTX, a picture that rests) still
  /// send something within seconds.
  static constexpr Duration silence = std::chrono::seconds(10);
  /// Simulcast has three streams a section; the rest is for sources that changed their SSRC.
  static constexpr std::size_t maxStreams = 16, maxSources = 4 * maxStreams;
  /// How much later than a BYE what was sent before it may come.
  static constexpr Duration stragglers = std::chrono::seconds(1);
  void handleRtp(base::MutableBytes datagram, Time now);
  Route* route(const rtp::PacketView& packet, Time now);
  Route* newStream(Section& section, const rtp::PacketView& packet, Time now);
  Route* newRepair(Section& section, const rtp::PacketView& packet);
  Receiving* sourceFor(Section& section, const rtp::PacketView& packet);
  std::string ridOf(Section& section, const rtp::PacketView& packet, std::uint8_t id);
  bool isStraggler(Section& section, const rtp::PacketView& packet, Time now);
  Source& sourceOf(Section& section, std::uint32_t ssrc);
  void collect(Section& section, Receiving& receiving);
  void flow(Section& section, bool flows);
  void end(std::uint32_t ssrc);
  void left(std::uint32_t ssrc, Time now);
  Time flowsUntil(const Section& section) const;
  void timeOut(Time now);

  // media_plane_forward.cpp
  void tap(const Section& section, Receiving& receiving, const rtp::PacketView& packet, bool newest, Time now);

  // media_plane_rtcp.cpp
  void handleRtcp(base::MutableBytes datagram, Time now);
  void handleNames(const rtp::rtcp::CompoundView& compound);
  void handlePacket(const rtp::rtcp::PacketView& packet, Time now);
  void handleBlocks(std::uint32_t reporter, const rtp::rtcp::Records<rtp::rtcp::ReportBlock>& blocks, Time now);
  void handleExtended(const rtp::rtcp::ExtendedReport& report, Time now);
  void handleEstimate(std::uint64_t bitrate, const rtp::rtcp::Records<std::uint32_t>& ssrcs);
  template <class Feedback>
  void handleEstimated(const Feedback& feedback, Time now);
  void share(std::uint64_t bitrate, const std::vector<Section*>& sections);
  void wantKeyFrame(const Section& section, const Sending& sending, Time now);
  std::pair<Section*, Sending*> findSending(std::uint32_t ssrc);
  void report(bool regular, Time now);
  std::vector<rtp::rtcp::ReportBlock> reportBlocks(Time now);

  Config config_;
  base::PacketPool& pool_;
  base::Random& random_;
  base::Outbox<Output> outbox_;
  MediaPlan plan_;
  std::map<TransceiverId, Section> sections_;
  std::unordered_map<std::uint32_t, Route> routes_;
  rtp::Demultiplexer demultiplexer_;
  rtp::ExtensionIds names_;  ///< mid, rid and repairedRid, which are the same in all sections (RFC 9143 s.10.2).

  std::optional<srtp::Sender> sender_;
  std::optional<srtp::Receiver> receiver_;
  std::vector<std::vector<std::uint8_t>> early_;  ///< Came before the keys.

  rtp::RtcpScheduler scheduler_;
  bool feedbackWanted_ = false;  ///< The scheduler knows.
  std::uint32_t ownSsrc_;        ///< Reports while we send nothing.
  rtp::RoundTrip roundTrip_;
  Duration iceRoundTrip_ = std::chrono::milliseconds(100);
  std::map<std::uint32_t, Reference> references_;
  std::uint16_t transportSequence_ = 0;
  rtp::bandwidth::Estimator estimator_;
  rtp::TransportArrivals arrivals_;
  rtp::SourceArrivals sourceArrivals_;
  Stats::Messages sourceFeedback_;
  std::uint32_t arrivalsSsrc_ = 0;                   ///< The stream that came last, for the head of that feedback.
  std::map<TransceiverId, std::uint64_t> bitrates_;  ///< What was told last.
  base::Counters<MediaDrop> drops_;

  std::uint64_t generation_ = 0;  ///< Of the plan.
  std::vector<std::pair<TransceiverId, std::shared_ptr<PacketTap>>> taps_;
  std::map<TransceiverId, std::weak_ptr<KeyFrameSource>> keyFrameSources_;
  rtp::SenderClock senderClock_;
};

}  // namespace parley::pc
