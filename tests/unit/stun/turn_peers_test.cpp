#include "turn_bench.hpp"

#include "support/catch.hpp"

using namespace parley;
using namespace parley::stun;
using namespace parley::stun::test;

namespace {

const std::string data = "\x16 something that is not STUN";

bool isChannelData(const Bytes& bytes) { return bytes.size() >= 4 && bytes[0] >= 0x40 && bytes[0] <= 0x4f; }

}  // namespace

TEST_CASE("TURN: the first packet to a peer is right behind the request for its permission") {
  TurnBench bench;
  bench.allocate();
  const auto before = bench.sent.size();
  CHECK(bench.sendCheck(bob));
  bench.run(TurnBench::oneWay);
  REQUIRE(bench.sent.size() == before + 2);
  REQUIRE(bench.relayedOut.size() == 1);
  CHECK(bench.relayedOut[0].peer == bob);
  CHECK(bench.relayedOut[0].relayed == bench.allocated->relayed[0]);
  CHECK(looksLikeStun(bench.relayedOut[0].payload));
  CHECK(bench.service.dropped == 0);
  bench.run(1s);
  CHECK(bench.count(Method::CreatePermission) == 1);
}

TEST_CASE("TURN: peers that are permitted before the allocation stands are let in with it") {
  TurnBench bench;
  bench.client.permit(bob.ip, bench.now);
  bench.client.permit(bob.ip, bench.now);
  bench.allocate();
  bench.run(TurnBench::oneWay);
  CHECK(bench.service.hasPermission(bench.from, bob.ip, bench.now));
  bench.fromPeer(bob, "hello");
  bench.run(TurnBench::oneWay);
  REQUIRE(bench.received.size() == 1);
  CHECK(bench.received[0] == std::pair(bob, std::string("hello")));
  CHECK(bench.count(Method::CreatePermission) == 1);
}

TEST_CASE("TURN: a permission is renewed while it is used, and expires when it is not") {
  TurnBench bench;
  bench.allocate();
  for (int minute = 0; minute < 30; ++minute) {
    bench.sendCheck(bob);
    bench.run(1min);
    REQUIRE(bench.service.hasPermission(bench.from, bob.ip, bench.now));
  }
  CHECK(bench.service.dropped == 0);
  const int requests = bench.count(Method::CreatePermission);
  CHECK(requests <= 30 / 4 + 1);
  bench.run(10min);
  CHECK_FALSE(bench.service.hasPermission(bench.from, bob.ip, bench.now));
  CHECK(bench.count(Method::CreatePermission) <= requests + 1);
  // What comes from the peer then is not believed, whoever let it through.
  base::PacketPool pool;
  auto packet = MessageBuilder(pool, Class::Indication, Method::Data, TransactionId{})
                    .addXorPeerAddress(bob)
                    .addData(base::asBytes("late"))
                    .finish();
  CHECK_FALSE(bench.client.handle(packet.bytes(), bench.now));
  CHECK(bench.client.drops()[TurnClient::Drop::NoPermission] == 1);
  // And the next packet asks for it anew.
  CHECK(bench.sendCheck(bob));
  bench.run(1s);
  CHECK(bench.service.hasPermission(bench.from, bob.ip, bench.now));
}

TEST_CASE("TURN: permissions and channels outlive stale nonces and loss") {
  auto config = bothFamilies();
  config.nonceLifetime = 3min;
  TurnBench bench(credentials(), config, 5);
  bench.allocate();
  base::SeededRandom dice(6);
  bench.loseUp = bench.loseDown = [&](const Bytes&) { return dice.unit() < 0.1; };
  int sent = 0;
  for (int second = 0; second < 3600; ++second) {
    sent += bench.send(bob, data);
    bench.run(1s);
  }
  CHECK_FALSE(bench.failed);
  CHECK(sent == 3600);
  CHECK(bench.relayedOut.size() > 3100);
  CHECK(bench.service.dropped < 5);
}

