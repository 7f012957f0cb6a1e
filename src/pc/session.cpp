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

SessionError wrongState(std::string_view what, SignalingState state) {
  return error(ErrorName::InvalidStateError,
               std::string(what) + " is not possible in the signaling state \"" + std::string(toString(state)) + "\"");
}

std::optional<DataSectionView> viewOf(const sdp::Description* description, std::optional<std::size_t> preferred = {}) {
  if (!description) return std::nullopt;
  auto index = pc::dataSection(*description, preferred);
  return index ? std::optional(viewData(*description, *index)) : std::nullopt;
}

/// The data section of the remote offer that is to be answered.
std::optional<DataSectionView> offeredView(const Negotiation& negotiation) {
  const auto current = currentExchange(negotiation);
  return viewOf(negotiation.pendingRemote->tree.get(), current ? std::optional(current->local.index) : std::nullopt);
}

}  // namespace

Session::Session(SessionConfig config, base::Random& random)
    // 62 random bits: RFC 9429 s.5.2.1 wants 63, below 2^63 - 1.
    : config_(std::move(config)), random_(random), sessionId_(random.u64() >> 2) {}

// --- Making descriptions ---

base::Result<std::string, SessionError> Session::createOffer(bool iceRestart) {
  if (state() != SignalingState::Stable && state() != SignalingState::HaveLocalOffer)
    return base::unexpected(wrongState("createOffer", state()));
  // The section in use keeps its place and its parameters: that of a pending offer, or of the current exchange.
  std::optional<DataSectionView> existing;
  if (now_.pendingLocal)
    existing = viewOf(now_.pendingLocal->tree.get());
  else if (auto current = currentExchange(now_))
    existing = current->local;

  OfferPlan plan;
  plan.previous = now_.local();
  if (existing) plan.accepted = existing->index;
  plan.data = offeredData(iceRestart, existing);
  if (plan.data && !existing) plan.mid = proposeMid();
  lastOffer_ = finish(makeOffer(plan), lastOffer_);
  return lastOffer_->text;
}

base::Result<std::string, SessionError> Session::createAnswer() {
  if (state() != SignalingState::HaveRemoteOffer && state() != SignalingState::HaveLocalPrAnswer)
    return base::unexpected(wrongState("createAnswer", state()));
  const auto offered = offeredView(now_);
  lastAnswer_ = finish(makeAnswer(*now_.pendingRemote->tree, offered ? std::optional(offered->index) : std::nullopt,
                                  offered ? answeredData(*offered) : LocalData{}),
                       lastAnswer_);
  return lastAnswer_->text;
}

LocalData Session::localData() const {
  LocalData data;
  data.fingerprints = config_.fingerprints;
  data.sctpPort = config_.sctpPort;
  data.maxMessageSize = config_.maxMessageSize;
  data.iceLite = config_.iceLite;
  data.renomination = config_.renomination;
  return data;
}

std::optional<LocalData> Session::offeredData(bool iceRestart, const std::optional<DataSectionView>& existing) {
  if (!existing && !wantsData_) return std::nullopt;
  auto data = localData();
  data.setup = sdp::Setup::Role::Actpass;
  data.credentials = offerCredentials(iceRestart);
  // RFC 8842 s.5.5: the same tls-id continues the association, and none where none was agreed.
  data.tlsId = existing ? existing->tlsId : proposeTlsId();
  if (existing) data.sctpPort = existing->sctpPort;
  // draft-hancke-tsvwg-snap s.5.6: the same value as long as the association is, and none is added to one that exists.
  data.sctpInit = existing ? existing->sctpInit : proposeSctpInit();
  return data;
}

LocalData Session::answeredData(const DataSectionView& offered) {
  auto current = currentExchange(now_);
  if (current && current->local.index != offered.index) current.reset();
  const bool continues = current && continuesDtls(current->remote, offered);

  auto data = localData();
  data.credentials = answerCredentials(offered, current);
  // RFC 8842 s.5.3 and RFC 9429 s.5.3.2: active where we may choose, and the roles of an association stay.
  if (offered.setup == sdp::Setup::Role::Active || (continues && current->dtlsRole == dtls::Role::Server))
    data.setup = sdp::Setup::Role::Passive;
  else
    data.setup = sdp::Setup::Role::Active;
  // draft-hancke-tsvwg-snap s.5.4 and s.5.6.
  const auto provisional = viewOf(now_.pendingLocal ? now_.pendingLocal->tree.get() : nullptr);
  if (provisional)
    data.sctpInit = provisional->sctpInit;
  else if (continues)
    data.sctpInit = current->local.sctpInit;
  else if (offered.sctpInit)
    data.sctpInit = proposeSctpInit();
  // RFC 8842 s.5.3: no tls-id without one in the offer; the same for the same association.
  if (provisional)
    data.tlsId = provisional->tlsId;
  else if (offered.tlsId)
    data.tlsId = continues && current->local.tlsId ? current->local.tlsId : proposeTlsId();
  // RFC 8841 s.10.3: a new port of theirs asks for a new association, and for a new port of ours.
  if (current) {
    data.sctpPort = current->local.sctpPort;
    if (offered.sctpPort != current->remote.sctpPort)
      data.sctpPort = data.sctpPort == 65535 ? 1024 : static_cast<std::uint16_t>(data.sctpPort + 1);
  }
  return data;
}

