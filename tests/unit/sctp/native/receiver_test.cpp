#include "sctp/native/receiver.hpp"

#include "base/packet_pool.hpp"
#include "chunk_source.hpp"
#include "sctp/wire/packet_view.hpp"
#include "sctp/wire/sack_chunk.hpp"
#include "support/catch.hpp"

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;
using namespace std::chrono_literals;

namespace {

constexpr wire::DataFlags whole{false, false, true, true};

Config smallBuffer(std::size_t bytes) {
  Config config;
  config.receiveBuffer = bytes;
  return config;
}

/// A receiver of DATA with TSNs from 1, and the peer's view of it.
struct Fixture {
  base::PacketPool pool;
  Receiver receiver;
  Time now{1s};
  std::vector<std::uint8_t> payload;

  explicit Fixture(const Config& config = {}, bool interleaving = false) : receiver(config) {
    receiver.start({{1}, 16, interleaving});
  }
  Receiver::Verdict data(std::uint32_t tsn, std::size_t size = 100, std::uint16_t stream = 0,
                         wire::DataFlags flags = {false, true, true, true}) {
    payload.assign(size, 1);
    const auto verdict = receiver.handle(wire::Data{flags, {tsn}, stream, {0}, 53, payload});
    receiver.endOfPacket(now);
    return verdict;
  }
  /// The chunks of the packet that `fill` writes.
  std::vector<std::vector<std::uint8_t>> fill(std::size_t size = 1'152) {
    wire::PacketBuilder builder(pool, {}, size);
    receiver.fill(builder, now);
    const auto packet = builder.finish(wire::PacketBuilder::Checksum::Crc32c);
    std::vector<std::vector<std::uint8_t>> found;
    const auto view = wire::PacketView::parse(packet.bytes(), wire::ZeroChecksum::Refused);
    if (!view) return found;
    auto chunks = view->chunks();
    while (auto chunk = chunks.next()) found.push_back({chunk->whole.begin(), chunk->whole.end()});
    return found;
  }
  struct Seen {
    std::uint32_t cumulative = 0;
    std::uint32_t window = 0;
    std::vector<wire::GapBlock> gaps;
    std::vector<wire::Tsn> duplicates;
  };
  std::optional<Seen> sack(std::size_t size = 1'152) {
    for (const auto& bytes : fill(size)) {
      const auto view = wire::SackView::parse(*wire::chunkFrom(bytes));
      if (bytes[0] != 3 || !view) continue;
      Seen seen{view->cumulative().value, view->window(), {}, {}};
      for (std::size_t i = 0; i < view->gapCount(); ++i) seen.gaps.push_back(view->gap(i));
      for (std::size_t i = 0; i < view->duplicateCount(); ++i) seen.duplicates.push_back(view->duplicate(i));
      return seen;
    }
    return std::nullopt;
  }
};

}  // namespace

TEST_CASE("a SACK says what came, what is missing, what came twice, and how much room there is") {
  Fixture f;
  f.data(1);
  f.data(2);
  f.data(4);
  f.data(2);
  CHECK(f.receiver.wantsPacket());
  const auto sack = f.sack();
  REQUIRE(sack);
  CHECK(sack->cumulative == 2);
  CHECK(sack->gaps == std::vector<wire::GapBlock>{{2, 2}});
  CHECK(sack->duplicates == std::vector<wire::Tsn>{{2}});
  CHECK(sack->window == Config{}.receiveBuffer - 3 * (100 + ReceiveWindow::overhead));
  CHECK_FALSE(f.receiver.wantsPacket());
  CHECK(f.fill().empty());
}

TEST_CASE("a SACK is as large as the packet lets it be, gaps before duplicates, the lowest first") {
  Fixture f;
  for (std::uint32_t i = 0; i < 100; ++i) f.data(2 + 2 * i);
  f.data(2);
  const auto sack = f.sack(12 + 16 + 4 * 10);
  REQUIRE(sack);
  CHECK(sack->gaps.size() == 10);
  CHECK(sack->gaps.front() == wire::GapBlock{2, 2});
  CHECK(sack->gaps.back() == wire::GapBlock{20, 20});
  CHECK(sack->duplicates.empty());
}

TEST_CASE("DATA for a stream that does not exist is acknowledged and thrown away") {
  Fixture f;
  CHECK(f.data(1, 100, 16) == Receiver::Verdict::InvalidStream);
  CHECK(f.sack()->cumulative == 1);
  CHECK_FALSE(f.receiver.peek());
  CHECK(f.receiver.window().used() == 0);
}

