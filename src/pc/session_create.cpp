#include "pc/media_codecs.hpp"
#include "pc/session.hpp"
#include "pc/session_media.hpp"
#include "pc/session_sections.hpp"
#include "sdp/query.hpp"
#include "sdp/write.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <variant>

/// \file
/// createOffer and createAnswer (RFC 9429 s.5.2, 5.3): what goes into each section.

namespace parley::pc {

namespace {

const sdp::MediaSection* sectionAt(const sdp::Description* description, std::size_t index) {
  return description && index < description->media.size() ? &description->media[index] : nullptr;
}

/// What a local description says about a transport; none if it has it not.
std::optional<TransportView> viewOf(const std::optional<LocalDescription>& description, TransportId transport) {
  const auto* bundle = description ? description->used.ofTransport(transport) : nullptr;
  return bundle ? std::optional(viewTransport(*description->tree, bundle->anchor())) : std::nullopt;
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
  Created created;
  DescriptionPlan plan;
  plan.sections = offeredSections(created.associations);
  bundleOffered(plan, created.used);
  offerTransports(plan, created.used, iceRestart);
  created.tree = makeOffer(plan);
  lastOffer_ = finish(std::move(created), lastOffer_);
  return lastOffer_->text;
}

/// What is bundled stays so; what is not stays alone (RFC 9429 s.5.2.2). What is new joins the bundle, or has a
/// transport that the peer may leave to it.
void Session::bundleOffered(DescriptionPlan& plan, SectionsInUse& used) {
  auto& sections = plan.sections;
  const auto current = currentExchange(now_);
  const sdp::Description* answer = !current                                    ? nullptr
                                   : now_.currentLocal->type != SdpType::Offer ? current->localTree.get()
                                                                               : current->remoteTree.get();
  const auto place = [&](std::size_t i, TransportId transport) {
    if (std::holds_alternative<LocalData>(sections[i].content)) used.data = i;
    auto found = std::find_if(used.bundles.begin(), used.bundles.end(),
                              [&](const Bundle& bundle) { return bundle.transport == transport; });
    if (found == used.bundles.end()) found = used.bundles.insert(found, Bundle{transport, {}});
    found->sections.push_back(i);
  };
  // The group that a section was answered in, and its place among ours.
  std::map<const sdp::Group*, std::size_t> groups;
  std::optional<TransportId> established;
  std::vector<std::size_t> fresh;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    if (sections[i].isRejected()) continue;
    const auto* before = current ? current->used.bundleOf(i) : nullptr;
    if (!before) {
      fresh.push_back(i);
      continue;
    }
    place(i, before->transport);
    const auto* group = bundleGroupOf(*answer, i);
    if (!group) continue;
    if (groups.try_emplace(group, plan.groups.size()).second) plan.groups.emplace_back();
    plan.groups[groups.at(group)].push_back(i);
    if (!established) established = before->transport;
  }

  if (plan.groups.empty() && !fresh.empty()) plan.groups.emplace_back();
  const bool single = config_.bundlePolicy == BundlePolicy::MaxBundle;
  // All are in the group of the first one then, also what a peer without BUNDLE has answered.
  if (single && !established && !used.empty() && !fresh.empty()) {
    plan.groups.front() = used.bundles.front().sections;
    established = used.bundles.front().transport;
  }
  // RFC 9429 s.5.2.1, 5.2.2: bundle-only in the first offer alone.
  std::set<std::string> kinds;
  for (const auto i : fresh) {
    plan.groups.front().push_back(i);
    if (established) {
      place(i, *established);
      continue;
    }
    const auto* media = std::get_if<LocalMedia>(&sections[i].content);
    const bool first = single ? i == fresh.front()
                              : config_.bundlePolicy == BundlePolicy::MaxCompat || now_.currentLocal ||
                                    kinds.emplace(media ? toString(media->kind) : "application").second;
    sections[i].bundleOnly = !first && !now_.currentLocal;
    place(i, first ? proposeTransport(i) : used.bundleOf(fresh.front())->transport);
  }
}

TransportId Session::proposeTransport(std::size_t section) {
  if (now_.pendingLocal)
    if (const auto* bundle = now_.pendingLocal->used.bundleOf(section); bundle && bundle->anchor() == section)
      return bundle->transport;
  auto& proposed = proposedTransports_[section];
  if (proposed == 0) proposed = ++lastTransport_;
  return proposed;
}

void Session::offerTransports(DescriptionPlan& plan, const SectionsInUse& used, bool iceRestart) {
  for (const auto& bundle : used.bundles) {
    auto& transport = plan.transports.emplace_back(localTransport());
    transport.setup = sdp::Setup::Role::Actpass;
    transport.credentials = offerCredentials(bundle.transport, iceRestart);
    // RFC 8842 s.5.5: the same tls-id continues the association, and none where none was agreed.
    auto before = viewOf(now_.pendingLocal, bundle.transport);
    if (!before) before = viewOf(now_.currentLocal, bundle.transport);
    transport.tlsId = before ? before->tlsId : proposeTlsId(bundle.transport);
    for (const auto i : bundle.sections) plan.sections[i].transport = plan.transports.size() - 1;
  }
}

std::vector<SectionPlan> Session::offeredSections(std::vector<Created::Association>& associations) {
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

  const auto& described = now_.pendingLocal ? now_.pendingLocal : now_.currentLocal;
  std::optional<std::size_t> data = described ? described->used.data : std::nullopt;
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
  return sections;
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
  const auto& offered = now_.pendingRemote->used;

  DescriptionPlan plan;
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    auto& section = plan.sections.emplace_back();
    section.mid = midOf(offer.media[i]);
    section.model = &offer.media[i];
    if (!offered.contains(i) || offered.data == i) continue;
    const auto* transceiver = now_.transceiverOf(offer, i);
    if (!transceiver || transceiver->stopping) continue;
    auto media = answeredMedia(*transceiver, offer, i);
    if (!media.codecs.empty()) section.content = std::move(media);
  }
  Created created;
  for (const auto& bundle : offered.bundles)
    if (auto answered = answerBundle(plan, bundle)) created.used.bundles.push_back(std::move(*answered));
  created.used.data = offered.data;
  created.tree = makeAnswer(offer, plan);
  lastAnswer_ = finish(std::move(created), lastAnswer_);
  answeredOffer_ = now_.pendingRemote->text;
  return lastAnswer_->text;
}

