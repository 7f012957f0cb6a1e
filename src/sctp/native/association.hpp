#pragma once

#include "base/counters.hpp"
#include "base/outbox.hpp"
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "base/timers.hpp"
#include "sctp/association.hpp"
#include "sctp/native/cookie.hpp"
#include "sctp/native/init.hpp"
#include "sctp/native/link.hpp"
#include "sctp/wire/error_causes.hpp"
#include "sctp/wire/packet_builder.hpp"
#include "sctp/wire/packet_view.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace parley::sctp::native {

/// What was dropped rather than answered. Of DATA see `ReceiveDrop`.
enum class Drop : std::uint8_t {
  BadPacket,  ///< Too short, or its chunks do not fill it.
  BadChecksum,
  WrongPort,
  WrongTag,         ///< The verification tag (RFC 9260 s.8.5).
  OutOfPlace,       ///< INIT, INIT ACK or COOKIE ECHO among other chunks (RFC 9260 s.6.10).
  BadChunk,         ///< A chunk whose fields make no sense.
  UnexpectedChunk,  ///< Right in another state.
  UnknownChunk,
  BadCookie,  ///< Not ours, or late (RFC 9260 s.5.2.4).
  Count
};

std::string_view toString(Drop reason);

/// The engine of our own (RFC 9260 with RFC 3758, 6525, 8260 and 9653). `random` and `pool` outlive it.
///
///     Idle ──connect──► CookieWait ──INIT ACK──► CookieEchoed ──COOKIE ACK──► Established
///       │                   │    COOKIE ECHO         │   COOKIE ECHO            ▲  │  │
///       │                   └────────────────────────┴──────────────────────────┘  │  │
///       └── connect with SNAP ──────────────────────────────────────────────────────┘  │
///     Established ──shutdown──► ShutdownPending ──all acknowledged──► ShutdownSent ──SHUTDOWN ACK──► Ended
///          │                          │ SHUTDOWN                          │ SHUTDOWN
///          └──────── SHUTDOWN ────────┴──► ShutdownReceived ──drained──► ShutdownAckSent ──COMPLETE──► Ended
///     any ──abort, ABORT, failure──► Ended
///
/// (RFC 9260 s.4; "Idle" and "Ended" are its CLOSED.) In Ended it still answers what a peer may repeat for want of our
/// last word (RFC 9260 s.8.4).
///
/// Retransmissions have no limit: whether there is a path at all is for ICE to say.
class Association final : public sctp::Association {
 public:
  Association(const Config& config, base::Random& random, base::PacketPool& pool);
  ~Association() override;
  Association(const Association&) = delete;
  Association& operator=(const Association&) = delete;

  void connect(Time now) override;
  void handle(base::Bytes packet, Time now) override;
  using sctp::Association::send;
  SendResult send(std::uint16_t stream, Ppid ppid, std::vector<std::uint8_t>&& bytes, const Reliability& reliability,
                  Time now) override;
  void setPriority(std::uint16_t stream, std::uint16_t priority) override;
  std::optional<Message> receive(Time now) override;
  const Message* peek() const override;
  void resetStreams(const std::vector<std::uint16_t>& streams, Time now) override;
  void shutdown(Time now) override;
  void abort(Time now) override;

  /// Packets with data are made here, not before, so that what was sent and received between two drains shares them.
  std::optional<Output> poll() override;
  Time deadline() const override;
  void advance(Time now) override;

  AssociationStats stats() const override;
  const base::Counters<Drop>& drops() const { return drops_; }
  /// RFC 9260 s.4, for logs and tests: "ESTABLISHED".
  const char* stateName() const;

