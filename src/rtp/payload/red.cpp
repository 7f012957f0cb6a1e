#include "rtp/payload/red.hpp"

#include <charconv>

namespace parley::rtp::payload {
namespace {

constexpr std::uint8_t followed = 0x80;
constexpr std::size_t redundantHeader = 4;
constexpr std::size_t primaryHeader = 1;
constexpr std::uint32_t largestOffset = (1u << 14) - 1;
constexpr std::size_t largestBlock = (1u << 10) - 1;
/// More than anybody sends; it bounds what a packet of one-byte blocks can cost.
constexpr std::size_t mostBlocks = 32;

}  // namespace

base::Result<void, PayloadError> parseRed(base::Bytes payload, std::vector<RedBlock>& blocks) {
  blocks.clear();
  base::Reader in(payload);
  std::size_t redundantBytes = 0;
  std::vector<std::size_t> sizes;
  for (;;) {
    const auto first = in.u8();
    if (!in.ok()) return base::unexpected(PayloadError::Truncated);
    RedBlock block;
    block.payloadType = first & 0x7f;
    if ((first & followed) == 0) {
      blocks.push_back(block);
      break;
    }
    const auto high = in.u8();
    const auto low = in.u16();
    if (!in.ok()) return base::unexpected(PayloadError::Truncated);
    if (blocks.size() == mostBlocks) return base::unexpected(PayloadError::Malformed);
    block.timestampOffset = static_cast<std::uint16_t>(high << 6 | low >> 10);
    sizes.push_back(low & largestBlock);
    redundantBytes += sizes.back();
    blocks.push_back(block);
  }
  if (redundantBytes > in.remaining()) return base::unexpected(PayloadError::Truncated);
  for (std::size_t i = 0; i < sizes.size(); ++i) blocks[i].data = in.take(sizes[i]);
  blocks.back().data = in.rest();
  return {};
}

std::optional<std::vector<std::uint8_t>> readRedParameters(std::string_view parameters) {
  std::vector<std::uint8_t> types;
  for (const char* at = parameters.data(), *end = at + parameters.size();;) {
    std::uint8_t type = 0;
    const auto [next, error] = std::from_chars(at, end, type);
    if (error != std::errc() || type > 127) return std::nullopt;
    types.push_back(type);
    if (next == end) return types;
    if (*next != '/') return std::nullopt;
    at = next + 1;
  }
}

RedPacketizer::RedPacketizer(std::vector<std::uint8_t> payloadTypes) : payloadTypes_(std::move(payloadTypes)) {}

base::Result<std::size_t, PacketizeError> RedPacketizer::start(const EncodedFrame& frame, const PayloadLimits& limits) {
  if (frame.data.empty()) return base::unexpected(PacketizeError::EmptyFrame);
  const std::size_t taken = limits.firstReduction + limits.lastReduction + primaryHeader + frame.data.size();
  if (taken > limits.maximum) return base::unexpected(PacketizeError::TooLarge);
  data_ = frame.data;
  timestamp_ = frame.rtpTimestamp;
  marker_ = frame.startsTalkspurt;
  // RFC 2198 s.4: offset and length have 14 and 10 bits. What is too old or too large ends the row.
  std::size_t room = limits.maximum - taken;
  for (first_ = earlier_.size(); first_ > 0; --first_) {
    const auto& candidate = earlier_[first_ - 1];
    const auto cost = redundantHeader + candidate.data.size();
    const auto offset = timestamp_ - candidate.timestamp;
    if (offset == 0 || offset > largestOffset || candidate.data.size() > largestBlock || cost > room) break;
    room -= cost;
  }
  return 1;
}

bool RedPacketizer::next(Packet& packet) {
  for (std::size_t i = first_; i < earlier_.size(); ++i) {
    const auto& block = earlier_[i];
    const auto type = payloadTypes_[earlier_.size() - i];
    base::store32(packet.append(redundantHeader).data(),
                  std::uint32_t{followed} << 24 | std::uint32_t{type} << 24 | (timestamp_ - block.timestamp) << 10 |
                      static_cast<std::uint32_t>(block.data.size()));
  }
  packet.append(primaryHeader)[0] = payloadTypes_[0];
  for (std::size_t i = first_; i < earlier_.size(); ++i) packet.append(earlier_[i].data.bytes());
  packet.append(data_.bytes());
  earlier_.push_back({timestamp_, std::move(data_)});
  data_ = {};
  if (earlier_.size() >= payloadTypes_.size()) earlier_.pop_front();
  return marker_;
}

}  // namespace parley::rtp::payload
