#pragma once

#include "sctp/native/inbox.hpp"
#include "sctp/native/message_assembly.hpp"
#include "sctp/wire/idata_chunk.hpp"
#include "sctp/wire/iforward_tsn_chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace parley::sctp::native {

/// Makes messages of I-DATA chunks (RFC 8260 s.2.2.3): a fragment says itself which message it belongs to and where. As
/// to copies and the window, `DataReassembly` has the same rules.
class IDataReassembly {
 public:
  IDataReassembly(Inbox& inbox, std::size_t maxMessageSize) : inbox_(inbox), maxMessageSize_(maxMessageSize) {}
  ~IDataReassembly() { clear(); }
  IDataReassembly(const IDataReassembly&) = delete;
  IDataReassembly& operator=(const IDataReassembly&) = delete;

  /// A chunk with a new TSN.
  void add(const wire::IData& data, wire::UnwrappedTsn tsn);
  /// RFC 8260 s.2.3.1. Entries for streams that do not exist, of which there are `streams`, are ignored.
  void forward(const wire::IForwardTsnView& skipped, std::uint16_t streams);
  /// All up to `cumulative` has come or was skipped: a message of which something came, but not the beginning, which
  /// has a lower TSN, will never be whole. It was given up, and this came late.
  void progressed(wire::UnwrappedTsn cumulative);
  /// RFC 8260 s.2.3.2: both counters start again.
  void resetStream(std::uint16_t stream);
  void resetAllStreams();

 private:
  struct Fragment {
    bool end = false;
    std::vector<std::uint8_t> bytes;
  };
  /// A message of which something is there; or all, if it waits for earlier ones.
  struct Partial {
    std::uint32_t ppid = 0;  ///< Known once the first fragment is there.
    MessageAssembly message;
    std::map<std::uint32_t, Fragment> loose;  ///< By FSN: those that have no place in the message.
  };
  using Partials = std::map<wire::UnwrappedMid, Partial>;
  struct Stream {
    /// Of the ordered ones: what is delivered next.
    wire::UnwrappedMid next = wire::UnwrappedMid::first({0});
    /// Of the unordered ones: what others are unwrapped by.
    wire::UnwrappedMid latest = wire::UnwrappedMid::first({0});
    Partials ordered;
    Partials unordered;
  };

  struct Key {
    std::uint16_t stream = 0;
    bool unordered = false;
    wire::UnwrappedMid mid;
  };

  /// The fragment joins its message.
  void join(std::uint16_t stream, Partial& partial, const wire::IData& data);
  void append(std::uint16_t stream, Partial& partial, base::Bytes bytes, bool end);
  void deliver(std::uint16_t stream, Partial& partial);
  void deliverInOrder(std::uint16_t number, Stream& stream);
  /// Gives back what the message holds of the window. It is to be erased.
  void release(Partial& partial);
  void release(Stream& stream);
  void clear();

  Inbox& inbox_;
  std::size_t maxMessageSize_;
  std::size_t usualSize_ = 0;  ///< Of the last message of several fragments: what the next one gets to begin with.
  std::size_t begun_ = 0;      ///< Messages that are not complete.
  std::unordered_map<std::uint16_t, Stream> streams_;
  /// By the TSN of the fragment that came first.
  std::map<wire::UnwrappedTsn, Key> withoutBeginning_;
};

}  // namespace parley::sctp::native
