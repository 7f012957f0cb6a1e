#include "rtp/bandwidth/sent_sources.hpp"

#include <algorithm>
#include <chrono>

namespace parley::rtp::bandwidth {

void SentSources::add(std::uint32_t ssrc, std::uint16_t sequence, std::size_t size, std::uint32_t probe, Time now) {
  Source& source = sources_[ssrc];
  if (source.empty()) source.resize(remembered);
  source[sequence % remembered] = {sequence, number_, true};
  packets_.add(number_++, size, probe, now);
}

std::span<const PacketResult> SentSources::match(const rtcp::CongestionFeedback& feedback) {
  packets_.beginMatch();
  // In units of 2^-16 s; the numbers wrap after 18 hours.
  const std::int64_t timestamp = timestamps_.unwrap(feedback.timestamp());
  const Duration made = std::chrono::seconds(timestamp / 65536) + Duration(timestamp % 65536 * 1'000'000'000 / 65536);
  feedback.forEach([&](const rtcp::StreamMetrics& stream) {
    const auto source = sources_.find(stream.ssrc);
    if (source == sources_.end()) return;
    std::uint16_t sequence = stream.beginSequence;
    for (const rtcp::PacketMetric& metric : stream.metrics) {
      const Sent& sent = source->second[sequence % remembered];
      const bool known = sent.used && sent.sequence == sequence;
      ++sequence;
      if (!known) continue;
      // RFC 8888 s.3.1: an offset that is too large says nothing but that the packet came.
      const bool timed = metric.received && metric.arrivalOffset < rtcp::PacketMetric::offsetTooLarge;
      packets_.matchOne(sent.number, metric.received,
                        timed
                            ? std::optional(made - Duration(std::int64_t{metric.arrivalOffset} * 1'000'000'000 / 1024))
                            : std::nullopt);
    }
  });
  auto& results = packets_.results();
  std::stable_sort(results.begin(), results.end(), [](const auto& a, const auto& b) { return a.sent < b.sent; });
  return results;
}

}  // namespace parley::rtp::bandwidth
