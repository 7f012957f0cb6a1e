// Two peers in one program that owns its loop: one engine, plain UDP sockets, one poll(2), and no thread but main's.
// This is all that a host of the engine has to do; a game server or a robot does the same inside the loop that it has.

#include <parley/engine.hpp>
#include <parley/peer_connection.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <variant>
#include <vector>

using namespace std::chrono_literals;

namespace {

parley::Time now() {
  return parley::Time(std::chrono::duration_cast<parley::Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

parley::Duration wallClockOffset() {
  return std::chrono::duration_cast<parley::Duration>(std::chrono::system_clock::now().time_since_epoch()) -
         now().time_since_epoch();
}

// --- parley::SocketAddress and the system's ---

socklen_t toSystem(const parley::SocketAddress& address, sockaddr_storage& out) {
  std::memset(&out, 0, sizeof out);
  if (address.ip.isV4()) {
    auto& in = reinterpret_cast<sockaddr_in&>(out);
    in.sin_family = AF_INET;
    in.sin_port = htons(address.port);
    std::memcpy(&in.sin_addr, address.ip.bytes().data(), 4);
    return sizeof in;
  }
  auto& in = reinterpret_cast<sockaddr_in6&>(out);
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(address.port);
  std::memcpy(&in.sin6_addr, address.ip.bytes().data(), 16);
  return sizeof in;
}

parley::SocketAddress fromSystem(const sockaddr* address) {
  if (address->sa_family == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(address);
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &in->sin6_addr, 16);
    return {parley::IpAddress::v6(bytes), ntohs(in->sin6_port)};
  }
  const auto* in = reinterpret_cast<const sockaddr_in*>(address);
  std::array<std::uint8_t, 4> bytes;
  std::memcpy(bytes.data(), &in->sin_addr, 4);
  return {parley::IpAddress::v4(bytes), ntohs(in->sin_port)};
}

/// The host of one engine.
class Loop {
 public:
  explicit Loop(parley::Engine& engine) : engine_(engine) {}
  ~Loop() {
    for (auto& [id, fd] : sockets_) ::close(fd);
  }

  /// One turn: what is due, what the engine wants, then a wait for datagrams until its next deadline.
  void turn(parley::Duration atMost) {
    work();
    std::vector<pollfd> waiting;
    std::vector<parley::SocketId> ids;
    for (auto& [id, fd] : sockets_) {
      waiting.push_back({fd, POLLIN, 0});
      ids.push_back(id);
    }
    const auto until = std::min(engine_.deadline(), now() + atMost);
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until - std::min(until, now()));
    ::poll(waiting.data(), static_cast<nfds_t>(waiting.size()), static_cast<int>(wait.count()));
    for (std::size_t i = 0; i < waiting.size(); ++i)
      if (waiting[i].revents & POLLIN) receive(ids[i], waiting[i].fd);
    work();
  }

 private:
  void work() {
    engine_.advance(now());
    while (auto output = engine_.poll()) std::visit([this](auto& request) { perform(request); }, *output);
  }

  void receive(parley::SocketId id, int fd) {
    std::array<std::uint8_t, 2048> buffer;
    sockaddr_storage from;
    for (int i = 0; i < 64; ++i) {  // then it is the others' turn
      socklen_t length = sizeof from;
      const auto n = ::recvfrom(fd, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
      if (n < 0) return;
      engine_.handle(parley::Datagram{id, fromSystem(reinterpret_cast<sockaddr*>(&from)),
                                      {buffer.data(), static_cast<std::size_t>(n)}},
                     now());
    }
  }

  void perform(parley::Transmit& packet) {
    sockaddr_storage to;
    const auto length = toSystem(packet.to, to);
    if (auto socket = sockets_.find(packet.socket); socket != sockets_.end())
      ::sendto(socket->second, packet.packet.data(), packet.packet.size(), 0, reinterpret_cast<sockaddr*>(&to), length);
  }

  void perform(parley::BindUdp& request) {
    sockaddr_storage address;
    auto length = toSystem({request.local, request.firstPort}, address);
    const int fd = ::socket(address.ss_family, SOCK_DGRAM, 0);
    if (fd < 0 || ::fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
        ::bind(fd, reinterpret_cast<sockaddr*>(&address), length) < 0) {
      const std::string reason = std::strerror(errno);
      if (fd >= 0) ::close(fd);
      return engine_.handle(parley::SocketFailed{request.socket, reason}, now());
    }
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    sockets_[request.socket] = fd;
    engine_.handle(parley::SocketBound{request.socket, fromSystem(reinterpret_cast<sockaddr*>(&address))}, now());
  }

  // A loop that has UDP alone. Then there is neither ICE-TCP nor TURN over TCP, and names for multicast DNS stay unknown.
  template <class Other>
  void refuse(const Other& request) {
    engine_.handle(parley::SocketFailed{request.socket, "only UDP here"}, now());
  }
  void perform(parley::BindMulticast& request) { refuse(request); }
  void perform(parley::ListenTcp& request) { refuse(request); }
  void perform(parley::ConnectTcp& request) { refuse(request); }

  void perform(parley::CloseSocket& request) {
    auto socket = sockets_.find(request.socket);
    if (socket == sockets_.end()) return;
    ::close(socket->second);
    sockets_.erase(socket);
  }

  void perform(parley::ListInterfaces& request) {
    parley::InterfacesListed answer{request.request, {}};
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) == 0) {
      for (auto* one = all; one; one = one->ifa_next)
        if (one->ifa_addr && (one->ifa_addr->sa_family == AF_INET || one->ifa_addr->sa_family == AF_INET6))
          answer.interfaces.push_back({one->ifa_name, fromSystem(one->ifa_addr).ip});
      ::freeifaddrs(all);
    }
    engine_.handle(answer, now());
  }

