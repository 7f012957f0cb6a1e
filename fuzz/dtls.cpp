// Two endpoints and the path between them. Each operation is one byte: the low four bits say what, the high four bits
// how much.

#include "base/packet_pool.hpp"
#include "base/random.hpp"
#include "dtls/endpoint.hpp"
#include "support/check.hpp"

#define OPENSSL_SUPPRESS_DEPRECATED  // RAND_set_rand_method has no successor that is as simple
#include <openssl/rand.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace {

using namespace parley;
using namespace parley::dtls;
using namespace std::chrono_literals;
using Datagram = std::vector<std::uint8_t>;

// OpenSSL's random bits, the same for each input: a finding repeats itself.
base::SeededRandom* bits = nullptr;
int randomBytes(unsigned char* out, int size) {
  bits->fill({out, static_cast<std::size_t>(size)});
  return 1;
}
int randomStatus() { return 1; }
const RAND_METHOD seededMethod = {nullptr, randomBytes, nullptr, nullptr, randomBytes, randomStatus};

std::shared_ptr<const Certificate> certificate(std::uint64_t seed) {
  base::SeededRandom random(seed);
  bits = &random;
  auto made = Certificate::generate(KeyType::EcdsaP256, random, std::chrono::seconds{1'800'000'000});
  FUZZ_CHECK(made.has_value());
  return *made;
}

struct Side {
  Side(const std::shared_ptr<const Certificate>& own, const std::shared_ptr<const Certificate>& peer,
       base::PacketPool& pool)
      : expected(peer), endpoint({own}, pool) {}

  void drain(Time now, std::deque<Datagram>& out) {
    endpoint.advance(now);
    for (int outputs = 0; auto output = endpoint.poll(); ++outputs) {
      FUZZ_CHECK(outputs < 1000);
      if (auto* transmit = std::get_if<Endpoint::Transmit>(&*output)) {
        FUZZ_CHECK(transmit->packet.size() <= defaultMtu);
        const auto bytes = transmit->packet.bytes();
        if (out.size() < 64) out.emplace_back(bytes.begin(), bytes.end());
      } else if (std::holds_alternative<Endpoint::Connected>(*output)) {
        FUZZ_CHECK(!connected);
        connected = true;
        FUZZ_CHECK(endpoint.remoteCertificate() == expected->der());
      } else if (std::holds_alternative<Endpoint::Received>(*output)) {
        FUZZ_CHECK(connected && !ended);
      } else {
        FUZZ_CHECK(!ended);
        ended = true;
        FUZZ_CHECK(endpoint.deadline() == never);
      }
    }
    FUZZ_CHECK(endpoint.deadline() > now);
  }

  std::shared_ptr<const Certificate> expected;
  Endpoint endpoint;
  bool connected = false, ended = false;
};

void fingerprintRoundTrip(base::Bytes input) {
  const auto parsed = Fingerprint::parse(base::asText(input));
  if (!parsed) return;
  const auto again = Fingerprint::parse(parsed->toString());
  FUZZ_CHECK(again && *again == *parsed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const bool seeded = RAND_set_rand_method(&seededMethod) == 1;
  FUZZ_CHECK(seeded);
  static const auto alice = certificate(1), bob = certificate(2);
  base::SeededRandom random(3);
  bits = &random;

  const base::Bytes input(data, std::min<std::size_t>(size, 2048));
  fingerprintRoundTrip(input);

  base::PacketPool pool;
  {
    Side client(alice, bob, pool), server(bob, alice, pool);
    std::deque<Datagram> toServer, toClient;
    Time now{100s};
    auto drain = [&] {
      client.drain(now, toServer);
      server.drain(now, toClient);
      FUZZ_CHECK(pool.outstanding() == 0);
    };

    base::Reader reader(input);
    while (reader.remaining() > 0) {
      const std::uint8_t operation = reader.u8();
      const std::uint8_t amount = operation >> 4;
      const bool up = amount & 1;
      Side& side = up ? server : client;
      std::deque<Datagram>& inbound = up ? toServer : toClient;
      switch (operation & 15) {
        case 0:
          client.endpoint.start(Role::Client, {bob->fingerprint()}, amount * 40ms, now);
          break;
        case 1:
          server.endpoint.start(Role::Server, {alice->fingerprint()}, amount * 40ms, now);
          break;
        case 2: {  // all that is on its way, both ways
          auto forServer = std::exchange(toServer, {}), forClient = std::exchange(toClient, {});
          for (const auto& datagram : forServer) server.endpoint.handle(datagram, now);
          for (const auto& datagram : forClient) client.endpoint.handle(datagram, now);
          break;
        }
        case 3:
        case 4:  // one arrives; 4: and stays for another time
          if (inbound.empty()) break;
          side.endpoint.handle(Datagram(inbound.front()), now);
          if ((operation & 15) == 3) inbound.pop_front();
          break;
        case 5:
          if (!inbound.empty()) inbound.pop_front();
          break;
        case 6:
          if (inbound.size() > 1) std::rotate(inbound.begin(), inbound.begin() + 1, inbound.end());
          break;
        case 7: {  // damage
          const std::uint16_t at = reader.u16();
          const std::uint8_t value = reader.u8();
          if (!inbound.empty()) inbound.front()[at % inbound.front().size()] ^= value;
          break;
        }
        case 8: {  // cut
          const std::uint16_t at = reader.u16();
          if (!inbound.empty()) inbound.front().resize(1 + at % inbound.front().size());
          break;
        }
        case 9: {  // forged
          const auto bytes = reader.take(std::min<std::size_t>(reader.remaining(), reader.u8()));
          side.endpoint.handle(Datagram(bytes.begin(), bytes.end()), now);
          break;
        }
        case 10: {  // a forged record with a header that is right
          const std::size_t length = std::min<std::size_t>(reader.u8(), reader.remaining());
          const auto bytes = reader.take(length);
          Datagram record = {static_cast<std::uint8_t>(20 + amount / 2 % 8), 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 40, 0,
                             static_cast<std::uint8_t>(bytes.size())};
          record.insert(record.end(), bytes.begin(), bytes.end());
          side.endpoint.handle(record, now);
          break;
        }
        case 11:
          side.endpoint.send(Datagram(1 + amount * 70u, 0x42), now);
          break;
        case 12:
          side.endpoint.setRoundTripTime(amount * 100ms);
          break;
        case 13:
          now += amount * 20ms;
          break;
        case 14: {  // to the next deadline
          const Time next = std::min(client.endpoint.deadline(), server.endpoint.deadline());
          if (next != never) now = next;
          break;
        }
        case 15:
          if (amount >= 14) side.endpoint.close(now);
          break;
      }
      drain();
    }
  }
  FUZZ_CHECK(pool.outstanding() == 0);
  return 0;
}
