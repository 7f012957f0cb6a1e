// The gatherer's requests to STUN servers: RFC 8445 s.5.1.1.2 and s.5.1.1.4.
#include "ice/gatherer.hpp"
#include "stun/message_builder.hpp"

#include <algorithm>
#include <utility>

namespace parley::ice {

void Gatherer::addProbe(const Socket& one, std::size_t server, const IpAddress& ip) {
  Probe probe;
  probe.socket = one.id;
  probe.server = server;
  probe.to = {ip, servers_[server].port};
  probes_.push_back(std::move(probe));
}

void Gatherer::transmit(const Probe& probe) {
  stun::MessageBuilder request(pool_, stun::Class::Request, stun::Method::Binding, probe.id);
  outbox_.packet(Transmit{probe.socket, probe.to, request.addFingerprint().finish()});
}

bool Gatherer::handle(const Datagram& datagram, const stun::Message& message, Time now) {
  auto id = message.transactionId();
  auto at = std::find_if(probes_.begin(), probes_.end(), [&](const auto& probe) {
    return probe.state != Probe::State::Queued && probe.id == id && probe.socket == datagram.socket &&
           probe.to == datagram.from;
  });
  if (at == probes_.end()) return false;
  auto mapped = message.xorMappedAddress();
  if (!mapped) mapped = message.mappedAddress();
  if (at->state == Probe::State::Answered) {
    if (mapped) at->keepAliveAt = now + config_.serverKeepAlive;
    return true;
  }
  if (at->state != Probe::State::Sent) return true;
  if (message.messageClass() == stun::Class::SuccessResponse && mapped) {
    answered(*at, *mapped, now);
  } else {
    auto error = message.errorCode();
    failed(*at, error ? error->code : 701,
           error ? std::string(error->reason) : "The server's response has no address.");
  }
  finishIfDone();
  return true;
}

void Gatherer::answered(Probe& probe, const SocketAddress& mapped, Time now) {
  probe.state = Probe::State::Answered;
  probe.transaction.reset();
  probe.keepAliveAt = now + config_.serverKeepAlive;
  if (const Socket* one = socket(probe.socket); one && one->bound)
    reflexiveFound(*one, probe.server, servers_[probe.server].url, probe.to.ip, mapped);
}

void Gatherer::failed(Probe& probe, int code, std::string text) {
  probe.state = Probe::State::Failed;
  probe.transaction.reset();
  SocketAddress local;
  if (const Socket* one = socket(probe.socket); one && one->bound) local = *one->bound;
  serverFailed(servers_[probe.server].url, local, code, std::move(text));
}

void Gatherer::advanceProbes(Time now) {
  for (auto& probe : probes_) {
    if (probe.transaction) {
      switch (probe.transaction->advance(now)) {
        case stun::Transaction::Action::None: break;
        case stun::Transaction::Action::Retransmit: transmit(probe); break;
        case stun::Transaction::Action::TimedOut: failed(probe, 701, "The STUN server did not answer."); break;
      }
    }
    if (probe.keepAliveAt <= now) {
      // RFC 8445 s.5.1.1.4: a new request refreshes the binding; a lost one is made up for by the next.
      probe.id = stun::randomTransactionId(random_);
      probe.keepAliveAt = now + config_.serverKeepAlive;
      transmit(probe);
    }
  }
}

void Gatherer::stopKeepAlive() {
  for (auto& probe : probes_) probe.keepAliveAt = never;
}

}  // namespace parley::ice
