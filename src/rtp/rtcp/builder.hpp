#pragma once

#include "base/packet_pool.hpp"
#include "rtp/rtcp/compound.hpp"

#include <parley/packet.hpp>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace parley::rtp::rtcp {

/// Puts RTCP packets one behind the other into a packet of the pool, up to a limit: nothing is allocated.
///
///     CompoundBuilder builder(pool, limit);
///     builder.add(ReceiverReport{ssrc, blocks});
///     builder.add(Pli{ssrc, media});
///     Packet packet = builder.take();
class CompoundBuilder {
 public:
  /// `limit`: the most octets that the datagram may have, without what SRTCP adds.
  CompoundBuilder(base::PacketPool& pool, std::size_t limit)
      : packet_(pool.make()), limit_(std::min(limit, packet_.tailroom())) {}

  /// False, and nothing is added, if it does not fit.
  template <Writable P>
  bool add(const P& packet) {
    std::size_t size = packet.size();
    if (size > room()) return false;
    packet.write(packet_.append(size));
    return true;
  }

  bool empty() const { return packet_.empty(); }
  std::size_t size() const { return packet_.size(); }
  std::size_t room() const { return limit_ - packet_.size(); }
  /// The builder is used up.
  Packet take() { return std::move(packet_); }

 private:
  Packet packet_;
  std::size_t limit_;
};

}  // namespace parley::rtp::rtcp
