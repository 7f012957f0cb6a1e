#include "rtp/rtcp/transport_feedback.hpp"

#include <algorithm>
#include <array>

namespace parley::rtp::rtcp {

namespace {

/// Header, sources, base, count, reference and number.
constexpr std::size_t fixedSize = headerSize + FeedbackSources::wireSize + 8;

/// s.3.1.1: what a chunk says of one packet; the number is also how many octets its delta has.
enum class Symbol : std::uint8_t { NotReceived = 0, SmallDelta = 1, LargeDelta = 2, WithoutDelta = 3 };

constexpr unsigned oneBitSymbols = 14;  // s.3.1.4, status vector chunk
constexpr unsigned twoBitSymbols = 7;
constexpr unsigned maximumRun = 0x1fff;  // s.3.1.3, run length chunk

std::int64_t ticksOf(Time at) {
  std::int64_t ns = at.time_since_epoch().count(), tick = TransportFeedback::tick.count();
  return ns / tick - (ns % tick < 0 ? 1 : 0);
}

std::int64_t referenceOf(std::int64_t ticks) {
  constexpr std::int64_t per = TransportFeedback::ticksPerReference;
  return ticks / per - (ticks % per < 0 ? 1 : 0);
}

/// Turns symbols into chunks, as few as a greedy choice takes: symbols wait until no one kind of chunk holds all of
/// them.
class ChunkEncoder {
 public:
  /// Calls `emit(chunk)` when a chunk is full.
  template <class Emit>
  void add(Symbol symbol, Emit emit) {
    while (!holds(symbol)) flush(emit);
    if (waiting_ < oneBitSymbols) symbols_[waiting_] = symbol;
    allSame_ = waiting_ == 0 || (allSame_ && symbol == symbols_[0]);
    hasLarge_ = (waiting_ != 0 && hasLarge_) || symbol == Symbol::LargeDelta;
    ++waiting_;
  }
  /// As `add` with `n` times NotReceived.
  template <class Emit>
  void addGap(std::uint64_t n, Emit emit) {
    for (; n > 0; --n) add(Symbol::NotReceived, emit);
  }
  template <class Emit>
  void finish(Emit emit) {
    while (waiting_ != 0) flush(emit, true);
  }

 private:
  bool holds(Symbol symbol) const {
    if (waiting_ < twoBitSymbols) return true;
    if (waiting_ < oneBitSymbols && !hasLarge_ && symbol != Symbol::LargeDelta) return true;
    return allSame_ && symbol == symbols_[0] && waiting_ < maximumRun;
  }

  // A vector in the middle has to be full: of what waits, which is not all the same, the first fourteen are a vector of
  // one-bit symbols, or the first seven one of two-bit symbols. The last vector may have less.
  template <class Emit>
  void flush(Emit emit, bool last = false) {
    if (allSame_) {
      emit(static_cast<std::uint16_t>(static_cast<unsigned>(symbols_[0]) << 13 | waiting_));
      waiting_ = 0;
      return;
    }
    bool oneBit = waiting_ == oneBitSymbols || (last && !hasLarge_);
    unsigned capacity = oneBit ? oneBitSymbols : twoBitSymbols, bits = oneBit ? 1 : 2;
    unsigned n = std::min(waiting_, capacity);
    unsigned chunk = oneBit ? 0x8000 : 0xc000;
    for (unsigned i = 0; i < n; ++i) chunk |= static_cast<unsigned>(symbols_[i]) << ((capacity - 1 - i) * bits);
    emit(static_cast<std::uint16_t>(chunk));
    keepFrom(n);
  }

  void keepFrom(unsigned n) {
    std::copy(symbols_.begin() + n, symbols_.begin() + waiting_, symbols_.begin());
    waiting_ -= n;
    allSame_ = std::all_of(symbols_.begin(), symbols_.begin() + waiting_, [&](Symbol s) { return s == symbols_[0]; });
    hasLarge_ = std::count(symbols_.begin(), symbols_.begin() + waiting_, Symbol::LargeDelta) != 0;
  }

