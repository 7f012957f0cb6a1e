#include "pc/session_checks.hpp"

#include "pc/media_codecs.hpp"
#include "pc/session_sections.hpp"
#include "sdp/query.hpp"
#include "sdp/verify.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

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
  // A peer that does not know MID leaves it out: sections are told by their place then (RFC 9429 s.5.10).
  if (midOf(b) && midOf(a) != midOf(b)) return section(index) + "the mid changed";
  return std::nullopt;
}

/// RFC 5761 s.4: with rtcp-mux, which we require, these are RTCP's.
Reason checkPayloadTypes(const sdp::Description& description) {
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto& media = description.media[i];
    if (!kindOf(media) || isRejected(media)) continue;
    for (const auto& codec : codecsOf(media))
      if (codec.payloadType >= 64 && codec.payloadType <= 95)
        return section(i) + "the payload type " + std::to_string(codec.payloadType) + " is a packet of RTCP";
  }
  return std::nullopt;
}

/// RFC 9429 s.5.10: a retransmission format names a format of its section.
Reason checkRetransmission(const sdp::Description& description) {
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto& media = description.media[i];
    if (!kindOf(media) || isRejected(media)) continue;
    for (const auto& codec : codecsOf(media))
      if (codec.apt &&
          std::find(media.formats.begin(), media.formats.end(), std::to_string(*codec.apt)) == media.formats.end())
        return section(i) + "apt=" + std::to_string(*codec.apt) + " is no format of the section";
  }
  return std::nullopt;
}

/// A transport that the description has, as its first section says.
struct Anchor {
  std::size_t index = 0;
  TransportId transport = 0;
  TransportView view;
};

/// Another DTLS association needs a new transport, which is an ICE restart (RFC 9429 s.5.8.3, 5.11).
Reason checkAssociation(const Exchange::Transport& before, const Anchor& after) {
  if (!continuesDtls(before.remote, after.view) && before.remote.credentials == after.view.credentials)
    return section(after.index) + "a new fingerprint or tls-id needs an ICE restart";
  return std::nullopt;
}

/// An association that goes on keeps its roles (RFC 8842 s.5.5). For answers that is not checked: Firefox answers each
/// offer as active, whatever it is (its bug 1329028), and goes on in the role that it has. So do we.
Reason checkRoles(const Exchange::Transport& before, const Anchor& offered) {
  if (!continuesDtls(before.remote, offered.view)) return std::nullopt;
  const bool client = before.dtlsRole == dtls::Role::Client;
  if (offered.view.setup == (client ? sdp::Setup::Role::Active : sdp::Setup::Role::Passive))
    return section(offered.index) + "the DTLS roles changed within one association";
  return std::nullopt;
}

/// Whether a section goes on that is in use: one that is not can be recycled for anything.
bool isInUse(const std::optional<Exchange>& current, std::size_t index) {
  return current && current->used.contains(index);
}

/// The transport of an exchange that goes on in this one; null if its section was not in use.
const Exchange::Transport* transportOf(const std::optional<Exchange>& exchange, const Anchor& anchor) {
  return isInUse(exchange, anchor.index) ? exchange->transport(anchor.transport) : nullptr;
}

