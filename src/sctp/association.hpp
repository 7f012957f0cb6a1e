#pragma once

#include "base/bytes.hpp"

#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace parley::sctp {

/// What a message is (RFC 8831 s.8). Others may come from the network.
enum class Ppid : std::uint32_t {
  Dcep = 50,
  String = 51,
  BinaryPartial = 52,  ///< Deprecated: to be received, never sent.
  Binary = 53,
  StringPartial = 54,  ///< Deprecated: to be received, never sent.
  StringEmpty = 56,
  BinaryEmpty = 57,
};

/// How hard SCTP tries for a message (RFC 3758). At most one of the two limits is set.
struct Reliability {
  bool ordered = true;
  std::optional<std::uint16_t> maxRetransmits;
  std::optional<std::uint16_t> maxPacketLifeTime;  ///< Milliseconds.

  bool operator==(const Reliability&) const = default;
};

/// The law by which the sender fills the path. The receiver's does not matter.
enum class CongestionControl {
  TolerantCubic,  ///< CUBIC that does not answer the losses of a path without a queue.
  Cubic,          ///< RFC 9438 with HyStart++ (RFC 9406) and pacing.
  Bbr,            ///< BBRv3 (draft-ietf-ccwg-bbr).
};

/// draft-hancke-tsvwg-snap: both INIT chunks have been exchanged by signalling, and the association is up without a
/// handshake. Whole chunks, with their headers.
struct Snap {
  std::vector<std::uint8_t> localInit;
  std::vector<std::uint8_t> remoteInit;
};

struct Config {
  std::uint16_t localPort = 5000;   ///< RFC 8841 s.5.1: what implementations use when a=sctp-port says nothing else.
  std::uint16_t remotePort = 5000;  ///< The peer's a=sctp-port.
  /// The largest message we take: our a=max-message-size. 256 KiB is what browsers announce.
  std::size_t maxMessageSize = 262'144;
  /// The largest message the peer takes: its a=max-message-size. RFC 8841 s.6.1: 65536 if absent; for 0 ("any") give
  /// SIZE_MAX.
  std::size_t remoteMaxMessageSize = 65'536;
  /// Streams announced each way. usrsctp takes 34 KiB for an association of 256 and 6.6 MB for one of 65535.
  std::uint16_t streams = 256;
  /// The largest SCTP packet. RFC 8899's base of 1200 less what a relayed path may take gives 1191 for the UDP payload;
  /// a DTLS 1.2 AES-GCM record takes 13 (header) + 8 (explicit nonce) + 16 (tag) = 37, and SCTP pads to 4:
  /// (1191 - 37) & ~3 = 1152. With the largest CBC record (13 + 16 + 20 + 16 = 65) an IPv6 datagram has
  /// 1152 + 65 + 48 = 1265 <= 1280 bytes.
  std::size_t mtu = 1'152;
  /// Bytes that may wait, unsent or unacknowledged. Messages go in whole, so that a message of 256 KiB must fit with
  /// others around it; 2 MiB carry 168 Mbit/s at 100 ms.
  std::size_t sendBuffer = 2'097'152;
  /// The receive window: bytes that wait for `receive()`. As `sendBuffer`.
  std::size_t receiveBuffer = 2'097'152;

  // What follows is for the engine of our own; usrsctp goes its way.

  CongestionControl congestionControl = CongestionControl::TolerantCubic;
  /// The largest SCTP packet that path MTU probing (RFC 8899) goes up to. No more than `mtu`: no probing.
  /// Needs sockets that forbid fragmentation: then an Ethernet's 1500 less IPv4 and UDP (28) and the AES-GCM record
  /// (37, see `mtu`) are 1432 in fours.
  std::size_t maxMtu = 0;
  /// RFC 8260: offer I-DATA, so that a large message on one stream does not hold up another.
  bool interleaving = true;
  /// RFC 9653: offer to take, and where the peer offers it send, packets without a checksum. DTLS protects them.
  bool zeroChecksum = true;
  /// RFC 9260 s.8.3, HB.interval: how long the path may be idle before it is asked. Duration::max(): never. It tells of
  /// a peer that has forgotten us; that the path carries anything is for ICE to know (RFC 7675).
  Duration heartbeatInterval = std::chrono::seconds(30);
  /// The round trip as the layers below have measured it: a lost INIT is repeated after three of it, or half a second
  /// if it is not known.
  std::optional<Duration> roundTrip;
  /// Both ends know each other's INIT already.
  std::optional<Snap> snap;
};

/// A whole message from the peer.
struct Message {
  std::uint16_t stream = 0;
  Ppid ppid{};
  std::vector<std::uint8_t> bytes;
};

enum class SendResult {
  Sent,     ///< Taken, all of it.
  Full,     ///< Nothing taken; try again after `Writable`.
  Invalid,  ///< Nothing taken, and never will: no such stream, too large, empty, or not connected.
};

