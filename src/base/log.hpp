#pragma once

#include "base/bytes.hpp"

#include <parley/address.hpp>
#include <parley/log.hpp>

#include <atomic>
#include <sstream>
#include <string>
#include <string_view>

namespace parley::base {

extern std::atomic<LogLevel> lowestLogLevel;

inline bool logs(LogLevel level) { return level >= lowestLogLevel.load(std::memory_order_relaxed); }

void writeLog(LogLevel level, std::string_view module, std::string_view text);

inline std::ostream& operator<<(std::ostream& out, const IpAddress& ip) { return out << ip.toString(); }
inline std::ostream& operator<<(std::ostream& out, const SocketAddress& address) { return out << address.toString(); }

template <class... Parts>
void composeLog(LogLevel level, std::string_view module, const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  writeLog(level, module, out.str());
}

}  // namespace parley::base

/// PARLEY_LOG(Debug, "ice", "pair ", local, " -> ", remote): the parts are evaluated only if the level is wanted.
#define PARLEY_LOG(level, module, ...)                                        \
  do {                                                                        \
    if (::parley::base::logs(::parley::LogLevel::level))                      \
      ::parley::base::composeLog(::parley::LogLevel::level, module, __VA_ARGS__); \
  } while (false)
