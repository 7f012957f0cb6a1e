#include "sctp/native/acknowledged_ranges.hpp"
#include "base/random.hpp"
#include "support/catch.hpp"

#include <set>
#include <vector>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;

namespace {

const auto base0 = wire::UnwrappedTsn::first({1'000});

std::vector<std::uint64_t> add(AcknowledgedRanges& ranges, const std::vector<wire::GapBlock>& gaps, std::uint64_t count,
                               wire::UnwrappedTsn cumulative = base0) {
  const auto bytes = wire::toBytes(wire::Sack{cumulative.wrapped(), 0, gaps, {}});
  const auto chunk = wire::chunkFrom(bytes);
  std::vector<std::uint64_t> visited;
  ranges.add(*wire::SackView::parse(*chunk), cumulative, base0 + count,
             [&](wire::UnwrappedTsn tsn) { visited.push_back(tsn.value - base0.value); });
  return visited;
}

}  // namespace

TEST_CASE("gap blocks tell of each TSN once") {
  AcknowledgedRanges ranges;
  CHECK(add(ranges, {{2, 3}, {6, 6}}, 100) == std::vector<std::uint64_t>{2, 3, 6});
  CHECK(add(ranges, {{2, 3}, {6, 6}}, 100).empty());
  CHECK(add(ranges, {{2, 4}, {6, 8}}, 100) == std::vector<std::uint64_t>{4, 7, 8});
  CHECK(add(ranges, {{2, 9}}, 100) == std::vector<std::uint64_t>{5, 9});
}

TEST_CASE("gap blocks that miss what was acknowledged take nothing back") {
  AcknowledgedRanges ranges;
  add(ranges, {{2, 3}, {6, 6}}, 100);
  CHECK(add(ranges, {{8, 8}}, 100) == std::vector<std::uint64_t>{8});
  CHECK(add(ranges, {{2, 8}}, 100) == std::vector<std::uint64_t>{4, 5, 7});
}

TEST_CASE("what was never sent is not acknowledged, and blocks out of order do not make it work twice") {
  AcknowledgedRanges ranges;
  CHECK(add(ranges, {{2, 60'000}}, 5) == std::vector<std::uint64_t>{2, 3, 4});
  std::vector<wire::GapBlock> hostile(3'000, {2, 60'000});
  AcknowledgedRanges fresh;
  CHECK(add(fresh, hostile, 50'000).size() == 49'998);
}

TEST_CASE("ranges agree with a set, whatever the blocks and the progress") {
  base::SeededRandom random(7);
  for (int round = 0; round < 200; ++round) {
    AcknowledgedRanges ranges;
    std::set<std::uint64_t> known;
    std::uint64_t cumulative = 0;
    for (int step = 0; step < 20; ++step) {
      if (random.below(3) == 0) {
        cumulative += random.below(10);
        ranges.dropThrough(base0 + cumulative);
      }
      std::vector<wire::GapBlock> gaps;
      std::uint16_t at = 1;
      std::set<std::uint64_t> fresh;
      for (std::uint64_t i = random.below(6); i > 0; --i) {
        at = static_cast<std::uint16_t>(at + 1 + random.below(5));
        const auto end = static_cast<std::uint16_t>(at + random.below(8));
        gaps.push_back({at, end});
        for (auto tsn = cumulative + at; tsn <= cumulative + end && tsn < 90; ++tsn)
          if (known.insert(tsn).second) fresh.insert(tsn);
        at = static_cast<std::uint16_t>(end + 1);
      }
      auto visited = add(ranges, gaps, 90, base0 + cumulative);
      REQUIRE(visited == std::vector<std::uint64_t>(fresh.begin(), fresh.end()));
    }
  }
}
