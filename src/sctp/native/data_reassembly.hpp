#pragma once

#include "sctp/native/inbox.hpp"
#include "sctp/native/message_assembly.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/forward_tsn_chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace parley::sctp::native {

/// Makes messages of DATA chunks (RFC 9260 s.6.5, s.6.6, s.6.9). The fragments of a message have TSNs without a gap,
/// and nothing but that holds them together.
///
///     fragment ──► the run's next? ──yes──► joins the run's message ──end──► complete
///                     └──no──► has a place in a run? ──yes──► waits there
///                                └──no──► waits in a buffer of its own
///     complete ──► unordered, or the stream's next? ──yes──► inbox
///                     └──no──► waits in its stream
///
/// A run begins with the first fragment of a message; or without it, where a fragment comes that continues none: what
/// is missing is then taken to be the one in front of it. What waits counts in the inbox's window. The window admitted
/// the chunk before it gets here.
class DataReassembly {
 public:
  DataReassembly(Inbox& inbox, std::size_t maxMessageSize) : inbox_(inbox), maxMessageSize_(maxMessageSize) {}
  ~DataReassembly() { clear(); }
  DataReassembly(const DataReassembly&) = delete;
  DataReassembly& operator=(const DataReassembly&) = delete;

  /// A chunk with a new TSN.
  void add(const wire::Data& data, wire::UnwrappedTsn tsn);
  /// RFC 3758 s.3.6. `cumulative` is what the FORWARD-TSN says, not where that led to.
  /// Entries for streams that do not exist, of which there are `streams`, are ignored.
  void forward(wire::UnwrappedTsn cumulative, const wire::ForwardTsnView& skipped, std::uint16_t streams);
  /// All up to `cumulative` has come or was skipped: fragments before it that found no beginning never will.
  void progressed(wire::UnwrappedTsn cumulative);
  /// RFC 6525 s.5.2.2 E3.
  void resetStream(std::uint16_t stream);
  void resetAllStreams();

 private:
  /// A message of which something is there.
  struct Run {
    wire::UnwrappedTsn first;
    std::uint16_t stream = 0;
    wire::Ssn ssn;
    bool unordered = false;
    bool begun = false;  ///< `first` has come. If it has not, it is a guess.
    std::uint32_t ppid = 0;
    MessageAssembly message;

    std::uint32_t indexOf(wire::UnwrappedTsn tsn) const { return static_cast<std::uint32_t>(tsn.aheadOf(first)); }
    wire::UnwrappedTsn next() const { return first + message.joined(); }
  };
  struct Fragment {
    std::uint16_t stream = 0;
    wire::Ssn ssn;
    bool unordered = false;
    bool end = false;
    std::vector<std::uint8_t> bytes;
  };
  struct Stream {
    wire::UnwrappedSsn next = wire::UnwrappedSsn::first({0});
    /// Complete messages that wait for earlier ones. One without bytes was too large: it holds its place only.
    std::map<wire::UnwrappedSsn, Message> waiting;
  };
  using Runs = std::map<wire::UnwrappedTsn, Run>;  ///< By the TSN that is to come next.

  void begin(const wire::Data& data, wire::UnwrappedTsn tsn);
  /// A fragment whose turn has not come.
  void wait(const wire::Data& data, wire::UnwrappedTsn tsn);
  bool place(Run& run, const wire::Data& data, wire::UnwrappedTsn tsn);
  /// The run's next fragment joins it, and then those that wait for it. At the end of the message it is complete.
  void join(Runs::iterator at, base::Bytes bytes, bool end);
  void append(Run& run, base::Bytes bytes, bool end);
  /// What waits in the run gets buffers of its own: its place is wrong, or it belongs to another message.
  void evict(Run& run);
  /// The last run that waits for `tsn` or something before it.
  Runs::iterator runAround(wire::UnwrappedTsn tsn);
  void complete(Run& run);
  void deliverInOrder(Stream& stream);
  void deliver(Message&& message);
  void discard(Runs::iterator run);
  void clear();

  Inbox& inbox_;
  std::size_t maxMessageSize_;
  std::size_t usualSize_ = 0;  ///< Of the last message of several fragments: what the next one gets to begin with.
  wire::UnwrappedTsn forwardedTo_{0};
  Runs runs_;
  std::map<wire::UnwrappedTsn, Fragment> loose_;  ///< Those that have no place in a run.
  std::unordered_map<std::uint16_t, Stream> streams_;
};

}  // namespace parley::sctp::native
