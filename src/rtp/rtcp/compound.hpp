#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

/// \file
/// RTCP packets as they lie in a datagram (RFC 3550 s.6.1, RFC 5506). Each type of packet has a struct in a header beside
/// this one, with `matches` and `parse`, `size` and `write`; rtp/rtcp/builder.hpp puts them together.

namespace parley::rtp::rtcp {

/// RFC 3550 s.12.1, RFC 4585 s.6.1, RFC 3611 s.2.
enum class Type : std::uint8_t {
  SenderReport = 200,
  ReceiverReport = 201,
  SourceDescription = 202,
  Bye = 203,
  App = 204,
  TransportFeedback = 205,
  PayloadFeedback = 206,
  ExtendedReport = 207,
};

/// Why RTCP was dropped: a whole datagram, or one packet of it.
enum class ParseError : std::uint8_t {
  TooShort,    ///< Shorter than a header.
  BadVersion,  ///< Not version 2.
  BadLength,   ///< The lengths do not add up to the datagram.
  BadPadding,  ///< The number of padding octets is zero or more than there are.
  Malformed,   ///< The contents do not fit the packet's type.
  Count
};
std::string_view toString(ParseError error);

inline constexpr std::size_t headerSize = 4;

/// One packet: its header and what is behind it, without padding. Borrows the datagram.
struct PacketView {
  Type type{};             ///< May be one that the enum does not name.
  std::uint8_t count = 0;  ///< 5 bits: a number of reports or sources, a subtype, or the format of feedback (FMT).
  base::Bytes body;
};

/// A datagram of RTCP whose headers are sound: a compound packet, or one of reduced size. To be iterated; packets of
/// unknown type are to be skipped (RFC 3550 s.6.1).
class CompoundView {
 public:
  class Iterator {
   public:
    using value_type = PacketView;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = const PacketView*;
    using reference = const PacketView&;

    Iterator() = default;
    explicit Iterator(base::Bytes rest) : rest_(rest) { next(); }
    const PacketView& operator*() const { return packet_; }
    const PacketView* operator->() const { return &packet_; }
    Iterator& operator++() {
      next();
      return *this;
    }
    void operator++(int) { next(); }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.done_; }

   private:
    void next();
    base::Bytes rest_;
    PacketView packet_;
    bool done_ = false;
  };

  /// All or nothing: one bad header makes nonsense of what follows it.
  static base::Result<CompoundView, ParseError> parse(base::Bytes datagram);

  Iterator begin() const { return Iterator(bytes_); }
  std::default_sentinel_t end() const { return {}; }
  base::Bytes bytes() const { return bytes_; }

 private:
  explicit CompoundView(base::Bytes bytes) : bytes_(bytes) {}
  base::Bytes bytes_;
};

/// One type of packet, whole with its header.
template <class P>
concept Writable = requires(const P p, base::MutableBytes room) {
  /// A multiple of four.
  { p.size() } -> std::same_as<std::size_t>;
  /// Precondition: room.size() == size().
  { p.write(room) } -> std::same_as<void>;
};

/// Writes the first four octets of a packet that fills `room`, a multiple of four.
void writeHeader(base::MutableBytes room, Type type, std::size_t count);

}  // namespace parley::rtp::rtcp
