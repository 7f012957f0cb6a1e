#include "rtp/bandwidth/sent_packets.hpp"

#include <utility>

namespace parley::rtp::bandwidth {

void SentPackets::add(std::uint16_t number, std::size_t size, std::uint32_t probe, Time now) {
  if (entries_.empty()) entries_.resize(least);
  newest_ = numbers_.unwrap(number);
  if (newest_ < 0) return;
  while (entries_.size() < most && at(newest_).number >= 0 && !at(newest_).arrived && now - at(newest_).sent < patience)
    grow();
  at(newest_) = {newest_, now, static_cast<std::uint32_t>(size), probe, false, false};
}

void SentPackets::grow() {
  const auto before = std::exchange(entries_, std::vector<Entry>(2 * entries_.size()));
  for (const Entry& entry : before)
    if (entry.number >= 0) at(entry.number) = entry;
}

std::span<const PacketResult> SentPackets::match(const rtcp::TransportFeedback& feedback) {
  beginMatch();
  if (newest_ < 0) return results_;
  // The reference wraps after 2^24 times 64 ms. The nearest to the one before is meant.
  constexpr std::int64_t wrap = 1 << 24;
  std::int64_t reference = feedback.reference();
  if (reference_) {
    const std::int64_t steps = (reference - *reference_) & (wrap - 1);
    reference = *reference_ + (steps < wrap / 2 ? steps : steps - wrap);
  }
  reference_ = reference;
  const Duration zero = reference * rtcp::TransportFeedback::ticksPerReference * rtcp::TransportFeedback::tick;
  feedback.forEach([&](const rtcp::TransportFeedback::Status& status) {
    matchOne(status.sequence, status.received, status.at ? std::optional(zero + *status.at) : std::nullopt);
  });
  return results_;
}

void SentPackets::matchOne(std::uint16_t number16, bool received, std::optional<Duration> arrived) {
  if (newest_ < 0) return;
  // Numbers of the future are the peer's invention: the nearest at or below the newest is meant.
  const std::int64_t number = newest_ - static_cast<std::uint16_t>(static_cast<std::uint16_t>(newest_) - number16);
  if (number < 0) return;
  Entry& entry = at(number);
  if (entry.number != number || entry.arrived) return;
  if (received && !arrived) return;  // Nobody knows when.
  if (!received && std::exchange(entry.missing, true)) return;
  entry.arrived = received;
  results_.push_back({entry.sent, received ? arrived : std::nullopt, entry.size, entry.probe});
}

}  // namespace parley::rtp::bandwidth
