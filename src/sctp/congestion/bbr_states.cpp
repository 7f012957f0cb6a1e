// The state machine of BBR: draft-ietf-ccwg-bbr s.5.3.

#include "sctp/congestion/bbr.hpp"
#include "sctp/congestion/bbr_constants.hpp"
#include "sctp/congestion/queue_sign.hpp"

#include <algorithm>

namespace parley::sctp::congestion {

bool Bbr::isInProbeBw() const {
  return state_ == State::ProbeBwDown || state_ == State::ProbeBwCruise || state_ == State::ProbeBwRefill ||
         state_ == State::ProbeBwUp;
}

bool Bbr::isProbingBandwidth() const {
  return state_ == State::Startup || state_ == State::ProbeBwRefill || state_ == State::ProbeBwUp;
}

bool Bbr::queueSeen() const { return minRtt_ == Duration::max() || QueueSign::late(latestRtt_, minRtt_); }

double Bbr::lossThreshold() const { return queueSeen() ? bbr::lossThreshold : bbr::noiseThreshold; }

bool Bbr::isInflightTooHigh() const { return sample_.lost > sample_.inFlightAtSend * lossThreshold(); }

// Startup and Drain.

void Bbr::enterStartup() {
  state_ = State::Startup;
  pacingGain_ = bbr::startupPacingGain;
  windowGain_ = bbr::defaultWindowGain;
}

void Bbr::checkStartupDone() {
  if (state_ != State::Startup) return;
  // Draft s.5.3.1.3: losses over a whole round trip, in several places.
  if (!fullBandwidthReached_ && lossRoundStart_ && recovering_ && lossEventsInRound_ >= bbr::startupFullLossCount &&
      isInflightTooHigh()) {
    fullBandwidthReached_ = true;
    inflightLongTerm_ = std::max(bdp(maxBandwidth(), 1), inflightLatest_);
  }
  if (!fullBandwidthReached_) return;
  state_ = State::Drain;
  pacingGain_ = bbr::drainPacingGain;
  windowGain_ = bbr::defaultWindowGain;
  drainStartRound_ = roundCount_;
}

void Bbr::checkDrainDone(Time now) {
  if (state_ != State::Drain) return;
  if (inFlight_ > inflightFor(bandwidth_, 1) && roundCount_ <= drainStartRound_ + 3) return;
  startProbeBwDown(now);
}

// ProbeBW.

void Bbr::startProbeBwDown(Time now) {
  resetCongestionSignals();
  probeUpCount_ = infinite;
  // BBRPickProbeWait: at random, so that flows do not probe together.
  roundsSinceProbe_ = random_.below(2);
  probeWait_ = std::chrono::milliseconds(2'000 + random_.below(1'000));
  cycleStamp_ = now;
  ackPhase_ = AckPhase::ProbeStopping;
  startRound();
  state_ = State::ProbeBwDown;
  pacingGain_ = bbr::downPacingGain;
  windowGain_ = bbr::defaultWindowGain;
}

void Bbr::startProbeBwRefill() {
  resetShortTermModel();
  probeUpRounds_ = 0;
  probeUpAcked_ = 0;
  ackPhase_ = AckPhase::Refilling;
  startRound();
  state_ = State::ProbeBwRefill;
  pacingGain_ = 1;
  windowGain_ = bbr::defaultWindowGain;
}

void Bbr::startProbeBwUp() {
  ackPhase_ = AckPhase::ProbeStarting;
  startRound();
  resetFullBandwidth();
  fullBandwidth_ = sample_.rate;
  state_ = State::ProbeBwUp;
  pacingGain_ = bbr::upPacingGain;
  windowGain_ = bbr::upWindowGain;
  raiseInflightLongTermSlope();
}

void Bbr::updateProbeBwPhase(const Ack& ack) {
  if (!fullBandwidthReached_) return;
  adaptLongTermModel(ack);
  switch (state_) {
    case State::ProbeBwDown:
      if (isTimeToProbeBandwidth(ack.now)) {
        startProbeBwRefill();
      } else if (isTimeToCruise()) {
        state_ = State::ProbeBwCruise;
        pacingGain_ = 1;
      }
      break;
    case State::ProbeBwCruise:
      if (isTimeToProbeBandwidth(ack.now)) startProbeBwRefill();
      break;
    case State::ProbeBwRefill:
      if (roundStart_) {
        probeSamples_ = true;
        startProbeBwUp();
      }
      break;
    case State::ProbeBwUp:
      if (isTimeToGoDown()) startProbeBwDown(ack.now);
      break;
    case State::Startup:
    case State::Drain:
    case State::ProbeRtt: break;
  }
}

/// BBRIsTimeToProbeBW: as often as Reno would, by its window in packets, but at least all three seconds.
bool Bbr::isTimeToProbeBandwidth(Time now) const {
  if (now > cycleStamp_ + probeWait_) return true;
  double renoRounds = std::min(targetInflight() / maxPacket_, 63.0);
  return static_cast<double>(roundsSinceProbe_) >= renoRounds;
}

