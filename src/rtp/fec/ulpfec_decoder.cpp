#include "rtp/fec/ulpfec_decoder.hpp"

#include <algorithm>

namespace parley::rtp::fec {

const UlpfecDecoder::Slot* UlpfecDecoder::find(std::uint16_t sequenceNumber) const {
  const auto& slot = slots_[sequenceNumber % window];
  return slot.there && slot.sequenceNumber == sequenceNumber ? &slot : nullptr;
}

bool UlpfecDecoder::tooOld(std::uint16_t sequenceNumber) const {
  return newest_ && static_cast<std::int16_t>(sequenceNumber - *newest_) <= -static_cast<int>(window);
}

void UlpfecDecoder::media(base::Bytes packet) {
  if (packet.size() < fixedHeader) return;
  const auto number = base::load16(packet.data() + 2);
  if (tooOld(number) || find(number)) return;
  store(packet);
  retry();
}

void UlpfecDecoder::fec(base::Bytes payload) {
  const auto protection = Protection::parse(payload);
  if (!protection) return drops_.add(FecDrop::Malformed);
  if (tooOld(protection->base)) return drops_.add(FecDrop::Old);
  if (apply(*protection)) return retry();
  // The oldest makes room: what it lacks is less likely to come than what the new one lacks.
  auto& place = *std::min_element(waiting_.begin(), waiting_.end(), [](const Waiting& a, const Waiting& b) {
    return a.used != b.used ? !a.used : a.order < b.order;
  });
  if (place.used) drops_.add(FecDrop::Old);
  place.used = true;
  place.order = ++order_;
  place.payload.assign(payload.begin(), payload.end());
}

void UlpfecDecoder::store(base::Bytes packet) {
  const auto number = base::load16(packet.data() + 2);
  auto& slot = slots_[number % window];
  slot.there = true;
  slot.sequenceNumber = number;
  slot.packet.assign(packet.begin(), packet.end());
  if (!newest_ || static_cast<std::int16_t>(number - *newest_) > 0) newest_ = number;
}

bool UlpfecDecoder::apply(const Protection& protection) {
  std::optional<std::uint16_t> missing;
  for (std::uint16_t offset = 0; offset < maxSpan; ++offset) {
    const auto number = static_cast<std::uint16_t>(protection.base + offset);
    if (!protection.protects(number) || find(number)) continue;
    if (missing) return false;
    missing = number;
  }
  if (missing && !restore(protection, *missing)) drops_.add(FecDrop::Incomplete);
  return true;
}

bool UlpfecDecoder::restore(const Protection& protection, std::uint16_t missing) {
  // RFC 5109 s.9.1 and 9.2: the exclusive or of the FEC and of all the others that it protects.
  std::uint8_t flags = protection.flags, markerAndType = protection.markerAndType;
  std::uint32_t timestamp = protection.timestamp;
  std::uint16_t length = protection.lengthRecovery;
  scratch_.assign(fixedHeader, 0);
  scratch_.insert(scratch_.end(), protection.payload.begin(), protection.payload.end());
  for (std::uint16_t offset = 0; offset < maxSpan; ++offset) {
    const auto number = static_cast<std::uint16_t>(protection.base + offset);
    if (number == missing || !protection.protects(number)) continue;
    const auto& packet = find(number)->packet;
    flags ^= packet[0] & 0x3F;
    markerAndType ^= packet[1];
    timestamp ^= base::load32(packet.data() + 4);
    length ^= static_cast<std::uint16_t>(packet.size() - fixedHeader);
    const auto protectedBytes = std::min<std::size_t>(packet.size() - fixedHeader, protection.length);
    for (std::size_t i = 0; i < protectedBytes; ++i) scratch_[fixedHeader + i] ^= packet[fixedHeader + i];
  }
  if (length > protection.length) return false;
  scratch_.resize(fixedHeader + length);
  scratch_[0] = static_cast<std::uint8_t>(0x80 | flags);
  scratch_[1] = markerAndType;
  base::store16(scratch_.data() + 2, missing);
  base::store32(scratch_.data() + 4, timestamp);
  base::store32(scratch_.data() + 8, ssrc_);
  // A list of sources that the packet has no room for: it was restored from packets that do not belong together.
  if (fixedHeader + std::size_t{4} * (flags & 0x0F) > scratch_.size()) return false;
  store(scratch_);
  ready_.push_back(missing);
  ++restored_;
  return true;
}

void UlpfecDecoder::retry() {
  for (bool again = true; again;) {
    again = false;
    for (auto& waiting : waiting_) {
      if (!waiting.used) continue;
      const auto protection = *Protection::parse(waiting.payload);
      if (tooOld(protection.base)) {
        waiting.used = false;
        drops_.add(FecDrop::Old);
      } else if (apply(protection)) {
        waiting.used = false;
        again = true;
      }
    }
  }
}

std::optional<base::Bytes> UlpfecDecoder::poll() {
  while (polled_ < ready_.size()) {
    // Gone already if so much came since then that its place was needed.
    if (const auto* slot = find(ready_[polled_++])) return base::Bytes(slot->packet);
  }
  ready_.clear();
  polled_ = 0;
  return std::nullopt;
}

}  // namespace parley::rtp::fec
