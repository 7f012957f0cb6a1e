#pragma once

#include "sctp/association.hpp"
#include "sctp/wire/serial.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace parley::sctp::native {

/// A place in a `MessageStore`.
using MessageId = std::uint32_t;
inline constexpr MessageId noMessage = std::numeric_limits<MessageId>::max();

/// A message on its way out, from `send` until its last chunk is acknowledged cumulatively or given up. Chunks refer
/// into `bytes`; nothing is copied before the packet.
struct OutgoingMessage {
  std::vector<std::uint8_t> bytes;
  Time expires = never;            ///< RFC 3758 s.4: by `Reliability::maxPacketLifeTime`.
  std::size_t produced = 0;        ///< Bytes that were put into chunks.
  std::uint32_t number = 0;        ///< MID, or in its low half SSN; assigned with the first fragment.
  std::uint32_t nextFragment = 0;  ///< FSN
  std::uint32_t chunks = 0;        ///< Outstanding chunks that refer to it.
  wire::UnwrappedTsn firstTsn;     ///< Of its chunks, and the last one; between them there may be those of others.
  wire::UnwrappedTsn lastTsn;
  std::uint16_t maxRetransmits = 0;
  std::uint16_t stream = 0;
  Ppid ppid{};
  bool unordered = false;
  bool limitedRetransmits = false;
  bool abandoned = false;
  bool queued = true;          ///< Still in the `SendQueue`: not all of it was produced.
  MessageId next = noMessage;  ///< In its stream's queue; in the store's list if free.

  std::size_t unsent() const { return bytes.size() - produced; }
  bool limited() const { return limitedRetransmits || expires != never; }
};

/// Holds the messages of one association in places that are used again, so that there is no allocation for a message
/// but the application's own. References are valid until the next `add`.
class MessageStore {
 public:
  MessageId add(OutgoingMessage message);
  OutgoingMessage& operator[](MessageId id) { return slots_[id]; }
  const OutgoingMessage& operator[](MessageId id) const { return slots_[id]; }
  /// Frees it if it is neither in the queue nor outstanding.
  void releaseIfUnused(MessageId id);
  /// What was abandoned is sent no more; its place has to stay for the FORWARD TSN.
  void dropBytes(MessageId id);
  /// Gives memory back, if there is no message.
  void trim();

  std::size_t size() const { return size_; }
  /// Bytes held, each message with what it takes besides: what `Config::sendBuffer` limits.
  std::size_t footprint() const { return bytes_ + size_ * overhead; }
  /// A message of one byte takes its place (96), a vector's block (32), and a place among what is outstanding (112).
  static constexpr std::size_t overhead = 240;

 private:
  std::vector<OutgoingMessage> slots_;
  MessageId free_ = noMessage;
  std::size_t size_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace parley::sctp::native
