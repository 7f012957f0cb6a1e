#pragma once

#include "base/result.hpp"
#include "sctp/wire/chunk.hpp"

namespace parley::sctp::wire {

/// HEARTBEAT and HEARTBEAT ACK (RFC 9260 s.3.3.5, s.3.3.6). `parameters` is what the ACK gives back byte by byte;
/// borrowed. `info` is the value of its Heartbeat Info parameter.
struct Heartbeat {
  static constexpr ChunkType type = ChunkType::Heartbeat;

  base::Bytes info;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return 4 + info.size(); }
  void writeValue(Writer& writer) const;
  /// Any HEARTBEAT has to be answered, whatever it holds: see `HeartbeatAck::answering`.
  static base::Result<Heartbeat, ChunkError> parse(const ChunkView& chunk);
};

struct HeartbeatAck {
  static constexpr ChunkType type = ChunkType::HeartbeatAck;

  base::Bytes parameters;  ///< All that the HEARTBEAT held.

  static HeartbeatAck answering(const ChunkView& heartbeat) { return {heartbeat.value}; }
  /// The value of the Heartbeat Info parameter; empty if there is none.
  base::Bytes info() const;

  std::uint8_t flags() const { return 0; }
  std::size_t valueSize() const { return parameters.size(); }
  void writeValue(Writer& writer) const { writer.bytes(parameters); }
  static base::Result<HeartbeatAck, ChunkError> parse(const ChunkView& chunk) { return HeartbeatAck{chunk.value}; }
};

}  // namespace parley::sctp::wire
