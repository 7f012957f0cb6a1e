#include "rtp/payload/nal.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace parley::rtp::payload {
namespace {

constexpr std::array<std::uint8_t, 4> startCode{0, 0, 0, 1};
/// RFC 6184 s.5.7.1, RFC 7798 s.4.4.2: each unit of an aggregate is behind its length.
constexpr std::size_t lengthField = 2;

/// Where the next 00 00 01 begins, or the end.
std::size_t findStartCode(base::Bytes stream, std::size_t from) {
  while (from + 3 <= stream.size()) {
    const auto* one = static_cast<const std::uint8_t*>(std::memchr(&stream[from + 2], 1, stream.size() - from - 2));
    if (one == nullptr) break;
    const auto at = static_cast<std::size_t>(one - stream.data());
    if (stream[at - 1] == 0 && stream[at - 2] == 0) return at - 2;
    from = at - 1;
  }
  return stream.size();
}

}  // namespace

bool splitAnnexB(base::Bytes stream, std::vector<base::Bytes>& units) {
  units.clear();
  auto code = findStartCode(stream, 0);
  if (std::ranges::any_of(stream.first(code), [](auto byte) { return byte != 0; })) return false;
  while (code < stream.size()) {
    const auto begin = code + 3;
    code = findStartCode(stream, begin);
    auto end = code;
    // A unit ends in a one bit; the zeros behind belong to the next start code (trailing_zero_8bits).
    while (end > begin && stream[end - 1] == 0) --end;
    if (end == begin) return false;
    units.push_back(stream.subspan(begin, end - begin));
  }
  return !units.empty();
}

std::vector<std::uint8_t> unescapeNal(base::Bytes unit, std::size_t limit) {
  std::vector<std::uint8_t> out;
  out.reserve(std::min(unit.size(), limit));
  for (std::size_t i = 0; i < unit.size() && out.size() < limit; ++i) {
    if (i >= 2 && unit[i] == 3 && unit[i - 1] == 0 && unit[i - 2] == 0) continue;
    out.push_back(unit[i]);
  }
  return out;
}

/// What fits a packet that is the next piece and would end before `endUnit`.
std::size_t NalPacketizer::room(const PayloadLimits& limits, std::size_t endUnit) const {
  const std::size_t taken =
      (pieces_.empty() ? limits.firstReduction : 0) + (endUnit == units_.size() ? limits.lastReduction : 0);
  return limits.maximum > taken ? limits.maximum - taken : 0;
}

bool NalPacketizer::fragment(std::size_t unit, const PayloadLimits& limits) {
  PayloadLimits own = limits;
  if (!pieces_.empty()) own.firstReduction = 0;
  if (unit + 1 != units_.size()) own.lastReduction = 0;
  Split split;
  const auto size = units_[unit].size();
  if (size <= format_.unitHeader || !split.plan(size - format_.unitHeader, own, format_.fragmentHeader)) return false;
  // RFC 6184 s.5.8, RFC 7798 s.4.4.3: a fragment is not the first and the last.
  if (split.count() < 2) return false;
  std::size_t offset = format_.unitHeader;
  for (std::size_t i = 0; i < split.count(); ++i) {
    const auto part = split.next();
    pieces_.push_back({unit, 0, offset, part});
    offset += part;
  }
  return true;
}

base::Result<std::size_t, PacketizeError> NalPacketizer::start(const EncodedFrame& frame, const PayloadLimits& limits) {
  pieces_.clear();
  next_ = 0;
  if (frame.data.empty()) return base::unexpected(PacketizeError::EmptyFrame);
  if (!splitAnnexB(frame.data.bytes(), units_)) return base::unexpected(PacketizeError::BadFrame);
  for (auto unit : units_)
    if (unit.size() < format_.unitHeader || !maySend(unit)) return base::unexpected(PacketizeError::BadFrame);

  for (std::size_t unit = 0; unit < units_.size();) {
    if (units_[unit].size() > room(limits, unit + 1)) {
      if (!format_.splits || !fragment(unit, limits)) return base::unexpected(PacketizeError::TooLarge);
      ++unit;
      continue;
    }
    std::size_t end = unit + 1;
    std::size_t size = format_.unitHeader + lengthField + units_[unit].size();
    while (format_.splits && end < units_.size()) {
      const auto more = lengthField + units_[end].size();
      if (size + more > room(limits, end + 1)) break;
      size += more;
      ++end;
    }
    pieces_.push_back({unit, end - unit, 0, 0});
    unit = end;
  }
  data_ = frame.data;
  endOfPicture_ = frame.endOfPicture;
  return pieces_.size();
}

