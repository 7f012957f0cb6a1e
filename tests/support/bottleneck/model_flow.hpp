#pragma once

#include "sctp/congestion/controller.hpp"
#include "sctp/congestion/pacer.hpp"
#include "support/bottleneck/path.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>

namespace parley::bottleneck {

namespace congestion = sctp::congestion;

struct ModelConfig {
  std::size_t payload = 1'140;  ///< Of a full packet, as the controller counts.
  std::size_t headers = 77;     ///< Besides, on the wire.
  bool paced = true;
  /// 0: sends as much as it may. Otherwise so many bytes a second are there to be sent.
  double applicationRate = 0;
};

/// A bulk sender with a controller, and a receiver that tells all: what a transport is to its congestion control. Each
/// packet has a number of its own; one that is lost is replaced by the next, as data are without end. Acknowledges each
/// second packet, or after 40 ms, or a gap at once.
class ModelFlow final : public Flow {
 public:
  ModelFlow(Path& path, std::unique_ptr<congestion::Controller> controller, const ModelConfig& config = {})
      : path_(path), controller_(std::move(controller)), config_(config) {}

  void start(Time now) override {
    startedAt_ = now;
    sendAll(now);
  }

  void arrived(bool forward, Payload payload, Time now) override {
    auto& segment = std::get<Segment>(payload);
    if (forward)
      receive(segment.number, now);
    else
      acknowledged(segment, now);
  }

  Time deadline() const override { return std::min({sendAt_, ackAt_, timeoutAt_}); }

  void advance(Time now) override {
    if (ackAt_ <= now) acknowledge(now);
    if (timeoutAt_ <= now) timeOut(now);
    if (sendAt_ <= now) sendAll(now);
  }

  std::uint64_t received() const override { return received_; }
  const congestion::Controller& controller() const { return *controller_; }
  congestion::Controller& controller() { return *controller_; }
  std::uint64_t timeouts() const { return timeouts_; }
  std::uint64_t losses() const { return losses_; }
  std::uint64_t sent() const { return nextNumber_; }
  std::size_t inFlight() const { return inFlight_; }
  Duration smoothedRtt() const { return smoothedRtt_; }

 private:
  struct Sent {
    congestion::SentState state;
    std::size_t bytes = 0;
    bool outstanding = true;
  };

  // The sender.

  bool hasData(Time now) const {
    return config_.applicationRate == 0 || now >= nextDataAt();
  }
  Time nextDataAt() const {
    double seconds = static_cast<double>((nextNumber_ + 1) * config_.payload) / config_.applicationRate;
    return startedAt_ + Duration(static_cast<Duration::rep>(seconds * 1e9));
  }

  void sendAll(Time now) {
    sendAt_ = never;
    pacer_.set(controller_->pacingRate(), controller_->sendQuantum(), now);
    while (inFlight_ < controller_->window()) {
      if (config_.paced && !pacer_.allows(now)) {
        sendAt_ = pacer_.next();
        return;
      }
      if (!hasData(now)) {
        rate_.onApplicationLimited(inFlight_);
        sendAt_ = nextDataAt();
        return;
      }
      sendOne(now);
    }
  }

  void sendOne(Time now) {
    inFlight_ += config_.payload;
    auto state = rate_.onSent(config_.payload, inFlight_, now);
    sent_.push_back({state, config_.payload});
    path_.send(*this, true, Segment{nextNumber_++, {}}, config_.payload + config_.headers, now);
    controller_->onSent(config_.payload, state);
    pacer_.onSent(config_.payload, now);
    pacer_.set(controller_->pacingRate(), controller_->sendQuantum(), now);
    if (timeoutAt_ == never) armTimeout(now);
  }

  void armTimeout(Time now) {
    auto rto = smoothedRtt_ == Duration{} ? std::chrono::seconds(1) : smoothedRtt_ + std::max(4 * variation_, minVariation);
    timeoutAt_ = inFlight_ ? now + rto * (1 << std::min<unsigned>(backoff_, 6)) : never;
  }

  Sent* find(std::uint64_t number) {
    return number >= firstNumber_ && number < nextNumber_ ? &sent_[number - firstNumber_] : nullptr;
  }

