#include "sctp/data_channels.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <cassert>

namespace parley::sctp {

namespace {

// RFC 8831 s.6.2: 65535 is not usable, for SCTP counts streams in 16 bits.
constexpr std::uint16_t unusableStream = 65'535;
constexpr Reliability reliable{};

}  // namespace

DataChannels::DataChannels(std::unique_ptr<Association> association, const Config& config, bool isDtlsClient)
    : association_(std::move(association)), config_(config), isDtlsClient_(isDtlsClient) {}

DataChannels::~DataChannels() = default;

// --- The machine ---

void DataChannels::connect(Time now) {
  now_ = std::max(now_, now);
  if (state_ != State::Idle) return;
  state_ = State::Connecting;
  association_->connect(now);
}

void DataChannels::handle(base::Bytes packet, Time now) {
  now_ = std::max(now_, now);
  association_->handle(packet, now);
}

std::optional<DataChannels::Output> DataChannels::poll() {
  while (true) {
    if (auto output = outbox_.poll()) return output;
    if (auto output = association_->poll()) {
      std::visit([this](auto& event) { on(event); }, *output);
    } else if (auto* message = association_->peek(); message && !isForApplication(*message)) {
      onMessage(*association_->receive(now_));
    } else {
      break;
    }
  }
  drained_ = true;
  // Told in one sum for all packets of a drain.
  while (!draining_.empty()) {
    auto id = draining_.back();
    draining_.pop_back();
    if (auto* channel = find(id); channel && channel->left > 0) return Drained{id, std::exchange(channel->left, 0)};
  }
  return std::nullopt;
}

Time DataChannels::deadline() const { return association_->deadline(); }

void DataChannels::advance(Time now) {
  now_ = std::max(now_, now);
  association_->advance(now);
}

// --- The application's side ---

bool DataChannels::open(ChannelId id, Parameters parameters, Time now) {
  now_ = std::max(now_, now);
  if (state_ == State::Ended || channels_.contains(id) || id >= firstIncomingChannel) return false;
  if (parameters.label.size() > 65'535 || parameters.protocol.size() > 65'535) return false;
  if (!parameters.streamId) parameters.streamId = parameters.negotiated ? std::nullopt : freeStream();
  if (!parameters.streamId) return false;
  auto streamId = *parameters.streamId;
  if (streamId >= streamLimit() || streams_.contains(streamId)) return false;
  if (!parameters.negotiated && !isOurs(streamId)) return false;

  streams_[streamId].channel = id;
  auto& channel = channels_[id];
  channel.parameters = std::move(parameters);
  if (state_ == State::Up) start(id, channel);
  return true;
}

SendResult DataChannels::send(ChannelId id, bool text, std::vector<std::uint8_t>&& bytes, Time now) {
  now_ = std::max(now_, now);
  auto* channel = find(id);
  if (!channel || channel->state == Channel::State::Closing || bytes.size() > config_.remoteMaxMessageSize)
    return SendResult::Invalid;
  // An OPEN that waits for room comes before any message.
  if (channel->state == Channel::State::Waiting || channel->openUnsent) return SendResult::Full;

  auto reliability = channel->parameters.reliability;
  // RFC 8832 s.6: before the ACK or a message has come, the peer may not have seen the OPEN, which only order can
  // keep ahead of this message.
  if (!channel->confirmed) reliability.ordered = true;
  auto stream = *channel->parameters.streamId;
  const auto size = bytes.size();
  SendResult result;
  if (bytes.empty()) {
    // RFC 8831 s.6.6: SCTP has no empty messages; one zero byte under a name of its own.
    static constexpr std::uint8_t zero[1] = {};
    result = association_->send(stream, text ? Ppid::StringEmpty : Ppid::BinaryEmpty, zero, reliability, now);
  } else {
    result = association_->send(stream, text ? Ppid::String : Ppid::Binary, std::move(bytes), reliability, now);
  }
  if (result == SendResult::Sent) {
    channel->unsent += size;
    ++channel->stats.messagesSent;
    channel->stats.bytesSent += size;
  }
  return result;
}

void DataChannels::close(ChannelId id, Time now) {
  now_ = std::max(now_, now);
  auto* channel = find(id);
  if (!channel || channel->state == Channel::State::Closing) return;
  if ((channel->state == Channel::State::Waiting && !channel->openSent) || channel->openUnsent) {
    // The peer has never heard of it.
    forgetStream(*channel->parameters.streamId);
    channels_.erase(id);
    outbox_.event(Closed{id});
    return;
  }
  channel->state = Channel::State::Closing;
  resetStream(*channel->parameters.streamId);
}

std::optional<DataChannels::Received> DataChannels::receive(Time now) {
  now_ = std::max(now_, now);
  auto* next = association_->peek();
  if (!std::exchange(drained_, false) || !next || !isForApplication(*next)) return std::nullopt;
  auto message = *association_->receive(now_);
  auto id = *streams_.at(message.stream).channel;
  auto& channel = *find(id);
  // RFC 8832 s.6: a message says as much as the ACK.
  channel.confirmed = true;
  if (message.ppid == Ppid::StringEmpty || message.ppid == Ppid::BinaryEmpty)
    message.bytes.clear();  // RFC 8831 s.6.6: the byte is ignored.
  if (!channel.parts.empty()) {
    channel.parts.insert(channel.parts.end(), message.bytes.begin(), message.bytes.end());
    message.bytes = std::exchange(channel.parts, {});
  }
  ++channel.stats.messagesReceived;
  channel.stats.bytesReceived += message.bytes.size();
  bool text = message.ppid == Ppid::String || message.ppid == Ppid::StringEmpty;
  return Received{id, text, std::move(message.bytes)};
}

void DataChannels::shutdown(Time now) {
  now_ = std::max(now_, now);
  if (state_ != State::Ended) association_->shutdown(now);
}

void DataChannels::abort(Time now) {
  now_ = std::max(now_, now);
  association_->abort(now);
  state_ = State::Ended;
  channels_.clear();
  streams_.clear();
}

std::optional<std::uint16_t> DataChannels::streamId(ChannelId id) const {
  auto found = channels_.find(id);
  return found == channels_.end() ? std::nullopt : found->second.parameters.streamId;
}

DataChannels::Stats DataChannels::stats() const {
  Stats stats;
  stats.association = association_->stats();
  for (auto& [id, channel] : channels_) stats.channels.emplace_back(id, channel.stats);
  return stats;
}

// --- Channels and streams ---

DataChannels::Channel* DataChannels::find(ChannelId id) {
  auto found = channels_.find(id);
  return found == channels_.end() ? nullptr : &found->second;
}

DataChannels::Channel* DataChannels::onStream(std::uint16_t streamId) {
  auto found = streams_.find(streamId);
  return found == streams_.end() || !found->second.channel ? nullptr : find(*found->second.channel);
}

std::size_t DataChannels::streamLimit() const {
  // Until the association is up only the protocol's limit is known; what is beyond the negotiated one then fails.
  return state_ == State::Up ? maxChannels_ : unusableStream;
}

std::optional<std::uint16_t> DataChannels::freeStream() {
  // RFC 8832 s.6
  if (!isOurs(static_cast<std::uint16_t>(lowestFree_))) ++lowestFree_;
  while (lowestFree_ < streamLimit() && streams_.contains(static_cast<std::uint16_t>(lowestFree_))) lowestFree_ += 2;
  if (lowestFree_ >= streamLimit()) return std::nullopt;
  return static_cast<std::uint16_t>(lowestFree_);
}

void DataChannels::forgetStream(std::uint16_t streamId) {
  streams_.erase(streamId);
  lowestFree_ = std::min<std::size_t>(lowestFree_, streamId);
}

void DataChannels::start(ChannelId id, Channel& channel) {
  channel.state = Channel::State::Open;
  association_->setPriority(*channel.parameters.streamId, channel.parameters.priority);
  if (channel.parameters.negotiated) {
    channel.confirmed = true;
  } else if (!channel.openSent) {
    channel.openUnsent = true;
    sendControl(channel);
  }
  outbox_.event(Opened{id, *channel.parameters.streamId});
}

void DataChannels::sendControl(Channel& channel) {
  const auto& parameters = channel.parameters;
  auto sent = [&](const dcep::Message& message) {
    auto bytes = dcep::write(message);
    return association_->send(*parameters.streamId, Ppid::Dcep, bytes, reliable, now_) != SendResult::Full;
  };
  if (channel.openUnsent &&
      sent(dcep::Open{parameters.reliability, parameters.priority, parameters.label, parameters.protocol})) {
    channel.openSent = true;
    channel.openUnsent = false;
  }
  if (channel.ackUnsent && sent(dcep::Ack{})) channel.ackUnsent = false;
}

void DataChannels::resetStream(std::uint16_t streamId) {
  auto& stream = streams_[streamId];
  if (std::exchange(stream.resetAsked, true)) return;
  association_->resetStreams({streamId}, now_);
}

void DataChannels::finishReset(std::uint16_t streamId) {
  auto found = streams_.find(streamId);
  if (found == streams_.end() || !found->second.outgoingReset || !found->second.incomingReset) return;
  auto channel = found->second.channel;
  forgetStream(streamId);
  if (channel && find(*channel)) {
    gone(*channel);
    outbox_.event(Closed{*channel});
  }
}

void DataChannels::gone(ChannelId id) {
  // What was queued when the channel ended counts as gone, so that every byte is told of once.
  auto& channel = channels_.at(id);
  if (auto rest = channel.left + channel.unsent; rest > 0) outbox_.event(Drained{id, rest});
  channels_.erase(id);
}

void DataChannels::fail(ChannelId id, std::string reason, std::optional<std::uint16_t> cause) {
  gone(id);
  outbox_.event(ChannelFailed{id, std::move(reason), cause});
}

// --- What the association says ---

void DataChannels::on(Association::Transmit& transmit) { outbox_.packet(Transmit{std::move(transmit.packet)}); }

// RFC 8832 s.6: the OPENs need not wait for the end of the handshake. The peer then knows the channels as soon as it
// has the association.
void DataChannels::on(const Association::SendsEarly& early) {
  const auto limit = std::min(early.inboundStreams, early.outboundStreams);
  for (auto& [id, channel] : channels_) {
    if (channel.parameters.negotiated || *channel.parameters.streamId >= limit) continue;
    association_->setPriority(*channel.parameters.streamId, channel.parameters.priority);
    channel.openUnsent = true;
    sendControl(channel);
  }
}

void DataChannels::on(const Association::Connected& connected) {
  state_ = State::Up;
  maxChannels_ = std::min(connected.inboundStreams, connected.outboundStreams);
  outbox_.event(AssociationUp{maxChannels_});
  std::vector<ChannelId> waiting;
  for (auto& [id, channel] : channels_) waiting.push_back(id);
  for (auto id : waiting) {
    auto& channel = channels_.at(id);
    if (channel.state == Channel::State::Closing) continue;
    if (auto streamId = *channel.parameters.streamId; streamId >= streamLimit()) {
      forgetStream(streamId);
      fail(id, "stream " + std::to_string(streamId) + " is beyond the " + std::to_string(maxChannels_) +
                   " that the peers have agreed on");
    } else {
      start(id, channel);
    }
  }
}

void DataChannels::on(const Association::Sent& sent) {
  auto* channel = onStream(sent.stream);
  if (!channel || (sent.ppid != Ppid::String && sent.ppid != Ppid::Binary)) return;
  auto bytes = std::min(sent.bytes, channel->unsent);
  channel->unsent -= bytes;
  if (channel->left == 0) draining_.push_back(*streams_.at(sent.stream).channel);
  channel->left += bytes;
}

void DataChannels::on(const Association::Drained&) {
  for (auto& [id, channel] : channels_) {
    if (channel.unsent == 0) continue;
    channel.left += std::exchange(channel.unsent, 0);
    draining_.push_back(id);
  }
}

void DataChannels::on(const Association::IncomingStreamsReset& reset) {
  for (auto streamId : reset.streams) {
    // A reset of a stream that has no channel is answered too: the peer waits for it, RFC 8831 s.6.7.
    auto& stream = streams_[streamId];
    stream.incomingReset = true;
    if (auto* channel = onStream(streamId); channel && channel->state != Channel::State::Closing) {
      channel->state = Channel::State::Closing;
      outbox_.event(Closing{*stream.channel});
    }
    resetStream(streamId);
    finishReset(streamId);
  }
}

void DataChannels::on(const Association::OutgoingStreamsReset& reset) {
  for (auto streamId : reset.streams) {
    auto found = streams_.find(streamId);
    if (found == streams_.end() || !found->second.resetAsked) continue;
    found->second.outgoingReset = true;
    // A peer that refuses will not reset its own either.
    if (reset.refused) found->second.incomingReset = true;
    finishReset(streamId);
  }
}

void DataChannels::on(const Association::MessageTooLarge& message) {
  auto* channel = onStream(message.stream);
  if (!channel) return drops_.add(ChannelDrop::UnknownStream);
  auto id = *streams_.at(message.stream).channel;
  streams_.at(message.stream).channel.reset();
  resetStream(message.stream);
  fail(id, "a message was larger than " + std::to_string(config_.maxMessageSize) + " bytes");
}

void DataChannels::on(const Association::Writable&) {
  for (auto& [id, channel] : channels_)
    if (channel.openUnsent || channel.ackUnsent) sendControl(channel);
  outbox_.event(Writable{});
}

void DataChannels::on(Association::Failed& failed) {
  state_ = State::Ended;
  while (!channels_.empty()) fail(channels_.begin()->first, failed.reason, failed.cause);
  streams_.clear();
  outbox_.event(Failed{std::move(failed.reason), failed.cause});
}

void DataChannels::on(const Association::Closed&) {
  state_ = State::Ended;
  while (!channels_.empty()) {
    auto id = channels_.begin()->first;
    gone(id);
    outbox_.event(Closed{id});
  }
  streams_.clear();
  outbox_.event(AssociationClosed{});
}

// --- What the peer's messages say ---

bool DataChannels::isForApplication(const Message& message) {
  auto* channel = onStream(message.stream);
  if (!channel || channel->state == Channel::State::Closing) return false;
  switch (message.ppid) {
    case Ppid::String:
    case Ppid::Binary:
    case Ppid::StringEmpty:
    case Ppid::BinaryEmpty: return channel->parts.size() + message.bytes.size() <= config_.maxMessageSize;
    default: return false;
  }
}

void DataChannels::onMessage(Message message) {
  if (message.ppid == Ppid::Dcep) return onDcep(message.stream, message.bytes);
  auto* channel = onStream(message.stream);
  if (!channel) return drops_.add(ChannelDrop::UnknownStream);
  if (channel->state == Channel::State::Closing) return drops_.add(ChannelDrop::WhileClosing);
  switch (message.ppid) {
    case Ppid::StringPartial:
    case Ppid::BinaryPartial:
    case Ppid::String:
    case Ppid::Binary:
    case Ppid::StringEmpty:
    case Ppid::BinaryEmpty: return onPart(message.stream, *channel, message);
    default:
      // RFC 8831 s.6.6
      drops_.add(ChannelDrop::UnknownPpid);
      return rejectStream(message.stream);
  }
}

void DataChannels::onDcep(std::uint16_t streamId, base::Bytes bytes) {
  auto message = dcep::parse(bytes);
  if (!message) {
    PARLEY_LOG(Debug, "sctp", "bad DCEP message on stream ", streamId, ": ", dcep::toString(message.error()));
    drops_.add(ChannelDrop::BadDcep);
    // RFC 8832 s.6: a channel of such an OPEN is closed, and so is one whose peer talks like that on it.
    return rejectStream(streamId);
  }
  if (auto* open = std::get_if<dcep::Open>(&*message)) return onOpen(streamId, std::move(*open));
  auto* channel = onStream(streamId);
  if (!channel || channel->confirmed) return drops_.add(ChannelDrop::UnexpectedAck);
  channel->confirmed = true;
}

void DataChannels::onOpen(std::uint16_t streamId, dcep::Open open) {
  // RFC 8832 s.6: the stream must be of the peer's parity and unused; else it is closed, and no ACK sent.
  if (isOurs(streamId) || streams_.contains(streamId) || streamId >= streamLimit()) {
    drops_.add(ChannelDrop::UnexpectedOpen);
    return rejectStream(streamId);
  }
  ChannelId id{nextIncoming_++};
  streams_[streamId].channel = id;
  auto& channel = channels_[id];
  channel.parameters.label = std::move(open.label);
  channel.parameters.protocol = std::move(open.protocol);
  channel.parameters.reliability = open.reliability;
  channel.parameters.priority = open.priority;
  channel.parameters.streamId = streamId;
  channel.state = Channel::State::Open;
  association_->setPriority(streamId, open.priority);
  channel.confirmed = true;
  channel.ackUnsent = true;
  sendControl(channel);
  outbox_.event(Incoming{id, channel.parameters});
  outbox_.event(Opened{id, streamId});
}

void DataChannels::rejectStream(std::uint16_t streamId) {
  if (auto* channel = onStream(streamId); channel && channel->state != Channel::State::Closing) {
    channel->state = Channel::State::Closing;
    outbox_.event(Closing{*streams_.at(streamId).channel});
  }
  resetStream(streamId);
}

// A message in parts, as drafts of RFC 8831 had it and s.6.6 deprecates: those of one kind, up to a whole one.
void DataChannels::onPart(std::uint16_t streamId, Channel& channel, const Message& message) {
  channel.confirmed = true;
  if (channel.parts.size() + message.bytes.size() > config_.maxMessageSize)
    return on(Association::MessageTooLarge{streamId});
  channel.parts.insert(channel.parts.end(), message.bytes.begin(), message.bytes.end());
}

}  // namespace parley::sctp
