#include "sctp/wire/idata_chunk.hpp"

namespace parley::sctp::wire {

base::Result<IData, ChunkError> IData::parse(const ChunkView& chunk) {
  base::Reader reader(chunk.value);
  IData data;
  data.dataFlags = DataFlags::from(chunk.flags);
  data.tsn = {reader.u32()};
  data.stream = reader.u16();
  reader.u16();
  data.mid = {reader.u32()};
  // RFC 8260 s.2.1: one field is the PPID in the first fragment, and the FSN in the others.
  (data.dataFlags.beginning ? data.ppid : data.fsn) = reader.u32();
  if (!reader.ok()) return base::unexpected(ChunkError::BadLength);
  data.payload = reader.rest();
  if (data.payload.empty()) return base::unexpected(ChunkError::NoUserData);
  return data;
}

}  // namespace parley::sctp::wire
