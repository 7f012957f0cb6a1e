#include "sctp/congestion/cubic.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace parley::sctp::congestion {

namespace {

// RFC 9438 s.5: C in segments per cubic second, and beta.
constexpr double scale = 0.4;
constexpr double beta = 0.7;
// RFC 9438 s.4.3: alpha_cubic.
constexpr double renoGrowth = 3 * (1 - beta) / (1 + beta);

// Faster than the window over the round trip, so that the window and not the pacer is the limit, also as it doubles
// each round in slow start.
constexpr double slowStartPacing = 2;
constexpr double avoidancePacing = 1.25;

// The tolerant kind. A queue that overflows is full, and what comes out of it is late. Losses among packets that come
// in time are the path's own (radio, a bad line), and say nothing of its rate: up to this share they are not answered,
// so that a path with 5 % of them is filled as well. More may be a policer, which drops without a queue.
constexpr double noiseThreshold = 0.1;
// The share is that of the last eight windows, and of 256 packets at least: at 5 %, chance makes it one or two more in
// a hundred (sqrt(0.05 * 0.95 / 256) = 0.014), and a burst of ten losses adds four, so that neither seems a policer.
constexpr double noiseWindows = 8;
constexpr double noisePackets = 256;
// CUBIC takes from Reno what that leaves unused on a long path, and more. While there is a queue the path is full,
// nothing is gained by haste, and whoever fills it is perhaps not us alone: the cubic function's time passes more
// slowly then, as if C were 0.25 in place of 0.4 (0.625 = 0.855 cubed). Where flows lose at the same time their windows
// are as their Cs, so that with 0.2 we would have half of what CUBIC by the book has, and no less is fair.
constexpr double queuedClock = 0.855;

}  // namespace

Cubic::Cubic(Kind kind, const Parameters& parameters)
    : kind_(kind), maxPacket_(static_cast<double>(parameters.maxPacket)) {
  law_.window = initialPackets * maxPacket_;
  law_.slowStartThreshold = std::numeric_limits<double>::infinity();
  smoothedRtt_ = parameters.rtt.value_or(Duration{});
}

void Cubic::onSent(std::size_t, const SentState&) {}

void Cubic::onAck(const Ack& ack) {
  smoothedRtt_ = ack.smoothedRtt;
  if (ack.rtt) queue_.onRtt(*ack.rtt, ack.minRtt);
  if (ack.acked == 0) return;
  countLosses(ack.acked, 0);
  const auto sinceLast = ack.now - std::exchange(ackedAt_, ack.now);
  if (ack.rate.hasData && ack.rate.newestSentAt > reducedAt_) recovering_ = false;

  if (firstSlowStart_) {
    if (ack.rate.hasData && ack.rate.priorDelivered >= roundEnd_) {
      roundEnd_ = ack.delivered;
      hystart_.onRound();
    }
    if (ack.rtt) hystart_.onRtt(*ack.rtt);
  }

  // RFC 9438 s.5.8: a window that was not used says nothing of the path, and does not grow. In slow start half of it is
  // used, as what was sent in the round before.
  double used = static_cast<double>(ack.inFlightBefore) + maxPacket_;
  bool slowStart = law_.window < law_.slowStartThreshold;
  bool limited = ack.rate.applicationLimited && used < (slowStart ? law_.window / 2 : law_.window);
  if (limited) {
    if (!limitedSince_) limitedSince_ = ack.now;
    return;
  }
  if (limitedSince_) {
    if (law_.epoch) *law_.epoch += ack.now - *limitedSince_;
    limitedSince_.reset();
  }
  if (law_.epoch) *law_.epoch += std::chrono::duration_cast<Duration>((1 - clockSpeed()) * sinceLast);
  if (recovering_) return;
  if (slowStart)
    growInSlowStart(ack);
  else
    growInAvoidance(ack);
}

void Cubic::growInSlowStart(const Ack& ack) {
  law_.window += static_cast<double>(ack.acked) / (firstSlowStart_ ? hystart_.growthDivisor() : 1);
  if (firstSlowStart_ && hystart_.done()) {
    // RFC 9438 s.4.10: avoidance begins without a loss.
    law_.slowStartThreshold = law_.priorWindow = law_.window;
    firstSlowStart_ = false;
  } else if (law_.window > law_.slowStartThreshold) {
    law_.window = law_.slowStartThreshold;
  }
}

