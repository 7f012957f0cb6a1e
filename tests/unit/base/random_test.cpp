#include "base/random.hpp"

#include "support/catch.hpp"

#include <array>
#include <set>

using namespace parley::base;

TEST_CASE("the same seed gives the same sequence, another seed another") {
  SeededRandom one(1), same(1), other(2);
  auto first = one.u64();
  CHECK(first == same.u64());
  CHECK(first != other.u64());
  CHECK(one.text(20, "abc") == same.text(20, "abc"));
}

TEST_CASE("a fill of any length touches its bytes and no others") {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 20; ++size) {
    std::array<std::uint8_t, 32> bytes{};
    std::array<bool, 32> touched{};
    for (int round = 0; round < 20; ++round) {
      random.fill(MutableBytes(bytes).subspan(4, size));
      for (std::size_t i = 0; i < bytes.size(); ++i) touched[i] = touched[i] || bytes[i] != 0;
    }
    for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(touched[i] == (i >= 4 && i < 4 + size));
  }
}

TEST_CASE("a bounded number stays below its bound and reaches all values") {
  SeededRandom random(2);
  for (std::uint64_t bound : {1, 2, 3, 7, 10}) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
      auto value = random.below(bound);
      REQUIRE(value < bound);
      seen.insert(value);
    }
    CHECK(seen.size() == bound);
  }
  constexpr std::uint64_t large = (std::uint64_t{1} << 63) + 1;
  for (int i = 0; i < 1000; ++i) REQUIRE(random.below(large) < large);
}

TEST_CASE("a bounded number favours no remainder") {
  // Of three quarters of 2^64, plain remainders would give the first third two times in four.
  SeededRandom random(3);
  constexpr std::uint64_t bound = std::uint64_t{3} << 62;
  int low = 0;
  constexpr int draws = 30'000;
  for (int i = 0; i < draws; ++i) low += random.below(bound) < bound / 3;
  CHECK(low > draws / 3 - 500);  // the standard deviation is 82
  CHECK(low < draws / 3 + 500);
}

TEST_CASE("the unit interval has its start and not its end") {
  SeededRandom random(4);
  double sum = 0;
  for (int i = 0; i < 10'000; ++i) {
    double value = random.unit();
    REQUIRE(value >= 0);
    REQUIRE(value < 1);
    sum += value;
  }
  CHECK(sum / 10'000 == Approx(0.5).margin(0.02));

  struct Ones final : Random {
    void fill(MutableBytes bytes) override {
      for (auto& b : bytes) b = 0xff;
    }
  } ones;
  CHECK(ones.unit() < 1);
}

TEST_CASE("text is drawn from its alphabet") {
  SeededRandom random(5);
  auto text = random.text(1000, "abcd");
  CHECK(text.size() == 1000);
  CHECK(text.find_first_not_of("abcd") == std::string::npos);
  for (char c : {'a', 'b', 'c', 'd'}) CHECK(text.find(c) != std::string::npos);
  CHECK(random.text(0, "a").empty());
}

TEST_CASE("the system's generator gives bits") {
  SystemRandom random;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100; ++i) seen.insert(random.u64());
  CHECK(seen.size() == 100);
}
