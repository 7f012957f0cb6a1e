#pragma once

#include "ice/checklist.hpp"
#include "ice/credentials.hpp"
#include "ice/gatherer.hpp"

#include <parley/time.hpp>

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
};

/// A request that came before the remote description did: answered already, used later (RFC 8445 s.7.3).
struct EarlyRequest {
  PathKey path;
  std::string remoteUfrag;
  std::uint32_t priority = 0;
  bool useCandidate = false;
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
  bool remoteIsLite = false;

  std::vector<LocalCandidate> locals;
  std::vector<RemoteCandidate> remotes;
  std::vector<Candidate> waitingRemotes;  ///< Signalled before the remote credentials.
  std::vector<EarlyRequest> early;
  Checklist checklist;
  bool gathered = false;
  bool remoteEnded = false;

  /// The paths that an authenticated check passed on. No pair yet for an early request.
  std::unordered_map<PathKey, Pair*, PathKeyHash> proven;

  /// The nominated pair.
  Pair* selected = nullptr;
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
