#include "base/random.hpp"
#include "rtp/rtcp/transport_feedback.hpp"
#include "support/vector_file.hpp"
#include "unit/rtp/rtcp/support.hpp"

#include <chrono>

using namespace parley;
using namespace parley::rtp::rtcp;
using namespace parley::test;
using namespace std::chrono_literals;

namespace {

/// "number:microseconds after the reference" of what came, or "number:none" if it does not say when.
std::string describe(const TransportFeedback& feedback) {
  std::string text;
  feedback.forEach([&](const TransportFeedback::Status& status) {
    if (!status.received) return;
    auto at = status.at ? std::to_string(*status.at / 1us) : "none";
    text += (text.empty() ? "" : " ") + std::to_string(status.sequence) + ":" + at;
  });
  return text;
}

/// The same of what was to be told.
std::string describe(std::span<const TransportArrival> arrivals) {
  constexpr Duration reference = TransportFeedback::tick * TransportFeedback::ticksPerReference;
  Duration first = arrivals.front().at.time_since_epoch();
  Duration from = first / reference * reference;
  std::string text;
  for (const TransportArrival& arrival : arrivals) {
    auto after = (arrival.at.time_since_epoch() / TransportFeedback::tick * TransportFeedback::tick) - from;
    text += (text.empty() ? "" : " ") + std::to_string(static_cast<std::uint16_t>(arrival.sequence)) + ":" +
            std::to_string(after / 1us);
  }
  return text;
}

/// Writes all arrivals in as many packets as it takes, reads them, and compares.
std::size_t checkRoundTrip(std::span<const TransportArrival> arrivals, std::size_t limit = 1200) {
  std::size_t packets = 0;
  while (!arrivals.empty()) {
    std::size_t n = TransportFeedbackReport::fit(arrivals, limit);
    REQUIRE(n > 0);
    TransportFeedbackReport report{1, 2, static_cast<std::uint8_t>(packets), arrivals.first(n)};
    REQUIRE(report.size() <= limit);
    auto bytes = written(report);
    auto read = parse<TransportFeedback>(bytes);
    REQUIRE(read);
    REQUIRE(describe(*read) == describe(arrivals.first(n)));
    REQUIRE(read->feedbackNumber() == static_cast<std::uint8_t>(packets));
    arrivals = arrivals.subspan(n);
    ++packets;
  }
  return packets;
}

TEST_CASE("Transport feedback tells of what was lost since the report before") {
  const TransportArrival arrivals[] = {{1000, Time(std::chrono::milliseconds(640))},
                                       {1001, Time(std::chrono::milliseconds(641))}};
  for (const std::uint16_t lost : {0, 1, 6, 7, 8, 13, 14, 15, 1000}) {
    CAPTURE(lost);
    REQUIRE(TransportFeedbackReport::fit(arrivals, 200, lost) == 2);
    TransportFeedbackReport report{1, 2, 3, arrivals};
    report.lostBefore = lost;
    base::PacketPool pool;
    CompoundBuilder builder(pool, 200);
    REQUIRE(builder.add(report));
    const Packet packet = builder.take();
    const auto compound = CompoundView::parse(packet.bytes());
    REQUIRE(compound);
    const auto read = TransportFeedback::parse(*compound->begin());
    REQUIRE(read);
    CHECK(read->baseSequence() == 1000 - lost);
    CHECK(read->statusCount() == lost + 2);
    std::size_t missing = 0;
    read->forEach([&](const TransportFeedback::Status& status) { missing += !status.received; });
    CHECK(missing == lost);
  }
}

}  // namespace

TEST_CASE("feedback of other implementations is read as they meant it") {
  for (const auto& record : readVectorFile(PARLEY_STANDARDS, "rtcp/twcc.vec")) {
    INFO(record.name);
    auto bytes = hex(record.values.at("packet"));
    auto compound = CompoundView::parse(bytes);
    if (record.has("strict_text") && record.values.at("strict_text").starts_with("reject")) {
      CHECK_FALSE((compound && TransportFeedback::parse(*compound->begin())));
      continue;
    }
    REQUIRE(compound);
    REQUIRE(TransportFeedback::matches(*compound->begin()));
    auto read = TransportFeedback::parse(*compound->begin());
    REQUIRE(read);
    auto number = [&](const char* key) { return std::stoll(record.values.at(key)); };
    CHECK(read->sender() == std::stoul(record.values.at("sender_ssrc"), nullptr, 16));
    CHECK(read->media() == std::stoul(record.values.at("media_ssrc"), nullptr, 16));
    CHECK(read->baseSequence() == number("base_seq_dec"));
    CHECK(read->statusCount() == number("status_count_dec"));
    CHECK(read->reference() == number("reference_time_64ms_dec"));
    CHECK(read->feedbackNumber() == number("fb_pkt_count_dec"));
    // The collection counts from one packet to the next; this is the sum.
    std::string deltas;
    Duration before{};
    read->forEach([&](const TransportFeedback::Status& status) {
      if (!status.received) return;
      auto delta = status.at ? std::to_string((*status.at - before) / 1us) : "none";
      if (status.at) before = *status.at;
      deltas += (deltas.empty() ? "" : " ") + std::to_string(status.sequence) + ":" + delta;
    });
    CHECK(deltas == record.values.at("deltas_us_text"));
  }
}

