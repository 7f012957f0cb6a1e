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
constexpr double beta = 0.7;
constexpr double headroom = 0.15;
constexpr int startupFullLossCount = 6;
constexpr std::uint64_t extraAckedFilterRounds = 10;
constexpr Duration minRttFilter = 10s;
constexpr Duration probeRttInterval = 5s;
constexpr Duration probeRttDuration = 200ms;

// Ours. The draft takes 2 % of what is in flight for too much. With 1.5 % a Reno flow beside ours keeps more than half
// of our share also on small paths (20 ms, 20 Mbit/s, a queue of one bandwidth-delay product), where 2 % leave it just
// half.
constexpr double lossThreshold = 0.015;
// Ours. A queue that overflows is full, and what comes out of it is late. Losses among packets that come in time are
// the path's own (radio, a bad line), and say nothing of its rate: up to this share they are not answered, so that a
// path with 5 % of them is filled as well. More than that may be a policer, which drops without a queue: what it lets
// through is then found as the draft finds it. For what is late see `QueueSign`.
constexpr double noiseThreshold = 0.1;
// Ours. A delay within this part of the smallest was measured with an empty queue, and ProbeRTT would learn nothing
// new. It costs 2 % of the rate, at 200 ms of round trip 4 %, that a flow alone on its path need not give.
constexpr int emptyQueueDivisor = 64;

}  // namespace parley::sctp::congestion::bbr
