#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string_view>

/// When each stage of the connection's set-up was reached.
class Stages {
 public:
  enum Stage { Signaling, Gathering, Checks, Dtls, Sctp, Open, Count };

  /// The first time counts.
  void reached(Stage stage);
  bool has(Stage stage) const { return at_[stage].has_value(); }
  void print() const;

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point started_ = Clock::now();
  std::array<std::optional<Clock::time_point>, Count> at_;
};
