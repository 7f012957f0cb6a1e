#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "rtp/extension/extension.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>

/// \file
/// Reading RTP packets (RFC 3550 s.5.1, RFC 8285), and changing them in place. Writing them: rtp/packet_builder.hpp.

namespace parley::rtp {

inline constexpr std::size_t fixedHeaderSize = 12;
inline constexpr std::size_t maximumCsrcs = 15;

/// RFC 8285 s.4.2 and s.4.3: the profile field of the extension header. In two-byte headers the last four bits are free.
inline constexpr std::uint16_t oneByteProfile = 0xBEDE;
inline constexpr std::uint16_t twoByteProfile = 0x1000;
constexpr bool isTwoByteProfile(std::uint16_t profile) { return (profile & 0xfff0) == twoByteProfile; }

/// Why a datagram is not an RTP packet.
enum class ParseError : std::uint8_t {
  TooShort,            ///< Shorter than the fixed header.
  BadVersion,          ///< Not version 2.
  TruncatedCsrcs,      ///< The list of contributing sources runs over the end.
  TruncatedExtension,  ///< The header extension runs over the end.
  BadPadding,          ///< RFC 3550 s.5.1: its length is zero, or more than what the header leaves.
  Count
};

std::string_view toString(ParseError error);

/// RFC 5761 s.4: of what came in on one port for both, the second octet tells RTCP (192 to 223) from RTP. False for what
/// is too short to be either.
bool looksLikeRtcp(base::Bytes datagram);

/// One element of a header extension. The value borrows the packet.
struct ExtensionElement {
  std::uint8_t id = 0;
  base::Bytes value;
};

/// The elements of a header extension, to be iterated. Padding is skipped; a malformed rest ends the iteration, and so do
/// id 15 in one-byte headers (RFC 8285 s.4.2) and a profile that is neither form.
class ExtensionElements {
 public:
  class Iterator {
   public:
    using value_type = ExtensionElement;
    using difference_type = std::ptrdiff_t;
    using iterator_category = std::input_iterator_tag;
    using pointer = const ExtensionElement*;
    using reference = const ExtensionElement&;

    Iterator() = default;
    Iterator(base::Bytes rest, bool twoByte) : rest_(rest), twoByte_(twoByte) { next(); }
    const ExtensionElement& operator*() const { return element_; }
    const ExtensionElement* operator->() const { return &element_; }
    Iterator& operator++() {
      next();
      return *this;
    }
    void operator++(int) { next(); }
    friend bool operator==(const Iterator& it, std::default_sentinel_t) { return it.done_; }

   private:
    void next();
    base::Bytes rest_;
    bool twoByte_ = false;
    bool done_ = false;
    ExtensionElement element_;
  };

  ExtensionElements() = default;
  ExtensionElements(std::uint16_t profile, base::Bytes bytes)
      : twoByte_(isTwoByteProfile(profile)), bytes_(twoByte_ || profile == oneByteProfile ? bytes : base::Bytes{}) {}
  Iterator begin() const { return Iterator(bytes_, twoByte_); }
  std::default_sentinel_t end() const { return {}; }

 private:
  bool twoByte_ = false;
  base::Bytes bytes_;
};

/// A view of an RTP packet that parsed. It borrows the packet's bytes, and what its getters return does as well.
class PacketView {
 public:
  static base::Result<PacketView, ParseError> parse(base::Bytes datagram);

  bool marker() const { return bytes_[1] & 0x80; }
  std::uint8_t payloadType() const { return bytes_[1] & 0x7f; }
  std::uint16_t sequenceNumber() const { return base::load16(bytes_.data() + 2); }
  std::uint32_t timestamp() const { return base::load32(bytes_.data() + 4); }
  std::uint32_t ssrc() const { return base::load32(bytes_.data() + 8); }

  std::size_t csrcCount() const { return bytes_[0] & 0x0f; }
  /// Precondition: i < csrcCount().
  std::uint32_t csrc(std::size_t i) const { return base::load32(bytes_.data() + fixedHeaderSize + 4 * i); }

