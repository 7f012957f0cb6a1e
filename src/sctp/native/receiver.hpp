#pragma once

#include "base/bytes.hpp"
#include "sctp/association.hpp"
#include "sctp/native/ack_policy.hpp"
#include "sctp/native/data_reassembly.hpp"
#include "sctp/native/idata_reassembly.hpp"
#include "sctp/native/inbox.hpp"
#include "sctp/native/incoming_resets.hpp"
#include "sctp/native/received_tsns.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/forward_tsn_chunk.hpp"
#include "sctp/wire/idata_chunk.hpp"
#include "sctp/wire/iforward_tsn_chunk.hpp"
#include "sctp/wire/packet_builder.hpp"
#include "sctp/wire/reconfig_chunk.hpp"

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace parley::sctp::native {

/// The receiving half of an association that is up: chunks in, messages and acknowledgements out. The counterpart of
/// `Sender`; its owner has the packets:
///
///     for each chunk of a packet: receiver.handle(data) …
///     receiver.endOfPacket(now);
///     …
///     receiver.advance(now);
///     if (receiver.wantsPacket() || something else is to be sent) receiver.fill(builder, now);
///     while (auto event = receiver.poll()) …
///
/// After that `deadline() > now`.
class Receiver {
 public:
  /// What the handshake has found.
  struct Start {
    wire::Tsn initialTsn;       ///< The peer's.
    std::uint16_t streams = 0;  ///< That the peer may send on.
    bool interleaving = false;  ///< I-DATA instead of DATA.
  };
  using Event = Inbox::Event;

  enum class Verdict {
    Taken,
    Dropped,        ///< Counted in `drops`.
    InvalidStream,  ///< RFC 9260 s.6.5: wants an ERROR with "invalid stream identifier".
  };

  /// Of `config`: the receive buffer and the largest message.
  explicit Receiver(const Config& config);
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  /// Also after a restart of the peer: what is complete stays for the application, all else is forgotten.
  void start(const Start& start);
  /// The a_rwnd of INIT and INIT ACK.
  std::uint32_t initialWindow() const { return inbox_.window().available(); }

  // All these want `start` before. That DATA comes where I-DATA was agreed on, or the other way round, is for the owner
  // to find (RFC 8260 s.2.2.3: abort).
  Verdict handle(const wire::Data& data);
  Verdict handle(const wire::IData& data);
  void handle(const wire::ForwardTsnView& forward);
  void handle(const wire::IForwardTsnView& forward);
  /// A request in a RE-CONFIG. Responses are the `Sender`'s, and ignored; of an outgoing reset `responseTo` is too.
  void handle(const wire::ReconfigParameter& request);
  /// After the chunks of each packet.
  void endOfPacket(Time now);
  /// A SACK wants to go with the next packet, whatever the reason.
  void hurry() { acks_.hurry(); }

  /// There is a SACK or an answer to be sent now.
  bool wantsPacket() const { return acks_.due() || resets_.due(); }
  /// Writes the SACK, if there is anything new to say, and answers to requests. Call it first, for control chunks
  /// should be in front (RFC 9260 s.6.10), and the SACK takes what room it needs (s.6.7: all the gap blocks that fit).
  void fill(wire::PacketBuilder& builder, Time now);

  /// The next message.
  std::optional<Message> receive();
  const Message* peek() const { return inbox_.peek(); }
  /// An event, after the messages before it were received.
  std::optional<Event> poll() { return inbox_.poll(); }
  Time deadline() const { return acks_.deadline(); }
  void advance(Time now) { acks_.advance(now); }

  /// For SHUTDOWN (RFC 9260 s.9.2).
  wire::Tsn cumulative() const { return tsns_.cumulative().wrapped(); }
  /// TSNs are missing: RFC 9260 s.6.2: a SHUTDOWN cannot say it, a SACK has to.
  bool hasGap() const { return tsns_.hasGap(); }
  /// For `Sender::fill`.
  wire::RequestNumber lastRequest() const { return resets_.lastSeen(); }
  /// That the peer may send on, those that it has added included.
  std::uint16_t streams() const { return resets_.streams(); }
  /// The peer has begun more messages than we hold, and can finish none of them: abort ("out of resource").
  bool exhausted() const { return inbox_.window().exhausted(); }
  const base::Counters<ReceiveDrop>& drops() const { return inbox_.drops(); }
  const ReceiveWindow& window() const { return inbox_.window(); }

 private:
  using Reassembly = std::variant<std::monostate, DataReassembly, IDataReassembly>;

  /// Whether the chunk is to be reassembled; its TSN is recorded then.
  Verdict accept(wire::UnwrappedTsn tsn, std::uint16_t stream, std::size_t size, bool immediate);
  bool forwardTo(wire::UnwrappedTsn tsn);
  /// The cumulative TSN may have moved.
  void progressed();
  void perform(const IncomingResets::Reset& reset);

  std::size_t maxMessageSize_;
  Inbox inbox_;
  Reassembly reassembly_;  ///< Refers to the inbox.
  ReceivedTsns tsns_{wire::Tsn{}};
  AckPolicy acks_;
  IncomingResets resets_;
  AckPolicy::Arrival arrival_;  ///< Of the packet that is being handled.
  std::uint64_t missingBefore_ = 0;
  std::vector<wire::GapBlock> gaps_;  ///< Scratch.
};

}  // namespace parley::sctp::native
