#pragma once

#include "base/counters.hpp"
#include "base/ring.hpp"
#include "sctp/association.hpp"
#include "sctp/native/receive_window.hpp"

#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

namespace parley::sctp::native {

/// So few messages at a time are given room for all of their bytes in advance: it is not counted in the window.
inline constexpr std::size_t generous = 4;

/// Why something of the peer's was not taken.
enum class ReceiveDrop : std::uint8_t {
  Duplicate,       ///< The TSN has come already.
  TooFar,          ///< A TSN that no gap block could report, or one gap too many.
  NoRoom,          ///< The window is full. Not acknowledged.
  BadStream,       ///< A stream that does not exist (RFC 9260 s.6.5). Acknowledged.
  BehindReset,     ///< The stream's reset is not done yet. Not acknowledged.
  OrphanFragment,  ///< Its beginning will never come: it was given up, or never sent.
  WrongFragment,   ///< One that does not continue its message: twice the same, another stream, behind the end.
  WrongNumber,     ///< A message of a number that was delivered or skipped.
  StaleForward,    ///< FORWARD-TSN to where we are already.
  Count
};

constexpr std::string_view toString(ReceiveDrop reason) {
  constexpr std::string_view names[] = {"duplicate",      "too-far",      "no-room",
                                        "bad-stream",     "behind-reset", "orphan-fragment",
                                        "wrong-fragment", "wrong-number", "stale-forward"};
  static_assert(std::size(names) == static_cast<std::size_t>(ReceiveDrop::Count));
  return names[static_cast<std::size_t>(reason)];
}

/// What is complete and in order, for the application; and what it should know, in its place among the messages.
class Inbox {
 public:
  using Event = std::variant<Association::IncomingStreamsReset, Association::MessageTooLarge>;

  Inbox(std::size_t capacity, std::size_t largestMessage) : window_(capacity, largestMessage) {}

  void add(Message message) {
    window_.holdReady(message.bytes.size());
    messages_.push(std::move(message));
    ++added_;
  }
  /// To be told after the messages so far.
  void event(Event event) { events_.push(Entry{added_, std::move(event)}); }

  const Message* peek() const { return messages_.empty() ? nullptr : &messages_.front(); }
  std::optional<Message> receive() {
    if (messages_.empty()) return std::nullopt;
    Message message = messages_.pop();
    window_.releaseReady(message.bytes.size());
    ++received_;
    return message;
  }
  /// An event before which there are no messages any more.
  std::optional<Event> poll() {
    if (events_.empty() || events_.front().after > received_) return std::nullopt;
    return events_.pop().event;
  }
  bool empty() const { return messages_.empty(); }

  ReceiveWindow& window() { return window_; }
  const ReceiveWindow& window() const { return window_; }
  void drop(ReceiveDrop reason) { drops_.add(reason); }
  const base::Counters<ReceiveDrop>& drops() const { return drops_; }

 private:
  struct Entry {
    std::uint64_t after = 0;
    Event event;
  };
  ReceiveWindow window_;
  base::Ring<Message> messages_;
  base::Ring<Entry> events_;
  std::uint64_t added_ = 0;
  std::uint64_t received_ = 0;
  base::Counters<ReceiveDrop> drops_;
};

}  // namespace parley::sctp::native
