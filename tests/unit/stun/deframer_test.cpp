#include "stun/deframer.hpp"

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "stun/message_builder.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

using namespace parley;
using namespace parley::stun;

namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes toBytes(base::Bytes bytes) { return {bytes.begin(), bytes.end()}; }

Bytes stunMessage(std::size_t data) {
  base::PacketPool pool;
  const Bytes value(data, 7);
  return toBytes(
      MessageBuilder(pool, Class::Indication, Method::Data, TransactionId{}).addData(value).finish().bytes());
}

Bytes channelData(std::uint16_t number, std::size_t size) {
  Bytes bytes(4 + size, 9);
  base::store16(bytes.data(), number);
  base::store16(bytes.data() + 2, static_cast<std::uint16_t>(size));
  return bytes;
}

/// Each of the pieces in a buffer of its own size, which is gone afterwards.
std::vector<Bytes> deframe(Framing framing, const Bytes& stream, const std::vector<std::size_t>& cuts) {
  StreamDeframer deframer(framing);
  std::vector<Bytes> messages;
  std::size_t from = 0;
  for (std::size_t i = 0; i <= cuts.size(); ++i) {
    const std::size_t to = i < cuts.size() ? cuts[i] : stream.size();
    Bytes piece(stream.begin() + static_cast<std::ptrdiff_t>(from), stream.begin() + static_cast<std::ptrdiff_t>(to));
    deframer.push(piece);
    while (auto message = deframer.next()) messages.push_back(toBytes(*message));
    from = to;
  }
  CHECK_FALSE(deframer.error());
  CHECK(deframer.pending() == 0);
  return messages;
}

struct Stream {
  Bytes bytes;
  std::vector<Bytes> messages;
};

Stream turnStream() {
  Stream stream;
  for (const auto& message : {stunMessage(5), channelData(0x4000, 0), channelData(0x4001, 1), channelData(0x4fff, 4),
                              stunMessage(0), channelData(0x4001, 7)}) {
    stream.messages.push_back(message);
    stream.bytes.insert(stream.bytes.end(), message.begin(), message.end());
    stream.bytes.resize((stream.bytes.size() + 3) / 4 * 4);
  }
  return stream;
}

Stream rfc4571Stream() {
  Stream stream;
  for (std::size_t size : {1u, 0u, 2u, 20u, 0u, 0u, 3u}) {
    const Bytes message(size, static_cast<std::uint8_t>(size));
    if (size) stream.messages.push_back(message);
    stream.bytes.push_back(0);
    stream.bytes.push_back(static_cast<std::uint8_t>(size));
    stream.bytes.insert(stream.bytes.end(), message.begin(), message.end());
  }
  return stream;
}

}  // namespace

TEST_CASE("deframer: a stream gives the same messages wherever it is cut") {
  for (auto framing : {Framing::Turn, Framing::Rfc4571}) {
    const auto stream = framing == Framing::Turn ? turnStream() : rfc4571Stream();
    CHECK(deframe(framing, stream.bytes, {}) == stream.messages);
    for (std::size_t first = 0; first <= stream.bytes.size(); ++first)
      for (std::size_t second = first; second <= stream.bytes.size(); ++second)
        if (deframe(framing, stream.bytes, {first, second}) != stream.messages)
          FAIL("cut at " << first << ", " << second);
    std::vector<std::size_t> everywhere(stream.bytes.size());
    for (std::size_t i = 0; i < everywhere.size(); ++i) everywhere[i] = i;
    CHECK(deframe(framing, stream.bytes, everywhere) == stream.messages);
  }
}

TEST_CASE("deframer: what came whole is returned in place") {
  auto stream = turnStream();
  StreamDeframer deframer(Framing::Turn);
  deframer.push(stream.bytes);
  std::size_t count = 0;
  while (auto message = deframer.next()) {
    CHECK(message->data() >= stream.bytes.data());
    CHECK(message->data() + message->size() <= stream.bytes.data() + stream.bytes.size());
    ++count;
  }
  CHECK(count == stream.messages.size());
}

TEST_CASE("deframer: the largest frames are kept whole, and no more than one of them") {
  Bytes large(2 + 0xffff, 1);
  base::store16(large.data(), 0xffff);
  StreamDeframer deframer(Framing::Rfc4571);
  deframer.push(base::MutableBytes(large).first(large.size() - 1));
  CHECK_FALSE(deframer.next());
  CHECK(deframer.pending() == large.size() - 1);
  Bytes rest = {1, 0, 1, 42};
  deframer.push(rest);
  auto message = deframer.next();
  REQUIRE(message);
  CHECK(message->size() == 0xffff);
  message = deframer.next();
  REQUIRE(message);
  CHECK(message->size() == 1);
  CHECK_FALSE(deframer.next());

  auto odd = channelData(0x4000, 0xffff);
  odd.push_back(0);
  StreamDeframer turn(Framing::Turn);
  turn.push(base::MutableBytes(odd).first(odd.size() - 1));
  CHECK_FALSE(turn.next());
  turn.push(base::MutableBytes(odd).last(1));
  message = turn.next();
  REQUIRE(message);
  CHECK(message->size() == 4 + 0xffff);
}

TEST_CASE("deframer: what is neither STUN nor ChannelData ends the stream as early as it can be told") {
  const auto stun = stunMessage(4);
  std::vector<Bytes> hostile = {{0x80}, {4}, {0xff}, {20}, {0x50}, Bytes(100, 0x3f)};
  auto cookie = stun;
  cookie[5] ^= 1;
  hostile.push_back(Bytes(cookie.begin(), cookie.begin() + 8));
  auto length = stun;
  length[3] |= 1;
  hostile.push_back(Bytes(length.begin(), length.begin() + 4));
  for (bool whole : {false, true}) {
    for (auto bytes : hostile) {
      CAPTURE(base::toHex(bytes));
      StreamDeframer deframer(Framing::Turn);
      auto good = stun;
      if (whole) good.insert(good.end(), bytes.begin(), bytes.end());
      deframer.push(good);
      CHECK(deframer.next());
      if (!whole) {
        CHECK_FALSE(deframer.next());
        for (auto& byte : bytes) {
          deframer.push(base::MutableBytes(&byte, 1));
          CHECK_FALSE(deframer.next());
        }
      }
      CHECK_FALSE(deframer.next());
      REQUIRE(deframer.error() == StreamDeframer::Error::NotTurn);
      CHECK_FALSE(toString(*deframer.error()).empty());
      auto more = stun;
      deframer.push(more);
      CHECK_FALSE(deframer.next());
      CHECK(deframer.pending() == 0);
    }
  }
}

TEST_CASE("deframer: the frame of RFC 4571 is put on in place") {
  base::PacketPool pool;
  Packet packet = pool.make(base::asBytes("hello"));
  const auto* payload = packet.data();
  frameRfc4571(packet);
  CHECK(packet.data() + 2 == payload);
  CHECK(toBytes(packet.bytes()) == Bytes{0, 5, 'h', 'e', 'l', 'l', 'o'});
}
