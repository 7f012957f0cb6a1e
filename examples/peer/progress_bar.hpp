#pragma once

#include <chrono>
#include <cstdint>
#include <string>

/// One line that grows on a terminal; elsewhere a line for each tenth.
class ProgressBar {
 public:
  ProgressBar(std::string label, std::uint64_t total);
  /// Ends the line, so that what is printed next has one of its own.
  ~ProgressBar();

  void update(std::uint64_t done);
  /// The last state, and the speed.
  void finish(std::uint64_t done);
  double megabitsPerSecond(std::uint64_t bytes) const;

 private:
  using Clock = std::chrono::steady_clock;
  void draw(std::uint64_t done);

  std::string label_;
  std::uint64_t total_;
  bool terminal_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point drawn_{};
  int tenth_ = 0;
  bool lineOpen_ = false;
};

/// "97.6 MiB"
std::string formatBytes(std::uint64_t bytes);