/// Answers for the transport of an offered bundle; none if all its sections are rejected.
std::optional<Bundle> Session::answerBundle(DescriptionPlan& plan, const Bundle& offered) {
  const auto& offer = *now_.pendingRemote->tree;
  const auto data = now_.pendingRemote->used.data;
  // RFC 9143 s.7.3.1: the anchor is the first of the offered group that is not rejected.
  Bundle bundle = offered;
  std::erase_if(bundle.sections, [&](std::size_t i) { return data != i && plan.sections[i].isRejected(); });
  if (bundle.sections.empty()) return std::nullopt;

  const auto theirs = viewTransport(offer, bundle.anchor());
  const auto exchange = currentExchange(now_);
  const auto* current = exchange ? exchange->transport(bundle.transport) : nullptr;
  const bool continues = current && continuesDtls(current->remote, theirs);
  if (data && bundle.contains(*data))
    plan.sections[*data].content = answeredData(viewData(offer.media[*data]), continues);

  const auto provisional = viewOf(now_.pendingLocal, bundle.transport);
  auto& transport = plan.transports.emplace_back(localTransport());
  transport.credentials = answerCredentials(bundle.transport, theirs, current);
  // RFC 8842 s.5.3 and RFC 9429 s.5.3.2: active where we may choose, and the roles of an association stay.
  const bool passive =
      theirs.setup == sdp::Setup::Role::Active || (continues && current->dtlsRole == dtls::Role::Server);
  transport.setup = passive ? sdp::Setup::Role::Passive : sdp::Setup::Role::Active;
  // RFC 8842 s.5.3: no tls-id without one in the offer; the same for the same association.
  if (provisional)
    transport.tlsId = provisional->tlsId;
  else if (theirs.tlsId)
    transport.tlsId = continues && current->local.tlsId ? current->local.tlsId : proposeTlsId(bundle.transport);
  for (const auto i : bundle.sections) plan.sections[i].transport = plan.transports.size() - 1;
  return bundle;
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
  const auto& provisional = now_.pendingLocal;
  if (provisional && provisional->used.data)
    data.sctpInit = viewData(provisional->tree->media[*provisional->used.data]).sctpInit;
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

ice::Credentials Session::propose(TransportId transport, const std::function<bool(const std::string&)>& usable) {
  auto found = proposedCredentials_.find(transport);
  if (found == proposedCredentials_.end())
    found = proposedCredentials_.emplace(transport, ice::makeCredentials(random_)).first;
  while (!usable(found->second.ufrag)) found->second = ice::makeCredentials(random_);
  return found->second;
}

ice::Credentials Session::offerCredentials(TransportId transport, bool iceRestart) {
  const auto pending = viewOf(now_.pendingLocal, transport), current = viewOf(now_.currentLocal, transport);
  // W3C RTCOfferOptions.iceRestart: other than what is in use, by this option or by restartIce().
  auto usable = [&](const std::string& ufrag) {
    const bool inUse =
        (pending && pending->credentials.ufrag == ufrag) || (current && current->credentials.ufrag == ufrag);
    return !ufragsToReplace_.contains(ufrag) && !(iceRestart && inUse);
  };
  if (pending && usable(pending->credentials.ufrag)) return pending->credentials;
  if (!pending && current && usable(current->credentials.ufrag)) return current->credentials;
  return propose(transport, usable);
}

ice::Credentials Session::answerCredentials(TransportId transport, const TransportView& offered,
                                            const Exchange::Transport* current) {
  if (const auto provisional = viewOf(now_.pendingLocal, transport)) return provisional->credentials;
  // RFC 9429 s.5.3.2: new credentials if, and only if, the offer restarts.
  if (current && current->remote.credentials == offered.credentials) return current->local.credentials;
  return propose(transport,
                 [&](const std::string& ufrag) { return !current || current->local.credentials.ufrag != ufrag; });
}

std::string Session::proposeTlsId(TransportId transport) {
  // RFC 8842 s.4: at least 120 random bits; 20 characters out of 64.
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-";
  auto& proposed = proposedTlsIds_[transport];
  if (proposed.empty()) proposed = random_.text(20, alphabet);
  return proposed;
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
    gathered_.insertInto(full, created.used);
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
