#pragma once

#include "base/random.hpp"
#include "ice/config.hpp"

#include <parley/time.hpp>

#include <algorithm>

namespace parley::ice {

/// The freshness of consent on the pair in use (RFC 7675 s.5.1), and whether the peer is still heard.
///
///     begin() ─► Fresh ── a check unanswered and silence for `disconnectedAfter` ─► Silent ──┐
///                  ▲  └───────────────────────── `consentExpiry` ─────────────────────────┐ │
///                  └──────────────────── answered(), heard() ◄───────────────────────────┼─┤
///                                                                             Expired ◄───┴─┘
class Consent {
 public:
  explicit Consent(const Config& config)
      : interval_(config.consentInterval),
        expiry_(config.consentExpiry),
        silence_(config.disconnectedAfter),
        doubtfulSilence_(2 * config.minRto) {}

  /// The pair came into use; the peer answered a check on it at `answeredAt`.
  void begin(Time answeredAt, Time now, base::Random& random) {
    answeredAt_ = answeredAt;
    heardAt_ = std::max(answeredAt, now);
    unansweredSince_ = never;
    checkAt_ = now + nextInterval(random);
    doubtful_ = false;
  }
  void end() { answeredAt_ = checkAt_ = unansweredSince_ = never; }

  /// A consent check went out. RFC 7675 s.5.1: the next one after 0.8 to 1.2 times the interval.
  void checked(Time now, base::Random& random) {
    unansweredSince_ = std::min(unansweredSince_, now);
    checkAt_ = now + (doubtful_ ? doubtfulSilence_ / 2 : nextInterval(random));
  }
  /// The peer answered any check on the pair.
  void answered(Time now) {
    answeredAt_ = heardAt_ = now;
    unansweredSince_ = never;
    doubtful_ = false;
  }
  /// The peer was heard elsewhere: it may have moved. A check goes out now, and if it is not answered within two of the
  /// least retransmission time-outs, the path is silent.
  void doubt(Time now) {
    if (!running() || doubtful_) return;
    doubtful_ = true;
    checkAt_ = std::min(checkAt_, now);
  }
  /// Something else came from the peer: it lives, but that is not consent.
  void heard(Time now) { heardAt_ = now; }

  bool running() const { return answeredAt_ != never; }
  Time checkAt() const { return checkAt_; }
  Time expiresAt() const { return running() ? answeredAt_ + expiry_ : never; }
  bool expired(Time now) const { return expiresAt() <= now; }
  Time silentAt() const {
    if (unansweredSince_ == never) return never;
    return std::max(unansweredSince_, heardAt_) + (doubtful_ ? doubtfulSilence_ : silence_);
  }
  /// Since when a check waits for its answer; `never` if none does.
  Time unansweredSince() const { return unansweredSince_; }
  bool silent(Time now) const { return silentAt() <= now; }

  Time deadline(Time now) const {
    Time at = std::min(checkAt_, expiresAt());
    return silentAt() > now ? std::min(at, silentAt()) : at;
  }

 private:
  Duration nextInterval(base::Random& random) const {
    return Duration(static_cast<Duration::rep>(static_cast<double>(interval_.count()) * (0.8 + 0.4 * random.unit())));
  }

  Duration interval_, expiry_, silence_, doubtfulSilence_;
  Time answeredAt_ = never;
  Time heardAt_ = Time::min();
  Time unansweredSince_ = never;
  Time checkAt_ = never;
  bool doubtful_ = false;
};

}  // namespace parley::ice
