// A stream and where it is cut. The first byte says how it is framed, the second how long the list of cuts is that
// follows; the rest is the stream.

#include "stun/deframer.hpp"
#include "support/check.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace {

using namespace parley;
using namespace parley::stun;
using Bytes = std::vector<std::uint8_t>;

struct Outcome {
  std::vector<Bytes> messages;
  std::optional<StreamDeframer::Error> error;
  std::size_t pending = 0;
  bool operator==(const Outcome&) const = default;
};

/// Each piece in memory of exactly its size, which goes away when it was read; pieces of 0 bytes are the whole rest.
Outcome deframe(Framing framing, base::Bytes stream, base::Bytes pieces) {
  StreamDeframer deframer(framing);
  Outcome outcome;
  for (std::size_t i = 0; !stream.empty(); ++i) {
    const std::size_t size =
        i < pieces.size() && pieces[i] ? std::min<std::size_t>(pieces[i], stream.size()) : stream.size();
    Bytes piece(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(size));
    deframer.push(piece);
    while (auto message = deframer.next()) {
      FUZZ_CHECK(!message->empty());
      outcome.messages.emplace_back(message->begin(), message->end());
      std::fill(message->begin(), message->end(), std::uint8_t{0});  // as decryption in place may
    }
    FUZZ_CHECK(deframer.pending() <= 20 + 0xffff);
    stream = stream.subspan(size);
  }
  outcome.error = deframer.error();
  outcome.pending = deframer.pending();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  base::Bytes input(data, size);
  const auto framing = input[0] & 1 ? Framing::Rfc4571 : Framing::Turn;
  const auto cuts = input.subspan(2, std::min<std::size_t>(input[1], size - 2));
  const auto stream = input.subspan(2 + cuts.size());

  const auto whole = deframe(framing, stream, {});
  FUZZ_CHECK(whole == deframe(framing, stream, cuts));
  if (stream.size() <= 512) FUZZ_CHECK(whole == deframe(framing, stream, Bytes(stream.size(), 1)));
  if (framing == Framing::Rfc4571) FUZZ_CHECK(!whole.error);

  if (framing == Framing::Rfc4571 && !whole.error) {
    // What was read can be written: it is the stream again, but for empty frames.
    Bytes again;
    for (const auto& message : whole.messages) {
      again.push_back(static_cast<std::uint8_t>(message.size() >> 8));
      again.push_back(static_cast<std::uint8_t>(message.size()));
      again.insert(again.end(), message.begin(), message.end());
    }
    FUZZ_CHECK(deframe(framing, again, {}).messages == whole.messages);
  }
  return 0;
}