  std::array<Symbol, oneBitSymbols> symbols_{};
  unsigned waiting_ = 0;
  bool allSame_ = true;
  bool hasLarge_ = false;
};

bool isSmall(std::int64_t delta) { return delta >= 0 && delta <= 0xff; }
bool isLarge(std::int64_t delta) { return delta >= -0x8000 && delta <= 0x7fff; }

/// Calls `visit(gap, delta)` for each arrival, until it returns false: how many packets before it did not come, and how
/// many ticks it came after the one before, or after the reference.
template <class Visit>
void walk(std::span<const TransportArrival> arrivals, std::uint16_t lostBefore, Visit visit) {
  if (arrivals.empty()) return;
  std::int64_t sequence = arrivals.front().sequence - lostBefore;
  std::int64_t ticks = referenceOf(ticksOf(arrivals.front().at)) * TransportFeedback::ticksPerReference;
  for (const TransportArrival& arrival : arrivals) {
    std::int64_t at = ticksOf(arrival.at);
    if (!visit(static_cast<std::uint64_t>(arrival.sequence - sequence), at - ticks)) return;
    sequence = arrival.sequence + 1;
    ticks = at;
  }
}

}  // namespace

base::Result<TransportFeedback, ParseError> TransportFeedback::parse(const PacketView& packet) {
  if (packet.body.size() < fixedSize - headerSize) return base::unexpected(ParseError::Malformed);
  const std::uint8_t* at = packet.body.data();
  TransportFeedback feedback;
  feedback.sources_ = FeedbackSources::read(at);
  feedback.baseSequence_ = base::load16(at + 8);
  feedback.statusCount_ = base::load16(at + 10);
  feedback.reference_ = static_cast<std::int32_t>(base::load32(at + 12)) >> 8;
  feedback.feedbackNumber_ = at[15];

  // Where the chunks end is known only once they were counted.
  auto rest = packet.body.subspan(fixedSize - headerSize);
  feedback.chunks_ = rest;
  std::size_t chunks = 0;
  for (std::uint32_t symbols = 0; symbols < feedback.statusCount_; ++chunks) {
    if (rest.size() < 2 * (chunks + 1)) return base::unexpected(ParseError::Malformed);
    std::uint16_t chunk = base::load16(rest.data() + 2 * chunks);
    std::uint32_t run = chunk & maximumRun;
    if (!(chunk & 0x8000) && run == 0) return base::unexpected(ParseError::Malformed);
    symbols += !(chunk & 0x8000) ? run : chunk & 0x4000 ? twoBitSymbols : oneBitSymbols;
  }
  feedback.chunks_ = rest.first(2 * chunks);
  feedback.deltas_ = rest.subspan(2 * chunks);

  Cursor cursor(feedback);
  Status status;
  while (cursor.next(status)) {
  }
  if (!cursor.ok) return base::unexpected(ParseError::Malformed);
  return feedback;
}

TransportFeedback::Cursor::Cursor(const TransportFeedback& feedback)
    : chunks_(feedback.chunks_),
      deltas_(feedback.deltas_),
      sequence_(feedback.baseSequence_),
      left_(feedback.statusCount_) {}

bool TransportFeedback::Cursor::loadChunk() {
  if (chunks_.size() < 2) return false;
  std::uint16_t chunk = base::load16(chunks_.data());
  chunks_ = chunks_.subspan(2);
  if (!(chunk & 0x8000)) {
    symbolBits_ = 0;
    run_ = chunk >> 13;
    inChunk_ = chunk & maximumRun;
  } else {
    symbolBits_ = chunk & 0x4000 ? 2 : 1;
    inChunk_ = chunk & 0x4000 ? twoBitSymbols : oneBitSymbols;
    word_ = std::uint32_t{chunk} << 18;
  }
  return true;
}

bool TransportFeedback::Cursor::next(Status& status) {
  if (left_ == 0) return false;
  if (inChunk_ == 0 && !loadChunk()) return ok = false;
  Symbol symbol;
  if (symbolBits_ == 0) {
    symbol = static_cast<Symbol>(run_);
  } else {
    symbol = static_cast<Symbol>(word_ >> (32 - symbolBits_));
    word_ <<= symbolBits_;
  }
  --inChunk_;
  --left_;
  status = {sequence_++, symbol != Symbol::NotReceived, std::nullopt};
  if (symbol != Symbol::SmallDelta && symbol != Symbol::LargeDelta) return true;
  std::size_t size = static_cast<std::size_t>(symbol);
  if (deltas_.size() < size) return ok = false;
  ticks_ += size == 1 ? deltas_[0] : static_cast<std::int16_t>(base::load16(deltas_.data()));
  deltas_ = deltas_.subspan(size);
  status.at = tick * ticks_;
  return true;
}

std::size_t TransportFeedbackReport::fit(std::span<const TransportArrival> arrivals, std::size_t limit,
                                         std::uint16_t lostBefore) {
  if (limit < fixedSize + 4) return 0;
  ChunkEncoder encoder;
  std::size_t taken = 0, chunks = 0, deltas = 0;
  std::uint64_t symbols = 0;
  auto count = [&](std::uint16_t) { ++chunks; };
  walk(arrivals, lostBefore, [&](std::uint64_t gap, std::int64_t delta) {
    if (!isLarge(delta) || gap > 0xffff || symbols + gap + 1 > 0xffff) return false;
    // Two more chunks are enough for what waits in the encoder; a gap takes a vector and runs more.
    std::size_t after = fixedSize + 2 * (chunks + 2 + gap / maximumRun + (gap ? 2 : 0)) + deltas + 2;
    if (((after + 3) & ~std::size_t{3}) > limit) {
      // The estimate has a margin, which the first arrival does not need.
      if (taken != 0) return false;
    }
    encoder.addGap(gap, count);
    encoder.add(isSmall(delta) ? Symbol::SmallDelta : Symbol::LargeDelta, count);
    deltas += isSmall(delta) ? 1 : 2;
    symbols += gap + 1;
    ++taken;
    return true;
  });
  return taken;
}

std::size_t TransportFeedbackReport::size() const {
  ChunkEncoder encoder;
  std::size_t size = fixedSize;
  auto count = [&](std::uint16_t) { size += 2; };
  walk(arrivals, lostBefore, [&](std::uint64_t gap, std::int64_t delta) {
    encoder.addGap(gap, count);
    encoder.add(isSmall(delta) ? Symbol::SmallDelta : Symbol::LargeDelta, count);
    size += isSmall(delta) ? 1 : 2;
    return true;
  });
  encoder.finish(count);
  return (size + 3) & ~std::size_t{3};
}

void TransportFeedbackReport::write(base::MutableBytes room) const {
  writeHeader(room, Type::TransportFeedback, transport_format::transportWide);
  FeedbackSources{sender, media}.write(room.data() + headerSize);
  std::uint8_t* at = room.data() + headerSize + FeedbackSources::wireSize;
  std::int64_t first = arrivals.front().sequence - lostBefore, last = arrivals.back().sequence;
  base::store16(at, static_cast<std::uint16_t>(first));
  base::store16(at + 2, static_cast<std::uint16_t>(last - first + 1));
  auto reference = static_cast<std::uint32_t>(referenceOf(ticksOf(arrivals.front().at)));
  base::store32(at + 4, reference << 8 | feedbackNumber);
  at += 8;

  ChunkEncoder encoder;
  auto store = [&](std::uint16_t chunk) {
    base::store16(at, chunk);
    at += 2;
  };
  walk(arrivals, lostBefore, [&](std::uint64_t gap, std::int64_t delta) {
    encoder.addGap(gap, store);
    encoder.add(isSmall(delta) ? Symbol::SmallDelta : Symbol::LargeDelta, store);
    return true;
  });
  encoder.finish(store);
  walk(arrivals, lostBefore, [&](std::uint64_t, std::int64_t delta) {
    if (isSmall(delta)) {
      *at++ = static_cast<std::uint8_t>(delta);
    } else {
      base::store16(at, static_cast<std::uint16_t>(delta));
      at += 2;
    }
    return true;
  });
  std::uint8_t* end = room.data() + room.size();
  if (at == end) return;
  // s.3.1: padded with zeros to a word, as RTCP pads: the P bit, and the number of octets in the last one.
  room[0] |= 0x20;
  auto padding = static_cast<std::uint8_t>(end - at);
  std::fill(at, end, std::uint8_t{0});
  end[-1] = padding;
}

}  // namespace parley::rtp::rtcp
