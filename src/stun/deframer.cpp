#include "stun/deframer.hpp"

#include "stun/attribute.hpp"
#include "stun/wire.hpp"

#include <algorithm>
#include <cassert>

namespace parley::stun {
namespace {

constexpr std::size_t lengthSize = 2;  // RFC 4571 s.2

}  // namespace

std::optional<StreamDeframer::Frame> StreamDeframer::frameOf(base::Bytes start) {
  if (framing_ == Framing::Rfc4571) {
    if (start.size() < lengthSize) return std::nullopt;
    return Frame{lengthSize, base::load16(start.data()), 0};
  }
  if (start.empty()) return std::nullopt;
  // RFC 8656 s.12, table 3: the first byte of ChannelData is 64 to 79, that of STUN 0 to 3.
  const bool isChannelData = start[0] >= 64 && start[0] <= 79;
  if (!isChannelData && start[0] > 3) {
    error_ = Error::NotTurn;
    return std::nullopt;
  }
  if (start.size() < wire::channelHeaderSize) return std::nullopt;
  const std::size_t length = base::load16(start.data() + 2);
  if (isChannelData) return Frame{0, wire::channelHeaderSize + length, wire::padded(length) - length};
  // The cookie tells a stream that is out of step as early as can be.
  if (length % 4 != 0 || (start.size() >= 8 && base::load32(start.data() + 4) != magicCookie)) {
    error_ = Error::NotTurn;
    return std::nullopt;
  }
  if (start.size() < 8) return std::nullopt;
  return Frame{0, headerSize + length, 0};
}

void StreamDeframer::push(base::MutableBytes bytes) {
  assert(pushed_.empty());
  pushed_ = bytes;
}

std::optional<base::MutableBytes> StreamDeframer::next() {
  if (returned_) {
    kept_.clear();
    returned_ = false;
  }
  while (!error_) {
    if (kept_.empty()) {
      const auto frame = frameOf(pushed_);
      if (frame && frame->size() <= pushed_.size()) {
        const auto message = pushed_.subspan(frame->front, frame->message);
        pushed_ = pushed_.subspan(frame->size());
        if (!message.empty()) return message;
        continue;
      }
      if (error_) break;
      kept_.assign(pushed_.begin(), pushed_.end());
      pushed_ = {};
      return std::nullopt;
    }
    // A message that was split. Where it ends is known once its header is there, which is then taken byte by byte.
    const auto frame = frameOf(kept_);
    if (error_) break;
    const std::size_t wanted = frame ? frame->size() : kept_.size() + 1;
    if (kept_.size() < wanted) {
      if (pushed_.empty()) return std::nullopt;
      const auto more = pushed_.first(std::min(wanted - kept_.size(), pushed_.size()));
      kept_.insert(kept_.end(), more.begin(), more.end());
      pushed_ = pushed_.subspan(more.size());
      continue;
    }
    if (frame->message == 0) {
      kept_.clear();
      continue;
    }
    returned_ = true;
    return base::MutableBytes(kept_).subspan(frame->front, frame->message);
  }
  kept_.clear();
  pushed_ = {};
  return std::nullopt;
}

std::string_view toString(StreamDeframer::Error error) {
  switch (error) {
    case StreamDeframer::Error::NotTurn: return "what came is neither STUN nor ChannelData";
  }
  return "";
}

void frameRfc4571(Packet& packet) {
  assert(packet.size() <= 0xffff);
  const auto size = static_cast<std::uint16_t>(packet.size());
  base::store16(packet.prepend(lengthSize).data(), size);
}

}  // namespace parley::stun
