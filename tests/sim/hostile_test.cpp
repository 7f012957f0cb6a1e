// Bad input: whatever arrives, a connection is unaffected or fails cleanly, memory stays bounded, and drops are
// counted.

#include "sim/sanitized.hpp"
#include "sim/two_connections.hpp"
#include "stun/message_builder.hpp"

#include <fstream>
#include <numeric>

using namespace parley;
using namespace parley::sim;

namespace {

using Bytes = std::vector<std::uint8_t>;

std::string attribute(const SessionDescription& description, const std::string& name) {
  const auto at = description.sdp.find("a=" + name + ":");
  REQUIRE(at != std::string::npos);
  const auto start = at + name.size() + 3;
  return description.sdp.substr(start, description.sdp.find('\r', start) - start);
}

std::uint64_t sum(const std::map<std::string, std::uint64_t>& counters) {
  return std::accumulate(counters.begin(), counters.end(), std::uint64_t{0},
                         [](std::uint64_t total, const auto& counter) { return total + counter.second; });
}

std::size_t residentBytes() {
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0, resident = 0;
  status >> pages >> resident;
  return resident * 4096;
}

/// Makes hostile datagrams, with what it has overheard as the raw material.
class Attacker {
 public:
  explicit Attacker(TwoConnections& pair) : pair_(pair), random_(pair.world.seed() + 1000) {
    pair.world.trace = [this](const Wire& wire) {
      if (overheard_.size() < 500) overheard_.emplace_back(wire.bytes.begin(), wire.bytes.end());
    };
  }

