#include "rtp/rtcp/app.hpp"
#include "rtp/rtcp/bye.hpp"
#include "rtp/rtcp/extended_report.hpp"
#include "rtp/rtcp/report.hpp"
#include "rtp/rtcp/source_description.hpp"
#include "unit/rtp/rtcp/support.hpp"

#include <utility>

using namespace parley;
using namespace parley::rtp;
using namespace parley::rtp::rtcp;
using namespace parley::test;

namespace {

const ReportBlock block{0x11111111, 0x80, -2, 0x00010002, 3, 0x44444444, 5};
const std::string blockHex = "11111111" "80fffffe" "00010002" "00000003" "44444444" "00000005";

using Items = std::vector<std::pair<std::uint32_t, std::string>>;
Items itemsOf(const SourceDescription& description) {
  Items items;
  description.forEach([&](std::uint32_t ssrc, const SdesItem& item) {
    items.emplace_back(ssrc, std::to_string(static_cast<int>(item.type)) + ":" + std::string(item.text));
  });
  return items;
}

}  // namespace

TEST_CASE("a sender report carries the sender's clocks and counts, and its report blocks") {
  const ReportBlock blocks[] = {block, block};
  SenderReport report{0x01020304, NtpTime{0x1122334455667788}, 9, 10, 11, blocks};
  auto bytes = written(report);
  CHECK(base::toHex(bytes) == "82c80012" "01020304" "1122334455667788" "00000009" "0000000a" "0000000b" + blockHex + blockHex);
  auto read = parse<SenderReport>(bytes);
  REQUIRE(read);
  CHECK(read->ssrc == 0x01020304);
  CHECK(read->ntp.value == 0x1122334455667788);
  CHECK(read->rtpTimestamp == 9);
  CHECK(read->packetCount == 10);
  CHECK(read->octetCount == 11);
  REQUIRE(read->reports.size() == 2);
  CHECK(read->reports[1].cumulativeLost == -2);
  CHECK(read->reports[1].fractionLost == 0x80);
  CHECK(read->reports[1].delaySinceLastSenderReport == 5);
  CHECK(written(*read) == bytes);
  checkNoShorterOne<SenderReport>(bytes);
}

TEST_CASE("a receiver report is as long as its blocks, of which 31 are written") {
  const ReportBlock blocks[40] = {};
  ReceiverReport report{7, blocks};
  auto bytes = written(report);
  CHECK(bytes.size() == 8 + 31 * 24);
  auto read = parse<ReceiverReport>(bytes);
  REQUIRE(read);
  CHECK(read->reports.size() == 31);
  checkNoShorterOne<ReceiverReport>(bytes);
  // Profile-specific extensions behind the blocks are none of ours.
  auto extended = hex("80c90002" "00000007" "deadbeef");
  CHECK(parse<ReceiverReport>(extended)->reports.empty());
}

TEST_CASE("lost packets are a number of 24 bits with a sign, cut to that") {
  auto lost = [](std::int32_t value) {
    const ReportBlock blocks[] = {{1, 0, value, 0, 0, 0, 0}};
    return parse<ReceiverReport>(written(ReceiverReport{1, blocks}))->reports[0].cumulativeLost;
  };
  CHECK(lost(0x7fffff) == 0x7fffff);
  CHECK(lost(-0x800000) == -0x800000);
  CHECK(lost(0x800000) == 0x7fffff);
  CHECK(lost(-0x800001) == -0x800000);
}

TEST_CASE("source descriptions are chunks of items, each padded to a word by one zero at least") {
  const SdesItem first[] = {{SdesType::Cname, "abcd"}, {SdesType::Mid, "0"}};
  const SdesItem second[] = {{SdesType::Cname, "xy"}};
  const SdesChunk chunks[] = {{1, first}, {2, second}};
  SourceDescription description(chunks);
  auto bytes = written(description);
  // The first chunk's items are nine octets, the second's four: so much that a whole word of zeros follows.
  CHECK(base::toHex(bytes) == "82ca0007" "00000001" "010461626364" "0f0130" "000000" "00000002" "01027879" "00000000");
  auto read = parse<SourceDescription>(bytes);
  REQUIRE(read);
  CHECK(itemsOf(*read) == Items{{1, "1:abcd"}, {1, "15:0"}, {2, "1:xy"}});
  CHECK(itemsOf(description) == itemsOf(*read));
  CHECK(read->find(1, SdesType::Mid) == "0");
  CHECK(read->find(2, SdesType::Cname) == "xy");
  CHECK_FALSE(read->find(2, SdesType::Mid));
  checkNoShorterOne<SourceDescription>(bytes);
}

