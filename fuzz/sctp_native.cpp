// Two ends of the native engine in any state, and a peer that is authenticated, not sane: packets are lost, repeated,
// late, changed under a right checksum, and made up of chunks with sequence numbers that nearly fit. The input's first
// half is the list of operations, the second what is put into packets.
#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/native/association.hpp"
#include "sctp/wire/packet_view.hpp"

#include "support/check.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

using namespace parley;
using namespace parley::sctp;

namespace {

constexpr std::size_t streams = 8;

struct End {
  std::unique_ptr<native::Association> association;
  std::deque<std::vector<std::uint8_t>> sent;
  std::vector<std::uint8_t> last;
  std::uint32_t tsn = 0;         ///< The highest that it has sent; near which the made-up ones are.
  std::uint32_t cumulative = 0;  ///< Of its last SACK.
  std::size_t largestMessage = 0;
  bool reads = true;

  void note(base::Bytes bytes) {
    last.assign(bytes.begin(), bytes.end());
    if (sent.size() < 500) sent.push_back(last);
    wire::ChunkReader chunks(bytes.subspan(wire::commonHeaderSize));
    while (const auto chunk = chunks.next()) {
      const auto first = chunk->value.size() >= 4 ? base::load32(chunk->value.data()) : 0;
      if (chunk->type == wire::ChunkType::Data || chunk->type == wire::ChunkType::IData) tsn = first;
      if (chunk->type == wire::ChunkType::Sack) cumulative = first;
      if (chunk->type == wire::ChunkType::Init || chunk->type == wire::ChunkType::InitAck)
        tsn = base::load32(chunk->value.data() + 12) - 1;
    }
  }
  void drain(Time now) {
    for (int i = 0; i < 100'000; ++i) {
      auto output = association->poll();
      if (!output) {
        auto message = reads ? association->receive(now) : std::nullopt;
        if (!message) return;
        FUZZ_CHECK(!message->bytes.empty() && message->bytes.size() <= largestMessage);
        FUZZ_CHECK(message->stream < streams);
        continue;
      }
      if (auto* transmit = std::get_if<Association::Transmit>(&*output)) {
        FUZZ_CHECK(transmit->packet.size() <= 1'432 && transmit->packet.size() > wire::commonHeaderSize);
        note(transmit->packet.bytes());
      }
    }
    FUZZ_CHECK(!"the drain ends");
  }
};

void seal(std::vector<std::uint8_t>& packet) {
  if (packet.size() < wire::commonHeaderSize) return;
  const auto sum = wire::checksumOf(packet);
  for (unsigned i = 0; i < 4; ++i) packet[8 + i] = static_cast<std::uint8_t>(sum >> (8 * i));
}

/// A chunk of the input's type and flags. Its first field is near the next one that fits; what is behind it is the input's.
void appendChunk(std::vector<std::uint8_t>& packet, base::Reader& input, std::uint32_t dataNumber,
                 std::uint32_t ackNumber) {
  static constexpr std::array<std::uint8_t, 20> types{0,  0,  0,  64, 64,  64,  3,   3,   192, 194,
                                                      130, 7,  8,  9,  4,   5,   6,   14,  132, 200};
  const auto type = types[input.u8() % types.size()];
  const auto flags = input.u8();
  const auto near = static_cast<std::uint32_t>(static_cast<std::int8_t>(input.u8()));
  const std::size_t more = input.u8() % 40;
  std::vector<std::uint8_t> chunk{type, flags, 0, 0, 0, 0, 0, 0};
  if (type == 130) {
    chunk.resize(16);
    base::store16(&chunk[4], static_cast<std::uint16_t>(13 + flags % 6));
    base::store16(&chunk[6], static_cast<std::uint16_t>(4 + 8 + more));
    base::store32(&chunk[8], dataNumber + near);
    base::store32(&chunk[12], ackNumber + near);
  } else {
    base::store32(&chunk[4], (type == 3 || type == 7 ? ackNumber : dataNumber) + near);
  }
  for (std::size_t i = 0; i < more; ++i) {
    auto byte = input.u8();
    // Half of them small: counts, streams and numbers that are in use.
    if (i % 2 == 0 && byte < 224) byte &= 1;
    chunk.push_back(byte);
  }
  base::store16(&chunk[2], static_cast<std::uint16_t>(chunk.size()));
  chunk.resize(wire::padded(chunk.size()));
  packet.insert(packet.end(), chunk.begin(), chunk.end());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::Bytes input(data, std::min<std::size_t>(size, 800));
  base::Reader operations(input.first(input.size() / 2));
  base::Reader material(input.subspan(input.size() / 2));
  Time now{std::chrono::seconds(1)};
  base::SeededRandom random(1);
  base::PacketPool pool(16);

  const auto setup = operations.u8();
  std::array<End, 2> ends;
  for (std::size_t i = 0; i < 2; ++i) {
    Config config;
    config.streams = streams;
    config.maxMessageSize = ends[i].largestMessage = 20'000;
    config.receiveBuffer = config.sendBuffer = 65'536;
    config.interleaving = (setup >> i & 1) == 0;
    config.zeroChecksum = (setup >> i & 4) == 0;
    if (setup & 16) config.congestionControl = CongestionControl::Bbr;
    ends[i].association = std::make_unique<native::Association>(config, random, pool);
  }
  auto deliver = [&](End& to, const std::vector<std::uint8_t>& packet) {
    to.association->handle(packet, now);
    to.drain(now);
  };
  auto pass = [&](Duration time) {
    now += time;
    for (auto& end : ends) {
      end.association->advance(now);
      end.drain(now);
      FUZZ_CHECK(end.association->deadline() > now);
    }
  };
  auto exchange = [&](End& self, End& peer) {
    auto packets = std::exchange(self.sent, {});
    for (const auto& packet : packets) deliver(peer, packet);
  };
  for (auto& end : ends) {
    if (&end == &ends[0] || (setup & 32) == 0) end.association->connect(now);
    end.drain(now);
  }
  if (setup & 64) {
    ends[1].association->connect(now);
    for (int round = 0; round < 4; ++round) {
      exchange(ends[0], ends[1]);
      exchange(ends[1], ends[0]);
    }
  }

  const std::vector<std::uint8_t> message(30'000);
  while (operations.remaining() > 0) {
    const auto operation = operations.u8();
    auto& self = ends[operation & 1];
    auto& peer = ends[~operation & 1];
    const auto argument = operations.u8();
    switch (operation >> 1 & 15) {
      case 0:
      case 1:
        exchange(self, peer);
        break;
      case 2:
        if (!self.sent.empty()) self.sent.erase(self.sent.begin() + argument % static_cast<int>(self.sent.size()));
        break;
      case 3:
        deliver(peer, std::vector<std::uint8_t>(self.last));
        break;
      case 4:
      case 5: {  // A changed one.
        auto packet = self.last;
        for (auto n = argument & 7; n >= 0 && packet.size() > 12; --n) {
          const auto at = 12 + material.u8() % (packet.size() - 12);
          packet[at] = material.u8();
        }
        seal(packet);
        deliver(peer, packet);
        break;
      }
      case 6:
      case 7:
      case 8: {  // One that is made up, with the right verification tag.
        if (self.last.size() < 12) break;
        std::vector<std::uint8_t> packet(self.last.begin(), self.last.begin() + 12);
        for (int n = 0; n <= (argument & 3); ++n) appendChunk(packet, material, self.tsn + 1, peer.tsn);
        seal(packet);
        deliver(peer, packet);
        break;
      }
      case 9: {  // The end of one is in front of another.
        if (self.sent.size() < 2) break;
        std::swap(self.sent.front(), self.sent.back());
        break;
      }
      case 10:
      case 11:
      case 12: {
        Reliability reliability;
        reliability.ordered = (argument & 8) == 0;
        if (argument & 16) reliability.maxRetransmits = static_cast<std::uint16_t>(argument >> 6);
        if (argument & 32 && !reliability.maxRetransmits) reliability.maxPacketLifeTime = 20;
        self.association->send(argument & 7, Ppid::Binary, base::Bytes(message).first(1 + std::size_t{argument} * argument / 3),
                               reliability, now);
        break;
      }
      case 13:
        if (argument < 128)
          self.association->resetStreams({static_cast<std::uint16_t>(argument & 7)}, now);
        else
          self.reads = argument & 1;
        break;
      case 14:
        pass(std::chrono::milliseconds(argument));
        break;
      case 15:
        if (argument < 8)
          self.association->shutdown(now);
        else if (argument < 12)
          self.association->abort(now);
        else if (argument < 32)
          self.association->connect(now);
        else
          pass(std::chrono::milliseconds(20 * argument));
        break;
    }
    self.drain(now);
  }
  // It comes to an end whatever has happened.
  for (auto& end : ends) {
    end.reads = true;
    end.drain(now);
    end.association->abort(now);
    end.drain(now);
    FUZZ_CHECK(end.association->deadline() == never);
  }
  return 0;
}