TEST_CASE("TURN: a peer that the server refuses is told once, and nothing more is sent to it") {
  auto config = bothFamilies();
  config.forbidden.insert(bob.ip);
  TurnBench bench(credentials(), config);
  bench.allocate();
  bench.sendCheck(bob);
  bench.run(1s);
  REQUIRE(bench.refused.size() == 1);
  CHECK(bench.refused[0].peer == bob.ip);
  CHECK(bench.refused[0].code == 403);
  CHECK_FALSE(bench.sendCheck(bob));
  bench.client.permit(bob.ip, bench.now);
  bench.run(1s);
  CHECK(bench.count(Method::CreatePermission) == 1);
  CHECK(bench.client.drops()[TurnClient::Drop::NoPermission] == 1);
  // Others are not affected.
  CHECK(bench.sendCheck(*SocketAddress::parse("203.0.113.10:1")));
  CHECK_FALSE(bench.failed);
}

TEST_CASE("TURN: a peer of a family that the allocation has no address of is not asked for") {
  TurnBench bench;
  bench.client.permit(bobV6.ip, bench.now);
  bench.allocate();
  CHECK_FALSE(bench.sendCheck(bobV6));
  bench.run(1s);
  CHECK(bench.count(Method::CreatePermission) == 0);
  auto both = credentials();
  both.families = RelayFamilies::Both;
  TurnBench dual(both);
  dual.allocate();
  CHECK(dual.sendCheck(bob));
  CHECK(dual.sendCheck(bobV6));
  dual.run(TurnBench::oneWay);
  REQUIRE(dual.relayedOut.size() == 2);
  CHECK(dual.relayedOut[0].relayed.ip == relayV4);
  CHECK(dual.relayedOut[1].relayed.ip == relayV6);
  dual.fromPeer(bobV6, "six");
  dual.run(TurnBench::oneWay);
  REQUIRE(dual.received.size() == 1);
  CHECK(dual.received[0].first == bobV6);
}

TEST_CASE("TURN: 437 to a permission or a channel means that the allocation is gone") {
  for (bool channel : {false, true}) {
    TurnBench bench;
    bench.allocate();
    if (channel) {
      bench.sendCheck(bob);
      bench.run(1s);
    }
    bench.service.forget();
    channel ? bench.send(bob, data) : bench.sendCheck(bob);
    bench.run(1s);
    REQUIRE(bench.failed);
    CHECK(bench.failed->code == 437);
    CHECK_FALSE(bench.sendCheck(bob));
    CHECK(bench.client.drops()[TurnClient::Drop::NotAllocated] == 1);
  }
}

TEST_CASE("TURN: data gets a channel, checks do not") {
  TurnBench bench;
  bench.allocate();
  for (int i = 0; i < 5; ++i) bench.sendCheck(bob);
  bench.run(1s);
  CHECK(bench.count(Method::ChannelBind) == 0);
  bench.send(bob, data);
  bench.send(bob, data);
  bench.run(1s);
  CHECK(bench.count(Method::ChannelBind) == 1);
  CHECK(bench.service.channelDatas == 0);
  bench.send(bob, data);
  bench.sendCheck(bob);
  bench.run(1s);
  CHECK(bench.service.channelDatas == 2);
  CHECK(bench.relayedOut.size() == 9);
  CHECK(bench.service.dropped == 0);
  // Another port is another peer, with the same permission.
  auto other = bob;
  ++other.port;
  bench.send(other, data);
  bench.run(1s);
  bench.send(other, data);
  bench.run(1s);
  CHECK(bench.count(Method::ChannelBind) == 2);
  CHECK(bench.count(Method::CreatePermission) == 1);
  CHECK(bench.relayedOut.back().peer == other);
  bench.fromPeer(other, "by channel");
  bench.run(TurnBench::oneWay);
  REQUIRE(bench.received.size() == 1);
  CHECK(bench.received[0] == std::pair(other, std::string("by channel")));
}