TEST_CASE("texts of SDES may be empty or 255 octets long, and no longer") {
  const std::string longest(300, 'x');
  const SdesItem items[] = {{SdesType::Cname, ""}, {SdesType::RtpStreamId, longest}};
  const SdesChunk chunks[] = {{1, items}};
  auto bytes = written(SourceDescription(chunks));
  auto read = parse<SourceDescription>(bytes);
  REQUIRE(read);
  CHECK(read->find(1, SdesType::Cname) == "");
  CHECK(read->find(1, SdesType::RtpStreamId)->size() == 255);
}

TEST_CASE("chunks without items or without an end") {
  auto empty = parse<SourceDescription>(hex("82ca0004" "00000001" "00000000" "00000002" "00000000"));
  REQUIRE(empty);
  CHECK(itemsOf(*empty).empty());
  CHECK(parse<SourceDescription>(hex("80ca0000")));
  CHECK_FALSE(parse<SourceDescription>(hex("81ca0000")));
  CHECK_FALSE(parse<SourceDescription>(hex("81ca0001" "00000001")));
  CHECK_FALSE(parse<SourceDescription>(hex("81ca0002" "00000001" "01026162")));
  CHECK_FALSE(parse<SourceDescription>(hex("81ca0002" "00000001" "01ff6162")));
  CHECK_FALSE(parse<SourceDescription>(hex("81ca0002" "00000001" "01016101")));
}

TEST_CASE("a goodbye names its sources, and perhaps a reason") {
  const std::uint32_t ssrcs[] = {1, 2};
  auto bytes = written(Bye{ssrcs, "done"});
  CHECK(base::toHex(bytes) == "82cb0004" "00000001" "00000002" "04646f6e65" "000000");
  auto read = parse<Bye>(bytes);
  REQUIRE(read);
  CHECK(read->ssrcs.size() == 2);
  CHECK(read->ssrcs[1] == 2);
  CHECK(read->reason == "done");
  CHECK(hexOf(Bye{ssrcs, {}}) == "82cb0002" "00000001" "00000002");
  CHECK(parse<Bye>(written(Bye{{}, std::string(300, 'x')}))->reason.size() == 255);
  CHECK_FALSE(parse<Bye>(hex("82cb0001" "00000001")));
  CHECK_FALSE(parse<Bye>(hex("81cb0002" "00000001" "04616263")));
  // Exactly full, without a zero behind it.
  CHECK(parse<Bye>(hex("81cb0002" "00000001" "03616263"))->reason == "abc");
}

TEST_CASE("an application's packet has a name and data") {
  auto data = hex("aabbccdd");
  auto bytes = written(App{31, 1, {'N', 'A', 'M', 'E'}, data});
  CHECK(base::toHex(bytes) == "9fcc0003" "00000001" "4e414d45" "aabbccdd");
  auto read = parse<App>(bytes);
  REQUIRE(read);
  CHECK(read->subtype == 31);
  CHECK(read->name[3] == 'E');
  CHECK(base::toHex(read->data) == "aabbccdd");
  CHECK_FALSE(parse<App>(hex("80cc0001" "00000001")));
}

TEST_CASE("extended reports ask for a round trip, and answer") {
  const DlrrItem items[] = {{1, 2, 3}, {4, 5, 6}};
  ExtendedReport report{9, NtpTime{0x0102030405060708}, items};
  auto bytes = written(report);
  CHECK(base::toHex(bytes) == "80cf000b" "00000009" "04000002" "0102030405060708" "05000006"
                              "000000010000000200000003" "000000040000000500000006");
  auto read = parse<ExtendedReport>(bytes);
  REQUIRE(read);
  CHECK(read->receiverReferenceTime->value == 0x0102030405060708);
  REQUIRE(read->dlrr.size() == 2);
  CHECK(read->dlrr[1].delaySinceLastReceiverReport == 6);
  CHECK(hexOf(ExtendedReport{9}) == "80cf0001" "00000009");
}

TEST_CASE("unknown blocks of extended reports are skipped, and those that run over refused") {
  auto read = parse<ExtendedReport>(hex("80cf0006" "00000009" "2a000001" "ffffffff" "04000002" "0102030405060708"));
  REQUIRE(read);
  CHECK(read->receiverReferenceTime);
  // A known block of a wrong length is as good as unknown.
  CHECK_FALSE(parse<ExtendedReport>(hex("80cf0003" "00000009" "04000001" "ffffffff"))->receiverReferenceTime);
  CHECK(parse<ExtendedReport>(hex("80cf0003" "00000009" "05000001" "ffffffff"))->dlrr.empty());
  CHECK_FALSE(parse<ExtendedReport>(hex("80cf0002" "00000009" "04000002")));
  CHECK_FALSE(parse<ExtendedReport>(hex("80cf0000")));
}
