#include "sctp/native/path_mtu.hpp"

#include <algorithm>

namespace parley::sctp::native {

namespace {

// RFC 8899 s.5.1.2, MAX_PROBES.
constexpr std::uint8_t maxProbes = 3;
// RFC 8899 s.5.1.1, PMTU_RAISE_TIMER.
constexpr Duration raiseAfter = std::chrono::seconds(600);
// After a black hole the path is left alone for a while.
constexpr Duration quietAfterBlackHole = std::chrono::seconds(60);
// RFC 8899 s.5.1.1: not less than a second. Heartbeats are answered at once, so that two RTOs tell a lost one; the 15 s
// recommended there are for acknowledgements that may be delayed.
constexpr Duration shortestProbeTime = std::chrono::seconds(1);
// What is not worth a probe: 16 bytes are 1.4 % of a packet of the base size.
constexpr std::size_t granularity = 16;

}  // namespace

PathMtu::PathMtu(std::size_t base, std::size_t ceiling)
    : base_(base),
      ceiling_(std::max(base, ceiling) & ~std::size_t{3}),
      current_(base),
      tooLarge_(ceiling_ + granularity) {}

void PathMtu::start(Time now) {
  if (state_ != State::Base || ceiling_ <= base_ || due_ != never) return;
  searchOn(now);
}

void PathMtu::searchOn(Time now) {
  state_ = State::Searching;
  attempts_ = 0;
  // The ceiling is what most paths have; only where it fails is the range halved.
  probing_ = tooLarge_ > ceiling_ ? ceiling_ : (current_ + (tooLarge_ - current_) / 2) & ~std::size_t{3};
  if (current_ >= ceiling_ || probing_ < current_ + granularity) {
    state_ = State::Complete;
    probing_ = 0;
    due_ = current_ < ceiling_ ? now + raiseAfter : never;
    return;
  }
  due_ = now;
}

std::optional<PathMtu::Probe> PathMtu::onTimer(Duration rto, base::Random& random, Time now) {
  if (state_ != State::Searching) {
    tooLarge_ = ceiling_ + granularity;
    searchOn(now);
  } else if (attempts_ >= maxProbes) {
    tooLarge_ = probing_;
    searchOn(now);
  }
  if (state_ != State::Searching) return std::nullopt;
  ++attempts_;
  random.fill(info_);
  due_ = now + std::max(shortestProbeTime, 2 * rto);
  return Probe{probing_, info_};
}

bool PathMtu::onHeartbeatAck(base::Bytes info, Time now) {
  if (state_ != State::Searching || attempts_ == 0 || !std::equal(info.begin(), info.end(), info_.begin(), info_.end()))
    return false;
  current_ = probing_;
  searchOn(now);
  return true;
}

bool PathMtu::onBlackHole(Time now) {
  if (current_ == base_) return false;
  current_ = base_;
  state_ = State::Base;
  tooLarge_ = ceiling_ + granularity;
  due_ = now + quietAfterBlackHole;
  return true;
}

}  // namespace parley::sctp::native
