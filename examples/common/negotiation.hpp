#pragma once

#include <nlohmann/json.hpp>
#include <parley/peer_connection.hpp>

#include <functional>
#include <string>

/// Offer and answer as JSON messages, in one form for every way that they travel (a room, paste, an agent):
///
///     {"type": "offer" | "answer", "sdp": …}
///     {"candidate": …, "sdpMid": …}
///
/// One side offers, the other answers; both may do so again (a restart).
class Negotiation {
 public:
  struct Handlers {
    std::function<void(const nlohmann::json&)> emit;
    std::function<void(const std::string&)> error;
    std::function<void()> complete;  ///< Both descriptions are set.
    std::function<void()> gathered;  ///< All local candidates are known.
  };

  /// With `trickle`, a description is told at once and candidates as they are found; else it waits for all of them.
  /// Sets handlers of `connection`, which must outlive this.
  Negotiation(parley::PeerConnection& connection, bool trickle, Handlers handlers);

  void offer();
  /// A message of the other side. False if it is none of the above.
  bool take(const nlohmann::json& message);

 private:
  void describe();
  void emitDescription();
  void addCandidate(const nlohmann::json& message);

  parley::PeerConnection& connection_;
  bool trickle_;
  Handlers handlers_;
  bool waitsForCandidates_ = false;
};
