#include "base/packet_pool.hpp"
#include "rtp/extension/audio_level.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/extension/transport.hpp"
#include "rtp/packet_builder.hpp"
#include "support/catch.hpp"

#include <string>
#include <vector>

using namespace parley;
using namespace parley::rtp;

namespace {

const HeaderFields fields{96, 0x1234, 0x01020304, 0xcafebabe, true};

std::string hexOf(const Packet& packet) { return base::toHex(packet.bytes()); }

}  // namespace

TEST_CASE("a packet without extensions is its fixed header, its sources and what is appended") {
  base::PacketPool pool;
  PacketBuilder builder(pool, fields);
  const std::uint32_t csrcs[] = {1, 2};
  builder.setCsrcs(csrcs);
  CHECK(builder.size() == 20);
  Packet packet = builder.take();
  const std::uint8_t payload[] = {0xaa, 0xbb};
  packet.append(payload);
  CHECK(hexOf(packet) == "82e012340102030" "4cafebabe" "00000001" "00000002" "aabb");
}

TEST_CASE("more than fifteen sources do not fit, and the others are there") {
  base::PacketPool pool;
  PacketBuilder builder(pool, fields);
  builder.setCsrcs(std::vector<std::uint32_t>(20, 7));
  Packet packet = builder.take();
  CHECK(PacketView::parse(packet.bytes())->csrcCount() == 15);
}

TEST_CASE("extensions have one-byte headers as long as they fit them") {
  base::PacketPool pool;
  PacketBuilder builder(pool, fields, ExtensionForm::Mixed);
  CHECK(builder.add(1, extension::Mid{{"0"}}));
  CHECK(builder.add(3, extension::TransportSequenceNumber{0x0506}));
  CHECK(builder.size() == 24);
  CHECK(hexOf(builder.take()) == "90e0123401020304cafebabe" "bede0002" "1030" "310506" "000000");
}

TEST_CASE("an element that needs a two-byte header turns the others into such, if mixing is agreed") {
  base::PacketPool pool;
  std::vector<std::uint8_t> longValue(17, 0xcc);
  SECTION("a long value") {
    PacketBuilder builder(pool, fields, ExtensionForm::Mixed);
    CHECK(builder.add(1, extension::Mid{{"ab"}}));
    CHECK(builder.add(2, extension::AudioLevel{5, false}));
    CHECK(builder.addBytes(3, longValue));
    CHECK(builder.add(4, extension::AudioLevel{6, false}));
    Packet packet = builder.take();
    auto view = PacketView::parse(packet.bytes());
    REQUIRE(view);
    CHECK(view->extensionProfile() == twoByteProfile);
    CHECK(view->extension<extension::Mid>(1)->text == "ab");
    CHECK(view->extension<extension::AudioLevel>(2)->level == 5);
    CHECK(view->extension(3)->size() == 17);
    CHECK(view->extension<extension::AudioLevel>(4)->level == 6);
    CHECK(view->payload().empty());
  }
  SECTION("a high id, and an empty value") {
    PacketBuilder builder(pool, fields, ExtensionForm::Mixed);
    CHECK(builder.addBytes(15, {}));
    CHECK(builder.add(255, extension::AudioLevel{5, true}));
    CHECK(hexOf(builder.take()) == "90e0123401020304cafebabe" "10000002" "0f00" "ff0185" "000000");
  }
  SECTION("not agreed: they are refused, and the rest stays") {
    PacketBuilder builder(pool, fields);
    CHECK(builder.add(1, extension::Mid{{"0"}}));
    CHECK_FALSE(builder.addBytes(3, longValue));
    CHECK_FALSE(builder.add(15, extension::AudioLevel{}));
    CHECK_FALSE(builder.addBytes(2, {}));
    CHECK(hexOf(builder.take()) == "90e0123401020304cafebabe" "bede0001" "1030" "0000");
  }
}

TEST_CASE("an extension that was not negotiated is not written") {
  base::PacketPool pool;
  PacketBuilder builder(pool, fields);
  CHECK_FALSE(builder.add(0, extension::Mid{{"0"}}));
  Packet packet = builder.take();
  CHECK(packet.size() == fixedHeaderSize);
}

TEST_CASE("space is kept for what is known when the packet leaves") {
  base::PacketPool pool;
  PacketBuilder builder(pool, fields);
  REQUIRE(builder.reserve(5, 3));
  Packet packet = builder.take();
  CHECK(PacketEditor(packet.bytes()).setExtension(5, extension::AbsSendTime{0x123456}));
  CHECK(PacketView::parse(packet.bytes())->extension<extension::AbsSendTime>(5)->units == 0x123456);
}

TEST_CASE("a header never outgrows its packet") {
  base::PacketPool pool;
  PacketBuilder builder(pool, fields, ExtensionForm::Mixed);
  std::vector<std::uint8_t> value(255, 1);
  int added = 0;
  for (std::uint8_t id = 1; id < 30; ++id) added += builder.addBytes(id, value);
  CHECK(added == 6);
  Packet packet = builder.take();
  CHECK(PacketView::parse(packet.bytes()));
}

TEST_CASE("padding is counted by its last octet") {
  base::PacketPool pool;
  Packet packet = PacketBuilder(pool, fields).take();
  addPadding(packet, 255);
  auto view = PacketView::parse(packet.bytes());
  REQUIRE(view);
  CHECK(view->paddingSize() == 255);
  CHECK(view->payload().empty());
}

TEST_CASE("building a packet takes one buffer of the pool, which comes back") {
  base::PacketPool pool;
  {
    PacketBuilder builder(pool, fields);
    builder.add(1, extension::Mid{{"0"}});
    Packet packet = builder.take();
    CHECK(pool.outstanding() == 1);
  }
  CHECK(pool.outstanding() == 0);
}
