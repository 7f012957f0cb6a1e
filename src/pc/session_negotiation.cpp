#include "pc/session_negotiation.hpp"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

namespace parley::pc {

namespace {

dtls::Role dtlsRole(bool localAnswered, const DataSectionView& local, const DataSectionView& remote) {
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
  // An answer of ours has one data section at most, an offer of theirs may have more.
  auto index = dataSection(*local->tree);
  if (!index || dataSection(*remote->tree, index) != index) return std::nullopt;
  Exchange exchange{viewData(*local->tree, *index), viewData(*remote->tree, *index)};
  exchange.dtlsRole = establishedRole.value_or(dtlsRole(localAnswered, exchange.local, exchange.remote));
  return exchange;
}

TransportPlan::Ice iceOf(const Negotiation& negotiation, const std::optional<Exchange>& active) {
  TransportPlan::Ice ice;
  ice.role = negotiation.pendingLocal && negotiation.pendingLocal->type == SdpType::Offer ? ice::Role::Controlling
                                                                                          : ice::Role::Controlled;
  std::optional<std::size_t> index;
  if (active) {
    ice.local = active->local.credentials;
    ice.remote = active->remote.credentials;
    ice.remoteOptions = {active->remote.iceLite, active->remote.renomination};
    index = active->local.index;
  }
  // What is offered counts before it is answered: we gather for a local offer, and know whom to check for a remote one.
  auto offered = [&](const sdp::Description& tree) -> std::optional<DataSectionView> {
    auto found = dataSection(tree, index);
    return found ? std::optional(viewData(tree, *found)) : std::nullopt;
  };
  if (negotiation.pendingLocal && negotiation.pendingLocal->type == SdpType::Offer) {
    if (auto view = offered(*negotiation.pendingLocal->tree)) ice.local = view->credentials;
  }
  if (negotiation.pendingRemote && negotiation.pendingRemote->type == SdpType::Offer) {
    if (auto view = offered(*negotiation.pendingRemote->tree)) {
      ice.remote = view->credentials;
      ice.remoteOptions = {view->iceLite, view->renomination};
    }
  }
  if (negotiation.iceRole) ice.role = *negotiation.iceRole;
  // RFC 8445 s.6.1.1: a full agent controls a lite one.
  if (ice.remoteOptions.lite) ice.role = ice::Role::Controlling;
  return ice;
}

}  // namespace

std::optional<Exchange> currentExchange(const Negotiation& negotiation) {
  return exchangeOf(negotiation.currentLocal, negotiation.currentRemote, negotiation.dtlsRole);
}

std::optional<Exchange> activeExchange(const Negotiation& negotiation) {
  auto pending = exchangeOf(negotiation.pendingLocal, negotiation.pendingRemote, negotiation.dtlsRole);
  return pending ? pending : currentExchange(negotiation);
}

bool continuesDtls(const DataSectionView& previous, const DataSectionView& next) {
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
  // RFC 8841 s.6.1: 64 kB by default, 0 for any size.
  std::uint64_t size = active->remote.maxMessageSize.value_or(65536);
  constexpr std::uint64_t most = std::numeric_limits<std::size_t>::max();
  plan.sctp = TransportPlan::Sctp{active->local.sctpPort, active->remote.sctpPort,
                                  static_cast<std::size_t>(size == 0 ? most : std::min(size, most)), std::nullopt};
  // draft-hancke-tsvwg-snap s.5.4: who does not know the attribute must not answer with it; who just mirrors all that it
  // does not know is none that does.
  const auto &ours = active->local.sctpInit, &theirs = active->remote.sctpInit;
  if (ours && theirs && *ours != *theirs) plan.sctp->snap = sctp::Snap{*ours, *theirs};
  return plan;
}

bool describesSctp(const Negotiation& negotiation) {
  if (currentExchange(negotiation)) return true;
  // A provisional answer does not take away what the offer describes.
  auto describes = [](const auto& description) {
    return description && description->type == SdpType::Offer && dataSection(*description->tree);
  };
  return describes(negotiation.pendingLocal) || describes(negotiation.pendingRemote);
}

}  // namespace parley::pc
