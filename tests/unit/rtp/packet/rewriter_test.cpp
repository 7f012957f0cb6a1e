#include "base/packet_pool.hpp"
#include "rtp/extension/sdes.hpp"
#include "rtp/packet_builder.hpp"
#include "rtp/rewriter.hpp"
#include "support/catch.hpp"

#include <chrono>

using namespace parley;
using namespace parley::rtp;
using namespace std::chrono_literals;

namespace {

struct Bench {
  base::PacketPool pool;
  Rewriter rewriter{target()};
  Time now{10s};

  static Rewriter::Target target() {
    Rewriter::Target target{0xcafe, 0xfffe, 1000, {}, {}};
    target.payloadTypes.fill(Rewriter::unknown);
    target.payloadTypes[96] = 120;
    target.extensionIds[1] = 5;
    return target;
  }
  Packet packet(std::uint32_t ssrc, std::uint16_t sequence, std::uint32_t timestamp, std::uint8_t payloadType = 96) {
    PacketBuilder builder(pool, {payloadType, sequence, timestamp, ssrc, true});
    builder.add(1, extension::Mid{{"0"}});
    builder.add(2, extension::Mid{{"secret"}});
    return builder.take();
  }
  std::optional<Rewriter::Numbers> next(std::uint32_t ssrc, std::uint16_t sequence, std::uint32_t timestamp = 0) {
    return rewriter.next(*PacketView::parse(packet(ssrc, sequence, timestamp).bytes()), 90'000, now);
  }
  void skip(std::uint32_t ssrc, std::uint16_t sequence) {
    rewriter.skip(*PacketView::parse(packet(ssrc, sequence, 0).bytes()));
  }
};

}  // namespace

TEST_CASE("numbers begin where they were told to, go on, and wrap") {
  Bench bench;
  CHECK_FALSE(bench.next(1, 50));
  bench.rewriter.switchTo(1);
  CHECK(bench.next(1, 50, 7000)->sequenceNumber == 0xfffe);
  CHECK(bench.next(1, 50, 7000)->timestamp == 1000);
  CHECK(bench.next(1, 52, 7300)->sequenceNumber == 0);
  CHECK(bench.next(1, 52, 7300)->timestamp == 1300);
  // A gap of the incoming stream is one of the outgoing stream; who comes late fills it.
  CHECK(bench.next(1, 51, 7000)->sequenceNumber == 0xffff);
  // From before the switch, of somebody else, of a payload type that the receiver does not know.
  CHECK_FALSE(bench.next(1, 49));
  CHECK_FALSE(bench.next(2, 53));
  CHECK_FALSE(bench.rewriter.next(*PacketView::parse(bench.packet(1, 53, 0, 97).bytes()), 90'000, bench.now));
}

TEST_CASE("when the source changes, numbers follow on and the clock goes on by the time that passed") {
  Bench bench;
  bench.rewriter.switchTo(1);
  bench.next(1, 50, 7000);
  bench.next(1, 51, 10'000);
  bench.now += 100ms;
  bench.rewriter.switchTo(2);
  CHECK_FALSE(bench.next(1, 52, 13'000));
  auto first = bench.next(2, 60'000, 0xffffffff);
  REQUIRE(first);
  CHECK(first->sequenceNumber == 0);
  CHECK(first->timestamp == 1000 + 3000 + 9000);
  CHECK(bench.next(2, 60'001, 2999)->timestamp == 1000 + 3000 + 9000 + 3000);
  // And back at once: time stands still, but it is another frame.
  bench.rewriter.switchTo(1);
  auto back = bench.next(1, 53, 0);
  CHECK(back->sequenceNumber == 2);
  CHECK(back->timestamp == 1000 + 3000 + 9000 + 3000 + 1);
}

TEST_CASE("what is left out leaves no gap") {
  Bench bench;
  bench.rewriter.switchTo(1);
  CHECK(bench.next(1, 100)->sequenceNumber == 0xfffe);
  bench.skip(1, 101);
  bench.skip(1, 102);
  CHECK(bench.next(1, 103)->sequenceNumber == 0xffff);
  bench.skip(1, 105);
  CHECK(bench.next(1, 106)->sequenceNumber == 1);
  CHECK(bench.next(1, 104)->sequenceNumber == 0);
  CHECK_FALSE(bench.next(1, 102));
  // Too late to close the gap: 107 was forwarded when the numbers behind it were given.
  CHECK(bench.next(1, 108)->sequenceNumber == 3);
  bench.skip(1, 107);
  CHECK(bench.next(1, 109)->sequenceNumber == 4);
}

TEST_CASE("numbers stay without gaps over any number of left-out packets") {
  Bench bench;
  bench.rewriter.switchTo(1);
  std::uint16_t expected = 0xfffe;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    auto sequence = static_cast<std::uint16_t>(i + 65'000);
    if (i % 3 == 1) {
      bench.skip(1, sequence);
    } else {
      auto numbers = bench.next(1, sequence);
      REQUIRE(numbers);
      REQUIRE(numbers->sequenceNumber == expected++);
    }
  }
  // What is older than the skips that are remembered cannot be numbered.
  CHECK_FALSE(bench.next(1, static_cast<std::uint16_t>(200'000 + 65'000 - 1000)));
}

TEST_CASE("a copy gets the numbers of its receiver, and extensions by their ids there") {
  Bench bench;
  bench.rewriter.switchTo(1);
  Packet packet = bench.packet(1, 50, 7000);
  auto numbers = bench.rewriter.next(*PacketView::parse(packet.bytes()), 90'000, bench.now);
  REQUIRE(numbers);
  bench.rewriter.apply(*numbers, packet.bytes());
  auto view = PacketView::parse(packet.bytes());
  REQUIRE(view);
  CHECK(view->ssrc() == 0xcafe);
  CHECK(view->sequenceNumber() == 0xfffe);
  CHECK(view->timestamp() == 1000);
  CHECK(view->payloadType() == 120);
  CHECK(view->marker());
  CHECK(view->extension<extension::Mid>(5)->text == "0");
  CHECK_FALSE(view->extension(1));
  CHECK_FALSE(view->extension(2));
}
