#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/wire/cookie_chunk.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/pad_chunk.hpp"
#include "sctp/wire/sack_chunk.hpp"
#include "support.hpp"
#include "support/vector_file.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::wire;
using namespace parley::sctp::test;
using parley::test::readVectorFile;
using base::fromHex;

namespace {

std::vector<ChunkView> chunksOf(const PacketView& packet) {
  std::vector<ChunkView> chunks;
  auto reader = packet.chunks();
  while (auto chunk = reader.next()) chunks.push_back(*chunk);
  return chunks;
}

// A COOKIE ACK and a SACK, as a browser bundled them.
const auto twoChunks = fromHex("04d210e1697e3a4ec06e8b360b00000403000010aea952520002000000000000");

}  // namespace

TEST_CASE("a packet of two chunks is read") {
  const auto packet = PacketView::parse(twoChunks, ZeroChecksum::Refused);
  REQUIRE(packet);
  CHECK(packet->sourcePort() == 1234);
  CHECK(packet->destinationPort() == 4321);
  CHECK(packet->verificationTag() == 0x697e3a4e);
  const auto chunks = chunksOf(*packet);
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].type == ChunkType::CookieAck);
  CHECK(chunks[0].value.empty());
  CHECK(chunks[1].type == ChunkType::Sack);
  CHECK(chunks[1].whole.size() == 16);
}

