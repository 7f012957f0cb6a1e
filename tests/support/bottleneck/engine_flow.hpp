#pragma once

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "sctp/association.hpp"
#include "sctp/native/association.hpp"
#include "sctp/usrsctp_association.hpp"
#include "support/bottleneck/path.hpp"
#include "support/virtual_globals.hpp"

#include <cstring>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace parley::bottleneck {

enum class Engine { NativeTolerant, NativeBbr, NativeCubic, Usrsctp };

inline const char* nameOf(Engine engine) {
  switch (engine) {
    case Engine::NativeTolerant: return "tolerant CUBIC";
    case Engine::NativeBbr: return "BBR";
    case Engine::NativeCubic: return "CUBIC";
    case Engine::Usrsctp: return "usrsctp";
  }
  return "";
}

/// What a datagram has besides the SCTP packet: IPv4 and UDP 28, a DTLS 1.2 record of AES-GCM 37.
inline constexpr std::size_t outerHeaders = 65;
inline constexpr std::size_t ethernetMtu = 1'500;

/// Associations with all that they need besides. Those of usrsctp share one engine for the process.
class Associations {
 public:
  explicit Associations(Engine engine, std::uint64_t seed = 1) : engine_(engine), random_(seed) {
    parley::test::seedGlobals(seed);
  }
  std::unique_ptr<sctp::Association> make(sctp::Config config) {
    if (engine_ == Engine::Usrsctp) return std::make_unique<sctp::UsrsctpAssociation>(config);
    config.congestionControl = engine_ == Engine::NativeTolerant ? sctp::CongestionControl::TolerantCubic
                               : engine_ == Engine::NativeBbr    ? sctp::CongestionControl::Bbr
                                                                 : sctp::CongestionControl::Cubic;
    return std::make_unique<sctp::native::Association>(config, random_, pool_);
  }
  Engine engine() const { return engine_; }

 private:
  Engine engine_;
  base::SeededRandom random_;
  base::PacketPool pool_;
};

struct EngineConfig {
  std::size_t messageSize = 65'536;
  std::size_t window = 2'097'152;  ///< The send and the receive buffer.
  Duration probeInterval = never.time_since_epoch();  ///< A message of 64 bytes each so often, on a stream of its own.
};

/// An association whose one end sends as much as it can. As an application does that does not want the world in its
/// buffers, it gives the association more when less than 256 KiB have not left.
class EngineFlow final : public Flow {
 public:
  EngineFlow(Path& path, Associations& associations, const EngineConfig& config)
      : path_(path), config_(config), engine_(associations.engine()) {
    sctp::Config ends;
    ends.remoteMaxMessageSize = ends.maxMessageSize = 262'144;
    ends.sendBuffer = ends.receiveBuffer = config.window;
    a_ = associations.make(ends);
    b_ = associations.make(ends);
  }

  void start(Time now) override {
    tell(now);
    a_->connect(now);
    b_->connect(now);
    if (config_.probeInterval != never.time_since_epoch()) nextProbe_ = now + config_.probeInterval;
    drain(now);
  }

  void arrived(bool forward, Payload payload, Time now) override {
    tell(now);
    auto& packet = std::get<Packet>(payload);
    (forward ? b_ : a_)->handle(packet.bytes(), now);
    packet.reset();
    drain(now);
  }

  Time deadline() const override { return std::min({a_->deadline(), b_->deadline(), nextProbe_}); }

  void advance(Time now) override {
    tell(now);
    a_->advance(now);
    b_->advance(now);
    if (nextProbe_ <= now) {
      nextProbe_ += config_.probeInterval;
      std::vector<std::uint8_t> probe(64);
      auto at = now.time_since_epoch().count();
      std::memcpy(probe.data(), &at, sizeof at);
      if (up_) a_->send(probeStream, sctp::Ppid::Binary, std::move(probe), {}, now);
    }
    drain(now);
  }

  std::uint64_t received() const override { return received_; }
  /// Milliseconds from `send` to `receive`.
  std::vector<double>& latencies() { return latencies_; }
  sctp::AssociationStats stats() const { return a_->stats(); }
  const std::string& failure() const { return failure_; }

  /// What headers leave of the path for payload, bytes a second, with packets as large as the association makes them.
  double payloadRate() const {
    auto mtu = static_cast<double>(a_->stats().mtu);
    // DATA or I-DATA, and the common header.
    double headers = (engine_ == Engine::Usrsctp ? 16 : 20) + 12;
    return path_.config().bitsPerSecond / 8 * (mtu - headers) / (mtu + outerHeaders);
  }

 private:
  static constexpr std::uint16_t bulkStream = 1;
  static constexpr std::uint16_t probeStream = 2;
  static constexpr std::size_t unsentLimit = 262'144;

  void tell(Time now) {
    if (engine_ == Engine::Usrsctp) parley::test::setVirtualTime(now);
  }

  void drain(Time now) {
    bool more = true;
    while (more) {
      more = poll(*a_, true, now);
      more = poll(*b_, false, now) || more;
      while (auto message = b_->receive(now)) {
        more = true;
        if (message->stream == probeStream) {
          Time::rep sent;
          std::memcpy(&sent, message->bytes.data(), sizeof sent);
          latencies_.push_back(std::chrono::duration<double, std::milli>(now - Time(Duration(sent))).count());
        } else {
          received_ += message->bytes.size();
        }
      }
      while (up_ && unsent_ < unsentLimit) {
        std::vector<std::uint8_t> message(config_.messageSize);
        if (a_->send(bulkStream, sctp::Ppid::Binary, std::move(message), {}, now) != sctp::SendResult::Sent) break;
        unsent_ += config_.messageSize;
        more = true;
      }
    }
  }

  bool poll(sctp::Association& end, bool isA, Time now) {
    bool any = false;
    while (auto output = end.poll()) {
      any = true;
      if (auto* transmit = std::get_if<sctp::Association::Transmit>(&*output)) {
        auto size = transmit->packet.size() + outerHeaders;
        if (size <= ethernetMtu) path_.send(*this, isA, std::move(transmit->packet), size, now);
      } else if (auto* sent = std::get_if<sctp::Association::Sent>(&*output)) {
        if (isA && sent->stream == bulkStream) unsent_ -= sent->bytes;
      } else if (std::holds_alternative<sctp::Association::Connected>(*output)) {
        if (isA) up_ = true;
      } else if (auto* failed = std::get_if<sctp::Association::Failed>(&*output)) {
        up_ = false;
        failure_ = failed->reason;
      }
    }
    return any;
  }

  Path& path_;
  EngineConfig config_;
  Engine engine_;
  std::unique_ptr<sctp::Association> a_, b_;
  bool up_ = false;
  std::size_t unsent_ = 0;
  Time nextProbe_ = never;
  std::uint64_t received_ = 0;
  std::vector<double> latencies_;
  std::string failure_;
};

}  // namespace parley::bottleneck