  Bytes next() {
    switch (random_.below(9)) {
      case 0: return garbage(random_.below(64));
      case 1: return garbage(1 + random_.below(2000));
      case 2: return firstByte(garbage(1 + random_.below(1200)));
      case 3: return oversized();
      case 4: return truncated();
      case 5: return flipped();
      case 6: return forgedRequest();
      case 7: return forgedResponse();
      default: return dtlsRecord();
    }
  }
  Bytes garbage(std::size_t size) {
    Bytes bytes(size);
    random_.fill(bytes);
    return bytes;
  }
  /// With a first byte that leads deeper (RFC 7983).
  Bytes firstByte(Bytes bytes) {
    static constexpr std::uint8_t firsts[] = {0, 1, 2, 3, 16, 20, 21, 22, 23, 24, 25, 63, 64, 79, 128, 191};
    bytes[0] = firsts[random_.below(std::size(firsts))];
    return bytes;
  }
  Bytes oversized() {
    if (large_.empty()) large_ = garbage(65'507);
    return firstByte(Bytes(large_.begin(), large_.begin() + static_cast<std::ptrdiff_t>(2000 + random_.below(63'507))));
  }
  Bytes& overheard() { return overheard_[random_.below(overheard_.size())]; }
  Bytes truncated() {
    if (overheard_.empty()) return {};
    Bytes bytes = overheard();
    bytes.resize(random_.below(bytes.size()));
    return bytes;
  }
  Bytes flipped() {
    if (overheard_.empty()) return {};
    Bytes bytes = overheard();
    bytes[random_.below(bytes.size())] ^= static_cast<std::uint8_t>(1 + random_.below(255));
    return bytes;
  }
  /// A check with everything right but the password.
  Bytes forgedRequest() {
    std::string user = "a:b";
    if (pair_.a.exists() && pair_.a.pc().localDescription() && pair_.b.pc().localDescription()) {
      const auto ufragA = attribute(*pair_.a.pc().localDescription(), "ice-ufrag");
      const auto ufragB = attribute(*pair_.b.pc().localDescription(), "ice-ufrag");
      user = random_.below(2) ? ufragA + ":" + ufragB : ufragB + ":" + ufragA;
    }
    stun::MessageBuilder builder(pool_, stun::Class::Request, stun::Method::Binding,
                                 stun::randomTransactionId(random_));
    builder.addUsername(user).addPriority(1).addUseCandidate();
    random_.below(2) ? builder.addIceControlling(random_.u64()) : builder.addIceControlled(random_.u64());
    if (random_.below(4)) builder.addIntegrity(base::asBytes("not the password at all"));
    return copy(builder.addFingerprint().finish());
  }
  /// To a transaction that it saw on the wire, or to none.
  Bytes forgedResponse() {
    auto id = stun::randomTransactionId(random_);
    if (!overheard_.empty())
      if (const auto& seen = overheard(); seen.size() >= 20 && seen[0] < 4)
        std::copy(seen.begin() + 8, seen.begin() + 20, id.begin());
    const bool success = random_.below(2);
    stun::MessageBuilder builder(pool_, success ? stun::Class::SuccessResponse : stun::Class::ErrorResponse,
                                 stun::Method::Binding, id);
    if (success)
      builder.addXorMappedAddress({IpAddress::v4(203, 0, 113, 66), 666});
    else
      builder.addErrorCode(random_.below(2) ? 487 : 400, "forged");
    if (random_.below(2)) builder.addIntegrity(base::asBytes("not the password at all"));
    return copy(builder.addFingerprint().finish());
  }
  Bytes dtlsRecord() {
    Bytes bytes = garbage(13 + random_.below(300));
    bytes[0] = static_cast<std::uint8_t>(20 + random_.below(5));
    bytes[1] = 254;
    bytes[2] = 253;
    bytes[3] = 0;
    bytes[4] = static_cast<std::uint8_t>(random_.below(2));  // epoch
    const auto length = bytes.size() - 13;
    bytes[11] = static_cast<std::uint8_t>(length >> 8);
    bytes[12] = static_cast<std::uint8_t>(length);
    if (bytes[0] == 21 && length >= 2) {  // an alert: fatal, handshake_failure
      bytes.resize(15);
      bytes[11] = 0, bytes[12] = 2, bytes[13] = 2, bytes[14] = 40;
    }
    return bytes;
  }

  /// On every socket of both hosts, `count` datagrams from each of the addresses.
  void bombard(int count, bool alsoFromThePeer) {
    Host* hosts[] = {&pair_.hostA, &pair_.hostB};
    for (int i = 0; i < 2; ++i)
      for (const auto& to : hosts[i]->boundSockets()) {
        std::vector<SocketAddress> from{SocketAddress{IpAddress::v4(203, 0, 113, 66), 666}, to};
        if (alsoFromThePeer)
          for (const auto& peer : hosts[1 - i]->boundSockets()) from.push_back(peer);
        for (const auto& address : from)
          for (int n = 0; n < count; ++n, ++sent) hosts[i]->inject(to, address, next());
      }
  }
  int sent = 0;

 private:
  static Bytes copy(const Packet& packet) { return Bytes(packet.bytes().begin(), packet.bytes().end()); }
  TwoConnections& pair_;
  base::SeededRandom random_;
  base::PacketPool pool_;
  std::vector<Bytes> overheard_;
  Bytes large_;
};

TwoConnections::Options seeded(std::uint64_t seed) {
  TwoConnections::Options options;
  options.seed = seed;
  return options;
}

/// Bombards each 5 ms from the start on, until told to stop.
void bombardOften(TwoConnections& pair, Attacker& attacker, bool alsoFromThePeer, const bool& stop, int count = 5) {
  pair.world.after(5ms, [&pair, &attacker, alsoFromThePeer, &stop, count] {
    if (stop) return;
    attacker.bombard(count, alsoFromThePeer);
    bombardOften(pair, attacker, alsoFromThePeer, stop, count);
  });
}

}  // namespace

TEST_CASE("what strangers send during the set-up and after changes nothing") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    TwoConnections pair(seeded(seed));
    Attacker attacker(pair);
    bool stop = false;
    bombardOften(pair, attacker, false, stop);
    const bool opened = pair.open("chat", 1s);
    PARLEY_SHOW(pair);
    REQUIRE(opened);
    REQUIRE(pair.echo("chat"));
    pair.world.runFor(1s);
    stop = true;
    CHECK(attacker.sent > 1000);
    const auto dropsA = pair.a.drops(), dropsB = pair.b.drops();
    std::string reasons;
    for (const auto& [reason, count] : dropsA) reasons += reason + ": " + std::to_string(count) + "\n";
    INFO(attacker.sent << " sent; a dropped\n" << reasons);
    // Each one was counted, but the few that there are no reasons for: valid checks of strangers do not exist.
    CHECK(sum(dropsA) + sum(dropsB) > static_cast<std::uint64_t>(attacker.sent) * 8 / 10);
    CHECK(pair.a.count("connectionstate connected") == 1);
    CHECK(pair.a.count("selectedpair") == 1);
    CHECK_FALSE(pair.a.sawErrors());
    pair.closeAndCheckThatNothingIsLeft();
  }
}

TEST_CASE("what pretends to come from the peer after the set-up changes nothing") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    TwoConnections pair(seeded(seed));
    Attacker attacker(pair);
    REQUIRE(pair.open("chat", 1s));
    pair.world.runFor(1s);
    const auto selected = pair.a.count("selectedpair");
    bool stop = false;
    bombardOften(pair, attacker, true, stop);
    for (std::uint32_t i = 0; i < 200; ++i) {
      pair.a.channel("chat").channel->send(pattern(i, 3000));
      pair.b.channel("chat").channel->send(pattern(i, 3000));
      pair.world.runFor(10ms);
    }
    stop = true;
    pair.world.runFor(5s);
    PARLEY_SHOW(pair);
    REQUIRE(pair.a.channel("chat").messages.size() == 200);
    REQUIRE(pair.b.channel("chat").messages.size() == 200);
    for (std::uint32_t i = 0; i < 200; ++i) {
      CHECK(indexOf(pair.a.channel("chat").messages[i]) == i);
      CHECK(indexOf(pair.b.channel("chat").messages[i]) == i);
    }
    CHECK(pair.a.pc().connectionState() == PeerConnectionState::Connected);
    CHECK(pair.b.pc().connectionState() == PeerConnectionState::Connected);
    CHECK(pair.a.count("selectedpair") == selected);
    CHECK(pair.a.count("dtls closed") + pair.b.count("dtls closed") == 0);
    CHECK(sum(pair.a.drops()) + sum(pair.b.drops()) > static_cast<std::uint64_t>(attacker.sent) * 7 / 10);
    pair.closeAndCheckThatNothingIsLeft();
  }
}

TEST_CASE("what pretends to come from the peer during the set-up lets it succeed or fail cleanly") {
  int succeeded = 0, failed = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    TwoConnections pair(seeded(seed));
    Attacker attacker(pair);
    bool stop = false;
    bombardOften(pair, attacker, true, stop, seed % 2 ? 1 : 5);
    pair.world.after(500ms, [&] { stop = true; });
    const bool opened = pair.open("chat", 3s);
    stop = true;
    PARLEY_SHOW(pair);
    if (opened) {
      ++succeeded;
      CHECK(pair.echo("chat"));
    } else {
      // DTLS 1.2 cannot tell a forged record of its handshake from a real one.
      ++failed;
      CHECK((pair.a.count("dtls failed") == 1 || pair.b.count("dtls failed") == 1));
      pair.world.runFor(120s);
      CHECK((pair.a.pc().connectionState() == PeerConnectionState::Failed ||
             pair.b.pc().connectionState() == PeerConnectionState::Failed));
    }
    pair.closeAndCheckThatNothingIsLeft();
  }
  std::printf("  %d came up, %d failed cleanly\n", succeeded, failed);
  CHECK(succeeded > 0);
}

