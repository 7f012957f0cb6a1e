#include "sctp/wire/heartbeat_chunk.hpp"

#include "sctp/wire/init_parameters.hpp"
#include "sctp/wire/tlv.hpp"

namespace parley::sctp::wire {
namespace {

std::optional<base::Bytes> heartbeatInfo(base::Bytes block) {
  TlvReader reader(block);
  while (auto parameter = reader.next())
    if (parameter->type == static_cast<std::uint16_t>(ParameterType::HeartbeatInfo)) return parameter->value;
  return std::nullopt;
}

}  // namespace

void Heartbeat::writeValue(Writer& writer) const {
  writer.u16(static_cast<std::uint16_t>(ParameterType::HeartbeatInfo))
      .u16(static_cast<std::uint16_t>(tlvHeaderSize + info.size()))
      .bytes(info);
}

base::Result<Heartbeat, ChunkError> Heartbeat::parse(const ChunkView& chunk) {
  auto info = heartbeatInfo(chunk.value);
  if (!info) return base::unexpected(ChunkError::BadLength);
  return Heartbeat{*info};
}

base::Bytes HeartbeatAck::info() const { return heartbeatInfo(parameters).value_or(base::Bytes{}); }

}  // namespace parley::sctp::wire
