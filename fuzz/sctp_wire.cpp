// Whatever can be read of a packet is read, and what is written from it reads the same.
#include "sctp/wire/abort_chunk.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/error_causes.hpp"
#include "sctp/wire/error_chunk.hpp"
#include "sctp/wire/forward_tsn_chunk.hpp"
#include "sctp/wire/heartbeat_chunk.hpp"
#include "sctp/wire/idata_chunk.hpp"
#include "sctp/wire/iforward_tsn_chunk.hpp"
#include "sctp/wire/init_chunk.hpp"
#include "sctp/wire/init_parameters.hpp"
#include "sctp/wire/packet_view.hpp"
#include "sctp/wire/reconfig_chunk.hpp"
#include "sctp/wire/sack_chunk.hpp"
#include "sctp/wire/shutdown_chunk.hpp"

#include "support/check.hpp"

#include <vector>

using namespace parley;
using namespace parley::sctp::wire;

namespace {

/// parse, write, parse, write: the two written forms agree.
template <class Chunk>
void roundTrip(const ChunkView& chunk) {
  const auto once = Chunk::parse(chunk);
  if (!once) return;
  const auto written = toBytes(*once);
  const auto view = chunkFrom(written);
  FUZZ_CHECK(view && view->type == chunk.type);
  const auto again = Chunk::parse(*view);
  FUZZ_CHECK(again);
  FUZZ_CHECK(toBytes(*again) == written);
}

void readParameters(base::Bytes block) {
  const auto parameters = InitParameters::parse(block);
  if (!parameters) return;
  TlvBlock written;
  parameters->appendTo(written);
  const auto again = InitParameters::parse(written.bytes());
  FUZZ_CHECK(again);
  FUZZ_CHECK(again->forwardTsn == parameters->forwardTsn && again->reConfig == parameters->reConfig);
  FUZZ_CHECK(again->interleaving == parameters->interleaving && again->iForwardTsn == parameters->iForwardTsn);
  FUZZ_CHECK(again->errorDetection == parameters->errorDetection);
  FUZZ_CHECK(again->cookie.size() == parameters->cookie.size());
}

void readChunk(const ChunkView& chunk) {
  switch (chunk.type) {
    case ChunkType::Data:
      return roundTrip<Data>(chunk);
    case ChunkType::IData:
      return roundTrip<IData>(chunk);
    case ChunkType::Init:
      roundTrip<Init>(chunk);
      if (const auto init = Init::parse(chunk)) readParameters(init->parameters);
      return;
    case ChunkType::InitAck:
      roundTrip<InitAck>(chunk);
      if (const auto init = InitAck::parse(chunk)) readParameters(init->parameters);
      return;
    case ChunkType::Heartbeat:
      return roundTrip<Heartbeat>(chunk);
    case ChunkType::HeartbeatAck:
      roundTrip<HeartbeatAck>(chunk);
      FUZZ_CHECK(HeartbeatAck::parse(chunk)->info().size() <= chunk.value.size());
      return;
    case ChunkType::Abort:
      roundTrip<Abort>(chunk);
      FUZZ_CHECK(describeCauses(chunk.value).size() < 1'000);
      return;
    case ChunkType::Error:
      roundTrip<Error>(chunk);
      FUZZ_CHECK(describeCauses(chunk.value).size() < 1'000);
      return;
    case ChunkType::Shutdown:
      return roundTrip<Shutdown>(chunk);
    case ChunkType::ReConfig: {
      roundTrip<ReConfig>(chunk);
      TlvReader reader(chunk.value);
      while (const auto parameter = reader.next()) {
        const auto read = parseReconfigParameter(*parameter);
        if (!read) continue;
        if (const auto* reset = std::get_if<OutgoingSsnReset>(&*read))
          for (std::size_t i = 0; i < reset->streams.size(); ++i) (void)reset->streams[i];
        if (const auto* reset = std::get_if<IncomingSsnReset>(&*read))
          for (std::size_t i = 0; i < reset->streams.size(); ++i) (void)reset->streams[i];
      }
      return;
    }
    case ChunkType::Sack:
      if (const auto sack = SackView::parse(chunk)) {
        std::vector<GapBlock> gaps;
        std::vector<Tsn> duplicates;
        for (std::size_t i = 0; i < sack->gapCount(); ++i) gaps.push_back(sack->gap(i));
        for (std::size_t i = 0; i < sack->duplicateCount(); ++i) duplicates.push_back(sack->duplicate(i));
        const auto written = toBytes(Sack{sack->cumulative(), sack->window(), gaps, duplicates});
        FUZZ_CHECK(std::equal(written.begin() + 4, written.end(), chunk.value.begin(), chunk.value.end()));
      }
      return;
    case ChunkType::ForwardTsn:
      if (const auto forward = ForwardTsnView::parse(chunk)) {
        std::vector<ForwardTsn::Skipped> streams;
        for (std::size_t i = 0; i < forward->streamCount(); ++i) streams.push_back(forward->stream(i));
        const auto written = toBytes(ForwardTsn{forward->cumulative(), streams});
        FUZZ_CHECK(std::equal(written.begin() + 4, written.end(), chunk.value.begin(), chunk.value.end()));
      }
      return;
    case ChunkType::IForwardTsn:
      if (const auto forward = IForwardTsnView::parse(chunk)) {
        std::vector<IForwardTsn::Skipped> streams;
        for (std::size_t i = 0; i < forward->streamCount(); ++i) streams.push_back(forward->stream(i));
        FUZZ_CHECK(toBytes(IForwardTsn{forward->cumulative(), streams}).size() == chunk.whole.size());
      }
      return;
    default:
      return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes(data, data + size);
  (void)PacketView::parse(bytes, ZeroChecksum::Refused);
  if (size >= commonHeaderSize) std::fill(bytes.begin() + 8, bytes.begin() + 12, std::uint8_t{0});
  const auto packet = PacketView::parse(bytes, ZeroChecksum::Accepted);
  if (!packet) return 0;
  std::size_t sum = commonHeaderSize;
  auto chunks = packet->chunks();
  while (const auto chunk = chunks.next()) {
    sum += padded(chunk->whole.size());
    readChunk(*chunk);
  }
  FUZZ_CHECK(sum >= size && sum < size + 4);
  return 0;
}