TEST_CASE("a slow reader closes the window, and what is beyond it is neither kept nor acknowledged") {
  Fixture f(smallBuffer(10'000));
  std::uint32_t tsn = 1;
  while (f.data(tsn, 1'000) == Receiver::Verdict::Taken) ++tsn;
  CHECK(tsn == 9);  // 8 of 1128 bytes
  CHECK(f.receiver.wantsPacket());
  auto sack = f.sack();
  CHECK(sack->cumulative == 8);
  CHECK(sack->window == 0);
  CHECK(f.receiver.drops()[ReceiveDrop::NoRoom] == 1);
  CHECK(f.receiver.window().used() <= 10'000);
  // The window is told of again when a quarter of it is free, not before.
  CHECK(f.receiver.receive());
  CHECK_FALSE(f.receiver.wantsPacket());
  CHECK(f.receiver.receive());
  CHECK(f.receiver.wantsPacket());
  CHECK(f.sack()->window == 10'000 - 6 * 1'128);
  CHECK(f.data(9, 1'000) == Receiver::Verdict::Taken);
}

TEST_CASE("a missing chunk is taken though the window is full, for the others wait for it") {
  Fixture f(smallBuffer(10'000));
  f.data(1, 1'000);
  std::uint32_t tsn = 3;
  while (f.data(tsn, 1'000) == Receiver::Verdict::Taken) ++tsn;
  CHECK(f.data(2, 1'000) == Receiver::Verdict::Taken);
  CHECK(f.sack()->gaps.empty());
}

TEST_CASE("single bytes fill the window long before a million of them") {
  Fixture f(smallBuffer(100'000));
  std::uint32_t tsn = 1;
  while (f.data(tsn, 1) == Receiver::Verdict::Taken) ++tsn;
  CHECK(tsn == 1 + 100'000 / (1 + ReceiveWindow::overhead));
}

TEST_CASE("beginnings of messages may fill the window four times, and then there is no way on") {
  Config config;
  config.receiveBuffer = 100'000;
  config.maxMessageSize = 90'000;
  Fixture f(config, true);
  std::uint32_t tsn = 1;
  const std::vector<std::uint8_t> bytes(1'000);
  const auto begin = [&](std::uint16_t stream, std::uint32_t fsn) {
    const wire::DataFlags flags{false, false, fsn == 0, false};
    const auto verdict = f.receiver.handle(wire::IData{flags, {tsn}, stream, {0}, 53, fsn, bytes});
    f.receiver.endOfPacket(f.now);
    if (verdict == Receiver::Verdict::Taken) ++tsn;
    return verdict == Receiver::Verdict::Taken;
  };
  for (std::uint32_t fsn = 0; fsn < 30; ++fsn) {
    INFO(fsn);
    for (std::uint16_t stream = 0; stream < 10; ++stream) REQUIRE(begin(stream, fsn));
    CHECK(f.sack()->window > 0);
    CHECK_FALSE(f.receiver.exhausted());
  }
  std::uint16_t stream = 0;
  std::uint32_t fsn = 30;
  while (begin(stream, fsn)) {
    stream = static_cast<std::uint16_t>((stream + 1) % 10);
    if (stream == 0) ++fsn;
  }
  CHECK(f.receiver.window().used() <= 400'000);
  CHECK(f.sack()->window == 0);
  CHECK(f.receiver.exhausted());
}

TEST_CASE("events come after the messages before them were received") {
  Fixture f;
  f.data(1);
  f.data(2);
  wire::TlvBlock block;
  const std::vector<std::uint16_t> streams{5};
  wire::addOutgoingSsnReset(block, {1}, {0}, {2}, streams);
  wire::TlvReader reader(block.bytes());
  f.receiver.handle(*wire::parseReconfigParameter(*reader.next()));
  f.receiver.endOfPacket(f.now);
  f.data(3);
  CHECK_FALSE(f.receiver.poll());
  CHECK(f.receiver.receive());
  CHECK_FALSE(f.receiver.poll());
  CHECK(f.receiver.receive());
  const auto event = f.receiver.poll();
  REQUIRE(event);
  CHECK(std::get<Association::IncomingStreamsReset>(*event).streams == streams);
  CHECK(f.receiver.receive());
  // The answer goes with a SACK before it (RFC 6525 s.5.2.1).
  const auto chunks = f.fill();
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0][0] == 3);
  CHECK(chunks[1][0] == 130);
}

TEST_CASE("after a reset the numbers of a stream start again") {
  const bool interleaving = GENERATE(false, true);
  Fixture f({}, interleaving);
  const std::vector<std::uint8_t> bytes{1};
  const auto send = [&](std::uint32_t tsn, std::uint16_t stream, std::uint16_t number) {
    if (interleaving) {
      f.receiver.handle(wire::IData{whole, {tsn}, stream, {number}, 53, 0, bytes});
    } else {
      f.receiver.handle(wire::Data{whole, {tsn}, stream, {number}, 53, bytes});
    }
    return f.receiver.receive().has_value();
  };
  CHECK(send(1, 5, 0));
  CHECK(send(2, 5, 1));
  CHECK(send(3, 6, 0));
  wire::TlvBlock block;
  const std::vector<std::uint16_t> streams{5};
  wire::addOutgoingSsnReset(block, {1}, {0}, {3}, streams);
  wire::TlvReader reader(block.bytes());
  f.receiver.handle(*wire::parseReconfigParameter(*reader.next()));
  CHECK(send(4, 5, 0));
  CHECK(send(5, 6, 1));
}

TEST_CASE("FORWARD-TSN is acknowledged, and at once if it says nothing new") {
  Fixture f;
  f.data(1);
  f.sack();
  const auto forward = [&](std::uint32_t tsn) {
    const auto bytes = wire::toBytes(wire::ForwardTsn{{tsn}, {}});
    f.receiver.handle(*wire::ForwardTsnView::parse(*wire::chunkFrom(bytes)));
    f.receiver.endOfPacket(f.now);
  };
  forward(10);
  CHECK_FALSE(f.receiver.wantsPacket());
  CHECK(f.receiver.deadline() == f.now + AckPolicy::delay);
  f.receiver.advance(f.now + AckPolicy::delay);
  CHECK(f.sack()->cumulative == 10);
  forward(9);
  CHECK(f.receiver.wantsPacket());
  CHECK(f.sack()->cumulative == 10);
  // A FORWARD-TSN may skip any number at once, and what comes then is in order.
  forward(0x7fff0000);
  f.data(0x7fff0001);
  CHECK(f.sack()->cumulative == 0x7fff0001);
}

TEST_CASE("a receiver that is started again forgets what was not complete, and keeps the rest") {
  Fixture f;
  f.data(1, 100, 0, whole);
  f.data(2, 100, 0, {false, false, true, false});
  f.data(5);
  f.receiver.start({{77}, 4, true});
  CHECK(f.receiver.cumulative().value == 76);
  CHECK(f.receiver.streams() == 4);
  CHECK_FALSE(f.receiver.hasGap());
  CHECK(f.receiver.receive());
  CHECK(f.receiver.receive());
  CHECK_FALSE(f.receiver.receive());
  CHECK(f.receiver.window().used() == 0);
}

TEST_CASE("chunks of a hostile peer leave the receiver bounded and consistent") {
  const bool interleaving = GENERATE(false, true);
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    INFO("interleaving " << interleaving << ", seed " << seed);
    base::SeededRandom random(seed);
    Fixture f(smallBuffer(20'000), interleaving);
    for (unsigned step = 0; step < 2'000; ++step) {
      const wire::Tsn tsn{1 + static_cast<std::uint32_t>(random.below(seed % 2 == 0 ? 300 : 5'000))};
      const auto flags = wire::DataFlags::from(static_cast<std::uint8_t>(random.below(16)));
      const auto stream = static_cast<std::uint16_t>(random.below(18));
      const auto number = static_cast<std::uint16_t>(random.below(5));
      f.payload.assign(1 + random.below(300), 1);
      if (random.below(50) == 0) {
        if (interleaving) {
          const std::vector<wire::IForwardTsn::Skipped> list{{stream, flags.unordered, {number}}};
          const auto bytes = wire::toBytes(wire::IForwardTsn{tsn, list});
          f.receiver.handle(*wire::IForwardTsnView::parse(*wire::chunkFrom(bytes)));
        } else {
          const std::vector<wire::ForwardTsn::Skipped> list{{stream, {number}}};
          const auto bytes = wire::toBytes(wire::ForwardTsn{tsn, list});
          f.receiver.handle(*wire::ForwardTsnView::parse(*wire::chunkFrom(bytes)));
        }
      } else if (interleaving) {
        f.receiver.handle(wire::IData{flags, tsn, stream, {number}, 53,
                                      flags.beginning ? 0 : static_cast<std::uint32_t>(random.below(4)), f.payload});
      } else {
        f.receiver.handle(wire::Data{flags, tsn, stream, {number}, 53, f.payload});
      }
      f.receiver.endOfPacket(f.now);
      REQUIRE(f.receiver.window().used() < 100'000);
      if (random.below(3) == 0) f.receiver.receive();
      if (random.below(3) == 0) f.fill();
    }
    while (f.receiver.receive()) {
    }
    f.receiver.start({{1}, 16, interleaving});
    REQUIRE(f.receiver.window().used() == 0);
  }
}
