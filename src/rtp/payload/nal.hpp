#pragma once

#include "base/bytes.hpp"
#include "rtp/payload/packetizer.hpp"
#include "rtp/payload/split.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace parley::rtp::payload {

/// The NAL units of a byte stream (Annex B of H.264 and H.265), without start codes and trailing zeros. False if it
/// does not begin with a start code or a unit is empty.
bool splitAnnexB(base::Bytes stream, std::vector<base::Bytes>& units);

/// What is in a NAL unit once the emulation prevention bytes are gone (H.264 s.7.4.1.1); at most `limit` bytes of it.
std::vector<std::uint8_t> unescapeNal(base::Bytes unit, std::size_t limit);

/// What H.264 (RFC 6184) and H.265 (RFC 7798) have in common when they send: a NAL unit that fits is a packet, several
/// small ones are aggregated, a large one is fragmented.
class NalPacketizer : public Packetizer {
 public:
  base::Result<std::size_t, PacketizeError> start(const EncodedFrame& frame, const PayloadLimits& limits) override;
  bool next(Packet& packet) override;

 protected:
  struct Format {
    std::size_t unitHeader;       ///< Bytes of a NAL unit's header; an aggregate has one of the same length.
    std::size_t fragmentHeader;   ///< Bytes before a fragment.
    bool splits;                  ///< Aggregates and fragments may be used.
  };
  explicit NalPacketizer(Format format) : format_(format) {}

  /// False for a unit that would mean something else in a packet: its type is one of the payload format.
  virtual bool maySend(base::Bytes unit) const = 0;
  virtual void writeAggregateHeader(std::span<const base::Bytes> units, base::MutableBytes out) const = 0;
  virtual void writeFragmentHeader(base::Bytes unit, bool first, bool last, base::MutableBytes out) const = 0;

 private:
  /// One packet: `count` whole units, or (count 0) `size` bytes at `offset` of one.
  struct Piece {
    std::size_t unit = 0;
    std::size_t count = 0;
    std::size_t offset = 0;
    std::size_t size = 0;
  };

  std::size_t room(const PayloadLimits& limits, std::size_t endUnit) const;
  bool fragment(std::size_t unit, const PayloadLimits& limits);

  Format format_;
  FrameData data_;
  std::vector<base::Bytes> units_;
  std::vector<Piece> pieces_;
  std::size_t next_ = 0;
  bool endOfPicture_ = true;
};

/// A frame of NAL units while its packets come: the bytes are the caller's, here is where the units begin.
class NalFrame {
 public:
  void begin();
  /// A whole unit. False amid a fragmented one.
  bool addUnit(base::Bytes unit, std::vector<std::uint8_t>& bytes);
  /// A fragment of a unit whose header is `header`. False if it does not continue the one before.
  bool addFragment(base::Bytes header, base::Bytes data, bool first, bool last, std::vector<std::uint8_t>& bytes);
  bool complete() const { return !fragmentType_ && !starts_.empty(); }
  std::size_t count() const { return starts_.size(); }
  base::Bytes unit(std::size_t index, base::Bytes bytes) const;

 private:
  void startUnit(std::vector<std::uint8_t>& bytes);
  std::vector<std::size_t> starts_;
  std::optional<std::uint8_t> fragmentType_;
};

/// The parameter sets of a stream by kind and id, so that a key frame that comes without them can be made whole.
/// Bounded by the ids, and by what one may have.
class ParameterSets {
 public:
  /// The ids are at most 8 bits; a set longer than 4 KiB is not kept.
  void keep(std::uint8_t kind, std::uint32_t id, base::Bytes unit);
  base::Bytes find(std::uint8_t kind, std::uint32_t id) const;

 private:
  std::map<std::pair<std::uint8_t, std::uint8_t>, std::vector<std::uint8_t>> sets_;
};

/// Puts whole units in front of a frame's bytes.
void prependUnits(std::span<const base::Bytes> units, std::vector<std::uint8_t>& bytes);

}  // namespace parley::rtp::payload
