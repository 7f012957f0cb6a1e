#pragma once

#include "rtp/rtcp/feedback.hpp"
#include "rtp/rtcp/records.hpp"

#include <cstddef>
#include <cstdint>

namespace parley::rtp::rtcp {

/// RFC 4585 s.6.3.1: pictures of `media` were lost; a key frame helps.
struct Pli {
  std::uint32_t sender = 0;
  std::uint32_t media = 0;

  static bool matches(const PacketView& packet) {
    return isFeedback(packet, Type::PayloadFeedback, payload_format::pli);
  }
  static base::Result<Pli, ParseError> parse(const PacketView& packet);
  std::size_t size() const { return headerSize + FeedbackSources::wireSize; }
  void write(base::MutableBytes room) const;
};

/// RFC 5104 s.4.3.1.1: one of the streams that are to send a key frame. A number that was seen before is a repetition of
/// that request (s.4.3.1.2).
struct FirItem {
  std::uint32_t ssrc = 0;
  std::uint8_t commandNumber = 0;

  static constexpr std::size_t wireSize = 8;
  static FirItem read(const std::uint8_t* at) { return {base::load32(at), at[4]}; }
  void write(std::uint8_t* at) const {
    base::store32(at, ssrc);
    base::store32(at + 4, std::uint32_t{commandNumber} << 24);
  }
  bool operator==(const FirItem&) const = default;
};

/// RFC 5104 s.4.3.1. The SSRC of the media source is not used in it.
struct Fir {
  std::uint32_t sender = 0;
  Records<FirItem> items = {};

  static bool matches(const PacketView& packet) {
    return isFeedback(packet, Type::PayloadFeedback, payload_format::fir);
  }
  static base::Result<Fir, ParseError> parse(const PacketView& packet);
  std::size_t size() const { return headerSize + FeedbackSources::wireSize + items.wireSize(); }
  void write(base::MutableBytes room) const;
};

}  // namespace parley::rtp::rtcp