  void acknowledged(const Segment& segment, Time now) {
    congestion::Ack ack;
    ack.now = now;
    ack.inFlightBefore = inFlight_;
    auto largest = segment.ranges.front().second;
    for (auto [first, last] : segment.ranges)
      for (auto number = std::max(first, firstNumber_); number <= last; ++number) {
        auto* packet = find(number);
        if (!packet->outstanding) continue;
        packet->outstanding = false;
        rate_.onDelivered(packet->state, packet->bytes, now);
        ack.acked += packet->bytes;
        if (number == largest) {
          ack.rtt = now - packet->state.sentAt;
          measured(*ack.rtt);
        }
      }
    inFlight_ -= ack.acked;

    // The path keeps the order: three later ones are proof.
    for (auto number = firstNumber_; number + 3 <= largest; ++number) {
      auto* packet = find(number);
      if (packet->outstanding) {
        lose(*packet, now);
        ack.lost += packet->bytes;
      }
    }
    while (!sent_.empty() && !sent_.front().outstanding) {
      sent_.pop_front();
      ++firstNumber_;
    }

    ack.inFlight = inFlight_;
    ack.minRtt = minRtt_;
    ack.smoothedRtt = smoothedRtt_;
    ack.rate = rate_.sample(minRtt_);
    ack.delivered = rate_.delivered();
    if (ack.acked) backoff_ = 0;
    armTimeout(now);
    controller_->onAck(ack);
    sendAll(now);
  }

  void lose(Sent& packet, Time now) {
    packet.outstanding = false;
    inFlight_ -= packet.bytes;
    ++losses_;
    rate_.onLost(packet.bytes);
    controller_->onLoss({now, packet.bytes, packet.state, rate_.lost(), inFlight_, rate_.delivered()});
  }

  void measured(Duration rtt) {
    minRtt_ = minRtt_ == Duration{} ? rtt : std::min(minRtt_, rtt);
    if (smoothedRtt_ == Duration{}) {
      smoothedRtt_ = rtt;
      variation_ = rtt / 2;
    } else {
      variation_ += ((smoothedRtt_ > rtt ? smoothedRtt_ - rtt : rtt - smoothedRtt_) - variation_) / 4;
      smoothedRtt_ += (rtt - smoothedRtt_) / 8;
    }
  }

  void timeOut(Time now) {
    ++timeouts_;
    ++backoff_;
    for (auto& packet : sent_)
      if (packet.outstanding) rate_.onLost(packet.bytes);
    sent_.clear();
    firstNumber_ = nextNumber_;
    inFlight_ = 0;
    controller_->onTimeout(now);
    timeoutAt_ = never;
    sendAll(now);
  }

  // The receiver.

  void receive(std::uint64_t number, Time now) {
    received_ += config_.payload;
    bool gap = !ranges_.empty() && number != ranges_.front().second + 1;
    if (ranges_.empty() || gap)
      ranges_.push_front({number, number});
    else
      ranges_.front().second = number;
    if (ranges_.size() > 32) ranges_.pop_back();
    if (++unacknowledged_ >= 2 || gap)
      acknowledge(now);
    else
      ackAt_ = now + std::chrono::milliseconds(40);
  }

  void acknowledge(Time now) {
    ackAt_ = never;
    unacknowledged_ = 0;
    path_.send(*this, false, Segment{0, {ranges_.begin(), ranges_.end()}}, 77, now);
  }

  static constexpr Duration minVariation = std::chrono::milliseconds(200);

  Path& path_;
  std::unique_ptr<congestion::Controller> controller_;
  ModelConfig config_;
  congestion::DeliveryRate rate_;
  congestion::Pacer pacer_;
  std::deque<Sent> sent_;
  std::uint64_t firstNumber_ = 0;
  std::uint64_t nextNumber_ = 0;
  std::size_t inFlight_ = 0;
  Duration minRtt_{}, smoothedRtt_{}, variation_{};
  unsigned backoff_ = 0;
  std::uint64_t timeouts_ = 0;
  std::uint64_t losses_ = 0;
  Time startedAt_{};
  Time sendAt_ = never;
  Time timeoutAt_ = never;

  std::deque<std::pair<std::uint64_t, std::uint64_t>> ranges_;  ///< Newest first.
  unsigned unacknowledged_ = 0;
  Time ackAt_ = never;
  std::uint64_t received_ = 0;
};

}  // namespace parley::bottleneck