  bool hasExtension() const { return bytes_[0] & 0x10; }
  /// 0 without an extension.
  std::uint16_t extensionProfile() const { return hasExtension() ? base::load16(bytes_.data() + csrcsEnd()) : 0; }
  ExtensionElements extensions() const { return {extensionProfile(), extensionBytes()}; }
  /// The first element with this id.
  std::optional<base::Bytes> extension(std::uint8_t id) const;
  /// The same, parsed; nothing if it is not there or malformed. An id of 0 (not negotiated) is never there.
  template <extension::Extension E>
  std::optional<E> extension(std::uint8_t id) const {
    auto value = extension(id);
    return value ? E::parse(*value) : std::nullopt;
  }

  std::size_t headerSize() const { return headerSize_; }
  base::Bytes payload() const { return bytes_.subspan(headerSize_, bytes_.size() - headerSize_ - paddingSize_); }
  /// With the octet that counts it.
  std::size_t paddingSize() const { return paddingSize_; }
  base::Bytes bytes() const { return bytes_; }

 private:
  friend class PacketEditor;
  PacketView() = default;
  std::size_t csrcsEnd() const { return fixedHeaderSize + 4 * csrcCount(); }
  base::Bytes extensionBytes() const {
    return hasExtension() ? bytes_.subspan(csrcsEnd() + 4, headerSize_ - csrcsEnd() - 4) : base::Bytes{};
  }

  base::Bytes bytes_;
  std::uint16_t headerSize_ = 0;
  std::uint16_t paddingSize_ = 0;
};

/// Changes fields of a packet where it lies: what a forwarder rewrites, and what is known only when the packet leaves
/// (abs-send-time, transport-wide numbers). Sizes do not change. It borrows the bytes.
class PacketEditor {
 public:
  /// Precondition: the bytes parse as a packet.
  explicit PacketEditor(base::MutableBytes packet) : bytes_(packet) {}

  void setMarker(bool marker) { bytes_[1] = static_cast<std::uint8_t>((bytes_[1] & 0x7f) | (marker ? 0x80 : 0)); }
  void setPayloadType(std::uint8_t type) {
    bytes_[1] = static_cast<std::uint8_t>((bytes_[1] & 0x80) | (type & 0x7f));
  }
  void setSequenceNumber(std::uint16_t number) { base::store16(bytes_.data() + 2, number); }
  void setTimestamp(std::uint32_t timestamp) { base::store32(bytes_.data() + 4, timestamp); }
  void setSsrc(std::uint32_t ssrc) { base::store32(bytes_.data() + 8, ssrc); }

  /// The value of the first element with this id, to be overwritten; nothing if there is none.
  std::optional<base::MutableBytes> extension(std::uint8_t id);
  /// Overwrites an element. False if it is not there or is of another size.
  template <extension::Extension E>
  bool setExtension(std::uint8_t id, const E& value) {
    auto at = extension(id);
    if (!at || value.size() != at->size()) return false;
    value.write(*at);
    return true;
  }
  /// Gives the elements the ids of another negotiation: `newId(oldId)`, 0 to blot the element out (it becomes padding). An
  /// id over 14 does not fit a one-byte header: that element is blotted out, too.
  template <class Function>
  void renumberExtensions(Function newId) {
    forEachHeader([&](std::uint8_t id, std::size_t at, std::size_t length, bool twoByte) {
      renumber(at, length, twoByte, newId(id));
    });
  }

 private:
  template <class Function>
  void forEachHeader(Function function) {
    auto view = PacketView::parse(bytes_);
    if (!view) return;
    bool twoByte = isTwoByteProfile(view->extensionProfile());
    for (const ExtensionElement& e : view->extensions()) {
      auto value = static_cast<std::size_t>(e.value.data() - bytes_.data());
      function(e.id, value - (twoByte ? 2 : 1), e.value.size(), twoByte);
    }
  }
  void renumber(std::size_t at, std::size_t length, bool twoByte, std::uint8_t id);

  base::MutableBytes bytes_;
};

}  // namespace parley::rtp
