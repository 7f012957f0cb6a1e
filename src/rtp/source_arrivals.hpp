#pragma once

#include "rtp/rtcp/congestion_feedback.hpp"
#include "rtp/sequence.hpp"

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace parley::rtp {

/// The receiver's side of RFC 8888: which packet of which stream came when, until it is reported.
///
/// A report goes on where the one before ended, so that what is missing is told of once; if a packet comes late, it
/// begins there again.
class SourceArrivals {
 public:
  void add(std::uint32_t ssrc, std::uint16_t sequence, Time now);
  void forget(std::uint32_t ssrc);

  /// When to report.
  Time deadline() const { return due_; }
  /// What has come since the last report and fits `most` bytes; empty if nothing has. Valid until the next call.
  std::span<const rtcp::StreamMetrics> take(std::size_t most, Time now);

 private:
  /// RFC 8888 s.5: a report each 50 to 200 ms gives controllers what they need.
  static constexpr Duration interval = std::chrono::milliseconds(50);
  static constexpr std::size_t limit = 400;
  /// Of what was reported, so that a packet that comes late can be told of between its neighbours.
  static constexpr std::int64_t remembered = 256;
  /// More in a row were no losses, but an outage or a sender that began again.
  static constexpr std::int64_t maxLost = 1000;
  static constexpr std::size_t maxSources = 64;

  struct Arrival {
    std::int64_t sequence = 0;
    Time at{};
    bool reported = false;
  };
  struct Source {
    SequenceUnwrapper unwrapper;
    std::vector<Arrival> arrivals;  ///< Ascending.
    std::int64_t next = 0;          ///< What reports begin with, unless a packet before it has come.
    bool begun = false;
    std::size_t waiting = 0;
  };
  void add(Source& source, std::uint16_t sequence, Time now);
  /// The metrics of one source, of `most` packets at most.
  std::vector<rtcp::PacketMetric> take(Source& source, std::size_t most, std::uint16_t& begin, Time now);

  std::map<std::uint32_t, Source> sources_;
  std::size_t waiting_ = 0;
  Time due_ = never;
  std::vector<rtcp::StreamMetrics> streams_;
  std::vector<std::vector<rtcp::PacketMetric>> metrics_;
};

}  // namespace parley::rtp
