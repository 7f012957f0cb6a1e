#include "pc/peer_connection.hpp"
#include "pc/utf8.hpp"

#include <algorithm>

/// \file
/// W3C s.6: making, using and ending data channels.

namespace parley::pc {

namespace {

/// RFC 8831 s.6.6 and RFC 8832 s.5.1 leave 65535 unused.
constexpr std::uint16_t noChannelId = 65535;

/// RFC 8831 s.6.4 by webrtc-priority s.4.
std::uint16_t wirePriority(PriorityType priority) {
  switch (priority) {
    case PriorityType::VeryLow: return 128;
    case PriorityType::Low: return 256;
    case PriorityType::Medium: return 512;
    case PriorityType::High: return 1024;
  }
  return 256;
}

PriorityType shownPriority(std::uint16_t priority) {
  if (priority <= 128) return PriorityType::VeryLow;
  if (priority <= 256) return PriorityType::Low;
  if (priority <= 512) return PriorityType::Medium;
  return PriorityType::High;
}

void check(const std::string& text, const char* name) {
  if (text.size() > 65535) throw Error(ErrorName::TypeError, std::string(name) + " has more than 65535 bytes");
  if (!isUtf8(text)) throw Error(ErrorName::TypeError, std::string(name) + " is not UTF-8");
}

}  // namespace

std::shared_ptr<DataChannel> Connection::createDataChannel(std::string label, DataChannelInit init) {
  std::shared_ptr<DataChannelImpl> channel;
  Actions actions;
  bool first = false;
  {
    std::lock_guard lock(shared_->mutex);
    if (closed_) throw Error(ErrorName::InvalidStateError, "the connection is closed");
    check(label, "the label");
    check(init.protocol, "the protocol");
    if (init.negotiated && !init.id) throw Error(ErrorName::TypeError, "a negotiated channel needs an id");
    if (init.maxPacketLifeTime && init.maxRetransmits)
      throw Error(ErrorName::TypeError, "maxPacketLifeTime and maxRetransmits exclude each other");
    if (init.negotiated && *init.id == noChannelId) throw Error(ErrorName::TypeError, "the largest id is 65534");

    sctp::Parameters parameters;
    parameters.label = std::move(label);
    parameters.protocol = std::move(init.protocol);
    parameters.reliability = {init.ordered, init.maxRetransmits, init.maxPacketLifeTime};
    parameters.priority = wirePriority(init.priority);
    parameters.negotiated = init.negotiated;
    if (init.negotiated) {
      parameters.streamId = init.id;
      if (channelIds_.count(*init.id)) throw Error(ErrorName::OperationError, "the id is used by another channel");
    } else if (dtlsRole_) {
      parameters.streamId = freeChannelId();
      if (!parameters.streamId) throw Error(ErrorName::OperationError, "no channel id is left");
    }
    const bool connected = sctp_ && sctp_->slots.state == SctpTransportState::Connected;
    if (parameters.streamId && connected && *parameters.streamId >= *sctp_->slots.maxChannels)
      throw Error(ErrorName::OperationError, "the id is beyond the streams of the association");

    const sctp::ChannelId key{++lastChannel_};
    channel = makeChannel(key, std::move(parameters));
    channels_.emplace(key, channel);
    if (channel->slots.id) {
      channelIds_.insert(*channel->slots.id);
      openInPeer(channel, actions);
    }
    first = !std::exchange(channelWasCreated_, true);
    if (first) session_.wantDataChannel();
  }
  run(actions);
  if (first) updateNegotiationNeeded();
  return channel;
}

std::shared_ptr<DataChannelImpl> Connection::makeChannel(sctp::ChannelId key, sctp::Parameters parameters) {
  const auto priority = shownPriority(parameters.priority);
  return std::make_shared<DataChannelImpl>(shared_, weak_from_this(), key, std::move(parameters), priority);
}

std::shared_ptr<DataChannelImpl> Connection::find(sctp::ChannelId key) const {
  const auto found = channels_.find(key);
  return found == channels_.end() ? nullptr : found->second;
}

/// RFC 8832 s.6: even ids for the DTLS client, odd ones for the server. The lowest one that is free, below the number
/// of streams once that is known.
std::optional<std::uint16_t> Connection::freeChannelId() const {
  std::uint32_t limit = noChannelId;
  if (sctp_ && sctp_->slots.maxChannels) limit = std::min<std::uint32_t>(limit, *sctp_->slots.maxChannels);
  for (std::uint32_t id = *dtlsRole_ == dtls::Role::Client ? 0 : 1; id < limit; id += 2)
    if (!channelIds_.count(static_cast<std::uint16_t>(id))) return static_cast<std::uint16_t>(id);
  return std::nullopt;
}

/// The channel has an id: the data plane may have it.
void Connection::openInPeer(const std::shared_ptr<DataChannelImpl>& channel, Actions& actions) {
  channel->slots.opened = true;
  command(actions, [key = channel->key(), parameters = channel->parameters()](Peer& peer, Time now) {
    peer.openChannel(key, parameters, now);
  });
}

void Connection::send(DataChannelImpl& channel, bool text, std::vector<std::uint8_t> bytes) {
  Actions actions;
  {
    std::lock_guard lock(shared_->mutex);
    auto& slots = channel.slots;
    if (slots.readyState != DataChannelState::Open)
      throw Error(ErrorName::InvalidStateError,
                  "the channel is " + std::string(toString(slots.readyState)) + ", not open");
    const std::size_t size = bytes.size();
    if (sctp_ && sctp_->slots.maxMessageSize && size > *sctp_->slots.maxMessageSize)
      throw Error(ErrorName::TypeError, "the message has " + std::to_string(size) + " bytes, and " +
                                            std::to_string(*sctp_->slots.maxMessageSize) + " are the most");
    if (slots.bufferedAmount + size > configuration_.extensions.sendBufferLimit)
      throw Error(ErrorName::OperationError, "too much is buffered; wait for onBufferedAmountLow");
    slots.bufferedAmount += size;
    command(actions, [key = channel.key(), text, bytes = std::move(bytes)](Peer& peer, Time now) mutable {
      peer.send(key, text, std::move(bytes), now);
    });
  }
  run(actions);
}

void Connection::closeChannel(DataChannelImpl& channel) {
  Actions actions;
  bool unopened = false;
  const auto key = channel.key();
  {
    std::lock_guard lock(shared_->mutex);
    auto& state = channel.slots.readyState;
    if (state == DataChannelState::Closing || state == DataChannelState::Closed) return;
    state = DataChannelState::Closing;
    unopened = !channel.slots.opened;
    if (!unopened) command(actions, [key](Peer& peer, Time now) { peer.closeChannel(key, now); });
  }
  run(actions);
  if (!unopened) return;
  // The data plane has never heard of it, and will not say that it is closed.
  post([key](Connection& self) {
    self.update([&](Actions& task) {
      if (auto known = self.find(key)) self.channelClosed(known, std::nullopt, task);
    });
  });
}

/// The association under them has ended in an orderly way.
void Connection::closeChannels(Actions& actions) {
  const Channels channels = channels_;
  for (const auto& [key, channel] : channels)
    if (channel->slots.opened) channelClosed(channel, std::nullopt, actions);
}

/// "Unable to create an RTCDataChannel": a state change and two events.
void Connection::channelFailed(const std::shared_ptr<DataChannelImpl>& channel, const std::string& reason,
                               Actions& actions) {
  if (channel->slots.opened)
    command(actions, [key = channel->key()](Peer& peer, Time now) { peer.closeChannel(key, now); });
  RtcError::Init init;
  init.errorDetail = ErrorDetail::DataChannelFailure;
  channelClosed(channel, RtcError(init, reason), actions);
}

/// "Announcing a data channel as closed". It is forgotten, and its handlers with it once they have run.
void Connection::channelClosed(const std::shared_ptr<DataChannelImpl>& channel, const std::optional<RtcError>& error,
                               Actions& actions) {
  channel->slots.readyState = DataChannelState::Closed;
  channels_.erase(channel->key());
  if (channel->slots.id) channelIds_.erase(*channel->slots.id);
  if (error) fireAt(actions, channel, &DataChannelImpl::error, *error);
  fireAt(actions, channel, &DataChannelImpl::closed);
  actions.push_back([shared = shared_, channel] {
    Dropped dropped;
    std::lock_guard lock(shared->mutex);
    channel->drop(dropped);
  });
}

}  // namespace parley::pc
