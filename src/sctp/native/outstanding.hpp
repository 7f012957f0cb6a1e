#pragma once

#include "sctp/congestion/delivery_rate.hpp"
#include "sctp/native/outgoing_message.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace parley::sctp::native {

/// A chunk that was sent and is not acknowledged cumulatively. It refers into its message's buffer.
///
///     in flight ──gap block──► acknowledged
///       │    ▲                  ▲     │
///       │    └──sent again──┐   │     └──T3, and the peer has forgotten it──► lost
///       ├──RACK, T3──────► lost ┘
///       └──given up──► abandoned ◄── all of a message at once, whatever its chunks are (RFC 3758 s.3.5 A3)
struct SentChunk {
  enum class State : std::uint8_t { InFlight, Lost, Acknowledged, Abandoned };

  MessageId message = noMessage;
  std::uint32_t offset = 0;
  std::uint32_t number = 0;  ///< FSN
  std::uint16_t length = 0;  ///< Of the payload.
  std::uint16_t size = 0;    ///< With header and padding: what congestion control counts.
  wire::DataFlags flags;
  State state = State::InFlight;
  std::uint8_t transmissions = 0;  ///< Stops at 255.
  /// The packet that carried it last: packets with DATA count from 1. Where they were sent at the same time this still
  /// says in which order.
  std::uint64_t packet = 0;
  congestion::SentState sent;  ///< Of that packet.
  /// Its neighbours in one of the lists of `Outstanding`; 0, which no unwrapped TSN is, at the ends.
  std::uint64_t before = 0;
  std::uint64_t after = 0;
};

/// All chunks that were sent and not yet acknowledged cumulatively, by TSN in a ring, and two lists through them: those
/// in flight in the order of their last transmission, so that RACK looks only at those it may mark, and those that are
/// to be sent again. What each call costs depends on the chunks that it changes alone.
class Outstanding {
 public:
  void start(wire::Tsn first) {
    first_ = wire::UnwrappedTsn::first(first);
    next_ = first_;
    given_ = first_ - 1;
  }

  bool empty() const { return first_ == next_; }
  std::size_t size() const { return static_cast<std::size_t>(next_.value - first_.value); }
  /// The lowest outstanding TSN: the cumulative TSN acknowledged and one.
  wire::UnwrappedTsn first() const { return first_; }
  /// The TSN that the next new chunk gets.
  wire::UnwrappedTsn next() const { return next_; }
  bool contains(wire::UnwrappedTsn tsn) const { return tsn >= first_ && tsn < next_; }
  /// Precondition: `contains(tsn)`.
  SentChunk& operator[](wire::UnwrappedTsn tsn) { return ring_[tsn.value & mask_]; }
  const SentChunk& operator[](wire::UnwrappedTsn tsn) const { return ring_[tsn.value & mask_]; }

  /// A new chunk is in flight.
  wire::UnwrappedTsn add(const SentChunk& chunk);
  /// In flight, too, but it was never sent: it takes a TSN to be abandoned (see `Sender`).
  wire::UnwrappedTsn addAbandoned(const SentChunk& chunk);
  /// Lost or in flight, it is sent again.
  void resend(wire::UnwrappedTsn tsn);

  void markAcknowledged(wire::UnwrappedTsn tsn);
  void markLost(wire::UnwrappedTsn tsn);
  void markAbandoned(wire::UnwrappedTsn tsn);
  /// The peer has dropped what it had acknowledged by gap blocks (RFC 9260 s.6.2): all such chunks are lost.
  void forgetAcknowledged();
  /// All that is lost and was last sent in `lastPacket` or before is in flight after all.
  void undoLost(std::uint64_t lastPacket);
  /// Puts what is to be sent again into the order of TSNs.
  void sortLost();
  /// Removes the lowest chunk. Precondition: it is acknowledged or abandoned.
  void removeFirst();

  /// RFC 3758 s.3.5 C2: Advanced.Peer.Ack.Point, the highest TSN up to which all is abandoned, or acknowledged
  /// cumulatively. True if it has moved on.
  bool advance();
  wire::UnwrappedTsn advancedPoint() const { return given_; }

  /// The lists. `wire::UnwrappedTsn{0}` is their end.
  wire::UnwrappedTsn firstInFlight() const { return {inFlight_.head}; }
  wire::UnwrappedTsn lastInFlight() const { return {inFlight_.tail}; }
  wire::UnwrappedTsn firstLost() const { return {lost_.head}; }
  static bool isEnd(wire::UnwrappedTsn tsn) { return tsn.value == 0; }

  /// Bytes in flight, as congestion control counts.
  std::size_t bytesInFlight() const { return bytesInFlight_; }
  std::size_t chunksInFlight() const { return chunksInFlight_; }
  /// What is in flight or lost takes this much of the peer's window, besides what it has (RFC 9260 s.6.2.1): the
  /// payload, and for each message something for keeping it. Ours counts that, and so do others: without it, a window
  /// full of small messages would be overrun before the peer can say so.
  std::size_t missingAtPeer() const { return missingAtPeer_; }

  /// Gives memory back, if there is no chunk.
  void trim();

 private:
  struct List {
    std::uint64_t head = 0;
    std::uint64_t tail = 0;
  };

  /// As `ReceiveWindow::overhead`.
  static constexpr std::size_t messageOverhead = 128;

  static std::size_t roomFor(const SentChunk& chunk) {
    return chunk.length + (chunk.flags.beginning ? messageOverhead : 0);
  }
  void append(List& list, std::uint64_t tsn);
  void unlink(List& list, std::uint64_t tsn);
  void leave(wire::UnwrappedTsn tsn);
  void push(const SentChunk& chunk);
  template <class Less>
  void rebuild(List& list, SentChunk::State state, Less less);

  std::vector<SentChunk> ring_;  ///< A power of two long.
  std::uint64_t mask_ = 0;
  wire::UnwrappedTsn first_;
  wire::UnwrappedTsn next_;
  wire::UnwrappedTsn given_;
  List inFlight_;
  List lost_;
  std::size_t bytesInFlight_ = 0;
  std::size_t chunksInFlight_ = 0;
  std::size_t missingAtPeer_ = 0;
};

}  // namespace parley::sctp::native