bool NalPacketizer::next(Packet& packet) {
  const auto& piece = pieces_[next_++];
  const auto unit = units_[piece.unit];
  if (piece.count == 1) {
    packet.append(unit);
  } else if (piece.count > 1) {
    const auto units = std::span(units_).subspan(piece.unit, piece.count);
    writeAggregateHeader(units, packet.append(format_.unitHeader));
    for (auto each : units) {
      base::store16(packet.append(lengthField).data(), static_cast<std::uint16_t>(each.size()));
      packet.append(each);
    }
  } else {
    const bool first = piece.offset == format_.unitHeader;
    const bool last = piece.offset + piece.size == unit.size();
    writeFragmentHeader(unit, first, last, packet.append(format_.fragmentHeader));
    packet.append(unit.subspan(piece.offset, piece.size));
  }
  if (next_ < pieces_.size()) return false;
  data_ = {};
  return endOfPicture_;
}

void NalFrame::begin() {
  starts_.clear();
  fragmentType_.reset();
}

void NalFrame::startUnit(std::vector<std::uint8_t>& bytes) {
  bytes.insert(bytes.end(), startCode.begin(), startCode.end());
  starts_.push_back(bytes.size());
}

bool NalFrame::addUnit(base::Bytes unit, std::vector<std::uint8_t>& bytes) {
  if (fragmentType_) return false;
  startUnit(bytes);
  bytes.insert(bytes.end(), unit.begin(), unit.end());
  return true;
}

bool NalFrame::addFragment(base::Bytes header, base::Bytes data, bool first, bool last,
                           std::vector<std::uint8_t>& bytes) {
  if (first == fragmentType_.has_value()) return false;
  if (first) {
    startUnit(bytes);
    bytes.insert(bytes.end(), header.begin(), header.end());
    fragmentType_ = header[0];
  } else if (*fragmentType_ != header[0]) {
    return false;
  }
  bytes.insert(bytes.end(), data.begin(), data.end());
  if (last) fragmentType_.reset();
  return true;
}

base::Bytes NalFrame::unit(std::size_t index, base::Bytes bytes) const {
  const auto begin = starts_[index];
  const auto end = index + 1 < starts_.size() ? starts_[index + 1] - startCode.size() : bytes.size();
  return bytes.subspan(begin, end - begin);
}

void ParameterSets::keep(std::uint8_t kind, std::uint32_t id, base::Bytes unit) {
  if (id > 0xff || unit.size() > 4096) return;
  sets_[{kind, static_cast<std::uint8_t>(id)}].assign(unit.begin(), unit.end());
}

base::Bytes ParameterSets::find(std::uint8_t kind, std::uint32_t id) const {
  if (id > 0xff) return {};
  const auto found = sets_.find({kind, static_cast<std::uint8_t>(id)});
  return found == sets_.end() ? base::Bytes{} : base::Bytes(found->second);
}

void prependUnits(std::span<const base::Bytes> units, std::vector<std::uint8_t>& bytes) {
  std::vector<std::uint8_t> front;
  for (auto unit : units) {
    front.insert(front.end(), startCode.begin(), startCode.end());
    front.insert(front.end(), unit.begin(), unit.end());
  }
  bytes.insert(bytes.begin(), front.begin(), front.end());
}

}  // namespace parley::rtp::payload
