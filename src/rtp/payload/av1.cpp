#include "rtp/payload/av1.hpp"

#include <algorithm>

namespace parley::rtp::payload {
namespace {

// The aggregation header (s.4.4): Z Y W W N - - -.
constexpr std::uint8_t continuesFlag = 0x80;
constexpr std::uint8_t continuedFlag = 0x40;
constexpr std::uint8_t newSequenceFlag = 0x08;
/// W has two bits: up to here the last element needs no length.
constexpr std::size_t countable = 3;
/// A smaller beginning of an OBU is not worth the cost of another element.
constexpr std::size_t smallestFragment = 32;

bool isSent(const Obu& obu) {
  // s.5: temporal delimiters and tile lists are removed; padding is of no use to anybody.
  return obu.type() != Obu::TemporalDelimiter && obu.type() != Obu::TileList && obu.type() != Obu::Padding;
}

std::size_t lengthSize(std::size_t size) { return leb128Size(static_cast<std::uint32_t>(size)); }

/// Calls `each(element, isFirst, isLast)` for the OBU elements of a payload until it says false.
template <class Each>
base::Result<void, PayloadError> forEachElement(base::Bytes payload, Each each) {
  const unsigned count = payload[0] >> 4 & 3u;
  base::Reader in(payload.subspan(1));
  for (unsigned i = 1; count == 0 ? in.remaining() > 0 : i <= count; ++i) {
    base::Bytes element;
    if (count != 0 && i == count) {
      element = in.rest();
    } else {
      const auto size = readLeb128(in);
      if (!size) return base::unexpected(PayloadError::Malformed);
      element = in.take(*size);
    }
    if (!in.ok() || (element.empty() && count != 0)) return base::unexpected(PayloadError::Truncated);
    if (!each(element, i == 1, in.remaining() == 0)) break;
  }
  return {};
}

}  // namespace

/// s.5: all OBUs of a packet that have an extension have the same layer, and a sequence header is the first.
bool Av1Packetizer::mayFollow(const Payload& payload, const Obu& obu) const {
  if (obu.type() == Obu::SequenceHeader) return false;
  if (!obu.hasExtension()) return true;
  for (std::size_t i = 0; i < payload.count; ++i) {
    const auto& other = obus_[elements_[payload.first + i].obu];
    if (other.hasExtension() && other.header[1] != obu.header[1]) return false;
  }
  return true;
}

bool Av1Packetizer::plan(const PayloadLimits& limits) {
  elements_.clear();
  payloads_.clear();
  // Which packet is the last shows only at the end, so that all leave room for what the last one carries.
  const std::size_t taken = 1 + limits.lastReduction;
  std::size_t room = 0;
  for (std::size_t index = 0; index < obus_.size(); ++index) {
    const auto& obu = obus_[index];
    for (std::size_t offset = 0; offset < obu.size();) {
      const std::size_t left = obu.size() - offset;
      if (!payloads_.empty()) {
        auto& payload = payloads_.back();
        // With up to three elements the last one has no length. With a fourth all have one.
        const std::size_t before = payload.count <= countable ? lengthSize(elements_.back().size) : 0;
        const std::size_t overhead = before + (payload.count >= countable ? lengthSize(left) : 0);
        const bool whole = left + overhead <= room;
        const bool part = room > overhead + smallestFragment;
        if (offset == 0 && mayFollow(payload, obu) && (whole || part)) {
          const std::size_t size = whole ? left : room - overhead;
          elements_.push_back({index, offset, size});
          ++payload.count;
          room -= overhead + size;
          offset += size;
          if (!whole) room = 0;
          continue;
        }
      }
      const std::size_t reduced = taken + (payloads_.empty() ? limits.firstReduction : 0);
      if (limits.maximum <= reduced) return false;
      room = limits.maximum - reduced;
      const std::size_t size = std::min(left, room);
      payloads_.push_back({elements_.size(), 1});
      elements_.push_back({index, offset, size});
      room -= size;
      offset += size;
    }
  }
  return true;
}

base::Result<std::size_t, PacketizeError> Av1Packetizer::start(const EncodedFrame& frame, const PayloadLimits& limits) {
  if (frame.data.empty()) return base::unexpected(PacketizeError::EmptyFrame);
  if (!splitObus(frame.data.bytes(), obus_)) return base::unexpected(PacketizeError::BadFrame);
  std::erase_if(obus_, [](const Obu& obu) { return !isSent(obu); });
  if (obus_.empty()) return base::unexpected(PacketizeError::BadFrame);
  if (!plan(limits)) return base::unexpected(PacketizeError::TooLarge);

  const auto* info = std::get_if<Av1FrameInfo>(&frame.codec);
  const auto picture = std::ranges::find_if(
      obus_, [](const Obu& obu) { return obu.type() == Obu::Frame || obu.type() == Obu::FrameHeader; });
  const bool key = picture != obus_.end() && isKeyFrameHeader(picture->payload);
  // AV1 s.7.5: a coded video sequence begins with a sequence header and a key frame.
  newSequence_ = (info != nullptr && info->newCodedVideoSequence) ||
                 (key && std::ranges::any_of(obus_, [](const Obu& obu) { return obu.type() == Obu::SequenceHeader; }));
  data_ = frame.data;
  endOfPicture_ = frame.endOfPicture;
  next_ = 0;
  return payloads_.size();
}

void Av1Packetizer::writeElement(const Element& element, Packet& packet) const {
  const auto& obu = obus_[element.obu];
  std::size_t offset = element.offset;
  std::size_t size = element.size;
  if (offset < obu.headerSize) {
    const auto n = std::min(size, obu.headerSize - offset);
    packet.append(base::Bytes(obu.header).subspan(offset, n));
    offset += n;
    size -= n;
  }
  if (size > 0) packet.append(obu.payload.subspan(offset - obu.headerSize, size));
}

bool Av1Packetizer::next(Packet& packet) {
  const auto& payload = payloads_[next_];
  const auto& first = elements_[payload.first];
  const auto& last = elements_[payload.first + payload.count - 1];
  const bool counted = payload.count <= countable;
  packet.append(1)[0] = static_cast<std::uint8_t>(
      (first.offset > 0 ? continuesFlag : 0) | (last.offset + last.size < obus_[last.obu].size() ? continuedFlag : 0) |
      (counted ? payload.count << 4 : 0) | (next_ == 0 && newSequence_ ? newSequenceFlag : 0));
  for (std::size_t i = 0; i < payload.count; ++i) {
    const auto& element = elements_[payload.first + i];
    if (!counted || i + 1 < payload.count) {
      const auto size = static_cast<std::uint32_t>(element.size);
      writeLeb128(size, packet.append(leb128Size(size)).data());
    }
    writeElement(element, packet);
  }
  if (++next_ < payloads_.size()) return false;
  data_ = {};
  return endOfPicture_;
}

base::Result<PayloadInfo, PayloadError> Av1Depacketizer::parse(base::Bytes payload) const {
  const bool continues = (payload[0] & continuesFlag) != 0;
  const bool newSequence = (payload[0] & newSequenceFlag) != 0;
  // "if N equals 1 then Z must equal 0."
  if (continues && newSequence) return base::unexpected(PayloadError::Malformed);
  const auto elements = forEachElement(payload, [](base::Bytes, bool, bool) { return true; });
  if (!elements) return base::unexpected(elements.error());
  return PayloadInfo{newSequence, continues, false};
}

void Av1Depacketizer::begin() {
  fragment_.clear();
  continues_ = false;
  newSequence_ = false;
  sequenceHeader_ = false;
  keyFrame_.reset();
  resolution_.reset();
}

bool Av1Depacketizer::append(base::Bytes payload, std::vector<std::uint8_t>& bytes) {
  const bool continuesBefore = (payload[0] & continuesFlag) != 0;
  const bool continued = (payload[0] & continuedFlag) != 0;
  if (continuesBefore != continues_) return false;
  if ((payload[0] & newSequenceFlag) != 0) newSequence_ = true;
  // A header that says there is a fragment, and nothing behind it.
  if (payload.size() == 1 && (continuesBefore || continued)) return false;
  bool good = true;
  forEachElement(payload, [&](base::Bytes element, bool first, bool last) {
    const bool more = last && continued;
    if (first && continuesBefore) {
      fragment_.insert(fragment_.end(), element.begin(), element.end());
      if (!more) {
        good = appendObu(fragment_, bytes);
        fragment_.clear();
      }
    } else if (more) {
      fragment_.assign(element.begin(), element.end());
    } else {
      good = element.empty() || appendObu(element, bytes);
    }
    return good;
  });
  continues_ = continued;
  return good;
}

bool Av1Depacketizer::appendObu(base::Bytes element, std::vector<std::uint8_t>& bytes) {
  std::size_t length = 0;
  const auto obu = Obu::parse(element, length);
  if (!obu || length != element.size()) return false;
  switch (obu->type()) {
    case Obu::TemporalDelimiter:
    case Obu::TileList: return true;
    case Obu::SequenceHeader:
      sequenceHeader_ = true;
      resolution_ = readSequenceHeader(obu->payload);
      break;
    case Obu::Frame:
    case Obu::FrameHeader:
      if (!keyFrame_) keyFrame_ = isKeyFrameHeader(obu->payload);
      break;
    default: break;
  }
  obu->append(bytes);
  return true;
}

bool Av1Depacketizer::finish(std::vector<std::uint8_t>& bytes, EncodedFrame& frame) {
  if (continues_ || bytes.empty()) return false;
  const bool key = newSequence_ || (sequenceHeader_ && keyFrame_.value_or(false));
  frame.type = key ? EncodedFrameType::Key : EncodedFrameType::Delta;
  if (resolution_) {
    frame.width = resolution_->width;
    frame.height = resolution_->height;
  }
  frame.codec = Av1FrameInfo{newSequence_};
  return true;
}

}  // namespace parley::rtp::payload