TEST_CASE("a hundred thousand hostile datagrams take no memory") {
  TwoConnections pair(seeded(7));
  Attacker attacker(pair);
  REQUIRE(pair.open("chat", 1s));
  attacker.bombard(500, true);
  const auto before = residentBytes();
  for (int i = 0; i < (sanitized ? 3 : 33); ++i) {
    attacker.bombard(500, true);
    pair.world.runFor(10ms);
  }
  const auto after = residentBytes();
  INFO("grew by " << (after - before) / 1024 << " KiB after " << attacker.sent << " datagrams");
  CHECK(attacker.sent > (sanitized ? 10'000 : 100'000));
  CHECK(pair.hostA.engine().core().packetsOutstanding() < 5'000);
  if (!sanitized) CHECK(after < before + 4 * 1'048'576);
  REQUIRE(pair.echo("chat"));
  pair.closeAndCheckThatNothingIsLeft();
}

TEST_CASE("requests from ever new addresses take no memory and no answer is larger than its request") {
  TwoConnections pair(seeded(8));
  Attacker attacker(pair);
  REQUIRE(pair.open("chat", 1s));
  pair.world.runFor(1s);
  const auto known = [&] { return pair.a.pc().sctp()->transport()->iceTransport()->getRemoteCandidates().size(); };
  const auto knownBefore = known();
  const auto before = residentBytes();
  const auto to = pair.hostA.boundSockets().at(0);
  std::size_t answered = 0, asked = 0;
  pair.world.trace = [&](const Wire& wire) {
    if (wire.to.ip.bytes()[0] == 203) answered += wire.bytes.size();
  };
  for (std::uint32_t i = 0; i < (sanitized ? 2'000u : 20'000u); ++i) {
    const SocketAddress from{IpAddress::v4(203, static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8),
                                           static_cast<std::uint8_t>(i)),
                             static_cast<std::uint16_t>(1 + i % 60'000)};
    auto request = attacker.forgedRequest();
    asked += request.size();
    pair.hostA.inject(to, from, std::move(request));
  }
  pair.world.runFor(1s);
  const auto after = residentBytes();
  INFO("asked " << asked << " bytes, answered " << answered << ", grew by " << (after - before) / 1024 << " KiB");
  CHECK(answered <= asked);
  if (!sanitized) CHECK(after < before + 4 * 1'048'576);
  REQUIRE(pair.echo("chat"));
  CHECK(known() == knownBefore);
}

TEST_CASE("forged answers to checks of consent do not keep a dead connection alive") {
  TwoConnections pair(seeded(9));
  REQUIRE(pair.open("chat", 1s));
  pair.world.runFor(1s);
  const auto toA = pair.hostA.boundSockets().at(0), toB = pair.hostB.boundSockets().at(0);
  const Time gone = pair.world.now();
  pair.hostB.setOffline(true);
  base::PacketPool pool;
  int forged = 0;
  pair.world.trace = [&](const Wire& wire) {
    if (wire.from != toA || wire.bytes[0] > 3) return;
    const auto request = stun::Message::parse(wire.bytes);
    if (!request || request->messageClass() != stun::Class::Request) return;
    for (const bool signedAtAll : {true, false}) {
      stun::MessageBuilder builder(pool, stun::Class::SuccessResponse, *request);
      builder.addXorMappedAddress(toA);
      if (signedAtAll) builder.addIntegrity(base::asBytes("not the password at all"));
      const auto packet = builder.addFingerprint().finish();
      ++forged;
      pair.world.after(20ms, [&, bytes = Bytes(packet.bytes().begin(), packet.bytes().end())] {
        pair.hostA.inject(toA, toB, bytes);
      });
    }
  };
  pair.world.runFor(40s);
  PARLEY_SHOW(pair);
  CHECK(forged > 5);
  REQUIRE(pair.a.when("iceconnectionstate failed"));
  CHECK(*pair.a.when("iceconnectionstate failed") - gone < 31s);
}

TEST_CASE("a replayed recording of a whole connection changes nothing") {
  TwoConnections pair(seeded(10));
  struct Recorded {
    SocketAddress from, to;
    Bytes bytes;
  };
  std::vector<Recorded> recording;
  pair.world.trace = [&](const Wire& wire) {
    recording.push_back({wire.from, wire.to, Bytes(wire.bytes.begin(), wire.bytes.end())});
  };
  REQUIRE(pair.open("chat", 1s));
  REQUIRE(pair.echo("chat"));
  pair.world.runFor(1s);
  pair.world.trace = nullptr;
  for (int round = 0; round < 3; ++round)
    for (const auto& datagram : recording) {
      for (auto* host : {&pair.hostA, &pair.hostB}) host->inject(datagram.to, datagram.from, datagram.bytes);
      pair.world.runFor(1ms);
    }
  pair.world.runFor(5s);
  PARLEY_SHOW(pair);
  CHECK(pair.a.channel("chat").messages.size() == 1);
  CHECK(pair.b.channel("chat").messages.size() == 1);
  REQUIRE(pair.echo("chat"));
  CHECK(pair.a.pc().connectionState() == PeerConnectionState::Connected);
  CHECK(pair.b.pc().connectionState() == PeerConnectionState::Connected);
}

TEST_CASE("a wrong fingerprint fails the connection with a clear error and no data passes") {
  for (const bool ofA : {true, false}) {
    TwoConnections pair(seeded(11));
    End& impostor = ofA ? pair.a : pair.b;  // as the other side must see it
    End& deceived = ofA ? pair.b : pair.a;
    impostor.tamper = [](SessionDescription& description) {
      const auto at = description.sdp.find("a=fingerprint:sha-256 ") + 22;
      description.sdp[at] = description.sdp[at] == '0' ? '1' : '0';
    };
    CHECK_FALSE(pair.open("chat", 20s));
    PARLEY_SHOW(pair);
    CHECK(deceived.pc().connectionState() == PeerConnectionState::Failed);
    CHECK(deceived.count("dtls failed") == 1);
    bool clear = false;
    for (const auto& event : deceived.events())
      clear = clear || (event.text.starts_with("dtlserror fingerprint-failure") &&
                        event.text.find("not the one that signalling promised") != std::string::npos);
    CHECK(clear);
    // The alert tells the other one.
    CHECK(impostor.pc().connectionState() == PeerConnectionState::Failed);
    CHECK(pair.a.count("open chat") == 0);
    CHECK(pair.b.count("open chat") == 0);
    CHECK(pair.a.channel("chat").channel->readyState() != DataChannelState::Open);
    CHECK(deceived.pc().sctp()->transport()->getRemoteCertificates().empty());
    pair.closeAndCheckThatNothingIsLeft();
  }
}

TEST_CASE("a description with a line missing or twice or damaged is refused or works") {
  std::string offer;
  {
    TwoConnections pair(seeded(12));
    pair.a.tamper = [&](SessionDescription& description) { offer = description.sdp; };
    REQUIRE(pair.open("chat"));
  }
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < offer.size();) {
    const auto end = offer.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    lines.push_back(offer.substr(at, end + 2 - at));
    at = end + 2;
  }
  CHECK(lines.size() > 10);
  base::SeededRandom random(1);
  int refused = 0, accepted = 0, worked = 0;
  for (std::size_t i = 0; i < lines.size(); ++i)
    for (int how = 0; how < 4; ++how) {
      TwoConnections pair(seeded(12));
      auto damaged = lines;
      if (how == 0) damaged.erase(damaged.begin() + static_cast<std::ptrdiff_t>(i));
      if (how == 1) damaged.insert(damaged.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
      if (how == 2) damaged[i] = lines[i].substr(0, 2 + random.below(lines[i].size() - 3)) + "\r\n";
      if (how == 3) damaged[i][random.below(lines[i].size() - 2)] = static_cast<char>(random.below(256));
      pair.a.tamper = [&](SessionDescription& description) {
        if (description.type != SdpType::Offer) return;
        // What differs from run to run does not matter: the credentials are those of the seed.
        description.sdp = std::accumulate(damaged.begin(), damaged.end(), std::string());
      };
      const bool opened = pair.open("chat", 3s);
      PARLEY_SHOW(pair);
      INFO("line " << lines[i] << "how " << how);
      if (opened)
        ++worked;
      else if (pair.b.sawErrors())
        ++refused;
      else
        ++accepted;
      if (pair.b.sawErrors()) CHECK(pair.b.pc().signalingState() == SignalingState::Stable);
      pair.closeAndCheckThatNothingIsLeft();
    }
  std::printf("  %d refused, %d worked, %d accepted and came to nothing\n", refused, worked, accepted);
  CHECK(refused > 10);
}
