#include "pc/session_sections.hpp"

#include "pc/media_codecs.hpp"
#include "sdp/query.hpp"
#include "sdp/verify.hpp"

#include <algorithm>
#include <map>

namespace parley::pc {

namespace {

/// RFC 9143 s.7.1.3: in bundled sections of later offers and answers, attributes of the transport stand in the tagged
/// section alone. A section's own go first: in an initial offer each section can have a transport of its own, which
/// counts if the tagged section is rejected.
template <class T>
std::vector<const T*> allOfTransport(const sdp::Description& description, std::size_t index) {
  auto own = sdp::all<T>(description.media[index].attributes);
  if (!own.empty()) return own;
  auto tagged = sdp::all<T>(description.media[sdp::transportSection(description, index)].attributes);
  return tagged.empty() ? sdp::all<T>(description.attributes) : tagged;
}

template <class T>
const T* ofTransport(const sdp::Description& description, std::size_t index) {
  auto found = allOfTransport<T>(description, index);
  return found.empty() ? nullptr : found.front();
}

bool isServable(const sdp::MediaSection& section) {
  if (isRejected(section) || !section.isSctp()) return false;
  // RFC 8841 s.10.5: port zero ends the association. We end the whole section with it: nothing else uses its transport.
  if (const auto* port = sdp::find<sdp::SctpPort>(section.attributes); port && port->port == 0) return false;
  if (const auto* map = sdp::find<sdp::SctpMap>(section.attributes); map && isOldSctp(section))
    return map->application == "webrtc-datachannel";
  return std::find(section.formats.begin(), section.formats.end(), "webrtc-datachannel") != section.formats.end();
}

}  // namespace

const sdp::Group* bundleGroupOf(const sdp::Description& description, std::size_t section) {
  const auto mid = midOf(description.media[section]);
  for (const auto* group : sdp::all<sdp::Group>(description.attributes))
    if (mid && group->semantics == "BUNDLE" &&
        std::find(group->mids.begin(), group->mids.end(), *mid) != group->mids.end())
      return group;
  return nullptr;
}

bool isRejected(const sdp::MediaSection& section) {
  return section.port == 0 && !sdp::has<sdp::BundleOnly>(section.attributes);
}

std::optional<std::string> midOf(const sdp::MediaSection& section) {
  const auto* mid = sdp::find<sdp::Mid>(section.attributes);
  return mid ? std::optional(mid->id) : std::nullopt;
}

std::optional<std::size_t> sectionWithMid(const sdp::Description& description, const std::string& mid) {
  for (std::size_t i = 0; i < description.media.size(); ++i)
    if (midOf(description.media[i]) == mid) return i;
  return std::nullopt;
}

bool isOldSctp(const sdp::MediaSection& section) { return section.protocol == "DTLS/SCTP"; }

std::optional<std::size_t> dataSection(const sdp::Description& description, std::optional<std::size_t> preferred) {
  const auto& media = description.media;
  if (preferred && *preferred < media.size() && isServable(media[*preferred])) return preferred;
  for (std::size_t i = 0; i < media.size(); ++i)
    if (isServable(media[i])) return i;
  return std::nullopt;
}

bool Bundle::contains(std::size_t section) const {
  return std::find(sections.begin(), sections.end(), section) != sections.end();
}

const Bundle* SectionsInUse::bundleOf(std::size_t section) const {
  for (const auto& bundle : bundles)
    if (bundle.contains(section)) return &bundle;
  return nullptr;
}

const Bundle* SectionsInUse::ofTransport(TransportId transport) const {
  for (const auto& bundle : bundles)
    if (bundle.transport == transport) return &bundle;
  return nullptr;
}

SectionsInUse sectionsInUse(const sdp::Description& description, std::optional<std::size_t> preferredData) {
  SectionsInUse used;
  used.data = dataSection(description, preferredData);
  const auto isUsable = [&](std::size_t i) { return used.data == i || hasKnownCodec(description.media[i]); };
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    if (!isUsable(i) || used.contains(i)) continue;
    auto& sections = used.bundles.emplace_back().sections;
    if (const auto* group = bundleGroupOf(description, i))
      for (const auto& mid : group->mids)
        if (const auto index = sectionWithMid(description, mid); index && isUsable(*index)) sections.push_back(*index);
    if (sections.empty()) sections.push_back(i);
  }
  return used;
}

