#pragma once

#include "ice/checklist.hpp"
#include "ice/credentials.hpp"
#include "ice/local_candidate.hpp"

#include <parley/time.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace parley::ice {

struct RemoteCandidate {
  Candidate candidate;
  SocketAddress address;
  std::uint32_t id = 0;
  /// Signalled with a name of multicast DNS, which stood for this address.
  bool named = false;
  /// It came after the peer had said that there are no more, or by itself while a pair was selected: a new way.
  bool late = false;
};

/// What a description says of its sender beside credentials.
struct RemoteOptions {
  bool lite = false;          ///< a=ice-lite (RFC 8839 s.5.3)
  bool renomination = false;  ///< a=ice-options:renomination
  /// a=ice-pacing, the pause that it proposes. RFC 8445 s.14.2: one that proposes none has the default.
  Duration ta = std::chrono::milliseconds(50);
};

/// A request that came before the remote description did: answered already, used later (RFC 8445 s.7.3).
struct EarlyRequest {
  PathKey path;
  std::string remoteUfrag;
  std::uint32_t priority = 0;
  bool useCandidate = false;
  std::uint32_t nomination = 0;  ///< Its number, if it has one.
};

/// What belongs to one exchange of credentials. It starts with those of one side, and checks begin with those of both.
struct Generation {
  Generation(std::uint32_t number, std::size_t maxPairs) : serial(number), checklist(maxPairs) {}

  bool isComplete() const { return local && remote; }
  /// Checks are made: there are credentials, and neither failure nor a restart has ended it.
  bool isRunning() const { return isComplete() && !failed && retireAt == never; }
  /// After the checklist discarded pairs.
  void relinkProven() {
    for (auto& [path, pair] : proven) pair = checklist.find(path);
  }

  std::uint32_t serial;
  std::optional<Credentials> local, remote;
  RemoteOptions remoteOptions;

  std::vector<LocalCandidate> locals;
  std::vector<RemoteCandidate> remotes;
  std::vector<Candidate> waitingRemotes;  ///< Signalled before the remote credentials.
  std::vector<EarlyRequest> early;
  Checklist checklist;
  bool gathered = false;
  bool remoteEnded = false;
  /// A network came after gathering was complete: candidates since then are new ways, and are tried even though a pair
  /// is selected.
  bool resumed = false;

  /// The paths that an authenticated check passed on. No pair yet for an early request.
  std::unordered_map<PathKey, Pair*, PathKeyHash> proven;

  /// The nominated pair.
  Pair* selected = nullptr;
  bool wasSelected = false;
  /// Controlling: the number of our last nomination, where the peer understands numbers.
  std::uint32_t nominations = 0;
  /// Controlling: the pair whose nomination is under way, and when to nominate the best pair there is.
  std::optional<std::uint32_t> nominating;
  Time nominateAt = never;

  /// RFC 8863 s.4: not failed before this. Never before there are credentials of both sides.
  Time patienceUntil = never;
  bool failed = false;
  /// Set when a restart replaced this one.
  Time retireAt = never;
};

}  // namespace parley::ice
