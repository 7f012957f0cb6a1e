#include "pc/media_codecs.hpp"
#include "pc/session.hpp"
#include "pc/session_media.hpp"
#include "pc/session_sections.hpp"
#include "sdp/query.hpp"
#include "sdp/write.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

/// \file
/// createOffer and createAnswer (RFC 9429 s.5.2, 5.3): what goes into each section.

namespace parley::pc {

namespace {

const sdp::MediaSection* sectionAt(const sdp::Description* description, std::size_t index) {
  return description && index < description->media.size() ? &description->media[index] : nullptr;
}

/// What a provisional answer of ours says of the transport, or an unanswered offer.
std::optional<SectionsInUse> usedIn(const std::optional<LocalDescription>& description) {
  return description ? sectionsInUse(*description->tree) : std::nullopt;
}

}  // namespace

std::optional<SessionError> Session::refusalToCreate(SdpType type) const {
  using enum SignalingState;
  if (type == SdpType::Offer)
    return state() == Stable || state() == HaveLocalOffer ? std::nullopt
                                                          : std::optional(wrongState("createOffer", state()));
  return state() == HaveRemoteOffer || state() == HaveLocalPrAnswer
             ? std::nullopt
             : std::optional(wrongState("createAnswer", state()));
}

// --- Offers ---

base::Result<std::string, SessionError> Session::createOffer(bool iceRestart) {
  if (auto refused = refusalToCreate(SdpType::Offer)) return base::unexpected(std::move(*refused));
  // The sections in use keep their places and their transport: those of a pending offer, or of the current exchange.
  std::optional<SectionsInUse> existing = usedIn(now_.pendingLocal);
  const auto current = currentExchange(now_);
  if (!now_.pendingLocal && current) existing = current->used;

  Created created;
  DescriptionPlan plan;
  plan.sections = offeredSections(existing, created.associations);
  if (std::any_of(plan.sections.begin(), plan.sections.end(), [](const auto& one) { return !one.isRejected(); })) {
    plan.transport = localTransport();
    plan.transport->setup = sdp::Setup::Role::Actpass;
    plan.transport->credentials = offerCredentials(iceRestart);
    // RFC 8842 s.5.5: the same tls-id continues the association, and none where none was agreed.
    plan.transport->tlsId = existing ? viewTransport(*now_.local(), existing->anchor).tlsId : proposeTlsId();
  }
  created.tree = makeOffer(plan);
  lastOffer_ = finish(std::move(created), lastOffer_);
  return lastOffer_->text;
}

std::vector<SectionPlan> Session::offeredSections(const std::optional<SectionsInUse>& existing,
                                                  std::vector<Created::Association>& associations) {
  // The current descriptions have as many sections as each other, and a pending offer of ours as many or more.
  const auto* previous = now_.local();
  const auto* current = now_.currentLocal ? now_.currentLocal->tree.get() : nullptr;
  const auto* currentRemote = now_.currentRemote ? now_.currentRemote->tree.get() : nullptr;
  const auto* answered = now_.currentLocal && now_.currentLocal->type != SdpType::Offer ? current : currentRemote;
  auto inUse = numbers();

  std::vector<SectionPlan> sections;
  if (previous)
    for (const auto& section : previous->media) {
      auto& plan = sections.emplace_back();
      plan.mid = midOf(section);
      plan.model = &section;
    }
  const auto fill = [&](std::size_t i, const Transceiver& transceiver) {
    const auto* before = sectionAt(previous, i);
    const auto* lastAnswer = sectionAt(answered, i);
    const bool goesOn = before && transceiver.negotiated.section == i;
    sections[i].content = offeredMedia(transceiver, goesOn ? before : nullptr, goesOn ? lastAnswer : nullptr, inUse);
  };
  const auto recycle = [&](std::size_t i, TransceiverId id) {
    sections[i].mid = proposeMid(id);
    // Another kind may need another protocol.
    sections[i].model = nullptr;
  };

  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto* transceiver = now_.transceiverOf(*previous, i);
    if (transceiver && !transceiver->stopping) fill(i, *transceiver);
  }
  // RFC 9429 s.5.2.2: sections never go away. A new transceiver takes the place of one that both sides know as
  // rejected.
  std::size_t place = 0;
  for (const auto& transceiver : now_.transceivers) {
    if (transceiver.negotiated.section || transceiver.stopping) continue;
    const auto isFree = [&](std::size_t i) {
      const auto *ours = sectionAt(current, i), *theirs = sectionAt(currentRemote, i);
      const bool rejected = (ours && isRejected(*ours)) || (theirs && isRejected(*theirs));
      return rejected && sections[i].isRejected() && previous->media[i].kind != "application";
    };
    while (place < sections.size() && !isFree(place)) ++place;
    if (place == sections.size()) sections.emplace_back();
    recycle(place, transceiver.id);
    fill(place, transceiver);
    associations.push_back({transceiver.id, place});
  }

