#include "pc/session_negotiation.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace parley::pc {

namespace {

dtls::Role dtlsRole(bool localAnswered, const TransportView& local, const TransportView& remote) {
  if (localAnswered) return local.setup == sdp::Setup::Role::Passive ? dtls::Role::Server : dtls::Role::Client;
  return remote.setup == sdp::Setup::Role::Active ? dtls::Role::Server : dtls::Role::Client;
}

std::optional<Exchange> exchangeOf(const std::optional<LocalDescription>& local,
                                   const std::optional<RemoteDescription>& remote,
                                   std::optional<dtls::Role> establishedRole) {
  if (!local || !remote) return std::nullopt;
  const bool localAnswered = local->type != SdpType::Offer;
  // An offer describes nothing alone, and neither do two.
  if (!localAnswered && remote->type == SdpType::Offer) return std::nullopt;
  // RFC 9143 s.7.3.1: the answer says which section is the anchor. RFC 3264 s.6: it uses what was offered, or less.
  const auto used = sectionsInUse(localAnswered ? *local->tree : *remote->tree);
  if (!used) return std::nullopt;
  Exchange exchange;
  exchange.used = *used;
  exchange.localTree = local->tree;
  exchange.remoteTree = remote->tree;
  exchange.local = viewTransport(*local->tree, used->anchor);
  exchange.remote = viewTransport(*remote->tree, used->anchor);
  if (used->data) {
    exchange.localData = viewData(local->tree->media[*used->data]);
    exchange.remoteData = viewData(remote->tree->media[*used->data]);
  }
  exchange.dtlsRole = establishedRole.value_or(dtlsRole(localAnswered, exchange.local, exchange.remote));
  return exchange;
}

ice::RemoteOptions optionsOf(const TransportView& remote) {
  return {remote.iceLite, remote.renomination, remote.icePacing};
}

TransportPlan::Ice iceOf(const Negotiation& negotiation, const std::optional<Exchange>& active) {
  TransportPlan::Ice ice;
  ice.role = negotiation.pendingLocal && negotiation.pendingLocal->type == SdpType::Offer ? ice::Role::Controlling
                                                                                          : ice::Role::Controlled;
  std::optional<SectionsInUse> before;
  if (active) {
    ice.local = active->local.credentials;
    ice.remote = active->remote.credentials;
    ice.remoteOptions = optionsOf(active->remote);
    before = active->used;
  }
  // What is offered counts before it is answered: we gather for a local offer, and know whom to check for a remote one.
  auto offered = [&](const sdp::Description& tree) -> std::optional<TransportView> {
    auto found = sectionsInUse(tree, before);
    return found ? std::optional(viewTransport(tree, found->anchor)) : std::nullopt;
  };
  if (negotiation.pendingLocal && negotiation.pendingLocal->type == SdpType::Offer) {
    if (auto view = offered(*negotiation.pendingLocal->tree)) ice.local = view->credentials;
  }
  if (negotiation.pendingRemote && negotiation.pendingRemote->type == SdpType::Offer) {
    if (auto view = offered(*negotiation.pendingRemote->tree)) {
      ice.remote = view->credentials;
      ice.remoteOptions = optionsOf(*view);
    }
  }
  if (negotiation.iceRole) ice.role = *negotiation.iceRole;
  // RFC 8445 s.6.1.1: a full agent controls a lite one.
  if (ice.remoteOptions.lite) ice.role = ice::Role::Controlling;
  return ice;
}

bool describes(const Negotiation& negotiation, bool data) {
  const auto counts = [data](const SectionsInUse& used) { return !data || used.data; };
  const auto current = currentExchange(negotiation);
  if (current && counts(current->used)) return true;
  // A provisional answer does not take away what the offer describes.
  auto offers = [&](const auto& description) {
    if (!description || description->type != SdpType::Offer) return false;
    const auto used = sectionsInUse(*description->tree, current ? std::optional(current->used) : std::nullopt);
    return used && counts(*used);
  };
  return offers(negotiation.pendingLocal) || offers(negotiation.pendingRemote);
}

}  // namespace

std::optional<Exchange> currentExchange(const Negotiation& negotiation) {
  return exchangeOf(negotiation.currentLocal, negotiation.currentRemote, negotiation.dtlsRole);
}

std::optional<Exchange> activeExchange(const Negotiation& negotiation) {
  auto pending = exchangeOf(negotiation.pendingLocal, negotiation.pendingRemote, negotiation.dtlsRole);
  return pending ? pending : currentExchange(negotiation);
}

bool continuesDtls(const TransportView& previous, const TransportView& next) {
  if (previous.tlsId && next.tlsId && previous.tlsId != next.tlsId) return false;
  auto setOf = [](const std::vector<dtls::Fingerprint>& fingerprints) {
    std::set<std::pair<std::string, std::vector<std::uint8_t>>> set;
    for (const auto& fingerprint : fingerprints) set.emplace(fingerprint.algorithm, fingerprint.value);
    return set;
  };
  return setOf(previous.fingerprints) == setOf(next.fingerprints);
}

TransportPlan planOf(const Negotiation& negotiation) {
  const auto active = activeExchange(negotiation);
  TransportPlan plan;
  plan.ice = iceOf(negotiation, active);
  if (!active) return plan;
  plan.dtls = TransportPlan::Dtls{active->dtlsRole, active->remote.fingerprints, negotiation.dtlsAssociation};
  plan.media = mediaPlanOf(negotiation);
  if (!active->localData || !active->remoteData) return plan;
  // RFC 8841 s.6.1: 64 kB by default, 0 for any size.
  std::uint64_t size = active->remoteData->maxMessageSize.value_or(65536);
  constexpr std::uint64_t most = std::numeric_limits<std::size_t>::max();
  plan.sctp = TransportPlan::Sctp{active->localData->sctpPort, active->remoteData->sctpPort,
                                  static_cast<std::size_t>(size == 0 ? most : std::min(size, most)), std::nullopt};
  // draft-hancke-tsvwg-snap s.5.4: who does not know the attribute must not answer with it; who just mirrors all that it
  // does not know is none that does.
  const auto &ours = active->localData->sctpInit, &theirs = active->remoteData->sctpInit;
  if (ours && theirs && *ours != *theirs) plan.sctp->snap = sctp::Snap{*ours, *theirs};
  return plan;
}

bool describesTransport(const Negotiation& negotiation) { return describes(negotiation, false); }

bool describesSctp(const Negotiation& negotiation) { return describes(negotiation, true); }

Transceiver* Negotiation::transceiver(TransceiverId id) {
  return const_cast<Transceiver*>(std::as_const(*this).transceiver(id));
}

const Transceiver* Negotiation::transceiver(TransceiverId id) const {
  for (const auto& one : transceivers)
    if (one.id == id) return &one;
  return nullptr;
}

Transceiver* Negotiation::transceiverOf(const sdp::Description& description, std::size_t section) {
  return const_cast<Transceiver*>(std::as_const(*this).transceiverOf(description, section));
}

const Transceiver* Negotiation::transceiverOf(const sdp::Description& description, std::size_t section) const {
  const auto mid = midOf(description.media[section]);
  for (const auto& one : transceivers)
    if (one.negotiated.section == section && (!mid || one.negotiated.mid == mid)) return &one;
  return nullptr;
}

}  // namespace parley::pc
