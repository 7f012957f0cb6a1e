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

/// The JSON in a line or a message; a discarded value if there is none.
inline nlohmann::json parseJson(const std::string& text) { return nlohmann::json::parse(text, nullptr, false); }

/// One line. What is not UTF-8 becomes U+FFFD.
inline std::string toLine(const nlohmann::json& message) {
  return message.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// The member if it is a string, else an empty string.
inline std::string text(const nlohmann::json& message, const char* member) {
  const auto found = message.find(member);
  return found != message.end() && found->is_string() ? found->get<std::string>() : std::string();
}