ice::Credentials Session::propose(const std::function<bool(const std::string&)>& usable) {
  while (!proposedCredentials_ || !usable(proposedCredentials_->ufrag))
    proposedCredentials_ = ice::makeCredentials(random_);
  return *proposedCredentials_;
}

ice::Credentials Session::offerCredentials(bool iceRestart) {
  const auto pending = viewOf(now_.pendingLocal ? now_.pendingLocal->tree.get() : nullptr);
  const auto current = currentExchange(now_);
  // W3C RTCOfferOptions.iceRestart: other than what is in use, by this option or by restartIce().
  auto usable = [&](const std::string& ufrag) {
    const bool inUse =
        (pending && pending->credentials.ufrag == ufrag) || (current && current->local.credentials.ufrag == ufrag);
    return !ufragsToReplace_.contains(ufrag) && !(iceRestart && inUse);
  };
  if (pending && usable(pending->credentials.ufrag)) return pending->credentials;
  if (!pending && current && usable(current->local.credentials.ufrag)) return current->local.credentials;
  return propose(usable);
}

ice::Credentials Session::answerCredentials(const DataSectionView& offered, const std::optional<Exchange>& current) {
  if (now_.pendingLocal)  // A provisional answer.
    if (auto pending = viewOf(now_.pendingLocal->tree.get())) return pending->credentials;
  // RFC 9429 s.5.3.2: new credentials if, and only if, the offer restarts.
  if (current && current->remote.credentials == offered.credentials) return current->local.credentials;
  return propose([&](const std::string& ufrag) { return !current || current->local.credentials.ufrag != ufrag; });
}

std::string Session::proposeTlsId() {
  // RFC 8842 s.4: at least 120 random bits; 20 characters out of 64.
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
  if (!proposedTlsId_) proposedTlsId_ = random_.text(20, alphabet);
  return *proposedTlsId_;
}

std::optional<std::vector<std::uint8_t>> Session::proposeSctpInit() {
  if (!config_.makeSctpInit) return std::nullopt;
  if (!proposedSctpInit_) proposedSctpInit_ = config_.makeSctpInit();
  return proposedSctpInit_;
}

std::string Session::proposeMid() {
  auto isTaken = [&](const std::string& mid) {
    auto names = [&](const auto& description) { return description && sectionWithMid(*description->tree, mid); };
    return names(now_.currentLocal) || names(now_.pendingLocal) || names(now_.currentRemote) ||
           names(now_.pendingRemote);
  };
  // RFC 9429 s.5.2.1: a counter tells nothing about the user, and is short.
  while (!proposedMid_ || isTaken(*proposedMid_)) proposedMid_ = std::to_string(nextMid_++);
  return *proposedMid_;
}

Session::Created Session::finish(sdp::Description tree, const std::optional<Created>& last) {
  auto textOf = [&] {
    auto full = tree;
    gathered_.insertInto(full);
    return sdp::write(full);
  };
  tree.origin.sessionId = sessionId_;
  // RFC 9429 s.5.2.2: the version rises when the description may differ.
  if (last) {
    tree.origin.sessionVersion = last->tree.origin.sessionVersion;
    if (textOf() == last->text) return *last;
  }
  tree.origin.sessionVersion = ++sessionVersion_;
  auto text = textOf();
  return {std::move(text), std::move(tree)};
}

// --- Applying descriptions ---