  std::optional<std::size_t> data = existing ? existing->data : std::nullopt;
  if (!data && wantsData_) {
    for (std::size_t i = 0; i < sections.size() && !data; ++i)
      if (sections[i].isRejected() && sections[i].model->kind == "application" && sections[i].model->isSctp()) data = i;
    if (!data) {
      data = sections.size();
      sections.emplace_back();
    }
    recycle(*data, 0);
    sections[*data].content = offeredData(std::nullopt);
  } else if (data) {
    sections[*data].content = offeredData(viewData(previous->media[*data]));
  }

  // RFC 9429 s.5.2.1: in the first offer alone.
  if (!now_.currentLocal) markBundleOnly(sections);
  return sections;
}

/// RFC 9429 s.4.1.1: what a peer without BUNDLE shall reject.
void Session::markBundleOnly(std::vector<SectionPlan>& sections) const {
  if (config_.bundlePolicy == BundlePolicy::MaxCompat) return;
  // Audio, video, data.
  std::array<bool, 3> seen{};
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const auto* media = std::get_if<LocalMedia>(&sections[i].content);
    bool& before = seen[!media ? 2 : media->kind == MediaKind::Video ? 1 : 0];
    const bool first = config_.bundlePolicy == BundlePolicy::MaxBundle ? i == 0 : !std::exchange(before, true);
    sections[i].bundleOnly = !first && !sections[i].isRejected();
  }
}

LocalMedia Session::sentMedia(const Transceiver& transceiver) const {
  LocalMedia media;
  media.kind = transceiver.kind;
  media.direction = transceiver.direction;
  media.streams = transceiver.streams;
  media.trackId = transceiver.trackId;
  media.cname = cname_;
  media.encodings = transceiver.negotiated.encodings;
  return media;
}

LocalMedia Session::offeredMedia(const Transceiver& transceiver, const sdp::MediaSection* before,
                                 const sdp::MediaSection* answered, Numbers& inUse) const {
  auto media = sentMedia(transceiver);
  media.codecs = offeredCodecs(transceiver, before, answered, inUse);
  media.extensions = offeredExtensions(transceiver, before, inUse);
  // RFC 9429 s.5.2.2: what the peer has sent so far, it may go on to send.
  if (before && receives(transceiver.direction))
    for (const auto* rid : sdp::all<sdp::Rid>(before->attributes))
      if (rid->direction == sdp::Rid::Direction::Recv) media.receivedRids.push_back(rid->id);
  return media;
}

LocalData Session::offeredData(const std::optional<DataView>& existing) {
  LocalData data;
  data.maxMessageSize = config_.maxMessageSize;
  data.sctpPort = existing ? existing->sctpPort : config_.sctpPort;
  // draft-hancke-tsvwg-snap s.5.6: the same value as long as the association is, and none is added to one that exists.
  data.sctpInit = existing ? existing->sctpInit : proposeSctpInit();
  return data;
}

// --- Answers ---

