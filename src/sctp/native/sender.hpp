#pragma once

#include "base/timers.hpp"
#include "sctp/association.hpp"
#include "sctp/congestion/controller.hpp"
#include "sctp/congestion/pacer.hpp"
#include "sctp/native/acknowledged_ranges.hpp"
#include "sctp/native/forward_rto.hpp"
#include "sctp/native/outgoing_message.hpp"
#include "sctp/native/outgoing_resets.hpp"
#include "sctp/native/outstanding.hpp"
#include "sctp/native/rack.hpp"
#include "sctp/native/rto_estimator.hpp"
#include "sctp/native/send_queue.hpp"
#include "sctp/native/tail_probe.hpp"
#include "sctp/wire/forward_tsn_chunk.hpp"
#include "sctp/wire/iforward_tsn_chunk.hpp"
#include "sctp/wire/packet_builder.hpp"
#include "sctp/wire/reconfig_chunk.hpp"
#include "sctp/wire/sack_chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace parley::sctp::native {

/// The sending half of an association that is up: messages in, chunks out, acknowledgements in. It has its timers, and
/// its owner its packets:
///
///     sender.advance(now);                        // or handle(sack, now), send(…), …
///     while (sender.wantsPacket(now)) {
///       wire::PacketBuilder builder(pool, header, mtu);
///       …                                         // what the owner has to say: a SACK, …
///       sender.fill(builder, now);                // FORWARD TSN, RE-CONFIG, retransmissions, new data
///       transmit(builder.finish(checksum));
///     }
///     while (auto event = sender.poll()) …
///
/// After that `deadline() > now`.
class Sender {
 public:
  /// What the handshake has found.
  struct Start {
    wire::Tsn initialTsn;
    std::uint32_t peerWindow = 0;     ///< a_rwnd of the peer's INIT or INIT ACK.
    std::uint16_t streams = 0;        ///< That we may send on.
    bool interleaving = false;        ///< I-DATA and I-FORWARD-TSN instead of DATA and FORWARD-TSN.
    bool partialReliability = false;  ///< The peer knows (I-)FORWARD-TSN; if not, every message is reliable.
    bool reconfiguration = false;     ///< The peer knows RE-CONFIG; if not, every reset is refused.
    std::optional<Duration> rtt;      ///< Of the handshake, if unambiguous.
    std::size_t maxPacket = 1'152;    ///< Bytes of an SCTP packet.
  };
  using Event =
      std::variant<Association::Sent, Association::Drained, Association::Writable, Association::OutgoingStreamsReset>;

  /// Of `config`: the send buffer, the peer's message size and the congestion control. `seed`: see
  /// `congestion::Parameters`.
  Sender(const Config& config, std::uint64_t seed);
  ~Sender();
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void start(const Start& start, Time now);

  /// As `Association::send`. `Invalid` before `start`.
  SendResult send(std::uint16_t stream, Ppid ppid, std::vector<std::uint8_t>&& bytes, const Reliability& reliability,
                  Time now);
  /// Until the stream is reset. 256 is normal.
  void setPriority(std::uint16_t stream, std::uint16_t priority);
  void resetStreams(const std::vector<std::uint16_t>& streams, Time now);
  /// The owner wants to shut down: the last chunks ask for an acknowledgement at once (RFC 9260 s.6.1).
  void hurry() { hurry_ = true; }

  /// A SACK. False if it acknowledges what was never sent: hostile, or of another association; nothing has changed.
  bool handle(const wire::SackView& sack, Time now);
  /// The cumulative TSN of a SHUTDOWN chunk (RFC 9260 s.9.2). False as above.
  bool handleShutdown(wire::Tsn cumulative, Time now);
  void handle(const wire::ReconfigResponse& response, Time now);
  /// A round trip that the owner has measured: with a HEARTBEAT.
  void measured(Duration rtt, Time now);
  /// The largest SCTP packet, header included, that the owner will give to `fill` from now on. What is outstanding
  /// keeps its size: see `largestChunk`.
  void setMaxPacket(std::size_t bytes);

  /// Whether `fill` would write something. Sets the pacing timer if only that is in the way.
  bool wantsPacket(Time now);
  /// Writes what fits, with its TSNs. The packet counts as sent at `now`. It may write nothing if the owner has left
  /// little room; it does write something into a packet that was empty if `wantsPacket` said so.
  /// `responseTo`: RFC 6525 s.4.1: the last request of the peer's that was seen.
  void fill(wire::PacketBuilder& builder, wire::RequestNumber responseTo, Time now);
  /// The size that a packet needs for the chunk that is next to be retransmitted, if that is more than the maximum: the
  /// path's MTU has shrunk since, and SCTP cannot cut a chunk again. 0 if not.
  std::size_t oversizeNeeded() const;

  std::optional<Event> poll();
  Time deadline() const;
  void advance(Time now);

  /// Nothing waits and nothing is outstanding: a shutdown may go on (RFC 9260 s.9.2).
  bool drained() const;
  /// Whether T3 runs: otherwise the path is idle, and heartbeats have a meaning (RFC 9260 s.8.3).
  bool outstanding() const;
  /// Time-outs since the peer last acknowledged anything: the association's error counter (RFC 9260 s.8.1).
  unsigned timeoutsInRow() const;
  wire::Tsn nextTsn() const;
  const RtoEstimator& rto() const { return rto_; }
  /// What of the statistics is the sender's.
  void fillStats(AssociationStats& stats) const;

