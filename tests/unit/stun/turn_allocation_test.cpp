#include "turn_bench.hpp"

#include "support/catch.hpp"

#include <set>

using namespace parley;
using namespace parley::stun;
using namespace parley::stun::test;

namespace {

bool isRequest(const Bytes& bytes, Method method) {
  const auto message = Message::parse(bytes);
  return message && message->is(Class::Request, method);
}

}  // namespace

TEST_CASE("TURN: after the server's challenge the client allocates with its credentials, in two round trips") {
  TurnBench bench;
  bench.client.start(bench.now);
  CHECK(bench.client.state() == TurnClient::State::Allocating);
  bench.run(2 * TurnBench::roundTrip - 1ms);
  CHECK_FALSE(bench.allocated);
  bench.run(1ms);
  REQUIRE(bench.allocated);
  CHECK(bench.client.state() == TurnClient::State::Allocated);
  REQUIRE(bench.allocated->relayed.size() == 1);
  CHECK(bench.allocated->relayed[0].ip == relayV4);
  CHECK(bench.allocated->mapped == alice);
  CHECK(bench.allocated->lifetime == 10min);
  CHECK(bench.client.relayed(IpAddress::Family::V4) == bench.allocated->relayed[0]);
  CHECK_FALSE(bench.client.relayed(IpAddress::Family::V6));
  CHECK(bench.client.roundTripTime() == TurnBench::roundTrip);
  CHECK(bench.count(Method::Allocate) == 2);
  // The first one tells nobody who we are.
  const auto first = Message::parse(bench.sent[0].second);
  CHECK_FALSE(first->username());
  CHECK_FALSE(first->hasIntegrity());
  CHECK(first->requestedTransport() == 17);
  CHECK_FALSE(first->requestedAddressFamily());
  CHECK(bench.service.lastSoftware == "Parley");
}

TEST_CASE("TURN: of a server that wants no credentials the first answer is the allocation") {
  auto config = bothFamilies();
  config.authenticates = false;
  TurnBench bench(TurnClient::Config(), config);
  bench.client.start(bench.now);
  bench.run(TurnBench::roundTrip);
  CHECK(bench.allocated);
  bench.run(1h);
  CHECK(bench.service.allocations(bench.now) == 1);
}

TEST_CASE("TURN: an allocation comes about whatever is lost, and there is one of it") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    TurnBench bench(credentials(), bothFamilies(), seed);
    base::SeededRandom dice(seed * 7);
    bench.loseUp = bench.loseDown = [&](const Bytes&) { return dice.unit() < 0.2; };
    bench.client.start(bench.now);
    bench.run(79s);  // two transactions
    CAPTURE(seed);
    CHECK(bench.allocated);
    CHECK(bench.service.allocations(bench.now) == 1);
  }
}

TEST_CASE("TURN: the allocation is refreshed a minute before its end, for hours, over nonces that expire") {
  auto config = bothFamilies();
  config.nonceLifetime = 7min;
  TurnBench bench(credentials(), config);
  bench.allocate();
  bench.run(3h);
  CHECK_FALSE(bench.failed);
  CHECK(bench.service.allocations(bench.now) == 1);
  // One each nine minutes (and a round trip), each of which finds its nonce stale.
  CHECK(bench.count(Method::Refresh) == 2 * 19);
}

TEST_CASE("TURN: release frees the allocation and says when that is done") {
  TurnBench bench;
  bench.allocate();
  bench.client.release(bench.now);
  // An owner that does not wait has to send one packet.
  auto output = bench.client.poll();
  REQUIRE(output);
  auto* transmit = std::get_if<TurnClient::Transmit>(&*output);
  REQUIRE(transmit);
  const auto request = Message::parse(transmit->packet.bytes());
  REQUIRE(request);
  CHECK(request->is(Class::Request, Method::Refresh));
  CHECK(request->lifetime() == 0u);
  CHECK_FALSE(bench.client.poll());
  // It was lost: the next one does it.
  bench.run(600ms);
  CHECK(bench.released);
  CHECK(bench.service.allocations(bench.now) == 0);
  CHECK(bench.client.deadline() == never);
}

TEST_CASE("TURN: a server that is gone does not keep release waiting for more than 2.5 s") {
  TurnBench bench;
  bench.allocate();
  bench.loseUp = [](const Bytes&) { return true; };
  bench.client.release(bench.now);
  bench.run(2499ms);
  CHECK_FALSE(bench.released);
  bench.run(1ms);
  CHECK(bench.released);
  CHECK(bench.sentOf(Class::Request, Method::Refresh) == 3);
}

