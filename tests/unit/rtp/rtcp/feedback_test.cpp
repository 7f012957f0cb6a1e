#include "rtp/rtcp/bitrate_limit.hpp"
#include "rtp/rtcp/congestion_feedback.hpp"
#include "rtp/rtcp/key_frame_request.hpp"
#include "rtp/rtcp/nack.hpp"
#include "support/vector_file.hpp"
#include "unit/rtp/rtcp/support.hpp"

#include <limits>

using namespace parley;
using namespace parley::rtp::rtcp;
using namespace parley::test;

namespace {

std::vector<NackItem> pack(const std::vector<std::uint16_t>& lost) {
  std::vector<NackItem> items;
  packNackItems(lost, items);
  return items;
}

std::vector<std::uint16_t> lostOf(const Nack& nack) {
  std::vector<std::uint16_t> lost;
  nack.forEachLost([&](std::uint16_t number) { lost.push_back(number); });
  return lost;
}

}  // namespace

TEST_CASE("lost packets are asked for by seventeen in an item, over the wrap as well") {
  CHECK(pack({}).empty());
  CHECK(pack({5}) == std::vector<NackItem>{{5, 0}});
  CHECK(pack({5, 5, 6, 21, 22}) == std::vector<NackItem>{{5, 0x8001}, {22, 0}});
  CHECK(pack({0xffff, 0, 15}) == std::vector<NackItem>{{0xffff, 0x8001}});
  const std::vector<std::uint16_t> lost = {0xfff0, 0xfff1, 0, 1, 17, 18, 1000};
  auto items = pack(lost);
  CHECK(lostOf(Nack{1, 2, std::span<const NackItem>(items)}) == lost);
}

TEST_CASE("a NACK is read as it was written, and one without items is none") {
  const NackItem items[] = {{0x1234, 0x8001}, {0x5678, 0}};
  auto bytes = written(Nack{1, 2, items});
  CHECK(base::toHex(bytes) == "81cd0004" "00000001" "00000002" "12348001" "56780000");
  auto read = parse<Nack>(bytes);
  REQUIRE(read);
  CHECK(read->sender == 1);
  CHECK(read->media == 2);
  CHECK(lostOf(*read) == std::vector<std::uint16_t>{0x1234, 0x1235, 0x1244, 0x5678});
  CHECK_FALSE(parse<Nack>(hex("81cd0002" "00000001" "00000002")));
  CHECK_FALSE(parse<Nack>(hex("81cd0001" "00000001")));
}

TEST_CASE("key frames are asked for by PLI and by FIR") {
  auto pli = written(Pli{1, 2});
  CHECK(base::toHex(pli) == "81ce0002" "00000001" "00000002");
  CHECK(parse<Pli>(pli)->media == 2);
  checkNoShorterOne<Pli>(pli);
  const FirItem items[] = {{3, 4}, {5, 255}};
  auto fir = written(Fir{1, items});
  CHECK(base::toHex(fir) == "84ce0006" "00000001" "00000000" "00000003" "04000000" "00000005" "ff000000");
  auto read = parse<Fir>(fir);
  REQUIRE(read);
  REQUIRE(read->items.size() == 2);
  CHECK(read->items[1] == FirItem{5, 255});
  CHECK_FALSE(parse<Fir>(hex("84ce0002" "00000001" "00000000")));
  CHECK_FALSE(parse<Fir>(hex("84ce0003" "00000001" "00000000" "00000003")));
}

