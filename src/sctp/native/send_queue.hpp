#pragma once

#include "sctp/native/outgoing_message.hpp"

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <unordered_map>
#include <vector>

namespace parley::sctp::native {

/// What waits to be sent, in a queue for each stream, and the choice between them: weighted fair queueing (RFC 8831
/// s.6.4, RFC 8260 s.3.6). The unit is a fragment if messages may be interleaved (I-DATA), and otherwise a message,
/// which then has to be finished before the next (RFC 8260 s.1).
///
/// The scheduler is start-time fair queueing: each stream has a virtual time, which a byte of it moves on by
/// 1/priority; the one that is furthest behind is next. Who had nothing to send starts at the present of the others: it
/// neither has saved anything up nor waits for more than one fragment or message.
///
/// Messages that are interleaved fill the peer's window with beginnings: if it is too small for all of them, none can
/// be finished, and nothing that its application does would open it. So no more are begun than `setMostBegun` says, but
/// one always, and those that are finished at once; streams whose turn it would be are held back until another is
/// finished.
///
/// A stream costs nothing until it is used, and from then on an entry of a map.
class SendQueue {
 public:
  /// A piece of a message for one chunk.
  struct Fragment {
    MessageId message = noMessage;
    std::uint32_t offset = 0;
    std::uint32_t length = 0;
    std::uint32_t number = 0;  ///< FSN
    bool beginning = false;
    bool end = false;
  };
  /// A message that was given up before all of it was produced. If it was `begun`, it has chunks outstanding or
  /// acknowledged, and is to be abandoned.
  struct GivenUp {
    MessageId message = noMessage;
    std::size_t unsent = 0;
    bool begun = false;
  };

  explicit SendQueue(MessageStore& messages) : messages_(messages) {}

  void setInterleaving(bool interleaving) { interleaving_ = interleaving; }
  /// Bytes of messages, all of their bytes, that may have been begun and not be finished.
  void setMostBegun(std::size_t bytes) { mostBegun_ = bytes; }

  void add(MessageId message);
  /// Whether there is something that has not expired. What has is moved to `takeGivenUp`.
  bool ready(Time now);
  /// The next fragment. `room` is what a packet has left for payload, `full` what an empty one would have. Nothing if a
  /// fragment of what is next would be too small to be worth a chunk. Precondition: `ready(now)`.
  std::optional<Fragment> next(std::size_t room, std::size_t full) const;
  /// The fragment that `next` has returned is in a chunk.
  void produced(const Fragment& fragment);
  /// A message that was begun is given up: returns what of it was not produced.
  std::size_t drop(MessageId message);

  /// Gives up all that has expired, wherever it waits. Returns when that will have to be done again.
  Time expire(Time now);
  std::optional<GivenUp> takeGivenUp();

  /// No message waits.
  bool empty() const { return messageCount_ == 0; }

  void setPriority(std::uint16_t stream, std::uint16_t priority) {
    streams_[stream].priority = priority == 0 ? std::uint16_t{1} : priority;
  }
  /// RFC 6525 s.5.1.2 A1: takes no more messages, until `resume` or `reset`.
  void pause(std::uint16_t stream) { streams_[stream].paused = true; }
  bool paused(std::uint16_t stream) const;
  void resume(std::uint16_t stream);
  /// All of the stream was produced and has been acknowledged.
  bool quiet(std::uint16_t stream) const;
  /// The stream is as if it had never been used.
  void reset(std::uint16_t stream);
  /// Chunks of the stream that are outstanding.
  void chunkAdded(std::uint16_t stream) { ++streams_[stream].outstanding; }
  void chunkRemoved(std::uint16_t stream) { --streams_[stream].outstanding; }

 private:
  struct Stream {
    MessageId head = noMessage;
    MessageId tail = noMessage;
    std::uint64_t virtualTime = 0;
    std::uint32_t nextOrdered = 0;    ///< SSN in its low half, or MID.
    std::uint32_t nextUnordered = 0;  ///< MID
    std::uint32_t outstanding = 0;
    std::uint16_t priority = 256;
    bool paused = false;
    bool scheduled = false;  ///< In `waiting_` or `held_`, or `chosen_`.
  };
  struct Waiting {
    std::uint64_t virtualTime;
    std::uint64_t order;  ///< Who came first, of those with the same time.
    Stream* stream;       ///< The nodes of the map stay where they are.
    bool operator<(const Waiting& other) const {
      return virtualTime != other.virtualTime ? virtualTime > other.virtualTime : order > other.order;
    }
  };

  const Stream* find(std::uint16_t stream) const;
  void schedule(Stream& stream);
  bool choose();
  bool mayBegin(const OutgoingMessage& message) const;
  void ended(const OutgoingMessage& message);
  void popHead(Stream& stream);
  void giveUpHead(Stream& stream);

  MessageStore& messages_;
  bool interleaving_ = false;
  std::unordered_map<std::uint16_t, Stream> streams_;
  std::vector<Waiting> waiting_;  ///< A heap, the next one at its front.
  Stream* chosen_ = nullptr;
  std::vector<Stream*> held_;  ///< Their next message may not begin yet.
  std::size_t mostBegun_ = std::numeric_limits<std::size_t>::max();
  std::size_t begun_ = 0;      ///< Bytes of the messages that were begun and are not finished.
  std::uint64_t present_ = 0;  ///< The virtual time of what was last produced.
  std::uint64_t order_ = 0;
  std::size_t messageCount_ = 0;
  std::vector<GivenUp> givenUp_;
};

}  // namespace parley::sctp::native
