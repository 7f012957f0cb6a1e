// What a peer may send that it should not. It has passed DTLS, so that it is the peer, but it need not be sane.
#include "two_ends.hpp"

#include "base/hash.hpp"
#include "sctp/dcep.hpp"

#include <filesystem>
#include <fstream>
#include <string>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

namespace {

constexpr ChannelId one{1};

std::vector<std::uint8_t> sealed(std::vector<std::uint8_t> packet) {
  for (int i = 8; i < 12; ++i) packet[i] = 0;
  auto sum = base::crc32c(packet);
  for (int i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(sum >> 8 * i);
  return packet;
}

Parameters labelled(std::string label) {
  Parameters parameters;
  parameters.label = std::move(label);
  return parameters;
}

/// A is a bare association that says what it likes, B has data channels.
struct Rogue {
  std::unique_ptr<Association> a = makeAssociation(bigConfig());
  DataChannels b;
  Time now;
  std::vector<DataChannels::Output> events;
  std::vector<DataChannels::Received> messages;
  std::vector<Association::Output> said;

  explicit Rogue(Config config = bigConfig()) : b(makeAssociation(config), config, false) {
    TwoPeers clock = twoPeers();
    now = clock.now();
    a->connect(now);
    b.connect(now);
    run();
    REQUIRE(has<DataChannels::AssociationUp>());
  }

  void send(std::uint16_t stream, Ppid ppid, base::Bytes bytes, Reliability reliability = {}) {
    REQUIRE(a->send(stream, ppid, bytes, reliability, now) == SendResult::Sent);
    run();
  }

  void run() {
    for (int i = 0; i < 100; ++i) {
      bool some = true;
      while (some) {
        some = false;
        while (auto output = a->poll()) {
          some = true;
          if (auto* transmit = std::get_if<Association::Transmit>(&*output))
            b.handle(transmit->packet.bytes(), now);
          else
            said.push_back(std::move(*output));
        }
        while (auto message = a->receive(now)) some = true;
        while (auto output = b.poll()) {
          some = true;
          if (auto* transmit = std::get_if<DataChannels::Transmit>(&*output))
            a->handle(transmit->packet.bytes(), now);
          else
            events.push_back(std::move(*output));
        }
        if (auto message = b.receive(now)) {
          some = true;
          messages.push_back(std::move(*message));
        }
      }
      now += 10ms;
      setVirtualTime(now);
      a->advance(now);
      b.advance(now);
    }
  }

  template <class E>
  bool has() const {
    for (auto& event : events)
      if (std::holds_alternative<E>(event)) return true;
    return false;
  }
  bool wasReset(std::uint16_t stream) const {
    for (auto& event : said)
      if (auto* reset = std::get_if<Association::IncomingStreamsReset>(&event))
        for (auto s : reset->streams)
          if (s == stream) return true;
    return false;
  }
};

std::vector<std::uint8_t> openMessage() { return dcep::write(dcep::Open{{}, 256, "label", ""}); }

}  // namespace

TEST_CASE("packets with a bad checksum or other ports or of odd length are counted and harm nothing") {
  auto config = bigConfig();
  config.zeroChecksum = false;
  auto two = twoAssociations(config, config);
  connectBoth(two);
  std::vector<std::uint8_t> good;
  two.drop = [&](bool fromA, std::size_t, base::Bytes packet) {
    if (fromA) good.assign(packet.begin(), packet.end());
    return true;
  };
  two.a->send(0, Ppid::Binary, pattern(100), {}, two.now());
  two.run(1ms);
  REQUIRE(good.size() > 100);
  std::uint64_t bad = 0;
  auto expectDropped = [&](std::vector<std::uint8_t> packet) {
    two.b->handle(packet, two.now());
    CHECK(two.b->stats().packetsDropped == ++bad);
  };
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto packet = good;
    packet[i] ^= 1;
    expectDropped(packet);
  }
  for (std::size_t size = 0; size < good.size(); ++size) expectDropped({good.begin(), good.begin() + static_cast<long>(size)});
  auto port = good;
  port[1] ^= 1;
  expectDropped(sealed(port));
  auto zero = good;
  for (int i = 8; i < 12; ++i) zero[i] = 0;
  expectDropped(zero);
  expectDropped(std::vector<std::uint8_t>(20'000));
  two.drop = {};
  two.b->handle(good, two.now());
  two.run(5s);
  CHECK(two.b.messages.size() == 1);
}

TEST_CASE("random packets with a good checksum never break the peer beyond its association") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    base::SeededRandom random(seed);
    auto two = twoAssociations();
    connectBoth(two);
    std::vector<std::uint8_t> last;
    two.drop = [&](bool fromA, std::size_t, base::Bytes packet) {
      if (fromA) last.assign(packet.begin(), packet.end());
      return false;
    };
    for (int i = 0; i < 300; ++i) {
      two.a->send(static_cast<std::uint16_t>(random.below(4)), Ppid::Binary, pattern(1 + random.below(3'000)), {}, two.now());
      two.run(1ms);
      if (last.size() < 16) continue;
      auto packet = last;
      for (auto n = random.below(6); n > 0; --n)
        packet[12 + random.below(packet.size() - 12)] = static_cast<std::uint8_t>(random.u32());
      two.b->handle(sealed(packet), two.now());
      two.run(Duration(random.below(50'000'000)));
    }
    two.run(10s);
  }
  auto fresh = twoAssociations();
  connectBoth(fresh);
  CHECK(fresh.a.has<Association::Connected>());
}

TEST_CASE("the collection of packets of other stacks passes through an association in every state") {
  const std::filesystem::path folder = PARLEY_STANDARDS;
  if (!std::filesystem::exists(folder)) {
    WARN("not there: " << folder);
    return;
  }
  std::vector<std::vector<std::uint8_t>> packets;
  for (auto name : {"packets.vec", "packets_pion.vec", "chunks.vec"}) {
    std::ifstream file(folder / "vectors/sctp" / name);
    INFO(name);
    REQUIRE(file);
    for (std::string line; std::getline(file, line);) {
      auto equals = line.find(" = ");
      if (line.starts_with("#") || equals == std::string::npos) continue;
      auto bytes = base::fromHex(line.substr(equals + 3));
      if (line.starts_with("packet =")) packets.push_back(bytes);
      if (line.starts_with("data =") && bytes.size() >= 4) {
        packets.push_back(bytes);  // A whole packet, or else the chunk of one.
        std::vector<std::uint8_t> packet(12);
        packet.insert(packet.end(), bytes.begin(), bytes.end());
        packets.push_back(packet);
      }
    }
  }
  CHECK(packets.size() >= 40);
  for (int state = 0; state < 3; ++state) {
    auto two = twoAssociations();
    if (state > 0) two.connect();
    if (state > 1) two.run(1s);
    for (auto packet : packets) {
      two.b->handle(packet, two.now());
      packet.resize((packet.size() + 3) & ~std::size_t{3});
      if (packet.size() >= 16) {
        base::store16(&packet[0], 5000);
        base::store16(&packet[2], 5000);
        two.b->handle(sealed(packet), two.now());
      }
      two.run(10ms);
    }
    two.run(10s);
  }
}

TEST_CASE("crc32c agrees with the vector collection") {
  const std::filesystem::path folder = PARLEY_STANDARDS;
  if (!std::filesystem::exists(folder)) {
    WARN("not there: " << folder);
    return;
  }
  std::ifstream file(folder / "vectors/sctp/packets.vec");
  REQUIRE(file);
  std::vector<std::uint8_t> packet;
  int checked = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("packet = ")) packet = base::fromHex(line.substr(9));
    if (!line.starts_with("checksum_text = ") || packet.size() < 12) continue;
    auto verdict = line.substr(16);
    if (verdict != "ok" && verdict != "bad") continue;
    CHECK((sealed(packet) == packet) == (verdict == "ok"));
    ++checked;
  }
  CHECK(checked >= 10);
}

TEST_CASE("a bad OPEN resets its stream and is not acknowledged") {
  for (auto* hex : {"0300010000000000", "030001000000000000040000636861", "03030100000000000001000078", "ff"}) {
    Rogue rogue;
    rogue.send(0, Ppid::Dcep, base::fromHex(hex));
    CHECK(rogue.b.drops()[ChannelDrop::BadDcep] == 1);
    CHECK_FALSE(rogue.has<DataChannels::Incoming>());
    CHECK(rogue.wasReset(0));
    // The peer resets its own; then the stream can be used.
    rogue.a->resetStreams({0}, rogue.now);
    rogue.run();
    rogue.send(0, Ppid::Dcep, openMessage());
    CHECK(rogue.has<DataChannels::Incoming>());
  }
}

TEST_CASE("an OPEN on a stream of our parity or on one in use closes that stream") {
  Rogue rogue;  // B is the server: the peer's streams are even.
  rogue.send(1, Ppid::Dcep, openMessage());
  CHECK_FALSE(rogue.has<DataChannels::Incoming>());
  CHECK(rogue.wasReset(1));
  CHECK(rogue.b.drops()[ChannelDrop::UnexpectedOpen] == 1);

  rogue.send(2, Ppid::Dcep, openMessage());
  CHECK(rogue.has<DataChannels::Incoming>());
  rogue.send(2, Ppid::Dcep, openMessage());
  CHECK(rogue.b.drops()[ChannelDrop::UnexpectedOpen] == 2);
  CHECK(rogue.has<DataChannels::Closing>());
  CHECK(rogue.wasReset(2));
}

TEST_CASE("messages and acknowledgements on streams without channel are dropped") {
  Rogue rogue;
  rogue.send(4, Ppid::Binary, pattern(10));
  rogue.send(4, Ppid::Dcep, dcep::write(dcep::Ack{}));
  CHECK(rogue.b.drops()[ChannelDrop::UnknownStream] == 1);
  CHECK(rogue.b.drops()[ChannelDrop::UnexpectedAck] == 1);
  CHECK(rogue.messages.empty());
}

TEST_CASE("an unknown kind of message closes its channel") {
  Rogue rogue;
  rogue.send(0, Ppid::Dcep, openMessage());
  rogue.send(0, static_cast<Ppid>(99), pattern(10));
  CHECK(rogue.b.drops()[ChannelDrop::UnknownPpid] == 1);
  CHECK(rogue.has<DataChannels::Closing>());
  CHECK(rogue.wasReset(0));
}

TEST_CASE("messages in deprecated parts are put together, and bounded") {
  auto config = bigConfig();
  config.maxMessageSize = 1'000;
  Rogue rogue(config);
  rogue.send(0, Ppid::Dcep, openMessage());
  rogue.send(0, Ppid::StringPartial, base::asBytes("hel"));
  rogue.send(0, Ppid::StringPartial, base::asBytes("l"));
  rogue.send(0, Ppid::String, base::asBytes("o"));
  rogue.send(0, Ppid::BinaryPartial, pattern(500));
  rogue.send(0, Ppid::Binary, pattern(500));
  REQUIRE(rogue.messages.size() == 2);
  CHECK(rogue.messages[0].text);
  CHECK(base::asText(rogue.messages[0].bytes) == "hello");
  CHECK_FALSE(rogue.messages[1].text);
  CHECK(rogue.messages[1].bytes.size() == 1'000);
  rogue.send(0, Ppid::BinaryPartial, pattern(1'000));
  rogue.send(0, Ppid::Binary, pattern(1));
  CHECK(rogue.messages.size() == 2);
  CHECK(rogue.has<DataChannels::ChannelFailed>());
  CHECK(rogue.wasReset(0));
}

TEST_CASE("a peer that resets a stream without channel gets its answer") {
  Rogue rogue;
  rogue.a->resetStreams({6}, rogue.now);
  rogue.run();
  CHECK(rogue.wasReset(6));
  rogue.send(6, Ppid::Dcep, openMessage());
  CHECK(rogue.has<DataChannels::Incoming>());
}

TEST_CASE("a peer that never resets its side keeps the stream busy and the rest goes on") {
  Rogue rogue;
  REQUIRE(rogue.b.open(one, labelled("x"), rogue.now));
  rogue.run();
  rogue.b.close(one, rogue.now);
  rogue.run();
  CHECK(rogue.wasReset(1));
  CHECK_FALSE(rogue.has<DataChannels::Closed>());
  REQUIRE(rogue.b.open(ChannelId{2}, labelled("y"), rogue.now));
  CHECK(rogue.b.streamId(ChannelId{2}) == 3);
}
