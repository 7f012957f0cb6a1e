#include "sctp/congestion/bbr.hpp"

#include "sctp/congestion/bbr_constants.hpp"

#include <algorithm>

namespace parley::sctp::congestion {

Bbr::Bbr(const Parameters& parameters)
    : maxPacket_(static_cast<double>(parameters.maxPacket)),
      initialWindow_(initialPackets * maxPacket_),
      random_(parameters.seed) {
  window_ = initialWindow_;
  if (parameters.rtt) minRtt_ = probeRttMinDelay_ = *parameters.rtt;
  enterStartup();
  // Draft s.5.6.2, but without its millisecond for an unknown delay: a burst at the path's beginning costs losses.
  double rtt = parameters.rtt && *parameters.rtt > Duration{} ? seconds(*parameters.rtt) : 0.1;
  pacingRate_ = bbr::startupPacingGain * initialWindow_ / rtt;
}

void Bbr::onSent(std::size_t bytes, const SentState& state) {
  if (!started_) {
    started_ = true;
    minRttStamp_ = probeRttMinStamp_ = extraAckedStart_ = state.sentAt;
  }
  if (static_cast<double>(state.inFlight) + maxPacket_ > window_) windowLimitedInRound_ = true;
  // Draft s.5.4.1, BBRHandleRestartFromIdle.
  if (state.inFlight > bytes || !state.applicationLimited) return;
  idleRestart_ = true;
  extraAckedStart_ = state.sentAt;
  extraAckedDelivered_ = 0;
  if (isInProbeBw())
    setPacingRate(1);
  else if (state_ == State::ProbeRtt)
    checkProbeRttDone(state.sentAt);
}

void Bbr::onAck(const Ack& ack) {
  delivered_ = ack.delivered;
  inFlight_ = static_cast<double>(ack.inFlight);
  if (!ack.rate.hasData) return;
  if (ack.rtt) latestRtt_ = *ack.rtt;
  sample_.rate = ack.rate.bytesPerSecond;
  sample_.delivered = static_cast<double>(ack.rate.delivered);
  sample_.inFlightAtSend = ack.rate.inFlightAtSend;
  sample_.lost = static_cast<double>(ack.rate.lost);
  sample_.applicationLimited = ack.rate.applicationLimited || ack.rate.priorDelivered < limitedUntil_;

  updateLatestDeliverySignals(ack);
  updateRound(ack);
  updateCongestionSignals();
  updateAckAggregation(ack);
  checkFullBandwidthReached();
  checkStartupDone();
  checkDrainDone(ack.now);
  updateProbeBwPhase(ack);
  updateMinRtt(ack);
  checkProbeRtt(ack);
  if (lossRoundStart_) {
    bandwidthLatest_ = sample_.rate;
    inflightLatest_ = sample_.delivered;
    lossEventsInRound_ = 0;
  }
  bandwidth_ = std::min(maxBandwidth(), bandwidthShortTerm_);

  if (recovering_ && ack.lost == 0 && ack.rate.priorDelivered >= recoveryEnd_) {
    recovering_ = false;
    restoreWindow();
  }
  setPacingRate(pacingGain_);
  setWindow(ack);
}

void Bbr::updateRound(const Ack& ack) {
  roundStart_ = ack.rate.priorDelivered >= nextRoundDelivered_;
  if (!roundStart_) return;
  startRound();
  ++roundCount_;
  ++roundsSinceProbe_;
  windowLimited_ = windowLimitedInRound_;
  windowLimitedInRound_ = false;
}

void Bbr::updateLatestDeliverySignals(const Ack& ack) {
  lossRoundStart_ = false;
  bandwidthLatest_ = std::max(bandwidthLatest_, sample_.rate);
  inflightLatest_ = std::max(inflightLatest_, sample_.delivered);
  if (ack.rate.priorDelivered < lossRoundDelivered_) return;
  lossRoundDelivered_ = delivered_;
  lossRoundStart_ = true;
}

void Bbr::updateMaxBandwidth() {
  if (sample_.rate > 0 && (sample_.rate >= maxBandwidth() || !sample_.applicationLimited))
    maxBandwidths_[1] = std::max(maxBandwidths_[1], sample_.rate);
}

/// Draft s.5.5.10.3: what the path took in the round before the losses bounds what comes until the next probe.
void Bbr::updateCongestionSignals() {
  updateMaxBandwidth();
  if (!lossRoundStart_) return;
  if (lossInRound_ && !isProbingBandwidth()) {
    if (bandwidthShortTerm_ == infinite) bandwidthShortTerm_ = maxBandwidth();
    if (inflightShortTerm_ == infinite) inflightShortTerm_ = window_;
    bandwidthShortTerm_ = std::max(bandwidthLatest_, bbr::beta * bandwidthShortTerm_);
    inflightShortTerm_ = std::max(inflightLatest_, bbr::beta * inflightShortTerm_);
  }
  lossInRound_ = false;
}

/// Draft s.5.5.9: acknowledgements that come in bursts need more in flight than the path's volume.
void Bbr::updateAckAggregation(const Ack& ack) {
  double expected = bandwidth_ * seconds(ack.now - extraAckedStart_);
  if (extraAckedDelivered_ <= expected) {
    extraAckedDelivered_ = 0;
    extraAckedStart_ = ack.now;
    expected = 0;
  }
  extraAckedDelivered_ += static_cast<double>(ack.acked);
  double extra = std::min(extraAckedDelivered_ - expected, window_);
  // Two halves of the filter's length, as the draft's own implementation has it; in Startup a round only.
  auto half = fullBandwidthReached_ ? bbr::extraAckedFilterRounds / 2 : 1;
  if (roundCount_ - extraAckedSince_ >= half) {
    extraAckedSince_ = roundCount_;
    extraAckedMax_[0] = fullBandwidthReached_ ? extraAckedMax_[1] : 0;
    extraAckedMax_[1] = 0;
  }
  extraAckedMax_[1] = std::max(extraAckedMax_[1], extra);
}

/// Draft s.5.3.1.2.
void Bbr::checkFullBandwidthReached() {
  if (fullBandwidthNow_ || !roundStart_ || sample_.applicationLimited || sample_.rate <= 0) return;
  if (sample_.rate >= fullBandwidth_ * 1.25) {
    resetFullBandwidth();
    fullBandwidth_ = sample_.rate;
    return;
  }
  fullBandwidthNow_ = ++fullBandwidthCount_ >= 3;
  if (fullBandwidthNow_) fullBandwidthReached_ = true;
}

void Bbr::resetFullBandwidth() {
  fullBandwidth_ = 0;
  fullBandwidthCount_ = 0;
  fullBandwidthNow_ = false;
}

void Bbr::resetCongestionSignals() {
  lossInRound_ = false;
  bandwidthLatest_ = 0;
  inflightLatest_ = 0;
}

void Bbr::resetShortTermModel() {
  bandwidthShortTerm_ = infinite;
  inflightShortTerm_ = infinite;
}

void Bbr::onLoss(const Loss& loss) {
  delivered_ = loss.delivered;
  inFlight_ = static_cast<double>(loss.inFlight);
  if (!recovering_) {
    saveWindow();
    recovering_ = true;
  }
  recoveryEnd_ = delivered_;
  noteLoss(loss);
  if (!probeSamples_) return;

  // Draft s.5.5.10.2, BBRHandleLostPacket.
  auto before = sample_;
  double size = static_cast<double>(loss.bytes);
  sample_.inFlightAtSend = loss.sent.inFlight;
  sample_.lost = static_cast<double>(loss.lostTotal - loss.sent.lost);
  sample_.applicationLimited = loss.sent.applicationLimited;
  if (isInflightTooHigh()) {
    double inFlightBefore = sample_.inFlightAtSend - size;
    double lostBefore = sample_.lost - size;
    double prefix = (lossThreshold() * inFlightBefore - lostBefore) / (1 - lossThreshold());
    sample_.inFlightAtSend = inFlightBefore + prefix;
    handleInflightTooHigh(loss.now);
  }
  sample_ = before;
}

void Bbr::noteLoss(const Loss& loss) {
  // What was sent, delivered or lost before it, and in flight with it: its place in all that was ever sent. What is not
  // beside the last one is a range of its own (draft s.5.3.1.3).
  auto offset = loss.sent.inFlight + loss.sent.delivered + loss.sent.lost;
  if (static_cast<double>(offset - lastLostOffset_) > maxPacket_) ++lossEventsInRound_;
  lastLostOffset_ = offset;

  bool few = static_cast<double>(loss.lostTotal - loss.sent.lost) <= bbr::noiseThreshold * loss.sent.inFlight;
  if (few && !queueSeen()) return;
  if (!lossInRound_) {
    lossRoundDelivered_ = delivered_;
    saveStateUponLoss();
  }
  lossInRound_ = true;
}

void Bbr::saveStateUponLoss() { undo_ = {state_, bandwidthShortTerm_, inflightShortTerm_, inflightLongTerm_}; }

/// Draft s.5.6.4.4.
void Bbr::onTimeout(Time) {
  saveWindow();
  saveStateUponLoss();
  recovering_ = true;
  recoveryEnd_ = delivered_;
  window_ = maxPacket_;
}

/// Draft s.5.5.11.2.
void Bbr::onSpuriousLoss(Time now) {
  lossInRound_ = false;
  recovering_ = false;
  restoreWindow();
  resetFullBandwidth();
  bandwidthShortTerm_ = std::max(bandwidthShortTerm_, undo_.bandwidthShortTerm);
  inflightShortTerm_ = std::max(inflightShortTerm_, undo_.inflightShortTerm);
  inflightLongTerm_ = std::max(inflightLongTerm_, undo_.inflightLongTerm);
  if (state_ == State::ProbeRtt || state_ == undo_.state) return;
  if (undo_.state == State::Startup) {
    enterStartup();
  } else if (undo_.state == State::ProbeBwUp) {
    cycleStamp_ = now;
    startProbeBwUp();
  }
}

double Bbr::bdp(double bandwidth, double gain) const {
  if (minRtt_ == Duration::max()) return initialWindow_;
  return gain * bandwidth * seconds(minRtt_);
}

/// Draft s.5.6.4.2: what a path without delay takes to run at all.
double Bbr::quantized(double inFlight) const {
  inFlight = std::max({inFlight, static_cast<double>(sendQuantum()), minPipeWindow()});
  return state_ == State::ProbeBwUp ? inFlight + 2 * maxPacket_ : inFlight;
}

double Bbr::inflightWithHeadroom() const {
  if (inflightLongTerm_ == infinite) return infinite;
  double free = std::max(maxPacket_, bbr::headroom * inflightLongTerm_);
  return std::max(inflightLongTerm_ - free, minPipeWindow());
}

double Bbr::probeRttWindow() const { return std::max(bdp(bandwidth_, bbr::probeRttWindowGain), minPipeWindow()); }

void Bbr::setPacingRate(double gain) {
  double rate = gain * bandwidth_ * bbr::pacingMargin;
  if (rate > 0 && (fullBandwidthReached_ || rate > pacingRate_)) pacingRate_ = rate;
}

/// Draft s.5.6.4.6 and 7.
void Bbr::setWindow(const Ack& ack) {
  double extra = std::max(extraAckedMax_[0], extraAckedMax_[1]);
  double most = quantized(bdp(bandwidth_, windowGain_) + extra);
  if (fullBandwidthReached_)
    window_ = std::min(window_ + static_cast<double>(ack.acked), most);
  else if (window_ < most || static_cast<double>(delivered_) < initialWindow_)
    window_ += static_cast<double>(ack.acked);
  window_ = std::max(window_, minPipeWindow());
  if (state_ == State::ProbeRtt) window_ = std::min(window_, probeRttWindow());

  double cap = infinite;
  if (isInProbeBw() && state_ != State::ProbeBwCruise)
    cap = inflightLongTerm_;
  else if (state_ == State::ProbeRtt || state_ == State::ProbeBwCruise)
    cap = inflightWithHeadroom();
  cap = std::max(std::min(cap, inflightShortTerm_), minPipeWindow());
  window_ = std::min(window_, cap);
}

void Bbr::saveWindow() {
  priorWindow_ = !recovering_ && state_ != State::ProbeRtt ? window_ : std::max(priorWindow_, window_);
}

std::uint64_t Bbr::pacingRate() const { return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(pacingRate_)); }

std::size_t Bbr::sendQuantum() const { return quantumFor(pacingRate(), static_cast<std::size_t>(maxPacket_)); }

Phase Bbr::phase() const {
  if (state_ == State::ProbeRtt) return Phase::ProbeRtt;
  if (state_ == State::Startup) return Phase::SlowStart;
  return recovering_ ? Phase::Recovery : Phase::Avoidance;
}

}  // namespace parley::sctp::congestion
