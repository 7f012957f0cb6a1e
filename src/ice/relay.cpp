#include "ice/relay.hpp"

#include <utility>

namespace parley::ice {

namespace {

stun::TurnClient::Config clientConfig(const Relay::Settings& settings) {
  stun::TurnClient::Config config;
  config.username = settings.server.username;
  config.password = settings.server.password;
  // A peer that has one family only is reached by the relay's address of that family, whichever we have ourselves.
  config.families = stun::RelayFamilies::Both;
  config.reliable = settings.server.transport != ServerTransport::Udp;
  config.schedule = settings.schedule;
  return config;
}

}  // namespace

Relay::Relay(Settings settings, base::IdSource& ids, base::Random& random, base::PacketPool& pool)
    : settings_(std::move(settings)),
      pool_(pool),
      client_(clientConfig(settings_), random, pool),
      v4_(ids.socket()),
      v6_(ids.socket()) {}

void Relay::redirect(const Redirected& to) {
  settings_.address = to.server;
  if (!to.domain.empty()) settings_.certificateName = to.domain;
}

void Relay::start(Time now) {
  if (isStream()) {
    outbox_.event(ConnectTcp{settings_.socket, settings_.local, 0, 0, settings_.address});
    return;
  }
  client_.start(now);
  drain(now);
}

void Relay::close(Time now) {
  if (over_) return;
  if (open_ || !isStream()) {
    client_.release(now);
    drain(now);
    if (tls_) tls_->close();
    drainTls(now, {});
  }
  over_ = true;
  if (isStream()) outbox_.event(CloseSocket{settings_.socket});
}

void Relay::connected(Time now) {
  if (over_ || open_ || !isStream()) return;
  open_ = true;
  if (settings_.server.transport == ServerTransport::Tls) {
    if (settings_.secureStreams) tls_ = settings_.secureStreams(settings_.certificateName, pool_, now);
    if (!tls_) return fail(0, "There is no TLS for the TURN server.");
    tls_->start();
    drainTls(now, {});
  } else {
    client_.start(now);
    drain(now);
  }
}

void Relay::disconnected(std::string reason) {
  if (!over_) fail(0, std::move(reason));
}

bool Relay::expects(const Datagram& datagram) const {
  return !over_ && datagram.socket == settings_.socket && datagram.from == settings_.address &&
         client_.expects(datagram.bytes);
}

std::optional<Datagram> Relay::handle(const Datagram& datagram, Time now) {
  auto received = client_.handle(datagram.bytes, now);
  drain(now);
  if (!received) return std::nullopt;
  return Datagram{idOf(received->peer.ip.family()), received->peer, received->payload};
}

void Relay::handle(const StreamData& data, Time now, const Deliver& deliver) {
  if (over_) return;
  if (tls_) {
    tls_->handle(data.bytes);
    drainTls(now, deliver);
  } else {
    take(data.bytes, now, deliver);
  }
}

void Relay::take(base::MutableBytes bytes, Time now, const Deliver& deliver) {
  deframer_.push(bytes);
  while (auto message = deframer_.next()) {
    auto received = client_.handle(*message, now);
    if (received && deliver) deliver(Datagram{idOf(received->peer.ip.family()), received->peer, received->payload});
  }
  if (deframer_.error() && !over_) fail(0, "The TURN server's stream cannot be read.");
  drain(now);
}

bool Relay::send(const SocketAddress& peer, Packet packet, Time now) {
  if (over_) return false;
  const bool sent = client_.send(peer, std::move(packet), now);
  drain(now);
  return sent;
}

void Relay::probe(Time now) {
  client_.probe(now);
  drain(now);
}

void Relay::advance(Time now) {
  client_.advance(now);
  drain(now);
}

void Relay::drain(Time now) {
  while (auto output = client_.poll()) {
    if (over_) continue;
    if (auto* packet = std::get_if<stun::TurnClient::Transmit>(&*output)) {
      transmit(std::move(packet->packet));
    } else if (auto* allocated = std::get_if<Allocated>(&*output)) {
      outbox_.event(std::move(*allocated));
    } else if (auto* refused = std::get_if<PermissionFailed>(&*output)) {
      outbox_.event(std::move(*refused));
    } else if (auto* redirected = std::get_if<Redirected>(&*output)) {
      over_ = true;
      if (isStream()) outbox_.event(CloseSocket{settings_.socket});
      outbox_.event(std::move(*redirected));
    } else if (auto* failed = std::get_if<Failed>(&*output)) {
      fail(failed->code, std::move(failed->reason));
    }
  }
  // Bytes from the server are taken inside `drainTls` alone, so that there is nothing to deliver here.
  drainTls(now, {});
}

void Relay::transmit(Packet packet) {
  if (tls_) {
    tls_->send(packet.bytes());
  } else if (isStream()) {
    outbox_.event(Transmit{settings_.socket, settings_.address, std::move(packet)});  // A stream must not have gaps.
  } else {
    outbox_.packet(Transmit{settings_.socket, settings_.address, std::move(packet)});
  }
}

void Relay::drainTls(Time now, const Deliver& deliver) {
  if (!tls_ || draining_) return;
  draining_ = true;
  while (auto output = tls_->poll()) {
    if (auto* packet = std::get_if<base::SecureStream::Transmit>(&*output)) {
      outbox_.event(Transmit{settings_.socket, settings_.address, std::move(packet->packet)});
    } else if (over_) {
      continue;
    } else if (std::holds_alternative<base::SecureStream::Connected>(*output)) {
      client_.start(now);
      drain(now);
    } else if (auto* received = std::get_if<base::SecureStream::Received>(&*output)) {
      take(received->packet.bytes(), now, deliver);
    } else if (auto* failed = std::get_if<base::SecureStream::Failed>(&*output)) {
      fail(0, std::move(failed->reason));
    } else {
      fail(0, "The TURN server has ended the TLS connection.");
    }
  }
  draining_ = false;
}

void Relay::fail(int code, std::string reason) {
  if (over_) return;
  over_ = true;
  if (isStream()) outbox_.event(CloseSocket{settings_.socket});
  outbox_.event(Failed{code, std::move(reason)});
}

}  // namespace parley::ice
