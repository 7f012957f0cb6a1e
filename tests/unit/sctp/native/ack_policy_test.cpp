#include "sctp/native/ack_policy.hpp"

#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp::native;
using namespace std::chrono_literals;

namespace {

const Time start{10s};

AckPolicy::Arrival data() {
  AckPolicy::Arrival arrival;
  arrival.data = true;
  return arrival;
}

/// One that has acknowledged the first packet of its association.
AckPolicy warm() {
  AckPolicy acks;
  acks.onPacket(data(), start - 1s);
  acks.onSent(start - 1s);
  return acks;
}

}  // namespace

TEST_CASE("the first DATA of an association is acknowledged at once") {
  AckPolicy acks;
  CHECK_FALSE(acks.due());
  acks.onPacket(data(), start);
  CHECK(acks.due());
}

TEST_CASE("after that every second packet is") {
  auto acks = warm();
  acks.onPacket(data(), start);
  CHECK_FALSE(acks.due());
  CHECK(acks.pending());
  acks.onPacket(data(), start + 1ms);
  CHECK(acks.due());
  acks.onSent(start + 1ms);
  CHECK_FALSE(acks.pending());
  CHECK(acks.deadline() == never);
}

TEST_CASE("a lone packet is acknowledged after the delay") {
  auto acks = warm();
  acks.onPacket(data(), start);
  CHECK(acks.deadline() == start + AckPolicy::delay);
  acks.advance(start + AckPolicy::delay - 1ns);
  CHECK_FALSE(acks.due());
  acks.advance(start + AckPolicy::delay);
  CHECK(acks.due());
  CHECK(acks.deadline() == never);
}

TEST_CASE("a packet without anything to acknowledge changes nothing") {
  AckPolicy acks;
  acks.onPacket({}, start);
  CHECK_FALSE(acks.pending());
  CHECK(acks.deadline() == never);
}

TEST_CASE("gaps, duplicates, drops, the I bit and an opened window are reasons for haste") {
  using Arrival = AckPolicy::Arrival;
  for (auto flag : {&Arrival::duplicate, &Arrival::dropped, &Arrival::immediate, &Arrival::missingChanged, &Arrival::gap}) {
    auto acks = warm();
    auto arrival = data();
    arrival.*flag = true;
    acks.onPacket(arrival, start);
    CHECK(acks.due());
  }
  auto acks = warm();
  acks.onWindowOpened();
  CHECK(acks.due());
  auto closing = warm();
  closing.hurry();
  CHECK(closing.due());
}

TEST_CASE("under load fewer packets are acknowledged, and at the end of it the last one soon") {
  auto acks = warm();
  unsigned sent = 0;
  auto now = start;
  const unsigned packets = 10'000;
  for (unsigned i = 0; i < packets; ++i) {  // 100 000 packets a second
    now += 10us;
    acks.onPacket(data(), now);
    if (acks.due()) {
      ++sent;
      acks.onSent(now);
    }
  }
  CHECK(sent < packets / 7);
  CHECK(sent >= packets / 8);
  acks.onPacket(data(), now);
  CHECK(acks.deadline() == now + AckPolicy::thinDelay);
  acks.advance(now + AckPolicy::thinDelay);
  CHECK(acks.due());
  acks.onSent(now + AckPolicy::thinDelay);
  // The load is over.
  now += 1s;
  acks.onPacket(data(), now);
  acks.onPacket(data(), now + 1ms);
  CHECK(acks.due());
}

TEST_CASE("a moderate rate is not thinned") {
  auto acks = warm();
  unsigned sent = 0;
  auto now = start;
  for (unsigned i = 0; i < 1'000; ++i) {
    now += 300us;
    acks.onPacket(data(), now);
    if (acks.due()) {
      ++sent;
      acks.onSent(now);
    }
  }
  CHECK(sent == 500);
}

TEST_CASE("under load a gap is reported at once, and often enough for a peer that counts") {
  auto acks = warm();
  auto now = start;
  for (unsigned i = 0; i < 100; ++i) {
    now += 10us;
    acks.onPacket(data(), now);
    if (acks.due()) acks.onSent(now);
  }
  auto arrival = data();
  arrival.gap = arrival.missingChanged = true;
  unsigned atOnce = 0, later = 0;
  for (unsigned i = 0; i < 40; ++i) {
    now += 10us;
    acks.onPacket(arrival, now);
    arrival.missingChanged = false;
    if (acks.due()) {
      ++(i < AckPolicy::missingReports ? atOnce : later);
      acks.onSent(now);
    }
  }
  CHECK(atOnce == AckPolicy::missingReports);
  CHECK(later >= 4);
  CHECK(later <= 6);
}
