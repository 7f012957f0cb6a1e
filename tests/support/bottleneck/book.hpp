#pragma once

#include "sctp/congestion/controller.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

/// \file
/// Those whom our flows meet in the Internet, by the book and no more: no pacing, slow start until a loss. Windows in
/// segments, as the books have them; for ModelFlow without pacing.

namespace parley::bottleneck {

namespace congestion = sctp::congestion;

class BookController : public congestion::Controller {
 public:
  explicit BookController(std::size_t segment) : segment_(static_cast<double>(segment)) {}

  void onSent(std::size_t, const congestion::SentState&) override {}
  void onAck(const congestion::Ack& ack) override {
    double segments = static_cast<double>(ack.acked) / segment_;
    if (ack.rate.hasData && ack.rate.newestSentAt > reducedAt_) recovering_ = false;
    if (recovering_ || segments == 0) return;
    if (window_ < threshold_)
      window_ = std::min(window_ + segments, std::max(threshold_, window_));
    else
      avoid(segments, ack);
  }
  void onLoss(const congestion::Loss& loss) override {
    if (loss.sent.sentAt <= reducedAt_) return;
    reducedAt_ = loss.now;
    recovering_ = true;
    threshold_ = std::max(2.0, reduced());
    window_ = threshold_;
  }
  void onTimeout(Time now) override {
    reducedAt_ = now;
    recovering_ = false;
    threshold_ = std::max(2.0, reduced());
    window_ = 1;
  }
  void onSpuriousLoss(Time) override {}
  void setMaxPacket(std::size_t) override {}
  std::size_t window() const override { return static_cast<std::size_t>(window_ * segment_); }
  std::uint64_t pacingRate() const override { return std::numeric_limits<std::uint32_t>::max(); }
  std::size_t sendQuantum() const override { return 65'536; }
  congestion::Phase phase() const override { return congestion::Phase::Avoidance; }

 protected:
  virtual void avoid(double segments, const congestion::Ack& ack) = 0;
  virtual double reduced() = 0;
  double window_ = 10;

 private:
  double segment_;
  double threshold_ = std::numeric_limits<double>::infinity();
  Time reducedAt_ = Time::min();
  bool recovering_ = false;
};

/// RFC 5681, with selective acknowledgements.
class BookReno final : public BookController {
 public:
  using BookController::BookController;
  std::string_view name() const override { return "Reno by the book"; }

 private:
  void avoid(double segments, const congestion::Ack&) override { window_ += segments / window_; }
  double reduced() override { return window_ / 2; }
};

/// RFC 9438.
class BookCubic final : public BookController {
 public:
  using BookController::BookController;
  std::string_view name() const override { return "CUBIC by the book"; }

 private:
  void avoid(double segments, const congestion::Ack& ack) override {
    if (!epoch_) {
      epoch_ = ack.now;
      reno_ = window_;
      max_ = std::max(max_, window_);
      k_ = std::cbrt((max_ - window_) / 0.4);
    }
    auto cubic = [&](double t) { return 0.4 * std::pow(t - k_, 3) + max_; };
    double t = std::chrono::duration<double>(ack.now - *epoch_).count();
    reno_ += (reno_ < prior_ ? 3 * 0.3 / 1.7 : 1) * segments / window_;
    if (cubic(t) < reno_) {
      window_ = std::max(window_, reno_);
    } else {
      double target = cubic(t + std::chrono::duration<double>(ack.smoothedRtt).count());
      window_ += (std::clamp(target, window_, 1.5 * window_) - window_) / window_ * segments;
    }
  }
  double reduced() override {
    max_ = window_ < max_ ? window_ * 0.85 : window_;
    prior_ = window_;
    epoch_.reset();
    return window_ * 0.7;
  }

  std::optional<Time> epoch_;
  double max_ = 0, prior_ = 0, reno_ = 0, k_ = 0;
};

}  // namespace parley::bottleneck
