#include "sctp/wire/reconfig_chunk.hpp"

#include <array>
#include <vector>

namespace parley::sctp::wire {
namespace {

void writeStreams(Writer& writer, std::span<const std::uint16_t> streams) {
  for (auto stream : streams) writer.u16(stream);
}

}  // namespace

std::optional<ReconfigParameter> parseReconfigParameter(const TlvView& parameter) {
  base::Reader reader(parameter.value);
  const RequestNumber request{reader.u32()};
  std::optional<ReconfigParameter> result;
  switch (static_cast<ParameterType>(parameter.type)) {
    case ParameterType::OutgoingSsnReset: {
      OutgoingSsnReset reset;
      reset.request = request;
      reset.responseTo = {reader.u32()};
      reset.lastTsn = {reader.u32()};
      if (reader.remaining() % 2 != 0) return std::nullopt;
      reset.streams = StreamList(reader.rest());
      result = reset;
      break;
    }
    case ParameterType::IncomingSsnReset:
      if (reader.remaining() % 2 != 0) return std::nullopt;
      result = IncomingSsnReset{request, StreamList(reader.rest())};
      break;
    case ParameterType::SsnTsnReset: result = SsnTsnReset{request}; break;
    case ParameterType::ReconfigResponse:
      // The two TSNs that may follow answer a reset of the TSN, which we never ask for.
      result = ReconfigResponse{request, static_cast<ReconfigResult>(reader.u32())};
      break;
    case ParameterType::AddOutgoingStreams:
    case ParameterType::AddIncomingStreams:
      result = AddStreams{request, static_cast<ParameterType>(parameter.type) == ParameterType::AddOutgoingStreams,
                          reader.u16()};
      break;
    default: return std::nullopt;
  }
  if (!reader.ok()) return std::nullopt;
  return result;
}

void addOutgoingSsnReset(TlvBlock& block, RequestNumber request, RequestNumber responseTo, Tsn lastTsn,
                         std::span<const std::uint16_t> streams) {
  std::vector<std::uint8_t> value(12 + 2 * streams.size());
  Writer writer(value);
  writer.u32(request.value).u32(responseTo.value).u32(lastTsn.value);
  writeStreams(writer, streams);
  block.add(number(ParameterType::OutgoingSsnReset), value);
}

void addIncomingSsnReset(TlvBlock& block, RequestNumber request, std::span<const std::uint16_t> streams) {
  std::vector<std::uint8_t> value(4 + 2 * streams.size());
  Writer writer(value);
  writer.u32(request.value);
  writeStreams(writer, streams);
  block.add(number(ParameterType::IncomingSsnReset), value);
}

void addReconfigResponse(TlvBlock& block, RequestNumber request, ReconfigResult result) {
  std::array<std::uint8_t, 8> value{};
  Writer(value).u32(request.value).u32(static_cast<std::uint32_t>(result));
  block.add(number(ParameterType::ReconfigResponse), value);
}

void addAddStreams(TlvBlock& block, const AddStreams& request) {
  std::array<std::uint8_t, 8> value{};
  Writer(value).u32(request.request.value).u16(request.count).u16(0);
  block.add(number(request.outgoing ? ParameterType::AddOutgoingStreams : ParameterType::AddIncomingStreams), value);
}

base::Result<ReConfig, ChunkError> ReConfig::parse(const ChunkView& chunk) {
  TlvReader reader(chunk.value);
  while (reader.next()) {
  }
  if (chunk.value.empty() || !reader.ok()) return base::unexpected(ChunkError::BadLength);
  return ReConfig{chunk.value};
}

}  // namespace parley::sctp::wire
