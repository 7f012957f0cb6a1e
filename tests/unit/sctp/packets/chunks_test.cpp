// Single packets of a peer's, right and wrong, to an association that is up.
#include "network.hpp"
#include "sctp/wire/abort_chunk.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/error_causes.hpp"
#include "sctp/wire/forward_tsn_chunk.hpp"
#include "sctp/wire/heartbeat_chunk.hpp"
#include "sctp/wire/idata_chunk.hpp"
#include "sctp/wire/init_chunk.hpp"
#include "sctp/wire/reconfig_chunk.hpp"
#include "sctp/wire/sack_chunk.hpp"
#include "sctp/wire/shutdown_chunk.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;
using base::fromHex;
using wire::ChunkType;

namespace {

Config configOf(bool interleaving) {
  Config config;
  config.interleaving = interleaving;
  config.zeroChecksum = false;
  config.streams = 16;
  config.heartbeatInterval = Duration::max();
  return config;
}

/// An association that is up, without its peer: the test is that from here on.
struct Alone {
  Network net;
  std::uint32_t tag = 0;      ///< The association's.
  std::uint32_t peerTag = 0;
  wire::Tsn initialTsn;       ///< Of the association, which has sent no DATA.
  wire::Tsn tsn;              ///< What the peer's next DATA has.
  std::vector<PacketBytes> sent{};

  explicit Alone(bool interleaving = false) : net(configOf(interleaving), 5) {
    net.path = [this](std::size_t from, std::size_t, const PacketBytes& packet) {
      const auto type = static_cast<ChunkType>(packet[wire::commonHeaderSize]);
      const auto* value = packet.data() + wire::commonHeaderSize + wire::chunkHeaderSize;
      if (type == ChunkType::Init) {
        (from == 0 ? tag : peerTag) = base::load32(value);
        (from == 0 ? initialTsn : tsn) = {base::load32(value + 12)};
      }
      return std::vector<Network::Arrival>{{Network::delay, packet}};
    };
    net.connect();
    net.run(1s);
    REQUIRE(net.sides[0].has<Association::Connected>());
    net.path = [this](std::size_t from, std::size_t, const PacketBytes& packet) {
      if (from == 0) sent.push_back(packet);
      return std::vector<Network::Arrival>{};
    };
  }

  native::Association& association() { return dynamic_cast<native::Association&>(*net.sides[0].association); }
  std::string state() { return association().stateName(); }
  bool failed() { return net.sides[0].has<Association::Failed>(); }
  std::optional<std::uint16_t> failure() {
    for (const auto& event : net.sides[0].events)
      if (const auto* failed = std::get_if<Association::Failed>(&event)) return failed->cause;
    return std::nullopt;
  }

  /// Gives it a packet of these chunks; returns the chunks of what it answers at once.
  std::vector<PacketBytes> give(const std::vector<PacketBytes>& chunks, std::optional<std::uint32_t> otherTag = {}) {
    PacketBytes header(wire::commonHeaderSize);
    base::store16(&header[0], 5000);
    base::store16(&header[2], 5000);
    base::store32(&header[4], otherTag.value_or(tag));
    auto whole = chunks;
    for (auto& chunk : whole) chunk.resize(wire::padded(chunk.size()));
    return givePacket(packetOf(header, whole));
  }
  std::vector<PacketBytes> givePacket(const PacketBytes& packet) {
    sent.clear();
    net.sides[0]->handle(packet, net.now());
    net.run(1ms);
    std::vector<PacketBytes> chunks;
    for (const auto& answer : sent)
      for (auto& chunk : chunksOf(answer)) chunks.push_back(std::move(chunk));
    return chunks;
  }
  PacketBytes data(std::uint16_t stream = 0, std::uint16_t ssn = 0) {
    const std::vector<std::uint8_t> bytes{1, 2, 3};
    const auto chunk =
        wire::toBytes(wire::Data{{true, false, true, true}, tsn, stream, {ssn}, 53, bytes});
    tsn = tsn.next();
    return chunk;
  }
  std::size_t messages() const { return net.sides[0].messages.size(); }
};

bool has(const std::vector<PacketBytes>& chunks, ChunkType type) {
  return std::any_of(chunks.begin(), chunks.end(),
                     [&](const PacketBytes& chunk) { return chunk[0] == static_cast<std::uint8_t>(type); });
}
/// The value of the chunk of this type, in hex, without padding.
std::string valueOf(const std::vector<PacketBytes>& chunks, ChunkType type) {
  for (const auto& chunk : chunks)
    if (chunk[0] == static_cast<std::uint8_t>(type)) return base::toHex(wire::chunkFrom(chunk)->value);
  return "none";
}

}  // namespace

