// What forwarding costs a server: the CPU of its engine for each packet that goes out, beside what encrypting the same
// packet costs by itself (copying it and calling libsrtp), in turns. A publisher, a server and viewers in one process,
// in virtual time and without sockets: the kernel's share comes on top. Only the server's calls are measured.

#include "base/packet_pool.hpp"
#include "srtp/session.hpp"

#include <parley/peer_connection.hpp>
#include <parley/rtp_forwarder.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using namespace parley;

namespace {

Time now{std::chrono::seconds(1000)};

double cpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

class Host;
/// Where datagrams go, by their address.
std::map<SocketAddress, std::pair<Host*, SocketId>> network;

/// A host with one address. Packets arrive at once, when the other host runs.
class Host {
 public:
  explicit Host(std::uint8_t number) : address_(IpAddress::v4(10, 0, 0, number)) {}
  Engine engine;
  double cpu = 0;
  std::uint64_t datagramsSent = 0;

  /// Whether there was anything to do.
  bool run() {
    // What it costs to ask for the time is not the engine's.
    if (inbox_.empty() && engine.deadline() > now) return false;
    const double before = cpuSeconds();
    for (std::size_t batch = inbox_.size(); batch; --batch) {
      auto datagram = std::move(inbox_.front());
      inbox_.pop_front();
      engine.handle(Datagram{datagram.socket, datagram.from, datagram.packet.bytes()}, now);
    }
    if (engine.deadline() <= now) engine.advance(now);
    while (auto output = engine.poll()) outputs_.push_back(std::move(*output));
    cpu += cpuSeconds() - before;
    while (!outputs_.empty()) {
      for (auto& output : std::exchange(outputs_, {})) perform(output);
      // What the answers led to.
      while (auto output = engine.poll()) outputs_.push_back(std::move(*output));
    }
    return true;
  }

 private:
  struct InFlight {
    SocketId socket;
    SocketAddress from;
    Packet packet;
  };
  void perform(Engine::Output& output) {
    if (auto* packet = std::get_if<Transmit>(&output)) {
      ++datagramsSent;
      if (const auto to = network.find(packet->to); to != network.end())
        to->second.first->inbox_.push_back({to->second.second, bound_[packet->socket], std::move(packet->packet)});
    } else if (auto* bind = std::get_if<BindUdp>(&output)) {
      const SocketAddress local{address_, ++lastPort_};
      bound_[bind->socket] = local;
      network[local] = {this, bind->socket};
      engine.handle(SocketBound{bind->socket, local}, now);
    } else if (auto* close = std::get_if<CloseSocket>(&output)) {
      network.erase(bound_[close->socket]);
    } else if (auto* list = std::get_if<ListInterfaces>(&output)) {
      engine.handle(InterfacesListed{list->request, {{"eth0", address_}}}, now);
    } else if (auto* resolve = std::get_if<Resolve>(&output)) {
      engine.handle(Resolved{resolve->request, {}}, now);
    }
  }

  IpAddress address_;
  std::uint16_t lastPort_ = 1024;
  std::map<SocketId, SocketAddress> bound_;
  std::deque<InFlight> inbox_;
  std::vector<Engine::Output> outputs_;
};

struct Room {
  Host publisher{1}, server{2}, viewer{3};

