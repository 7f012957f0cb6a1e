#pragma once

#include <parley/time.hpp>

namespace parley::sctp::congestion::bbr {

using namespace std::chrono_literals;

// draft-ietf-ccwg-bbr s.2.
constexpr double startupPacingGain = 2.77;
constexpr double drainPacingGain = 0.5;
constexpr double downPacingGain = 0.9;
constexpr double upPacingGain = 1.25;
constexpr double defaultWindowGain = 2;
constexpr double upWindowGain = 2.25;
constexpr double probeRttWindowGain = 0.5;
constexpr double pacingMargin = 0.99;
constexpr double lossThreshold = 0.02;
constexpr double beta = 0.7;
constexpr double headroom = 0.15;
constexpr int startupFullLossCount = 6;
constexpr std::uint64_t extraAckedFilterRounds = 10;
constexpr Duration minRttFilter = 10s;
constexpr Duration probeRttInterval = 5s;
constexpr Duration probeRttDuration = 200ms;

}  // namespace parley::sctp::congestion::bbr
