// What forwarding allocates for a packet: nothing. In an executable of its own, for it counts all allocations of the
// process.
#include "pc/media_plane.hpp"
#include "rtp/packet_builder.hpp"
#include "support/catch.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <vector>

namespace {
std::size_t made = 0;
}

void* operator new(std::size_t size) {
  ++made;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++made;
  return std::malloc(size);
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }

using namespace parley;
using namespace parley::pc;
using namespace std::chrono_literals;

namespace {

PlannedMedia section(bool sends) {
  PlannedCodec vp8;
  vp8.payloadType = sends ? 96 : 120;
  vp8.name = "VP8";
  vp8.clockRate = 90000;
  vp8.feedback = {{"nack", ""}, {"nack", "pli"}};
  PlannedMedia media;
  media.transceiver = 1;
  media.mid = "0";
  media.kind = MediaKind::Video;
  const std::vector<PlannedExtension> extensions{{4, "urn:ietf:params:rtp-hdrext:sdes:mid"}};
  PlannedEncoding encoding;
  encoding.ssrc = 77;
  if (sends)
    media.sending = PlannedSending{{vp8}, extensions, {encoding}, std::nullopt};
  else
    media.receiving = PlannedReceiving{{vp8}, extensions, {}, {}};
  return media;
}

}  // namespace

TEST_CASE("a packet that is forwarded to ten connections allocates nothing, once buffers have their size") {
  base::PacketPool pool(20000);
  base::SeededRandom random(1);
  Time now{1000s};
  dtls::SrtpKeys keys;
  keys.profile = dtls::SrtpProfile::AeadAes128Gcm;
  keys.localKey = keys.remoteKey = std::vector<std::uint8_t>(16, 3);
  keys.localSalt = keys.remoteSalt = std::vector<std::uint8_t>(12, 4);
  std::vector<std::unique_ptr<MediaPlane>> targets;
  std::vector<ForwardMap> maps(10);
  for (std::size_t i = 0; i < maps.size(); ++i) {
    targets.push_back(std::make_unique<MediaPlane>(MediaPlane::Config{}, pool, random));
    MediaPlan plan;
    plan.cname = "server";
    plan.sections = {section(true)};
    targets.back()->apply(plan, now);
    targets.back()->start(keys, now);
  }
  const auto origin = section(false);
  rtp::ReceiveStream stream({}, pool);

  std::uint64_t forwarded = 0, sent = 0, other = 0;
  const auto run = [&](std::uint16_t first, int count) {
    for (int i = 0; i < count; ++i) {
      now += 1ms;
      rtp::HeaderFields header;
      header.payloadType = 120;
      header.sequenceNumber = static_cast<std::uint16_t>(first + i);
      header.timestamp = static_cast<std::uint32_t>(i / 4 * 3000);
      header.ssrc = 5;
      header.marker = i % 4 == 3;
      Packet packet = rtp::PacketBuilder(pool, header).take();
      const bool begins = sent == 0;
      const std::uint8_t head[] = {0x90, 0x80, 0x81, static_cast<std::uint8_t>(i / 4),
                                   static_cast<std::uint8_t>(begins ? 0x10 : 0x11)};
      packet.append(head);
      const auto rest = packet.append(1000);
      std::fill(rest.begin(), rest.end(), std::uint8_t{0x5a});
      const auto view = rtp::PacketView::parse(packet.bytes());
      REQUIRE(view);
      const auto fields = rtp::payload::readLayerFields(rtp::payload::LayerFormat::Vp8, view->payload());
      const ReceivedPacket received{*view, stream, origin, 1, true, std::nullopt};
      for (std::size_t t = 0; t < targets.size(); ++t) {
        const ForwardedPacket one{received, fields, 90000, 0, std::nullopt, begins, maps[t]};
        forwarded += targets[t]->forward(1, one, now) == ForwardOutcome::Yes;
      }
      for (auto& target : targets)
        while (auto output = target->poll()) {
          if (std::holds_alternative<MediaPlane::Transmit>(*output))
            ++sent;
          else
            ++other;
        }
    }
  };
  run(100, 1500);  // History and pool grow to what they keep.
  const auto before = made;
  run(1600, 1000);
  CHECK(made - before <= 10);  // Catch2's own, and a ring that doubles; 10'000 packets went out.
  CHECK(forwarded == 25000);
  CHECK(sent >= 25000);  // And RTCP.
  CHECK(other == 0);
}
