#pragma once

#include "base/counters.hpp"
#include "base/outbox.hpp"
#include "sctp/association.hpp"
#include "sctp/dcep.hpp"

#include <parley/packet.hpp>
#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace parley::sctp {

/// Names a channel for its whole life: it exists before it has a stream id (until DTLS has roles), and stream ids are
/// used again. The caller takes ids below `firstIncomingChannel`, `DataChannels` takes those from there on for the
/// channels that the peer opens.
enum class ChannelId : std::uint32_t {};
inline constexpr ChannelId firstIncomingChannel{0x8000'0000};

/// What createDataChannel and DATA_CHANNEL_OPEN say of a channel.
struct Parameters {
  std::string label;
  std::string protocol;
  Reliability reliability;
  std::uint16_t priority = 256;           ///< RFC 8831 s.6.4: 256 is normal.
  bool negotiated = false;                ///< Both sides made it out of band: no OPEN is sent.
  std::optional<std::uint16_t> streamId;  ///< Given if `negotiated`.
};

struct ChannelStats {
  std::uint64_t messagesSent = 0;
  std::uint64_t bytesSent = 0;
  std::uint64_t messagesReceived = 0;
  std::uint64_t bytesReceived = 0;
};

/// What was dropped rather than reported.
enum class ChannelDrop {
  BadDcep,         ///< A DCEP message that does not parse, or is of an unknown type.
  UnexpectedOpen,  ///< OPEN for a stream of the wrong parity or in use (RFC 8832 s.6).
  UnexpectedAck,
  UnknownStream,  ///< A message on a stream without channel.
  UnknownPpid,    ///< RFC 8831 s.6.6: and closes the channel.
  WhileClosing,   ///< A message for a channel that is closing here.
  Count
};

/// The data channels of one connection (RFC 8831, RFC 8832) over an association that it owns. A `base::Machine`.
///
/// A channel, once it has a stream:
///
///     ──open──► opening ──ACK, or negotiated, or the peer's OPEN──► open
///                  │                                             │
///                  └──────────── close, or the peer's reset ─────┴──► closing ──both directions reset──► Closed
///
/// Channels may be opened and closed before the association is up; sending is refused as `Full` until `Opened`.
///
/// One drain, which keeps messages and events in order:
///
///     do
///       while (auto output = channels.poll()) …;
///     while (auto message = channels.receive(now) …);   // or stop here: then the peer is held up
class DataChannels {
 public:
  struct Transmit {
    Packet packet;
  };
  /// The association is up: channels up to this many (stream ids below it) can be open.
  struct AssociationUp {
    std::uint16_t maxChannels = 0;
  };
  /// The peer opened a channel. It is open: `Opened` follows at once.
  struct Incoming {
    ChannelId channel{};
    Parameters parameters;
  };
  /// Messages can be sent (RFC 8832 s.6: from the OPEN on; the ACK is not waited for) and may come.
  struct Opened {
    ChannelId channel{};
    std::uint16_t streamId = 0;
  };
  /// The peer began to close it.
  struct Closing {
    ChannelId channel{};
  };
  /// The closing procedure is done; the id and its stream are free.
  struct Closed {
    ChannelId channel{};
  };
  /// The channel could not be opened or was broken. The end of it: no `Closed` follows.
  struct ChannelFailed {
    ChannelId channel{};
    std::string reason;
    std::optional<std::uint16_t> cause;  ///< RFC 9260 s.3.3.10, if the association was aborted with one.
  };
  /// So many bytes of the channel's messages have been handed to the path: bufferedAmount falls by them.
  struct Drained {
    ChannelId channel{};
    std::size_t bytes = 0;
  };
  /// There is room again after a `SendResult::Full`.
  struct Writable {};
  /// The association failed. Each channel was told before by `ChannelFailed`.
  struct Failed {
    std::string reason;
    std::optional<std::uint16_t> cause;
  };
  /// The association was closed by the peer or by `shutdown`. Each channel was told before by `Closed`.
  struct AssociationClosed {};

  using Output = std::variant<Transmit, AssociationUp, Incoming, Opened, Closing, Closed, ChannelFailed, Drained,
                              Writable, Failed, AssociationClosed>;

  /// A message of the application. Text is not checked to be UTF-8.
  struct Received {
    ChannelId channel{};
    bool text = false;
    std::vector<std::uint8_t> bytes;
  };

  /// RFC 8832 s.6: the DTLS client takes even stream ids for its channels, the server odd ones.
  DataChannels(std::unique_ptr<Association> association, const Config& config, bool isDtlsClient);
  ~DataChannels();
  DataChannels(const DataChannels&) = delete;
  DataChannels& operator=(const DataChannels&) = delete;

  /// Starts the association. Once.
  void connect(Time now);
  /// An SCTP packet came.
  void handle(base::Bytes packet, Time now);

  /// A channel of ours. False, and no event, if the id is in use, or the given stream is in use or never usable
  /// (65535, or without `negotiated` of the wrong parity).
  bool open(ChannelId channel, Parameters parameters, Time now);
  /// Never loses: `Full` means to send it again after `Writable` (or after `Opened`, if it was not open yet). `Invalid`
  /// for a channel that is not there or is closing, or a message beyond the peer's a=max-message-size. `bytes` are
  /// moved from if `Sent`, and as they were if not.
  SendResult send(ChannelId channel, bool text, std::vector<std::uint8_t>&& bytes, Time now);
  /// The same with a copy.
  SendResult send(ChannelId channel, bool text, base::Bytes bytes, Time now) {
    return send(channel, text, std::vector<std::uint8_t>(bytes.begin(), bytes.end()), now);
  }
  /// The closing procedure: what was sent arrives, then the streams are reset; `Closed` ends it.
  void close(ChannelId channel, Time now);
  /// The next message for the application, after `poll` has said all that came before it: nothing while `poll` has
  /// more. What is not received holds the peer up.
  std::optional<Received> receive(Time now);

  /// Ends the association: after what was sent has arrived, or at once with an ABORT (and no event).
  void shutdown(Time now);
  void abort(Time now);

  std::optional<Output> poll();
  Time deadline() const;
  void advance(Time now);

  struct Stats {
    AssociationStats association;
    std::vector<std::pair<ChannelId, ChannelStats>> channels;  ///< Those that are not gone.
  };
  Stats stats() const;
  const base::Counters<ChannelDrop>& drops() const { return drops_; }
  /// The stream of a channel that has one: from `open` on.
  std::optional<std::uint16_t> streamId(ChannelId channel) const;

 private:
  struct Channel {
    Parameters parameters;
    enum class State { Waiting, Open, Closing } state = State::Waiting;
    bool openUnsent = false;  ///< The OPEN found no room.
    bool openSent = false;    ///< Perhaps before the association was up.
    bool ackUnsent = false;   ///< The ACK found no room.
    bool confirmed = false;   ///< The peer knows the channel: RFC 8832 s.6, unordered messages may be unordered.
    std::size_t unsent = 0;   ///< Bytes taken by the association that have not left.
    std::size_t left = 0;     ///< Bytes that left and are not yet told by `Drained`.
    std::vector<std::uint8_t> parts;  ///< What has come of a message in (deprecated) parts.
    ChannelStats stats;
  };
  /// A stream that is not free: it belongs to a channel, or is being reset, or both.
  struct Stream {
    std::optional<ChannelId> channel;
    bool resetAsked = false;
    bool outgoingReset = false;
    bool incomingReset = false;
  };

  Channel* find(ChannelId id);
  Channel* onStream(std::uint16_t streamId);
  bool isOurs(std::uint16_t streamId) const { return (streamId % 2 == 0) == isDtlsClient_; }
  std::optional<std::uint16_t> freeStream();
  void forgetStream(std::uint16_t streamId);
  std::size_t streamLimit() const;

  void start(ChannelId id, Channel& channel);
  void sendControl(Channel& channel);
  void resetStream(std::uint16_t streamId);
  void finishReset(std::uint16_t streamId);
  void rejectStream(std::uint16_t streamId);
  void fail(ChannelId id, std::string reason, std::optional<std::uint16_t> cause = {});
  void gone(ChannelId id);

  void on(Association::Transmit& transmit);
  void on(const Association::SendsEarly& early);
  void on(const Association::Connected& connected);
  void on(const Association::Sent& sent);
  void on(const Association::Drained& drained);
  void on(const Association::IncomingStreamsReset& reset);
  void on(const Association::OutgoingStreamsReset& reset);
  void on(const Association::MessageTooLarge& message);
  void on(const Association::Writable& writable);
  void on(Association::Failed& failed);
  void on(const Association::Closed& closed);
  bool isForApplication(const Message& message);
  void onMessage(Message message);
  void onDcep(std::uint16_t streamId, base::Bytes bytes);
  void onOpen(std::uint16_t streamId, dcep::Open open);
  void onPart(std::uint16_t streamId, Channel& channel, const Message& message);

  std::unique_ptr<Association> association_;
  Config config_;
  bool isDtlsClient_;
  enum class State { Idle, Connecting, Up, Ended } state_ = State::Idle;
  std::uint16_t maxChannels_ = 0;
  std::map<ChannelId, Channel> channels_;
  std::unordered_map<std::uint16_t, Stream> streams_;
  std::size_t lowestFree_ = 0;  ///< Of our streams, all below are taken.
  std::uint32_t nextIncoming_ = static_cast<std::uint32_t>(firstIncomingChannel);
  std::vector<ChannelId> draining_;  ///< Channels that may have `left` > 0.
  bool drained_ = false;             ///< `poll` has said all that comes before the next message.
  base::Outbox<Output> outbox_;
  base::Counters<ChannelDrop> drops_;
  Time now_{};
};

}  // namespace parley::sctp
