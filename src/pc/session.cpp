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

/// The transport of a local description, all of whose sections in use show the same one.
std::optional<TransportView> localView(const std::optional<LocalDescription>& description) {
  if (!description) return std::nullopt;
  const auto used = sectionsInUse(*description->tree);
  return used ? std::optional(viewTransport(*description->tree, used->anchor)) : std::nullopt;
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
  changed.pendingLocal = LocalDescription{type, std::make_shared<const sdp::Description>(last->tree)};
  if (type == SdpType::Offer)
    associate(changed, last->associations);
  else
    takeLocalAnswer(changed);
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
  if (auto refused = checkRemote(now_, type, *parsed)) return base::unexpected(*refused);
  // RFC 8445 s.6.1.1 has no checks between two lite agents; RFC 8827 s.6.4 wants each path checked, and consent kept.
  if (config_.iceLite && sdp::has<sdp::IceLite>(parsed->attributes))
    return base::unexpected(
        SessionError{ErrorName::InvalidAccessError, "both sides are ICE lite: one of them has to make the checks"});

  auto changed = now_;
  changed.state = *after;
  changed.pendingRemote = RemoteDescription{
      type, std::make_shared<const sdp::Description>(std::move(*parsed)), std::make_shared<const std::string>(sdp), {}};
  const auto& tree = *changed.pendingRemote->tree;
  DescribedCandidates described;
  const auto current = activeExchange(now_);
  if (const auto used = sectionsInUse(tree, current ? std::optional(current->used) : std::nullopt)) {
    const auto init = used->data ? viewData(tree.media[*used->data]).sctpInit : std::nullopt;
    // draft-hancke-tsvwg-snap s.5.3, s.5.5
    if (init && config_.makeSctpInit && !sctp::native::parseInit(*init))
      return base::unexpected(error(ErrorName::InvalidAccessError, "a=sctp-init holds no INIT"));
    auto found = candidatesFor(tree, used->anchor);
    if (!found) return base::unexpected(error(ErrorName::InvalidAccessError, found.error()));
    described = std::move(*found);
  }
  std::vector<TransceiverId> tracks;
  takeRemote(changed, type, tracks);
  auto applied = commit(std::move(changed), type);
  applied.remoteCandidates = std::move(described.candidates);
  applied.remoteEndOfCandidates = described.end;
  applied.tracks = std::move(tracks);
  return applied;
}

Applied Session::commit(Negotiation changed, SdpType type) {
  if (changed.state == SignalingState::Stable) {
    changed.currentLocal = std::exchange(changed.pendingLocal, std::nullopt);
    changed.currentRemote = std::exchange(changed.pendingRemote, std::nullopt);
    removeStopped(changed);
    changed.stable.clear();
  } else if (now_.state == SignalingState::Stable) {
    for (const auto& transceiver : now_.transceivers) changed.stable.emplace(transceiver.id, transceiver.negotiated);
  }
  const auto before = activeExchange(now_);
  changed.dtlsRole.reset();
  const auto after = activeExchange(changed);
  if (!after)
    changed.iceRole.reset();
  else if (!changed.iceRole)
    changed.iceRole = planOf(now_).ice.role;
  const bool continues = before && after && continuesDtls(before->remote, after->remote);
  if (after) changed.dtlsRole = continues ? before->dtlsRole : after->dtlsRole;
  // RFC 8842 s.5: the one that exists ends.
  if (before && after && !continues) ++changed.dtlsAssociation;

  Applied applied;
  applied.type = type;
  applied.signalingStateChanged = changed.state != now_.state;
  applied.dataSectionRemoved =
      changed.state == SignalingState::Stable && describesSctp(now_) && !describesSctp(changed);
  now_ = std::move(changed);
  applied.plan = plan();

  // What a new offer would propose was applied, or does not fit any more.
  proposedCredentials_.reset();
  proposedTlsId_.reset();
  proposedSctpInit_.reset();
  proposedMids_.clear();
  if (state() == SignalingState::Stable) {
    lastOffer_.reset();
    lastAnswer_.reset();
    // The channels are gone with their section; a new one asks for a new section.
    if (applied.dataSectionRemoved) wantsData_ = false;
    const auto local = localView(now_.currentLocal);
    if (!local || !ufragsToReplace_.contains(local->credentials.ufrag)) ufragsToReplace_.clear();
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
  proposedCredentials_.reset();
  proposedTlsId_.reset();
  proposedSctpInit_.reset();
  gathered_.keepOnly(localUfrags());

  Applied applied;
  applied.type = SdpType::Rollback;
  applied.tracks = std::move(tracks);
  applied.signalingStateChanged = true;
  applied.plan = plan();
  return applied;
}

void Session::close() { now_.state = SignalingState::Closed; }

// --- Reading ---

std::optional<SessionDescription> Session::render(const std::optional<LocalDescription>& description) const {
  if (!description) return std::nullopt;
  auto tree = *description->tree;
  gathered_.insertInto(tree);
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

std::optional<Session::TransportSection> Session::transportSection() const {
  const sdp::Description* tree = nullptr;
  std::optional<SectionsInUse> used;
  if (now_.pendingLocal) {
    tree = now_.pendingLocal->tree.get();
    used = sectionsInUse(*tree);
  }
  const auto current = currentExchange(now_);
  if (!used && current) {
    tree = current->localTree.get();
    used = current->used;
  }
  if (!used) return std::nullopt;
  return TransportSection{static_cast<std::uint16_t>(used->anchor), midOf(tree->media[used->anchor])};
}

TransportPlan Session::plan() const {
  auto plan = planOf(now_);
  plan.media.cname = cname_;
  return plan;
}

// --- What calls for negotiation ---

void Session::wantDataChannel() { wantsData_ = true; }

void Session::restartIce() {
  if (state() == SignalingState::Closed) return;
  ufragsToReplace_.clear();
  for (const auto* description : {&now_.currentLocal, &now_.pendingLocal})
    if (auto view = localView(*description)) ufragsToReplace_.insert(view->credentials.ufrag);
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
    if (auto view = localView(*description)) ufrags.insert(view->credentials.ufrag);
  // It may be applied again after a rollback.
  if (lastOffer_)
    if (const auto used = sectionsInUse(lastOffer_->tree))
      ufrags.insert(viewTransport(lastOffer_->tree, used->anchor).credentials.ufrag);
  return ufrags;
}

void Session::localCandidate(std::string_view ufrag, const ice::Candidate& candidate) {
  if (localUfrags().contains(std::string(ufrag))) gathered_.add(ufrag, candidate);
}

void Session::localEndOfCandidates(std::string_view ufrag) {
  if (localUfrags().contains(std::string(ufrag))) gathered_.complete(ufrag);
}

}  // namespace parley::pc