TEST_CASE("DATA that wants it is acknowledged at once") {
  Alone alone;
  const auto answer = alone.give({alone.data()});
  REQUIRE(answer.size() == 1);
  CHECK(answer[0][0] == 3);
  CHECK(alone.messages() == 1);
}

TEST_CASE("packets with another tag, other ports or a wrong checksum are dropped") {
  Alone alone;
  const auto chunk = alone.data();
  CHECK(alone.give({chunk}, alone.tag + 1).empty());
  CHECK(alone.give({chunk}, 0).empty());
  PacketBytes header(wire::commonHeaderSize);
  base::store16(&header[0], 5000);
  base::store16(&header[2], 5001);
  base::store32(&header[4], alone.tag);
  auto padded = chunk;
  padded.resize(wire::padded(padded.size()));
  CHECK(alone.givePacket(packetOf(header, {padded})).empty());
  base::store16(&header[2], 5000);
  auto damaged = packetOf(header, {padded});
  damaged.back() ^= 1;
  CHECK(alone.givePacket(damaged).empty());
  CHECK(alone.messages() == 0);
  CHECK(alone.association().drops()[native::Drop::WrongTag] == 2);
  CHECK(alone.association().drops()[native::Drop::WrongPort] == 1);
  CHECK(alone.association().drops()[native::Drop::BadChecksum] == 1);
  CHECK(has(alone.give({chunk}), ChunkType::Sack));
  CHECK(alone.messages() == 1);
}

TEST_CASE("an unknown chunk ends its packet or not, and is reported or not, by its first two bits") {
  const auto unknown = [](std::uint8_t type) { return PacketBytes{type, 0, 0, 6, 0xaa, 0xbb}; };
  {
    Alone alone;
    const auto answer = alone.give({unknown(0x2f), alone.data()});
    CHECK(answer.empty());
    CHECK(alone.messages() == 0);
  }
  {
    Alone alone;
    const auto answer = alone.give({unknown(0x6f), alone.data()});
    CHECK(valueOf(answer, ChunkType::Error) == "0006000a" "6f000006aabb");
    CHECK(alone.messages() == 0);
  }
  {
    Alone alone;
    const auto answer = alone.give({unknown(0xaf), alone.data()});
    CHECK_FALSE(has(answer, ChunkType::Error));
    CHECK(alone.messages() == 1);
  }
  {
    Alone alone;
    const auto answer = alone.give({unknown(0xef), alone.data()});
    CHECK(valueOf(answer, ChunkType::Error) == "0006000a" "ef000006aabb");
    CHECK(alone.messages() == 1);
  }
}

TEST_CASE("DATA for a stream that does not exist is acknowledged and reported") {
  Alone alone;
  const auto answer = alone.give({alone.data(16)});
  CHECK(valueOf(answer, ChunkType::Error) == "0001000800100000");
  CHECK(has(answer, ChunkType::Sack));
  CHECK(alone.messages() == 0);
  CHECK(alone.state() == "ESTABLISHED");
}

TEST_CASE("DATA without user data aborts") {
  Alone alone;
  auto chunk = alone.data();
  chunk.resize(16);
  base::store16(&chunk[2], 16);
  const auto answer = alone.give({chunk});
  std::uint8_t tsn[4];
  base::store32(tsn, (alone.tsn - 1).value);
  CHECK(valueOf(answer, ChunkType::Abort) == "00090008" + base::toHex(tsn));
  CHECK(alone.failure() == 9);
  CHECK(alone.state() == "ENDED");
}

