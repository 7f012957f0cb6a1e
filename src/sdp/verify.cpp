#include "sdp/verify.hpp"

#include "sdp/query.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

namespace parley::sdp {
namespace {

using Names = std::map<std::string_view, std::size_t>;

const Group* bundleOf(const Description& description, std::string_view mid) {
  for (const auto* group : all<Group>(description.attributes))
    if (group->semantics == "BUNDLE" && std::find(group->mids.begin(), group->mids.end(), mid) != group->mids.end())
      return group;
  return nullptr;
}

/// RFC 9429 s.5.3.1: rejected, unless its port waits for the group's (RFC 9143 s.6).
bool isRejected(const MediaSection& section) { return section.port == 0 && !has<BundleOnly>(section.attributes); }

/// RFC 5888 s.4, RFC 9143 s.7.1
std::optional<SemanticError> verifyGroups(const Description& d, const Names& sections) {
  std::set<std::string_view> bundled;
  for (const auto* group : all<Group>(d.attributes)) {
    if (group->semantics != "BUNDLE") continue;
    for (const auto& mid : group->mids) {
      if (!sections.contains(mid))
        return SemanticError{std::nullopt, "the BUNDLE group names the mid \"" + mid + "\", which no section has"};
      if (!bundled.insert(mid).second)
        return SemanticError{std::nullopt, "the mid \"" + mid + "\" is named twice in BUNDLE groups"};
    }
  }
  return std::nullopt;
}

std::optional<std::string> verifySimulcast(const MediaSection& section) {
  const auto* simulcast = find<Simulcast>(section.attributes);
  if (!simulcast) return std::nullopt;
  auto rids = all<Rid>(section.attributes);
  auto check = [&](const std::vector<Simulcast::Stream>& streams,
                   Rid::Direction direction) -> std::optional<std::string> {
    for (const auto& stream : streams)
      for (const auto& alternative : stream)
        if (std::none_of(rids.begin(), rids.end(),
                         [&](const Rid* rid) { return rid->id == alternative.rid && rid->direction == direction; }))
          return "the simulcast names the rid \"" + alternative.rid + "\", which the section does not describe";
    return std::nullopt;
  };
  if (auto wrong = check(simulcast->send, Rid::Direction::Send)) return wrong;
  return check(simulcast->recv, Rid::Direction::Recv);
}

/// RFC 9429 s.5.8.3. A tls-id is not asked for: no browser writes one.
std::optional<std::string> verifyTransport(const Description& d, const MediaSection& section) {
  if (!findInherited<IceUfrag>(d, section)) return "there is no a=ice-ufrag";
  if (!findInherited<IcePwd>(d, section)) return "there is no a=ice-pwd";
  if (!findInherited<Fingerprint>(d, section)) return "there is no a=fingerprint";
  const auto* setup = findInherited<Setup>(d, section);
  if (!setup) return "there is no a=setup";
  // RFC 5763 s.5
  if (setup->role == Setup::Role::Holdconn) return "a=setup:holdconn is not for DTLS";
  return std::nullopt;
}

std::optional<std::string> verifySection(const Description& d, std::size_t index) {
  const auto& section = d.media[index];
  if (isRejected(section)) return std::nullopt;
  if (auto wrong = verifyTransport(d, d.media[transportSection(d, index)])) return wrong;
  // RFC 8858 s.3
  if (has<RtcpMuxOnly>(section.attributes) && !has<RtcpMux>(section.attributes))
    return "there is a=rtcp-mux-only without a=rtcp-mux";
  // RFC 9429 s.5.8.2; a=sctpmap is aiortc's way to say the port.
  if (section.isSctp() && !has<SctpPort>(section.attributes) && !has<SctpMap>(section.attributes))
    return "there is no a=sctp-port";
  return verifySimulcast(section);
}

}  // namespace

std::size_t transportSection(const Description& description, std::size_t section) {
  const auto* mid = find<Mid>(description.media[section].attributes);
  const auto* group = mid ? bundleOf(description, mid->id) : nullptr;
  if (!group) return section;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto* own = find<Mid>(description.media[i].attributes);
    if (own && own->id == group->mids.front()) return i;
  }
  return section;
}

std::optional<SemanticError> verify(const Description& description) {
  Names sections;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const auto* mid = find<Mid>(description.media[i].attributes);
    if (mid && !sections.emplace(mid->id, i).second)
      return SemanticError{i, "the mid \"" + mid->id + "\" is that of an earlier section too"};
  }
  if (auto wrong = verifyGroups(description, sections)) return wrong;
  for (std::size_t i = 0; i < description.media.size(); ++i)
    if (auto wrong = verifySection(description, i)) return SemanticError{i, *wrong};
  return std::nullopt;
}

}  // namespace parley::sdp
