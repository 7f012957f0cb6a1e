#include "pc/stats_selection.hpp"

#include "pc/stats_members.hpp"

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace parley::pc {

namespace {

/// webrtc-stats s.4.1: names that end in "Id" are always references.
std::vector<std::string> referencesOf(const Stats& stats) {
  std::vector<std::string> ids;
  const auto take = [&](std::string_view name, const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if (!name.ends_with("Id")) return;
    if constexpr (std::is_same_v<Value, std::string>) ids.push_back(value);
    if constexpr (std::is_same_v<Value, std::optional<std::string>>)
      if (value) ids.push_back(*value);
  };
  std::visit([&](const auto& each) { visitMembers(each, take); }, stats);
  return ids;
}

}  // namespace

StatsReport selectStats(const StatsReport& all, std::vector<std::string> ids) {
  StatsReport::Map selected;
  while (!ids.empty()) {
    const std::string id = std::move(ids.back());
    ids.pop_back();
    const Stats* stats = all.get(id);
    if (!stats || !selected.emplace(id, *stats).second) continue;
    for (auto& reference : referencesOf(*stats)) ids.push_back(std::move(reference));
  }
  return StatsReport(std::move(selected));
}

}  // namespace parley::pc