SectionsInUse acceptable(const sdp::Description& offer, SectionsInUse offered, BundlePolicy policy,
                         const SectionsInUse& before) {
  // The first section of all, or of its kind: one that goes on before one that is new.
  std::map<std::string, std::size_t> first;
  for (const bool goesOn : {true, false})
    for (std::size_t i = 0; i < offer.media.size(); ++i)
      if (offered.contains(i) && before.contains(i) == goesOn)
        first.try_emplace(policy == BundlePolicy::MaxBundle ? std::string() : offer.media[i].kind, i);
  if (policy != BundlePolicy::MaxCompat)
    std::erase_if(offered.bundles, [&](const Bundle& bundle) {
      return std::none_of(first.begin(), first.end(), [&](const auto& one) { return bundle.contains(one.second); });
    });
  if (offered.bundles.size() > maxTransports) offered.bundles.resize(maxTransports);
  if (offered.data && !offered.contains(*offered.data)) offered.data.reset();
  return offered;
}

TransportView viewTransport(const sdp::Description& description, std::size_t index) {
  TransportView view;
  if (const auto* ufrag = ofTransport<sdp::IceUfrag>(description, index)) view.credentials.ufrag = ufrag->value;
  if (const auto* pwd = ofTransport<sdp::IcePwd>(description, index)) view.credentials.pwd = pwd->value;
  view.iceLite = sdp::has<sdp::IceLite>(description.attributes);
  view.renomination = hasIceOption(description, "renomination");
  // More than a second would be no pause but a refusal.
  if (const auto* pacing = sdp::find<sdp::IcePacing>(description.attributes))
    view.icePacing = std::chrono::milliseconds(std::min<std::uint64_t>(pacing->milliseconds, 1000));
  for (const auto* fingerprint : allOfTransport<sdp::Fingerprint>(description, index))
    view.fingerprints.push_back({fingerprint->algorithm, fingerprint->bytes});
  if (const auto* setup = ofTransport<sdp::Setup>(description, index)) view.setup = setup->role;
  if (const auto* tlsId = ofTransport<sdp::TlsId>(description, index)) view.tlsId = tlsId->value;
  return view;
}

DataView viewData(const sdp::MediaSection& section) {
  DataView view;
  if (const auto* port = sdp::find<sdp::SctpPort>(section.attributes))
    view.sctpPort = port->port;
  else if (const auto* map = sdp::find<sdp::SctpMap>(section.attributes))
    view.sctpPort = map->port;
  if (const auto* size = sdp::find<sdp::MaxMessageSize>(section.attributes)) view.maxMessageSize = size->bytes;
  if (const auto* init = sdp::find<sdp::SctpInit>(section.attributes)) view.sctpInit = init->chunk;
  return view;
}

std::optional<std::string> ufragOf(const sdp::Description& description, std::size_t index) {
  const auto* ufrag = ofTransport<sdp::IceUfrag>(description, index);
  return ufrag ? std::optional(ufrag->value) : std::nullopt;
}

bool sharesTransport(const sdp::Description& description, std::size_t index, std::size_t other) {
  if (index == other) return true;
  if (sdp::transportSection(description, index) != sdp::transportSection(description, other)) return false;
  return ufragOf(description, index) == ufragOf(description, other);
}

bool hasIceOption(const sdp::Description& description, const std::string& option) {
  auto names = [&](const std::vector<sdp::Attribute>& attributes) {
    const auto* options = sdp::find<sdp::IceOptions>(attributes);
    return options && std::find(options->options.begin(), options->options.end(), option) != options->options.end();
  };
  return names(description.attributes) ||
         std::any_of(description.media.begin(), description.media.end(),
                     [&](const sdp::MediaSection& section) { return names(section.attributes); });
}

}  // namespace parley::pc
