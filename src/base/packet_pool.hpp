#pragma once

#include "base/bytes.hpp"

#include <parley/packet.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace parley::base {

/// Room in front of a packet's payload: a TURN Send indication to an IPv6 peer takes 20 (header) + 24
/// (XOR-PEER-ADDRESS) + 4 (DATA) = 48 bytes (RFC 8656 s.11.1), RFC 4571 framing 2, rounded up to a cache line.
inline constexpr std::size_t packetHeadroom = 64;
/// The largest payload that a packet of the pool can hold behind the headroom. An Ethernet frame's 1500 bytes fit with
/// an SRTP tag and index (RFC 3711: at most 16 + 4 bytes) to spare.
inline constexpr std::size_t packetCapacity = 1600;

struct PacketBlock {
  class PacketPoolState* pool;
  PacketBlock* next;
  std::uint8_t* bytes() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  static constexpr std::size_t size = packetHeadroom + packetCapacity;
};

/// Buffers for outbound packets. `make` is for the pool's one thread; packets come back from any thread. The buffers
/// live until the pool and all its packets are gone.
class PacketPool {
 public:
  /// Keeps at most `keep` free buffers; what comes back beyond that is freed.
  explicit PacketPool(std::size_t keep = 1024);
  ~PacketPool();
  PacketPool(const PacketPool&) = delete;
  PacketPool& operator=(const PacketPool&) = delete;

  /// An empty packet with `packetHeadroom` in front.
  Packet make();
  /// A packet that holds a copy of `bytes`. Precondition: bytes.size() <= packetCapacity.
  Packet make(Bytes bytes);

  /// Buffers handed out and not yet returned.
  std::size_t outstanding() const;

 private:
  class PacketPoolState* state_;
};

}  // namespace parley::base
