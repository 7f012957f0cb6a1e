#include "rtp/reception.hpp"
#include "support/catch.hpp"

#include <chrono>

using namespace parley;
using namespace parley::rtp;
using namespace std::chrono_literals;
using Order = Reception::Order;

namespace {

/// A source of one packet each 20 ms at 48 kHz.
struct Source {
  Reception reception;
  Time now{1s};
  Reception::Arrival packet(std::uint16_t sequence) {
    now += 20ms;
    return reception.handle(sequence, static_cast<std::uint32_t>(sequence) * 960, 48000, now);
  }
};

}  // namespace

TEST_CASE("numbers are unwrapped over the end of 16 bits, in order and out of order") {
  Source source;
  const auto first = source.packet(65534).sequence;
  CHECK(source.packet(0).sequence == first + 2);
  const auto late = source.packet(65535);
  CHECK(late.order == Order::Late);
  CHECK(late.sequence == first + 1);
  CHECK(source.packet(1).sequence == first + 3);
  CHECK(source.reception.packetsLost() == 0);
  CHECK(source.reception.report().extendedHighest == 0x10001);
}

TEST_CASE("packets from before the first one are not counted as too many") {
  Source source;
  source.packet(10);
  CHECK(source.packet(8).order == Order::Late);
  CHECK(source.reception.packetsLost() == 1);
}

TEST_CASE("a report tells the loss of its interval, and of all time") {
  Source source;
  for (std::uint16_t i = 0; i < 100; ++i)
    if (i % 4 != 3 || i == 99) source.packet(i);
  auto report = source.reception.report();
  CHECK(report.cumulativeLost == 24);
  CHECK(report.fractionLost == 24 * 256 / 100);
  for (std::uint16_t i = 100; i < 200; ++i) source.packet(i);
  report = source.reception.report();
  CHECK(report.cumulativeLost == 24);
  CHECK(report.fractionLost == 0);
  // Nothing came: nothing is known to be lost.
  CHECK(source.reception.report().fractionLost == 0);
}

TEST_CASE("the whole of an interval lost but its last packet is 255 of 256, not 0") {
  Source source;
  source.packet(0);
  source.reception.report();
  source.packet(2000);
  CHECK(source.reception.report().fractionLost == 255);
}

TEST_CASE("cumulative loss goes below zero when packets come twice") {
  Source source;
  source.packet(1);
  source.packet(2);
  source.packet(2);
  source.packet(1);
  CHECK(source.reception.report().cumulativeLost == -2);
}

TEST_CASE("one stray packet changes nothing; two in a row are a restart, and totals go on") {
  Source source;
  for (std::uint16_t i = 100; i < 110; ++i) source.packet(i);
  const auto before = source.reception.highest();
  CHECK(source.packet(40000).order == Order::Stray);
  CHECK(source.packet(110).order == Order::Newest);
  CHECK(source.packet(40000).order == Order::Stray);
  const auto restarted = source.packet(40001);
  CHECK(restarted.order == Order::Restarted);
  CHECK(restarted.sequence > before);
  CHECK(static_cast<std::uint16_t>(restarted.sequence) == 40001);
  CHECK(source.reception.packetsReceived() == 12);
  CHECK(source.reception.packetsLost() == 0);
}

TEST_CASE("even arrivals have no jitter, and alternating ones what RFC 3550 says") {
  Source source;
  for (std::uint16_t i = 0; i < 100; ++i) source.packet(i);
  CHECK(source.reception.report().jitter == 0);
  // Each difference is 5 ms = 240 units: the estimate approaches it.
  Reception reception;
  for (int i = 0; i < 200; ++i)
    reception.handle(static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(i * 960), 48000,
                     Time{1s} + i * 20ms + (i % 2) * 5ms);
  CHECK(reception.report().jitter >= 239);
  CHECK(reception.report().jitter <= 240);
  CHECK(reception.jitter() == Approx(0.005).epsilon(0.01));
}

TEST_CASE("another clock rate within a stream keeps the jitter, in seconds") {
  Reception reception;
  for (int i = 0; i < 200; ++i)
    reception.handle(static_cast<std::uint16_t>(i), static_cast<std::uint32_t>(i * 960), 48000,
                     Time{1s} + i * 20ms + (i % 2) * 5ms);
  reception.handle(200, 12345, 8000, Time{1s} + 200 * 20ms);
  CHECK(reception.jitter() == Approx(0.005).epsilon(0.02));
}
