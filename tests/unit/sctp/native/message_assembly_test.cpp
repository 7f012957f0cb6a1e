#include "sctp/native/message_assembly.hpp"

#include "base/random.hpp"
#include "support/catch.hpp"

#include <map>
#include <vector>

using namespace parley;
using namespace parley::sctp::native;

namespace {

using Piece = std::vector<std::uint8_t>;

Piece piece(std::size_t size, std::uint8_t value) { return Piece(size, value); }

}  // namespace

TEST_CASE("fragments in any order make the message, and are given back where their place was wrong") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    base::SeededRandom random(seed);
    // Mostly of one size; sometimes one differs.
    std::vector<Piece> pieces;
    const auto count = 2 + random.below(90);
    const auto unit = 1 + random.below(50);
    Piece whole;
    for (std::uint32_t i = 0; i < count; ++i) {
      auto size = i + 1 == count ? 1 + random.below(unit) : unit;
      if (seed % 3 == 0 && random.below(20) == 0) size = 1 + random.below(60);
      Piece bytes(size);
      for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.below(256));
      whole.insert(whole.end(), bytes.begin(), bytes.end());
      pieces.push_back(std::move(bytes));
    }
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < count; ++i) order.push_back(i);
    for (std::size_t i = order.size(); i > 1; --i) {
      const auto reach = std::min<std::size_t>(i, seed % 2 == 0 ? 4 : i);
      std::swap(order[i - 1], order[i - 1 - random.below(reach)]);
    }

    MessageAssembly message(100'000);
    std::map<std::uint32_t, Piece> loose;
    const auto keep = [&](std::uint32_t index, base::Bytes bytes, bool end) {
      REQUIRE(end == (index + 1 == count));
      REQUIRE(loose.emplace(index, Piece(bytes.begin(), bytes.end())).second);
    };
    const auto join = [&](std::uint32_t index, const Piece& bytes) {
      const bool end = index + 1 == count;
      if (!message.fits(bytes, end)) message.evict(keep);
      message.join(bytes, end);
    };
    for (auto index : order) {
      REQUIRE_FALSE(message.has(index));
      if (index != message.joined()) {
        if (!message.place(index, pieces[index], index + 1 == count, 100'000)) loose.emplace(index, pieces[index]);
      } else {
        join(index, pieces[index]);
      }
      for (auto next = loose.find(message.joined()); next != loose.end(); next = loose.find(message.joined())) {
        const auto bytes = std::move(next->second);
        loose.erase(next);
        join(message.joined(), bytes);
      }
    }
    REQUIRE(message.complete());
    REQUIRE(loose.empty());
    REQUIRE(message.held() == whole.size());
    REQUIRE(message.take() == whole);
    REQUIRE(message.held() == 0);
  }
}

TEST_CASE("a place is given only where it is known and allowed") {
  MessageAssembly message(1'000);
  SECTION("an end alone does not tell the size of the others") {
    CHECK_FALSE(message.place(1, piece(5, 1), true, 1'000));
  }
  SECTION("nor does an empty one") { CHECK_FALSE(message.place(1, {}, false, 1'000)); }
  SECTION("another size") {
    message.join(piece(10, 1), false);
    CHECK_FALSE(message.place(2, piece(11, 1), false, 1'000));
    CHECK_FALSE(message.place(2, piece(11, 1), true, 1'000));
    CHECK(message.place(2, piece(9, 1), true, 1'000));
  }
  SECTION("beyond what is allowed, or what a message may have") {
    message.join(piece(10, 1), false);
    CHECK_FALSE(message.place(2, piece(10, 1), false, 29));
    CHECK(message.place(2, piece(10, 1), false, 30));
    CHECK_FALSE(message.place(100, piece(10, 1), false, 100'000));
    CHECK_FALSE(message.place(0x7fffffff, piece(10, 1), false, 100'000));
    CHECK(message.held() == 30);
  }
  SECTION("behind the end, or an end in front of something") {
    message.join(piece(10, 1), false);
    REQUIRE(message.place(5, piece(10, 1), true, 1'000));
    CHECK_FALSE(message.place(6, piece(10, 1), false, 1'000));
    CHECK_FALSE(message.place(4, piece(10, 1), true, 1'000));
    CHECK(message.place(4, piece(10, 1), false, 1'000));
    CHECK(message.has(4));
    CHECK_FALSE(message.has(3));
  }
  SECTION("with more gaps than honest peers leave") {
    for (std::uint32_t i = 0; i < 64; ++i) REQUIRE(message.place(2 + 2 * i, piece(1, 1), false, 1'000));
    CHECK_FALSE(message.place(200, piece(1, 1), false, 1'000));
    CHECK(message.place(3, piece(1, 1), false, 1'000));
  }
}
