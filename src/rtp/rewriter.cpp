#include "rtp/rewriter.hpp"

#include <algorithm>
#include <chrono>

namespace parley::rtp {

void Rewriter::switchTo(std::uint32_t source) {
  if (source_ == source) return;
  source_ = source;
  started_ = false;
}

void Rewriter::start(const PacketView& packet, std::uint32_t clockRate, Time now) {
  started_ = true;
  unwrapper_.reset();
  first_ = highest_ = unwrapper_.unwrap(packet.sequenceNumber());
  while (!skips_.empty()) skips_.pop();
  std::uint32_t timestamp = target_.firstTimestamp;
  std::int64_t sequence = target_.firstSequence;
  if (any_) {
    // The clocks of two sources have nothing to do with each other: the stream goes on by the time that passed, by one unit at
    // least, since it is another frame.
    auto passed = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(now - lastAt_).count());
    auto units = static_cast<std::uint32_t>(static_cast<std::uint64_t>(passed) * clockRate / 1'000'000);
    timestamp = lastTimestamp_ + std::max<std::uint32_t>(1, units);
    sequence = lastSequence_ + 1;
  }
  offset_ = sequence - first_;
  timestampOffset_ = timestamp - packet.timestamp();
}

std::int64_t Rewriter::skippedBefore(std::int64_t sequence) const {
  std::size_t n = skips_.size();
  while (n > 0 && skips_[n - 1] >= sequence) --n;
  return static_cast<std::int64_t>(n);
}

std::optional<Rewriter::Numbers> Rewriter::next(const PacketView& packet, std::uint32_t clockRate, Time now) {
  std::uint8_t payloadType = target_.payloadTypes[packet.payloadType()];
  if (packet.ssrc() != source_ || payloadType == unknown) return std::nullopt;
  if (!started_) start(packet, clockRate, now);
  std::int64_t sequence = unwrapper_.peek(packet.sequenceNumber());
  if (sequence < first_) return std::nullopt;
  std::size_t before = static_cast<std::size_t>(skippedBefore(sequence));
  // One that was left out has no number.
  if (before < skips_.size() && skips_[before] == sequence) return std::nullopt;
  if (sequence >= highest_) {
    highest_ = unwrapper_.unwrap(packet.sequenceNumber());
    lastTimestamp_ = packet.timestamp() + timestampOffset_;
    lastSequence_ = sequence + offset_ - static_cast<std::int64_t>(before);
    lastAt_ = now;
    any_ = true;
  }
  auto outgoing = static_cast<std::uint16_t>(sequence + offset_ - static_cast<std::int64_t>(before));
  return Numbers{outgoing, packet.timestamp() + timestampOffset_, payloadType};
}

void Rewriter::skip(const PacketView& packet) {
  if (packet.ssrc() != source_ || !started_) return;
  std::int64_t sequence = unwrapper_.peek(packet.sequenceNumber());
  if (sequence <= highest_) return;
  highest_ = unwrapper_.unwrap(packet.sequenceNumber());
  skips_.push(sequence);
  if (skips_.size() <= rememberedSkips) return;
  // The oldest becomes part of the offset, and what is older than it cannot be numbered any more.
  first_ = skips_.pop() + 1;
  --offset_;
}

void Rewriter::apply(const Numbers& numbers, base::MutableBytes copy) const {
  PacketEditor editor(copy);
  editor.setSsrc(target_.ssrc);
  editor.setSequenceNumber(numbers.sequenceNumber);
  editor.setTimestamp(numbers.timestamp);
  editor.setPayloadType(numbers.payloadType);
  editor.renumberExtensions([this](std::uint8_t id) { return target_.extensionIds[id]; });
}

}  // namespace parley::rtp
