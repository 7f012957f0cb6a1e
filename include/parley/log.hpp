#pragma once

#include <parley/export.hpp>

#include <functional>
#include <string_view>

namespace parley {

/// Trace shows each packet's way through the stack; it costs a line per packet.
enum class LogLevel { Trace, Debug, Info, Warning, Error, Off };

/// One line of the log, valid during the call.
struct LogLine {
  LogLevel level;
  std::string_view module;  ///< "ice", "dtls", …: the folder that wrote it.
  std::string_view text;    ///< Without a line end.
};

/// Called from any thread that runs the library, one call at a time; it must not call back into the library.
using LogHandler = std::function<void(const LogLine&)>;

/// Sets the process's log handler and the lowest level that reaches it. An empty handler restores the default, which
/// writes to standard error. The level at start is Warning. Any thread may call this.
PARLEY_API void setLogHandler(LogLevel lowest, LogHandler handler = {});

}  // namespace parley
