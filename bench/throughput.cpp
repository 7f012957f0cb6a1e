// What a connection costs: CPU for its set-up and for each gigabyte, memory while it is idle. Two engines in one
// process, joined by a perfect link without delay; the time is the machine's, so that timers run as they would. Figures
// of peers, measured over loopback sockets, contain the kernel's share, about 3.5 s/GB without batching.

#include <parley/peer_connection.hpp>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace parley;

namespace {

Time now() { return Time(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())); }

double cpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double residentKiB() {
  std::ifstream status("/proc/self/statm");
  std::size_t pages = 0, resident = 0;
  status >> pages >> resident;
  return static_cast<double>(resident) * 4;
}

/// A host with one address; what it sends is in the other one's queue at once.
class Host {
 public:
  Host(std::uint8_t number) : address_(IpAddress::v4(10, 0, 0, number)) {}
  Engine engine;
  Host* other = nullptr;

  /// Whether there was anything to do.
  bool run() {
    bool busy = !inbox_.empty();
    for (std::size_t batch = inbox_.size(); batch; --batch) {
      auto datagram = std::move(inbox_.front());
      inbox_.pop_front();
      if (auto socket = listening_.find(datagram.to.port); socket != listening_.end())
        engine.handle(Datagram{socket->second, datagram.from, datagram.packet.bytes()}, now());
    }
    if (engine.deadline() <= now()) engine.advance(now());
    while (auto output = engine.poll()) {
      busy = true;
      perform(*output);
    }
    return busy;
  }

 private:
  struct InFlight {
    SocketAddress from, to;
    Packet packet;
  };
  void perform(Engine::Output& output) {
    if (auto* packet = std::get_if<Transmit>(&output)) {
      other->inbox_.push_back({{address_, bound_[packet->socket]}, packet->to, std::move(packet->packet)});
    } else if (auto* bind = std::get_if<BindUdp>(&output)) {
      bound_[bind->socket] = ++lastPort_;
      listening_[lastPort_] = bind->socket;
      engine.handle(SocketBound{bind->socket, {address_, lastPort_}}, now());
    } else if (auto* close = std::get_if<CloseSocket>(&output)) {
      listening_.erase(bound_[close->socket]);
      bound_.erase(close->socket);
    } else if (auto* list = std::get_if<ListInterfaces>(&output)) {
      engine.handle(InterfacesListed{list->request, {{"eth0", address_}}}, now());
    } else if (auto* resolve = std::get_if<Resolve>(&output)) {
      engine.handle(Resolved{resolve->request, {}}, now());
    }
  }

  IpAddress address_;
  std::uint16_t lastPort_ = 1024;
  std::map<SocketId, std::uint16_t> bound_;
  std::map<std::uint16_t, SocketId> listening_;
  std::deque<InFlight> inbox_;
};

struct Pair {
  Pair(Host& hostA, Host& hostB) : a(hostA.engine), b(hostB.engine) {
    a.onIceCandidate([this](const std::optional<IceCandidate>& candidate) {
      if (candidate) b.addIceCandidate(*candidate);
    });
    b.onIceCandidate([this](const std::optional<IceCandidate>& candidate) {
      if (candidate) a.addIceCandidate(*candidate);
    });
    b.onDataChannel([this](std::shared_ptr<DataChannel> channel) {
      far = std::move(channel);
      far->onMessage([this](const Message& message) {
        received += std::visit([](const auto& content) { return content.size(); }, message);
        if (echo) far->send("x");
      });
    });
    near = a.createDataChannel("bench");
    near->onMessage([this](const Message&) { ++echoes; });
    a.setLocalDescription()
        .then([this] { return b.setRemoteDescription(*a.localDescription()); })
        .then([this] { return b.setLocalDescription(); })
        .then([this] { return a.setRemoteDescription(*b.localDescription()); });
  }
  bool isOpen() const { return far && near->readyState() == DataChannelState::Open; }

  PeerConnection a, b;
  std::shared_ptr<DataChannel> near, far;
  std::size_t received = 0, echoes = 0;
  bool echo = false;
};

void runUntil(Host& a, Host& b, const std::function<bool()>& done) {
  const Time limit = now() + std::chrono::seconds(300);
  while (!done()) {
    a.run();
    b.run();
    if (now() > limit) {
      std::fprintf(stderr, "nothing moves any more\n");
      std::exit(1);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The CPU of a pair of connections for its set-up and for what it carries, and the memory of an idle one.");
  std::size_t megabytes = 500;
  app.add_option("megabytes", megabytes, "of large messages; of small ones a fifth")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  Host hostA(1), hostB(2);
  hostA.other = &hostB;
  hostB.other = &hostA;

  std::printf("%-44s %10s\n", "", "");
  {
    Pair pair(hostA, hostB);
    runUntil(hostA, hostB, [&] { return pair.isOpen(); });
    for (const std::size_t size : {std::size_t{65'536}, std::size_t{16'384}, std::size_t{1'200}}) {
      const std::size_t total = (size < 10'000 ? megabytes / 5 : megabytes) * 1'000'000 / size * size;
      std::size_t given = 0;
      pair.received = 0;
      auto fill = [&] {
        while (given < total && pair.near->bufferedAmount() < 4'000'000) {
          pair.near->send(std::vector<std::uint8_t>(size, 'x'));
          given += size;
        }
      };
      pair.near->bufferedAmountLowThreshold(2'000'000);
      pair.near->onBufferedAmountLow(fill);
      const double cpu = cpuSeconds();
      const Time start = now();
      fill();
      runUntil(hostA, hostB, [&] { return pair.received == total; });
      const double took = std::chrono::duration<double>(now() - start).count(),
                   gigabytes = static_cast<double>(total) / 1e9;
      const std::string name = "messages of " + std::to_string(size) + " bytes";
      std::printf("%-44s %10.2f CPU s/GB %10.0f Mbit/s\n", name.c_str(), (cpuSeconds() - cpu) / gigabytes,
                  gigabytes * 8000 / took);
      pair.near->onBufferedAmountLow({});
    }
    pair.echo = true;
    constexpr std::size_t rounds = 10'000;
    const double cpu = cpuSeconds();
    for (std::size_t i = 0; i < rounds; ++i) {
      pair.near->send("x");
      runUntil(hostA, hostB, [&] { return pair.echoes == i + 1; });
    }
    std::printf("%-44s %10.1f CPU us\n", "a message and its echo", (cpuSeconds() - cpu) * 1e6 / rounds);
  }

  constexpr int count = 500;
  std::vector<std::unique_ptr<Pair>> pairs;
  const double memory = residentKiB(), cpu = cpuSeconds();
  for (int i = 0; i < count; ++i) {
    pairs.push_back(std::make_unique<Pair>(hostA, hostB));
    runUntil(hostA, hostB, [&] { return pairs.back()->isOpen(); });
  }
  // Waiting for Ta and the like is spent in a loop here: it is CPU, but not theirs.
  std::printf("%-44s %10.2f CPU ms, at most\n", "set-up of a pair", (cpuSeconds() - cpu) * 1000 / count);
  std::printf("%-44s %10.0f KiB\n", "memory of a connection", (residentKiB() - memory) / (2 * count));
  return 0;
}
