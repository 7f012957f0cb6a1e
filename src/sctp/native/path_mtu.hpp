#pragma once

#include "base/bytes.hpp"
#include "base/random.hpp"

#include <parley/time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace parley::sctp::native {

/// Finds the largest packet that the path carries (RFC 8899), by HEARTBEATs that are padded to the size in question
/// (s.6.1). Nothing of the application is at stake, and no report of a router is needed.
///
///     base ──start──► searching ──nothing larger is left to try──► complete ──raise timer──► searching
///       ▲                 │                                            │
///       └── black hole ───┴────────────────────────────────────────────┘
///
/// The base is not confirmed by a probe of its own: the handshake has no packet of that size, but the first data has,
/// and an unconfirmed base is no worse than no discovery at all.
class PathMtu {
 public:
  /// Sizes of SCTP packets, multiples of 4. `ceiling <= base`: no search.
  PathMtu(std::size_t base, std::size_t ceiling);

  /// The packet size in use.
  std::size_t current() const { return current_; }

  /// There is something to send in packets as large as they get. Once is enough.
  void start(Time now);
  Time deadline() const { return due_; }

  struct Probe {
    std::size_t size = 0;
    std::array<std::uint8_t, 8> info;  ///< For the HEARTBEAT, to be given back by its ACK.
  };
  /// `deadline` has come: what to send, if anything.
  std::optional<Probe> onTimer(Duration rto, base::Random& random, Time now);
  /// True if `current` has changed.
  bool onHeartbeatAck(base::Bytes info, Time now);
  /// Packets of the current size seem to vanish (RFC 8899 s.4.3). True if `current` has changed.
  bool onBlackHole(Time now);

 private:
  enum class State : std::uint8_t { Base, Searching, Complete };
  void searchOn(Time now);

  std::size_t base_;
  std::size_t ceiling_;
  std::size_t current_;
  std::size_t tooLarge_;  ///< The smallest size that failed; beyond the ceiling if none did.
  std::size_t probing_ = 0;
  State state_ = State::Base;
  std::uint8_t attempts_ = 0;  ///< Of the probe under way.
  std::array<std::uint8_t, 8> info_{};
  Time due_ = never;
};

}  // namespace parley::sctp::native