TEST_CASE("the same packet is written") {
  base::PacketPool pool;
  PacketBuilder builder(pool, {1234, 4321, 0x697e3a4e}, 1'152);
  CHECK(builder.empty());
  CHECK(builder.add(CookieAck{}));
  CHECK_FALSE(builder.empty());
  CHECK(builder.add(Sack{{0xaea95252}, 0x20000, {}, {}}));
  const auto packet = builder.finish(PacketBuilder::Checksum::Crc32c);
  CHECK(bytesOf(packet.bytes()) == twoChunks);
}

TEST_CASE("each damaged bit is noticed") {
  auto bytes = twoChunks;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    INFO(bit);
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    CHECK(PacketView::parse(bytes, ZeroChecksum::Refused).error() == PacketError::BadChecksum);
    CHECK_FALSE(PacketView::parse(bytes, ZeroChecksum::Accepted));
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

TEST_CASE("a checksum of zero is taken only where it is agreed on, and then no other wrong one") {
  auto bytes = twoChunks;
  std::fill(bytes.begin() + 8, bytes.begin() + 12, std::uint8_t{0});
  CHECK(PacketView::parse(bytes, ZeroChecksum::Refused).error() == PacketError::BadChecksum);
  CHECK(PacketView::parse(bytes, ZeroChecksum::Accepted));
  CHECK(PacketView::parse(twoChunks, ZeroChecksum::Accepted));
  bytes[8] = 1;
  CHECK(PacketView::parse(bytes, ZeroChecksum::Accepted).error() == PacketError::BadChecksum);
}

TEST_CASE("packets whose chunks do not fill them are dropped whole") {
  const auto parse = [](const char* chunks) {
    auto bytes = fromHex(std::string("138813880000000000000000") + chunks);
    auto packet = PacketView::parse(bytes, ZeroChecksum::Accepted);
    return packet ? PacketError::Count : packet.error();
  };
  CHECK(parse("") == PacketError::NoChunk);
  CHECK(parse("0b") == PacketError::BadChunkLength);
  CHECK(parse("0b000003") == PacketError::BadChunkLength);
  CHECK(parse("0b000000") == PacketError::BadChunkLength);
  CHECK(parse("0b000005") == PacketError::BadChunkLength);
  CHECK(parse("0b0000040b") == PacketError::BadChunkLength);
  CHECK(parse("0b0000040b000008") == PacketError::BadChunkLength);
  CHECK(parse("0b000004") == PacketError::Count);
  // RFC 9260 s.3.2: the padding of the last chunk may be missing.
  CHECK(parse("0a00000531") == PacketError::Count);
  CHECK(parse("0a00000531000000") == PacketError::Count);
  CHECK(PacketView::parse(fromHex("1388138800000000000000"), ZeroChecksum::Accepted).error() == PacketError::TooShort);
  CHECK(PacketView::parse({}, ZeroChecksum::Accepted).error() == PacketError::TooShort);
}

TEST_CASE("a builder refuses what does not fit and stays as it was") {
  base::PacketPool pool;
  PacketBuilder builder(pool, {1, 2, 3}, 12 + 24 + 2);
  const std::vector<std::uint8_t> five(5), nine(9);
  Data data;
  data.payload = nine;  // 25 bytes: one too many
  CHECK(builder.roomForChunk() == 24);
  CHECK_FALSE(builder.add(data));
  CHECK(builder.empty());
  data.payload = five;  // 21 bytes, 24 with padding
  CHECK(builder.add(data));
  CHECK(builder.size() == 36);
  CHECK(builder.roomForChunk() == 0);
  CHECK_FALSE(builder.add(CookieAck{}));
  const auto packet = builder.finish(PacketBuilder::Checksum::Crc32c);
  CHECK(packet.size() == 36);
  CHECK(packet.data()[35] == 0);
  const auto view = PacketView::parse(packet.bytes(), ZeroChecksum::Refused);
  REQUIRE(view);
  CHECK(chunksOf(*view)[0].whole.size() == 21);
}

TEST_CASE("a packet leaves the pool's headroom to the layers below") {
  base::PacketPool pool;
  PacketBuilder builder(pool, {1, 2, 3}, base::packetCapacity);
  CHECK(builder.add(Pad{builder.roomForChunk() - 4}));
  const auto packet = builder.finish(PacketBuilder::Checksum::Zero);
  CHECK(packet.headroom() == base::packetHeadroom);
  CHECK(packet.size() == base::packetCapacity);
  CHECK(base::load32(packet.data() + 8) == 0);
}

TEST_CASE("the packets of the collection are taken or refused as their checksums say") {
  for (const auto* file : {"sctp/packets.vec", "sctp/packets_pion.vec"}) {
    for (const auto& record : readVectorFile(PARLEY_STANDARDS, file)) {
      INFO(file << ' ' << record.name);
      const auto bytes = fromHex(record.values.at(record.has("packet") ? "packet" : "data"));
      const auto& verdict = record.values.at("checksum_text");
      const auto strict = PacketView::parse(bytes, ZeroChecksum::Refused);
      const auto lenient = PacketView::parse(bytes, ZeroChecksum::Accepted);
      const auto wrongSum = [](const auto& packet) { return !packet && packet.error() == PacketError::BadChecksum; };
      if (bytes.size() < commonHeaderSize) {
        CHECK_FALSE(lenient);
        continue;
      }
      CHECK(wrongSum(strict) == (verdict != "ok"));
      CHECK(wrongSum(lenient) == (verdict == "bad"));
      // What is named so has chunks that do not fill it, or none.
      const bool malformed = record.name.find("headerOnly") != std::string::npos || record.name.find("truncated") != std::string::npos ||
                             record.name.find("zero_length") != std::string::npos;
      if (verdict == "ok") CHECK(bool(strict) == !malformed);
    }
  }
}

TEST_CASE("random bytes behind a right checksum are read without harm") {
  base::SeededRandom random(11);
  unsigned taken = 0;
  for (unsigned round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> bytes(commonHeaderSize + random.below(40));
    random.fill(bytes);
    for (std::size_t i = 14; i < bytes.size(); i += 4) bytes[i] = 0;  // So that some lengths fit.
    std::fill(bytes.begin() + 8, bytes.begin() + 12, std::uint8_t{0});
    const auto packet = PacketView::parse(bytes, ZeroChecksum::Accepted);
    if (!packet) continue;
    ++taken;
    std::size_t sum = commonHeaderSize;
    for (const auto& chunk : chunksOf(*packet)) {
      CHECK(chunk.whole.size() == chunk.value.size() + 4);
      sum += padded(chunk.whole.size());
    }
    CHECK(sum >= bytes.size());
    CHECK(sum < bytes.size() + 4);
  }
  CHECK(taken > 100);
}