Reason checkOffer(const Negotiation& negotiation, const sdp::Description& offer, const std::vector<Anchor>& anchors) {
  const auto current = currentExchange(negotiation);
  // W3C: an offer after an offer is checked as if the first had been answered, and nothing in it rejected.
  const bool unanswered = negotiation.pendingRemote.has_value();
  if (const auto* before = negotiation.remote()) {
    if (offer.media.size() < before->media.size())
      return "the offer has fewer m= sections than the description before it";
    for (std::size_t i = 0; i < before->media.size(); ++i) {
      const bool inUse = unanswered ? !isRejected(before->media[i]) : isInUse(current, i);
      if (auto wrong = inUse ? checkSame(*before, offer, i) : std::nullopt) return wrong;
    }
  }
  for (const auto& anchor : anchors) {
    const auto* goesOn = transportOf(current, anchor);
    if (!goesOn) continue;
    if (auto wrong = checkAssociation(*goesOn, anchor)) return wrong;
    if (auto wrong = checkRoles(*goesOn, anchor)) return wrong;
  }
  return std::nullopt;
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
Reason checkRestart(const Exchange::Transport& current, const sdp::Description& offer, const Anchor& answered) {
  const bool offersRestart = viewTransport(offer, answered.index).credentials != current.local.credentials;
  const bool answersRestart = answered.view.credentials != current.remote.credentials;
  if (offersRestart && !answersRestart) return section(answered.index) + "our offer restarts ICE, the answer does not";
  if (!offersRestart && answersRestart) return section(answered.index) + "the answer restarts ICE, our offer does not";
  return std::nullopt;
}

/// RFC 3264 s.6.1: an answer has a format of the offer.
bool hasCommonCodec(const sdp::MediaSection& offered, const sdp::MediaSection& answered) {
  const auto ours = codecsOf(offered), theirs = codecsOf(answered);
  return std::any_of(theirs.begin(), theirs.end(), [&](const PlannedCodec& codec) {
    return std::any_of(ours.begin(), ours.end(), [&](const PlannedCodec& one) { return matches(codec, one); });
  });
}

/// RFC 9143 s.7.3.2: a section can only be moved out of the bundle if it was offered with an address of its own.
Reason checkUnbundled(const SectionsInUse& offered, const SectionsInUse& answered) {
  for (const auto& bundle : answered.bundles) {
    const auto taken = std::any_of(answered.bundles.begin(), answered.bundles.end(), [&](const Bundle& other) {
      return &other < &bundle && other.transport == bundle.transport;
    });
    const auto* ours = offered.bundleOf(bundle.anchor());
    if (taken || !ours)
      return section(bundle.anchor()) + "the answer has it outside of the bundle, where we offered no transport for it";
  }
  return std::nullopt;
}

Reason checkAnswer(const Negotiation& negotiation, const sdp::Description& answer, const SectionsInUse& used,
                   const std::vector<Anchor>& anchors) {
  const auto& offer = *negotiation.pendingLocal->tree;
  if (answer.media.size() != offer.media.size())
    return "the answer has " + std::to_string(answer.media.size()) + " m= sections, the offer " +
           std::to_string(offer.media.size());
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    if (auto wrong = checkSame(offer, answer, i)) return wrong;
    if (isRejected(answer.media[i])) continue;
    // RFC 3264 s.6
    if (isRejected(offer.media[i])) return section(i) + "the answer takes what was not offered";
    if (kindOf(answer.media[i]) ? !hasKnownCodec(answer.media[i]) || !hasCommonCodec(offer.media[i], answer.media[i])
                                : dataSection(answer, i) != i)
      return section(i) + "the answer has no format of ours";
  }
  if (auto wrong = checkAnsweredBundle(offer, answer)) return wrong;
  if (auto wrong = checkUnbundled(negotiation.pendingLocal->used, used)) return wrong;

  const auto current = currentExchange(negotiation);
  // A provisional answer counts as what was before (RFC 9429 s.5.11).
  const auto before = activeExchange(negotiation);
  for (const auto& anchor : anchors) {
    // RFC 5763 s.5
    if (anchor.view.setup != sdp::Setup::Role::Active && anchor.view.setup != sdp::Setup::Role::Passive)
      return section(anchor.index) + "a=setup of an answer is active or passive";
    if (const auto* goesOn = transportOf(current, anchor))
      if (auto wrong = checkRestart(*goesOn, offer, anchor)) return wrong;
    if (const auto* goesOn = transportOf(before, anchor))
      if (auto wrong = checkAssociation(*goesOn, anchor)) return wrong;
  }
  return std::nullopt;
}

}  // namespace

std::optional<SessionError> checkRemote(const Negotiation& negotiation, SdpType type,
                                        const sdp::Description& description, const SectionsInUse& used) {
  auto refuse = [](std::string reason) { return SessionError{ErrorName::InvalidAccessError, std::move(reason)}; };
  if (auto wrong = sdp::verify(description))
    return refuse((wrong->section ? section(*wrong->section) : std::string()) + wrong->reason);
  if (auto wrong = checkRtcpMux(description)) return refuse(*wrong);

  if (auto wrong = checkPayloadTypes(description)) return refuse(*wrong);
  if (auto wrong = checkRetransmission(description)) return refuse(*wrong);

  std::vector<Anchor> anchors;
  for (const auto& bundle : used.bundles) {
    Anchor anchor{bundle.anchor(), bundle.transport, viewTransport(description, bundle.anchor())};
    if (anchor.view.credentials.ufrag.empty() || anchor.view.credentials.pwd.empty())
      return refuse(section(anchor.index) + "there are no ICE credentials");
    if (anchor.view.setup == sdp::Setup::Role::Holdconn)
      return refuse(section(anchor.index) + "a=setup:holdconn is not for DTLS");
    // RFC 8827 s.6.5: SHA-256 at least, or the peer cannot be authenticated.
    if (dtls::decisive(anchor.view.fingerprints).empty())
      return refuse(section(anchor.index) + "no fingerprint is of SHA-256 or better");
    anchors.push_back(std::move(anchor));
  }
  if (auto wrong = type == SdpType::Offer ? checkOffer(negotiation, description, anchors)
                                          : checkAnswer(negotiation, description, used, anchors))
    return refuse(*wrong);
  return std::nullopt;
}

}  // namespace parley::pc
