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
                                   const std::map<TransportId, DtlsAssociation>& associations) {
  if (!local || !remote) return std::nullopt;
  const bool localAnswered = local->type != SdpType::Offer;
  // An offer describes nothing alone, and neither do two.
  if (!localAnswered && remote->type == SdpType::Offer) return std::nullopt;
  // RFC 9143 s.7.3.1: the answer says what is bundled. RFC 3264 s.6: it uses what was offered, or less.
  Exchange exchange;
  exchange.used = localAnswered ? local->used : remote->used;
  if (exchange.used.empty()) return std::nullopt;
  exchange.localTree = local->tree;
  exchange.remoteTree = remote->tree;
  for (const auto& bundle : exchange.used.bundles) {
    Exchange::Transport transport{bundle, viewTransport(*local->tree, bundle.anchor()),
                                  viewTransport(*remote->tree, bundle.anchor())};
    const auto established = associations.find(bundle.transport);
    transport.dtlsRole = established != associations.end() ? established->second.role
                                                           : dtlsRole(localAnswered, transport.local, transport.remote);
    exchange.transports.push_back(std::move(transport));
  }
  if (const auto data = exchange.used.data) {
    exchange.localData = viewData(local->tree->media[*data]);
    exchange.remoteData = viewData(remote->tree->media[*data]);
  }
  return exchange;
}

ice::RemoteOptions optionsOf(const TransportView& remote) {
  return {remote.iceLite, remote.renomination, remote.icePacing};
}

ice::Role iceRole(const Negotiation& negotiation, const TransportPlan::Ice& ice) {
  // RFC 8445 s.6.1.1: a full agent controls a lite one.
  if (ice.remoteOptions.lite) return ice::Role::Controlling;
  const bool offered = negotiation.pendingLocal && negotiation.pendingLocal->type == SdpType::Offer;
  return negotiation.iceRole.value_or(offered ? ice::Role::Controlling : ice::Role::Controlled);
}

TransportPlan& planFor(Plan& plan, TransportId id) {
  for (auto& known : plan)
    if (known.id == id) return known;
  auto& fresh = plan.emplace_back();
  fresh.id = id;
  return fresh;
}

TransportPlan::Sctp sctpOf(const DataView& local, const DataView& remote) {
  // RFC 8841 s.6.1: 64 kB by default, 0 for any size.
  const std::uint64_t size = remote.maxMessageSize.value_or(65536);
  constexpr std::uint64_t most = std::numeric_limits<std::size_t>::max();
  TransportPlan::Sctp sctp{local.sctpPort, remote.sctpPort,
                           static_cast<std::size_t>(size == 0 ? most : std::min(size, most)), std::nullopt};
  // draft-hancke-tsvwg-snap s.5.4: who does not know the attribute must not answer with it; who just mirrors all that
  // it does not know is none that does.
  if (local.sctpInit && remote.sctpInit && *local.sctpInit != *remote.sctpInit)
    sctp.snap = sctp::Snap{*local.sctpInit, *remote.sctpInit};
  return sctp;
}

bool describes(const Negotiation& negotiation, bool data) {
  const auto counts = [data](const SectionsInUse& used) { return !used.empty() && (!data || used.data); };
  const auto current = currentExchange(negotiation);
  if (current && counts(current->used)) return true;
  // A provisional answer does not take away what the offer describes.
  const auto offers = [&](const auto& description) {
    return description && description->type == SdpType::Offer && counts(description->used);
  };
  return offers(negotiation.pendingLocal) || offers(negotiation.pendingRemote);
}

}  // namespace

const Exchange::Transport* Exchange::transport(TransportId id) const {
  for (const auto& one : transports)
    if (one.bundle.transport == id) return &one;
  return nullptr;
}

std::optional<Exchange> currentExchange(const Negotiation& negotiation) {
  return exchangeOf(negotiation.currentLocal, negotiation.currentRemote, negotiation.associations);
}

std::optional<Exchange> activeExchange(const Negotiation& negotiation) {
  auto pending = exchangeOf(negotiation.pendingLocal, negotiation.pendingRemote, negotiation.associations);
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

Plan planOf(const Negotiation& negotiation) {
  Plan plan;
  if (const auto active = activeExchange(negotiation))
    for (const auto& [bundle, local, remote, role] : active->transports) {
      auto& transport = planFor(plan, bundle.transport);
      transport.ice.local = local.credentials;
      transport.ice.remote = remote.credentials;
      transport.ice.remoteOptions = optionsOf(remote);
      const auto association = negotiation.associations.find(bundle.transport);
      transport.dtls = TransportPlan::Dtls{
          role, remote.fingerprints, association == negotiation.associations.end() ? 0 : association->second.number};
      transport.media = mediaPlanOf(negotiation, *active, bundle);
      if (active->used.data && bundle.contains(*active->used.data))
        transport.sctp = sctpOf(*active->localData, *active->remoteData);
    }
  // What is offered counts before it is answered: we gather for a local offer, and know whom to check for a remote one.
  if (const auto& local = negotiation.pendingLocal; local && local->type == SdpType::Offer)
    for (const auto& bundle : local->used.bundles)
      planFor(plan, bundle.transport).ice.local = viewTransport(*local->tree, bundle.anchor()).credentials;
  if (const auto& remote = negotiation.pendingRemote; remote && remote->type == SdpType::Offer)
    for (const auto& bundle : remote->used.bundles) {
      auto& transport = planFor(plan, bundle.transport);
      const auto view = viewTransport(*remote->tree, bundle.anchor());
      transport.ice.remote = view.credentials;
      transport.ice.remoteOptions = optionsOf(view);
    }
  for (auto& transport : plan) transport.ice.role = iceRole(negotiation, transport.ice);
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