TEST_CASE("bit rates lose their low bits on the wire, never their size") {
  const std::uint32_t ssrcs[] = {7, 8};
  auto rate = [&](std::uint64_t bitrate) { return parse<Remb>(written(Remb{1, bitrate, ssrcs}))->bitrate; };
  CHECK(rate(0) == 0);
  CHECK(rate(0x3ffff) == 0x3ffff);
  CHECK(rate(0x40001) == 0x40000);
  CHECK(rate(10'000'000) <= 10'000'000);
  CHECK(rate(10'000'000) > 9'999'900);
  CHECK(rate(std::numeric_limits<std::uint64_t>::max()) == 0x3ffffull << 46);
  auto bytes = written(Remb{1, 0x3ffff, ssrcs});
  CHECK(base::toHex(bytes) == "8fce0006" "00000001" "00000000" "52454d42" "0203ffff" "00000007" "00000008");
  auto read = parse<Remb>(bytes);
  CHECK(read->ssrcs.size() == 2);
  CHECK(read->ssrcs[1] == 8);
  // An exponent of 63: more than 64 bits hold.
  auto huge = hex("8fce0005" "00000001" "00000000" "52454d42" "01ffffff" "00000007");
  CHECK(parse<Remb>(huge)->bitrate == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("other application layer feedback is no REMB, and one with a wrong number of sources is malformed") {
  CHECK_FALSE(Remb::matches(only(hex("8fce0005" "00000001" "00000000" "41464246" "01ffffff" "00000007"))));
  CHECK_FALSE(Remb::matches(only(hex("8fce0002" "00000001" "00000000"))));
  CHECK_FALSE(parse<Remb>(hex("8fce0005" "00000001" "00000000" "52454d42" "02ffffff" "00000007")));
  CHECK_FALSE(parse<Remb>(hex("8fce0003" "00000001" "00000000" "52454d42")));
}

TEST_CASE("a limit for one stream is asked for by TMMBR and confirmed by TMMBN") {
  const BitrateLimit limits[] = {{3, 0x1ffff, 40}, {4, 1ull << 40, 511}};
  auto bytes = written(Tmmbr{1, limits});
  CHECK(base::toHex(bytes) == "83cd0006" "00000001" "00000000" "00000003" "03fffe28" "00000004" "620001ff");
  auto read = parse<Tmmbr>(bytes);
  REQUIRE(read);
  CHECK(read->limits[0] == limits[0]);
  CHECK(read->limits[1] == limits[1]);
  CHECK_FALSE(parse<Tmmbr>(hex("83cd0002" "00000001" "00000000")));
  CHECK_FALSE(parse<Tmmbr>(hex("83cd0003" "00000001" "00000000" "00000003")));
  auto empty = written(Tmmbn{1, {}});
  CHECK(parse<Tmmbn>(empty)->limits.empty());
  CHECK(parse<Tmmbn>(written(Tmmbn{1, limits}))->limits[1] == limits[1]);
}

TEST_CASE("congestion control feedback tells of each packet whether, when and how marked it came (RFC 8888)") {
  const PacketMetric first[] = {{true, 3, 0x1ffc}, {}, {true, 0, PacketMetric::offsetUnavailable}};
  const PacketMetric second[] = {{true, 1, 0}, {true, 0, PacketMetric::offsetTooLarge}};
  const StreamMetrics streams[] = {{2, 0xfffe, first}, {3, 7, second}, {4, 8, {}}};
  CongestionFeedback feedback(1, streams, 0x01020304);
  auto bytes = written(feedback);
  CHECK(base::toHex(bytes) == "8bcd000b" "00000001" "00000002fffe0003" "fffc0000" "9fff0000"
                              "0000000300070002" "a0009ffe" "0000000400080000" "01020304");
  auto read = parse<CongestionFeedback>(bytes);
  REQUIRE(read);
  CHECK(read->sender() == 1);
  CHECK(read->timestamp() == 0x01020304);
  std::size_t i = 0;
  read->forEach([&](const StreamMetrics& stream) {
    REQUIRE(i < 3);
    CHECK(stream.ssrc == streams[i].ssrc);
    CHECK(stream.beginSequence == streams[i].beginSequence);
    REQUIRE(stream.metrics.size() == streams[i].metrics.size());
    for (std::size_t k = 0; k < stream.metrics.size(); ++k) CHECK(stream.metrics[k] == streams[i].metrics[k]);
    ++i;
  });
  CHECK(i == 3);
  CHECK(written(*read) == bytes);
}

TEST_CASE("congestion control feedback that does not add up is refused") {
  CHECK(parse<CongestionFeedback>(hex("8bcd0002" "00000001" "00000001")));
  CHECK_FALSE(parse<CongestionFeedback>(hex("8bcd0001" "00000001")));
  CHECK_FALSE(parse<CongestionFeedback>(hex("8bcd0003" "00000001" "00000002" "00000001")));
  CHECK_FALSE(parse<CongestionFeedback>(hex("8bcd0004" "00000001" "00000002" "00000001" "00000001")));
  CHECK_FALSE(parse<CongestionFeedback>(hex("8bcd0004" "00000001" "00000002" "00004001" "00000001")));
}

TEST_CASE("congestion control feedback of other implementations is read as they meant it") {
  for (const auto& record : readVectorFile(PARLEY_STANDARDS, "rtcp/rfc8888_ccfb.vec")) {
    INFO(record.name);
    auto text = [](const PacketMetric& metric) -> std::string {
      if (!metric.received) return "lost";
      std::string offset = std::to_string(metric.arrivalOffset);
      if (metric.arrivalOffset == PacketMetric::offsetTooLarge) offset = "over";
      if (metric.arrivalOffset == PacketMetric::offsetUnavailable) offset = "unknown";
      return "ecn" + std::to_string(metric.ecn) + " " + offset;
    };
    if (record.has("block")) {
      CHECK(text(PacketMetric::read(hex(record.values.at("block")).data())) == record.values.at("expect_text"));
      continue;
    }
    auto bytes = hex(record.values.at("packet"));
    auto read = parse<CongestionFeedback>(bytes);
    REQUIRE(read);
    std::string packets;
    read->forEach([&](const StreamMetrics& stream) {
      for (std::size_t i = 0; i < stream.metrics.size(); ++i) {
        auto metric = text(stream.metrics[i]);
        auto space = metric.find(' ');
        if (space != std::string::npos) metric[space] = ':';
        Octets ssrc(4);
        base::store32(ssrc.data(), stream.ssrc);
        packets += (packets.empty() ? "" : " ") + base::toHex(ssrc) + ":" + std::to_string(stream.beginSequence + i) +
                   ":" + metric;
      }
    });
    CHECK((packets.empty() ? "none" : packets) == record.values.at("packets_text"));
    CHECK(written(*read) == bytes);
  }
}
