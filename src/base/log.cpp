#include "base/log.hpp"

#include <cstdio>
#include <mutex>

namespace parley {
namespace base {

std::atomic<LogLevel> lowestLogLevel{LogLevel::Warning};

namespace {
struct Sink {
  std::mutex mutex;
  LogHandler handler;
};
Sink& sink() {
  static Sink* instance = new Sink;  // never destroyed: threads may log while the process ends
  return *instance;
}
}  // namespace

void writeLog(LogLevel level, std::string_view module, std::string_view text) {
  static constexpr const char* names[] = {"trace", "debug", "info", "warning", "error", "off"};
  std::lock_guard lock(sink().mutex);
  if (sink().handler)
    sink().handler(LogLine{level, module, text});
  else
    std::fprintf(stderr, "parley %s [%.*s] %.*s\n", names[static_cast<int>(level)], static_cast<int>(module.size()),
                 module.data(), static_cast<int>(text.size()), text.data());
}

}  // namespace base

void setLogHandler(LogLevel lowest, LogHandler handler) {
  std::lock_guard lock(base::sink().mutex);
  base::sink().handler = std::move(handler);
  base::lowestLogLevel.store(lowest, std::memory_order_relaxed);
}

}  // namespace parley
