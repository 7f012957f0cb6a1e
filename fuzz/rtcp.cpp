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
#include "support/check.hpp"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace {

using namespace parley;
using namespace parley::rtp::rtcp;

template <Writable P>
std::vector<std::uint8_t> write(const P& packet) {
  std::vector<std::uint8_t> bytes(packet.size(), 0xee);
  FUZZ_CHECK(bytes.size() % 4 == 0 && bytes.size() <= 4 * 65536);
  packet.write(bytes);
  return bytes;
}

/// What was written parses as the same type, and is the same when written again.
template <Writable P>
void checkWritten(const std::vector<std::uint8_t>& bytes) {
  auto compound = CompoundView::parse(bytes);
  FUZZ_CHECK(compound.has_value());
  auto packet = *compound->begin();
  FUZZ_CHECK(P::matches(packet));
  auto again = P::parse(packet);
  FUZZ_CHECK(again.has_value());
  FUZZ_CHECK(write(*again) == bytes);
}

template <Writable P>
void check(const PacketView& packet) {
  if (!P::matches(packet)) return;
  if (auto parsed = P::parse(packet)) checkWritten<P>(write(*parsed));
}

void checkDescription(const PacketView& packet) {
  if (!SourceDescription::matches(packet)) return;
  auto parsed = SourceDescription::parse(packet);
  if (!parsed) return;
  // A chunk for each item says the same.
  std::vector<std::pair<std::uint32_t, SdesItem>> items;
  parsed->forEach([&](std::uint32_t ssrc, const SdesItem& item) { items.emplace_back(ssrc, item); });
  std::vector<SdesChunk> chunks;
  for (const auto& [ssrc, item] : items) chunks.push_back({ssrc, {&item, 1}});
  if (chunks.size() > 31) chunks.resize(31);
  auto bytes = write(SourceDescription(chunks));
  auto compound = CompoundView::parse(bytes);
  FUZZ_CHECK(compound.has_value());
  auto again = SourceDescription::parse(*compound->begin());
  FUZZ_CHECK(again.has_value());
  std::size_t i = 0;
  again->forEach([&](std::uint32_t ssrc, const SdesItem& item) {
    FUZZ_CHECK(i < items.size() && ssrc == items[i].first);
    FUZZ_CHECK(item.type == items[i].second.type && item.text == items[i].second.text);
    ++i;
  });
  FUZZ_CHECK(i == chunks.size());
}

void checkTransportFeedback(const PacketView& packet) {
  if (!TransportFeedback::matches(packet)) return;
  auto parsed = TransportFeedback::parse(packet);
  if (!parsed) return;
  std::vector<TransportArrival> arrivals;
  std::int64_t number = parsed->baseSequence(), count = 0;
  constexpr std::int64_t epoch = 1'000'000;  // so that no time is before zero
  parsed->forEach([&](const TransportFeedback::Status& status) {
    FUZZ_CHECK(status.received || !status.at);
    if (status.at) arrivals.push_back({number + count, Time(*status.at + epoch * TransportFeedback::tick)});
    ++count;
  });
  FUZZ_CHECK(count == parsed->statusCount());
  // Whatever arrivals it told can be told again, in one packet or more.
  for (std::span<const TransportArrival> rest = arrivals; !rest.empty();) {
    std::size_t n = TransportFeedbackReport::fit(rest, 200);
    FUZZ_CHECK(n > 0);
    TransportFeedbackReport report{1, 2, 3, rest.first(n)};
    FUZZ_CHECK(report.size() <= 200);
    auto bytes = write(report);
    auto compound = CompoundView::parse(bytes);
    FUZZ_CHECK(compound.has_value());
    auto again = TransportFeedback::parse(*compound->begin());
    FUZZ_CHECK(again.has_value());
    std::size_t i = 0;
    again->forEach([&](const TransportFeedback::Status& status) {
      if (!status.received) return;
      FUZZ_CHECK(i < n && status.sequence == static_cast<std::uint16_t>(rest[i].sequence));
      FUZZ_CHECK(status.at.has_value());
      ++i;
    });
    FUZZ_CHECK(i == n);
    rest = rest.subspan(n);
  }
}

}  // namespace

// RTCP: every packet of every type that parses is written again and is the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto compound = CompoundView::parse({data, size});
  if (!compound) return 0;
  for (const PacketView& packet : *compound) {
    check<SenderReport>(packet);
    check<ReceiverReport>(packet);
    checkDescription(packet);
    check<Bye>(packet);
    check<App>(packet);
    check<ExtendedReport>(packet);
    check<Nack>(packet);
    check<Pli>(packet);
    check<Fir>(packet);
    check<Remb>(packet);
    check<Tmmbr>(packet);
    check<Tmmbn>(packet);
    check<CongestionFeedback>(packet);
    checkTransportFeedback(packet);
  }
  return 0;
}