struct AssociationStats {
  std::optional<Duration> smoothedRtt;
  std::size_t congestionWindow = 0;      ///< Bytes.
  std::size_t peerReceiveWindow = 0;     ///< Bytes.
  std::size_t mtu = 0;                   ///< Bytes of an SCTP packet.
  std::size_t unacknowledgedChunks = 0;  ///< DATA chunks in flight.
  std::uint64_t packetsSent = 0;
  std::uint64_t packetsReceived = 0;
  std::uint64_t packetsDropped = 0;  ///< Bad checksum, wrong length: never looked at further.
  std::uint64_t chunksRetransmitted = 0;
  std::uint64_t timeouts = 0;   ///< Times that T3 expired.
  std::string congestionState;  ///< What the controller is doing, for a log.
  /// What was dropped, by reason ("wrong-tag"); only those that occurred, and only of the engine of our own.
  std::vector<std::pair<std::string_view, std::uint64_t>> drops;
};

/// One SCTP association (RFC 9260) over a datagram path that is given to it, with partial reliability (RFC 3758) and
/// stream reset (RFC 6525). The seam behind which the engine can be changed; a `base::Machine`.
///
///     idle ──connect──► connecting ──Connected──► up ──shutdown──► closing ──Closed──► ended
///                            │                     └──abort, Failed────────────────────►│
///                            └──Failed, abort───────────────────────────────────────────►
///
/// Both ends call `connect` (RFC 8831 s.6.1). Packets that come before it are dropped. After `Failed` or `Closed`
/// nothing comes any more.
class Association {
 public:
  /// An SCTP packet for the peer.
  struct Transmit {
    Packet packet;
  };
  /// The handshake has come so far that messages may be sent, although it is not over: those that are sent before the
  /// next `poll` go with its last packet, as far as they fit (RFC 9260 s.5.1). Not every engine says so, nor in every
  /// handshake.
  struct SendsEarly {
    std::uint16_t inboundStreams = 0;
    std::uint16_t outboundStreams = 0;
  };
  struct Connected {
    std::uint16_t inboundStreams = 0;
    std::uint16_t outboundStreams = 0;
  };
  /// Bytes of user messages of this stream that left for the first time, or that were given up unsent.
  struct Sent {
    std::uint16_t stream = 0;
    Ppid ppid{};
    std::size_t bytes = 0;
  };
  /// All that was sent was acknowledged or given up: what `Sent` has not told of will not be told. Comes at least where
  /// messages of limited reliability were sent.
  struct Drained {};
  /// The peer has reset its outgoing streams. Comes after the messages that it sent on them before.
  struct IncomingStreamsReset {
    std::vector<std::uint16_t> streams;
  };
  /// Our `resetStreams` was done. If `refused`, the peer did not want it.
  struct OutgoingStreamsReset {
    std::vector<std::uint16_t> streams;
    bool refused = false;
  };
  /// A message on this stream was larger than `Config::maxMessageSize`, and thrown away.
  struct MessageTooLarge {
    std::uint16_t stream = 0;
  };
  /// There is room again after a `SendResult::Full`.
  struct Writable {};
  struct Failed {
    std::string reason;
    std::optional<std::uint16_t> cause;  ///< RFC 9260 s.3.3.10, if the peer or we aborted with one.
  };
  struct Closed {};

  using Output = std::variant<Transmit, SendsEarly, Connected, Sent, Drained, IncomingStreamsReset, OutgoingStreamsReset,
                              MessageTooLarge, Writable, Failed, Closed>;

  virtual ~Association() = default;

  /// Starts. Once.
  virtual void connect(Time now) = 0;
  /// An SCTP packet came.
  virtual void handle(base::Bytes packet, Time now) = 0;

  /// One message, all or nothing. `bytes` is not empty (RFC 9260 s.6.9: DATA has at least one byte). They are moved
  /// from if `Sent`, and as they were if not.
  virtual SendResult send(std::uint16_t stream, Ppid ppid, std::vector<std::uint8_t>&& bytes,
                          const Reliability& reliability, Time now) = 0;
  /// The same with a copy.
  SendResult send(std::uint16_t stream, Ppid ppid, base::Bytes bytes, const Reliability& reliability, Time now) {
    return send(stream, ppid, std::vector<std::uint8_t>(bytes.begin(), bytes.end()), reliability, now);
  }
  /// RFC 8831 s.6.4: the share of the stream among those that have something to send; 256 is normal. Of use only in an
  /// engine that has a scheduler.
  virtual void setPriority(std::uint16_t stream, std::uint16_t priority) = 0;
  /// The next message. What is not received stays in the receive window and so holds the sender up. Separate from
  /// `poll`, so that a slow reader does not stop the protocol. What `poll` has to say of streams and of the
  /// association's end comes after the messages before it have been received.
  virtual std::optional<Message> receive(Time now) = 0;
  /// What `receive` would return, until the next call; null if there is none.
  virtual const Message* peek() const = 0;

  /// RFC 6525: resets these outgoing streams once what was sent on them has arrived. Answered by
  /// `OutgoingStreamsReset`. The streams cannot be sent on until then.
  virtual void resetStreams(const std::vector<std::uint16_t>& streams, Time now) = 0;
  /// Sends what is queued, then ends: `Closed`.
  virtual void shutdown(Time now) = 0;
  /// Sends an ABORT and ends at once; no event.
  virtual void abort(Time now) = 0;

  virtual std::optional<Output> poll() = 0;
  virtual Time deadline() const = 0;
  virtual void advance(Time now) = 0;

  virtual AssociationStats stats() const = 0;
};

}  // namespace parley::sctp
