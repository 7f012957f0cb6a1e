#include "pc/session.hpp"
#include "pc/session_sections.hpp"

#include <algorithm>

// W3C addIceCandidate.

namespace parley::pc {

namespace {

using Refused = base::Unexpected<SessionError>;

Refused refuse(ErrorName name, std::string message) { return Refused(SessionError{name, std::move(message)}); }

/// The line for the description. The text was parsed before, so that it holds no line ends.
std::string lineOf(std::string_view candidate) {
  for (std::string_view prefix : {"a=", "candidate:"})
    if (candidate.starts_with(prefix)) candidate.remove_prefix(prefix.size());
  return "a=candidate:" + std::string(candidate);
}

}  // namespace

std::optional<SessionError> Session::refusalOfCandidates() const {
  if (state() == SignalingState::Closed) return SessionError{ErrorName::InvalidStateError, "the connection is closed"};
  if (!now_.remote()) return SessionError{ErrorName::InvalidStateError, "there is no remote description"};
  return std::nullopt;
}

base::Result<AddedCandidate, SessionError> Session::addRemoteCandidate(const IceCandidateInit& init) {
  const bool end = init.candidate.empty();
  const bool everySection = !init.sdpMid && !init.sdpMLineIndex;
  if (!end && everySection) return refuse(ErrorName::TypeError, "the candidate says neither sdpMid nor sdpMLineIndex");
  if (auto refused = refusalOfCandidates()) return Refused(std::move(*refused));
  const auto* remote = now_.remote();

  std::vector<std::size_t> sections;
  if (init.sdpMid) {
    auto index = sectionWithMid(*remote, *init.sdpMid);
    if (!index) return refuse(ErrorName::OperationError, "no m= section has the mid \"" + *init.sdpMid + "\"");
    sections.push_back(*index);
  } else if (init.sdpMLineIndex) {
    if (*init.sdpMLineIndex >= remote->media.size())
      return refuse(ErrorName::OperationError, "there is no m= section " + std::to_string(*init.sdpMLineIndex));
    sections.push_back(*init.sdpMLineIndex);
  } else {
    for (std::size_t i = 0; i < remote->media.size(); ++i) sections.push_back(i);
  }
  // W3C: candidates of a section that is stopped are taken and forgotten, those too that our answer has rejected.
  const auto active = activeExchange(now_);
  std::erase_if(sections, [&](std::size_t i) {
    if (isRejected(remote->media[i])) return true;
    return !(now_.pendingRemote && now_.pendingRemote->type == SdpType::Offer) && !(active && active->used.contains(i));
  });
  if (sections.empty()) return AddedCandidate{};

  auto has = [&](const std::optional<RemoteDescription>& description, std::size_t i, const std::string& ufrag) {
    return description && i < description->tree->media.size() && ufragOf(*description->tree, i) == ufrag;
  };
  if (init.usernameFragment && std::none_of(sections.begin(), sections.end(), [&](std::size_t i) {
        return has(now_.pendingRemote, i, *init.usernameFragment) || has(now_.currentRemote, i, *init.usernameFragment);
      }))
    return refuse(ErrorName::OperationError, "no remote description has the ufrag \"" + *init.usernameFragment + "\"");

  AddedCandidate added;
  std::optional<std::string> ufrag = init.usernameFragment;
  std::string line = "a=end-of-candidates";
  if (!end) {
    auto candidate = ice::parseCandidate(init.candidate);
    if (!candidate) return refuse(ErrorName::OperationError, "the candidate: " + std::string(candidate.error()));
    // RFC 8838 s.9: the generation travels with the candidate.
    if (ufrag && !candidate->ufrag()) candidate->extensions.emplace_back("ufrag", *ufrag);
    if (!ufrag && candidate->ufrag()) ufrag = std::string(*candidate->ufrag());
    line = lineOf(init.candidate);
    added.candidate = std::move(*candidate);
  }

  const auto& used = now_.pendingRemote ? now_.pendingRemote->used : now_.currentRemote->used;
  for (std::size_t i : sections) {
    const auto generation = ufrag ? ufrag : ufragOf(*remote, i);
    for (auto* description : {&now_.pendingRemote, &now_.currentRemote})
      if (generation && has(*description, i, *generation)) addLine(**description, i, line);
    // An end of an earlier generation's candidates is of no interest any more.
    if (end && generation != ufragOf(*remote, i)) continue;
    for (const auto& bundle : used.bundles)
      if (sharesTransport(*remote, bundle.anchor(), i) &&
          std::find(added.transports.begin(), added.transports.end(), bundle.transport) == added.transports.end())
        added.transports.push_back(bundle.transport);
  }
  return added;
}

}  // namespace parley::pc