base::Result<std::string, SessionError> Session::createAnswer() {
  if (auto refused = refusalToCreate(SdpType::Answer)) return base::unexpected(std::move(*refused));
  const auto& offer = *now_.pendingRemote->tree;
  auto current = currentExchange(now_);
  const auto offered = sectionsInUse(offer, current ? std::optional(current->used) : std::nullopt);

  DescriptionPlan plan;
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    auto& section = plan.sections.emplace_back();
    section.mid = midOf(offer.media[i]);
    section.model = &offer.media[i];
    if (!offered || !offered->contains(i)) continue;
    const auto* transceiver = now_.transceiverOf(offer, i);
    if (!transceiver || transceiver->stopping) continue;
    auto media = answeredMedia(*transceiver, offer, i);
    if (!media.codecs.empty()) section.content = std::move(media);
  }
  // RFC 9143 s.7.3.1: the anchor is the first of the offered group that is not rejected.
  std::optional<std::size_t> anchor;
  const auto isTaken = [&](std::size_t i) { return offered->data == i || !plan.sections[i].isRejected(); };
  if (offered && isTaken(offered->anchor)) anchor = offered->anchor;
  for (const auto* group : sdp::all<sdp::Group>(offer.attributes))
    for (const auto& mid : group->mids)
      if (const auto i = sectionWithMid(offer, mid);
          offered && !anchor && group->semantics == "BUNDLE" && i && offered->contains(*i) && isTaken(*i))
        anchor = i;

  if (anchor) {
    const auto theirs = viewTransport(offer, *anchor);
    if (current && !current->used.contains(*anchor)) current.reset();
    const bool continues = current && continuesDtls(current->remote, theirs);
    const auto provisional = usedIn(now_.pendingLocal);
    if (offered->data)
      plan.sections[*offered->data].content = answeredData(viewData(offer.media[*offered->data]), continues);

    plan.transport = localTransport();
    plan.transport->credentials = answerCredentials(theirs, current);
    // RFC 8842 s.5.3 and RFC 9429 s.5.3.2: active where we may choose, and the roles of an association stay.
    const bool passive =
        theirs.setup == sdp::Setup::Role::Active || (continues && current->dtlsRole == dtls::Role::Server);
    plan.transport->setup = passive ? sdp::Setup::Role::Passive : sdp::Setup::Role::Active;
    // RFC 8842 s.5.3: no tls-id without one in the offer; the same for the same association.
    if (provisional)
      plan.transport->tlsId = viewTransport(*now_.pendingLocal->tree, provisional->anchor).tlsId;
    else if (theirs.tlsId)
      plan.transport->tlsId = continues && current->local.tlsId ? current->local.tlsId : proposeTlsId();
  }
  Created created;
  created.tree = makeAnswer(offer, plan);
  lastAnswer_ = finish(std::move(created), lastAnswer_);
  answeredOffer_ = now_.pendingRemote->text;
  return lastAnswer_->text;
}

LocalMedia Session::answeredMedia(const Transceiver& transceiver, const sdp::Description& offer,
                                  std::size_t section) const {
  const auto& offered = offer.media[section];
  auto media = sentMedia(transceiver);
  media.direction = intersection(reversed(directionOf(offer, section)), transceiver.direction);
  media.codecs = answeredCodecs(transceiver, offered);
  media.extensions = answeredExtensions(transceiver, offered);
  media.reducedSizeRtcp = sdp::has<sdp::RtcpRsize>(offered.attributes);
  if (receives(media.direction)) media.receivedRids = offeredRids(offered);
  // RFC 8853 s.5.3.2: no rid that was not asked for.
  const auto rids = sdp::all<sdp::Rid>(offered.attributes);
  std::erase_if(media.encodings, [&](const SendEncoding& encoding) {
    return !encoding.parameters.rid.empty() && std::none_of(rids.begin(), rids.end(), [&](const auto* rid) {
      return rid->id == encoding.parameters.rid && rid->direction == sdp::Rid::Direction::Recv;
    });
  });
  if (media.encodings.empty()) {
    media.encodings = {transceiver.negotiated.encodings.front()};
    media.encodings.front().parameters.rid.clear();
  }
  return media;
}

