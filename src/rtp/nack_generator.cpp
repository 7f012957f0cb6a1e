#include "rtp/nack_generator.hpp"

#include <algorithm>

namespace parley::rtp {
namespace {

using namespace std::chrono_literals;

/// Ten requests are lost together once in 10^10 at 10 % of loss; whoever does not answer so many will not.
constexpr std::uint8_t maxRequests = 10;
/// What a second loses at 10 Mbit/s. More is an outage: nobody waits for a thousand retransmissions.
constexpr std::size_t maxMissing = 1000;
/// Reordering beyond this is as bad as loss; asking needlessly costs one packet, waiting costs everybody.
constexpr Duration maxReorderWait = 20ms;
/// On a fast network processing is most of the round trip.
constexpr Duration minRepeat = 10ms;

}  // namespace

void NackGenerator::missing(std::uint64_t first, std::uint64_t end, Time now) {
  if (end - first > maxMissing) first = end - maxMissing;
  for (std::uint64_t sequence = first; sequence < end; ++sequence)
    missing_.push_back({sequence, now, now + reorderWait_, 0});
  if (missing_.size() > maxMissing)
    missing_.erase(missing_.begin(), missing_.end() - static_cast<std::ptrdiff_t>(maxMissing));
  schedule();
}

bool NackGenerator::arrived(std::uint64_t sequence, Time now) {
  const auto found = std::lower_bound(missing_.begin(), missing_.end(), sequence,
                                      [](const Missing& each, std::uint64_t value) { return each.sequence < value; });
  if (found == missing_.end() || found->sequence != sequence) return false;
  // Sooner than a request can be answered: it was not lost, but overtaken.
  const Duration late = now - found->noticed;
  if (found->asked == 0 || (found->asked == 1 && late < roundTrip_ / 2 + reorderWait_))
    reorderWait_ = std::max(reorderWait_, std::min({late + late / 4, maxReorderWait, roundTrip_ / 2}));
  missing_.erase(found);
  schedule();
  return true;
}

void NackGenerator::forget(std::uint64_t sequence) {
  auto keep = missing_.begin();
  while (keep != missing_.end() && keep->sequence < sequence) ++keep;
  if (keep == missing_.begin()) return;
  missing_.erase(missing_.begin(), keep);
  schedule();
}

const std::vector<std::uint16_t>& NackGenerator::due(Time now) {
  due_.clear();
  if (next_ > now) return due_;
  const Duration repeat = std::max(roundTrip_ + roundTrip_ / 4, minRepeat);
  for (Missing& each : missing_) {
    if (each.ask > now) continue;
    due_.push_back(static_cast<std::uint16_t>(each.sequence));
    // The wait was for nothing: slowly back to asking at once, after about 100 losses without reordering.
    if (each.asked == 0) reorderWait_ -= reorderWait_ / 32;
    each.ask = ++each.asked < maxRequests ? now + repeat : never;
  }
  schedule();
  return due_;
}

void NackGenerator::schedule() {
  next_ = never;
  for (const Missing& each : missing_) next_ = std::min(next_, each.ask);
}

}  // namespace parley::rtp