TEST_CASE("TURN: release while the server makes the allocation frees it too") {
  TurnBench bench;
  bench.client.start(bench.now);
  bench.run(TurnBench::roundTrip + 1ms);  // the signed request is on its way
  bench.client.release(bench.now);
  bench.run(5s);
  CHECK(bench.released);
  CHECK_FALSE(bench.allocated);
  CHECK(bench.service.allocations(bench.now) == 0);
}

TEST_CASE("TURN: release over a stale nonce asks again; 437 means that it is done") {
  TurnBench bench;
  bench.allocate();
  bench.service.expireNonces();
  bench.client.release(bench.now);
  bench.run(1s);
  CHECK(bench.released);
  CHECK(bench.service.allocations(bench.now) == 0);

  TurnBench gone;
  gone.allocate();
  gone.service.forget();
  gone.client.release(gone.now);
  gone.run(1s);
  CHECK(gone.released);
  CHECK_FALSE(gone.failed);
}

TEST_CASE("TURN: release before start is Released at once, and again it is nothing") {
  TurnBench bench;
  bench.client.release(bench.now);
  bench.client.release(bench.now);
  int outputs = 0;
  while (auto output = bench.client.poll()) outputs += std::holds_alternative<TurnClient::Released>(*output);
  CHECK(outputs == 1);
  bench.client.start(bench.now);
  CHECK_FALSE(bench.client.poll());
}

TEST_CASE("TURN: an error that the server answers an allocation with ends the client at once, with its code and text") {
  for (int code : {400, 403, 420, 437, 440, 441, 442, 486, 500, 508}) {
    CAPTURE(code);
    TurnBench bench;
    bench.service.refuse = [code](const Message&) { return sim::TurnService::Refusal{code}; };
    bench.client.start(bench.now);
    bench.run(2 * TurnBench::roundTrip);
    REQUIRE(bench.failed);
    CHECK(bench.failed->code == code);
    CHECK_FALSE(bench.failed->reason.empty());
    CHECK(bench.client.state() == TurnClient::State::Failed);
    CHECK(bench.client.deadline() == never);
    CHECK(bench.count(Method::Allocate) == 2);
  }
}

TEST_CASE("TURN: wrong credentials are tried once") {
  auto config = credentials();
  config.password = "guess";
  TurnBench bench(config);
  bench.client.start(bench.now);
  bench.run(1h);
  REQUIRE(bench.failed);
  CHECK(bench.failed->code == 401);
  CHECK(bench.count(Method::Allocate) == 2);
}

TEST_CASE("TURN: a server whose nonces are always stale is given up") {
  TurnBench bench;
  bench.service.refuse = [](const Message&) { return sim::TurnService::Refusal{438}; };
  bench.client.start(bench.now);
  bench.run(1h);
  REQUIRE(bench.failed);
  CHECK(bench.failed->code == 438);
  CHECK(bench.count(Method::Allocate) == 4);
}

TEST_CASE("TURN: another realm than before is a new challenge, not a refusal") {
  TurnBench bench;
  bench.client.start(bench.now);
  bench.run(TurnBench::roundTrip);
  bench.service.config().realm = "other.example";
  bench.run(3 * TurnBench::roundTrip);
  CHECK(bench.allocated);
}

TEST_CASE("TURN: a challenge without realm or nonce ends in a failure that says so") {
  TurnBench bench;
  bench.service.tamper = [](std::vector<std::uint8_t>& response) {
    base::PacketPool pool;
    const auto parsed = Message::parse(response);
    const auto bytes =
        MessageBuilder(pool, Class::ErrorResponse, *parsed).addErrorCode(401, "Unauthorized").addRealm("r").finish();
    response.assign(bytes.bytes().begin(), bytes.bytes().end());
  };
  bench.client.start(bench.now);
  bench.run(1s);
  REQUIRE(bench.failed);
  CHECK(bench.failed->code == 401);
  CHECK(bench.failed->reason.find("nonce") != std::string::npos);
}

