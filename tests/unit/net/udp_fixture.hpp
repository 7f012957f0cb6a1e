#pragma once

#include "base/packet_pool.hpp"
#include "kernel_script.hpp"
#include "net/udp_socket.hpp"

#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace parley::net::test {

using Payload = std::vector<std::uint8_t>;

/// One way to open sockets.
struct Backend {
  std::string name;
  bool batched;
  bool sendSegmentation;
  bool receiveSegmentation;
};

inline std::vector<Backend> backends() {
  std::vector<Backend> all{{"plain", false, false, false}};
#ifdef PARLEY_BATCHED_UDP
  all.push_back({"batched", true, false, false});
  all.push_back({"batched, GSO", true, true, false});
  all.push_back({"batched, GRO", true, false, true});
  all.push_back({"batched, GSO and GRO", true, true, true});
#endif
  return all;
}

/// An io_context with sockets on it, and everything that they received.
class UdpFixture : public UdpSink {
 public:
  UdpFixture() { kernelScript = {}; }
  ~UdpFixture() override { kernelScript = {}; }

  OpenResult tryOpen(const Backend& backend, const IpAddress& local, std::uint16_t first = 0, std::uint16_t last = 0) {
    UdpOptions options;
    options.sendSegmentation = backend.sendSegmentation;
    options.receiveSegmentation = backend.receiveSegmentation;
    const BindUdp request{SocketId{++lastId}, local, first, last};
#ifdef PARLEY_BATCHED_UDP
    if (backend.batched) return openBatched(io, request, 0, options, *this, scratch);
#endif
    return openPlain(io, request, 0, options, *this);
  }

  std::shared_ptr<UdpSocket> open(const Backend& backend, const IpAddress& local = IpAddress::v4(127, 0, 0, 1)) {
    auto socket = tryOpen(backend, local);
    if (!socket) throw std::runtime_error(socket.error());
    return *socket;
  }

  Transmit transmit(const SocketAddress& to, const Payload& payload) { return {SocketId{}, to, pool.make(payload)}; }

  /// Runs the loop until `done`, or for five seconds at most.
  bool runUntil(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
    io.restart();
    while (!done()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io.run_one_for(std::chrono::milliseconds(100));
      io.restart();
    }
    return true;
  }

  bool receive(std::size_t datagrams) {
    return runUntil([&] { return received.size() >= datagrams; });
  }

  void onDatagram(const Datagram& datagram) override {
    received.push_back({datagram.socket, datagram.from, {datagram.bytes.begin(), datagram.bytes.end()}});
    if (onEach) onEach();
  }
  void onBatchEnd() override { ++batches; }
  void onSocketFailed(SocketId, std::string_view reason) override { failure = reason; }

  struct Received {
    SocketId socket;
    SocketAddress from;
    Payload payload;
  };

  boost::asio::io_context io;
#ifdef PARLEY_BATCHED_UDP
  std::shared_ptr<UdpScratch> scratch = makeUdpScratch();
#endif
  base::PacketPool pool;
  std::uint32_t lastId = 0;
  std::vector<Received> received;
  std::function<void()> onEach;
  int batches = 0;
  std::string failure;
};

/// `size` bytes that tell their packet apart from others.
inline Payload payload(std::size_t size, std::size_t number) {
  Payload bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(number * 131 + i);
  return bytes;
}

}  // namespace parley::net::test