 private:
  enum class Timer : std::uint8_t {
    Retransmission,  ///< T3: nothing has been acknowledged for an RTO.
    Probe,           ///< An acknowledgement is overdue.
    Reordering,      ///< RACK's.
    Pacing,          ///< The next run may go.
    WindowProbe,     ///< The peer's window is closed, and its opening may have been lost.
    Reset,           ///< RE-CONFIG again.
    Expiry,          ///< A message that waits gets too old.
    Trim,            ///< Idle for a while: memory is given back.
    Count
  };
  /// What may be put into a packet now.
  enum class Next : std::uint8_t { None, Again, New, Probe };
  /// What a SACK has newly acknowledged.
  struct Acked {
    std::size_t bytes = 0;
    std::uint64_t newestOnce = 0;  ///< The newest packet of those whose chunks were sent once, and when it was sent.
    Time newestOnceAt{};
    bool old = false;  ///< See `ForwardRto::Evidence`.
    bool tooFast = false;
    bool probeTooFast = false;
  };

  // sender.cpp
  void settleGivenUp();
  void abandon(MessageId id);
  void tellSent(std::uint16_t stream, Ppid ppid, std::size_t bytes);
  void tellRoom();
  void tellDrained();
  void sweepExpired(Time now);
  void onTimeout(Time now);
  void restartRetransmission(Time now) { timers_.set(Timer::Retransmission, now + rto_.rto()); }
  void armProbe(Time now);

  // sender_packets.cpp
  Next next(Time now);
  bool mayProbe(Time now);
  wire::UnwrappedTsn probeAgain() const;
  bool mayFillWindow() const;
  bool mayGiveUp(const SentChunk& chunk, Time now) const;
  void addForwardTsn(wire::PacketBuilder& builder, Time now);
  template <class Chunk>
  void addForwardTsnAs(wire::PacketBuilder& builder, Time now);
  void addReset(wire::PacketBuilder& builder, wire::RequestNumber responseTo, Time now);
  bool addAgain(wire::PacketBuilder& builder, wire::UnwrappedTsn tsn);
  bool addNew(wire::PacketBuilder& builder, Time now);
  bool write(wire::PacketBuilder& builder, wire::UnwrappedTsn tsn, const SentChunk& chunk);
  void finishPacket(std::size_t chunks, bool probing, bool headAgain, Time now);
  std::size_t chunkHeader() const;
  std::size_t roomOfPeer() const;

  // sender_sacks.cpp
  bool process(wire::Tsn cumulative, const wire::SackView* sack, Time now);
  void acknowledge(wire::UnwrappedTsn tsn, Acked& acked, Time now);
  void removeFirst();
  bool considerDuplicates(const wire::SackView& sack, Time now);
  std::size_t detectLosses(Time now);
  void giveUpLost(Time now);
  void undoTimeout(Time now);
  void onWindowOpened(Time now);
  void updatePacer(Time now);

  /// Idle for so long, it gives its memory back: longer than a program that sends now and then pauses.
  static constexpr Duration idleBeforeTrim = std::chrono::seconds(5);

  const std::size_t sendBuffer_;
  const std::size_t maxMessageSize_;
  const CongestionControl congestionControl_;
  const std::uint64_t seed_;
  bool started_ = false;
  bool interleaving_ = false;
  bool partialReliability_ = false;
  bool reconfiguration_ = false;
  std::uint16_t streams_ = 0;
  std::size_t maxPacket_ = 0;

  MessageStore messages_;
  SendQueue queue_{messages_};
  Outstanding outstanding_;
  AcknowledgedRanges ranges_;
  RtoEstimator rto_;
  Rack rack_;
  TailProbe probe_;
  ForwardRto forwardRto_;
  OutgoingResets resets_;
  congestion::DeliveryRate rate_;
  congestion::Pacer pacer_;
  std::unique_ptr<congestion::Controller> controller_;
  base::Timers<Timer> timers_;

  congestion::SentState probeState_;  ///< Of the probe that was acknowledged last.
  std::uint64_t lastPacket_ = 0;      ///< The number of the last packet with DATA.
  std::uint64_t roundEnd_ = 0;        ///< The packet whose acknowledgement begins a new round trip for the RTO.
  std::uint32_t peerWindow_ = 0;      ///< The last a_rwnd.
  unsigned windowProbes_ = 0;         ///< Since it closed.
  unsigned timeoutsInRow_ = 0;
  bool hurry_ = false;
  bool probeDue_ = false;
  bool windowProbeDue_ = false;
  bool fastRetransmit_ = false;   ///< One packet may go in spite of the window (RFC 9260 s.7.2.4).
  bool timeoutDue_ = false;       ///< T3 has expired: one packet may go.
  bool forwardDue_ = false;       ///< A FORWARD TSN has to be sent.
  bool newestImmediate_ = false;  ///< The last packet asked for an acknowledgement at once.
  bool resetsChanged_ = false;    ///< A stream that is to be reset may have become ready for it.
  bool limitedSent_ = false;      ///< There was a message of limited reliability since `Drained`.
  Time forwardedAt_{};
  Time immediateAt_{};
  std::optional<std::size_t> refused_;  ///< The largest message that `send` had no room for.

  std::vector<Event> events_;
  std::size_t eventsTold_ = 0;
  std::vector<wire::UnwrappedTsn> scratch_;
  std::vector<wire::ForwardTsn::Skipped> skipped_;
  std::vector<wire::IForwardTsn::Skipped> skippedMids_;
  std::uint64_t chunksRetransmitted_ = 0;
  std::uint64_t timeouts_ = 0;
};

}  // namespace parley::sctp::native