void Cubic::beginEpoch(Time now) {
  law_.epoch = now;
  law_.renoWindow = law_.window;
  if (law_.maximum <= law_.window) {
    law_.maximum = law_.window;
    law_.inflectionSeconds = 0;
  } else {
    law_.inflectionSeconds = std::cbrt((law_.maximum - law_.window) / maxPacket_ / scale);
  }
}

void Cubic::growInAvoidance(const Ack& ack) {
  if (!law_.epoch) beginEpoch(ack.now);
  auto cubicWindow = [&](double t) {
    return scale * std::pow(t - law_.inflectionSeconds, 3) * maxPacket_ + law_.maximum;
  };
  double t = seconds(ack.now - *law_.epoch);
  double share = static_cast<double>(ack.acked) / law_.window;

  // RFC 9438 s.4.3: at least as Reno would.
  law_.renoWindow += (law_.renoWindow >= law_.priorWindow ? 1 : renoGrowth) * share * maxPacket_;
  if (cubicWindow(t) < law_.renoWindow) {
    law_.window = std::max(law_.window, law_.renoWindow);
    return;
  }
  // RFC 9438 s.4.2: no more than half as much again in a round trip.
  double target = std::clamp(cubicWindow(t + clockSpeed() * seconds(smoothedRtt_)), law_.window, 1.5 * law_.window);
  law_.window += (target - law_.window) * share;
}

void Cubic::onLoss(const Loss& loss) {
  // What was sent before the last reduction was sent by a window that is no more.
  countLosses(0, loss.bytes);
  if (loss.sent.sentAt <= reducedAt_ || ofThePath()) return;
  reduce(loss.now);
  law_.window = law_.slowStartThreshold;
  recovering_ = true;
}

bool Cubic::ofThePath() const { return kind_ == Kind::Tolerant && !queue_.seen() && lossShare_ <= noiseThreshold; }

void Cubic::countLosses(std::size_t delivered, std::size_t lost) {
  const double span = std::max(noiseWindows * law_.window, noisePackets * maxPacket_);
  const auto all = static_cast<double>(delivered + lost);
  lossShare_ += (static_cast<double>(lost) - lossShare_ * all) / (span + all);
}

double Cubic::clockSpeed() const { return kind_ == Kind::Tolerant && queue_.seen() ? queuedClock : 1; }

void Cubic::onTimeout(Time now) {
  // A second time-out without anything sent that came through: the threshold is of the first.
  if (law_.window > maxPacket_ || !undo_) reduce(now);
  law_.window = maxPacket_;
  law_.maximum = 0;  // RFC 9438 s.4.8: K is 0, and W_max the window with which avoidance begins.
  recovering_ = false;
}

void Cubic::reduce(Time now) {
  undo_ = law_;
  reducedAt_ = now;
  lossShare_ = 0;
  firstSlowStart_ = false;
  law_.epoch.reset();
  // RFC 9438 s.4.7, fast convergence: a window smaller than that of the last loss gives room to newcomers.
  law_.maximum = law_.window < law_.maximum ? law_.window * (1 + beta) / 2 : law_.window;
  law_.priorWindow = law_.window;
  law_.slowStartThreshold = std::max(law_.window * beta, smallest());
}

void Cubic::onSpuriousLoss(Time) {
  if (!undo_) return;
  if (law_.window < law_.priorWindow) law_ = *undo_;
  undo_.reset();
  recovering_ = false;
}

std::uint64_t Cubic::pacingRate() const {
  // Before the first round trip is measured: 100 ms is on the long side, so that the first window is spread.
  double rtt = smoothedRtt_ > Duration{} ? seconds(smoothedRtt_) : 0.1;
  double gain = law_.window < law_.slowStartThreshold ? slowStartPacing : avoidancePacing;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(gain * law_.window / rtt));
}

std::size_t Cubic::sendQuantum() const { return quantumFor(pacingRate(), static_cast<std::size_t>(maxPacket_)); }

Phase Cubic::phase() const {
  if (recovering_) return Phase::Recovery;
  return law_.window < law_.slowStartThreshold ? Phase::SlowStart : Phase::Avoidance;
}

}  // namespace parley::sctp::congestion
