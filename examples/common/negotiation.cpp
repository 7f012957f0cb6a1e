#include "negotiation.hpp"

#include "json.hpp"

#include <optional>
#include <utility>

using nlohmann::json;
using namespace parley;

Negotiation::Negotiation(PeerConnection& connection, bool trickle, Handlers handlers)
    : connection_(connection), trickle_(trickle), handlers_(std::move(handlers)) {
  connection_.onIceCandidate([this](const std::optional<IceCandidate>& candidate) {
    if (!trickle_ || !candidate) return;
    json message{{"candidate", candidate->candidate()}};
    if (candidate->sdpMid()) message["sdpMid"] = *candidate->sdpMid();
    if (candidate->sdpMLineIndex()) message["sdpMLineIndex"] = *candidate->sdpMLineIndex();
    if (candidate->usernameFragment()) message["usernameFragment"] = *candidate->usernameFragment();
    handlers_.emit(message);
  });
  connection_.onIceGatheringStateChange([this] {
    if (connection_.iceGatheringState() != IceGatheringState::Complete) return;
    if (std::exchange(waitsForCandidates_, false)) emitDescription();
    if (handlers_.gathered) handlers_.gathered();
  });
}

void Negotiation::offer() { describe(); }

void Negotiation::describe() {
  // Without argument: an offer or an answer, as the signalling state asks for.
  connection_.setLocalDescription().then(
      [this] {
        const auto description = connection_.localDescription();
        // Nothing new may have to be gathered: then no event of its end comes either.
        const bool gathered = description && description->sdp.find("a=end-of-candidates") != std::string::npos;
        if (trickle_ || gathered)
          emitDescription();
        else
          waitsForCandidates_ = true;
        if (description && description->type == SdpType::Answer && handlers_.complete) handlers_.complete();
      },
      [this](const Error& error) { handlers_.error(error.what()); });
}

void Negotiation::emitDescription() {
  if (const auto description = connection_.localDescription())
    handlers_.emit({{"type", toString(description->type)}, {"sdp", description->sdp}});
}

bool Negotiation::take(const json& message) {
  if (!message.is_object()) return false;
  if (message.contains("candidate")) {
    addCandidate(message);
    return true;
  }
  const auto type = parseSdpType(text(message, "type"));
  if (!type || (*type != SdpType::Offer && *type != SdpType::Answer)) return false;
  connection_.setRemoteDescription({*type, text(message, "sdp")})
      .then(
          [this, type] {
            if (*type == SdpType::Offer) return describe();
            if (handlers_.complete) handlers_.complete();
          },
          [this](const Error& error) { handlers_.error(error.what()); });
  return true;
}

void Negotiation::addCandidate(const json& message) {
  std::optional<IceCandidateInit> candidate;
  if (!message["candidate"].is_null()) {
    candidate.emplace();
    candidate->candidate = text(message, "candidate");
    if (message.contains("sdpMid") && message["sdpMid"].is_string()) candidate->sdpMid = text(message, "sdpMid");
    if (message.contains("sdpMLineIndex") && message["sdpMLineIndex"].is_number_unsigned())
      candidate->sdpMLineIndex = message["sdpMLineIndex"].get<std::uint16_t>();
    if (auto fragment = text(message, "usernameFragment"); !fragment.empty()) candidate->usernameFragment = fragment;
  }
  connection_.addIceCandidate(candidate).onRejected([this](const Error& error) { handlers_.error(error.what()); });
}