TEST_CASE("one packet is told in 24 octets") {
  const TransportArrival arrivals[] = {{0x10005, Time(64ms + 10ms)}};
  TransportFeedbackReport report{1, 2, 7, arrivals};
  // Reference 1, a run of one small delta of 40 ticks, one octet of padding.
  CHECK(hexOf(report) == "afcd0005" "00000001" "00000002" "00050001" "00000107" "2001" "28" "01");
  checkRoundTrip(arrivals);
}

TEST_CASE("runs, gaps, and vectors of either kind come back as they were") {
  auto at = [](std::int64_t sequence, Duration after) { return TransportArrival{sequence, Time(10s + after)}; };
  std::vector<TransportArrival> arrivals;
  SECTION("a long run") {
    for (int i = 0; i < 500; ++i) arrivals.push_back(at(i, i * 1ms));
    CHECK(TransportFeedbackReport{1, 2, 0, arrivals}.size() == 20 + 2 + 500 + 2);
  }
  SECTION("each second one") {
    for (int i = 0; i < 28; i += 2) arrivals.push_back(at(i, i * 1ms));
    // 27 symbols in two vectors of 14.
    CHECK(TransportFeedbackReport{1, 2, 0, arrivals}.size() == ((20 + 2 * 2 + 14 + 3) & ~3u));
  }
  SECTION("a large delta behind each number of others") {
    for (int before = 0; before < 40; ++before) {
      arrivals.clear();
      for (int i = 0; i < before; ++i) arrivals.push_back(at(i * (before % 3 + 1), i * 1ms));
      arrivals.push_back(at(before * 3, 1s));
      arrivals.push_back(at(before * 3 + 1, 1s - 20ms));
      arrivals.push_back(at(before * 3 + 9, 1s));
      checkRoundTrip(arrivals);
    }
  }
  SECTION("over the wrap of the numbers") {
    for (int i = 0; i < 40; ++i) arrivals.push_back(at(0xfff0 + i, i * 5ms));
  }
  SECTION("a gap longer than a run") {
    arrivals = {at(0, 0ms), at(20'000, 1ms), at(20'001, 2ms)};
    CHECK(checkRoundTrip(arrivals) == 1);
  }
  SECTION("a gap that no count tells, and a pause that no delta does") {
    arrivals = {at(0, 0ms), at(70'000, 1ms), at(70'001, 9s), at(70'002, 0s)};
    CHECK(checkRoundTrip(arrivals) == 4);
  }
  if (!arrivals.empty()) checkRoundTrip(arrivals);
}

TEST_CASE("what does not fit a packet goes into the next ones") {
  std::vector<TransportArrival> arrivals;
  for (int i = 0; i < 3000; ++i) arrivals.push_back({i, Time(10s + i * 1ms)});
  CHECK(checkRoundTrip(arrivals) <= 4);
  CHECK(checkRoundTrip(arrivals, 60) > 50);
  CHECK(TransportFeedbackReport::fit(arrivals, 23) == 0);
  CHECK(TransportFeedbackReport::fit({}, 1200) == 0);
}

TEST_CASE("any arrivals come back to the tick: random losses, reordering and pauses") {
  base::SeededRandom random(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<TransportArrival> arrivals;
    std::int64_t sequence = static_cast<std::int64_t>(random.below(100'000));
    Duration at = std::chrono::microseconds(random.below(1'000'000'000));
    auto losses = random.below(100), jumps = random.below(30);
    for (int i = 0; i < 200; ++i) {
      sequence += 1 + static_cast<std::int64_t>(random.below(100) < losses ? random.below(20) : 0);
      at += std::chrono::microseconds(random.below(100) < jumps ? random.below(2'000'000) : random.below(20'000));
      auto early = random.below(100) < jumps ? std::chrono::microseconds(random.below(10'000)) : 0us;
      arrivals.push_back({sequence, Time(at + 1s - early)});
    }
    INFO("round " << round);
    checkRoundTrip(arrivals, 100 + random.below(1100));
  }
}

TEST_CASE("feedback whose chunks or deltas end too soon is refused") {
  auto fails = [](const std::string& text) {
    auto bytes = hex(text);
    return !parse<TransportFeedback>(bytes);
  };
  CHECK_FALSE(fails("8fcd0005" "00000001" "00000002" "00050001" "00000107" "20012800"));
  CHECK(fails("8fcd0004" "00000001" "00000002" "00050001" "00000107"));
  CHECK(fails("8fcd0003" "00000001" "00000002" "00050001"));
  // A run of none, one delta too few.
  CHECK(fails("8fcd0005" "00000001" "00000002" "00050001" "00000107" "20002800"));
  CHECK(fails("8fcd0005" "00000001" "00000002" "00050003" "00000107" "20032800"));
  // About no packet: useless, not wrong.
  CHECK_FALSE(fails("8fcd0004" "00000001" "00000002" "00050000" "00000107"));
  // A reference before the epoch.
  auto bytes = hex("8fcd0005" "00000001" "00000002" "00050001" "ffffff07" "20012800");
  CHECK(parse<TransportFeedback>(bytes)->reference() == -1);
}
