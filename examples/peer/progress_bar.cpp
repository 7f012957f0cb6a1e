#include "progress_bar.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <iostream>
#include <utility>

#if __has_include(<unistd.h>)
#  include <unistd.h>
#endif

namespace {

bool outputIsTerminal() {
#if __has_include(<unistd.h>)
  return ::isatty(STDOUT_FILENO) == 1;
#else
  return false;
#endif
}

std::string format(const char* pattern, double value) {
  char text[64];
  std::snprintf(text, sizeof text, pattern, value);
  return text;
}

}  // namespace

std::string formatBytes(std::uint64_t bytes) {
  constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  return format(unit == 0 ? "%.0f " : "%.1f ", value) + units[unit];
}

ProgressBar::ProgressBar(std::string label, std::uint64_t total)
    : label_(std::move(label)), total_(total), terminal_(outputIsTerminal()) {}

ProgressBar::~ProgressBar() {
  if (lineOpen_) std::cout << std::endl;
}

double ProgressBar::megabitsPerSecond(std::uint64_t bytes) const {
  const std::chrono::duration<double> elapsed = Clock::now() - started_;
  return static_cast<double>(bytes) * 8 / 1e6 / std::max(elapsed.count(), 1e-9);
}

void ProgressBar::update(std::uint64_t done) {
  if (terminal_) {
    constexpr auto interval = std::chrono::milliseconds(100);  // what the eye can follow
    if (Clock::now() - drawn_ >= interval) draw(done);
  } else if (const int tenth = total_ ? static_cast<int>(done * 10 / total_) : 10; tenth > tenth_) {
    tenth_ = tenth;
    draw(done);
  }
}

void ProgressBar::finish(std::uint64_t done) {
  if (terminal_ || tenth_ < 10) draw(done);
  if (std::exchange(lineOpen_, false)) std::cout << std::endl;
}

void ProgressBar::draw(std::uint64_t done) {
  constexpr std::size_t width = 30;
  const double share = total_ ? static_cast<double>(done) / static_cast<double>(total_) : 1.0;
  const auto filled = std::min(width, static_cast<std::size_t>(share * width));
  const std::string bar = std::string(filled, '#') + std::string(width - filled, '-');
  std::cout << (terminal_ ? "\r" : "") << label_ << " [" << bar << "] " << format("%3.0f %%", share * 100) << "  "
            << formatBytes(done) << ", " << format("%.1f Mbit/s", megabitsPerSecond(done))
            << (terminal_ ? "\033[K" : "\n") << std::flush;
  drawn_ = Clock::now();
  lineOpen_ = terminal_;
}
