#include "sctp/wire/data_chunk.hpp"

namespace parley::sctp::wire {

base::Result<Data, ChunkError> Data::parse(const ChunkView& chunk) {
  base::Reader reader(chunk.value);
  Data data;
  data.dataFlags = DataFlags::from(chunk.flags);
  data.tsn = {reader.u32()};
  data.stream = reader.u16();
  data.ssn = {reader.u16()};
  data.ppid = reader.u32();
  if (!reader.ok()) return base::unexpected(ChunkError::BadLength);
  data.payload = reader.rest();
  if (data.payload.empty()) return base::unexpected(ChunkError::NoUserData);
  return data;
}

}  // namespace parley::sctp::wire
