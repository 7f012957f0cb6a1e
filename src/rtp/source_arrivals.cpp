#include "rtp/source_arrivals.hpp"

#include <algorithm>

namespace parley::rtp {

namespace {

/// In units of 2^-10 s.
std::uint16_t offsetOf(Duration age) {
  const auto units = age.count() / 1000 * 1024 / 1'000'000;
  return units >= rtcp::PacketMetric::offsetTooLarge ? rtcp::PacketMetric::offsetTooLarge
                                                     : static_cast<std::uint16_t>(std::max<std::int64_t>(units, 0));
}

}  // namespace

void SourceArrivals::add(std::uint32_t ssrc, std::uint16_t sequence, Time now) {
  auto source = sources_.find(ssrc);
  if (source == sources_.end()) {
    if (sources_.size() == maxSources) return;
    source = sources_.try_emplace(ssrc).first;
  }
  add(source->second, sequence, now);
}

void SourceArrivals::forget(std::uint32_t ssrc) {
  const auto source = sources_.find(ssrc);
  if (source == sources_.end()) return;
  waiting_ -= source->second.waiting;
  if (waiting_ == 0) due_ = never;
  sources_.erase(source);
}

void SourceArrivals::add(Source& source, std::uint16_t sequence16, Time now) {
  if (source.waiting >= 2 * limit) return;
  const std::int64_t sequence = source.unwrapper.unwrap(sequence16);
  auto& arrivals = source.arrivals;
  const auto place = std::lower_bound(arrivals.begin(), arrivals.end(), sequence,
                                      [](const Arrival& each, std::int64_t value) { return each.sequence < value; });
  if (place != arrivals.end() && place->sequence == sequence) return;
  if (!source.begun || sequence - source.next > maxLost) source.next = sequence;
  source.begun = true;
  if (sequence < source.next - remembered) return;
  arrivals.insert(place, {sequence, now, false});
  ++source.waiting;
  if (waiting_++ == 0) due_ = now + interval;
  if (waiting_ >= limit) due_ = now;
}

std::vector<rtcp::PacketMetric> SourceArrivals::take(Source& source, std::size_t most, std::uint16_t& begin, Time now) {
  auto& arrivals = source.arrivals;
  const auto first = std::find_if(arrivals.begin(), arrivals.end(), [](const Arrival& each) { return !each.reported; });
  const std::int64_t from = std::min(first->sequence, source.next);
  begin = static_cast<std::uint16_t>(from);
  std::vector<rtcp::PacketMetric> metrics;
  std::int64_t next = from;
  for (auto each = arrivals.begin(); each != arrivals.end(); ++each) {
    if (each->sequence < from) continue;
    if (each->sequence - from >= static_cast<std::int64_t>(most)) break;
    metrics.resize(static_cast<std::size_t>(each->sequence - from));
    metrics.push_back({true, 0, offsetOf(now - each->at)});
    next = each->sequence + 1;
    if (each->reported) continue;
    each->reported = true;
    --source.waiting;
    --waiting_;
  }
  // A gap that is longer than a packet has room for: what is behind it is told of next.
  source.next = std::max(source.next, metrics.empty() ? first->sequence : next);
  std::erase_if(arrivals,
                [&](const Arrival& each) { return each.reported && each.sequence < source.next - remembered; });
  return metrics;
}

std::span<const rtcp::StreamMetrics> SourceArrivals::take(std::size_t most, Time now) {
  constexpr std::size_t head = 8;  // Of a stream: its SSRC, the first sequence number, how many.
  streams_.clear();
  metrics_.clear();
  for (auto& [ssrc, source] : sources_) {
    while (source.waiting != 0 && most > head + rtcp::PacketMetric::wireSize * 2) {
      // Even numbers of metrics: there is no padding then.
      const std::size_t room = (most - head) / rtcp::PacketMetric::wireSize & ~std::size_t{1};
      std::uint16_t begin = 0;
      auto metrics = take(source, room, begin, now);
      if (metrics.empty()) continue;
      most -= std::min(most, head + (metrics.size() + 1) / 2 * 2 * rtcp::PacketMetric::wireSize);
      metrics_.push_back(std::move(metrics));
      streams_.push_back({ssrc, begin, {}});
    }
  }
  for (std::size_t i = 0; i < streams_.size(); ++i)
    streams_[i].metrics = rtcp::Records<rtcp::PacketMetric>(std::span<const rtcp::PacketMetric>(metrics_[i]));
  if (waiting_ == 0) due_ = never;
  return streams_;
}

}  // namespace parley::rtp
