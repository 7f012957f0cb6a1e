#pragma once

#include "base/packet_pool.hpp"
#include "sim/world.hpp"
#include "stun/message.hpp"
#include "stun/message_builder.hpp"

#include <vector>

namespace parley::sim {

/// A STUN server (RFC 8489 s.12) at a public address: tells where a Binding request came from.
class StunServer final : public Node {
 public:
  StunServer(World& world, const SocketAddress& address) : world_(world), address_(address) {
    world.addServer(address, *this);
  }

  void receive(const SocketAddress&, const SocketAddress& from, std::vector<std::uint8_t> bytes) override {
    const auto request = stun::Message::parse(bytes);
    if (!request || !request->is(stun::Class::Request, stun::Method::Binding)) return;
    ++requests;
    if (silent) return;
    auto response = stun::MessageBuilder(pool_, stun::Class::SuccessResponse, *request)
                        .addXorMappedAddress(from)
                        .addFingerprint()
                        .finish();
    world_.send(address_, from, response.bytes(), nullptr);
  }

  int requests = 0;
  bool silent = false;

 private:
  World& world_;
  SocketAddress address_;
  base::PacketPool pool_;
};

}  // namespace parley::sim
