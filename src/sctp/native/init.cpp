#include "sctp/native/init.hpp"

#include <algorithm>
#include <limits>

namespace parley::sctp::native {

LocalInit LocalInit::random(base::Random& random) {
  return {static_cast<std::uint32_t>(1 + random.below(0xFFFF'FFFF)), wire::Tsn{random.u32()}};
}

PeerInit PeerInit::from(const wire::InitFields& fields, const wire::InitParameters& parameters) {
  PeerInit peer;
  peer.tag = fields.initiateTag;
  peer.window = fields.window;
  peer.outboundStreams = fields.outboundStreams;
  peer.inboundStreams = fields.inboundStreams;
  peer.initialTsn = fields.initialTsn;
  peer.forwardTsn = parameters.forwardTsn;
  peer.iForwardTsn = parameters.iForwardTsn;
  peer.reConfig = parameters.reConfig;
  peer.interleaving = parameters.interleaving;
  // RFC 9653 s.5.2: only under a method that this path has, which is DTLS.
  peer.takesZeroChecksum = parameters.errorDetection == wire::dtlsErrorDetection;
  return peer;
}

Capabilities Capabilities::negotiate(const Config& config, const PeerInit& peer) {
  Capabilities both;
  // RFC 9260 s.5.1.1
  both.outboundStreams = std::min(config.streams, peer.inboundStreams);
  both.inboundStreams = std::min(config.streams, peer.outboundStreams);
  both.reConfig = peer.reConfig;
  // RFC 8260 s.2.2.1: where both announce it, both must use it.
  both.interleaving = config.interleaving && peer.interleaving;
  // RFC 8260 s.2.3.1
  both.partialReliability = both.interleaving ? peer.iForwardTsn : peer.forwardTsn;
  both.sendsZeroChecksum = config.zeroChecksum && peer.takesZeroChecksum;
  return both;
}

wire::InitParameters announced(const Config& config) {
  wire::InitParameters parameters;
  parameters.forwardTsn = true;
  parameters.reConfig = true;
  parameters.interleaving = parameters.iForwardTsn = config.interleaving;
  if (config.zeroChecksum) parameters.errorDetection = wire::dtlsErrorDetection;
  return parameters;
}

std::uint32_t announcedWindow(const Config& config) {
  return static_cast<std::uint32_t>(
      std::min<std::size_t>(config.receiveBuffer, std::numeric_limits<std::uint32_t>::max()));
}

std::vector<std::uint8_t> makeInit(const Config& config, base::Random& random) {
  auto local = LocalInit::random(random);
  wire::TlvBlock parameters;
  announced(config).appendTo(parameters);
  wire::Init init;
  init.initiateTag = local.tag;
  init.window = announcedWindow(config);
  init.outboundStreams = init.inboundStreams = config.streams;
  init.initialTsn = local.initialTsn;
  init.parameters = parameters.bytes();
  return wire::toBytes(init);
}

std::optional<SignalledInit> parseInit(base::Bytes bytes) {
  auto chunk = wire::chunkFrom(bytes);
  if (!chunk || chunk->type != wire::ChunkType::Init) return std::nullopt;
  auto init = wire::Init::parse(*chunk);
  if (!init || init->outboundStreams == 0 || init->inboundStreams == 0) return std::nullopt;
  auto parameters = wire::InitParameters::parse(init->parameters);
  if (!parameters || parameters->hostName) return std::nullopt;
  return SignalledInit{{init->initiateTag, init->initialTsn}, PeerInit::from(*init, *parameters)};
}

}  // namespace parley::sctp::native