 private:
  struct Idle {};
  struct CookieWait {};
  struct CookieEchoed {
    std::vector<std::uint8_t> cookie;
    std::vector<std::uint8_t> unrecognized;  ///< Causes for the ERROR beside the COOKIE ECHO.
    bool due = true;                         ///< To be sent by the next `poll`, with what DATA there is.
  };
  struct Established {};
  struct ShutdownPending {};
  struct ShutdownSent {};
  struct ShutdownReceived {};
  struct ShutdownAckSent {};
  struct Ended {};
  using State = std::variant<Idle, CookieWait, CookieEchoed, Established, ShutdownPending, ShutdownSent,
                             ShutdownReceived, ShutdownAckSent, Ended>;
  enum class Timer : std::uint8_t {
    T1,     ///< INIT or COOKIE ECHO again.
    T2,     ///< SHUTDOWN or SHUTDOWN ACK again.
    Guard,  ///< T5: the shutdown takes too long.
    Count
  };
  /// What one packet has called for, told when all of it was read.
  struct Answers {
    wire::TlvBlock causes;  ///< For one ERROR chunk.
    bool heartbeatAnswered = false;
    bool data = false;  ///< There was DATA.
    bool shutdownAck = false;
    bool stop = false;  ///< The rest is not looked at.
  };

  template <class S>
  bool is() const {
    return std::holds_alternative<S>(state_);
  }
  void begin(Time now) { now_ = std::max(now_, now); }
  /// SACKs and data flow.
  bool transfers() const;
  /// DATA is taken (RFC 9260 s.6).
  bool takesData() const;

  // association_setup.cpp
  void sendInit();
  std::optional<Packet> cookieEchoPacket(CookieEchoed& echo);
  void startT1();
  void onInit(const wire::ChunkView& chunk, const wire::PacketView& packet);
  void onInitAck(const wire::ChunkView& chunk);
  void onCookieEcho(const wire::ChunkView& chunk, const wire::PacketView& packet);
  void onCookieAck();
  void onStaleCookie();
  void onT1();
  void openLink(const PeerInit& peer, std::optional<Duration> roundTrip);
  void establish();
  void restarted(const Cookie& cookie);

  // association_input.cpp
  bool belongs(const wire::PacketView& packet) const;
  void outOfTheBlue(const wire::PacketView& packet);
  void onChunk(const wire::ChunkView& chunk, const wire::PacketView& packet, Answers& answers);
  template <class Chunk>
  void onData(const wire::ChunkView& chunk, Answers& answers);
  void onSack(const wire::ChunkView& chunk);
  void onForwardTsn(const wire::ChunkView& chunk);
  void onReConfig(const wire::ChunkView& chunk);
  void onHeartbeat(const wire::ChunkView& chunk, Answers& answers);
  void onHeartbeatAck(const wire::ChunkView& chunk);
  void onError(const wire::ChunkView& chunk);
  void onUnknown(const wire::ChunkView& chunk, Answers& answers);
  void answer(const Answers& answers);

  // association_output.cpp
  wire::PacketBuilder packetTo(std::uint32_t tag, std::size_t size);
  template <class... Chunks>
  void transmit(std::uint32_t tag, wire::PacketBuilder::Checksum checksum, const Chunks&... chunks);
  wire::PacketBuilder::Checksum checksum() const;
  std::optional<Packet> nextPacket();
  void tendPath();

  // association_end.cpp
  void settleShutdown();
  void sendShutdown();
  void sendShutdownAck();
  void onShutdown(const wire::ChunkView& chunk, Answers& answers);
  void onShutdownAck();
  void onShutdownComplete(const wire::ChunkView& chunk, const wire::PacketView& packet);
  void onAbort(const wire::ChunkView& chunk, const wire::PacketView& packet);
  void onT2();
  void onGuard();
  void violated(std::string_view what);
  void abortWith(const wire::TlvBlock& causes, std::uint32_t tag);
  void fail(std::string reason, std::optional<std::uint16_t> cause);
  void close();
  void end();

  Config config_;
  base::Random& random_;
  base::PacketPool& pool_;
  CookieJar jar_;
  LocalInit local_;
  State state_;
  base::Timers<Timer> timers_;
  Duration t1_{};
  Duration t2_{};
  std::optional<Time> initSentAt_;  ///< Of an INIT that was not repeated: measures the round trip.
  TieTags tieTags_;
  std::unique_ptr<Link> link_;      ///< From the moment on that both ends are known.
  std::optional<Output> farewell_;  ///< `Failed` or `Closed`, when all messages before it were received.
  base::Outbox<Output> outbox_;
  base::Counters<Drop> drops_;
  std::uint64_t packetsSent_ = 0;
  std::uint64_t packetsReceived_ = 0;
  Time now_{};
};

}  // namespace parley::sctp::native
