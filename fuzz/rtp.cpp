#include "base/packet_pool.hpp"
#include "rtp/packet.hpp"
#include "rtp/packet_builder.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace {

using namespace parley;
using namespace parley::rtp;

bool same(base::Bytes a, base::Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

/// The same packet, written by the builder; nothing if it is longer than a packet of ours may be.
Packet write(base::PacketPool& pool, const PacketView& view) {
  PacketBuilder builder(pool,
                        {view.payloadType(), view.sequenceNumber(), view.timestamp(), view.ssrc(), view.marker()},
                        ExtensionForm::Mixed);
  std::vector<std::uint32_t> csrcs;
  for (std::size_t i = 0; i < view.csrcCount(); ++i) csrcs.push_back(view.csrc(i));
  builder.setCsrcs(csrcs);
  for (const ExtensionElement& e : view.extensions())
    if (!builder.addBytes(e.id, e.value)) return {};
  Packet packet = builder.take();
  if (packet.tailroom() < view.payload().size() + view.paddingSize()) return {};
  packet.append(view.payload());
  if (view.paddingSize() > 0) addPadding(packet, view.paddingSize());
  return packet;
}

void checkSame(const PacketView& a, const PacketView& b) {
  FUZZ_CHECK(a.marker() == b.marker() && a.payloadType() == b.payloadType() && a.ssrc() == b.ssrc());
  FUZZ_CHECK(a.sequenceNumber() == b.sequenceNumber() && a.timestamp() == b.timestamp());
  FUZZ_CHECK(a.csrcCount() == b.csrcCount() && a.paddingSize() == b.paddingSize());
  FUZZ_CHECK(same(a.payload(), b.payload()));
  auto other = b.extensions().begin();
  for (const ExtensionElement& e : a.extensions()) {
    FUZZ_CHECK(!(other == std::default_sentinel));
    FUZZ_CHECK(e.id == other->id && same(e.value, other->value));
    ++other;
  }
  FUZZ_CHECK(other == std::default_sentinel);
}

}  // namespace

// RTP packets: whatever parses is written again and is the same, and changing it in place leaves it a packet.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto view = PacketView::parse({data, size});
  if (!view) return 0;
  FUZZ_CHECK(view->headerSize() + view->payload().size() + view->paddingSize() == size);
  base::PacketPool pool(4);
  if (Packet packet = write(pool, *view)) {
    auto again = PacketView::parse(packet.bytes());
    FUZZ_CHECK(again.has_value());
    checkSame(*view, *again);
  }

  std::vector<std::uint8_t> changed(data, data + size);
  PacketEditor editor(changed);
  editor.setSsrc(1);
  editor.setSequenceNumber(2);
  editor.setTimestamp(3);
  editor.setPayloadType(4);
  editor.setMarker(!view->marker());
  editor.renumberExtensions([](std::uint8_t id) { return static_cast<std::uint8_t>(id / 2); });
  auto after = PacketView::parse(changed);
  FUZZ_CHECK(after.has_value());
  FUZZ_CHECK(after->ssrc() == 1 && after->sequenceNumber() == 2 && after->timestamp() == 3);
  FUZZ_CHECK(after->payloadType() == 4 && after->marker() != view->marker());
  FUZZ_CHECK(same(after->payload(), view->payload()));
  return 0;
}
