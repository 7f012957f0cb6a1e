#pragma once

#include "base/random.hpp"
#include "dtls/endpoint.hpp"
#include "support/catch.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace parley::dtls::test {

using namespace std::chrono_literals;

inline std::shared_ptr<const Certificate> makeCertificate(KeyType type = KeyType::EcdsaP256) {
  base::SystemRandom random;
  auto made = Certificate::generate(type, random, std::chrono::seconds{1'800'000'000});
  REQUIRE(made);
  return *made;
}

/// Certificates of the whole run: keys take time to make.
inline const std::shared_ptr<const Certificate>& alice() {
  static const auto certificate = makeCertificate();
  return certificate;
}
inline const std::shared_ptr<const Certificate>& bob() {
  static const auto certificate = makeCertificate();
  return certificate;
}
inline const std::shared_ptr<const Certificate>& rsa() {
  static const auto certificate = makeCertificate(KeyType::Rsa2048);
  return certificate;
}

/// One end, with what it said. Checks the machine contract on each drain.
struct Side {
  Side(Endpoint::Config config, base::PacketPool& pool) : mtu(config.mtu), endpoint(std::move(config), pool) {}

  std::size_t mtu;
  Endpoint endpoint;
  std::vector<std::string> received;
  std::vector<Endpoint::Connected> connected;
  std::vector<std::string> failed;
  std::optional<std::uint8_t> receivedAlert, sentAlert;  ///< Of the failure.
  int closed = 0;

  std::vector<std::string> drain(Time now) {
    endpoint.advance(now);
    std::vector<std::string> datagrams;
    while (auto output = endpoint.poll()) {
      if (auto* transmit = std::get_if<Endpoint::Transmit>(&*output)) {
        CHECK(transmit->packet.size() <= mtu);
        datagrams.emplace_back(base::asText(transmit->packet.bytes()));
      } else if (auto* data = std::get_if<Endpoint::Received>(&*output)) {
        REQUIRE(!connected.empty());
        received.emplace_back(base::asText(data->packet.bytes()));
      } else if (auto* up = std::get_if<Endpoint::Connected>(&*output)) {
        connected.push_back(*up);
      } else if (auto* failure = std::get_if<Endpoint::Failed>(&*output)) {
        failed.push_back(failure->reason);
        receivedAlert = failure->receivedAlert;
        sentAlert = failure->sentAlert;
      } else {
        ++closed;
      }
    }
    REQUIRE(endpoint.deadline() > now);
    return datagrams;
  }
};

/// Two endpoints and the path between them, in virtual time.
class Pair {
 public:
  /// How many copies of a datagram arrive, and each one's additional delay.
  using Fate = std::vector<Duration>;
  struct Options {
    std::shared_ptr<const Certificate> client = alice(), server = bob();
    std::size_t mtu = defaultMtu;
    Duration delay = 10ms;
    Duration roundTripTold{};
    std::vector<SrtpProfile> profiles = Endpoint::Config{}.srtpProfiles;
  };
  /// `number` counts the datagrams of both directions from 0 in the order of their sending.
  std::function<Fate(bool fromClient, int number, const std::string&)> fate;

  explicit Pair(Options given)
      : options(std::move(given)),
        client({options.client, options.mtu, options.profiles}, pool),
        server({options.server, options.mtu, options.profiles}, pool) {}
  Pair() : Pair(Options{}) {}

  void start() {
    startServer({options.client->fingerprint()});
    startClient({options.server->fingerprint()});
  }
  void startClient(std::vector<Fingerprint> expected) {
    client.endpoint.start(Role::Client, expected, options.roundTripTold, now);
  }
  void startServer(std::vector<Fingerprint> expected) {
    server.endpoint.start(Role::Server, expected, options.roundTripTold, now);
  }

  /// Until nothing is on its way, no deadline is left before `until`, and all of that time has passed.
  void run(Duration span) {
    const Time until = now + span;
    for (;;) {
      enqueue(true, client.drain(now));
      enqueue(false, server.drain(now));
      Time next = std::min(client.endpoint.deadline(), server.endpoint.deadline());
      if (!flying.empty()) next = std::min(next, flying.begin()->first);
      if (next > until) break;
      now = std::max(now, next);
      while (!flying.empty() && flying.begin()->first <= now) {
        auto [toServer, datagram] = std::move(flying.begin()->second);
        flying.erase(flying.begin());
        // A copy of its exact size, so that the address sanitizer sees a read beyond it.
        const std::vector<std::uint8_t> bytes(datagram.begin(), datagram.end());
        (toServer ? server : client).endpoint.handle(bytes, now);
      }
    }
    now = until;
  }

  bool up() const { return client.endpoint.state() == State::Connected && server.endpoint.state() == State::Connected; }

  Options options;
  base::PacketPool pool;
  Time now{1000s};
  Side client, server;
  int sent = 0;

 private:
  void enqueue(bool fromClient, std::vector<std::string> datagrams) {
    for (auto& datagram : datagrams) {
      Fate copies = fate ? fate(fromClient, sent, datagram) : Fate{0ms};
      ++sent;
      for (Duration extra : copies) flying.emplace(now + options.delay + extra, std::pair{fromClient, datagram});
    }
  }
  std::multimap<Time, std::pair<bool, std::string>> flying;
};

inline base::Bytes bytes(const std::string& text) { return base::asBytes(text); }

}  // namespace parley::dtls::test
