#include "pc/session_checks.hpp"

#include "pc/session_sections.hpp"
#include "sdp/query.hpp"
#include "sdp/verify.hpp"

#include <algorithm>
#include <set>

namespace parley::pc {

namespace {

using Reason = std::optional<std::string>;

std::string section(std::size_t index) { return "m= section " + std::to_string(index) + ": "; }

/// W3C "set a session description": the policy "require", the only one there is. RFC 9143 s.7.1.3: the tagged section
/// can say it for its bundle.
Reason checkRtcpMux(const sdp::Description& description) {
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto& media = description.media[i];
    if (!media.isRtp() || isRejected(media)) continue;
    const auto& tagged = description.media[sdp::transportSection(description, i)];
    if (!sdp::has<sdp::RtcpMux>(media.attributes) && !sdp::has<sdp::RtcpMux>(tagged.attributes))
      return section(i) + "there is no a=rtcp-mux";
  }
  return std::nullopt;
}

/// What sections have in common over the life of a session, as long as they are not rejected (RFC 3264 s.8).
Reason checkSame(const sdp::Description& before, const sdp::Description& after, std::size_t index) {
  const auto& a = before.media[index];
  const auto& b = after.media[index];
  if (a.kind != b.kind) return section(index) + "the kind changed from " + a.kind + " to " + b.kind;
  if (a.protocol != b.protocol) return section(index) + "the protocol changed from " + a.protocol + " to " + b.protocol;
  if (midOf(a) != midOf(b)) return section(index) + "the mid changed";
  return std::nullopt;
}

/// Another DTLS association needs a new transport, which is an ICE restart (RFC 9429 s.5.8.3, 5.11).
Reason checkAssociation(const Exchange& before, const DataSectionView& after) {
  if (!continuesDtls(before.remote, after) && before.remote.credentials == after.credentials)
    return section(after.index) + "a new fingerprint or tls-id needs an ICE restart";
  return std::nullopt;
}

/// An association that goes on keeps its roles (RFC 8842 s.5.5). For answers that is not checked: Firefox answers each
/// offer as active, whatever it is (its bug 1329028), and goes on in the role that it has. So do we.
Reason checkRoles(const Exchange& before, const DataSectionView& offered) {
  if (!continuesDtls(before.remote, offered)) return std::nullopt;
  const bool client = before.dtlsRole == dtls::Role::Client;
  if (offered.setup == (client ? sdp::Setup::Role::Active : sdp::Setup::Role::Passive))
    return section(offered.index) + "the DTLS roles changed within one association";
  return std::nullopt;
}

Reason checkOffer(const Negotiation& negotiation, const sdp::Description& offer,
                  const std::optional<DataSectionView>& data) {
  const auto current = currentExchange(negotiation);
  // W3C: an offer after an offer is checked as if the first had been answered, and nothing in it rejected.
  const bool unanswered = negotiation.pendingRemote.has_value();
  if (const auto* before = negotiation.remote()) {
    if (offer.media.size() < before->media.size())
      return "the offer has fewer m= sections than the description before it";
    for (std::size_t i = 0; i < before->media.size(); ++i) {
      const bool inUse = unanswered ? !isRejected(before->media[i]) : current && current->remote.index == i;
      if (auto wrong = inUse ? checkSame(*before, offer, i) : std::nullopt) return wrong;
    }
  }
  if (!current || !data || data->index != current->remote.index) return std::nullopt;
  if (auto wrong = checkAssociation(*current, *data)) return wrong;
  return checkRoles(*current, *data);
}

/// RFC 9143 s.7.4
Reason checkAnsweredBundle(const sdp::Description& offer, const sdp::Description& answer) {
  auto bundled = [](const sdp::Description& description) {
    std::set<std::string> mids;
    for (const auto* group : sdp::all<sdp::Group>(description.attributes))
      if (group->semantics == "BUNDLE") mids.insert(group->mids.begin(), group->mids.end());
    return mids;
  };
  const auto offered = bundled(offer);
  for (const auto& mid : bundled(answer))
    if (!offered.contains(mid)) return "the answer bundles the mid \"" + mid + "\", which the offer did not";
  return std::nullopt;
}

/// RFC 9429 s.5.10: the answer has new credentials if, and only if, the offer restarts ICE.
Reason checkRestart(const Exchange& current, const sdp::Description& offer, const DataSectionView& answered) {
  const bool offersRestart = viewData(offer, answered.index).credentials != current.local.credentials;
  const bool answersRestart = answered.credentials != current.remote.credentials;
  if (offersRestart && !answersRestart) return section(answered.index) + "our offer restarts ICE, the answer does not";
  if (!offersRestart && answersRestart) return section(answered.index) + "the answer restarts ICE, our offer does not";
  return std::nullopt;
}

Reason checkAnswer(const Negotiation& negotiation, const sdp::Description& answer,
                   const std::optional<DataSectionView>& data) {
  const auto& offer = *negotiation.pendingLocal->tree;
  if (answer.media.size() != offer.media.size())
    return "the answer has " + std::to_string(answer.media.size()) + " m= sections, the offer " +
           std::to_string(offer.media.size());
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    if (auto wrong = checkSame(offer, answer, i)) return wrong;
    // RFC 3264 s.6
    if (isRejected(offer.media[i]) && !isRejected(answer.media[i]))
      return section(i) + "the answer takes what was not offered";
    if (!isRejected(answer.media[i]) && (!data || data->index != i))
      return section(i) + "the answer has no format of ours";
  }
  if (auto wrong = checkAnsweredBundle(offer, answer)) return wrong;
  if (!data) return std::nullopt;
  // RFC 5763 s.5
  if (data->setup != sdp::Setup::Role::Active && data->setup != sdp::Setup::Role::Passive)
    return section(data->index) + "a=setup of an answer is active or passive";

