#include "pc/session_candidates.hpp"

#include "pc/session_sections.hpp"
#include "sdp/query.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace parley::pc {

namespace {

/// RFC 8839 s.4.2.1.2: the candidate that most likely works for a peer without ICE, so relayed ones go first. Names do
/// not fit in a c= line of IP4 or IP6.
const ice::Candidate* defaultCandidate(const std::vector<ice::Candidate>& candidates) {
  const ice::Candidate* best = nullptr;
  auto rank = [](const ice::Candidate& candidate) {
    return std::tuple(candidate.type, candidate.socketAddress()->ip.isV4(), candidate.priority);
  };
  for (const auto& candidate : candidates)
    if (candidate.isUdp() && candidate.component == 1 && candidate.socketAddress() &&
        (!best || rank(candidate) > rank(*best)))
      best = &candidate;
  return best;
}

}  // namespace

GatheredCandidates::Generation& GatheredCandidates::generation(std::string_view ufrag) {
  for (auto& generation : generations_)
    if (generation.ufrag == ufrag) return generation;
  return generations_.emplace_back(Generation{std::string(ufrag), {}, false});
}

void GatheredCandidates::add(std::string_view ufrag, const ice::Candidate& candidate) {
  auto& candidates = generation(ufrag).candidates;
  if (std::find(candidates.begin(), candidates.end(), candidate) == candidates.end()) candidates.push_back(candidate);
}

void GatheredCandidates::complete(std::string_view ufrag) { generation(ufrag).complete = true; }

void GatheredCandidates::keepOnly(const std::set<std::string>& ufrags) {
  std::erase_if(generations_, [&](const Generation& generation) { return !ufrags.contains(generation.ufrag); });
}

void GatheredCandidates::insertInto(sdp::Description& description, const SectionsInUse& used) const {
  for (const auto& bundle : used.bundles) {
    auto& section = description.media[bundle.anchor()];
    const auto found = std::find_if(generations_.begin(), generations_.end(), [&](const Generation& generation) {
      return generation.ufrag == ufragOf(description, bundle.anchor());
    });
    if (found == generations_.end()) continue;

    if (const auto* candidate = defaultCandidate(found->candidates)) {
      section.port = candidate->port;
      section.connections = {{"IN", candidate->socketAddress()->ip.isV4() ? "IP4" : "IP6", candidate->address}};
    }
    constexpr std::string_view prefix = "candidate:";
    for (const auto& candidate : found->candidates)
      section.attributes.push_back(sdp::CandidateAttribute{ice::toString(candidate).substr(prefix.size())});
    if (found->complete) section.attributes.push_back(sdp::EndOfCandidates{});
  }
}

base::Result<DescribedCandidates, std::string> candidatesFor(const sdp::Description& description,
                                                             const Bundle& bundle) {
  DescribedCandidates described;
  described.transport = bundle.transport;
  // RFC 8840 s.8.1: at the session level the end is that of all sections.
  described.end = sdp::has<sdp::EndOfCandidates>(description.attributes);
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    if (!sharesTransport(description, bundle.anchor(), i)) continue;
    const auto& attributes = description.media[i].attributes;
    described.end = described.end || sdp::has<sdp::EndOfCandidates>(attributes);
    for (const auto* line : sdp::all<sdp::CandidateAttribute>(attributes)) {
      auto candidate = ice::parseCandidate(line->text);
      if (!candidate) return base::unexpected("a=candidate:" + line->text + ": " + std::string(candidate.error()));
      auto& known = described.candidates;
      if (known.size() < maxRemoteCandidates && std::find(known.begin(), known.end(), *candidate) == known.end())
        known.push_back(std::move(*candidate));
    }
  }
  return described;
}

void addLine(RemoteDescription& description, std::size_t section, const std::string& line) {
  RemoteDescription::AddedLine added{section, line};
  auto& lines = description.added;
  if (lines.size() < maxRemoteCandidates && std::find(lines.begin(), lines.end(), added) == lines.end())
    lines.push_back(std::move(added));
}

std::string textOf(const RemoteDescription& description) {
  const std::string& text = *description.text;
  if (description.added.empty()) return text;
  std::string out;
  std::size_t sections = 0;
  auto append = [&](std::size_t section) {
    for (const auto& added : description.added)
      if (added.section == section) out += added.line + "\r\n";
  };
  for (std::size_t begin = 0; begin < text.size();) {
    auto end = text.find('\n', begin);
    auto line = std::string_view(text).substr(begin, end == std::string::npos ? end : end + 1 - begin);
    if (line.starts_with("m=") && sections++ > 0) append(sections - 2);
    out += line;
    begin += line.size();
  }
  if (out.back() != '\n') out += "\r\n";
  append(sections - 1);
  return out;
}

}  // namespace parley::pc
