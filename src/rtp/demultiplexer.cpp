#include "rtp/demultiplexer.hpp"

#include <algorithm>
#include <set>

namespace parley::rtp {

void Demultiplexer::configure(const std::vector<Receiving>& sections) {
  sections_ = sections;
  byMid_.clear();
  byPayloadType_.clear();
  std::erase_if(bySsrc_, [&](const auto& known) {
    return known.second.announced || std::none_of(sections.begin(), sections.end(), [&](const Receiving& each) {
             return each.section == known.second.section;
           });
  });
  std::set<std::uint8_t> ambiguous;
  for (const Receiving& each : sections) {
    if (!each.mid.empty()) byMid_.emplace(each.mid, each.section);
    for (std::uint32_t ssrc : each.ssrcs) bySsrc_[ssrc] = {each.section, true, false, std::nullopt};
    for (std::uint8_t type : each.payloadTypes) {
      const auto [known, isNew] = byPayloadType_.emplace(type, each.section);
      if (!isNew && known->second != each.section) ambiguous.insert(type);
    }
  }
  for (std::uint8_t type : ambiguous) byPayloadType_.erase(type);
}

std::optional<Demultiplexer::Section> Demultiplexer::route(std::uint32_t ssrc, std::uint8_t payloadType,
                                                           std::uint16_t sequence, std::string_view mid) {
  auto known = bySsrc_.find(ssrc);
  if (!mid.empty()) {
    const auto named = byMid_.find(std::string(mid));
    // RFC 9143 s.9.2: a stream whose MID is unknown is not decoded.
    if (named == byMid_.end()) return std::nullopt;
    // RFC 7941 s.4.2.6: an older packet that was overtaken changes nothing.
    const bool older = known != bySsrc_.end() && known->second.saidAt &&
                       static_cast<std::int16_t>(sequence - *known->second.saidAt) < 0;
    if (!older) {
      remember(ssrc, {named->second, known != bySsrc_.end() && known->second.announced, false, sequence});
      return takes(named->second, payloadType) ? std::optional(named->second) : std::nullopt;
    }
  }
  if (known != bySsrc_.end()) {
    known->second.ended = false;
    return takes(known->second.section, payloadType) ? std::optional(known->second.section) : std::nullopt;
  }
  const auto typed = byPayloadType_.find(payloadType);
  if (typed == byPayloadType_.end()) return std::nullopt;
  remember(ssrc, {typed->second, false, false, std::nullopt});
  return typed->second;
}

void Demultiplexer::learn(std::uint32_t ssrc, std::string_view mid) {
  const auto named = byMid_.find(std::string(mid));
  if (named == byMid_.end()) return;
  const auto known = bySsrc_.find(ssrc);
  // RTCP has no place among the packets' numbers: what a packet said itself counts for more.
  if (known != bySsrc_.end() && known->second.saidAt) return;
  remember(ssrc, {named->second, known != bySsrc_.end() && known->second.announced, false, std::nullopt});
}

std::optional<Demultiplexer::Section> Demultiplexer::find(std::uint32_t ssrc) const {
  const auto known = bySsrc_.find(ssrc);
  return known == bySsrc_.end() ? std::nullopt : std::optional(known->second.section);
}

void Demultiplexer::end(std::uint32_t ssrc) {
  const auto known = bySsrc_.find(ssrc);
  if (known != bySsrc_.end()) known->second.ended = true;
}

bool Demultiplexer::takes(Section section, std::uint8_t payloadType) const {
  return std::any_of(sections_.begin(), sections_.end(), [&](const Receiving& each) {
    return each.section == section && std::count(each.payloadTypes.begin(), each.payloadTypes.end(), payloadType) != 0;
  });
}

void Demultiplexer::remember(std::uint32_t ssrc, Entry entry) {
  if (bySsrc_.size() >= maxLearned && !bySsrc_.contains(ssrc)) {
    const auto place = std::find_if(bySsrc_.begin(), bySsrc_.end(),
                                    [](const auto& each) { return each.second.ended && !each.second.announced; });
    if (place == bySsrc_.end()) return;
    bySsrc_.erase(place);
  }
  bySsrc_[ssrc] = entry;
}

}  // namespace parley::rtp