LocalData Session::answeredData(const DataView& offered, bool continues) {
  const auto current = currentExchange(now_);
  const bool goesOn = current && current->localData;
  LocalData data;
  data.maxMessageSize = config_.maxMessageSize;
  data.sctpPort = config_.sctpPort;
  // draft-hancke-tsvwg-snap s.5.4 and s.5.6.
  const auto provisional = usedIn(now_.pendingLocal);
  if (provisional && provisional->data)
    data.sctpInit = viewData(now_.pendingLocal->tree->media[*provisional->data]).sctpInit;
  else if (continues && goesOn)
    data.sctpInit = current->localData->sctpInit;
  else if (offered.sctpInit)
    data.sctpInit = proposeSctpInit();
  // RFC 8841 s.10.3: a new port of theirs asks for a new association, and for a new port of ours.
  if (goesOn) {
    data.sctpPort = current->localData->sctpPort;
    if (offered.sctpPort != current->remoteData->sctpPort)
      data.sctpPort = data.sctpPort == 65535 ? 1024 : static_cast<std::uint16_t>(data.sctpPort + 1);
  }
  return data;
}

// --- What both need ---

LocalTransport Session::localTransport() const {
  LocalTransport transport;
  transport.fingerprints = config_.fingerprints;
  transport.iceLite = config_.iceLite;
  transport.renomination = config_.renomination;
  transport.icePacing = config_.icePacing;
  return transport;
}

Numbers Session::numbers() const {
  Numbers numbers;
  for (const auto* description : {&now_.pendingLocal, &now_.currentLocal})
    if (*description) numbers.learn(*(*description)->tree);
  for (const auto* description : {&now_.pendingRemote, &now_.currentRemote})
    if (*description) numbers.learn(*(*description)->tree);
  return numbers;
}

ice::Credentials Session::propose(const std::function<bool(const std::string&)>& usable) {
  while (!proposedCredentials_ || !usable(proposedCredentials_->ufrag))
    proposedCredentials_ = ice::makeCredentials(random_);
  return *proposedCredentials_;
}

ice::Credentials Session::offerCredentials(bool iceRestart) {
  const auto pendingUsed = usedIn(now_.pendingLocal);
  const auto pending = pendingUsed
                           ? std::optional(viewTransport(*now_.pendingLocal->tree, pendingUsed->anchor).credentials)
                           : std::nullopt;
  const auto current = currentExchange(now_);
  // W3C RTCOfferOptions.iceRestart: other than what is in use, by this option or by restartIce().
  auto usable = [&](const std::string& ufrag) {
    const bool inUse = (pending && pending->ufrag == ufrag) || (current && current->local.credentials.ufrag == ufrag);
    return !ufragsToReplace_.contains(ufrag) && !(iceRestart && inUse);
  };
  if (pending && usable(pending->ufrag)) return *pending;
  if (!pending && current && usable(current->local.credentials.ufrag)) return current->local.credentials;
  return propose(usable);
}

ice::Credentials Session::answerCredentials(const TransportView& offered, const std::optional<Exchange>& current) {
  if (const auto provisional = usedIn(now_.pendingLocal))
    return viewTransport(*now_.pendingLocal->tree, provisional->anchor).credentials;
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

std::string Session::proposeMid(TransceiverId id) {
  auto isTaken = [&](const std::string& mid) {
    auto names = [&](const auto& description) { return description && sectionWithMid(*description->tree, mid); };
    return names(now_.currentLocal) || names(now_.pendingLocal) || names(now_.currentRemote) ||
           names(now_.pendingRemote);
  };
  auto found = proposedMids_.find(id);
  if (found == proposedMids_.end()) found = proposedMids_.emplace(id, freshMid()).first;
  while (isTaken(found->second)) found->second = freshMid();
  return found->second;
}

/// RFC 9429 s.5.2.1: a counter tells nothing about the user, and is short.
std::string Session::freshMid() { return std::to_string(nextMid_++); }

Session::Created Session::finish(Created created, const std::optional<Created>& last) {
  auto textOf = [&] {
    auto full = created.tree;
    gathered_.insertInto(full);
    return sdp::write(full);
  };
  created.tree.origin.sessionId = sessionId_;
  // RFC 9429 s.5.2.2: the version rises when the description may differ.
  if (last) {
    created.tree.origin.sessionVersion = last->tree.origin.sessionVersion;
    if (textOf() == last->text) return *last;
  }
  created.tree.origin.sessionVersion = ++sessionVersion_;
  created.text = textOf();
  return created;
}

}  // namespace parley::pc
