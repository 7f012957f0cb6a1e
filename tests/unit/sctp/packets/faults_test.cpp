// Each packet, and each chunk, of each procedure is lost, repeated, late, or changed: one fault in a run.
#include "network.hpp"

#include <map>

using namespace parley;
using namespace parley::sctp;
using namespace parley::sctp::test;

namespace {

enum class Fault {
  None,
  // Of packets.
  Lost,
  ThreeLost,
  Twice,
  Late,
  VeryLate,
  Damaged,  ///< A bit is flipped, so that the checksum is wrong.
  Cut,      ///< The end is missing.
  // Of chunks, under a right checksum.
  ChunkLost,
  ChunkTwice,
  ChunksReversed,
  // Of chunks, by a peer that has lost its mind.
  ChunkShortened,
  ChunkFlipped,
  ChunkOtherFlags,
  ChunkOtherType,
};

struct At {
  std::size_t side = 0;
  std::size_t packet = 0;
  std::size_t chunk = 0;
};

/// What a path with this fault does with a packet.
std::vector<Network::Arrival> withFault(Fault fault, const At& at, std::size_t from, std::size_t index, PacketBytes packet) {
  const auto whole = [&](PacketBytes bytes) { return std::vector<Network::Arrival>{{Network::delay, std::move(bytes)}}; };
  const bool hit = from == at.side && index == at.packet;
  if (fault == Fault::ThreeLost && from == at.side && index >= at.packet && index < at.packet + 3) return {};
  if (!hit || fault == Fault::None) return whole(std::move(packet));
  auto chunks = chunksOf(packet);
  auto& chunk = chunks[std::min(at.chunk, chunks.size() - 1)];
  switch (fault) {
    case Fault::None:
    case Fault::ThreeLost:
      break;
    case Fault::Lost:
      return {};
    case Fault::Twice:
      return {{Network::delay, packet}, {Network::delay + 1ms, packet}};
    case Fault::Late:
      return {{300ms, packet}};
    case Fault::VeryLate:
      return {{3s, packet}};
    case Fault::Damaged:
      packet[packet.size() / 2] ^= 0x10;
      break;
    case Fault::Cut:
      packet.resize(packet.size() - 4);
      break;
    case Fault::ChunkLost:
      chunks.erase(chunks.begin() + (&chunk - chunks.data()));
      if (chunks.empty()) return {};
      return whole(packetOf(packet, chunks));
    case Fault::ChunkTwice:
      chunks.push_back(chunk);
      return whole(packetOf(packet, chunks));
    case Fault::ChunksReversed:
      std::reverse(chunks.begin(), chunks.end());
      return whole(packetOf(packet, chunks));
    case Fault::ChunkShortened: {
      const auto length = base::load16(&chunk[2]);
      const auto shorter = static_cast<std::uint16_t>(4 + (length - 4) / 2);
      base::store16(&chunk[2], shorter);
      chunk.resize(wire::padded(shorter));
      return whole(packetOf(packet, chunks));
    }
    case Fault::ChunkFlipped:
      chunk[std::min<std::size_t>(4 + at.chunk * 5 % 16, chunk.size() - 1)] ^= 0x81;
      return whole(packetOf(packet, chunks));
    case Fault::ChunkOtherFlags:
      chunk[1] ^= 0x07;
      return whole(packetOf(packet, chunks));
    case Fault::ChunkOtherType:
      chunk[0] ^= 0x40;
      return whole(packetOf(packet, chunks));
  }
  return whole(std::move(packet));
}

/// Set-up, messages of all kinds both ways, a reset and what follows it, shutdown. False if one end has given up.
struct Story {
  Network net;
  std::uint32_t number = 0;
  std::map<std::uint32_t, std::pair<std::size_t, bool>> sent{};  ///< By number: from which side, and whether reliable.
  bool completed = false;

  Story(const Config& config, Fault fault, const At& at) : net(config, 77) {
    net.path = [=](std::size_t from, std::size_t index, const PacketBytes& packet) {
      return withFault(fault, at, from, index, packet);
    };
  }

  bool failed() const {
    for (const auto& side : net.sides)
      if (side.has<Association::Failed>()) return true;
    return false;
  }
  bool wait(const std::function<bool()>& what) {
    return net.run(60s, [&] { return failed() || what(); }) && !failed();
  }
  void send(std::size_t side, std::uint16_t stream, std::size_t size, const Reliability& reliability = {}) {
    auto message = numbered(stream, number, size);
    if (net.sides[side]->send(stream, message.ppid, std::move(message.bytes), reliability, net.now()) !=
        SendResult::Sent)
      return;
    sent[number++] = {side, !reliability.maxRetransmits && !reliability.maxPacketLifeTime};
  }
  /// What was made up in a chunk that was nonsense may be shorter than any message of ours.
  static std::uint32_t numberOf(const Message& message) {
    return message.bytes.size() < 4 ? 0xffff'ffff : base::load32(message.bytes.data());
  }
  bool arrived() const {
    for (const auto& [which, how] : sent) {
      if (!how.second) continue;
      const auto& messages = net.sides[1 - how.first].messages;
      const auto id = which;
      if (std::none_of(messages.begin(), messages.end(),
                       [&](const Message& m) { return numberOf(m) == id; }))
        return false;
    }
    return true;
  }

