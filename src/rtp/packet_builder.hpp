#pragma once

#include "base/packet_pool.hpp"
#include "rtp/packet.hpp"

#include <parley/packet.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace parley::rtp {

/// The fixed header's fields (RFC 3550 s.5.1).
struct HeaderFields {
  std::uint8_t payloadType = 0;
  std::uint16_t sequenceNumber = 0;
  std::uint32_t timestamp = 0;
  std::uint32_t ssrc = 0;
  bool marker = false;
};

/// Which extension headers a packet may have. Two-byte ones are for streams where both sides said a=extmap-allow-mixed
/// (RFC 8285 s.4.1.2); a packet has them only if an element needs them: an id over 14, or a value that is empty or longer
/// than 16 octets.
enum class ExtensionForm : std::uint8_t { OneByte, Mixed };

/// Writes an RTP packet's header into a packet of the pool: nothing is allocated or copied. Header extensions first, then
/// `take`, then the payload by `Packet::append`, and padding if any. What changes later: `PacketEditor(packet.bytes())`.
///
///     PacketBuilder builder(pool, fields);
///     builder.add(ids.mid, extension::Mid{"0"});
///     Packet packet = builder.take();
///     packet.append(payload);
class PacketBuilder {
 public:
  PacketBuilder(base::PacketPool& pool, const HeaderFields& fields, ExtensionForm form = ExtensionForm::OneByte);

  /// At most 15; those beyond are left out. Before the first extension.
  void setCsrcs(std::span<const std::uint32_t> csrcs);

  /// Adds an element. False, and nothing is added, if it fits neither the form nor the packet, or if the id is 0 (not
  /// negotiated).
  template <extension::Extension E>
  bool add(std::uint8_t id, const E& value) {
    auto at = reserve(id, value.size());
    if (!at) return false;
    value.write(*at);
    return true;
  }
  bool addBytes(std::uint8_t id, base::Bytes value);
  /// Space for an element that is written later by `PacketEditor::setExtension`; zeros until then.
  std::optional<base::MutableBytes> reserve(std::uint8_t id, std::size_t size);

  /// What the header takes so far, as `take` would return it.
  std::size_t size() const;
  /// The packet with its header complete. The builder is used up.
  Packet take();

 private:
  void startExtension();
  void widen();

  Packet packet_;
  ExtensionForm form_;
  std::size_t extension_ = 0;  // where the extension header begins; 0 = none yet
  bool twoByte_ = false;
};

/// Pads the end with `n` octets (RFC 3550 s.5.1). Precondition: 1 <= n <= 255, and they fit in the tailroom.
void addPadding(Packet& packet, std::size_t n);

}  // namespace parley::rtp