TEST_CASE("DATA where I-DATA was agreed on aborts, and the other way round; so does the wrong FORWARD-TSN") {
  const std::vector<std::uint8_t> bytes{1};
  Alone plain(false), interleaved(true);
  const auto idata = wire::toBytes(wire::IData{{true, false, true, true}, plain.tsn, 0, {0}, 53, 0, bytes});
  CHECK(has(plain.give({idata}), ChunkType::Abort));
  CHECK(plain.failure() == 13);
  CHECK(has(interleaved.give({interleaved.data()}), ChunkType::Abort));
  CHECK(interleaved.failure() == 13);
  Alone again(true);
  CHECK(has(again.give({wire::toBytes(wire::ForwardTsn{again.tsn, {}})}), ChunkType::Abort));
  CHECK(again.failure() == 13);
}

TEST_CASE("a SACK or a SHUTDOWN for what was never sent aborts") {
  for (bool shutdown : {false, true}) {
    const auto chunk = [&](wire::Tsn tsn) {
      return shutdown ? wire::toBytes(wire::Shutdown{tsn}) : wire::toBytes(wire::Sack{tsn, 1'000, {}, {}});
    };
    Alone old;
    CHECK_FALSE(has(old.give({chunk(old.initialTsn - 2)}), ChunkType::Abort));
    CHECK_FALSE(old.failed());
    Alone alone;
    CHECK(has(alone.give({chunk(alone.initialTsn)}), ChunkType::Abort));
    CHECK(alone.failure() == 13);
  }
}

TEST_CASE("a HEARTBEAT is answered with what it brought, and only one of a packet") {
  Alone alone;
  const auto info = fromHex("0001020304050607");
  const auto heartbeat = wire::toBytes(wire::Heartbeat{info});
  const auto answer = alone.give({heartbeat, heartbeat});
  REQUIRE(answer.size() == 1);
  CHECK(answer[0][0] == 5);
  CHECK(valueOf(answer, ChunkType::HeartbeatAck) == "0001000c" "0001020304050607");
  // One without the parameter that it should have.
  CHECK(valueOf(alone.give({{4, 0, 0, 6, 0xaa, 0xbb}}), ChunkType::HeartbeatAck) == "aabb");
}

TEST_CASE("an ABORT counts with our tag, or reflected with the peer's, and with no other") {
  wire::TlvBlock causes;
  wire::cause::addUserInitiatedAbort(causes, "enough");
  Alone alone;
  CHECK(alone.give({wire::toBytes(wire::Abort{false, causes.bytes()})}, alone.peerTag).empty());
  CHECK(alone.give({wire::toBytes(wire::Abort{true, causes.bytes()})}, alone.tag).empty());
  CHECK(alone.state() == "ESTABLISHED");
  CHECK(alone.give({wire::toBytes(wire::Abort{false, causes.bytes()})}).empty());
  CHECK(alone.failure() == 12);
  Alone reflected;
  CHECK(reflected.give({wire::toBytes(wire::Abort{true, {}})}, reflected.peerTag).empty());
  CHECK(reflected.failed());
}

TEST_CASE("an association that is over answers what comes late as RFC 9260 s.8.4 has it") {
  Alone alone;
  const auto chunk = alone.data();
  alone.give({wire::toBytes(wire::Abort{})});
  REQUIRE(alone.state() == "ENDED");
  // 8: ABORT with the tag that came, reflected.
  auto answer = alone.give({chunk});
  REQUIRE(answer.size() == 1);
  CHECK(answer[0][0] == static_cast<std::uint8_t>(ChunkType::Abort));
  CHECK(answer[0][1] == 1);
  CHECK(base::load32(&alone.sent[0][4]) == alone.tag);
  // 5
  answer = alone.give({wire::toBytes(wire::ShutdownAck{})});
  REQUIRE(answer.size() == 1);
  CHECK(answer[0][0] == static_cast<std::uint8_t>(ChunkType::ShutdownComplete));
  CHECK(answer[0][1] == 1);
  // 2, 6, 7: nothing.
  CHECK(alone.give({wire::toBytes(wire::Abort{})}).empty());
  CHECK(alone.give({wire::toBytes(wire::ShutdownComplete{})}).empty());
  CHECK(alone.give({{9, 0, 0, 4}}).empty());
  CHECK(alone.give({{11, 0, 0, 4}}).empty());
}

TEST_CASE("INIT and INIT ACK among other chunks, and COOKIE ECHO behind others, are dropped with all that follows") {
  for (auto type : {ChunkType::Init, ChunkType::InitAck, ChunkType::CookieEcho}) {
    Alone alone;
    PacketBytes chunk(20);
    chunk[0] = static_cast<std::uint8_t>(type);
    base::store16(&chunk[2], 20);
    base::store32(&chunk[4], 77);
    alone.give({{0x84, 0, 0, 4}, chunk, alone.data()});
    CHECK(alone.messages() == 0);
    CHECK(alone.state() == "ESTABLISHED");
    CHECK(alone.association().drops()[native::Drop::OutOfPlace] == 1);
  }
}

TEST_CASE("chunks of the handshake to an association that is up change nothing") {
  Alone alone;
  CHECK(alone.give({{11, 0, 0, 4}}).empty());                          // COOKIE ACK
  CHECK(alone.give({{14, 0, 0, 4}}).empty());                          // SHUTDOWN COMPLETE
  CHECK(alone.give({{8, 0, 0, 4}}).empty());                           // SHUTDOWN ACK
  CHECK(alone.give({{10, 0, 0, 8, 1, 2, 3, 4}}).empty());              // COOKIE ECHO that is none
  wire::InitAck ack;
  ack.initiateTag = 9;
  ack.outboundStreams = ack.inboundStreams = 1;
  CHECK(alone.give({wire::toBytes(ack)}).empty());
  CHECK(alone.state() == "ESTABLISHED");
  CHECK(has(alone.give({alone.data()}), ChunkType::Sack));
}

TEST_CASE("an INIT to an association that is up is answered by tags of its own, and only tag zero is an INIT's") {
  Alone alone;
  wire::Init init;
  init.initiateTag = 4'711;
  init.window = 100'000;
  init.outboundStreams = init.inboundStreams = 8;
  init.initialTsn = {1};
  CHECK(alone.give({wire::toBytes(init)}).empty());
  const auto answer = alone.give({wire::toBytes(init)}, 0);
  REQUIRE(answer.size() == 1);
  CHECK(answer[0][0] == static_cast<std::uint8_t>(ChunkType::InitAck));
  CHECK(base::load32(&alone.sent[0][4]) == 4'711);
  CHECK(base::load32(&answer[0][4]) != alone.tag);
  CHECK(has(alone.give({alone.data()}), ChunkType::Sack));
}

TEST_CASE("a RE-CONFIG of the peer's is answered with a SACK and the result, again if it is repeated") {
  Alone alone;
  wire::TlvBlock block;
  const std::vector<std::uint16_t> streams{3};
  wire::addOutgoingSsnReset(block, {alone.tsn.value}, {0}, alone.tsn - 1, streams);
  const auto chunk = wire::toBytes(wire::ReConfig{block.bytes()});
  for (int i = 0; i < 2; ++i) {
    const auto answer = alone.give({chunk});
    REQUIRE(answer.size() == 2);
    CHECK(answer[0][0] == static_cast<std::uint8_t>(ChunkType::Sack));
    CHECK(answer[1][0] == static_cast<std::uint8_t>(ChunkType::ReConfig));
    CHECK(base::load32(&answer[1][12]) == 1);  // Performed.
  }
  CHECK(alone.net.sides[0].count<Association::IncomingStreamsReset>() == 1);
}

TEST_CASE("a SHUTDOWN ACK is answered by SHUTDOWN COMPLETE, and so is its repetition") {
  Alone alone;
  alone.net.sides[0]->shutdown(alone.net.now());
  alone.net.run(1ms);
  REQUIRE(alone.state() == "SHUTDOWN-SENT");
  const auto ack = alone.give({wire::toBytes(wire::ShutdownAck{})});
  CHECK(has(ack, ChunkType::ShutdownComplete));
  CHECK(alone.net.sides[0].has<Association::Closed>());
  CHECK(has(alone.give({wire::toBytes(wire::ShutdownAck{})}), ChunkType::ShutdownComplete));
}
