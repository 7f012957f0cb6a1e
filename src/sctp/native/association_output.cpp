// Packets: what goes into one, and when.
#include "sctp/native/association_output.hpp"

#include "sctp/wire/heartbeat_chunk.hpp"
#include "sctp/wire/pad_chunk.hpp"

#include <algorithm>
#include <utility>

namespace parley::sctp::native {

wire::PacketBuilder Association::packetTo(std::uint32_t tag, std::size_t size) {
  return wire::PacketBuilder(pool_, {config_.localPort, config_.remotePort, tag}, size);
}

wire::PacketBuilder::Checksum Association::checksum() const {
  using Checksum = wire::PacketBuilder::Checksum;
  return link_ && link_->both.sendsZeroChecksum ? Checksum::Zero : Checksum::Crc32c;
}

// In the order of RFC 9260 s.6.10: control chunks, the SACK among them, then what is to be retransmitted, then what is
// new. Full packets are all of one size, so that the layers below can send them in runs.
std::optional<Packet> Association::nextPacket() {
  auto& [peer, both, sender, receiver, heartbeat, pathMtu] = *link_;
  const bool data = sender.wantsPacket(now_);
  if (!data && !receiver.wantsPacket()) return std::nullopt;
  auto builder = packetTo(peer.tag, std::max(pathMtu.current(), sender.oversizeNeeded()));
  receiver.fill(builder, now_);
  if (data) {
    sender.fill(builder, receiver.lastRequest(), now_);
    heartbeat.onTraffic(sender.rto().rto(), now_);
  }
  if (builder.empty()) return std::nullopt;
  ++packetsSent_;
  return builder.finish(checksum());
}

void Association::tendPath() {
  auto& [peer, both, sender, receiver, heartbeat, pathMtu] = *link_;
  const auto rto = sender.rto().rto();
  if (heartbeat.deadline() <= now_) {
    if (sender.outstanding()) {
      heartbeat.onTraffic(rto, now_);
    } else {
      auto info = heartbeat.send(rto, random_, now_);
      transmit(peer.tag, checksum(), wire::Heartbeat{info});
    }
  }
  // RFC 8899 s.4.3: two time-outs in a row with nothing acknowledged between them.
  if (sender.timeoutsInRow() >= 2 && pathMtu.onBlackHole(now_)) sender.setMaxPacket(pathMtu.current());
  if (pathMtu.deadline() > now_) return;
  auto probe = pathMtu.onTimer(rto, random_, now_);
  if (!probe) return;
  auto builder = packetTo(peer.tag, probe->size);
  builder.add(wire::Heartbeat{probe->info});
  builder.add(wire::Pad{builder.roomForChunk() - wire::chunkHeaderSize});
  if (outbox_.packet(Transmit{builder.finish(checksum())})) ++packetsSent_;
}

}  // namespace parley::sctp::native