  const auto current = currentExchange(negotiation);
  if (current && current->local.index == data->index)
    if (auto wrong = checkRestart(*current, offer, *data)) return wrong;
  // A provisional answer counts as what was before (RFC 9429 s.5.11).
  const auto before = activeExchange(negotiation);
  if (before && before->local.index == data->index) return checkAssociation(*before, *data);
  return std::nullopt;
}

}  // namespace

std::optional<SessionError> checkRemote(const Negotiation& negotiation, SdpType type,
                                        const sdp::Description& description) {
  auto refuse = [](std::string reason) { return SessionError{ErrorName::InvalidAccessError, std::move(reason)}; };
  if (auto wrong = sdp::verify(description))
    return refuse((wrong->section ? section(*wrong->section) : std::string()) + wrong->reason);
  if (auto wrong = checkRtcpMux(description)) return refuse(*wrong);

  const auto active = activeExchange(negotiation);
  std::optional<DataSectionView> data;
  if (type == SdpType::Offer) {
    if (auto index = dataSection(description, active ? std::optional(active->local.index) : std::nullopt))
      data = viewData(description, *index);
  } else if (auto index = dataSection(*negotiation.pendingLocal->tree);
             index && dataSection(description, index) == index) {
    data = viewData(description, *index);
  }
  if (data) {
    if (data->credentials.ufrag.empty() || data->credentials.pwd.empty())
      return refuse(section(data->index) + "there are no ICE credentials");
    if (data->setup == sdp::Setup::Role::Holdconn)
      return refuse(section(data->index) + "a=setup:holdconn is not for DTLS");
    // RFC 8827 s.6.5: SHA-256 at least, or the peer cannot be authenticated.
    if (dtls::decisive(data->fingerprints).empty())
      return refuse(section(data->index) + "no fingerprint is of SHA-256 or better");
  }
  if (auto wrong = type == SdpType::Offer ? checkOffer(negotiation, description, data)
                                          : checkAnswer(negotiation, description, data))
    return refuse(*wrong);
  return std::nullopt;
}

}  // namespace parley::pc