  // A loop with a resolver of its own would ask it here; no address means that the look-up failed.
  void perform(parley::Resolve& request) { engine_.handle(parley::Resolved{request.request, {}}, now()); }

  parley::Engine& engine_;
  std::map<parley::SocketId, int> sockets_;
};

/// The threads of this process, without the one that usrsctp starts in any case for jobs that Parley never gives it: it
/// sleeps for ever.
std::size_t threadsOfOurs() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm") >> std::ws, name);
    if (name != "SCTP iterator") ++count;
  }
  return count;
}

/// Everything that `from` signals goes to `to` at once: they live in the same program.
void connectTo(parley::PeerConnection& from, parley::PeerConnection& to) {
  from.onIceCandidate([&to](const std::optional<parley::IceCandidate>& candidate) {
    if (candidate) to.addIceCandidate(*candidate);
  });
}

}  // namespace

int main() {
  parley::Engine engine(parley::Engine::Options{.wallClockOffset = wallClockOffset()});
  Loop loop(engine);

  parley::PeerConnection alice(engine), bob(engine);
  connectTo(alice, bob);
  connectTo(bob, alice);

  std::string answer;
  auto channel = alice.createDataChannel("greetings");
  channel->onOpen([&] { channel->send("hello from alice"); });
  channel->onMessage([&](parley::Message message) { answer = std::get<std::string>(message); });
  bob.onDataChannel([](std::shared_ptr<parley::DataChannel> incoming) {
    incoming->onMessage([incoming = incoming.get()](parley::Message message) {
      std::printf("bob received: %s\n", std::get<std::string>(message).c_str());
      incoming->send("hello from bob");
    });
  });

  alice.setLocalDescription()
      .then([&] { return bob.setRemoteDescription(*alice.localDescription()); })
      .then([&] { return bob.setLocalDescription(); })
      .then([&] { return alice.setRemoteDescription(*bob.localDescription()); })
      .onRejected([](const parley::Error& error) { std::fprintf(stderr, "signalling failed: %s\n", error.what()); });

  const auto limit = now() + 10s;
  while (answer.empty() && now() < limit) loop.turn(1s);

  const auto threads = threadsOfOurs();
  std::printf("alice received: %s\nthreads: %zu\n", answer.empty() ? "nothing" : answer.c_str(), threads);
  return answer.empty() || threads != 1;
}