  /// All that is due now.
  void settle() {
    for (bool busy = true; busy;) {
      busy = publisher.run();
      busy |= server.run();
      busy |= viewer.run();
    }
  }
  /// To the end, or until it is done. Whether it is.
  bool run(Time end, const std::function<bool()>& done = {}) {
    for (;;) {
      settle();
      if (done && done()) return true;
      if (now >= end) return false;
      const Time next =
          std::min({end, publisher.engine.deadline(), server.engine.deadline(), viewer.engine.deadline()});
      now = std::max(next, now + std::chrono::microseconds(1));
    }
  }
  void runUntil(const char* what, const std::function<bool()>& done) {
    if (run(now + std::chrono::seconds(20), done)) return;
    std::fprintf(stderr, "it never came: %s\n", what);
    std::exit(1);
  }
};

Configuration configuration() {
  Configuration chosen;
  chosen.bundlePolicy = BundlePolicy::MaxBundle;
  chosen.extensions.tcp = IceTcp::Off;
  return chosen;
}

/// One connection from `from` to `to`.
struct Link {
  Link(Host& from, Host& to) : near(from.engine, configuration()), far(to.engine, configuration()) {
    const auto trickle = [](PeerConnection& one, PeerConnection& other) {
      one.onIceCandidate([&other](const std::optional<IceCandidate>& candidate) {
        if (candidate) other.addIceCandidate(*candidate).onRejected([](const Error&) {});
      });
    };
    trickle(near, far);
    trickle(far, near);
  }
  void connect() {
    near.setLocalDescription()
        .then([this] { return far.setRemoteDescription(*near.localDescription()); })
        .then([this] { return far.setLocalDescription(); })
        .then([this] { return near.setRemoteDescription(*far.localDescription()); });
  }
  bool isConnected() const {
    return near.connectionState() == PeerConnectionState::Connected &&
           far.connectionState() == PeerConnectionState::Connected;
  }
  PeerConnection near, far;
};

/// A frame of VP8 of so many packets.
EncodedFrame frameOf(std::size_t packets, bool key, std::uint32_t timestamp) {
  EncodedFrame frame;
  frame.kind = MediaKind::Video;
  frame.mimeType = "video/VP8";
  frame.type = key ? EncodedFrameType::Key : EncodedFrameType::Delta;
  std::vector<std::uint8_t> bytes(packets * 1100 - 50, 0x5a);
  // RFC 6386 s.9.1: the tag of the frame, and of a key frame the start code and the size.
  const std::uint8_t head[] = {
      static_cast<std::uint8_t>(key ? 0x10 : 0x11), 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01};
  std::copy(std::begin(head), std::end(head), bytes.begin());
  frame.data = FrameData(std::move(bytes));
  frame.rtpTimestamp = timestamp;
  return frame;
}

/// Nanoseconds for copying and encrypting a packet for each of so many streams, with keys of their own, as often.
double encryptionAlone(std::size_t viewers, std::size_t packets) {
  base::PacketPool pool(16);
  std::vector<srtp::Sender> senders;
  const std::vector<std::uint8_t> key(16, 3), salt(12, 4);
  for (std::size_t i = 0; i < viewers; ++i) senders.emplace_back(srtp::Profile::AeadAes128Gcm, key, salt);
  std::vector<std::uint8_t> datagram(1130, 0x5a);
  const std::uint8_t header[] = {0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 77};
  std::copy(std::begin(header), std::end(header), datagram.begin());
  const double before = cpuSeconds();
  for (std::size_t i = 0; i < packets; ++i) {
    datagram[2] = static_cast<std::uint8_t>(i >> 8);
    datagram[3] = static_cast<std::uint8_t>(i);
    for (auto& sender : senders) {
      Packet packet = pool.make(datagram);
      if (!sender.protectRtp(packet)) std::abort();
    }
  }
  return (cpuSeconds() - before) * 1e9 / static_cast<double>(packets * viewers);
}

void measure(std::size_t viewers, std::size_t frames) {
  constexpr std::size_t packetsInFrame = 4;
  Room room;
  Link in(room.publisher, room.server);
  auto track = EncodedTrack::create(MediaKind::Video);
  bool keyWanted = true;
  track->onKeyFrameRequest([&](const std::string&) { keyWanted = true; });
  in.near.addTrack(track);
  std::shared_ptr<RtpReceiver> receiver;
  in.far.onTrack([&](const TrackEvent& event) { receiver = event.receiver; });
  in.connect();
  room.runUntil("the publisher's connection", [&] { return receiver && in.isConnected(); });

  auto forwarder = RtpForwarder::create(receiver);
  std::vector<std::unique_ptr<Link>> out;
  std::vector<std::shared_ptr<RtpForwarding>> forwardings;
  for (std::size_t i = 0; i < viewers; ++i) {
    auto& link = *out.emplace_back(std::make_unique<Link>(room.server, room.viewer));
    RtpTransceiverInit init;
    init.direction = RtpTransceiverDirection::SendOnly;
    auto sender = link.near.addTransceiver(MediaKind::Video, init)->sender();
    link.connect();
    room.runUntil("a viewer's connection", [&] { return link.isConnected(); });
    forwardings.push_back(forwarder->addSender(sender));
  }

  std::uint32_t timestamp = 0;
  const auto send = [&](std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      timestamp += 3000;
      track->write(frameOf(packetsInFrame, std::exchange(keyWanted, false), timestamp));
      room.run(now + std::chrono::milliseconds(33));
    }
  };
  const auto packets = [&] {
    std::uint64_t sum = 0;
    for (const auto& forwarding : forwardings) {
      auto stats = forwarding->getStats();
      room.runUntil("statistics", [&] { return stats.isSettled(); });
      sum += stats.get().packets;
    }
    return sum;
  };
  send(100);
  const auto first = packets();
  const double before = room.server.cpu;
  send(frames);
  const double spent = room.server.cpu - before;
  const auto forwarded = packets() - first;
  if (forwarded < frames * packetsInFrame * viewers * 99 / 100) {
    std::fprintf(stderr, "only %llu packets were forwarded\n", static_cast<unsigned long long>(forwarded));
    std::exit(1);
  }
  const double each = spent * 1e9 / static_cast<double>(forwarded);
  const double alone = encryptionAlone(viewers, frames * packetsInFrame);
  std::printf("%7zu %14.0f %14.0f %10.2f %16.0f\n", viewers, each, alone, each / alone, 1e9 / each);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The CPU of a server for each packet of video that it forwards.");
  std::size_t frames = 1000;
  std::vector<std::size_t> viewers{1, 10, 100};
  app.add_option("--frames", frames, "of four packets of 1.1 kB each")->capture_default_str();
  app.add_option("--viewers", viewers, "how many get them")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  std::printf("%7s %14s %14s %10s %16s\n", "viewers", "ns a packet", "SRTP alone", "ratio", "packets a second");
  for (const auto count : viewers) measure(count, frames);
  return 0;
}
