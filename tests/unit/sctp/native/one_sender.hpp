#pragma once

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/native/sender.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/forward_tsn_chunk.hpp"
#include "sctp/wire/idata_chunk.hpp"
#include "sctp/wire/iforward_tsn_chunk.hpp"
#include "sctp/wire/packet_view.hpp"
#include "sctp/wire/reconfig_chunk.hpp"
#include "sctp/wire/sack_chunk.hpp"
#include "support/catch.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace parley::sctp::native::test {

using namespace std::chrono_literals;

inline constexpr std::uint32_t firstTsn = 1'000;

/// A DATA or I-DATA chunk as it was sent.
struct SeenData {
  std::uint32_t tsn = 0;
  std::uint16_t stream = 0;
  std::uint32_t number = 0;  ///< SSN or MID.
  std::uint32_t fsn = 0;
  wire::DataFlags flags;
  std::vector<std::uint8_t> payload;
};

struct SeenPacket {
  Time at{};
  std::size_t size = 0;
  std::vector<SeenData> data;
  /// Of a FORWARD-TSN or I-FORWARD-TSN: the new cumulative TSN; streams and their highest numbers.
  std::optional<std::uint32_t> forward;
  std::vector<std::pair<std::uint16_t, std::uint32_t>> skipped;
  std::optional<wire::OutgoingSsnReset> reset;  ///< Without its streams, which are in `resetStreams`.
  std::vector<std::uint16_t> resetStreams;
};

/// A `Sender`, and a peer that says what the test wants.
class OneSender {
 public:
  explicit OneSender(bool interleaving = false, Config config = makeConfig(), std::uint32_t peerWindow = 1'000'000)
      : sender(config, 1), window(peerWindow) {
    Sender::Start start;
    start.initialTsn = {firstTsn};
    start.peerWindow = peerWindow;
    start.streams = 100;
    start.interleaving = interleaving;
    start.partialReliability = true;
    start.reconfiguration = true;
    start.rtt = 50ms;
    start.maxPacket = 1'152;
    sender.start(start, now);
  }

  static Config makeConfig() {
    Config config;
    config.remoteMaxMessageSize = 1'000'000;
    // The one whose window says at once what it was told.
    config.congestionControl = CongestionControl::Cubic;
    return config;
  }

  SendResult send(std::uint16_t stream, std::size_t size, const Reliability& reliability = {}) {
    return sender.send(stream, Ppid::Binary, std::vector<std::uint8_t>(size, static_cast<std::uint8_t>(stream)),
                       reliability, now);
  }

  /// All packets that may leave now.
  std::vector<SeenPacket> drain() {
    std::vector<SeenPacket> seen;
    while (sender.wantsPacket(now)) {
      wire::PacketBuilder builder(pool_, {5000, 5000, 1}, std::max(maxPacket, sender.oversizeNeeded()));
      sender.fill(builder, {77}, now);
      if (builder.empty()) break;
      seen.push_back(read(builder.finish(wire::PacketBuilder::Checksum::Crc32c)));
    }
    while (auto event = sender.poll()) events.push_back(std::move(*event));
    // The contract of base::Machine.
    REQUIRE(sender.deadline() > now);
    return seen;
  }

  /// Lets time pass, with all that the sender does in it.
  std::vector<SeenPacket> run(Duration duration) {
    std::vector<SeenPacket> seen = drain();
    const auto end = now + duration;
    while (sender.deadline() <= end) {
      now = sender.deadline();
      sender.advance(now);
      auto more = drain();
      seen.insert(seen.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
    }
    now = end;
    sender.advance(now);
    return seen;
  }

  /// Up to the next packet, at most for `limit`.
  std::vector<SeenPacket> runUntilPacket(Duration limit) {
    const auto end = now + limit;
    auto seen = drain();
    while (seen.empty() && sender.deadline() <= end) {
      now = sender.deadline();
      sender.advance(now);
      seen = drain();
    }
    return seen;
  }

  bool sack(std::uint32_t cumulative, std::vector<std::pair<std::uint32_t, std::uint32_t>> ranges = {},
            std::vector<std::uint32_t> duplicates = {}) {
    std::vector<wire::GapBlock> gaps;
    for (auto [from, to] : ranges)
      gaps.push_back({static_cast<std::uint16_t>(from - cumulative), static_cast<std::uint16_t>(to - cumulative)});
    std::vector<wire::Tsn> twice;
    for (auto tsn : duplicates) twice.push_back({tsn});
    const auto bytes = wire::toBytes(wire::Sack{{cumulative}, window, gaps, twice});
    return sender.handle(*wire::SackView::parse(*wire::chunkFrom(bytes)), now);
  }

  template <class E>
  std::vector<E> all() const {
    std::vector<E> found;
    for (const auto& event : events)
      if (const auto* e = std::get_if<E>(&event)) found.push_back(*e);
    return found;
  }

  Time now{1'000s};
  Sender sender;
  std::uint32_t window;  ///< That the peer announces.
  std::size_t maxPacket = 1'152;
  std::vector<Sender::Event> events;

 private:
  SeenPacket read(const Packet& packet) {
    SeenPacket seen;
    seen.at = now;
    seen.size = packet.size();
    auto view = wire::PacketView::parse(packet.bytes(), wire::ZeroChecksum::Refused);
    REQUIRE(view);
    auto chunks = view->chunks();
    while (auto chunk = chunks.next()) {
      if (chunk->type == wire::ChunkType::Data) {
        auto data = *wire::Data::parse(*chunk);
        seen.data.push_back({data.tsn.value, data.stream, data.ssn.value, 0, data.dataFlags,
                             {data.payload.begin(), data.payload.end()}});
      } else if (chunk->type == wire::ChunkType::IData) {
        auto data = *wire::IData::parse(*chunk);
        seen.data.push_back({data.tsn.value, data.stream, data.mid.value, data.fsn, data.dataFlags,
                             {data.payload.begin(), data.payload.end()}});
      } else if (chunk->type == wire::ChunkType::ForwardTsn) {
        auto forward = *wire::ForwardTsnView::parse(*chunk);
        seen.forward = forward.cumulative().value;
        for (std::size_t i = 0; i < forward.streamCount(); ++i)
          seen.skipped.emplace_back(forward.stream(i).stream, forward.stream(i).ssn.value);
      } else if (chunk->type == wire::ChunkType::IForwardTsn) {
        auto forward = *wire::IForwardTsnView::parse(*chunk);
        seen.forward = forward.cumulative().value;
        for (std::size_t i = 0; i < forward.streamCount(); ++i)
          seen.skipped.emplace_back(forward.stream(i).stream, forward.stream(i).mid.value);
      } else if (chunk->type == wire::ChunkType::ReConfig) {
        auto reconfig = *wire::ReConfig::parse(*chunk);
        wire::TlvReader parameters(reconfig.parameters);
        auto parameter = wire::parseReconfigParameter(*parameters.next());
        seen.reset = std::get<wire::OutgoingSsnReset>(*parameter);
        for (std::size_t i = 0; i < seen.reset->streams.size(); ++i)
          seen.resetStreams.push_back(seen.reset->streams[i]);
        seen.reset->streams = {};
      } else {
        FAIL("an unexpected chunk");
      }
    }
    return seen;
  }

  base::PacketPool pool_;
};

/// The TSNs of all these packets, in order.
inline std::vector<std::uint32_t> tsns(const std::vector<SeenPacket>& packets) {
  std::vector<std::uint32_t> found;
  for (const auto& packet : packets)
    for (const auto& data : packet.data) found.push_back(data.tsn);
  return found;
}

}  // namespace parley::sctp::native::test
