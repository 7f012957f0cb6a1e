#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"

#include <parley/time.hpp>

#include <array>
#include <cstdint>
#include <optional>

namespace parley::sctp::native {

/// Asks an idle path whether it is there, and measures it (RFC 9260 s.8.3).
///
///     idle ──interval without traffic──► asked ──ACK──► idle
///                                          └──RTO: asked again, later each time──►
class Heartbeat {
 public:
  using Info = std::array<std::uint8_t, 8>;

  /// `interval`: HB.interval; `never`'s distance (Duration::max()) sends none.
  explicit Heartbeat(Duration interval) : interval_(interval) {}

  /// The association is up, or something left that gets an answer: the path is not idle.
  void onTraffic(Duration rto, Time now);
  /// When `send` is due.
  Time deadline() const { return due_; }
  /// The info of a heartbeat to be sent now. Counts the one before as unanswered, if it is.
  Info send(Duration rto, base::Random& random, Time now);
  /// The round trip, if it is the answer that is waited for.
  std::optional<Duration> onAck(base::Bytes info, Time now);
  /// No more.
  void stop() { due_ = never; }

 private:
  Duration interval_;
  Time due_ = never;
  Time sentAt_{};
  std::optional<Info> asked_;
  unsigned unanswered_ = 0;
};

}  // namespace parley::sctp::native