TEST_CASE("TURN: 300 redirects, signed or not, and names the domain of the other server's certificate") {
  const auto other = *SocketAddress::parse("198.51.100.8:3478");
  for (bool isSigned : {false, true}) {
    TurnBench bench;
    bench.service.refuse = [&](const Message&) {
      return sim::TurnService::Refusal{300, isSigned, other, "other.example"};
    };
    bench.client.start(bench.now);
    bench.run(1s);
    REQUIRE(bench.redirected);
    CHECK(bench.redirected->server == other);
    CHECK(bench.redirected->domain == "other.example");
    CHECK_FALSE(bench.failed);
    CHECK(bench.client.deadline() == never);
  }
  for (const char* nowhere : {"0.0.0.0:3478", "198.51.100.8:0", "224.0.0.1:3478"}) {
    TurnBench bench;
    bench.service.refuse = [&](const Message&) {
      return sim::TurnService::Refusal{300, true, *SocketAddress::parse(nowhere)};
    };
    bench.client.start(bench.now);
    bench.run(1s);
    CHECK_FALSE(bench.redirected);
    REQUIRE(bench.failed);
    CHECK(bench.failed->code == 300);
  }
}

TEST_CASE("TURN: with a server that offers it, all is signed by SHA-256, and the user's name is hashed") {
  auto config = bothFamilies();
  config.sha256 = config.anonymous = true;
  config.nonceLifetime = 7min;
  TurnBench bench(credentials(), config);
  bench.allocate();
  bench.send(bob, "data");
  bench.run(30min);
  CHECK_FALSE(bench.failed);
  CHECK(bench.service.allocations(bench.now) == 1);
  CHECK(bench.service.sha256Requests > 5);
  CHECK(bench.service.userhashRequests == bench.service.sha256Requests);
  for (const auto& [at, bytes] : bench.sent) {
    const auto message = Message::parse(bytes);
    REQUIRE((message || bytes[0] == 0x40));
    if (!message) continue;
    CHECK_FALSE(message->username());
    CHECK_FALSE(message->hasIntegrity());
  }
}

TEST_CASE("TURN: either feature of the nonce cookie stands alone") {
  for (bool sha256 : {false, true}) {
    auto config = bothFamilies();
    config.sha256 = sha256;
    config.anonymous = !sha256;
    TurnBench bench(credentials(), config);
    bench.allocate();
    CHECK((bench.service.sha256Requests > 0) == sha256);
    CHECK((bench.service.userhashRequests > 0) == !sha256);
  }
}

TEST_CASE("TURN: a challenge whose password algorithms someone took out is not answered") {
  auto config = bothFamilies();
  config.sha256 = true;
  TurnBench bench(credentials(), config);
  bench.service.hidesPasswordAlgorithms = true;
  bench.client.start(bench.now);
  bench.run(1h);
  REQUIRE(bench.failed);
  CHECK(bench.failed->reason.find("tampered") != std::string::npos);
  CHECK(bench.count(Method::Allocate) == 1);
}

TEST_CASE("TURN: a later challenge cannot talk the client out of SHA-256") {
  auto config = bothFamilies();
  config.sha256 = true;
  TurnBench bench(credentials(), config);
  bench.allocate();
  bench.service.config().sha256 = false;  // and so nonces without the cookie
  bench.service.expireNonces();
  bench.run(10min);
  REQUIRE(bench.failed);
  CHECK(bench.failed->code == 438);
  for (const auto& [at, bytes] : bench.sent) CHECK_FALSE(Message::parse(bytes)->hasIntegrity());
}

TEST_CASE("TURN: a response that fails its check is as if it had not come") {
  TurnBench bench;
  int forged = 0;
  bench.service.tamper = [&](std::vector<std::uint8_t>& response) {
    const auto parsed = Message::parse(response);
    if (!parsed->hasIntegrity() || forged++ > 0) return;
    // Someone on the way answers first, with an address of his own and without the key.
    base::PacketPool pool;
    const auto bytes = MessageBuilder(pool, Class::SuccessResponse, *parsed)
                           .addXorRelayedAddress(*SocketAddress::parse("203.0.113.66:666"))
                           .addXorMappedAddress(alice)
                           .addLifetime(600)
                           .addIntegrity(base::asBytes("another key"))
                           .finish();
    response.assign(bytes.bytes().begin(), bytes.bytes().end());
  };
  bench.client.start(bench.now);
  bench.run(10s);
  CHECK(bench.client.drops()[TurnClient::Drop::BadIntegrity] > 0);
  CHECK_FALSE(bench.allocated);  // the server repeats what it said
  bench.run(40s);
  REQUIRE(bench.failed);
  CHECK(bench.failed->code == 0);
  CHECK(bench.failed->reason.find("integrity") != std::string::npos);
}

