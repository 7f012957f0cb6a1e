#include "pc/rtp_forwarder.hpp"

#include <utility>

namespace parley::pc {

// --- RtpForwarderImpl ---

RtpForwarderImpl::RtpForwarderImpl(std::shared_ptr<RtpReceiverImpl> receiver,
                                   const std::shared_ptr<Connection>& connection)
    : receiver_(std::move(receiver)),
      connection_(connection),
      forwarder_(std::make_shared<Forwarder>(*connection->peer().core(), connection->peer().id(),
                                             receiver_->transceiver(), receiver_->remote->kind())) {
  connection->peerCommand(
      [forwarder = forwarder_, id = receiver_->transceiver()](Peer& peer, Time) { peer.addTap(id, forwarder); });
}

RtpForwarderImpl::~RtpForwarderImpl() {
  if (const auto connection = connection_.lock())
    connection->peerCommand([forwarder = forwarder_](Peer& peer, Time) { peer.removeTap(forwarder.get()); });
}

void RtpForwarderImpl::command(std::function<void(Forwarder&, Time)> command) const {
  if (const auto connection = connection_.lock())
    connection->peerCommand(
        [forwarder = forwarder_, command = std::move(command)](Peer&, Time now) { command(*forwarder, now); });
}

std::shared_ptr<RtpForwarding> RtpForwarderImpl::addSender(const std::shared_ptr<RtpSender>& sender) {
  const auto impl = std::dynamic_pointer_cast<RtpSenderImpl>(sender);
  if (!impl) throw Error(ErrorName::TypeError, "the sender was not made by this library");
  if (impl->kind != receiver_->remote->kind()) throw Error(ErrorName::TypeError, "the sender is of the other kind");
  const auto target = impl->connection().lock(), origin = connection_.lock();
  if (!target || !origin || target->isClosed() || origin->isClosed())
    throw Error(ErrorName::InvalidStateError, "the connection is closed");
  if (target->peer().core() != origin->peer().core())
    throw Error(ErrorName::NotSupportedError, "both connections have to be of one engine");
  const auto forwarding = std::make_shared<RtpForwardingImpl>(shared_from_this(), impl, target->sharedState());
  {
    std::lock_guard lock(target->shared().mutex);
    if (impl->slots.stopped || impl->slots.forwarding.lock())
      throw Error(ErrorName::InvalidStateError, "something is forwarded to the sender already");
    impl->slots.forwarding = forwarding;
  }
  forwarding->begin(target->peer().id());
  return forwarding;
}

Async<std::vector<RtpForwarder::Source>> RtpForwarderImpl::getSources() {
  const auto connection = connection_.lock();
  if (!connection) return rejected<std::vector<Source>>();
  return connection->askPeer<std::vector<Source>>([id = receiver_->transceiver()](Peer& peer, Time) {
    std::vector<Source> sources;
    for (const auto& transport : peer.stats().transports)
      for (const auto& inbound : transport.media.inbound) {
        if (inbound.transceiver != id) continue;
        const auto& values = inbound.values;
        sources.push_back({inbound.rid, inbound.ssrc, values.packetsReceived, values.bytesReceived, values.frameWidth,
                           values.frameHeight, values.framesReceived});
      }
    return sources;
  });
}

// --- RtpForwardingImpl ---

void RtpForwardingImpl::begin(std::uint64_t targetPeer) {
  const auto tell = [shared = shared_, weak = weak_from_this()](std::function<void(RtpForwardingImpl&)> task) {
    shared->tasks->post([weak, task = std::move(task)] {
      const auto self = weak.lock();
      if (!self) return;
      {
        std::lock_guard lock(self->shared_->mutex);
        if (self->sender_->slots.stopped) return;
      }
      task(*self);
    });
  };
  ForwardLink::Events events;
  events.sourceChanged = [tell](std::string rid) {
    tell([rid = std::move(rid)](RtpForwardingImpl& self) { self.sourceChanged_.fire(*self.shared_, rid); });
  };
  events.unknownCodec = [tell](std::string mimeType) {
    tell([mimeType = std::move(mimeType)](RtpForwardingImpl& self) {
      self.error_.fire(*self.shared_, Error(ErrorName::NotSupportedError, mimeType + " was not negotiated"));
    });
  };
  link_ = std::make_shared<ForwardLink>(targetPeer, sender_->transceiver, std::move(events));
  forwarder_->command([link = link_](Forwarder& forwarder, Time now) { forwarder.add(link, now); });
}

RtpForwardingImpl::~RtpForwardingImpl() {
  if (link_) forwarder_->command([link = link_](Forwarder& forwarder, Time) { forwarder.remove(link.get()); });
}

void RtpForwardingImpl::select(std::string rid) {
  forwarder_->command(
      [link = link_, rid = std::move(rid)](Forwarder& forwarder, Time now) { forwarder.select(*link, rid, now); });
}

void RtpForwardingImpl::maxTemporalLayer(std::optional<std::uint8_t> layer) {
  forwarder_->command([link = link_, layer](Forwarder&, Time) { link->maxTemporalLayer = layer; });
}

void RtpForwardingImpl::paused(bool paused) {
  forwarder_->command([link = link_, paused](Forwarder& forwarder, Time now) { forwarder.pause(*link, paused, now); });
}

Async<RtpForwarding::Stats> RtpForwardingImpl::getStats() {
  const auto connection = forwarder_->connection().lock();
  if (!connection) return rejected<Stats>();
  return connection->askPeer<Stats>([link = link_](Peer&, Time) { return link->stats; });
}

}  // namespace parley::pc

namespace parley {

std::shared_ptr<RtpForwarder> RtpForwarder::create(const std::shared_ptr<RtpReceiver>& receiver) {
  auto impl = std::dynamic_pointer_cast<pc::RtpReceiverImpl>(receiver);
  if (!impl) throw Error(ErrorName::TypeError, "the receiver was not made by this library");
  const auto connection = impl->connection().lock();
  if (!connection || connection->isClosed()) throw Error(ErrorName::InvalidStateError, "the connection is closed");
  return std::make_shared<pc::RtpForwarderImpl>(std::move(impl), connection);
}

}  // namespace parley
