#pragma once

#include "rtp/rtcp/compound.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace parley::rtp::rtcp {

/// RFC 3550 s.12.2, RFC 8852 s.4.1, RFC 9143 s.15.1.
enum class SdesType : std::uint8_t {
  Cname = 1,
  RtpStreamId = 12,
  RepairedRtpStreamId = 13,
  Mid = 15,
};

struct SdesItem {
  SdesType type{};        ///< May be one that the enum does not name.
  std::string_view text;  ///< At most 255 octets; cut to that when written.
};

/// What is said of one source.
struct SdesChunk {
  std::uint32_t ssrc = 0;
  std::span<const SdesItem> items = {};
};

/// RFC 3550 s.6.5. Either as read, to be visited by `forEach` and `find`, or to be written from `chunks`.
class SourceDescription {
 public:
  /// To be written: at most 31 chunks, which must live as long as this.
  explicit SourceDescription(std::span<const SdesChunk> chunks) : chunks_(chunks.first(std::min(chunks.size(), limit))) {}

  static bool matches(const PacketView& packet) { return packet.type == Type::SourceDescription; }
  static base::Result<SourceDescription, ParseError> parse(const PacketView& packet);
  std::size_t size() const;
  void write(base::MutableBytes room) const;

  /// Calls `function(ssrc, item)` for each item. Texts borrow the packet. A chunk without items is not visited.
  template <class Function>
  void forEach(Function function) const {
    for (const SdesChunk& chunk : chunks_)
      for (const SdesItem& item : chunk.items) function(chunk.ssrc, item);
    Cursor cursor{wire_};
    SdesItem item;
    for (std::size_t i = 0; i < wireCount_ && cursor.startChunk(); ++i)
      while (cursor.nextItem(item)) function(cursor.ssrc, item);
  }
  /// The first item of this type about the source.
  std::optional<std::string_view> find(std::uint32_t ssrc, SdesType type) const;

 private:
  static constexpr std::size_t limit = 31;
  struct Cursor {
    base::Bytes rest;
    std::uint32_t ssrc = 0;
    std::size_t inChunk = 0;
    bool ok = true;
    bool startChunk();
    /// False at the end of the chunk, with its padding skipped, and where it is malformed: `ok` is false then.
    bool nextItem(SdesItem& item);
  };
  SourceDescription(base::Bytes wire, std::size_t count) : wire_(wire), wireCount_(count) {}

  std::span<const SdesChunk> chunks_;
  base::Bytes wire_;
  std::size_t wireCount_ = 0;
};

}  // namespace parley::rtp::rtcp
