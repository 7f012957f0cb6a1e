#pragma once

#include "base/random.hpp"
#include "sctp/congestion/controller.hpp"

#include <array>
#include <limits>

namespace parley::sctp::congestion {

/// BBRv3 (draft-ietf-ccwg-bbr): models the path by the rate at which it delivers and its delay, and keeps in flight
/// what that takes. Losses are a sign of a full queue only if they are many, and packets are late (see
/// bbr_constants.hpp). Names are the draft's.
///
///     Startup ──pipe full, or losses──► Drain ──queue gone──► ProbeBwDown ──queue gone──► ProbeBwCruise
///                                                                ▲    │                        │
///                                                    too much, or│    │      2-3 s, or 63 round│trips
///                                                    rate is flat│    ▼                        ▼
///                                                           ProbeBwUp ◄──a round trip── ProbeBwRefill
///
///     any ──no smaller delay seen for 5 s──► ProbeRtt ──200 ms──► ProbeBwCruise (Startup, if it was not over)
class Bbr final : public Controller {
 public:
  explicit Bbr(const Parameters& parameters);

  void onSent(std::size_t bytes, const SentState& state) override;
  void onAck(const Ack& ack) override;
  void onLoss(const Loss& loss) override;
  void onTimeout(Time now) override;
  void onSpuriousLoss(Time now) override;
  void setMaxPacket(std::size_t bytes) override { maxPacket_ = static_cast<double>(bytes); }

  std::size_t window() const override { return static_cast<std::size_t>(window_); }
  std::uint64_t pacingRate() const override;
  std::size_t sendQuantum() const override;
  Phase phase() const override;
  std::string_view name() const override { return "bbr"; }

  enum class State { Startup, Drain, ProbeBwDown, ProbeBwCruise, ProbeBwRefill, ProbeBwUp, ProbeRtt };
  State state() const { return state_; }
  double bandwidth() const { return bandwidth_; }  ///< BBR.bw, bytes a second.
  double maxBandwidth() const { return std::max(maxBandwidths_[0], maxBandwidths_[1]); }
  Duration minRtt() const { return minRtt_; }

 private:
  static constexpr double infinite = std::numeric_limits<double>::infinity();
  /// What the draft calls BBR.ack_phase: which part of a probe the acknowledgements that come in now tell of.
  enum class AckPhase { None, Refilling, ProbeStarting, ProbeFeedback, ProbeStopping };
  /// RS, as far as losses and acknowledgements both have it.
  struct Sample {
    double rate = 0;
    double delivered = 0;
    double inFlightAtSend = 0;
    double lost = 0;
    bool applicationLimited = false;
  };

  // bbr.cpp: the model.
  void updateRound(const Ack& ack);
  void updateLatestDeliverySignals(const Ack& ack);
  void updateMaxBandwidth();
  void updateCongestionSignals();
  void updateAckAggregation(const Ack& ack);
  void checkFullBandwidthReached();
  void resetFullBandwidth();
  void updateMinRtt(const Ack& ack);
  void resetCongestionSignals();
  void resetShortTermModel();
  void startRound() { nextRoundDelivered_ = delivered_; }
  void noteLoss(const Loss& loss);
  void saveStateUponLoss();

  // bbr_states.cpp: the machine.
  void enterStartup();
  void checkStartupDone();
  void checkDrainDone(Time now);
  void updateProbeBwPhase(const Ack& ack);
  void adaptLongTermModel(const Ack& ack);
  void probeInflightLongTermUpward(const Ack& ack);
  void raiseInflightLongTermSlope();
  void startProbeBwDown(Time now);
  void startProbeBwRefill();
  void startProbeBwUp();
  bool isTimeToProbeBandwidth(Time now) const;
  bool isTimeToCruise() const;
  bool isTimeToGoDown();
  void handleInflightTooHigh(Time now);
  void checkProbeRtt(const Ack& ack);
  void handleProbeRtt(Time now);
  void checkProbeRttDone(Time now);
  bool isInProbeBw() const;
  bool isProbingBandwidth() const;
  bool isInflightTooHigh() const;
  bool queueSeen() const;
  double lossThreshold() const;

