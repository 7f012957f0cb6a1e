// One scenario with everything random in it; prints what identifies the run. repeat.cmake runs it in processes of its
// own and compares, because usrsctp has one state for the process.

#include "sim/world.hpp"

#include <parley/peer_connection.hpp>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

using namespace parley;
using namespace std::chrono_literals;

namespace {

/// Passes descriptions and candidates on, 20 ms late.
void introduce(sim::World& world, PeerConnection& from, PeerConnection& to) {
  from.onIceCandidate([&world, &to](const std::optional<IceCandidate>& candidate) {
    if (candidate) world.after(20ms, [&to, init = candidate->toJson()] { to.addIceCandidate(init); });
  });
}

}  // namespace

int main(int argc, char** argv) {
  sim::World world(argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1);
  sim::LinkConfig link;
  link.loss = 0.05;
  link.duplication = 0.05;
  link.reordering = 0.1;
  link.jitter = 5ms;
  world.setLink(link);
  auto& hostA = world.addHost("a", {IpAddress::v4(10, 0, 0, 1)});
  auto& hostB = world.addHost("b", {IpAddress::v4(10, 0, 0, 2), *IpAddress::parse("fd00::2")});
  if (argc > 2)
    world.trace = [](const sim::Wire& wire) {
      std::printf("%" PRId64 " %s %s %zu\n", static_cast<std::int64_t>(wire.at.time_since_epoch().count()),
                  wire.from.toString().c_str(), wire.to.toString().c_str(), wire.bytes.size());
    };

  PeerConnection a(hostA.engine()), b(hostB.engine());
  introduce(world, a, b);
  introduce(world, b, a);
  a.onNegotiationNeeded([&] {
    a.setLocalDescription().then([&] {
      world.after(20ms, [&, offer = *a.localDescription()] {
        b.setRemoteDescription(offer).then([&] { return b.setLocalDescription(); }).then([&] {
          world.after(20ms, [&, answer = *b.localDescription()] { a.setRemoteDescription(answer); });
        });
      });
    });
  });

  std::size_t received = 0;
  std::shared_ptr<DataChannel> incoming;
  b.onDataChannel([&](const std::shared_ptr<DataChannel>& channel) {
    incoming = channel;
    channel->onMessage([&](const Message& message) {
      received += std::get<std::vector<std::uint8_t>>(message).size();
      if (received == 1'000'000) incoming->send("done");
    });
  });
  bool done = false;
  auto channel = a.createDataChannel("bulk");
  channel->onOpen([&] {
    for (int i = 0; i < 100; ++i) channel->send(std::vector<std::uint8_t>(10'000, static_cast<std::uint8_t>(i)));
  });
  channel->onMessage([&](const Message&) { done = true; });
  if (!world.runUntil([&] { return done; }, 300s)) {
    std::fprintf(stderr, "the transfer did not end; %zu bytes arrived\n", received);
    return 1;
  }
  a.restartIce();
  world.runFor(10s);
  a.close();
  b.close();
  world.runFor(1s);
  std::printf("%" PRIu64 " datagrams, fingerprint %016" PRIx64 "\n", world.datagrams(), world.fingerprint());
  return 0;
}