TEST_CASE("TURN: an error to a signed request that nobody signed does not end it") {
  for (int code : {400, 403, 437, 486}) {
    TurnBench bench;
    bench.service.refuse = [code](const Message&) { return sim::TurnService::Refusal{code, false}; };
    bench.client.start(bench.now);
    bench.run(30s);
    CHECK_FALSE(bench.failed);
    CHECK(bench.client.drops()[TurnClient::Drop::BadIntegrity] > 1);
  }
}

TEST_CASE("TURN: a server that does not answer is given up after 39.5 s and seven requests") {
  TurnBench bench;
  bench.service.ignore = [](const Message&) { return true; };
  bench.client.start(bench.now);
  bench.run(39'499ms);
  CHECK_FALSE(bench.failed);
  bench.run(1ms);
  REQUIRE(bench.failed);
  CHECK(bench.failed->code == 0);
  CHECK(bench.count(Method::Allocate) == 7);
  std::set<Bytes> different;
  for (const auto& [at, bytes] : bench.sent) different.insert(bytes);
  CHECK(different.size() == 1);
}

TEST_CASE("TURN: over a stream nothing is repeated, and the limit is the same") {
  auto config = credentials();
  config.reliable = true;
  TurnBench bench(config);
  bench.service.ignore = [](const Message&) { return true; };
  bench.client.start(bench.now);
  bench.run(39'499ms);
  CHECK_FALSE(bench.failed);
  bench.run(1ms);
  CHECK(bench.failed);
  CHECK(bench.sent.size() == 1);
}

TEST_CASE("TURN: over a stream a response that fails its check ends the transaction") {
  auto config = credentials();
  config.reliable = true;
  TurnBench bench(config);
  bench.service.refuse = [](const Message&) { return sim::TurnService::Refusal{403, false}; };
  bench.client.start(bench.now);
  bench.run(2 * TurnBench::roundTrip);
  REQUIRE(bench.failed);
  CHECK(bench.failed->reason.find("integrity") != std::string::npos);
}

TEST_CASE("TURN: an IPv6 relayed address, or one of each family, is had for the asking") {
  auto config = credentials();
  config.families = RelayFamilies::V6;
  TurnBench six(config);
  six.allocate();
  REQUIRE(six.allocated->relayed.size() == 1);
  CHECK(six.allocated->relayed[0].ip == relayV6);

  config.families = RelayFamilies::Both;
  TurnBench both(config);
  both.allocate();
  REQUIRE(both.allocated->relayed.size() == 2);
  CHECK(both.client.relayed(IpAddress::Family::V4)->ip == relayV4);
  CHECK(both.client.relayed(IpAddress::Family::V6)->ip == relayV6);
  CHECK(both.allocated->missingFamilyCode == 0);

  auto onlyV4 = bothFamilies();
  onlyV4.v6 = std::nullopt;
  TurnBench half(config, onlyV4);
  half.allocate();
  REQUIRE(half.allocated->relayed.size() == 1);
  CHECK(half.allocated->missingFamilyCode == 440);

  config.families = RelayFamilies::V6;
  TurnBench none(config, onlyV4);
  none.client.start(none.now);
  none.run(1s);
  REQUIRE(none.failed);
  CHECK(none.failed->code == 440);
}

TEST_CASE("TURN: an allocation without an address that can be used is deleted") {
  TurnBench bench;
  bench.service.config().v4 = relayV6;  // of another family than was asked for
  bench.client.start(bench.now);
  bench.run(1s);
  CHECK(bench.failed);
  CHECK_FALSE(bench.allocated);
  CHECK(bench.service.allocations(bench.now) == 0);
}

TEST_CASE("TURN: when the server has forgotten the allocation, it is over") {
  for (int code : {437, 441, 400, 403}) {
    CAPTURE(code);
    TurnBench bench;
    bench.allocate();
    bench.service.refuse = [code](const Message&) { return sim::TurnService::Refusal{code}; };
    bench.run(10min);
    REQUIRE(bench.failed);
    CHECK(bench.failed->code == code);
  }
}

TEST_CASE("TURN: a refresh that meets an error of the server is tried again until the allocation expires") {
  TurnBench bench;
  bench.allocate();
  int errors = 0;
  bench.service.refuse = [&](const Message&) -> std::optional<sim::TurnService::Refusal> {
    if (++errors > 2) return std::nullopt;
    return sim::TurnService::Refusal{500};
  };
  bench.run(15min);
  CHECK_FALSE(bench.failed);
  bench.service.refuse = [&](const Message&) { return sim::TurnService::Refusal{508}; };
  bench.run(15min);
  REQUIRE(bench.failed);
  CHECK(bench.failed->reason.find("expired") != std::string::npos);
}

TEST_CASE("TURN: whatever lifetime a server names, refreshes come neither in a storm nor too late") {
  for (auto [lifetime, atMost, survives] :
       {std::tuple(1s, 2, false), std::tuple(30s, 300, true), std::tuple(100'000s, 3, true)}) {
    auto config = bothFamilies();
    config.lifetime = lifetime;
    TurnBench bench(credentials(), config);
    bench.allocate();
    bench.run(1h);
    CAPTURE(lifetime.count());
    CHECK(bench.count(Method::Refresh) <= atMost);
    CHECK(bench.failed.has_value() == !survives);
  }
}

TEST_CASE(
    "TURN: while nothing else is sent the NATs on the way hear something each 15 s; over a stream they need not") {
  TurnBench bench;
  bench.allocate();
  bench.run(61s);
  CHECK(bench.service.bindingIndications == 4);
  auto config = credentials();
  config.reliable = true;
  TurnBench stream(config);
  stream.allocate();
  stream.run(61s);
  CHECK(stream.service.bindingIndications == 0);
  config = credentials();
  config.keepAlive = 0s;
  TurnBench quiet(config);
  quiet.allocate();
  quiet.run(61s);
  CHECK(quiet.service.bindingIndications == 0);
}

TEST_CASE("TURN: what is not for the client is told apart and dropped") {
  TurnBench bench;
  bench.allocate();
  base::PacketPool pool;
  const auto bytesOf = [](Packet packet) { return Bytes(packet.bytes().begin(), packet.bytes().end()); };
  auto other = bytesOf(MessageBuilder(pool, Class::SuccessResponse, Method::Binding, TransactionId{}).finish());
  CHECK_FALSE(bench.client.expects(other));
  CHECK_FALSE(bench.handle(other));
  CHECK(bench.client.drops()[TurnClient::Drop::UnknownTransaction] == 1);
  auto request = bytesOf(MessageBuilder(pool, Class::Request, Method::Binding, TransactionId{}).finish());
  CHECK_FALSE(bench.client.expects(request));
  CHECK_FALSE(bench.handle(request));
  CHECK(bench.client.drops()[TurnClient::Drop::Unexpected] == 1);
  for (Bytes junk : {Bytes{}, Bytes{0}, Bytes{0x16, 0xfe, 0xfd}, Bytes(100, 0xff)}) {
    CHECK_FALSE(bench.client.expects(junk));
    CHECK_FALSE(bench.handle(junk));
  }
  CHECK(bench.client.drops()[TurnClient::Drop::Malformed] == 4);
  CHECK(bench.client.expects(Bytes{0x40, 0, 0, 0}));
  CHECK(bench.client.expects(bytesOf(MessageBuilder(pool, Class::Indication, Method::Data, TransactionId{}).finish())));
  bench.client.permit(bob.ip, bench.now);
  bench.drain();
  const auto id = Message::parse(bench.sent.back().second)->transactionId();
  CHECK(isRequest(bench.sent.back().second, Method::CreatePermission));
  CHECK(bench.client.expects(
      bytesOf(MessageBuilder(pool, Class::SuccessResponse, Method::CreatePermission, id).finish())));
}

TEST_CASE("TURN: a success response with an attribute that it must understand and does not is a failure") {
  auto config = bothFamilies();
  config.authenticates = false;
  TurnBench bench(TurnClient::Config(), config);
  bench.service.tamper = [](std::vector<std::uint8_t>& response) {
    base::PacketPool pool;
    const auto parsed = Message::parse(response);
    MessageBuilder builder(pool, Class::SuccessResponse, *parsed);
    for (const auto& attribute : parsed->attributes()) builder.add(attribute.type, attribute.value);
    const auto bytes = builder.add(static_cast<AttributeType>(0x7ffe), {}).finish();
    response.assign(bytes.bytes().begin(), bytes.bytes().end());
  };
  bench.client.start(bench.now);
  bench.run(1s);
  CHECK(bench.failed);
}

TEST_CASE("TURN: a challenge too long to be answered is a failure, not a crash") {
  TurnBench bench;
  bench.service.config().realm = std::string(760, 'r');
  auto config = credentials();
  config.username = std::string(500, 'u');
  TurnBench other(config, [] {
    auto long_ = bothFamilies();
    long_.realm = std::string(1100, 'r');
    return long_;
  }());
  other.client.start(other.now);
  other.run(1s);
  REQUIRE(other.failed);
  CHECK(other.failed->reason.find("fit") != std::string::npos);
}
