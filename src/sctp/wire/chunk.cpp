#include "sctp/wire/chunk.hpp"

#include "sctp/wire/packet_view.hpp"

namespace parley::sctp::wire {

std::string_view toString(ChunkType type) {
  switch (type) {
    case ChunkType::Data: return "DATA";
    case ChunkType::Init: return "INIT";
    case ChunkType::InitAck: return "INIT ACK";
    case ChunkType::Sack: return "SACK";
    case ChunkType::Heartbeat: return "HEARTBEAT";
    case ChunkType::HeartbeatAck: return "HEARTBEAT ACK";
    case ChunkType::Abort: return "ABORT";
    case ChunkType::Shutdown: return "SHUTDOWN";
    case ChunkType::ShutdownAck: return "SHUTDOWN ACK";
    case ChunkType::Error: return "ERROR";
    case ChunkType::CookieEcho: return "COOKIE ECHO";
    case ChunkType::CookieAck: return "COOKIE ACK";
    case ChunkType::ShutdownComplete: return "SHUTDOWN COMPLETE";
    case ChunkType::IData: return "I-DATA";
    case ChunkType::ReConfig: return "RE-CONFIG";
    case ChunkType::Pad: return "PAD";
    case ChunkType::ForwardTsn: return "FORWARD-TSN";
    case ChunkType::IForwardTsn: return "I-FORWARD-TSN";
  }
  return "unknown chunk";
}

std::optional<ChunkView> chunkFrom(base::Bytes bytes) {
  if (bytes.size() < chunkHeaderSize) return std::nullopt;
  const std::size_t length = base::load16(bytes.data() + 2);
  if (length < chunkHeaderSize || length > bytes.size()) return std::nullopt;
  const auto whole = bytes.first(length);
  return ChunkView{static_cast<ChunkType>(bytes[0]), bytes[1], whole.subspan(chunkHeaderSize), whole};
}

}  // namespace parley::sctp::wire
