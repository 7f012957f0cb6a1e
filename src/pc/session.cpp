#include "pc/session.hpp"

#include "pc/session_checks.hpp"
#include "pc/session_sections.hpp"
#include "sctp/native/init.hpp"
#include "sdp/parse.hpp"
#include "sdp/query.hpp"
#include "sdp/write.hpp"

#include <algorithm>
#include <utility>

namespace parley::pc {

namespace {

SessionError error(ErrorName name, std::string message) { return {name, std::move(message)}; }

void addUfrags(std::set<std::string>& ufrags, const sdp::Description& tree, const SectionsInUse& used) {
  for (const auto& bundle : used.bundles) ufrags.insert(viewTransport(tree, bundle.anchor()).credentials.ufrag);
}

/// Gives a bundle the first name that its sections have in `known`, if none before it got that.
void keepName(Bundle& bundle, const SectionsInUse& known, const SectionsInUse& named) {
  for (const auto section : bundle.sections)
    if (const auto* before = known.bundleOf(section); before && !named.ofTransport(before->transport)) {
      bundle.transport = before->transport;
      return;
    }
}

}  // namespace

Session::Session(SessionConfig config, base::Random& random)
    // 62 random bits: RFC 9429 s.5.2.1 wants 63, below 2^63 - 1.
    : config_(std::move(config)), random_(random), sessionId_(random.u64() >> 2) {}

// --- Applying descriptions ---

/// W3C setLocalDescription
SdpType Session::localType(std::optional<SdpType> given) const {
  const bool offers = state() == SignalingState::Stable || state() == SignalingState::HaveLocalOffer ||
                      state() == SignalingState::HaveRemotePrAnswer;
  return given.value_or(offers ? SdpType::Offer : SdpType::Answer);
}

std::optional<SessionError> Session::refusalOfLocal(std::optional<SdpType> given, std::string_view sdp) const {
  if (state() == SignalingState::Closed) return wrongState("setLocalDescription", state());
  const auto type = localType(given);
  if (type == SdpType::Rollback)
    return next(state(), Source::Local, type) ? std::nullopt : std::optional(wrongState("a rollback", state()));
  if (sdp.empty()) return std::nullopt;
  const auto& last = type == SdpType::Offer ? lastOffer_ : lastAnswer_;
  // [[LastCreatedAnswer]] outlives a rollback; but the answer to an earlier offer does not fit another one.
  const auto fits = [&] {
    return type == SdpType::Offer || !now_.pendingRemote || *now_.pendingRemote->text == *answeredOffer_;
  };
  if (last && last->text == sdp && fits()) return std::nullopt;
  return error(ErrorName::InvalidModificationError,
               "the description is not what createOffer or createAnswer returned last");
}

base::Result<Applied, SessionError> Session::setLocal(std::optional<SdpType> given, std::string_view sdp) {
  if (auto refused = refusalOfLocal(given, sdp)) return base::unexpected(std::move(*refused));
  const auto type = localType(given);
  if (type == SdpType::Rollback) return rollback();

  const auto& last = type == SdpType::Offer ? lastOffer_ : lastAnswer_;
  if (sdp.empty()) {
    auto created = type == SdpType::Offer ? createOffer() : createAnswer();
    if (!created) return base::unexpected(created.error());
  }
  const auto after = next(state(), Source::Local, type);
  if (!after) return base::unexpected(wrongState("a local " + std::string(toString(type)), state()));

  auto changed = now_;
  changed.state = *after;
  changed.pendingLocal = LocalDescription{type, std::make_shared<const sdp::Description>(last->tree), last->used};
  if (type == SdpType::Offer) {
    associate(changed, last->associations);
  } else {
    // The answer may be older than the offer's latest application, which has named its transports again.
    for (auto& bundle : changed.pendingLocal->used.bundles)
      if (const auto* offered = changed.pendingRemote->used.bundleOf(bundle.anchor()))
        bundle.transport = offered->transport;
    takeLocalAnswer(changed);
  }
  return commit(std::move(changed), type);
}

base::Result<Applied, SessionError> Session::setRemote(SdpType type, std::string_view sdp) {
  if (state() == SignalingState::Closed) return base::unexpected(wrongState("setRemoteDescription", state()));
  if (type == SdpType::Rollback) return rollback();
  const auto after = next(state(), Source::Remote, type);
  if (!after) return base::unexpected(wrongState("a remote " + std::string(toString(type)), state()));

  auto parsed = sdp::parse(sdp);
  if (!parsed)
    return base::unexpected(SessionError{ErrorName::OperationError, parsed.error().toString(), parsed.error().line});
  auto used = type == SdpType::Offer ? offeredByPeer(*parsed) : answeredByPeer(*parsed);
  if (auto refused = checkRemote(now_, type, *parsed, used)) return base::unexpected(*refused);
  // RFC 8445 s.6.1.1 has no checks between two lite agents; RFC 8827 s.6.4 wants each path checked, and consent kept.
  if (config_.iceLite && sdp::has<sdp::IceLite>(parsed->attributes))
    return base::unexpected(
        SessionError{ErrorName::InvalidAccessError, "both sides are ICE lite: one of them has to make the checks"});

  auto changed = now_;
  changed.state = *after;
  changed.pendingRemote = RemoteDescription{type,
                                            std::make_shared<const sdp::Description>(std::move(*parsed)),
                                            std::make_shared<const std::string>(sdp),
                                            {},
                                            std::move(used)};
  const auto& tree = *changed.pendingRemote->tree;
  const auto& data = changed.pendingRemote->used.data;
  const auto init = data ? viewData(tree.media[*data]).sctpInit : std::nullopt;
  // draft-hancke-tsvwg-snap s.5.3, s.5.5
  if (init && config_.makeSctpInit && !sctp::native::parseInit(*init))
    return base::unexpected(error(ErrorName::InvalidAccessError, "a=sctp-init holds no INIT"));
  std::vector<DescribedCandidates> described;
  for (const auto& bundle : changed.pendingRemote->used.bundles) {
    auto found = candidatesFor(tree, bundle);
    if (!found) return base::unexpected(error(ErrorName::InvalidAccessError, found.error()));
    described.push_back(std::move(*found));
  }
  std::vector<TransceiverId> tracks;
  takeRemote(changed, type, tracks);
  auto applied = commit(std::move(changed), type);
  applied.remoteCandidates = std::move(described);
  applied.tracks = std::move(tracks);
  return applied;
}

/// The transports of an offer that we can accept. Those that go on keep their names; so do those of an offer that comes
/// instead of another.
SectionsInUse Session::offeredByPeer(const sdp::Description& offer) {
  const auto active = activeExchange(now_);
  const auto before = active ? active->used : SectionsInUse();
  auto used = acceptable(offer, sectionsInUse(offer, before.data), config_.bundlePolicy, before);
  for (auto& bundle : used.bundles) {
    keepName(bundle, before, used);
    if (bundle.transport == 0 && now_.pendingRemote) keepName(bundle, now_.pendingRemote->used, used);
    if (bundle.transport == 0) bundle.transport = ++lastTransport_;
  }
  return used;
}

/// The transports of an answer: of each bundle it is the one that we offered with its first section.
SectionsInUse Session::answeredByPeer(const sdp::Description& answer) const {
  auto used = sectionsInUse(answer);
  for (auto& bundle : used.bundles)
    if (const auto* offered = now_.pendingLocal->used.bundleOf(bundle.anchor())) bundle.transport = offered->transport;
  return used;
}

Applied Session::commit(Negotiation changed, SdpType type) {
  if (changed.state == SignalingState::Stable) {
    auto& answered = type == SdpType::Answer && changed.pendingLocal->type == SdpType::Answer
                         ? changed.pendingLocal->used
                         : changed.pendingRemote->used;
    changed.pendingLocal->used = changed.pendingRemote->used = SectionsInUse(answered);
    changed.currentLocal = std::exchange(changed.pendingLocal, std::nullopt);
    changed.currentRemote = std::exchange(changed.pendingRemote, std::nullopt);
    removeStopped(changed);
    changed.stable.clear();
  } else if (now_.state == SignalingState::Stable) {
    for (const auto& transceiver : now_.transceivers) changed.stable.emplace(transceiver.id, transceiver.negotiated);
  }
  const auto before = activeExchange(now_);
  changed.associations.clear();
  const auto after = activeExchange(changed);
  if (!after)
    changed.iceRole.reset();
  else if (!changed.iceRole)
    changed.iceRole = planOf(now_).front().ice.role;
  if (after)
    for (const auto& transport : after->transports) {
      const auto id = transport.bundle.transport;
      const auto* was = before ? before->transport(id) : nullptr;
      auto& association = changed.associations[id];
      association.role = transport.dtlsRole;
      if (!was) continue;
      association.number = now_.associations.at(id).number;
      if (continuesDtls(was->remote, transport.remote))
        association.role = was->dtlsRole;
      else
        ++association.number;  // RFC 8842 s.5: the one that exists ends.
    }

  Applied applied;
  applied.type = type;
  applied.signalingStateChanged = changed.state != now_.state;
  applied.dataSectionRemoved =
      changed.state == SignalingState::Stable && describesSctp(now_) && !describesSctp(changed);
  now_ = std::move(changed);
  applied.plan = plan();

  // What a new offer would propose was applied, or does not fit any more.
  forgetProposals();
  proposedMids_.clear();
  if (state() == SignalingState::Stable) {
    lastOffer_.reset();
    lastAnswer_.reset();
    // The channels are gone with their section; a new one asks for a new section.
    if (applied.dataSectionRemoved) wantsData_ = false;
    std::set<std::string> ufrags;
    addUfrags(ufrags, *now_.currentLocal->tree, now_.currentLocal->used);
    if (std::none_of(ufrags.begin(), ufrags.end(), [&](const auto& one) { return ufragsToReplace_.contains(one); }))
      ufragsToReplace_.clear();
  }
  gathered_.keepOnly(localUfrags());
  return applied;
}

base::Result<Applied, SessionError> Session::rollback() {
  const auto after = next(state(), Source::Local, SdpType::Rollback);
  if (!after) return base::unexpected(wrongState("a rollback", state()));
  now_.pendingLocal.reset();
  now_.pendingRemote.reset();
  now_.state = *after;
  auto tracks = restoreTransceivers();
  forgetProposals();
  gathered_.keepOnly(localUfrags());

  Applied applied;
  applied.type = SdpType::Rollback;
  applied.tracks = std::move(tracks);
  applied.signalingStateChanged = true;
  applied.plan = plan();
  return applied;
}

void Session::forgetProposals() {
  proposedTransports_.clear();
  proposedCredentials_.clear();
  proposedTlsIds_.clear();
  proposedSctpInit_.reset();
}

void Session::close() { now_.state = SignalingState::Closed; }

// --- Reading ---

std::optional<SessionDescription> Session::render(const std::optional<LocalDescription>& description) const {
  if (!description) return std::nullopt;
  auto tree = *description->tree;
  gathered_.insertInto(tree, description->used);
  return SessionDescription{description->type, sdp::write(tree)};
}

std::optional<SessionDescription> Session::currentLocal() const { return render(now_.currentLocal); }
std::optional<SessionDescription> Session::pendingLocal() const { return render(now_.pendingLocal); }

std::optional<SessionDescription> Session::currentRemote() const {
  if (!now_.currentRemote) return std::nullopt;
  return SessionDescription{now_.currentRemote->type, textOf(*now_.currentRemote)};
}

std::optional<SessionDescription> Session::pendingRemote() const {
  if (!now_.pendingRemote) return std::nullopt;
  return SessionDescription{now_.pendingRemote->type, textOf(*now_.pendingRemote)};
}

std::optional<bool> Session::canTrickleIceCandidates() const {
  const auto* remote = now_.remote();
  return remote ? std::optional(hasIceOption(*remote, "trickle")) : std::nullopt;
}

std::optional<Session::TransportSection> Session::transportSection(TransportId transport) const {
  for (const auto* description : {&now_.pendingLocal, &now_.currentLocal}) {
    const auto* bundle = *description ? (*description)->used.ofTransport(transport) : nullptr;
    if (!bundle) continue;
    const auto& section = (*description)->tree->media[bundle->anchor()];
    return TransportSection{static_cast<std::uint16_t>(bundle->anchor()), midOf(section)};
  }
  return std::nullopt;
}

namespace {

/// The transport of the section that `find` looks for. An answer, if only a provisional one, says what is bundled; an
/// offer of the peer says it of new sections alone.
template <class Find>
std::optional<TransportId> transportIn(const Negotiation& negotiation, Find find) {
  const auto in = [&](const auto& description) -> std::optional<TransportId> {
    if (!description) return std::nullopt;
    const auto section = find(description->used);
    const auto* bundle = section ? description->used.bundleOf(*section) : nullptr;
    return bundle ? std::optional(bundle->transport) : std::nullopt;
  };
  const bool answersUs = negotiation.pendingRemote && negotiation.pendingRemote->type != SdpType::Offer;
  auto found = answersUs ? in(negotiation.pendingRemote) : std::nullopt;
  if (!found) found = in(negotiation.pendingLocal);
  if (!found) found = in(negotiation.currentLocal);
  return found ? found : in(negotiation.pendingRemote);
}

}  // namespace

std::optional<TransportId> Session::transportOf(const Transceiver& transceiver) const {
  return transportIn(now_, [&](const SectionsInUse&) { return transceiver.negotiated.section; });
}

std::optional<TransportId> Session::transportOfData() const {
  return transportIn(now_, [](const SectionsInUse& used) { return used.data; });
}

Plan Session::plan() const {
  auto plan = planOf(now_);
  for (auto& transport : plan) transport.media.cname = cname_;
  return plan;
}

// --- What calls for negotiation ---

void Session::wantDataChannel() { wantsData_ = true; }

void Session::restartIce() {
  if (state() == SignalingState::Closed) return;
  ufragsToReplace_.clear();
  for (const auto* description : {&now_.currentLocal, &now_.pendingLocal})
    if (*description) addUfrags(ufragsToReplace_, *(*description)->tree, (*description)->used);
}

bool Session::negotiationNeeded() const {
  if (state() == SignalingState::Closed) return false;
  const auto current = currentExchange(now_);
  return !ufragsToReplace_.empty() || (wantsData_ && !(current && current->used.data)) || mediaNeedsNegotiation();
}

// --- Candidates of ours ---

std::set<std::string> Session::localUfrags() const {
  std::set<std::string> ufrags;
  for (const auto* description : {&now_.currentLocal, &now_.pendingLocal})
    if (*description) addUfrags(ufrags, *(*description)->tree, (*description)->used);
  return ufrags;
}

void Session::localCandidate(std::string_view ufrag, const ice::Candidate& candidate) {
  if (localUfrags().contains(std::string(ufrag))) gathered_.add(ufrag, candidate);
}

void Session::localEndOfCandidates(std::string_view ufrag) {
  if (localUfrags().contains(std::string(ufrag))) gathered_.complete(ufrag);
}

}  // namespace parley::pc
