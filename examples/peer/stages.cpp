#include "stages.hpp"

#include <cstdio>

void Stages::reached(Stage stage) {
  if (!at_[stage]) at_[stage] = Clock::now();
}

void Stages::print() const {
  constexpr std::array<const char*, Count> names{"signalling   both descriptions are set",
                                                 "gathering    all local candidates are known",
                                                 "checks       ICE has found a path",
                                                 "DTLS         keys are agreed, the peer is authenticated",
                                                 "SCTP         the association is up",
                                                 "open         the channel can be used"};
  std::puts("Stages, in milliseconds since the other peer was there:");
  for (std::size_t i = 0; i < Count; ++i) {
    if (at_[i])
      std::printf("  %9.1f  %s\n", std::chrono::duration<double, std::milli>(*at_[i] - started_).count(), names[i]);
    else
      std::printf("          -  %s\n", names[i]);
  }
  std::fflush(stdout);
}