TEST_CASE("TURN: framing is in place and as small as can be") {
  TurnBench bench;
  bench.allocate();
  auto config = credentials();
  for (bool six : {false, true}) {
    config.families = RelayFamilies::Both;
    TurnBench both(config);
    both.allocate();
    const auto& peer = six ? bobV6 : bob;
    Packet packet = both.pool.make(base::asBytes(data));
    const auto* payload = packet.data();
    both.client.send(peer, std::move(packet), both.now);
    while (auto output = both.client.poll()) {
      auto* transmit = std::get_if<TurnClient::Transmit>(&*output);
      REQUIRE(transmit);
      const auto message = Message::parse(transmit->packet.bytes());
      REQUIRE(message);
      if (!message->is(Class::Indication, Method::Send)) {
        both.service.fromClient(both.from, transmit->packet.bytes(), both.now);
        continue;
      }
      CHECK(message->data()->data() == payload);
      CHECK(message->xorPeerAddress() == peer);
      CHECK(payload - transmit->packet.data() == (six ? 48 : 36));
    }
    both.run(1s);
    packet = both.pool.make(base::asBytes(data));
    payload = packet.data();
    both.client.send(peer, std::move(packet), both.now);
    auto output = both.client.poll();
    REQUIRE(output);
    const auto& channelData = std::get<TurnClient::Transmit>(*output).packet;
    CHECK(channelData.data() + 4 == payload);
    CHECK(channelData.size() == data.size() + 4);
  }
}

TEST_CASE("TURN: over a stream ChannelData is padded, over UDP it is not") {
  auto config = credentials();
  config.reliable = true;
  TurnBench bench(config);
  bench.allocate();
  bench.sendCheck(bob);
  bench.send(bob, "x");
  bench.run(1s);
  for (std::size_t size = 1; size <= 9; ++size) {
    bench.send(bob, std::string(size, 'x'));
    bench.run(1s);
    CHECK(isChannelData(bench.sent.back().second));
    CHECK(bench.sent.back().second.size() == 4 + (size + 3) / 4 * 4);
    CHECK(bench.relayedOut.back().payload.size() == size);
    bench.fromPeer(bob, std::string(size, 'y'));
    bench.run(1s);
    CHECK(bench.received.back().second == std::string(size, 'y'));
  }
  CHECK(bench.service.dropped == 0);
}

TEST_CASE("TURN: a channel is renewed while it is used, with its permission, and bound again when it is used again") {
  TurnBench bench;
  bench.allocate();
  bench.send(bob, data);
  bench.run(1s);
  for (int i = 0; i < 60; ++i) {
    bench.send(bob, data);
    bench.run(1min);
  }
  CHECK(bench.service.channelDatas == 60);
  CHECK(bench.service.dropped == 0);
  const int binds = bench.count(Method::ChannelBind);
  CHECK(binds >= 6);
  CHECK(binds <= 8);
  // Renewed for the last time at 63 minutes: expired at 73, and its number not free until 78.
  bench.run(14min);
  bench.send(bob, data);
  bench.run(1s);
  CHECK(bench.service.channelDatas == 60);
  bench.send(bob, data);
  bench.run(1s);
  CHECK(bench.service.channelDatas == 61);
  bench.run(25min);  // forgotten
  bench.send(bob, data);
  bench.run(1s);
  bench.send(bob, data);
  bench.run(1s);
  CHECK(bench.service.channelDatas == 62);
  CHECK(bench.service.dropped == 0);
}

TEST_CASE("TURN: an owner that comes late finds expired what it did not renew, and no more than that") {
  auto config = bothFamilies();
  config.lifetime = 1h;
  TurnBench bench(credentials(), config);
  bench.allocate();
  bench.send(bob, data);
  bench.run(1s);
  bench.send(bob, data);
  bench.run(1s);
  bench.now += 16min;
  bench.client.advance(bench.now);
  bench.drain();
  bench.run(1s);
  CHECK_FALSE(bench.failed);
  bench.send(bob, data);
  bench.run(1s);
  CHECK(bench.relayedOut.size() == 3);
}

TEST_CASE("TURN: where a channel is refused, Send indications do") {
  TurnBench bench;
  bench.allocate();
  bench.service.refuse = [](const Message& message) -> std::optional<sim::TurnService::Refusal> {
    if (message.method() != Method::ChannelBind) return std::nullopt;
    return sim::TurnService::Refusal{508};
  };
  for (int i = 0; i < 10; ++i) {
    bench.send(bob, data);
    bench.run(1s);
  }
  CHECK(bench.count(Method::ChannelBind) == 1);
  CHECK(bench.relayedOut.size() == 10);
  CHECK(bench.refused.empty());
}

