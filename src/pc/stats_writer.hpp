#pragma once

#include <parley/stats.hpp>
#include <parley/time.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace parley::pc {

/// A report in the making, with its time.
class StatsWriter {
 public:
  /// `wallClockOffset`: from the engine's time to nanoseconds since 1970.
  StatsWriter(Duration sinceEpoch, Duration wallClockOffset)
      : sinceEpoch_(sinceEpoch), wallClockOffset_(wallClockOffset) {}

  static double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }
  static double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }
  static std::optional<double> seconds(const std::optional<Duration>& duration) {
    return duration ? std::optional(seconds(*duration)) : std::nullopt;
  }
  static std::optional<std::string> unlessEmpty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
  }

  /// DOMHighResTimeStamp of a time of the engine.
  double at(Time time) const { return milliseconds(time.time_since_epoch() + wallClockOffset_); }
  std::optional<double> at(const std::optional<Time>& time) const {
    return time ? std::optional(at(*time)) : std::nullopt;
  }
  /// The engine's time of the report.
  Time now() const { return Time(sinceEpoch_ - wallClockOffset_); }

  /// An object that is there already stays. A timestamp of its own stays too.
  template <class Kind>
  void add(std::string id, Kind stats) {
    stats.id = id;
    if (stats.timestamp == 0) stats.timestamp = milliseconds(sinceEpoch_);
    entries_.emplace(std::move(id), Stats(std::move(stats)));
  }
  StatsReport take() { return StatsReport(std::move(entries_)); }

 private:
  Duration sinceEpoch_, wallClockOffset_;
  StatsReport::Map entries_;
};

}  // namespace parley::pc
