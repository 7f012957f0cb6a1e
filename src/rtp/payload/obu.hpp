#pragma once

#include "base/bytes.hpp"
#include "rtp/payload/resolution.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace parley::rtp::payload {

/// leb128() of AV1 s.4.10.5, of at most 32 bits. Clears nothing but reads nothing on error.
std::optional<std::uint32_t> readLeb128(base::Reader& in);
std::size_t leb128Size(std::uint32_t value);
/// Writes to `out`, which has leb128Size(value) bytes.
void writeLeb128(std::uint32_t value, std::uint8_t* out);

/// One open bitstream unit (AV1 s.5.3).
struct Obu {
  enum Type : std::uint8_t {
    SequenceHeader = 1,
    TemporalDelimiter = 2,
    FrameHeader = 3,
    TileGroup = 4,
    Metadata = 5,
    Frame = 6,
    RedundantFrameHeader = 7,
    TileList = 8,
    Padding = 15,
  };
  std::array<std::uint8_t, 2> header{};  ///< Without obu_has_size_field.
  std::size_t headerSize = 1;            ///< 2 with the extension.
  base::Bytes payload = {};

  std::uint8_t type() const { return static_cast<std::uint8_t>(header[0] >> 3 & 15); }
  bool hasExtension() const { return headerSize == 2; }
  std::size_t size() const { return headerSize + payload.size(); }

  /// The OBU at the front of `bytes`: all of them if it has no size of its own. `length` is what it takes.
  static std::optional<Obu> parse(base::Bytes bytes, std::size_t& length);
  /// In the low-overhead format: with its size.
  void append(std::vector<std::uint8_t>& out) const;
};

/// The OBUs of a temporal unit in the low-overhead format (s.5.2). False if they do not fill it exactly.
bool splitObus(base::Bytes unit, std::vector<Obu>& obus);

/// sequence_header_obu() (s.5.5.1).
std::optional<Resolution> readSequenceHeader(base::Bytes payload);
/// True if a frame header says KEY_FRAME (s.5.9.2). `payload` of a frame or frame header OBU, of a sequence that is no
/// still picture.
bool isKeyFrameHeader(base::Bytes payload);

}  // namespace parley::rtp::payload
