#pragma once

#include <parley/stats.hpp>

#include <string>
#include <vector>

namespace parley::pc {

/// W3C s.8.5, the stats selection algorithm, once the streams of the selector are known: these, and all that they refer
/// to, directly or not.
StatsReport selectStats(const StatsReport& all, std::vector<std::string> ids);

}  // namespace parley::pc
