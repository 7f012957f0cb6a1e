// Packets and chunks that come.
#include "base/log.hpp"
#include "sctp/native/association_output.hpp"
#include "sctp/wire/abort_chunk.hpp"
#include "sctp/wire/data_chunk.hpp"
#include "sctp/wire/error_chunk.hpp"
#include "sctp/wire/forward_tsn_chunk.hpp"
#include "sctp/wire/heartbeat_chunk.hpp"
#include "sctp/wire/idata_chunk.hpp"
#include "sctp/wire/iforward_tsn_chunk.hpp"
#include "sctp/wire/reconfig_chunk.hpp"
#include "sctp/wire/sack_chunk.hpp"
#include "sctp/wire/shutdown_chunk.hpp"

#include <type_traits>

namespace parley::sctp::native {

namespace {

using Checksum = wire::PacketBuilder::Checksum;
using wire::ChunkType;

/// No DTLS record holds more.
constexpr std::size_t largestPacket = 16'384;
/// What an ERROR chunk quotes of one packet.
constexpr std::size_t mostCauses = 1'024;

// RFC 9653 s.5.3: INIT and COOKIE ECHO have a checksum in any case.
wire::ZeroChecksum zeroChecksumOf(const Config& config, base::Bytes packet) {
  if (!config.zeroChecksum || packet.size() <= wire::commonHeaderSize) return wire::ZeroChecksum::Refused;
  const auto first = static_cast<ChunkType>(packet[wire::commonHeaderSize]);
  return first == ChunkType::Init || first == ChunkType::CookieEcho ? wire::ZeroChecksum::Refused
                                                                    : wire::ZeroChecksum::Accepted;
}

}  // namespace

void Association::handle(base::Bytes bytes, Time now) {
  begin(now);
  if (is<Idle>()) return;
  ++packetsReceived_;
  if (bytes.size() > largestPacket) return drops_.add(Drop::BadPacket);
  auto packet = wire::PacketView::parse(bytes, zeroChecksumOf(config_, bytes));
  if (!packet)
    return drops_.add(packet.error() == wire::PacketError::BadChecksum ? Drop::BadChecksum : Drop::BadPacket);
  if (packet->sourcePort() != config_.remotePort || packet->destinationPort() != config_.localPort)
    return drops_.add(Drop::WrongPort);
  if (is<Ended>()) return outOfTheBlue(*packet);
  if (!belongs(*packet)) return drops_.add(Drop::WrongTag);

  Answers answers;
  bool first = true;
  auto chunks = packet->chunks();
  while (auto chunk = chunks.next()) {
    // RFC 9260 s.6.10: INIT and INIT ACK are alone, COOKIE ECHO is in front.
    const bool alone = chunk->type == ChunkType::Init || chunk->type == ChunkType::InitAck;
    if ((alone && !(first && chunk->whole.size() + 3 + wire::commonHeaderSize >= bytes.size())) ||
        (chunk->type == ChunkType::CookieEcho && !first))
      return drops_.add(Drop::OutOfPlace);
    first = false;
    onChunk(*chunk, *packet, answers);
    if (is<Ended>()) return;
    if (answers.stop) break;
  }
  answer(answers);
}

// RFC 9260 s.8.5. The chunks of s.8.5.1 look for themselves: they are alone or in front.
bool Association::belongs(const wire::PacketView& packet) const {
  if (packet.verificationTag() == local_.tag) return true;
  auto first = packet.chunks().next();
  switch (first->type) {
    case ChunkType::Init:
    case ChunkType::CookieEcho:
    case ChunkType::Abort:
    case ChunkType::ShutdownComplete: return true;
    case ChunkType::ShutdownAck: return is<CookieWait>() || is<CookieEchoed>();
    default: return false;
  }
}

// RFC 9260 s.8.4, by its numbers. No answer of it has an answer.
void Association::outOfTheBlue(const wire::PacketView& packet) {
  drops_.add(Drop::UnexpectedChunk);
  const auto tag = packet.verificationTag();
  auto chunks = packet.chunks();
  std::optional<wire::ChunkView> first;
  bool shutdownAck = false;
  while (auto chunk = chunks.next()) {
    if (!first) first = chunk;
    if (chunk->type == ChunkType::Abort) return;  // 2
    shutdownAck |= chunk->type == ChunkType::ShutdownAck;
    if (chunk->type == ChunkType::ShutdownComplete || chunk->type == ChunkType::CookieAck ||
        chunk->type == ChunkType::Error)
      return;  // 6, 7
  }
  if (first->type == ChunkType::Init) {  // 3
    if (auto init = wire::Init::parse(*first); init && tag == 0)
      transmit(init->initiateTag, Checksum::Crc32c, wire::Abort{});
  } else if (shutdownAck) {  // 5
    transmit(tag, Checksum::Crc32c, wire::ShutdownComplete{true});
  } else {  // 8
    transmit(tag, Checksum::Crc32c, wire::Abort{true, {}});
  }
}

void Association::onChunk(const wire::ChunkView& chunk, const wire::PacketView& packet, Answers& answers) {
  switch (chunk.type) {
    case ChunkType::Data: return onData<wire::Data>(chunk, answers);
    case ChunkType::IData: return onData<wire::IData>(chunk, answers);
    case ChunkType::Sack: return onSack(chunk);
    case ChunkType::ForwardTsn:
    case ChunkType::IForwardTsn: answers.data = true; return onForwardTsn(chunk);
    case ChunkType::ReConfig: answers.data = true; return onReConfig(chunk);
    case ChunkType::Heartbeat: return onHeartbeat(chunk, answers);
    case ChunkType::HeartbeatAck: return onHeartbeatAck(chunk);
    case ChunkType::Init: return onInit(chunk, packet);
    case ChunkType::InitAck: return onInitAck(chunk);
    case ChunkType::CookieEcho:
      onCookieEcho(chunk, packet);
      // What comes with a cookie that was not taken is not of this association.
      answers.stop = packet.verificationTag() != local_.tag;
      return;
    case ChunkType::CookieAck: return onCookieAck();
    case ChunkType::Abort: return onAbort(chunk, packet);
    case ChunkType::Shutdown: return onShutdown(chunk, answers);
    case ChunkType::ShutdownAck:
      if (is<CookieWait>() || is<CookieEchoed>())  // RFC 9260 s.9.2
        return transmit(packet.verificationTag(), Checksum::Crc32c, wire::ShutdownComplete{true});
      return onShutdownAck();
    case ChunkType::ShutdownComplete: return onShutdownComplete(chunk, packet);
    case ChunkType::Error: return onError(chunk);
    case ChunkType::Pad: return;
  }
  onUnknown(chunk, answers);
}

template <class Chunk>
void Association::onData(const wire::ChunkView& chunk, Answers& answers) {
  // RFC 9260 s.6: a state in which the peer cannot have sent it in earnest.
  if (!takesData()) return drops_.add(Drop::UnexpectedChunk);
  // RFC 8260 s.2.2.1: it is either DATA or I-DATA.
  if (std::is_same_v<Chunk, wire::IData> != link_->both.interleaving)
    return violated(link_->both.interleaving ? "DATA where I-DATA was agreed on" : "I-DATA that was not agreed on");
  auto data = Chunk::parse(chunk);
  if (!data && data.error() == wire::ChunkError::NoUserData) {
    // RFC 9260 s.6.2
    wire::TlvBlock causes;
    wire::cause::addNoUserData(causes, wire::Tsn{base::load32(chunk.value.data())});
    abortWith(causes, link_->peer.tag);
    return fail("the peer has sent DATA without data", static_cast<std::uint16_t>(wire::CauseCode::NoUserData));
  }
  if (!data) return drops_.add(Drop::BadChunk);
  answers.data = true;
  switch (link_->receiver.handle(*data)) {
    case Receiver::Verdict::Taken:
    case Receiver::Verdict::Dropped: return;
    case Receiver::Verdict::InvalidStream:
      if (answers.causes.bytes().size() < mostCauses) wire::cause::addInvalidStream(answers.causes, data->stream);
      return;
  }
}

void Association::onSack(const wire::ChunkView& chunk) {
  if (!transfers()) return drops_.add(Drop::UnexpectedChunk);
  auto sack = wire::SackView::parse(chunk);
  if (!sack) return drops_.add(Drop::BadChunk);
  if (!link_->sender.handle(*sack, now_)) violated("a SACK for what was never sent");
}

void Association::onForwardTsn(const wire::ChunkView& chunk) {
  if (!takesData()) return drops_.add(Drop::UnexpectedChunk);
  // RFC 8260 s.2.3.1
  if (!link_->both.partialReliability || (chunk.type == ChunkType::IForwardTsn) != link_->both.interleaving)
    return violated("the FORWARD-TSN that was not agreed on");
  if (chunk.type == ChunkType::IForwardTsn) {
    auto forward = wire::IForwardTsnView::parse(chunk);
    if (!forward) return drops_.add(Drop::BadChunk);
    link_->receiver.handle(*forward);
  } else {
    auto forward = wire::ForwardTsnView::parse(chunk);
    if (!forward) return drops_.add(Drop::BadChunk);
    link_->receiver.handle(*forward);
  }
}

void Association::onReConfig(const wire::ChunkView& chunk) {
  if (!transfers()) return drops_.add(Drop::UnexpectedChunk);
  auto reConfig = wire::ReConfig::parse(chunk);
  if (!reConfig) return drops_.add(Drop::BadChunk);
  wire::TlvReader reader(reConfig->parameters);
  while (auto tlv = reader.next()) {
    auto parameter = wire::parseReconfigParameter(*tlv);
    if (!parameter) {
      drops_.add(Drop::BadChunk);
      continue;
    }
    if (auto* response = std::get_if<wire::ReconfigResponse>(&*parameter))
      link_->sender.handle(*response, now_);
    else
      link_->receiver.handle(*parameter);
  }
}

void Association::onHeartbeat(const wire::ChunkView& chunk, Answers& answers) {
  if (!link_) return drops_.add(Drop::UnexpectedChunk);
  // One of a packet: more would only make us send.
  if (std::exchange(answers.heartbeatAnswered, true)) return;
  transmit(link_->peer.tag, checksum(), wire::HeartbeatAck::answering(chunk));
}

void Association::onHeartbeatAck(const wire::ChunkView& chunk) {
  if (!transfers()) return drops_.add(Drop::UnexpectedChunk);
  auto ack = wire::HeartbeatAck::parse(chunk);
  if (!ack) return drops_.add(Drop::BadChunk);
  if (auto roundTrip = link_->heartbeat.onAck(ack->info(), now_))
    link_->sender.measured(*roundTrip, now_);
  else if (link_->pathMtu.onHeartbeatAck(ack->info(), now_))
    link_->sender.setMaxPacket(link_->pathMtu.current());
}

void Association::onError(const wire::ChunkView& chunk) {
  PARLEY_LOG(Debug, "sctp", "the peer reports: ", wire::describeCauses(chunk.value));
  wire::TlvReader reader(chunk.value);
  while (auto cause = reader.next())
    if (cause->type == static_cast<std::uint16_t>(wire::CauseCode::StaleCookie)) return onStaleCookie();
}

void Association::onUnknown(const wire::ChunkView& chunk, Answers& answers) {
  drops_.add(Drop::UnknownChunk);
  const auto action = wire::UnknownAction::of(chunk.type);
  if (action.report && answers.causes.bytes().size() < mostCauses)
    wire::cause::addUnrecognizedChunk(answers.causes, chunk.whole);
  answers.stop |= action.stop;
}

void Association::answer(const Answers& answers) {
  if (!answers.causes.empty() && link_) {
    auto causes = answers.causes.bytes();
    const auto room = config_.mtu - wire::commonHeaderSize - wire::chunkHeaderSize;
    if (causes.size() <= room) transmit(link_->peer.tag, checksum(), wire::Error{causes});
  }
  if (answers.data && transfers()) {
    link_->receiver.endOfPacket(now_);
    if (link_->receiver.exhausted()) {
      wire::TlvBlock causes;
      wire::cause::addOutOfResource(causes);
      abortWith(causes, link_->peer.tag);
      return fail("the peer has begun more messages than there is room for",
                  static_cast<std::uint16_t>(wire::CauseCode::OutOfResource));
    }
    // RFC 9260 s.9.2: every packet with DATA gets a SHUTDOWN, and a SACK where that says more.
    if (is<ShutdownSent>()) {
      link_->receiver.hurry();
      sendShutdown();
    }
  }
  if (answers.shutdownAck) sendShutdownAck();
}

}  // namespace parley::sctp::native
