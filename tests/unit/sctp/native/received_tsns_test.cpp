#include "sctp/native/received_tsns.hpp"

#include "base/random.hpp"
#include "support/catch.hpp"

#include <set>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;
using Arrival = ReceivedTsns::Arrival;

namespace {

/// Counts TSNs from the initial one.
struct Tsns {
  wire::Tsn initial;
  ReceivedTsns received{initial};

  wire::UnwrappedTsn at(std::uint32_t offset) const { return received.unwrap(initial + offset); }
  Arrival record(std::uint32_t offset) { return received.record(at(offset)); }
  /// Of the cumulative TSN, plus one: how many are there without a gap.
  std::int64_t inOrder() const { return received.cumulative().wrapped().aheadOf(initial) + 1; }
  std::vector<wire::GapBlock> gaps(std::size_t most = 1'000) const {
    std::vector<wire::GapBlock> blocks;
    received.gapBlocks(blocks, most);
    return blocks;
  }
};

}  // namespace

TEST_CASE("TSNs in order leave no gap, across the wrap-around") {
  Tsns tsns{{0xfffffffd}};
  for (std::uint32_t i = 0; i < 10; ++i) {
    CHECK(tsns.record(i) == Arrival::New);
    CHECK(tsns.inOrder() == i + 1);
  }
  CHECK_FALSE(tsns.received.hasGap());
  CHECK(tsns.received.missingSetVersion() == 0);
  CHECK(tsns.received.cumulative().wrapped() == wire::Tsn{6});
}

TEST_CASE("gaps are reported as offsets and closed when they are filled") {
  Tsns tsns{{100}};
  tsns.record(0);
  tsns.record(2);
  tsns.record(3);
  tsns.record(5);
  CHECK(tsns.inOrder() == 1);
  CHECK(tsns.gaps() == std::vector<wire::GapBlock>{{2, 3}, {5, 5}});
  CHECK(tsns.gaps(1) == std::vector<wire::GapBlock>{{2, 3}});
  CHECK(tsns.received.highest() == tsns.at(5));
  tsns.record(4);
  CHECK(tsns.gaps() == std::vector<wire::GapBlock>{{2, 5}});
  tsns.record(1);
  CHECK(tsns.inOrder() == 6);
  CHECK(tsns.gaps().empty());
}

TEST_CASE("what came already is a duplicate, and is reported until it was") {
  Tsns tsns{{7}};
  CHECK(tsns.record(0) == Arrival::New);
  CHECK(tsns.record(0) == Arrival::Duplicate);
  CHECK(tsns.record(3) == Arrival::New);
  CHECK(tsns.record(3) == Arrival::Duplicate);
  CHECK(tsns.received.duplicates() == std::vector<wire::Tsn>{{7}, {10}});
  tsns.received.clearDuplicates();
  for (unsigned i = 0; i < 100; ++i) tsns.record(0);
  CHECK(tsns.received.duplicates().size() == ReceivedTsns::maxDuplicates);
}

TEST_CASE("what is before the first TSN is a duplicate, and what no gap block reaches is too far") {
  Tsns tsns{{0}};
  CHECK(tsns.received.record(tsns.received.unwrap({0xffffffff})) == Arrival::Duplicate);
  CHECK(tsns.record(65'534) == Arrival::New);
  CHECK(tsns.gaps() == std::vector<wire::GapBlock>{{65'535, 65'535}});
  CHECK(tsns.record(65'535) == Arrival::TooFar);
  CHECK(tsns.record(0x7ffffff0) == Arrival::TooFar);
}

TEST_CASE("the set of missing TSNs has a new version when a gap opens or shrinks, not when the last range grows") {
  Tsns tsns{{0}};
  tsns.record(0);
  const auto start = tsns.received.missingSetVersion();
  tsns.record(4);
  CHECK(tsns.received.missingSetVersion() == start + 1);
  tsns.record(5);
  tsns.record(6);
  CHECK(tsns.received.missingSetVersion() == start + 1);
  tsns.record(2);
  CHECK(tsns.received.missingSetVersion() == start + 2);
  tsns.record(1);
  CHECK(tsns.received.missingSetVersion() == start + 3);
  tsns.record(3);
  CHECK(tsns.received.missingSetVersion() == start + 4);
  CHECK(tsns.inOrder() == 7);
}

TEST_CASE("FORWARD-TSN takes the cumulative TSN on, over what is there already") {
  // The example of RFC 3758 s.3.6.
  Tsns tsns{{0}};
  for (auto i : {101u, 102u, 104u, 105u, 107u}) tsns.record(i);
  CHECK(tsns.received.forwardTo(tsns.at(103)));
  CHECK(tsns.received.cumulative() == tsns.at(105));
  CHECK(tsns.gaps() == std::vector<wire::GapBlock>{{2, 2}});
  CHECK_FALSE(tsns.received.forwardTo(tsns.at(103)));
  CHECK_FALSE(tsns.received.forwardTo(tsns.at(105)));
  CHECK(tsns.record(103) == Arrival::Duplicate);
  CHECK(tsns.received.forwardTo(tsns.at(200)));
  CHECK_FALSE(tsns.received.hasGap());
}

TEST_CASE("every second TSN of a hostile peer takes bounded memory") {
  Tsns tsns{{0}};
  unsigned taken = 0;
  for (std::uint32_t i = 1; i < 65'535; i += 2) taken += tsns.record(i) == Arrival::New ? 1 : 0;
  CHECK(taken == ReceivedTsns::maxRanges);
  CHECK(tsns.received.rangeCount() == ReceivedTsns::maxRanges);
  CHECK(tsns.record(20'000) == Arrival::TooFar);
  // What joins ranges, or extends one, is still welcome.
  CHECK(tsns.record(2) == Arrival::New);
  CHECK(tsns.received.rangeCount() == ReceivedTsns::maxRanges - 1);
  CHECK(tsns.record(0) == Arrival::New);
  CHECK(tsns.inOrder() == 4);
}

TEST_CASE("any order of arrival gives what a set of numbers gives") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    base::SeededRandom random(seed);
    Tsns tsns{{random.u32()}};
    std::set<std::uint32_t> model;
    std::uint32_t next = 0;  // The lowest that is missing.
    for (unsigned step = 0; step < 300; ++step) {
      if (random.below(40) == 0) {
        const auto to = next + static_cast<std::uint32_t>(random.below(20));
        for (std::uint32_t i = next; i <= to; ++i) model.insert(i);
        REQUIRE(tsns.received.forwardTo(tsns.at(to)));
      } else {
        const auto offset = next + static_cast<std::uint32_t>(random.below(60)) - std::min(next, 5u);
        const bool fresh = model.insert(offset).second;
        REQUIRE(tsns.record(offset) == (fresh ? Arrival::New : Arrival::Duplicate));
      }
      while (model.count(next)) ++next;
      REQUIRE(tsns.inOrder() == next);
      std::vector<wire::GapBlock> expected;
      for (auto i : model) {
        if (i <= next) continue;
        const auto offset = static_cast<std::uint16_t>(i - next + 1);
        if (!expected.empty() && expected.back().end + 1 == offset) {
          expected.back().end = offset;
        } else {
          expected.push_back({offset, offset});
        }
      }
      REQUIRE(tsns.gaps() == expected);
    }
  }
}
