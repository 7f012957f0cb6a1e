#pragma once

#include "sctp/native/inbox.hpp"
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
///     fragment ──► continues a run? ──yes──► appended to the run's message ──end──► complete
///                     └──no──► waits for the TSN before it
///     complete ──► unordered, or the stream's next? ──yes──► inbox
///                     └──no──► waits in its stream
///
/// A chunk's bytes are copied once, into the message, if they come in order; those that have to wait once more. What
/// waits counts in the inbox's window. The window admitted the chunk before it gets here.
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
  /// A message of which the first fragments are there.
  struct Run {
    wire::UnwrappedTsn first;
    std::uint16_t stream = 0;
    wire::Ssn ssn;
    bool unordered = false;
    bool tooLarge = false;  ///< Its bytes are thrown away.
    std::uint32_t ppid = 0;
    std::vector<std::uint8_t> bytes;
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

  void append(Run& run, base::Bytes bytes);
  /// Appends what waits for the run's next TSN, and finishes it if its end is there.
  void extend(Runs::iterator run);
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
  std::map<wire::UnwrappedTsn, Fragment> loose_;
  std::unordered_map<std::uint16_t, Stream> streams_;
};

}  // namespace parley::sctp::native
