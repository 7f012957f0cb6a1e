#pragma once

#include "ice/stats.hpp"

#include <parley/io.hpp>
#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace parley::ice {

/// The two ends of a pair as the packet path sees them: our socket and the peer's address.
struct PathKey {
  SocketId socket{};
  SocketAddress remote;
  bool operator==(const PathKey&) const = default;
};

struct PathKeyHash {
  std::size_t operator()(const PathKey& key) const noexcept {
    return std::hash<SocketAddress>{}(key.remote) * 31 + static_cast<std::size_t>(key.socket);
  }
};

/// One candidate pair of a checklist. Its local side is always a base (RFC 8445 s.6.1.2.4), that is a socket; what NATs
/// made of the base is `validLocal`, once a response told.
struct Pair {
  std::uint32_t id = 0;
  PathKey path;
  std::size_t local = 0;   ///< Index of the base among the generation's local candidates.
  std::size_t remote = 0;  ///< Index among the generation's remote candidates.
  std::string foundation;
  std::uint32_t localPriority = 0;
  std::uint32_t remotePriority = 0;
  std::uint64_t priority = 0;
  PairState state = PairState::Frozen;
  std::size_t validLocal = 0;  ///< As `local`, but the mapped address of the last response.
  bool nominated = false;
  /// The peer nominated it before our own check had succeeded (RFC 8445 s.7.3.1.5).
  bool nominateOnSuccess = false;
  /// The number of its nomination (draft-thatcher-ice-renomination-01); 0 if it had none.
  std::uint32_t nomination = 0;
  /// RFC 7675 s.5.1: the credentials must not be used on this pair any more.
  bool consentLost = false;

  /// When the peer last answered, which is what consent lasts from (RFC 7675 s.5.1).
  Time answeredAt = Time::min();
  /// When anything that the peer must have sent came last.
  Time heardAt = Time::min();

  std::optional<Duration> smoothedRoundTrip;
  std::optional<Duration> currentRoundTrip;
  Duration totalRoundTrip{};
  std::uint64_t packetsSent = 0, packetsReceived = 0, bytesSent = 0, bytesReceived = 0;
  std::optional<Time> lastPacketSent, lastPacketReceived;
  std::uint64_t requestsSent = 0, requestsReceived = 0, responsesSent = 0, responsesReceived = 0;
  std::uint64_t consentRequestsSent = 0;
  std::uint64_t packetsDiscarded = 0, bytesDiscarded = 0;

  bool isValid() const { return state == PairState::Succeeded; }
  bool isPending() const { return state == PairState::Frozen || state == PairState::Waiting; }
};

}  // namespace parley::ice
