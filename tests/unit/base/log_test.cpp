#include "base/log.hpp"

#include "support/catch.hpp"

#include <thread>
#include <vector>

using namespace parley;

namespace {

/// Collects lines while it lives, and restores the default after.
class Collector {
 public:
  explicit Collector(LogLevel lowest) {
    setLogHandler(lowest, [this](const LogLine& line) {
      lines.push_back(std::string(line.module) + ": " + std::string(line.text));
      levels.push_back(line.level);
    });
  }
  ~Collector() { setLogHandler(LogLevel::Warning); }
  std::vector<std::string> lines;
  std::vector<LogLevel> levels;
};

}  // namespace

TEST_CASE("a line is composed of its parts and reaches the handler") {
  Collector collector(LogLevel::Trace);
  PARLEY_LOG(Info, "ice", "pair ", *SocketAddress::parse("192.0.2.1:80"), " has priority ", 7, " at ",
             *IpAddress::parse("2001:db8::1"));
  CHECK(collector.lines == std::vector<std::string>{"ice: pair 192.0.2.1:80 has priority 7 at 2001:db8::1"});
  CHECK(collector.levels == std::vector{LogLevel::Info});
}

TEST_CASE("lines below the lowest level are neither composed nor handed over") {
  Collector collector(LogLevel::Info);
  int evaluated = 0;
  auto part = [&] { return ++evaluated; };
  PARLEY_LOG(Debug, "test", part());
  CHECK(evaluated == 0);
  PARLEY_LOG(Info, "test", part());
  PARLEY_LOG(Error, "test", part());
  CHECK(evaluated == 2);
  CHECK(collector.lines == std::vector<std::string>{"test: 1", "test: 2"});
}

TEST_CASE("below warnings the library is silent at start, and after an empty handler") {
  CHECK_FALSE(base::logs(LogLevel::Info));
  CHECK(base::logs(LogLevel::Warning));
  { Collector collector(LogLevel::Trace); }
  CHECK_FALSE(base::logs(LogLevel::Info));
}

TEST_CASE("Off silences everything") {
  Collector collector(LogLevel::Off);
  PARLEY_LOG(Error, "test", "nobody hears this");
  CHECK(collector.lines.empty());
}

TEST_CASE("the handler is called by one thread at a time") {
  Collector collector(LogLevel::Trace);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) PARLEY_LOG(Debug, "test", "line ", i);
    });
  for (auto& thread : threads) thread.join();
  CHECK(collector.lines.size() == 600);
}
