#include "two_native.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native::test;

namespace {

bool carries(TwoNative& two) {
  two.a.messages.clear();
  two.b.messages.clear();
  if (two.a->send(0, Ppid::Binary, bytesOf(10'000), {}, two.now) != SendResult::Sent) return false;
  if (two.b->send(1, Ppid::Binary, bytesOf(10'000), {}, two.now) != SendResult::Sent) return false;
  two.run(1s);
  return two.a.messages.size() == 1 && two.b.messages.size() == 1;
}

}  // namespace

TEST_CASE("by SNAP both ends are up at once, and the first packet carries data") {
  base::SeededRandom random(9);
  Config a, b;
  auto initA = native::makeInit(a, random), initB = native::makeInit(b, random);
  a.snap = Snap{initA, initB};
  b.snap = Snap{initB, initA};
  TwoNative two(a, b);
  two.connect();
  two.drain();
  REQUIRE(two.a.up());
  REQUIRE(two.b.up());
  CHECK(two.a.sent.empty());
  REQUIRE(two.a->send(0, Ppid::Binary, bytesOf(100), {}, two.now) == SendResult::Sent);
  two.run(10ms);
  CHECK(two.b.messages.size() == 1);
  CHECK(two.packets == 1);
  CHECK(carries(two));
}

TEST_CASE("what was signalled and is no INIT fails the association") {
  base::SeededRandom random(9);
  Config config;
  auto good = native::makeInit(config, random);
  auto zeroTag = good;
  for (int i = 4; i < 8; ++i) zeroTag[i] = 0;
  auto noStreams = good;
  noStreams[12] = noStreams[13] = 0;
  auto shorter = good;
  shorter.resize(19);
  auto other = good;
  other[0] = 2;
  for (auto& bad : {zeroTag, noStreams, shorter, other, std::vector<std::uint8_t>{}}) {
    CHECK_FALSE(native::parseInit(bad));
    config.snap = Snap{good, bad};
    NativeEnd end(config, 1);
    end->connect(Time{1h});
    end.drain(Time{1h});
    CHECK(end.find<Association::Failed>());
    CHECK(end->deadline() == never);
  }
}

TEST_CASE("a peer without interleaving, partial reliability or zero checksum gets none of it") {
  for (bool first : {false, true}) {
    Config plain, rich;
    plain.interleaving = plain.zeroChecksum = false;
    TwoNative two(first ? plain : rich, first ? rich : plain);
    two.drop = [&](bool, std::vector<std::uint8_t>& packet) {
      CHECK_FALSE(hasChunk(packet, 0x40));
      CHECK((base::load32(&packet[8]) != 0));
      return false;
    };
    two.connect();
    two.run(100ms);
    CHECK(carries(two));
  }
}

TEST_CASE("where both take it packets have no checksum, but for INIT and COOKIE ECHO") {
  TwoNative two;
  std::size_t without = 0;
  two.drop = [&](bool, std::vector<std::uint8_t>& packet) {
    const bool zero = base::load32(&packet[8]) == 0;
    if (typeOf(packet) == 1 || typeOf(packet) == 2 || typeOf(packet) == 10) CHECK_FALSE(zero);
    if (typeOf(packet) == 0x40) CHECK(zero);
    if (zero) ++without;
    return false;
  };
  two.connect();
  two.run(100ms);
  CHECK(carries(two));
  CHECK(without > 10);
}

TEST_CASE("who takes packets without a checksum gets them from a peer that takes none itself (RFC 9653)") {
  for (const bool aTakes : {true, false}) {
    INFO("A takes them " << aTakes);
    Config plain, rich;
    plain.zeroChecksum = false;
    TwoNative two(aTakes ? rich : plain, aTakes ? plain : rich);
    bool bothWays = false;
    two.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
      // What a sender makes of our word is its own matter: as one that uses it sends.
      const bool setup = typeOf(packet) == 1 || typeOf(packet) == 2 || typeOf(packet) == 10;
      CHECK(base::load32(&packet[8]) != 0);
      if (!setup && (bothWays || fromA != aTakes))
        for (int i = 8; i < 12; ++i) packet[i] = 0;
      return false;
    };
    two.connect();
    two.run(100ms);
    REQUIRE(carries(two));
    CHECK(two.a->drops()[native::Drop::BadChecksum] == 0);
    CHECK(two.b->drops()[native::Drop::BadChecksum] == 0);
    // The other direction was not agreed on.
    bothWays = true;
    CHECK_FALSE(carries(two));
    CHECK((aTakes ? two.a : two.b)->drops()[native::Drop::BadChecksum] == 0);
    CHECK((aTakes ? two.b : two.a)->drops()[native::Drop::BadChecksum] > 0);
  }
}

TEST_CASE("an INIT or a COOKIE ECHO without checksum is dropped") {
  for (int type : {1, 10}) {
    TwoNative two;
    two.drop = [&](bool, std::vector<std::uint8_t>& packet) {
      if (typeOf(packet) == type)
        for (int i = 8; i < 12; ++i) packet[i] = 0;
      return false;
    };
    two.connect();
    two.run(3s);
    CHECK_FALSE(two.a.up());
    CHECK(two.a->drops()[native::Drop::BadChecksum] > 0);
  }
}

TEST_CASE("an old INIT does not harm an association that is up") {
  TwoNative two;
  std::vector<std::uint8_t> init;
  two.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
    if (fromA && typeOf(packet) == 1) init = packet;
    return false;
  };
  two.connect();
  two.run(100ms);
  REQUIRE_FALSE(init.empty());
  two.b->handle(init, two.now);
  two.run(1s);
  CHECK(carries(two));
}

TEST_CASE("an old COOKIE ECHO is acknowledged however old, and changes nothing") {
  TwoNative two;
  std::vector<std::uint8_t> echo;
  two.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
    if (fromA && typeOf(packet) == 10) echo = packet;
    return false;
  };
  two.connect();
  two.run(100ms);
  REQUIRE_FALSE(echo.empty());
  for (auto wait : {1s, 100s}) {
    two.run(wait);
    two.b.sent.clear();
    two.b->handle(echo, two.now);
    two.b.drain(two.now);
    REQUIRE_FALSE(two.b.sent.empty());
    CHECK(typeOf(two.b.sent.front()) == 11);
    CHECK(carries(two));
  }
}

TEST_CASE("a COOKIE ECHO that took longer than a cookie lives is answered by a stale cookie, and a new INIT follows") {
  TwoNative two;
  two.b->connect(two.now);
  two.b.drain(two.now);
  two.b.sent.clear();
  Packets held;
  two.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
    // B's own INITs are lost, so that A's cookie is all there is.
    if (!fromA) return typeOf(packet) == 1 || typeOf(packet) == 10;
    if (typeOf(packet) == 10 && held.empty()) {
      held.push_back(packet);
      return true;
    }
    return typeOf(packet) == 10 && two.now < Time{1h} + 70s;
  };
  two.a->connect(two.now);
  two.run(61s);
  CHECK_FALSE(two.a.up());
  REQUIRE(held.size() == 1);
  two.b->handle(held.front(), two.now);
  two.b.drain(two.now);
  REQUIRE_FALSE(two.b.sent.empty());
  CHECK(typeOf(two.b.sent.back()) == 9);
  two.run(30s);
  CHECK(two.a.up());
  CHECK(two.b.up());
  CHECK(carries(two));
}

TEST_CASE("a peer that has restarted is told that this is the end") {
  TwoNative two;
  two.connect();
  two.run(100ms);
  REQUIRE(two.a.up());
  two.a.machine = std::make_unique<native::Association>(Config{}, two.a.random, pool());
  two.a.events.clear();
  two.a->connect(two.now);
  two.run(1s);
  REQUIRE(two.b.find<Association::Failed>());
  CHECK(two.b.find<Association::Failed>()->reason == "the peer has restarted the association");
  CHECK(two.a.find<Association::Failed>());
}

TEST_CASE("no streams, a host name or no cookie abort the set-up") {
  // INIT: what comes back is an ABORT, and who sent it waits on for a good one.
  TwoNative two;
  two.connect();
  two.drain();
  auto init = two.a.sent.front();
  two.b.sent.clear();
  auto noStreams = init;
  noStreams[24] = noStreams[25] = 0;
  two.b->handle(sealed(noStreams), two.now);
  two.b.drain(two.now);
  REQUIRE(two.b.sent.size() == 1);
  CHECK(typeOf(two.b.sent.front()) == 6);
  CHECK(base::load32(&two.b.sent.front()[4]) == base::load32(&init[16]));
  two.b.sent.clear();
  two.run(2s);
  CHECK(two.b.up());

  // INIT ACK: it is over, for both.
  TwoNative other;
  other.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
    if (!fromA && typeOf(packet) == 2) {
      packet.resize(12 + 20);
      base::store16(&packet[14], 20);
      packet = sealed(packet);
    }
    return !fromA && typeOf(packet) == 1;
  };
  other.connect();
  other.run(1s);
  REQUIRE(other.a.find<Association::Failed>());
  CHECK(other.b.find<Association::Failed>());
}

TEST_CASE("an idle association asks its peer every half minute, and is told if it has been forgotten") {
  TwoNative two;
  two.connect();
  two.run(100ms);
  const auto before = two.packets;
  two.run(100s);
  // Each end three times, with the answers.
  CHECK(two.packets - before >= 8);
  CHECK(two.packets - before <= 14);
  two.drop = [](bool, std::vector<std::uint8_t>&) { return true; };
  two.b->abort(two.now);
  two.run(1s);
  two.drop = {};
  CHECK_FALSE(two.a.find<Association::Failed>());
  two.run(40s);
  CHECK(two.a.find<Association::Failed>());
}

TEST_CASE("the path's MTU is found out once there is something large to send") {
  Config config;
  config.maxMtu = 1'432;
  TwoNative two(config, config);
  std::size_t limit = 1'300, largest = 0;
  two.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
    if (packet.size() <= limit && fromA) largest = std::max(largest, packet.size());
    return packet.size() > limit;
  };
  two.connect();
  two.run(5s);
  CHECK(largest <= 1'152);
  two.a->send(0, Ppid::Binary, bytesOf(50'000), {}, two.now);
  two.run(60s);
  CHECK(two.a->stats().mtu > 1'280);
  CHECK(two.a->stats().mtu <= 1'300);
  largest = 0;
  two.a->send(0, Ppid::Binary, bytesOf(50'000), {}, two.now);
  two.run(1s);
  CHECK(largest == two.a->stats().mtu);
  CHECK(two.b.messages.size() == 2);
}

TEST_CASE("shutdown ends both ends whichever of its packets is lost") {
  for (int lostType : {7, 8, 14})
    for (int times : {1, 2}) {
      TwoNative two;
      two.connect();
      two.run(100ms);
      int lost = 0;
      two.drop = [&](bool, std::vector<std::uint8_t>& packet) { return hasChunk(packet, lostType) && lost++ < times; };
      two.a->send(0, Ppid::Binary, bytesOf(20'000), {}, two.now);
      two.a->shutdown(two.now);
      two.run(30s);
      INFO("chunk " << lostType << " lost " << times << " times");
      CHECK(two.a.find<Association::Closed>());
      CHECK(two.b.find<Association::Closed>());
      CHECK(two.b.messages.size() == 1);
      CHECK(two.a->deadline() == never);
      CHECK(two.b->deadline() == never);
    }
}

TEST_CASE("a peer that never answers a shutdown is given up") {
  TwoNative two;
  two.connect();
  two.run(100ms);
  two.drop = [](bool, std::vector<std::uint8_t>&) { return true; };
  two.a->shutdown(two.now);
  two.run(40s);
  CHECK(two.a.find<Association::Failed>());
  CHECK(two.a->deadline() == never);
}

TEST_CASE("an end that is over answers by ABORT, and two such ends do not answer each other for ever") {
  TwoNative two;
  two.connect();
  two.run(100ms);
  two.drop = [](bool, std::vector<std::uint8_t>&) { return true; };
  two.b->abort(two.now);
  two.run(10ms);
  two.drop = {};
  two.a->send(0, Ppid::Binary, bytesOf(10), {}, two.now);
  const auto before = two.packets;
  two.run(5s);
  CHECK(two.a.find<Association::Failed>());
  CHECK(two.packets - before <= 4);
}

TEST_CASE("parameters that nobody knows are reported as far as there is room, and never stop the set-up") {
  for (std::size_t count : {1u, 20u, 150u, 270u}) {
    TwoNative two;
    bool reported = false;
    two.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
      if (fromA && typeOf(packet) == 1) {
        // RFC 9260 s.3.2.1: skipped and reported.
        for (std::size_t i = 0; i < count; ++i) packet.insert(packet.end(), {0xC1, 0x23, 0, 4});
        base::store16(&packet[14], static_cast<std::uint16_t>(packet.size() - 12));
        packet = sealed(packet);
      }
      if (!fromA && typeOf(packet) == 2) reported |= packet.size() > 250;
      return !fromA && typeOf(packet) == 1;  // A's INIT is what the association begins with.
    };
    two.connect();
    two.run(1s);
    INFO(count << " parameters");
    CHECK(two.a.up());
    CHECK(two.b.up());
    CHECK(reported == (count == 20));
    CHECK(carries(two));
  }
}

// --- Messages before the handshake is over (RFC 9260 s.5.1) ---

namespace {

constexpr int cookieEcho = 10;

bool hasMessage(const std::vector<std::uint8_t>& packet) { return hasChunk(packet, 0) || hasChunk(packet, 64); }

/// Each end sends a message of its own as soon as it may.
void sendEarly(TwoNative& two) {
  for (auto* end : {&two.a, &two.b})
    end->onEarly = [&two, end] {
      CHECK(end->machine->send(3, Ppid::Binary, bytesOf(300), {}, two.now) == SendResult::Sent);
    };
}

}  // namespace

TEST_CASE("a message that is there early goes behind the COOKIE ECHO, and is there as soon as the association is") {
  TwoNative two;
  sendEarly(two);
  std::size_t together = 0;
  two.drop = [&](bool, std::vector<std::uint8_t>& packet) {
    together += typeOf(packet) == cookieEcho && hasMessage(packet);
    return false;
  };
  // One end speaks first, as the DTLS client does, and the other has called connect in silence.
  two.a->connect(two.now);
  two.b->connect(two.now);
  two.b.drain(two.now);
  two.b.sent.clear();
  // INIT, INIT ACK, COOKIE ECHO: 30 ms.
  two.run(30ms);
  CHECK(together == 1);
  CHECK(two.b.up());
  REQUIRE(two.b.messages.size() == 1);
  CHECK(two.b.messages[0].bytes == bytesOf(300));
}

TEST_CASE("where both ends begin at once an early message of each arrives once") {
  TwoNative two;
  sendEarly(two);
  two.connect();
  two.run(5s);
  CHECK(two.a.up());
  CHECK(two.b.up());
  CHECK(two.a.messages.size() == 1);
  CHECK(two.b.messages.size() == 1);
}

TEST_CASE("an early message arrives once, whichever packets of the handshake are lost or come twice") {
  for (unsigned lost = 0; lost < 64; ++lost)
    for (const bool twice : {false, true}) {
      INFO("lost " << lost << ", twice " << twice);
      TwoNative two;
      sendEarly(two);
      unsigned count = 0;
      two.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
        const bool drop = count < 6 && (lost >> count & 1);
        ++count;
        if (twice && !drop) (fromA ? two.b : two.a)->handle(packet, two.now);
        return drop;
      };
      two.connect();
      two.run(20s);
      CHECK(two.a.up());
      CHECK(two.b.up());
      // An end that the other's COOKIE ECHO establishes was never early.
      CHECK(two.a.messages.size() == (two.b.find<Association::SendsEarly>() ? 1 : 0));
      CHECK(two.b.messages.size() == (two.a.find<Association::SendsEarly>() ? 1 : 0));
      CHECK((two.a.find<Association::SendsEarly>() || two.b.find<Association::SendsEarly>()));
    }
}

TEST_CASE("a stale cookie ends an association that has sent early, for its message may not get lost unnoticed") {
  for (const bool message : {true, false}) {
    INFO("with a message " << message);
    TwoNative two;
    two.b->connect(two.now);
    two.b.drain(two.now);
    two.b.sent.clear();
    if (message)
      two.a.onEarly = [&] { CHECK(two.a->send(3, Ppid::Binary, bytesOf(300), {}, two.now) == SendResult::Sent); };
    std::vector<std::uint8_t> held;
    two.drop = [&](bool fromA, std::vector<std::uint8_t>& packet) {
      if (!fromA) return typeOf(packet) == 1;
      if (typeOf(packet) != cookieEcho) return two.now < Time{1h} + 61s && hasMessage(packet);
      if (held.empty()) held = packet;
      return two.now < Time{1h} + 61s;
    };
    two.a->connect(two.now);
    two.run(62s);
    REQUIRE_FALSE(held.empty());
    CHECK(hasMessage(held) == message);
    // The message behind it is for no association, and answered by nothing; the cookie by an ERROR.
    two.b->handle(held, two.now);
    two.b.drain(two.now);
    two.run(30s);
    CHECK(two.b.messages.empty());
    CHECK((two.a.find<Association::Failed>() != nullptr) == message);
    CHECK(two.a.up() != message);
    if (!message) CHECK(carries(two));
  }
}
