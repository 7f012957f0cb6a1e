#include "rtp/rtcp/app.hpp"
#include "rtp/rtcp/bitrate_limit.hpp"
#include "rtp/rtcp/bye.hpp"
#include "rtp/rtcp/congestion_feedback.hpp"
#include "rtp/rtcp/extended_report.hpp"
#include "rtp/rtcp/key_frame_request.hpp"
#include "rtp/rtcp/nack.hpp"
#include "rtp/rtcp/report.hpp"
#include "rtp/rtcp/source_description.hpp"
#include "rtp/rtcp/transport_feedback.hpp"
#include "support/vector_file.hpp"
#include "unit/rtp/rtcp/support.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::rtp::rtcp;
using namespace parley::test;

namespace {

/// "pt/fmt/octets" of each packet, as the collection writes them.
std::string describe(const CompoundView& compound) {
  std::string text;
  const std::uint8_t* from = compound.bytes().data();
  for (const PacketView& packet : compound) {
    std::size_t octets = 4 * (std::size_t{base::load16(from + 2)} + 1);
    text += (text.empty() ? "" : " ") + std::to_string(static_cast<int>(packet.type)) + "/" +
            std::to_string(packet.count) + "/" + std::to_string(octets);
    from += octets;
  }
  return text;
}

template <class P>
bool survives(const PacketView& packet) {
  auto parsed = P::parse(packet);
  if (!parsed) return false;
  auto bytes = written(*parsed);
  auto again = P::parse(only(bytes));
  REQUIRE(again);
  CHECK(written(*again) == bytes);
  return true;
}

/// Whether some type claims the packet and can read it; what is read is written and read again.
bool readable(const PacketView& packet) {
  if (SenderReport::matches(packet)) return survives<SenderReport>(packet);
  if (ReceiverReport::matches(packet)) return survives<ReceiverReport>(packet);
  if (SourceDescription::matches(packet)) return SourceDescription::parse(packet).has_value();
  if (Bye::matches(packet)) return survives<Bye>(packet);
  if (App::matches(packet)) return survives<App>(packet);
  if (ExtendedReport::matches(packet)) return survives<ExtendedReport>(packet);
  if (Nack::matches(packet)) return survives<Nack>(packet);
  if (Tmmbr::matches(packet)) return survives<Tmmbr>(packet);
  if (Tmmbn::matches(packet)) return survives<Tmmbn>(packet);
  if (CongestionFeedback::matches(packet)) return survives<CongestionFeedback>(packet);
  if (TransportFeedback::matches(packet)) return TransportFeedback::parse(packet).has_value();
  if (Pli::matches(packet)) return survives<Pli>(packet);
  if (Fir::matches(packet)) return survives<Fir>(packet);
  if (Remb::matches(packet)) return survives<Remb>(packet);
  return false;
}

}  // namespace

TEST_CASE("a datagram is cut into its packets, those of unknown type included") {
  auto bytes = hex("80c9000100000001" "85ff0001aabbccdd" "80ca0000");
  auto compound = CompoundView::parse(bytes);
  REQUIRE(compound);
  CHECK(describe(*compound) == "201/0/8 255/5/8 202/0/4");
  auto second = ++compound->begin();
  CHECK(base::toHex(second->body) == "aabbccdd");
}

TEST_CASE("padding belongs to no packet's contents") {
  auto packet = only(hex("a0cc0003" "00000001" "41424344" "00000004"));
  CHECK(base::toHex(packet.body) == "0000000141424344");
  // One octet of it, as transport-wide feedback of some has it.
  CHECK(only(hex("afcd0001" "aabbcc01")).body.size() == 3);
}

TEST_CASE("one bad header makes a datagram no RTCP") {
  auto reason = [](const std::string& text) {
    auto compound = CompoundView::parse(hex(text));
    REQUIRE_FALSE(compound);
    return compound.error();
  };
  CHECK(reason("") == ParseError::TooShort);
  CHECK(reason("80c900") == ParseError::TooShort);
  CHECK(reason("80c9000100000001" "80c9") == ParseError::TooShort);
  CHECK(reason("40c9000100000001") == ParseError::BadVersion);
  CHECK(reason("80c9000100000001" "00000000") == ParseError::BadVersion);
  CHECK(reason("80c9000200000001") == ParseError::BadLength);
  CHECK(reason("a0c9000100000000") == ParseError::BadPadding);
  CHECK(reason("a0c9000100000005") == ParseError::BadPadding);
  CHECK(reason("a0c90000") == ParseError::BadPadding);
}

TEST_CASE("packets of other implementations are cut, read and written again, and their broken ones refused") {
  // What other tests refuse although its headers are sound. Wrong types and formats are errors only where a certain one
  // is wanted, and are read by nobody here.
  const std::vector<std::string> contents = {"errPacketTooShort", "errTooManyReports", "errTooManySources",
                                             "errBadLength"};
  for (const auto& record : readVectorFile(PARLEY_STANDARDS, "rtcp/packets.vec")) {
    INFO(record.name);
    auto bytes = hex(record.values.at("packet"));
    auto compound = CompoundView::parse(bytes);
    const auto& expected = record.values.at("compound_text");
    if (expected.starts_with("malformed")) {
      CHECK_FALSE(compound);
      continue;
    }
    if (!compound) {
      // The collection cuts by the lengths alone; padding is looked at here.
      CHECK(compound.error() == ParseError::BadPadding);
      continue;
    }
    CHECK(describe(*compound) == expected);
    bool all = true;
    for (const PacketView& packet : *compound) all = readable(packet) && all;
    if (record.has("want_error_text") &&
        std::find(contents.begin(), contents.end(), record.values.at("want_error_text")) != contents.end())
      CHECK_FALSE(all);
  }
}

TEST_CASE("a compound packet is built up to its limit, and what does not fit is left out") {
  base::PacketPool pool;
  CompoundBuilder builder(pool, 32);
  CHECK(builder.empty());
  CHECK(builder.add(ReceiverReport{1, {}}));
  CHECK(builder.add(Pli{1, 2}));
  CHECK(builder.size() == 20);
  CHECK(builder.room() == 12);
  const ReportBlock blocks[1] = {};
  CHECK_FALSE(builder.add(ReceiverReport{1, blocks}));
  CHECK(builder.add(Pli{1, 3}));
  CHECK_FALSE(builder.add(ReceiverReport{1, {}}));
  Packet packet = builder.take();
  CHECK(base::toHex(packet.bytes()) == "80c9000100000001" "81ce00020000000100000002" "81ce00020000000100000003");
  CHECK(pool.outstanding() == 1);
  // A limit beyond what a packet holds is that of the packet.
  CHECK(CompoundBuilder(pool, 1'000'000).room() == base::packetCapacity);
}