  /// The streams that were told of by this kind of event, in order.
  template <class E>
  std::vector<std::uint16_t> resets(std::size_t side) const {
    std::vector<std::uint16_t> streams;
    for (const auto& event : net.sides[side].events)
      if (const auto* reset = std::get_if<E>(&event))
        streams.insert(streams.end(), reset->streams.begin(), reset->streams.end());
    std::sort(streams.begin(), streams.end());
    return streams;
  }
  bool wereReset(std::size_t side, const std::vector<std::uint16_t>& streams) const {
    return resets<Association::OutgoingStreamsReset>(side) == streams &&
           resets<Association::IncomingStreamsReset>(1 - side) == streams;
  }

  void tell() {
    net.connect();
    if (!wait([&] { return net.sides[0].has<Association::Connected>() && net.sides[1].has<Association::Connected>(); }))
      return;
    Reliability unordered, once, brief;
    unordered.ordered = false;
    once.maxRetransmits = 0;
    brief.maxPacketLifeTime = 15;
    for (std::size_t side = 0; side < 2; ++side) {
      send(side, 1, 20);
      send(side, 2, 4'000);
      send(side, 3, 30, unordered);
      send(side, 1, 10);
      send(side, 4, 2'500, once);
      send(side, 5, 2'500, brief);
      send(side, 5, 20, once);
    }
    if (!wait([&] { return arrived(); })) return;
    net.sides[0]->resetStreams({1, 4}, net.now());
    if (!wait([&] { return wereReset(0, {1, 4}); })) return;
    send(0, 1, 15);
    send(1, 1, 15);
    net.sides[1]->resetStreams({1}, net.now());
    if (!wait([&] { return arrived() && wereReset(1, {1}); })) return;
    net.run(1s);  // Until delayed acknowledgements and late packets are over.
    send(1, 1, 1'500);
    net.sides[0]->shutdown(net.now());
    completed = wait([&] {
      return arrived() && net.sides[0].has<Association::Closed>() && net.sides[1].has<Association::Closed>();
    });
  }

  void check() const {
    // Nothing twice, nothing changed, ordered streams in order.
    for (std::size_t side = 0; side < 2; ++side) {
      std::map<std::uint32_t, unsigned> seen;
      std::map<std::uint16_t, std::uint32_t> last;
      for (const auto& message : net.sides[side].messages) {
        const auto id = numberOf(message);
        REQUIRE(++seen[id] == 1);
        REQUIRE(message.bytes == numbered(message.stream, id, message.bytes.size()).bytes);
        if (message.stream == 3) continue;
        if (last.count(message.stream)) REQUIRE(last[message.stream] < id);
        last[message.stream] = id;
      }
    }
    REQUIRE(wereReset(0, {1, 4}));
    REQUIRE(wereReset(1, {1}));
  }
};

Config configOf(bool interleaving) {
  Config config;
  config.interleaving = config.zeroChecksum = interleaving;
  config.streams = 16;
  return config;
}

/// Each place where a fault can be: all packets of a run without one, and their chunks.
std::vector<At> places(const Config& config, bool chunks) {
  std::vector<At> found;
  Story story(config, Fault::None, {});
  story.net.path = [&](std::size_t from, std::size_t index, const PacketBytes& packet) {
    const auto count = chunks ? chunksOf(packet).size() : 1;
    for (std::size_t i = 0; i < count; ++i) found.push_back({from, index, i});
    return withFault(Fault::None, {}, from, index, packet);
  };
  story.tell();
  REQUIRE(story.completed);
  story.check();
  REQUIRE(found.size() > 20);
  return found;
}

void withEach(bool chunks, std::initializer_list<Fault> faults, bool honest) {
  for (bool interleaving : {false, true}) {
    auto config = configOf(interleaving);
    for (const auto& at : places(config, chunks)) {
      for (auto fault : faults) {
        if (fault == Fault::Damaged || fault == Fault::Cut) config.zeroChecksum = false;
        INFO("interleaving " << interleaving << ", fault " << static_cast<int>(fault) << ", side " << at.side
                             << ", packet " << at.packet << ", chunk " << at.chunk);
        Story story(config, fault, at);
        story.tell();
        if (honest) {
          REQUIRE(story.completed);
          story.check();
        } else {
          // It goes on or it fails; in the end it is over at both ends.
          for (auto& side : story.net.sides) side->abort(story.net.now());
          story.net.run(60s);
        }
      }
    }
  }
}

}  // namespace

TEST_CASE("each packet may be lost") { withEach(false, {Fault::Lost}, true); }
TEST_CASE("each three packets in a row may be lost") { withEach(false, {Fault::ThreeLost}, true); }
TEST_CASE("each packet may come twice") { withEach(false, {Fault::Twice}, true); }
TEST_CASE("each packet may be late") { withEach(false, {Fault::Late, Fault::VeryLate}, true); }
TEST_CASE("each packet may be damaged or cut") { withEach(false, {Fault::Damaged, Fault::Cut}, true); }
TEST_CASE("each chunk may be missing") { withEach(true, {Fault::ChunkLost}, true); }
TEST_CASE("each chunk may come twice in its packet") { withEach(true, {Fault::ChunkTwice}, true); }
TEST_CASE("the chunks of each packet may come in another order") { withEach(false, {Fault::ChunksReversed}, true); }
TEST_CASE("each chunk may be nonsense under a right checksum") {
  withEach(true, {Fault::ChunkShortened, Fault::ChunkFlipped, Fault::ChunkOtherFlags, Fault::ChunkOtherType}, false);
}
