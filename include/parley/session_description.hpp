#pragma once

#include <parley/export.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace parley {

/// RTCSdpType
enum class SdpType { Offer, PrAnswer, Answer, Rollback };

/// "offer", "pranswer", "answer", "rollback": the words that travel between peers.
PARLEY_API std::string_view toString(SdpType type);
/// The reverse; nothing for any other word.
PARLEY_API std::optional<SdpType> parseSdpType(std::string_view text);

/// RTCSessionDescription: what the two sides of a connection exchange, by whatever way the application has.
struct SessionDescription {
  SdpType type = SdpType::Offer;
  /// Unused for a rollback.
  std::string sdp;

  bool operator==(const SessionDescription&) const = default;
};

/// RTCSignalingState: how far an exchange of offer and answer is.
enum class SignalingState { Stable, HaveLocalOffer, HaveRemoteOffer, HaveLocalPrAnswer, HaveRemotePrAnswer, Closed };

/// "stable", "have-local-offer" and so on.
PARLEY_API std::string_view toString(SignalingState state);

}  // namespace parley
