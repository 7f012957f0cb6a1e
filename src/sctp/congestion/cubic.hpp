#pragma once

#include "sctp/congestion/controller.hpp"
#include "sctp/congestion/hystart.hpp"
#include "sctp/congestion/queue_sign.hpp"

#include <optional>

namespace parley::sctp::congestion {

/// CUBIC (RFC 9438) with HyStart++ (RFC 9406), paced.
///
///     slow start ──delay grew for five rounds, or a loss──► avoidance ──a loss──► avoidance with 0.7 of the window
///         ▲──────────────────────T3 expired──────────────────────┘
///
/// The tolerant kind knows the path's own losses from those of a full queue by the delay (`QueueSign`), and answers the
/// latter alone. Where there is no queue it is as fast as the path, and where there is one it is CUBIC, in less of a
/// hurry.
class Cubic final : public Controller {
 public:
  enum class Kind { ByTheBook, Tolerant };
  Cubic(Kind kind, const Parameters& parameters);

  void onSent(std::size_t bytes, const SentState& state) override;
  void onAck(const Ack& ack) override;
  void onLoss(const Loss& loss) override;
  void onTimeout(Time now) override;
  void onSpuriousLoss(Time now) override;
  void setMaxPacket(std::size_t bytes) override { maxPacket_ = static_cast<double>(bytes); }

  std::size_t window() const override { return static_cast<std::size_t>(law_.window); }
  std::uint64_t pacingRate() const override;
  std::size_t sendQuantum() const override;
  Phase phase() const override;
  std::string_view name() const override { return kind_ == Kind::Tolerant ? "tolerant-cubic" : "cubic"; }

 private:
  /// What a reduction that proves spurious is taken back to (RFC 9438 s.4.9.2). Windows in bytes.
  struct Law {
    double window = 0;
    double slowStartThreshold = 0;
    double maximum = 0;            ///< W_max.
    double priorWindow = 0;        ///< cwnd_prior.
    double renoWindow = 0;         ///< W_est.
    double inflectionSeconds = 0;  ///< K.
    std::optional<Time> epoch;     ///< When avoidance began; none: it has not grown yet.
  };

  void growInSlowStart(const Ack& ack);
  void growInAvoidance(const Ack& ack);
  void beginEpoch(Time now);
  void reduce(Time now);
  /// Whether a loss that is found now says nothing of the path's rate.
  bool ofThePath() const;
  void countLosses(std::size_t delivered, std::size_t lost);
  /// How fast the cubic function's time passes.
  double clockSpeed() const;
  double smallest() const { return 2 * maxPacket_; }

  const Kind kind_;
  double maxPacket_;
  QueueSign queue_;
  double lossShare_ = 0;  ///< Of what was sent lately, since the last reduction.
  Law law_;
  std::optional<Law> undo_;
  HyStart hystart_;
  bool firstSlowStart_ = true;  ///< HyStart++ is for the first only (RFC 9406 s.4.2).
  Duration smoothedRtt_{};
  std::uint64_t roundEnd_ = 0;    ///< Of `Ack::delivered`.
  Time reducedAt_ = Time::min();  ///< Losses of what was sent before are of the same congestion event.
  bool recovering_ = false;
  Time ackedAt_{};
  std::optional<Time> limitedSince_;  ///< The application does not fill the window; its time does not count.
};

}  // namespace parley::sctp::congestion