TEST_CASE("TURN: ChannelData may come before the channel is confirmed, and padded over UDP; hostile ones are dropped") {
  TurnBench bench;
  bench.allocate();
  bench.send(bob, data);
  bench.drain();
  Bytes early = {0x40, 0x00, 0, 2, 'h', 'i', 0, 0};
  auto got = bench.handle(early);
  REQUIRE(got);
  CHECK(got->peer == bob);
  CHECK(base::asText(got->payload) == "hi");
  Bytes empty = {0x40, 0x00, 0, 0};
  got = bench.handle(empty);
  REQUIRE(got);
  CHECK(got->payload.empty());

  Bytes unknown = {0x40, 0x01, 0, 2, 'h', 'i'};
  CHECK_FALSE(bench.handle(unknown));
  CHECK(bench.client.drops()[TurnClient::Drop::UnknownChannel] == 1);
  Bytes claims = {0x40, 0x00, 0, 3, 'h', 'i'};
  CHECK_FALSE(bench.handle(claims));
  Bytes tooShort = {0x40, 0x00, 0};
  CHECK_FALSE(bench.handle(tooShort));
  CHECK(bench.client.drops()[TurnClient::Drop::Malformed] == 2);
}

TEST_CASE("TURN: a Data indication without peer or data is dropped, one with ICMP too") {
  TurnBench bench;
  bench.allocate();
  bench.client.permit(bob.ip, bench.now);
  const auto handle = [&](Packet packet) { return bench.client.handle(packet.bytes(), bench.now); };
  const auto indication = [&] { return MessageBuilder(bench.pool, Class::Indication, Method::Data, TransactionId{}); };
  CHECK_FALSE(handle(indication().addData(base::asBytes("x")).finish()));
  CHECK_FALSE(handle(indication().addXorPeerAddress(bob).finish()));
  CHECK(bench.client.drops()[TurnClient::Drop::Malformed] == 2);
  CHECK_FALSE(handle(indication().addXorPeerAddress(bob).addIcmp({3, 3, 0}).finish()));
  CHECK(bench.client.drops()[TurnClient::Drop::PeerUnreachable] == 1);
  CHECK_FALSE(handle(indication().addXorPeerAddress(bobV6).addData(base::asBytes("x")).finish()));
  CHECK(bench.client.drops()[TurnClient::Drop::NoPermission] == 1);
  CHECK_FALSE(handle(indication()
                         .addXorPeerAddress(bob)
                         .add(static_cast<AttributeType>(0x7ffe), {})
                         .addData(base::asBytes("x"))
                         .finish()));
  CHECK(bench.client.drops()[TurnClient::Drop::Unexpected] == 1);
  CHECK(handle(indication().addXorPeerAddress(bob).addData({}).finish()));
}

TEST_CASE("TURN: peers are bounded") {
  auto config = credentials();
  config.maxPeers = 4;
  TurnBench bench(config);
  bench.allocate();
  for (std::uint8_t i = 1; i <= 10; ++i) bench.send({IpAddress::v4(203, 0, 113, i), 9}, data);
  bench.run(1s);
  CHECK(bench.count(Method::CreatePermission) == 4);
  CHECK(bench.count(Method::ChannelBind) == 4);
  CHECK(bench.client.drops()[TurnClient::Drop::TooManyPeers] == 6);
  // Those that are not used any more make room.
  bench.run(20min);
  CHECK(bench.send(bob, data));
}

TEST_CASE("TURN: more channels than numbers in 15 minutes are not bound, and numbers are never mixed up") {
  auto config = credentials();
  config.maxPeers = 10'000;
  TurnBench bench(config);
  bench.allocate();
  for (int i = 0; i < 5000; ++i) {
    bench.send({bob.ip, static_cast<std::uint16_t>(1000 + i)}, data);
    if (i % 100 == 99) bench.run(1s);
  }
  CHECK_FALSE(bench.failed);
  CHECK(bench.count(Method::ChannelBind) == 4096);
  CHECK(bench.relayedOut.size() == 5000);
}

TEST_CASE("TURN: a packet without room for its frame is refused") {
  TurnBench bench;
  bench.allocate();
  Packet packet = bench.pool.make(base::asBytes(data));
  packet.prepend(packet.headroom());
  CHECK_FALSE(bench.client.send(bob, std::move(packet), bench.now));
  CHECK(bench.client.drops()[TurnClient::Drop::NoRoom] == 1);
}
