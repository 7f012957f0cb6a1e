#pragma once

#include "rtp/extension/extension.hpp"

#include <parley/time.hpp>

#include <chrono>
#include <cstdint>

/// \file
/// What congestion control measures by: numbers and times that are set when the packet leaves.

namespace parley::rtp::extension {

/// draft-holmer-rmcat-transport-wide-cc-extensions-01 s.2: counts all packets of a transport, whatever their SSRC.
struct TransportSequenceNumber {
  static constexpr std::string_view uri =
      "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

  std::uint16_t number = 0;

  static std::optional<TransportSequenceNumber> parse(base::Bytes value) {
    if (value.size() != 2) return std::nullopt;
    return TransportSequenceNumber{base::load16(value.data())};
  }
  std::size_t size() const { return 2; }
  void write(base::MutableBytes room) const { base::store16(room.data(), number); }
};

/// draft-alvestrand-rmcat-remb-03 s.2.1 (abs-send-time): when the packet left, in units of 2^-18 s, modulo 64 s. Only
/// differences count, so that any clock will do.
struct AbsSendTime {
  static constexpr std::string_view uri = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";

  std::uint32_t units = 0;  ///< 24 bits.

  static AbsSendTime of(Time at) {
    // A multiple of 64 s is taken off first: the shift would overflow.
    constexpr std::int64_t wrap = 64'000'000'000;
    std::int64_t ns = at.time_since_epoch().count() % wrap;
    if (ns < 0) ns += wrap;
    return {static_cast<std::uint32_t>((static_cast<std::uint64_t>(ns) << 18) / 1'000'000'000)};
  }
  /// How long after `other` this is, on the shorter way round.
  Duration since(AbsSendTime other) const {
    auto difference = static_cast<std::int32_t>((units - other.units) << 8) >> 8;
    return Duration(std::int64_t{difference} * 1'000'000'000 / (1 << 18));
  }

  static std::optional<AbsSendTime> parse(base::Bytes value) {
    if (value.size() != 3) return std::nullopt;
    return AbsSendTime{std::uint32_t{value[0]} << 16 | base::load16(value.data() + 1)};
  }
  std::size_t size() const { return 3; }
  void write(base::MutableBytes room) const {
    room[0] = static_cast<std::uint8_t>(units >> 16);
    base::store16(room.data() + 1, static_cast<std::uint16_t>(units));
  }
};

/// RFC 5450: how much later than its timestamp says the packet left, in units of the RTP clock.
struct TransmissionTimeOffset {
  static constexpr std::string_view uri = "urn:ietf:params:rtp-hdrext:toffset";

  std::int32_t offset = 0;  ///< 24 bits with a sign.

  static std::optional<TransmissionTimeOffset> parse(base::Bytes value) {
    if (value.size() != 3) return std::nullopt;
    auto high = std::uint32_t{value[0]} << 24 | std::uint32_t{base::load16(value.data() + 1)} << 8;
    return TransmissionTimeOffset{static_cast<std::int32_t>(high) >> 8};
  }
  std::size_t size() const { return 3; }
  void write(base::MutableBytes room) const {
    auto bits = static_cast<std::uint32_t>(offset);
    room[0] = static_cast<std::uint8_t>(bits >> 16);
    base::store16(room.data() + 1, static_cast<std::uint16_t>(bits));
  }
};

static_assert(Extension<TransportSequenceNumber> && Extension<AbsSendTime> && Extension<TransmissionTimeOffset>);

}  // namespace parley::rtp::extension