  // bbr.cpp: what comes out.
  double bdp(double bandwidth, double gain) const;
  double quantized(double inFlight) const;
  double inflightFor(double bandwidth, double gain) const { return quantized(bdp(bandwidth, gain)); }
  double inflightWithHeadroom() const;
  double targetInflight() const { return std::min(bdp(bandwidth_, 1), window_); }
  double probeRttWindow() const;
  double minPipeWindow() const { return 4 * maxPacket_; }
  void setPacingRate(double gain);
  void setWindow(const Ack& ack);
  void saveWindow();
  void restoreWindow() { window_ = std::max(window_, priorWindow_); }

  double maxPacket_;
  double initialWindow_;
  base::SeededRandom random_;

  State state_ = State::Startup;
  double pacingGain_ = 0;
  double windowGain_ = 0;
  double window_ = 0;
  double pacingRate_ = 0;
  double priorWindow_ = 0;

  Sample sample_;
  std::uint64_t delivered_ = 0;  ///< C.delivered.
  double inFlight_ = 0;
  Duration latestRtt_{};

  // Rounds.
  std::uint64_t nextRoundDelivered_ = 0;
  std::uint64_t roundCount_ = 0;
  bool roundStart_ = false;
  bool windowLimited_ = false;  ///< C.is_cwnd_limited: of the round before or this one.
  bool windowLimitedInRound_ = false;

  // The rate of the path.
  std::array<double, 2> maxBandwidths_{};  ///< The cycle before and this one.
  double bandwidth_ = 0;
  double bandwidthShortTerm_ = infinite;
  double bandwidthLatest_ = 0;

  // The volume of the path.
  double inflightShortTerm_ = infinite;
  double inflightLongTerm_ = infinite;
  double inflightLatest_ = 0;

  // Aggregation of acknowledgements.
  Time extraAckedStart_{};
  double extraAckedDelivered_ = 0;
  std::array<double, 2> extraAckedMax_{};
  std::uint64_t extraAckedSince_ = 0;  ///< The round in which the newer of them began.

  // Losses.
  std::uint64_t lossRoundDelivered_ = 0;
  bool lossRoundStart_ = false;
  bool lossInRound_ = false;
  int lossEventsInRound_ = 0;
  std::uint64_t lastLostOffset_ = 0;
  bool recovering_ = false;
  std::uint64_t recoveryEnd_ = 0;  ///< Of `priorDelivered`.
  struct Undo {
    State state = State::Startup;
    double bandwidthShortTerm = infinite;
    double inflightShortTerm = infinite;
    double inflightLongTerm = infinite;
  } undo_;

  // Startup.
  bool fullBandwidthReached_ = false;
  bool fullBandwidthNow_ = false;
  double fullBandwidth_ = 0;
  int fullBandwidthCount_ = 0;
  std::uint64_t drainStartRound_ = 0;

  // ProbeBW.
  AckPhase ackPhase_ = AckPhase::None;
  Time cycleStamp_{};
  Duration probeWait_{};
  std::uint64_t roundsSinceProbe_ = 0;
  int probeUpRounds_ = 0;
  double probeUpAcked_ = 0;
  double probeUpCount_ = infinite;  ///< Bytes acknowledged for each byte that the bound grows by.
  bool probeSamples_ = false;       ///< A loss may be of what this probe sent, and was not answered yet.

  // ProbeRTT.
  Duration minRtt_ = Duration::max();
  Time minRttStamp_{};
  Duration probeRttMinDelay_ = Duration::max();
  Time probeRttMinStamp_{};
  bool probeRttExpired_ = false;
  std::optional<Time> probeRttDone_;
  bool probeRttRoundDone_ = false;
  bool idleRestart_ = false;
  std::uint64_t limitedUntil_ = 0;  ///< What was sent in ProbeRTT was limited by it.
  bool started_ = false;
};

}  // namespace parley::sctp::congestion
