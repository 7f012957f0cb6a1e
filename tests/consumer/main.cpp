// The five-line program of the README, with the signalling in between: two peers over real sockets in one process.
#include <parley/parley.hpp>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <string>

int main() {
  std::mutex mutex;
  std::condition_variable came;
  std::string received;

  parley::PeerConnection alice, bob;
  alice.onIceCandidate([&](const auto& candidate) { if (candidate) bob.addIceCandidate(*candidate); });
  bob.onIceCandidate([&](const auto& candidate) { if (candidate) alice.addIceCandidate(*candidate); });
  bob.onDataChannel([&](auto channel) {
    channel->onMessage([&](parley::Message message) {
      std::lock_guard lock(mutex);
      received = std::get<std::string>(message);
      came.notify_one();
    });
  });
  auto channel = alice.createDataChannel("chat");
  channel->onOpen([&] { channel->send("hello"); });

  alice.setLocalDescription().get();
  bob.setRemoteDescription(*alice.localDescription()).get();
  bob.setLocalDescription().get();
  alice.setRemoteDescription(*bob.localDescription()).get();

  std::unique_lock lock(mutex);
  came.wait_for(lock, std::chrono::seconds(20), [&] { return !received.empty(); });
  std::printf("received: %s\n", received.c_str());
  return received != "hello";
}
