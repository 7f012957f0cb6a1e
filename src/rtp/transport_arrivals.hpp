#pragma once

#include "rtp/rtcp/transport_feedback.hpp"
#include "rtp/sequence.hpp"

#include <parley/time.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace parley::rtp {

/// The receiver's side of transport-wide congestion control: when which packet of the transport came, until it is
/// reported (draft-holmer-rmcat-transport-wide-cc-extensions-01 s.3).
class TransportArrivals {
 public:
  void add(std::uint16_t number, Time now) {
    const std::int64_t sequence = unwrapper_.unwrap(number);
    const auto place = std::lower_bound(arrivals_.begin(), arrivals_.end(), sequence,
                                        [](const auto& each, std::int64_t value) { return each.sequence < value; });
    if (place != arrivals_.end() && place->sequence == sequence) return;
    if (arrivals_.empty()) due_ = now + interval;
    // Much to report is reported at once: a packet of feedback has room for about so many.
    if (arrivals_.size() + 1 >= limit) due_ = now;
    if (arrivals_.size() >= 2 * limit) return;
    arrivals_.insert(place, {sequence, now});
  }

  Time deadline() const { return due_; }
  std::span<const rtcp::TransportArrival> waiting() const { return arrivals_; }
  /// How many between the last report and the first of those that wait did not come. At low rates a report tells of one
  /// or two packets, and what is lost is lost between two reports.
  std::uint16_t lostBefore() const {
    if (!reportedTo_ || arrivals_.empty()) return 0;
    const std::int64_t lost = arrivals_.front().sequence - *reportedTo_ - 1;
    return lost > 0 && lost <= maxLost ? static_cast<std::uint16_t>(lost) : 0;
  }
  /// The first `count` were reported; returns the number of that feedback packet.
  std::uint8_t reported(std::size_t count) {
    if (count != 0)
      reportedTo_ = std::max(reportedTo_.value_or(arrivals_[count - 1].sequence), arrivals_[count - 1].sequence);
    arrivals_.erase(arrivals_.begin(), arrivals_.begin() + static_cast<std::ptrdiff_t>(count));
    due_ = arrivals_.empty() ? never : due_;
    return feedbackNumber_++;
  }
  std::uint8_t nextFeedbackNumber() const { return feedbackNumber_; }

 private:
  /// Controllers want several reports a round trip. At 1 Mbit/s 100 packets a second are 5 a report, which takes 80
  /// bytes: 20 * 80 * 8 = 13 kbit/s.
  static constexpr Duration interval = std::chrono::milliseconds(50);
  static constexpr std::size_t limit = 400;
  /// More in a row were no losses, but an outage or a sender that began again.
  static constexpr std::int64_t maxLost = 1000;

  SequenceUnwrapper unwrapper_;
  std::vector<rtcp::TransportArrival> arrivals_;  ///< Ascending.
  std::optional<std::int64_t> reportedTo_;
  std::uint8_t feedbackNumber_ = 0;
  Time due_ = never;
};

}  // namespace parley::rtp
