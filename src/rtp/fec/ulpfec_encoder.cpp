#include "rtp/fec/ulpfec_encoder.hpp"

#include <algorithm>
#include <chrono>

namespace parley::rtp::fec {
namespace {

using namespace std::chrono_literals;

/// What comes again within this time is not missed yet: jitter buffers hold so much of a conversation anyway.
constexpr Duration inTime = 100ms;
/// Loss is believed at once and forgotten slowly, by a quarter a report: bursts come back.
constexpr double forgetting = 0.75;
/// Less than a packet in 500 is not worth a group's.
constexpr double leastLoss = 0.002;
/// At 30 frames a second, a group of three is what `inTime` allows.
constexpr int maxFrames = 3;

}  // namespace

void UlpfecEncoder::report(double fractionLost, Duration roundTrip, bool asks) {
  loss_ = std::max(fractionLost, loss_ * forgetting);
  on_ = loss_ >= leastLoss && (!asks || roundTrip > inTime);
  if (on_) return;
  held_ = 0;
  frames_ = 0;
}

double UlpfecEncoder::overhead() const { return on_ ? 1.0 / static_cast<double>(protectedAt(loss_)) : 0; }

void UlpfecEncoder::add(base::Bytes packet) {
  if (held_ == packets_.size()) packets_.emplace_back();
  packets_[held_++].assign(packet.begin(), packet.end());
}

std::span<const std::vector<std::uint8_t>> UlpfecEncoder::take(bool endOfFrame) {
  frames_ += endOfFrame ? 1 : 0;
  const bool enough = held_ >= protectedAt(loss_) || frames_ >= maxFrames;
  if (held_ < maxSpan && !(endOfFrame && enough)) return {};
  const std::size_t count = packetsFor(held_, loss_);
  if (payloads_.size() < count) payloads_.resize(count);
  std::size_t made = 0;
  for (std::size_t i = 0; i < count; ++i) {
    payloads_[made].clear();
    if (protect(members(i, count), payloads_[made])) ++made;
  }
  held_ = 0;
  frames_ = 0;
  return std::span(payloads_).first(made);
}

std::span<const base::Bytes> UlpfecEncoder::members(std::size_t index, std::size_t count) {
  views_.clear();
  for (std::size_t i = 0; i < held_; ++i)
    if (protects(i, index, count)) views_.push_back(packets_[i]);
  return views_;
}

}  // namespace parley::rtp::fec
