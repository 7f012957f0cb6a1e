#pragma once

#include "sctp/native/association.hpp"

#include <cassert>

namespace parley::sctp::native {

/// A packet of these chunks, at once. They fit, or it is not sent.
template <class... Chunks>
void Association::transmit(std::uint32_t tag, wire::PacketBuilder::Checksum checksum, const Chunks&... chunks) {
  auto builder = packetTo(tag, config_.mtu);
  if (!(builder.add(chunks) && ...)) return;
  if (outbox_.packet(Transmit{builder.finish(checksum)})) ++packetsSent_;
}

}  // namespace parley::sctp::native
