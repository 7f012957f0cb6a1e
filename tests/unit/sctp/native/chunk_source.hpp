#pragma once

#include "base/random.hpp"
#include "sctp/native/receiver.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <utility>
#include <variant>
#include <vector>

namespace parley::sctp::test {

/// A message as a peer would send it.
struct Outgoing {
  std::uint16_t stream = 0;
  bool unordered = false;
  std::vector<std::uint8_t> bytes;
};

/// Cuts messages into DATA or I-DATA chunks with ascending TSNs, as an honest peer would: the chunks of a DATA message are
/// in sequence; those of I-DATA messages of different streams mix.
class ChunkSource {
 public:
  struct Chunk {
    std::size_t message = 0;  ///< Index of the message.
    wire::Tsn tsn;
    std::variant<wire::Data, wire::IData> chunk;  ///< Borrows from `messages`.
  };

  ChunkSource(bool interleaving, wire::Tsn initial, std::vector<Outgoing> outgoing, base::Random& random,
              std::size_t largestFragment = 400)
      : messages(std::move(outgoing)) {
    struct Open {
      std::size_t message;
      std::uint32_t number;
      std::uint32_t fsn = 0;
      std::size_t offset = 0;
    };
    std::map<std::pair<std::uint16_t, bool>, std::uint32_t> numbers;
    std::vector<Open> open;
    std::size_t next = 0;
    auto tsn = initial;
    while (next < messages.size() || !open.empty()) {
      const auto mayOpen = [&] {
        if (next == messages.size()) return false;
        if (!interleaving) return open.empty();
        return std::none_of(open.begin(), open.end(),
                            [&](const Open& o) { return messages[o.message].stream == messages[next].stream; });
      };
      if (mayOpen() && (open.empty() || random.below(2) == 0)) {
        const auto& message = messages[next];
        // Without interleaving unordered messages have no number of their own.
        const bool counts = interleaving || !message.unordered;
        auto& number = numbers[{message.stream, message.unordered}];
        open.push_back({next++, counts ? number++ : number});
      }
      auto& current = open[random.below(open.size())];
      const auto& message = messages[current.message];
      const auto left = message.bytes.size() - current.offset;
      const auto size = std::min<std::size_t>(left, 1 + random.below(largestFragment));
      const wire::DataFlags flags{false, message.unordered, current.offset == 0, size == left};
      const auto payload = base::Bytes(message.bytes).subspan(current.offset, size);
      if (interleaving) {
        chunks.push_back({current.message, tsn,
                          wire::IData{flags, tsn, message.stream, {current.number}, flags.beginning ? 53u : 0u,
                                      current.fsn++, payload}});
      } else {
        chunks.push_back({current.message, tsn,
                          wire::Data{flags, tsn, message.stream, {static_cast<std::uint16_t>(current.number)}, 53,
                                     payload}});
      }
      numberOf[current.message] = current.number;
      tsn = tsn.next();
      current.offset += size;
      if (flags.end) open.erase(open.begin() + (&current - open.data()));
    }
  }

  static native::Receiver::Verdict give(native::Receiver& receiver, const Chunk& chunk, Time now) {
    const auto verdict = std::visit([&](const auto& data) { return receiver.handle(data); }, chunk.chunk);
    receiver.endOfPacket(now);
    return verdict;
  }

  std::vector<Outgoing> messages;
  std::vector<Chunk> chunks;
  std::map<std::size_t, std::uint32_t> numberOf;  ///< SSN or MID by message.
};

/// Each is recognisable: its index is in front.
inline std::vector<Outgoing> randomMessages(base::Random& random, std::size_t count, std::size_t largest,
                                            std::uint16_t streams) {
  std::vector<Outgoing> messages;
  for (std::size_t i = 0; i < count; ++i) {
    Outgoing message;
    message.stream = static_cast<std::uint16_t>(random.below(streams));
    message.unordered = random.below(3) == 0;
    message.bytes.resize(2 + random.below(random.below(3) == 0 ? largest : 50));
    random.fill(message.bytes);
    base::store16(message.bytes.data(), static_cast<std::uint16_t>(i));
    messages.push_back(std::move(message));
  }
  return messages;
}

}  // namespace parley::sctp::test
