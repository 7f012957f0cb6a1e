#pragma once

#include "rtp/bandwidth/delay_trend.hpp"
#include "rtp/bandwidth/packet_result.hpp"
#include "rtp/bandwidth/probe.hpp"
#include "rtp/bandwidth/rate_meter.hpp"
#include "rtp/bandwidth/sent_packets.hpp"
#include "rtp/bandwidth/sent_sources.hpp"
#include "rtp/rtcp/congestion_feedback.hpp"
#include "rtp/rtcp/transport_feedback.hpp"

#include <parley/time.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace parley::rtp::bandwidth {

/// What the path to the peer carries (draft-ietf-rmcat-gcc-02): less than what builds a queue, and less where much is
/// lost.
///
///   sent ──► SentPackets or SentSources ─┐
///   transport-wide feedback or RFC 8888 ─┴─► results ─┬─► DelayTrend ──► increase, hold, decrease (s.5.5) ─┐
///                                                     ├─► losses ──► a limit (s.6) ───────────────────────┼─►
///                                                     bitrate() └─► Probe ──► a higher rate, proven ────────────────┘
///
/// It sends nothing itself: whoever owns it looks at `probeDeadline()` and sends something again when it is time.
class Estimator {
 public:
  struct Config {
    double start = 300'000;
    double least = 30'000;
    double most = 1'000'000'000;
  };
  Estimator() : Estimator(Config{}) {}
  explicit Estimator(Config config) : config_(config), delayBased_(config.start) {}

  /// What a packet is told of by.
  struct Names {
    std::optional<std::uint16_t> transportSequence;
    bool source = false;  ///< By `ssrc` and `sequence` (RFC 8888).
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
  };
  /// A packet leaves.
  void sent(const Names& names, std::size_t bytes, Time now);
  /// True if `bitrate()` is another one now.
  bool handle(const rtcp::TransportFeedback& feedback, Duration roundTrip, Time now);
  bool handle(const rtcp::CongestionFeedback& feedback, Duration roundTrip, Time now);

  /// Bits a second, of all packets that feedback tells of.
  double bitrate() const;
  /// Feedback has come: `bitrate()` is more than where it began.
  bool isKnown() const { return known_; }

  /// What could be sent if the path carried it, in bits a second. More than `bitrate()` is probed for.
  void want(double bitrate) { wanted_ = bitrate; }
  /// When a packet shall leave for the sake of a probe.
  Time probeDeadline() const { return probe_.deadline(); }
  /// There is none that could.
  void abandonProbe() { probe_.abandon(); }

 private:
  enum class State { Hold, Increase, Decrease };

  bool handle(std::span<const PacketResult> results, Duration roundTrip, Time now);
  void controlByDelay(Duration roundTrip, Time now);
  void controlByLoss(std::span<const PacketResult> results, Time now);
  void decrease(double throughput, Time now);
  void considerProbe(Time now);

  Config config_;
  SentPackets packets_;
  SentSources sources_;
  DelayTrend trend_;
  RateMeter arrivals_;
  Probe probe_;
  bool known_ = false;

  // s.5.5
  State state_ = State::Increase;
  double delayBased_;
  std::optional<Time> updatedAt_, decreasedAt_;
  /// The throughput at which the path was full, and the square of its relative deviation: near it steps are small.
  std::optional<double> full_;
  double fullVariance_ = 0.4;

  // s.6
  std::optional<double> lossLimit_;
  std::size_t told_ = 0, lost_ = 0;
  std::optional<Time> lossSince_;

  double wanted_ = 0;
  Time nextProbe_ = Time::min();
};

}  // namespace parley::rtp::bandwidth