bool Bbr::isTimeToCruise() const {
  return inFlight_ <= inflightWithHeadroom() && inFlight_ <= inflightFor(maxBandwidth(), 1);
}

bool Bbr::isTimeToGoDown() {
  if (windowLimited_ && window_ >= inflightLongTerm_) {
    // It is the bound and not the path that holds the rate.
    resetFullBandwidth();
    fullBandwidth_ = sample_.rate;
    return false;
  }
  return fullBandwidthNow_;
}

void Bbr::adaptLongTermModel(const Ack& ack) {
  if (ackPhase_ == AckPhase::ProbeStarting && roundStart_) ackPhase_ = AckPhase::ProbeFeedback;
  if (ackPhase_ == AckPhase::ProbeStopping && roundStart_) {
    ackPhase_ = AckPhase::None;
    probeSamples_ = false;
    // BBRAdvanceMaxBwFilter, once the probe's last samples are in.
    if (isInProbeBw() && !sample_.applicationLimited && maxBandwidths_[1] > 0) {
      maxBandwidths_[0] = maxBandwidths_[1];
      maxBandwidths_[1] = 0;
    }
  }
  if (isInflightTooHigh()) {
    if (probeSamples_) handleInflightTooHigh(ack.now);
    return;
  }
  if (inflightLongTerm_ == infinite) return;
  inflightLongTerm_ = std::max(inflightLongTerm_, sample_.inFlightAtSend);
  if (state_ == State::ProbeBwUp) probeInflightLongTermUpward(ack);
}

/// In the first round by a packet, then by two, by four: slowly where many share a small queue, fast where there is
/// room.
void Bbr::probeInflightLongTermUpward(const Ack& ack) {
  if (!windowLimited_ || window_ < inflightLongTerm_) return;
  probeUpAcked_ += static_cast<double>(ack.acked);
  if (probeUpAcked_ >= probeUpCount_) {
    inflightLongTerm_ += probeUpAcked_ / probeUpCount_;
    probeUpAcked_ = 0;
  }
  if (roundStart_) raiseInflightLongTermSlope();
}

void Bbr::raiseInflightLongTermSlope() {
  double growth = maxPacket_ * static_cast<double>(std::uint64_t{1} << probeUpRounds_);
  probeUpRounds_ = std::min(probeUpRounds_ + 1, 30);
  probeUpCount_ = std::max(window_ / growth, 1.0);
}

void Bbr::handleInflightTooHigh(Time now) {
  probeSamples_ = false;
  if (!sample_.applicationLimited) inflightLongTerm_ = std::max(sample_.inFlightAtSend, targetInflight() * bbr::beta);
  if (state_ == State::ProbeBwUp) startProbeBwDown(now);
}

// ProbeRTT.

void Bbr::updateMinRtt(const Ack& ack) {
  probeRttExpired_ = ack.now > probeRttMinStamp_ + bbr::probeRttInterval;
  if (ack.rtt && (*ack.rtt < probeRttMinDelay_ || probeRttExpired_)) {
    probeRttMinDelay_ = *ack.rtt;
    probeRttMinStamp_ = ack.now;
  } else if (ack.rtt && *ack.rtt <= probeRttMinDelay_ + probeRttMinDelay_ / bbr::emptyQueueDivisor) {
    probeRttMinStamp_ = ack.now;
  }
  bool expired = ack.now > minRttStamp_ + bbr::minRttFilter;
  if (probeRttMinDelay_ < minRtt_ || expired) {
    minRtt_ = probeRttMinDelay_;
    minRttStamp_ = probeRttMinStamp_;
  }
}

void Bbr::checkProbeRtt(const Ack& ack) {
  if (state_ != State::ProbeRtt && probeRttExpired_ && !idleRestart_) {
    saveWindow();
    state_ = State::ProbeRtt;
    pacingGain_ = 1;
    windowGain_ = bbr::probeRttWindowGain;
    probeRttDone_.reset();
    ackPhase_ = AckPhase::ProbeStopping;
    startRound();
  }
  if (state_ == State::ProbeRtt) handleProbeRtt(ack.now);
  if (sample_.delivered > 0) idleRestart_ = false;
}

void Bbr::handleProbeRtt(Time now) {
  limitedUntil_ = delivered_ + static_cast<std::uint64_t>(inFlight_) + 1;
  if (!probeRttDone_) {
    if (inFlight_ > probeRttWindow()) return;
    probeRttDone_ = now + bbr::probeRttDuration;
    probeRttRoundDone_ = false;
    startRound();
    return;
  }
  if (roundStart_) probeRttRoundDone_ = true;
  if (probeRttRoundDone_) checkProbeRttDone(now);
}

void Bbr::checkProbeRttDone(Time now) {
  if (!probeRttDone_ || now <= *probeRttDone_) return;
  probeRttMinStamp_ = now;
  restoreWindow();
  resetShortTermModel();
  if (!fullBandwidthReached_) return enterStartup();
  // Draft s.5.3.4.4: by DOWN, for its clock, but there is nothing to drain.
  startProbeBwDown(now);
  state_ = State::ProbeBwCruise;
  pacingGain_ = 1;
}

}  // namespace parley::sctp::congestion
