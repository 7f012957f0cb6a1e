#pragma once

#include "sctp/wire/reconfig_chunk.hpp"
#include "sctp/wire/serial.hpp"

#include <parley/time.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace parley::sctp::native {

/// Our requests that streams of ours start anew (RFC 6525 s.5.1.2), one in flight at a time:
///
///     waiting ──all of the stream was sent and acknowledged──► in flight ──response──► done, or refused
///                                                                │    ▲
///                                                                └────┘ timer, or "in progress": once more
///
/// A decider: `Sender` asks it and does what it says.
class OutgoingResets {
 public:
  struct Request {
    wire::RequestNumber number;
    wire::Tsn lastTsn;
    std::vector<std::uint16_t> streams;
  };
  struct Done {
    std::vector<std::uint16_t> streams;
    bool refused = false;
  };

  /// `first`: RFC 6525 s.4.1: the initial TSN.
  void start(wire::RequestNumber first) { next_ = first; }

  void add(std::uint16_t stream) { waiting_.push_back(stream); }
  /// Makes a request of those that wait and are `ready`, if none is in flight; then it is `due`.
  void prepare(wire::Tsn lastTsn, const std::function<bool(std::uint16_t stream)>& ready);
  /// The request that is to be sent now, or again; null if there is none. `sent` follows.
  const Request* due() const { return due_ ? &*inFlight_ : nullptr; }
  void sent(Time now, Duration rto);
  /// The deadline has come: the request is due again.
  void expired();
  /// Nothing if it is not an answer to what is in flight, or does not settle it.
  std::optional<Done> handle(const wire::ReconfigResponse& response);
  /// The peer has all up to `cumulative`. If it has asked for patience until then, the request is due again.
  void acknowledged(wire::Tsn cumulative);

  /// When the request is to be sent again.
  Time deadline() const { return due_ ? never : deadline_; }
  bool idle() const { return waiting_.empty() && !inFlight_; }
  /// Times that the request in flight was repeated without any answer.
  unsigned repeated() const { return repeated_; }

 private:
  /// As `RtoEstimator::most`.
  static constexpr Duration maximumDelay = std::chrono::seconds(5);

  wire::RequestNumber next_;
  std::vector<std::uint16_t> waiting_;
  std::optional<Request> inFlight_;
  bool due_ = false;
  bool postponed_ = false;  ///< The answer was "in progress".
  unsigned repeated_ = 0;
  Time deadline_ = never;
};

}  // namespace parley::sctp::native
