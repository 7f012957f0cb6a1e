#include "chunk_source.hpp"
#include "support/catch.hpp"

#include <set>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::native;
using namespace parley::sctp::test;

namespace {

constexpr std::uint16_t streams = 4;

/// Takes all that is complete. Checks that nothing came twice, that it is what was sent, and the order within streams.
struct Reader {
  const ChunkSource& source;
  std::set<std::size_t> seen{};
  std::map<std::uint16_t, std::size_t> lastOrdered{};

  void read(Receiver& receiver) {
    while (auto message = receiver.receive()) {
      REQUIRE(message->bytes.size() >= 2);
      const auto index = base::load16(message->bytes.data());
      REQUIRE(index < source.messages.size());
      const auto& sent = source.messages[index];
      REQUIRE(seen.insert(index).second);
      REQUIRE(message->stream == sent.stream);
      REQUIRE(message->ppid == Ppid::Binary);
      REQUIRE(message->bytes == sent.bytes);
      if (sent.unordered) continue;
      if (auto last = lastOrdered.find(sent.stream); last != lastOrdered.end()) REQUIRE(last->second < index);
      lastOrdered[sent.stream] = index;
    }
  }
};

template <class T>
void shuffle(std::vector<T>& items, base::Random& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

/// What a peer knows of its chunks, as far as giving up goes (RFC 3758 s.3.5).
struct Abandoning {
  const ChunkSource& source;
  bool interleaving;
  const std::set<std::size_t>& abandoned;
  const std::set<std::size_t>& arrived;  ///< By index of the chunk.
  std::size_t done = 0;                  ///< Chunks that are acknowledged or skipped, without a gap.

  void forward(Receiver& receiver, Time now) {
    const auto before = done;
    while (done < source.chunks.size() &&
           (arrived.count(done) != 0 || abandoned.count(source.chunks[done].message) != 0))
      ++done;
    if (done == before || done == 0) return;
    std::map<std::pair<std::uint16_t, bool>, std::uint32_t> skipped;
    for (std::size_t i = 0; i < done; ++i) {
      const auto message = source.chunks[i].message;
      if (abandoned.count(message) == 0) continue;
      const auto& sent = source.messages[message];
      if (sent.unordered && !interleaving) continue;
      skipped[{sent.stream, sent.unordered}] = source.numberOf.at(message);
    }
    const auto cumulative = source.chunks[done - 1].tsn;
    if (interleaving) {
      std::vector<wire::IForwardTsn::Skipped> list;
      for (const auto& [key, number] : skipped) list.push_back({key.first, key.second, {number}});
      const auto bytes = wire::toBytes(wire::IForwardTsn{cumulative, list});
      receiver.handle(*wire::IForwardTsnView::parse(*wire::chunkFrom(bytes)));
    } else {
      std::vector<wire::ForwardTsn::Skipped> list;
      for (const auto& [key, number] : skipped) list.push_back({key.first, {static_cast<std::uint16_t>(number)}});
      const auto bytes = wire::toBytes(wire::ForwardTsn{cumulative, list});
      receiver.handle(*wire::ForwardTsnView::parse(*wire::chunkFrom(bytes)));
    }
    receiver.endOfPacket(now);
  }
};

wire::Data dataChunk(std::uint32_t tsn, wire::DataFlags flags, base::Bytes payload, std::uint16_t stream = 0,
                     std::uint16_t ssn = 0) {
  return {flags, {tsn}, stream, {ssn}, 53, payload};
}
wire::IData idataChunk(std::uint32_t tsn, wire::DataFlags flags, std::uint32_t mid, std::uint32_t fsn,
                       base::Bytes payload, std::uint16_t stream = 0) {
  return {flags, {tsn}, stream, {mid}, flags.beginning ? 53u : 0u, fsn, payload};
}

constexpr wire::DataFlags first{false, false, true, false};
constexpr wire::DataFlags middle{false, false, false, false};
constexpr wire::DataFlags last{false, false, false, true};
constexpr wire::DataFlags whole{false, false, true, true};
constexpr wire::DataFlags wholeUnordered{false, true, true, true};

}  // namespace

TEST_CASE("messages come out whole and in order whatever the order of their chunks") {
  const bool interleaving = GENERATE(false, true);
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    INFO("interleaving " << interleaving << ", seed " << seed);
    base::SeededRandom random(seed);
    const wire::Tsn initial{static_cast<std::uint32_t>(0u - random.below(100))};
    ChunkSource source(interleaving, initial, randomMessages(random, 40, 4'000, streams), random);
    Receiver receiver(Config{});
    receiver.start({initial, streams, interleaving});
    Reader reader{source};
    // Each chunk is moved back by some places, and some come twice.
    const auto reach = 1 + random.below(seed % 3 == 0 ? source.chunks.size() : 8);
    std::vector<std::pair<std::size_t, const ChunkSource::Chunk*>> arrivals;
    for (std::size_t i = 0; i < source.chunks.size(); ++i) {
      arrivals.push_back({i + random.below(reach), &source.chunks[i]});
      if (random.below(10) == 0) arrivals.push_back({i + random.below(2 * reach), &source.chunks[i]});
    }
    std::stable_sort(arrivals.begin(), arrivals.end(), [](auto& x, auto& y) { return x.first < y.first; });
    for (const auto& arrival : arrivals) {
      ChunkSource::give(receiver, *arrival.second, Time{});
      if (random.below(4) == 0) reader.read(receiver);
    }
    reader.read(receiver);
    REQUIRE(reader.seen.size() == source.messages.size());
    REQUIRE(receiver.cumulative() == source.chunks.back().tsn);
    REQUIRE_FALSE(receiver.hasGap());
    REQUIRE(receiver.window().used() == 0);
    REQUIRE(receiver.drops().total() == receiver.drops()[ReceiveDrop::Duplicate]);
  }
}

TEST_CASE("what the peer gives up is missing, all else arrives, and nothing stays behind") {
  const bool interleaving = GENERATE(false, true);
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("interleaving " << interleaving << ", seed " << seed);
    base::SeededRandom random(seed);
    const wire::Tsn initial{static_cast<std::uint32_t>(0u - random.below(100))};
    ChunkSource source(interleaving, initial, randomMessages(random, 40, 4'000, streams), random);
    Receiver receiver(Config{});
    receiver.start({initial, streams, interleaving});
    Reader reader{source};

    // A quarter of the chunks are lost; of a third of the messages for good. Of these some chunks come late.
    std::vector<std::size_t> now, again, late;
    std::set<std::size_t> abandoned, arrived;
    for (std::size_t i = 0; i < source.messages.size(); ++i)
      if (random.below(3) == 0) abandoned.insert(i);
    for (std::size_t i = 0; i < source.chunks.size(); ++i) {
      if (random.below(4) != 0) {
        now.push_back(i);
      } else if (abandoned.count(source.chunks[i].message) == 0) {
        again.push_back(i);
      } else if (random.below(3) == 0) {
        late.push_back(i);
      }
    }
    if (seed % 2 == 0) shuffle(now, random);
    shuffle(again, random);
    Abandoning peer{source, interleaving, abandoned, arrived};
    const auto give = [&](std::size_t i) {
      if (ChunkSource::give(receiver, source.chunks[i], Time{}) == Receiver::Verdict::Taken) arrived.insert(i);
      if (random.below(4) == 0) reader.read(receiver);
    };
    for (auto i : now) give(i);
    while (!again.empty() || !late.empty()) {
      if (random.below(3) == 0) peer.forward(receiver, Time{});
      auto& from = again.empty() || (!late.empty() && random.below(2) == 0) ? late : again;
      give(from.back());
      from.pop_back();
    }
    peer.forward(receiver, Time{});
    reader.read(receiver);
    for (std::size_t i = 0; i < source.messages.size(); ++i) {
      INFO("message " << i);
      if (abandoned.count(i) == 0) REQUIRE(reader.seen.count(i) == 1);
    }
    REQUIRE(receiver.cumulative() == source.chunks.back().tsn);
    REQUIRE(receiver.window().used() == 0);
  }
}

TEST_CASE("a message of several fragments waits for none but its own") {
  Receiver receiver(Config{});
  receiver.start({{1}, streams, true});
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  receiver.handle(idataChunk(1, first, 0, 0, bytes, 0));
  receiver.handle(idataChunk(2, whole, 0, 0, bytes, 1));
  REQUIRE(receiver.receive());
  CHECK_FALSE(receiver.receive());
  receiver.handle(idataChunk(3, last, 0, 1, bytes, 0));
  auto message = receiver.receive();
  REQUIRE(message);
  CHECK(message->bytes == std::vector<std::uint8_t>{1, 2, 3, 1, 2, 3});
}

TEST_CASE("the stream sequence number wraps around, and may be further ahead than half of its range") {
  Receiver receiver(Config{});
  receiver.start({{0}, streams, false});
  const std::vector<std::uint8_t> bytes{1};
  // All but the first of 40 000 messages; then it.
  for (std::uint32_t i = 1; i < 40'000; ++i)
    if (i < 15'000 || i > 39'000) receiver.handle(dataChunk(i, whole, bytes, 0, static_cast<std::uint16_t>(i)));
  CHECK_FALSE(receiver.receive());
  receiver.handle(dataChunk(0, whole, bytes));
  std::uint32_t received = 0;
  while (receiver.receive()) ++received;
  CHECK(received == 15'000);
  for (std::uint32_t i = 15'000; i < 140'000; ++i) {
    receiver.handle(dataChunk(i, whole, bytes, 0, static_cast<std::uint16_t>(i)));
    while (receiver.receive()) ++received;
  }
  CHECK(received == 140'000);
}

TEST_CASE("a message that is larger than announced is thrown away and told of, and the next one arrives") {
  const bool interleaving = GENERATE(false, true);
  Config config;
  config.maxMessageSize = 1'000;
  Receiver receiver(config);
  receiver.start({{1}, streams, interleaving});
  const std::vector<std::uint8_t> bytes(400), ok(1'000, 7);
  for (std::uint32_t i = 0; i < 5; ++i) {
    const auto flags = i == 0 ? first : i == 4 ? last : middle;
    if (interleaving) {
      receiver.handle(idataChunk(1 + i, flags, 0, i, bytes));
    } else {
      receiver.handle(dataChunk(1 + i, flags, bytes));
    }
  }
  auto event = receiver.poll();
  REQUIRE(event);
  CHECK(std::get<Association::MessageTooLarge>(*event).stream == 0);
  CHECK_FALSE(receiver.poll());
  CHECK_FALSE(receiver.receive());
  CHECK(receiver.window().used() == 0);
  if (interleaving) {
    receiver.handle(idataChunk(6, whole, 1, 0, ok));
  } else {
    receiver.handle(dataChunk(6, whole, ok, 0, 1));
  }
  auto message = receiver.receive();
  REQUIRE(message);
  CHECK(message->bytes == ok);
}

TEST_CASE("fragments that fit no message are dropped, and what they held is given back") {
  const std::vector<std::uint8_t> bytes(100);
  Receiver receiver(Config{});
  receiver.start({{1}, streams, false});
  SECTION("one without a beginning") {
    receiver.handle(dataChunk(1, middle, bytes));
    CHECK(receiver.drops()[ReceiveDrop::OrphanFragment] == 1);
  }
  SECTION("one of another stream") {
    receiver.handle(dataChunk(1, first, bytes, 0));
    receiver.handle(dataChunk(2, last, bytes, 1));
    CHECK(receiver.drops()[ReceiveDrop::WrongFragment] == 1);
  }
  SECTION("one of another message, that waited for its place") {
    receiver.handle(dataChunk(2, last, bytes, 0, 9));
    receiver.handle(dataChunk(1, first, bytes, 0));
    CHECK(receiver.drops()[ReceiveDrop::WrongFragment] == 1);
  }
  SECTION("one that is ordered where the message is not") {
    receiver.handle(dataChunk(1, {false, true, true, false}, bytes, 0));
    receiver.handle(dataChunk(2, last, bytes, 0));
    CHECK(receiver.drops()[ReceiveDrop::WrongFragment] == 1);
  }
  CHECK_FALSE(receiver.receive());
  CHECK(receiver.window().used() == 0);
}

TEST_CASE("I-DATA fragments that fit no message are dropped") {
  const std::vector<std::uint8_t> bytes(100);
  Receiver receiver(Config{});
  receiver.start({{1}, streams, true});
  receiver.handle(idataChunk(1, whole, 0, 0, bytes));
  receiver.handle(idataChunk(2, whole, 0, 0, bytes));  // Delivered already.
  CHECK(receiver.drops()[ReceiveDrop::WrongNumber] == 1);
  receiver.handle(idataChunk(3, first, 1, 0, bytes));
  receiver.handle(idataChunk(4, first, 1, 0, bytes));   // Twice the same.
  receiver.handle(idataChunk(5, middle, 1, 7, bytes));  // Behind the end.
  receiver.handle(idataChunk(6, middle, 1, 7, bytes));  // And twice.
  receiver.handle(idataChunk(7, last, 1, 1, bytes));
  CHECK(receiver.drops()[ReceiveDrop::WrongFragment] == 3);
  CHECK(receiver.receive());
  CHECK(receiver.receive()->bytes.size() == 200);
  CHECK_FALSE(receiver.receive());
  CHECK(receiver.window().used() == 0);
}

TEST_CASE("unordered messages pass ordered ones that wait") {
  const bool interleaving = GENERATE(false, true);
  const std::vector<std::uint8_t> bytes{1};
  Receiver receiver(Config{});
  receiver.start({{1}, streams, interleaving});
  if (interleaving) {
    receiver.handle(idataChunk(2, whole, 1, 0, bytes));
    receiver.handle(idataChunk(3, wholeUnordered, 0, 0, bytes));
  } else {
    receiver.handle(dataChunk(2, whole, bytes, 0, 1));
    receiver.handle(dataChunk(3, wholeUnordered, bytes));
  }
  CHECK(receiver.receive());
  CHECK_FALSE(receiver.receive());
}

TEST_CASE("fragments of one size have their place in the message before those in front of them are there") {
  const bool interleaving = GENERATE(false, true);
  constexpr std::uint32_t count = 8;
  const std::uint32_t lost = GENERATE(0u, 1u, 4u, 6u);
  Receiver receiver(Config{});
  receiver.start({{1}, streams, interleaving});
  const auto give = [&](std::uint32_t i) {
    const std::vector<std::uint8_t> bytes(i == count - 1 ? 50 : 100, static_cast<std::uint8_t>(i));
    const auto flags = i == 0 ? first : i == count - 1 ? last : middle;
    if (interleaving) {
      receiver.handle(idataChunk(1 + i, flags, 0, i, bytes));
    } else {
      receiver.handle(dataChunk(1 + i, flags, bytes));
    }
  };
  for (std::uint32_t i = 0; i < count; ++i)
    if (i != lost) give(i);
  // One piece of memory, the place of the lost one included. Each buffer of its own would count more.
  CHECK(receiver.window().used() == 750 + ReceiveWindow::overhead);
  give(lost);
  const auto message = receiver.receive();
  REQUIRE(message);
  REQUIRE(message->bytes.size() == 750);
  for (std::size_t i = 0; i < 750; ++i) REQUIRE(message->bytes[i] == i / 100);
  CHECK(receiver.window().used() == 0);
}

TEST_CASE("two unordered messages are not taken for one") {
  // B · · E of one, with a gap that has the end of the first and the beginning of the second.
  const std::vector<std::uint8_t> bytes(100);
  constexpr auto unordered = [](bool beginning, bool end) { return wire::DataFlags{false, true, beginning, end}; };
  const bool endFirst = GENERATE(false, true);
  Receiver receiver(Config{});
  receiver.start({{1}, streams, false});
  receiver.handle(dataChunk(1, unordered(true, false), bytes));
  receiver.handle(dataChunk(4, unordered(false, false), bytes));
  receiver.handle(dataChunk(5, unordered(false, true), bytes));
  receiver.handle(endFirst ? dataChunk(2, unordered(false, true), bytes) : dataChunk(3, unordered(true, false), bytes));
  receiver.handle(endFirst ? dataChunk(3, unordered(true, false), bytes) : dataChunk(2, unordered(false, true), bytes));
  std::multiset<std::size_t> sizes;
  while (auto message = receiver.receive()) sizes.insert(message->bytes.size());
  CHECK(sizes == std::multiset<std::size_t>{200, 300});
  CHECK(receiver.drops().total() == 0);
  CHECK(receiver.window().used() == 0);
}

TEST_CASE("an unordered message that is given up takes nothing of the next one with it") {
  const std::vector<std::uint8_t> bytes(100);
  constexpr auto unordered = [](bool beginning, bool end) { return wire::DataFlags{false, true, beginning, end}; };
  Receiver receiver(Config{});
  receiver.start({{1}, streams, false});
  receiver.handle(dataChunk(1, unordered(true, false), bytes));
  receiver.handle(dataChunk(5, unordered(false, true), bytes));  // As if it were the first one's.
  const auto forward = wire::toBytes(wire::ForwardTsn{{3}, {}});
  receiver.handle(*wire::ForwardTsnView::parse(*wire::chunkFrom(forward)));
  receiver.handle(dataChunk(4, unordered(true, false), bytes));
  const auto message = receiver.receive();
  REQUIRE(message);
  CHECK(message->bytes.size() == 200);
  CHECK(receiver.window().used() == 0);
}

TEST_CASE("a guess where a message begins stands in nobody's way") {
  const std::vector<std::uint8_t> small(60), bytes(100);
  Receiver receiver(Config{});
  receiver.start({{1}, streams, false});
  // Sizes differ, so that the fourth has no place behind the first, and begins a guess of its own.
  receiver.handle(dataChunk(1, first, small));
  receiver.handle(dataChunk(4, middle, bytes));
  receiver.handle(dataChunk(2, middle, small));
  receiver.handle(dataChunk(5, last, bytes));
  receiver.handle(dataChunk(3, middle, small));
  const auto message = receiver.receive();
  REQUIRE(message);
  CHECK(message->bytes.size() == 380);
  CHECK(receiver.drops().total() == 0);
  CHECK(receiver.window().used() == 0);
}

TEST_CASE("what comes late of an unordered message that was given up is not kept") {
  const std::vector<std::uint8_t> bytes(100);
  constexpr auto unordered = [](bool beginning, bool end) { return wire::DataFlags{false, true, beginning, end}; };
  Receiver receiver(Config{});
  receiver.start({{1}, streams, true});
  const std::vector<wire::IForwardTsn::Skipped> skipped{{0, true, {0}}};
  const auto forward = wire::toBytes(wire::IForwardTsn{{2}, skipped});
  receiver.handle(idataChunk(2, unordered(false, false), 0, 1, bytes));
  receiver.handle(*wire::IForwardTsnView::parse(*wire::chunkFrom(forward)));
  receiver.handle(idataChunk(3, unordered(false, true), 0, 2, bytes));
  CHECK(receiver.drops()[ReceiveDrop::OrphanFragment] == 1);
  CHECK(receiver.window().used() == 0);
}
