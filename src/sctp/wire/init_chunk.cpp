#include "sctp/wire/init_chunk.hpp"

namespace parley::sctp::wire {

base::Result<InitFields, ChunkError> InitFields::parseFields(const ChunkView& chunk) {
  base::Reader reader(chunk.value);
  InitFields init;
  init.initiateTag = reader.u32();
  init.window = reader.u32();
  init.outboundStreams = reader.u16();
  init.inboundStreams = reader.u16();
  init.initialTsn = {reader.u32()};
  if (!reader.ok()) return base::unexpected(ChunkError::BadLength);
  init.parameters = reader.rest();
  if (init.initiateTag == 0) return base::unexpected(ChunkError::BadValue);
  return init;
}

base::Result<Init, ChunkError> Init::parse(const ChunkView& chunk) {
  return parseFields(chunk).map([](const InitFields& fields) { return Init{fields}; });
}

base::Result<InitAck, ChunkError> InitAck::parse(const ChunkView& chunk) {
  return parseFields(chunk).map([](const InitFields& fields) { return InitAck{fields}; });
}

}  // namespace parley::sctp::wire
