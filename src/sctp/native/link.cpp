#include "sctp/native/link.hpp"

namespace parley::sctp::native {

Link::Link(const Config& config, const LocalInit& local, const PeerInit& peerInit, std::optional<Duration> roundTrip,
           std::uint64_t seed, Time now)
    : peer(peerInit),
      both(Capabilities::negotiate(config, peerInit)),
      sender(config, seed),
      receiver(config),
      heartbeat(config.heartbeatInterval),
      pathMtu(config.mtu, config.maxMtu) {
  Sender::Start sending;
  sending.initialTsn = local.initialTsn;
  sending.peerWindow = peer.window;
  sending.streams = both.outboundStreams;
  sending.interleaving = both.interleaving;
  sending.partialReliability = both.partialReliability;
  sending.reconfiguration = both.reConfig;
  sending.rtt = roundTrip;
  sending.maxPacket = config.mtu;
  sender.start(sending, now);

  Receiver::Start receiving;
  receiving.initialTsn = peer.initialTsn;
  receiving.streams = both.inboundStreams;
  receiving.interleaving = both.interleaving;
  receiver.start(receiving);
}

}  // namespace parley::sctp::native