base::Result<Applied, SessionError> Session::setLocal(std::optional<SdpType> given, std::string_view sdp) {
  if (state() == SignalingState::Closed) return base::unexpected(wrongState("setLocalDescription", state()));
  // W3C setLocalDescription
  const bool offers = state() == SignalingState::Stable || state() == SignalingState::HaveLocalOffer ||
                      state() == SignalingState::HaveRemotePrAnswer;
  const auto type = given.value_or(offers ? SdpType::Offer : SdpType::Answer);
  if (type == SdpType::Rollback) return rollback();

  const auto& last = type == SdpType::Offer ? lastOffer_ : lastAnswer_;
  if (sdp.empty()) {
    auto created = type == SdpType::Offer ? createOffer() : createAnswer();
    if (!created) return base::unexpected(created.error());
  } else if (!last || last->text != sdp) {
    return base::unexpected(error(ErrorName::InvalidModificationError,
                                  "the description is not what createOffer or createAnswer returned last"));
  }
  const auto after = next(state(), Source::Local, type);
  if (!after) return base::unexpected(wrongState("a local " + std::string(toString(type)), state()));

  auto changed = now_;
  changed.state = *after;
  changed.pendingLocal = LocalDescription{type, std::make_shared<const sdp::Description>(last->tree)};
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
    return base::unexpected(SessionError{ErrorName::InvalidAccessError,
                                         "both sides are ICE lite: one of them has to make the checks"});

  auto changed = now_;
  changed.state = *after;
  changed.pendingRemote = RemoteDescription{
      type, std::make_shared<const sdp::Description>(std::move(*parsed)), std::make_shared<const std::string>(sdp), {}};
  const auto& tree = *changed.pendingRemote->tree;
  DescribedCandidates described;
  const auto offered = type == SdpType::Offer ? offeredView(changed) : std::nullopt;
  const auto index = type == SdpType::Offer ? (offered ? std::optional(offered->index) : std::nullopt)
                                            : pc::dataSection(tree, pc::dataSection(*now_.pendingLocal->tree));
  if (index) {
    const auto init = viewData(tree, *index).sctpInit;
    // draft-hancke-tsvwg-snap s.5.3, s.5.5
    if (init && config_.makeSctpInit && !sctp::native::parseInit(*init))
      return base::unexpected(error(ErrorName::InvalidAccessError, "a=sctp-init holds no INIT"));
    auto found = candidatesFor(tree, *index);
    if (!found) return base::unexpected(error(ErrorName::InvalidAccessError, found.error()));
    described = std::move(*found);
  }
  // The answer to an earlier offer does not fit this one.
  if (type == SdpType::Offer) lastAnswer_.reset();
  auto applied = commit(std::move(changed), type);
  applied.remoteCandidates = std::move(described.candidates);
  applied.remoteEndOfCandidates = described.end;
  return applied;
}

Applied Session::commit(Negotiation changed, SdpType type) {
  if (changed.state == SignalingState::Stable) {
    changed.currentLocal = std::exchange(changed.pendingLocal, std::nullopt);
    changed.currentRemote = std::exchange(changed.pendingRemote, std::nullopt);
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
  proposedMid_.reset();
  if (state() == SignalingState::Stable) {
    lastOffer_.reset();
    lastAnswer_.reset();
    // The channels are gone with their section; a new one asks for a new section.
    if (applied.dataSectionRemoved) wantsData_ = false;
    const auto local = viewOf(now_.currentLocal->tree.get());
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
  lastAnswer_.reset();
  proposedCredentials_.reset();
  proposedTlsId_.reset();
  proposedSctpInit_.reset();
  gathered_.keepOnly(localUfrags());

  Applied applied;
  applied.type = SdpType::Rollback;
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

std::optional<Session::DataSection> Session::dataSection() const {
  const sdp::Description* tree = nullptr;
  std::size_t index = 0;
  if (const auto view = viewOf(now_.pendingLocal ? now_.pendingLocal->tree.get() : nullptr)) {
    tree = now_.pendingLocal->tree.get();
    index = view->index;
  } else if (const auto current = currentExchange(now_)) {
    tree = now_.currentLocal->tree.get();
    index = current->local.index;
  }
  if (!tree) return std::nullopt;
  return DataSection{static_cast<std::uint16_t>(index), midOf(tree->media[index])};
}

// --- What calls for negotiation ---

void Session::wantDataChannel() { wantsData_ = true; }

void Session::restartIce() {
  if (state() == SignalingState::Closed) return;
  ufragsToReplace_.clear();
  for (const auto* description : {&now_.currentLocal, &now_.pendingLocal})
    if (auto view = viewOf(*description ? (*description)->tree.get() : nullptr))
      ufragsToReplace_.insert(view->credentials.ufrag);
}

bool Session::negotiationNeeded() const {
  if (state() == SignalingState::Closed) return false;
  return !ufragsToReplace_.empty() || (wantsData_ && !currentExchange(now_));
}

// --- Candidates of ours ---

std::set<std::string> Session::localUfrags() const {
  std::set<std::string> ufrags;
  auto add = [&](const sdp::Description* tree) {
    if (auto view = viewOf(tree)) ufrags.insert(view->credentials.ufrag);
  };
  add(now_.currentLocal ? now_.currentLocal->tree.get() : nullptr);
  add(now_.pendingLocal ? now_.pendingLocal->tree.get() : nullptr);
  // It may be applied again after a rollback.
  add(lastOffer_ ? &lastOffer_->tree : nullptr);
  return ufrags;
}

void Session::localCandidate(std::string_view ufrag, const ice::Candidate& candidate) {
  if (localUfrags().contains(std::string(ufrag))) gathered_.add(ufrag, candidate);
}

void Session::localEndOfCandidates(std::string_view ufrag) {
  if (localUfrags().contains(std::string(ufrag))) gathered_.complete(ufrag);
}

}  // namespace parley::pc
