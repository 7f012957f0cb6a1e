#pragma once

#include "base/packet_pool.hpp"
#include "sim/pretended_tls.hpp"
#include "sim/turn_service.hpp"
#include "sim/world.hpp"
#include "stun/deframer.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace parley::sim {

/// A TURN and STUN server in the world, at one address: by UDP as it is, by TCP and TLS through the three functions for
/// streams, which whoever carries streams calls. What it relays comes from ports of the same IP address, unless
/// its configuration names others.
class TurnServer final : public Node {
 public:
  TurnServer(World& world, const SocketAddress& address, TurnService::Config config = TurnService::Config())
      : service(withRelay(std::move(config), address.ip)), world_(world), address_(address) {
    world.addServer(address, *this);
    service.toClient = [this](const TurnService::Client& client, base::Bytes bytes) { answer(client, bytes); };
    service.toPeer = [this](const SocketAddress& relayed, const SocketAddress& peer, base::Bytes bytes) {
      world_.send(relayed, peer, bytes, nullptr);
    };
    service.opened = [this](const SocketAddress& relayed) { world_.addServer(relayed, *this); };
  }

  /// What the server does, and how tests make it do otherwise.
  TurnService service;
  /// Answers nothing by UDP.
  bool silent = false;
  /// The name that its certificate is for.
  std::string name = "turn.example";

  void receive(const SocketAddress& to, const SocketAddress& from, std::vector<std::uint8_t> bytes) override {
    if (to != address_) return service.fromPeer(to, from, bytes, world_.now());
    if (!silent) service.fromClient({from, 0}, bytes, world_.now());
  }

  // --- Streams ---

  using Write = std::function<void(base::Bytes)>;

  /// A connection came from `remote`; `write` puts bytes on it, for as long as it lasts. The id tells it from others.
  std::uint32_t connected(const SocketAddress& remote, bool tls, Write write) {
    const std::uint32_t id = ++lastStream_;
    auto& stream = streams_[id];
    stream.client = {remote, id};
    stream.write = std::move(write);
    if (tls) stream.tls = std::make_unique<PretendedTls>(PretendedTls::Role::Server, name, pool_);
    return id;
  }

  void streamData(std::uint32_t id, base::MutableBytes bytes) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    Stream& stream = found->second;
    if (!stream.tls) return take(stream, bytes);
    stream.tls->handle(bytes);
    drain(stream);
  }

  void disconnected(std::uint32_t id) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) return;
    service.disconnected(found->second.client);
    streams_.erase(found);
  }

 private:
  struct Stream {
    TurnService::Client client;
    Write write;
    stun::StreamDeframer deframer{stun::Framing::Turn};
    std::unique_ptr<PretendedTls> tls;
    bool draining = false;
  };

  static TurnService::Config withRelay(TurnService::Config config, const IpAddress& ip) {
    if (!config.v4 && !config.v6) (ip.isV4() ? config.v4 : config.v6) = ip;
    return config;
  }

  void take(Stream& stream, base::MutableBytes bytes) {
    stream.deframer.push(bytes);
    while (auto message = stream.deframer.next()) service.fromClient(stream.client, *message, world_.now());
  }

  void drain(Stream& stream) {
    if (std::exchange(stream.draining, true)) return;  // what is being read leads to an answer: the loop below sends it
    while (auto output = stream.tls->poll()) {
      if (auto* transmit = std::get_if<base::SecureStream::Transmit>(&*output))
        stream.write(transmit->packet.bytes());
      else if (auto* received = std::get_if<base::SecureStream::Received>(&*output))
        take(stream, received->packet.bytes());
    }
    stream.draining = false;
  }

  void answer(const TurnService::Client& client, base::Bytes bytes) {
    if (!client.stream) return world_.send(address_, client.address, bytes, nullptr);
    const auto found = streams_.find(client.stream);
    if (found == streams_.end()) return;
    Stream& stream = found->second;
    if (!stream.tls) return stream.write(bytes);
    stream.tls->send(bytes);
    drain(stream);
  }

  World& world_;
  SocketAddress address_;
  base::PacketPool pool_;
  std::map<std::uint32_t, Stream> streams_;
  std::uint32_t lastStream_ = 0;
};

}  // namespace parley::sim
